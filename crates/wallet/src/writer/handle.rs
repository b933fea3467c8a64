//! The doors to the writer: commands in, durable records out, and the book as of the last commit.

use super::now_of;
use crate::ledger::Ledger;
use crate::meters::{Meters, PaymentOutcome, Times};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use yinxin_core::codec::Codec;
use yinxin_core::{Authorisation, Book, Command, Day, Facts, Millis, Now, Refusal};
use yinxin_store::{Head, JournalReader, StoreError};

/// Why a command has no answer from the book.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriterError {
    /// The book refused it, and recorded nothing.
    #[error("refused: {}", .0.code())]
    Refused(Refusal),
    /// The commit failed: whether it took effect is known after asking again with the same number or command id.
    #[error("the result is pending")]
    Pending,
    /// Too many commands wait.
    #[error("busy")]
    Busy,
    /// The disk is full: nothing was recorded, and nothing is until there is room.
    #[error("the disk is full")]
    ReadOnly,
    /// The clock jumped; nothing is recorded until it is right or an operator accepts it.
    #[error("the clock is wrong")]
    Clock,
    /// The store failed while an earlier record was read again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A durable record, as answered.
#[derive(Debug, Clone)]
pub struct Committed {
    /// Its index in the journal.
    pub index: u64,
    /// Its facts.
    pub facts: Facts,
    /// The facts as committed to by the leaf.
    pub encoded: Vec<u8>,
    /// The opening `r`.
    pub opening: [u8; 32],
    /// H(salt ‖ evidence).
    pub digest: [u8; 32],
    /// The evidence's salt; read again with the evidence where it is none.
    pub salt: Option<[u8; 32]>,
    /// The payer's balance after it, in minor units; read from the views where it is none.
    pub balance: Option<i64>,
    /// The signed head of its batch.
    pub head: Arc<Head>,
    /// Whether the same command had been recorded before.
    pub repeated: bool,
    /// Where its time went; nothing when it is read again.
    pub times: Times,
}

pub(super) enum Reply {
    Fresh(Box<Committed>),
    Same(u64),
    Error(WriterError),
}

pub(super) enum Work {
    Command(Command),
    Payment(Box<Authorisation>),
}

pub(super) struct Job {
    pub(super) work: Work,
    pub(super) reply: oneshot::Sender<Reply>,
    /// When it began to wait.
    pub(super) sent: Instant,
}

/// Book and tree as of the last commit.
#[derive(Clone)]
pub(crate) struct Published(Arc<RwLock<Ledger>>);

impl Published {
    pub(super) fn new(ledger: &Ledger) -> Self {
        Self(Arc::new(RwLock::new(ledger.clone())))
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn change(&self) -> RwLockWriteGuard<'_, Ledger> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The doors to the writer and to what it committed. The writer ends when the last one is gone.
#[derive(Clone)]
pub struct Handle {
    pub(super) jobs: SyncSender<Job>,
    pub(super) published: Published,
    pub(super) journal: Arc<JournalReader>,
    pub(super) size: watch::Receiver<u64>,
    pub(super) clock_right: Arc<AtomicBool>,
    pub(super) calendar: Arc<dyn Calendar>,
    pub(super) meters: Arc<Meters>,
}

/// Turns record time into the operator's local day.
pub(crate) trait Calendar: Send + Sync {
    fn day(&self, at: Millis, time_zone: &str) -> Day;
}

impl Handle {
    /// Records a command; the same command id again gets the same record.
    pub async fn submit(&self, command: Command) -> Result<Committed, WriterError> {
        self.send(Work::Command(command)).await
    }

    /// Whether the writer still takes commands.
    pub(crate) fn is_running(&self) -> bool {
        self.size.has_changed().is_ok()
    }

    /// Whether the writer found the clock right when it last looked.
    pub(crate) fn clock_is_right(&self) -> bool {
        self.clock_right.load(Ordering::Relaxed)
    }

    /// Decides an authorisation whose signature was verified; the same bytes again get the same record.
    pub async fn pay(&self, authorisation: Authorisation) -> Result<Committed, WriterError> {
        let answer = self.send(Work::Payment(Box::new(authorisation))).await;
        // What is recorded now is counted by the writer: whoever asked may be gone before it hears.
        match &answer {
            Ok(committed) if committed.repeated => self.meters.payment(PaymentOutcome::Repeated),
            Ok(_) => {}
            Err(WriterError::Refused(_)) => self.meters.payment(PaymentOutcome::Unrecorded),
            Err(WriterError::Busy) => self.meters.payment(PaymentOutcome::Busy),
            Err(WriterError::ReadOnly) => self.meters.payment(PaymentOutcome::ReadOnly),
            Err(WriterError::Clock) => self.meters.payment(PaymentOutcome::Clock),
            Err(WriterError::Pending | WriterError::Store(_)) => {
                self.meters.payment(PaymentOutcome::Pending);
            }
        }
        answer
    }

    /// The writer's counters.
    pub(crate) fn meters(&self) -> &Meters {
        &self.meters
    }

    /// Looks at the book as of the last commit.
    pub fn book<T>(&self, look: impl FnOnce(&Book) -> T) -> T {
        self.published.look(|ledger| look(&ledger.book))
    }

    /// Looks at book and tree as of the last commit.
    pub(crate) fn ledger<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        self.published.look(look)
    }

    /// The same, for whoever must not keep the writer alive.
    pub(crate) fn published(&self) -> Published {
        self.published.clone()
    }

    /// Record time and local day of a decision at clock time `clock`.
    #[must_use]
    pub fn now(&self, clock: Millis) -> Now {
        self.book(|book| now_of(book, clock, self.calendar.as_ref()))
    }

    /// The number of committed records, and its changes.
    #[must_use]
    pub fn sizes(&self) -> watch::Receiver<u64> {
        self.size.clone()
    }

    /// A committed record, read again.
    pub fn load(&self, index: u64) -> Result<Option<Committed>, StoreError> {
        let (Some(record), Some(head)) = (self.journal.record(index)?, self.journal.head_covering(index)?)
        else {
            return Ok(None);
        };
        let reason = "the facts do not decode";
        let facts = Facts::from_bytes_exact(&record.facts).map_err(|_| StoreError::Corrupt {
            table: "records",
            row: index,
            reason,
        })?;
        Ok(Some(Committed {
            index,
            facts,
            encoded: record.facts,
            opening: record.opening,
            digest: record.digest,
            salt: None,
            balance: None,
            head: Arc::new(head),
            repeated: true,
            times: Times::default(),
        }))
    }

    async fn send(&self, work: Work) -> Result<Committed, WriterError> {
        let (reply, answer) = oneshot::channel();
        // Counted first: the writer may take it before this task runs again.
        self.meters.queued();
        if let Err(error) = self.jobs.try_send(Job { work, reply, sent: Instant::now() }) {
            self.meters.taken(1);
            return Err(match error {
                TrySendError::Full(_) => WriterError::Busy,
                TrySendError::Disconnected(_) => WriterError::Pending,
            });
        }
        match answer.await {
            Ok(Reply::Fresh(committed)) => Ok(*committed),
            Ok(Reply::Same(index)) => self.load(index)?.ok_or(WriterError::Pending),
            Ok(Reply::Error(error)) => Err(error),
            Err(_) => Err(WriterError::Pending),
        }
    }
}
