//! Leading and following, where several nodes share a journal.
//!
//! ```text
//! following ─ nobody holds the lease, the clock is right ─▶ claim ─▶ the tail once more, its head checked ─▶ leading
//!     ▲                                                                                                       │
//!     └── the lease given back ◀── the batch dropped ◀── an append failed, the lease was lost, the clock jumped ┘
//! ```
//!
//! Who works alone on a database has a seat too: when the database went away and came back it claims the next epoch, and it
//! ends where somebody else holds the lease.
//!
//! Both books of a node that follows take each record as it appears, so that the next writer is warm. After any failed append
//! the lease is given back: only a later epoch's claim makes the tail final (house, law 7).

use super::handle::{Job, Reply};
use super::{Writer, WriterError, answer};
use crate::nodes::{LeaseDoor, NamedSnapshot, Standing};
use crate::port::Peers;
use crate::start::{StartError, check_head};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, TryRecvError};
use yinxin_core::{Body, Facts};
use yinxin_store::{Batch, Journal, StoreError, StoredRecord};
use yinxin_tlog::VerifierKey;

/// Records read from the journal at a time.
const PAGE: u32 = 4_096;
/// Rounds with news after which a node that follows looks who leads all the same.
const LOOK_AFTER: u32 = 64;
/// A lease's life, milliseconds: a holder that did not renew it within this time believes that it lost it.
const LEASE_MS: i64 = 5_000;
/// How often its holder renews it: it may miss two renewals.
const RENEW_EVERY_MS: i64 = LEASE_MS / 3;

/// What a node needs to take its turn.
pub(crate) struct Seat {
    pub(crate) lease: Box<dyn LeaseDoor>,
    /// Whose signature the journal's heads carry.
    pub(crate) log: VerifierKey,
    /// Who else may lead.
    pub(crate) company: Company,
}

/// Who else may lead.
pub(crate) enum Company {
    /// Nobody: the lease was claimed before the writer started, and another holder ends it.
    Nobody,
    /// Other nodes, reached so.
    Nodes(Arc<dyn Peers>),
}

impl Seat {
    /// The way to the other nodes.
    pub(super) fn peers(&self) -> Option<Arc<dyn Peers>> {
        match &self.company {
            Company::Nobody => None,
            Company::Nodes(peers) => Some(Arc::clone(peers)),
        }
    }
}

/// Whose turn it may be to append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turns {
    /// Nobody else's, ever: the journal is a file.
    None,
    /// Nobody else's, under a lease.
    Alone,
    /// Another node's too.
    WithNodes,
}

impl Turns {
    pub(super) fn of(seat: Option<&Seat>) -> Self {
        match seat.map(|seat| &seat.company) {
            None => Self::None,
            Some(Company::Nobody) => Self::Alone,
            Some(Company::Nodes(_)) => Self::WithNodes,
        }
    }
}

/// The journal of a node that does not lead.
pub(crate) struct NotLeading;

impl Journal for NotLeading {
    fn append(&mut self, _: &Batch) -> Result<(), StoreError> {
        Err(StoreError::Failed("this node does not lead".to_owned()))
    }

    fn erase_disclosures(&mut self, _: u64) -> Result<(), StoreError> {
        Err(StoreError::Failed("this node does not lead".to_owned()))
    }

    fn tidy(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn has_room(&mut self) -> bool {
        true
    }
}

/// Why a reign ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// The wallet ends.
    Closed,
    /// Another node may write now.
    Deposed,
}

impl Writer {
    /// Another process took the lease although this one works alone: it was cut off, and has nothing to say any more.
    pub(super) fn fenced(&self) -> StoreError {
        let reason = StoreError::Fenced.to_string();
        self.control.end(&reason);
        StoreError::Sync(reason)
    }

    /// Runs until the wallet ends, or until this node cannot go on.
    pub(super) fn run(mut self, waiting: &Receiver<Job>, seat: Option<Seat>) {
        let Some(mut seat) = seat else {
            self.standing.send_replace(Standing::Leading);
            let _end = self.lead(waiting, None);
            return;
        };
        let mut claimed = self.turns == Turns::Alone;
        if claimed {
            self.control.set_epoch(seat.lease.epoch());
        }
        while claimed || self.follow(waiting, &mut seat) {
            claimed = false;
            let left = self.lead(waiting, Some(&mut seat));
            self.standing.send_replace(Standing::Leaderless);
            self.parts.journal = Box::new(NotLeading);
            if let Err(error) = seat.lease.release() {
                tracing::warn!(%error, "the lease was not given back, it runs out");
            }
            if left == Left::Closed {
                return;
            }
            tracing::warn!(records = self.parts.ledger.size(), "this node does not lead any more");
        }
    }

    /// Follows the journal until this node leads (true) or ends (false).
    fn follow(&mut self, waiting: &Receiver<Job>, seat: &mut Seat) -> bool {
        let (mut rounds, mut answers) = (0, true);
        loop {
            if self.control.is_closing() || !self.turn_away(waiting) {
                return false;
            }
            let size = self.parts.ledger.size();
            let done = self.take_tail().and_then(|()| {
                rounds += 1;
                if self.parts.ledger.size() > size && rounds < LOOK_AFTER {
                    return Ok(false);
                }
                rounds = 0;
                self.look_for_leader(seat)
            });
            if done.is_ok() && !std::mem::replace(&mut answers, true) {
                tracing::info!("the database answers again");
            }
            let waited = match done {
                Ok(true) => return true,
                Ok(false) => seat.lease.wait_beyond(self.parts.ledger.size()),
                Err(StartError::Store(error)) => Err(error),
                Err(error) => {
                    tracing::error!(%error, "this node cannot follow the journal and ends");
                    self.control.end(&error.to_string());
                    return false;
                }
            };
            if let Err(error) = waited {
                if std::mem::replace(&mut answers, false) {
                    tracing::error!(%error, "the database does not answer: nothing is posted until it does");
                }
                self.standing.send_replace(Standing::Leaderless);
                std::thread::park_timeout(super::AGAIN_AFTER);
            }
        }
    }

    /// Takes the lease where nobody holds it; whether this node leads now.
    fn look_for_leader(&mut self, seat: &mut Seat) -> Result<bool, StartError> {
        let clock_right = self.conditions.check_clock(&self.parts);
        // What this node writes on the desk may have found the database full; nobody else here looks whether it still is.
        self.conditions.is_read_only(&mut self.parts);
        if let Some(leader) = seat.lease.leader()? {
            if self.turns == Turns::Alone {
                return Err(StartError::Running { path: "the database".to_owned() });
            }
            self.stand(Standing::Following { leader });
            return Ok(false);
        }
        self.stand(Standing::Leaderless);
        let asked_ms = self.parts.clock.monotonic_ms();
        // A writer whose clock is behind its books would stop posting: another node may have the right time.
        if !clock_right || !seat.lease.claim()? {
            return Ok(false);
        }
        let crowned = self.take_tail().and_then(|()| {
            check_head(&self.parts.ledger, self.parts.reader.head()?, &seat.log)?;
            Ok(seat.lease.journal()?)
        });
        match crowned {
            Ok(journal) => {
                self.parts.journal = journal;
                self.control.set_epoch(seat.lease.epoch());
                (self.renewed_ms, self.deposed) = (asked_ms, false);
                tracing::info!(records = self.parts.ledger.size(), "this node leads now");
                self.stand(Standing::Leading);
                Ok(true)
            }
            Err(error) => {
                seat.lease.release()?;
                Err(error)
            }
        }
    }

    /// Applies what the journal holds beyond both books.
    fn take_tail(&mut self) -> Result<(), StartError> {
        loop {
            let page = self.parts.reader.records(self.parts.ledger.size(), PAGE)?;
            if page.is_empty() {
                return Ok(());
            }
            let facts: Vec<Facts> =
                page.iter().map(|record| self.parts.ledger.take_stored(record)).collect::<Result<_, _>>()?;
            // The journal has these tiles already.
            drop(self.parts.ledger.tree.drain_full_tiles());
            self.publish_stored(&page, &facts)?;
        }
    }

    fn publish_stored(&self, page: &[StoredRecord], all: &[Facts]) -> Result<(), StartError> {
        let mut published = self.published.change();
        let mut named = None;
        for (record, facts) in page.iter().zip(all) {
            let taken = published.take(facts, &record.facts, &record.opening, &record.digest);
            taken.map_err(|error| StartError::Journal { index: record.index, reason: error.to_string() })?;
            if let Body::SnapshotTaken { records, hash } = facts.body {
                named = Some(NamedSnapshot { index: record.index, records, hash });
            }
        }
        drop(published.tree.drain_full_tiles());
        let size = published.size();
        drop(published);
        self.size.send_replace(size);
        if named.is_some() {
            self.named.send_replace(named);
        }
        Ok(())
    }

    fn stand(&self, standing: Standing) {
        self.standing.send_if_modified(|now| {
            let changed = *now != standing;
            *now = standing;
            changed
        });
    }

    /// Whether a reign goes on after a round of the writer.
    pub(super) fn reigns(&mut self, seat: Option<&mut Seat>) -> Result<(), Left> {
        let Some(seat) = seat else { return Ok(()) };
        if self.control.is_closing() {
            return Err(Left::Closed);
        }
        // Nobody else could go on: who is alone says that the clock is wrong.
        let clock_right = self.turns == Turns::Alone || self.conditions.clock_right().load(Ordering::Relaxed);
        if self.deposed || !clock_right {
            return Err(Left::Deposed);
        }
        let asked_ms = self.parts.clock.monotonic_ms();
        if asked_ms.saturating_sub(self.renewed_ms) < RENEW_EVERY_MS {
            return Ok(());
        }
        match seat.lease.renew() {
            Ok(true) => {
                self.renewed_ms = asked_ms;
                Ok(())
            }
            Ok(false) => Err(Left::Deposed),
            Err(error) => {
                tracing::warn!(%error, "the lease was not renewed");
                let late = self.parts.clock.monotonic_ms().saturating_sub(self.renewed_ms) >= LEASE_MS;
                if late { Err(Left::Deposed) } else { Ok(()) }
            }
        }
    }

    /// What a reign makes of a journal that could not be tidied for another reason than its disk.
    pub(super) fn untidied(&mut self, error: &StoreError) -> Result<(), Left> {
        match (error, self.turns) {
            // Another node leads: whoever takes turns follows it.
            (StoreError::Fenced, Turns::WithNodes) => return Err(Left::Deposed),
            (StoreError::Fenced, Turns::None | Turns::Alone) => {
                tracing::error!(error = %self.fenced(), "the writer ends");
                return Err(Left::Closed);
            }
            (StoreError::Full(_), _) => self.parts.disk.found_full(),
            // The database is gone. Nobody else would go on meanwhile, so that it is said at once.
            (StoreError::Failed(_), Turns::Alone) => {
                self.deposed = true;
                return Err(Left::Deposed);
            }
            (
                StoreError::Failed(_)
                | StoreError::Sync(_)
                | StoreError::Corrupt { .. }
                | StoreError::Damaged(_)
                | StoreError::Newer { .. },
                _,
            ) => {}
        }
        tracing::warn!(%error, "the journal was not tidied");
        Ok(())
    }

    /// Law 7 where other nodes write too: forget the batch and the reign. What the journal really holds is read again, now or,
    /// when the database does not answer, before anything else is done.
    pub(super) fn depose(&mut self) {
        self.deposed = true;
        self.standing.send_replace(Standing::Leaderless);
        let mut published = self.published.change();
        if let Err(error) = published.follow(&self.parts.reader) {
            tracing::warn!(%error, "the journal's tail was not read again yet");
        }
        self.parts.ledger = published.clone();
        let size = published.size();
        drop(published);
        self.size.send_replace(size);
    }

    /// Answers whoever sent work to a node that does not lead any more; false when nobody is left who could.
    fn turn_away(&self, waiting: &Receiver<Job>) -> bool {
        loop {
            match waiting.try_recv() {
                Ok(job) => {
                    self.meters.taken(1);
                    answer(job.reply, Reply::Error(WriterError::Busy));
                }
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }
}
