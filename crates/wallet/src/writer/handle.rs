//! The doors to the writer: commands in, durable records out, and the book as of the last commit.

use super::draft::Kept;
use super::{forward, now_of};
use crate::ledger::Ledger;
use crate::meters::{Meters, PaymentOutcome, Times};
use crate::nodes::{Control, NamedSnapshot, Standing};
use crate::port::{Entropy, PeerError, Peers};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use yinxin_core::codec::Codec;
use yinxin_core::{Authorisation, Book, Command, Day, Facts, Millis, Now, Refusal};
use yinxin_store::{Head, JournalReader, StoreError};

/// How long work waits for somebody to lead.
const LEADER_WAIT: Duration = Duration::from_secs(2);
/// How long an answer waits until this node has the record that another one made.
const ARRIVAL_WAIT: Duration = Duration::from_secs(2);

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
    /// Without its evidence and its disclosures.
    pub(super) work: Work,
    /// These.
    pub(super) kept: Kept,
    pub(super) reply: oneshot::Sender<Reply>,
    /// When it began to wait.
    pub(super) sent: Instant,
}

impl Job {
    pub(super) fn new(mut work: Work, reply: oneshot::Sender<Reply>, entropy: &dyn Entropy) -> Self {
        let kept = Kept::of(&mut work, entropy);
        Self { work, kept, reply, sent: Instant::now() }
    }
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
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) meters: Arc<Meters>,
    pub(super) log_since: u64,
    pub(super) standing: watch::Receiver<Standing>,
    pub(super) named: watch::Receiver<Option<NamedSnapshot>>,
    pub(super) control: Arc<Control>,
    /// The other nodes, where there are any.
    pub(super) peers: Option<Arc<dyn Peers>>,
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
        // Older heads are another log's: everything is proven under the name that this log has now.
        let covering = index.max(self.log_since);
        let (Some(record), Some(head)) = (self.journal.record(index)?, self.journal.head_covering(covering)?)
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

    /// What this node is to the others.
    pub(crate) fn standing(&self) -> Standing {
        self.standing.borrow().clone()
    }

    /// The same, and its changes.
    pub(crate) fn standings(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// Snapshots that other nodes name, as they appear.
    pub(crate) fn named_snapshots(&self) -> watch::Receiver<Option<NamedSnapshot>> {
        self.named.clone()
    }

    /// How the writer is told to end.
    pub(crate) fn control(&self) -> &Control {
        &self.control
    }

    /// Whether other nodes write to this journal too.
    pub(crate) fn is_shared(&self) -> bool {
        self.peers.is_some()
    }

    /// Waits until this node has everything that is committed now; at once where it leads.
    pub(crate) async fn meet_tail(&self) -> Result<(), WriterError> {
        if *self.standing.borrow() == Standing::Leading {
            return Ok(());
        }
        let records = self.journal.size()?;
        if self.covers(records).await { Ok(()) } else { Err(WriterError::Busy) }
    }

    /// What `look` finds in the book; where this node follows and it finds nothing, once more at the journal's tail.
    pub(crate) async fn find<T>(&self, look: impl Fn(&Book) -> Option<T>) -> Result<Option<T>, WriterError> {
        match self.book(&look) {
            Some(found) => Ok(Some(found)),
            None if !self.is_shared() => Ok(None),
            None => {
                self.meet_tail().await?;
                Ok(self.book(look))
            }
        }
    }

    /// Answers the question of another node: this one leads, or says that it does not.
    pub(crate) async fn answer_node(&self, question: &[u8]) -> Vec<u8> {
        let said = match forward::read_question(question) {
            Ok(work) if *self.standing.borrow() == Standing::Leading => {
                said(self, self.ask_writer(work).await)
            }
            Ok(_) => forward::Said::Busy,
            Err(error) => {
                tracing::warn!(%error, "a node's question was not understood");
                forward::Said::Busy
            }
        };
        forward::answer(&said)
    }

    async fn send(&self, work: Work) -> Result<Committed, WriterError> {
        match self.leader().await {
            Standing::Leading => match self.ask_writer(work).await {
                Reply::Fresh(committed) => Ok(*committed),
                Reply::Same(index) => self.load(index)?.ok_or(WriterError::Pending),
                Reply::Error(error) => Err(error),
            },
            Standing::Following { leader } => self.ask_leader(&leader, &work).await,
            Standing::Leaderless => Err(WriterError::Busy),
        }
    }

    /// Who leads; waited for a moment when nobody does.
    async fn leader(&self) -> Standing {
        let mut standing = self.standing.clone();
        let known = standing.wait_for(|standing| *standing != Standing::Leaderless);
        match tokio::time::timeout(LEADER_WAIT, known).await {
            Ok(Ok(standing)) => standing.clone(),
            Ok(Err(_)) | Err(_) => Standing::Leaderless,
        }
    }

    async fn ask_writer(&self, work: Work) -> Reply {
        let (reply, answer) = oneshot::channel();
        let job = Job::new(work, reply, self.entropy.as_ref());
        // Counted first: the writer may take it before this task runs again.
        self.meters.queued();
        if let Err(error) = self.jobs.try_send(job) {
            self.meters.taken(1);
            return Reply::Error(match error {
                TrySendError::Full(_) => WriterError::Busy,
                TrySendError::Disconnected(_) => WriterError::Pending,
            });
        }
        answer.await.unwrap_or(Reply::Error(WriterError::Pending))
    }

    async fn ask_leader(&self, leader: &str, work: &Work) -> Result<Committed, WriterError> {
        let peers = self.peers.as_ref().ok_or(WriterError::Busy)?;
        let answer = match peers.ask(leader, forward::question(work)).await {
            Ok(answer) => answer,
            Err(PeerError::Unreached) => return Err(WriterError::Busy),
            Err(PeerError::Unanswered) => return Err(WriterError::Pending),
        };
        match forward::read_answer(&answer) {
            Ok(forward::Said::Recorded { index, balance }) => {
                let committed = self.arrived(index).await?;
                Ok(Committed { balance, repeated: false, ..committed })
            }
            Ok(forward::Said::Same { index }) => self.arrived(index).await,
            Ok(forward::Said::Refused { records, refusal }) => {
                // What made the book refuse may be an earlier answer to the same bytes: whoever looks for it must find it.
                if self.covers(records).await {
                    Err(WriterError::Refused(refusal))
                } else {
                    Err(WriterError::Pending)
                }
            }
            Ok(forward::Said::Pending) => Err(WriterError::Pending),
            Ok(forward::Said::Busy) => Err(WriterError::Busy),
            Ok(forward::Said::Clock) => Err(WriterError::Clock),
            Ok(forward::Said::ReadOnly) => Err(WriterError::ReadOnly),
            Err(error) => {
                tracing::warn!(%error, "the leading node's answer was not understood");
                Err(WriterError::Pending)
            }
        }
    }

    /// A record that the leading node made, read from the journal once this node has its whole batch.
    async fn arrived(&self, index: u64) -> Result<Committed, WriterError> {
        if !self.covers(index.saturating_add(1)).await {
            return Err(WriterError::Pending);
        }
        let committed = self.load(index)?.ok_or(WriterError::Pending)?;
        // Its proof is made from this node's own tree.
        if self.covers(committed.head.size).await { Ok(committed) } else { Err(WriterError::Pending) }
    }

    /// Waits until this node has the first `records` records; false when it does not within two seconds.
    pub(crate) async fn covers(&self, records: u64) -> bool {
        let mut sizes = self.size.clone();
        let arrival = sizes.wait_for(|size| *size >= records);
        matches!(tokio::time::timeout(ARRIVAL_WAIT, arrival).await, Ok(Ok(_)))
    }
}

/// What the leading node answers, from what its writer said.
fn said(handle: &Handle, reply: Reply) -> forward::Said {
    match reply {
        Reply::Fresh(committed) => {
            forward::Said::Recorded { index: committed.index, balance: committed.balance }
        }
        Reply::Same(index) => forward::Said::Same { index },
        Reply::Error(WriterError::Refused(refusal)) => {
            forward::Said::Refused { records: *handle.size.borrow(), refusal }
        }
        Reply::Error(WriterError::Pending | WriterError::Store(_)) => forward::Said::Pending,
        Reply::Error(WriterError::Busy) => forward::Said::Busy,
        Reply::Error(WriterError::Clock) => forward::Said::Clock,
        Reply::Error(WriterError::ReadOnly) => forward::Said::ReadOnly,
    }
}
