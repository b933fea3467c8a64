//! The writer loop: the one place that appends to the journal (house, "How a payment travels" and the law of the journal).
//!
//! It takes all commands that wait, decides and applies each in order against its own book, appends the batch in one durable
//! commit, shows the new state to readers, and answers. Its book runs ahead of the commit by this one batch only: after a
//! commit error nothing of it remains, and the real tail is read again.

mod answers;
mod conditions;
mod draft;
mod follow;
mod forward;
mod gather;
mod handle;

pub(crate) use follow::{Company, NotLeading, Seat};
pub(crate) use handle::{Calendar, Published};
pub use handle::{Committed, Handle, WriterError};

use answers::{Sealed, Verdict, Waiting, answer, answer_all};
use conditions::Conditions;
use draft::{Draft, Draws, Kept};
use follow::{Left, Turns};
use gather::gather;
use handle::{Job, Reply, Work};

use crate::ledger::Ledger;
use crate::meters::{Meters, PaymentOutcome, micros, micros_since};
use crate::nodes::{Control, NamedSnapshot, Standing};
use crate::port::{Clock, Entropy};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use yinxin_core::codec::Codec;
use yinxin_core::{Body, Book, Command, Day, Decision, Facts, Millis, Now, Outcome};
use yinxin_store::{Batch, Disk, Head, Journal, JournalReader, NewRecord, StoreError, TileRow};
use yinxin_tlog::{Checkpoint, Hash, leaf_entry};

/// Commands that may wait; a further one is told to come back.
const QUEUE_MAX: usize = 4_096;
/// Commands decided in one batch.
const BATCH_MAX: usize = 1_024;
/// Timed events emitted before each batch (house, law 6).
const DUE_MAX: usize = 256;
/// How often the writer looks at its timers when nobody asks for anything.
const IDLE_MS: u64 = 1_000;
/// The same where a lease has to be renewed, and an end to be noticed soon.
const IDLE_LEASED_MS: u64 = 200;
/// How long a node waits before it asks a database again that did not answer.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// Batches after which the journal is tidied although nobody is idle.
const TIDY_AFTER: u32 = 512;
/// Wall and monotonic clock apart by more than this: nothing is posted (house, law 6).
pub(crate) const CLOCK_JUMP_MS: i64 = 5 * Millis::SECOND;

fn now_of(book: &Book, clock: Millis, calendar: &dyn Calendar) -> Now {
    let at = book.record_time(clock);
    let day = book.policy().map_or(Day::default(), |policy| calendar.day(at, &policy.time_zone));
    Now { at, day: day.max(book.day()) }
}

/// Signs a checkpoint's text; answers the whole note.
pub(crate) type SignHead = Box<dyn Fn(&Checkpoint) -> Result<String, StoreError> + Send>;

/// What a writer is made of.
pub(crate) struct Parts {
    pub(crate) ledger: Ledger,
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) reader: Arc<JournalReader>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) calendar: Arc<dyn Calendar>,
    pub(crate) log_name: String,
    /// The record with which the log took this name; 0 where it never had another.
    pub(crate) log_since: u64,
    pub(crate) sign_head: SignHead,
    /// An operator accepted a clock that is behind the last record.
    pub(crate) accept_clock: bool,
    /// What is known of the disk; the desk shares it.
    pub(crate) disk: Arc<Disk>,
}

struct Writer {
    parts: Parts,
    published: Published,
    size: watch::Sender<u64>,
    conditions: Conditions,
    draws: Draws,
    /// What the batch under way hashed for the tree; the published tree takes it over.
    hashes: Vec<Hash>,
    meters: Arc<Meters>,
    standing: watch::Sender<Standing>,
    /// The newest snapshot that another node named.
    named: watch::Sender<Option<NamedSnapshot>>,
    control: Arc<Control>,
    turns: Turns,
    /// An append failed: another node may write now.
    deposed: bool,
    /// When the lease was last claimed or renewed, by the clock that never jumps.
    renewed_ms: i64,
}

impl Writer {
    fn new(parts: Parts, turns: Turns) -> Self {
        let first = if turns == Turns::WithNodes { Standing::Leaderless } else { Standing::Leading };
        Self {
            published: Published::new(&parts.ledger),
            size: watch::channel(parts.ledger.size()).0,
            conditions: Conditions::new(&parts),
            draws: Draws::default(),
            hashes: Vec::new(),
            standing: watch::channel(first).0,
            named: watch::channel(None).0,
            control: Arc::default(),
            turns,
            deposed: false,
            renewed_ms: 0,
            meters: Arc::default(),
            parts,
        }
    }
}

/// Writes one command and ends: the first record of a journal, or of a restored one. Answers its index.
pub(crate) fn write_one(parts: Parts, command: Command) -> Result<u64, WriterError> {
    let (reply, mut answered) = oneshot::channel();
    let mut writer = Writer::new(parts, Turns::None);
    let job = Job::new(Work::Command(command), reply, writer.parts.entropy.as_ref());
    writer.batch(vec![job])?;
    match answered.try_recv() {
        Ok(Reply::Fresh(committed)) => Ok(committed.index),
        Ok(Reply::Error(error)) => Err(error),
        Ok(Reply::Same(_)) | Err(_) => Err(WriterError::Pending),
    }
}

/// Starts the writer on a thread of its own. It ends when every handle is gone, or when the disk cannot be trusted. With a
/// seat it leads while it holds the seat's lease.
pub(crate) fn start(
    parts: Parts,
    seat: Option<Seat>,
) -> std::io::Result<(Handle, std::thread::JoinHandle<()>)> {
    let (jobs, waiting) = sync_channel(QUEUE_MAX);
    let writer = Writer::new(parts, Turns::of(seat.as_ref()));
    let handle = Handle {
        jobs,
        meters: Arc::clone(&writer.meters),
        published: writer.published.clone(),
        journal: Arc::clone(&writer.parts.reader),
        log_since: writer.parts.log_since,
        size: writer.size.subscribe(),
        clock_right: writer.conditions.clock_right(),
        calendar: Arc::clone(&writer.parts.calendar),
        entropy: Arc::clone(&writer.parts.entropy),
        standing: writer.standing.subscribe(),
        named: writer.named.subscribe(),
        control: Arc::clone(&writer.control),
        peers: seat.as_ref().and_then(Seat::peers),
    };
    let thread =
        std::thread::Builder::new().name("writer".to_owned()).spawn(move || writer.run(&waiting, seat))?;
    Ok((handle, thread))
}

impl Writer {
    fn lead(&mut self, waiting: &Receiver<Job>, mut seat: Option<&mut Seat>) -> Left {
        let mut untidied = 0;
        let mut before = 0;
        let idle_ms = if self.turns == Turns::None { IDLE_MS } else { IDLE_LEASED_MS };
        loop {
            let jobs: Vec<Job> = match waiting.recv_timeout(Duration::from_millis(idle_ms)) {
                Ok(first) => {
                    gather(before);
                    std::iter::once(first).chain(waiting.try_iter()).take(BATCH_MAX).collect()
                }
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => return Left::Closed,
            };
            before = jobs.len();
            self.meters.taken(jobs.len());
            let idle = jobs.is_empty();
            if let Err(StoreError::Sync(reason)) = self.batch(jobs) {
                tracing::error!(reason, "the disk did not make a batch durable, the writer ends");
                return Left::Closed;
            }
            if let Err(left) = self.reigns(seat.as_deref_mut()) {
                return left;
            }
            untidied += 1;
            if idle || untidied >= TIDY_AFTER {
                untidied = 0;
                match self.parts.journal.tidy() {
                    Err(StoreError::Sync(reason)) => {
                        tracing::error!(reason, "the disk did not make the journal durable, the writer ends");
                        return Left::Closed;
                    }
                    Err(error) => {
                        if let Err(left) = self.untidied(&error) {
                            return left;
                        }
                    }
                    Ok(()) => {}
                }
            }
        }
    }

    fn batch(&mut self, jobs: Vec<Job>) -> Result<(), StoreError> {
        if self.parts.disk.has_failed() {
            return Err(StoreError::Sync("the desk".to_owned()));
        }
        if let Some(error) = self.conditions.against_writing(&mut self.parts) {
            for job in jobs {
                answer(job.reply, Reply::Error(error.clone()));
            }
            return Ok(());
        }
        let now = now_of(&self.parts.ledger.book, self.parts.clock.now(), self.parts.calendar.as_ref());
        let first = self.parts.ledger.size();
        let mut drafts = Vec::with_capacity(jobs.len());
        self.hashes.clear();
        let mut sound = Ok(());
        for facts in self.parts.ledger.book.due(now, DUE_MAX) {
            sound = sound.and_then(|()| self.draft(facts, None, &mut drafts));
        }
        let mut replies = Vec::with_capacity(jobs.len());
        let began = Instant::now();
        for job in jobs {
            let queue_us = micros(began.saturating_duration_since(job.sent));
            let verdict = match sound {
                Ok(()) => self.decide(&job.work, job.kept, now, &mut drafts),
                Err(ref error) => Err(error.clone()),
            };
            match verdict {
                Ok(verdict) => replies.push(Waiting { reply: job.reply, verdict, queue_us }),
                Err(error) => {
                    sound = Err(error);
                    answer(job.reply, Reply::Error(WriterError::Pending));
                }
            }
        }
        let committed = sound.and_then(|()| {
            if drafts.is_empty() { Ok(None) } else { self.commit(first, &mut drafts).map(Some) }
        });
        match committed {
            Ok(sealed) => {
                answer_all(first, drafts, sealed.as_ref(), replies);
                Ok(())
            }
            Err(error) => {
                self.meters.failed();
                tracing::error!(%error, first, records = drafts.len(), "a batch was not committed");
                let is_full = matches!(error, StoreError::Full(_));
                if is_full {
                    self.parts.disk.found_full();
                }
                // Recover first: whoever hears "pending" asks again at once, and must meet the real tail.
                let recovered = self.recover(error);
                let nothing_recorded = recovered.is_ok() && self.parts.ledger.size() == first;
                let said =
                    if is_full && nothing_recorded { WriterError::ReadOnly } else { WriterError::Pending };
                for waiting in replies {
                    answer(waiting.reply, Reply::Error(said.clone()));
                }
                recovered
            }
        }
    }

    fn decide(
        &mut self,
        work: &Work,
        kept: Kept,
        now: Now,
        drafts: &mut Vec<Draft>,
    ) -> Result<Verdict, StoreError> {
        let decision = match work {
            Work::Command(command) => self.parts.ledger.book.decide(command, now),
            Work::Payment(authorisation) => self.parts.ledger.book.decide_payment(authorisation, now),
        };
        match decision {
            Decision::Record(records) => {
                let index = self.parts.ledger.size();
                // What was asked is the evidence of the first record.
                let mut kept = Some(kept);
                for facts in records {
                    self.draft(facts, kept.take(), drafts)?;
                }
                Ok(Verdict::Recorded(index))
            }
            Decision::Same(index) => Ok(Verdict::Same(index)),
            Decision::Refused(refusal) => Ok(Verdict::Refused(refusal)),
        }
    }

    /// Applies a decided record and keeps it for the commit.
    fn draft(&mut self, facts: Facts, kept: Option<Kept>, drafts: &mut Vec<Draft>) -> Result<(), StoreError> {
        let kept = kept.unwrap_or_else(|| Kept::nothing(self.draws.next(self.parts.entropy.as_ref())));
        let Kept { evidence, disclosures, opening, salt, digest } = kept;
        let encoded = facts.to_bytes();
        let leaf = leaf_entry(&opening, &encoded, &digest);
        let index = self
            .parts
            .ledger
            .take_kept(&facts, &leaf, &mut self.hashes)
            .map_err(|error| StoreError::Failed(format!("a decided record does not apply: {error}")))?;
        let names_snapshot = matches!(facts.body, Body::SnapshotTaken { .. });
        let balance = self.balance_after(&facts);
        tracing::trace!(index, "decided");
        let new = NewRecord { facts: encoded, opening, digest, salt, evidence, disclosures, names_snapshot };
        drafts.push(Draft { facts, new, balance });
        Ok(())
    }

    /// The payer's balance after a payment that was posted just now.
    fn balance_after(&self, facts: &Facts) -> Option<i64> {
        let payment = facts.payment().filter(|payment| matches!(payment.outcome, Outcome::Posted { .. }))?;
        self.parts.ledger.book.account(&payment.payer).map(|account| account.balance)
    }

    fn commit(&mut self, first: u64, drafts: &mut [Draft]) -> Result<Sealed, StoreError> {
        let tree = &mut self.parts.ledger.tree;
        let tiles = tree
            .drain_full_tiles()
            .into_iter()
            .map(|tile| TileRow { level: tile.level, number: tile.number, hashes: tile.hashes })
            .collect();
        let checkpoint =
            Checkpoint { origin: self.parts.log_name.clone(), size: tree.size(), root: tree.root() };
        let note = (self.parts.sign_head)(&checkpoint)?;
        let head = Head { size: checkpoint.size, note };
        let records = drafts.iter_mut().map(|draft| std::mem::take(&mut draft.new)).collect();
        let batch = Batch { first, records, tiles, head };
        let began = Instant::now();
        self.parts.journal.append(&batch)?;
        let commit_us = micros_since(began);
        let Batch { records, head, .. } = batch;
        for (draft, new) in drafts.iter_mut().zip(records) {
            draft.new = new;
        }
        self.meters.committed(drafts.len(), commit_us);
        self.publish(drafts);
        Ok(Sealed { head: Arc::new(head), commit_us })
    }

    /// Shows readers what is durable now.
    fn publish(&mut self, drafts: &[Draft]) {
        let mut hashes = self.hashes.drain(..);
        let mut published = self.published.change();
        for draft in drafts {
            if let Err(error) = published.take_again(&draft.facts, &mut hashes) {
                // Both books took the same records in the same order: only broken memory leads here.
                tracing::error!(%error, "the published book differs from the writer's");
                std::process::abort();
            }
            match draft.facts.payment().map(|payment| &payment.outcome) {
                Some(Outcome::Posted { .. }) => self.meters.payment(PaymentOutcome::Posted),
                Some(Outcome::Refused { .. }) => self.meters.payment(PaymentOutcome::Refused),
                None => {}
            }
        }
        drop(published.tree.drain_full_tiles());
        let size = published.size();
        drop(published);
        self.size.send_replace(size);
    }

    /// Law 7: forget the batch, read what the journal really holds, go on from there.
    fn recover(&mut self, error: StoreError) -> Result<(), StoreError> {
        if matches!(error, StoreError::Sync(_)) {
            return Err(error);
        }
        match (self.turns, error) {
            (Turns::None | Turns::Alone, StoreError::Fenced) => return Err(self.fenced()),
            (Turns::Alone | Turns::WithNodes, _) => {
                self.depose();
                return Ok(());
            }
            (Turns::None, _) => {}
        }
        let mut published = self.published.change();
        published
            .follow(&self.parts.reader)
            .map_err(|error| StoreError::Sync(format!("the journal cannot be read again: {error}")))?;
        self.parts.ledger = published.clone();
        let size = published.size();
        drop(published);
        self.size.send_replace(size);
        Ok(())
    }
}
