//! Meters: what an operator's monitoring reads. Counting costs the writer some relaxed additions for each batch, and a
//! payment one: nothing here locks, and nothing here is ever read to decide anything.

use crate::{Health, Wallet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// Upper bounds of the buckets for the records of one batch.
const BATCH_BOUNDS: [u64; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];
/// Upper bounds, in microseconds, of the buckets for durable commits.
const COMMIT_BOUNDS_US: [u64; 14] =
    [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];

/// How often something took or counted so much.
#[derive(Debug)]
struct Histogram<const N: usize> {
    bounds: &'static [u64; N],
    counts: [AtomicU64; N],
    beyond: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    fn new(bounds: &'static [u64; N]) -> Self {
        Self {
            bounds,
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            beyond: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }

    fn count(&self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.counts.get(bucket).unwrap_or(&self.beyond).fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    fn read(&self) -> Buckets {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Buckets {
            bounded: self.bounds.iter().copied().zip(self.counts.iter().map(load)).collect(),
            beyond: load(&self.beyond),
            sum: load(&self.sum),
        }
    }
}

/// A histogram as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets {
    /// Inclusive upper bound and how many fell between the bound before and this one.
    pub bounded: Vec<(u64, u64)>,
    /// How many were above every bound.
    pub beyond: u64,
    /// The sum of all values.
    pub sum: u64,
}

/// What became of a payment that reached the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentOutcome {
    /// Recorded, money moved.
    Posted,
    /// Recorded as refused.
    Refused,
    /// Recorded before: the same answer again.
    Repeated,
    /// Refused without a record.
    Unrecorded,
    /// The queue was full.
    Busy,
    /// The clock was wrong.
    Clock,
    /// The disk was full.
    ReadOnly,
    /// The commit failed or its result is not known.
    Pending,
}

impl PaymentOutcome {
    /// Every outcome.
    pub const ALL: [Self; 8] = [
        Self::Posted,
        Self::Refused,
        Self::Repeated,
        Self::Unrecorded,
        Self::Busy,
        Self::Clock,
        Self::ReadOnly,
        Self::Pending,
    ];

    /// The outcome as a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Posted => "posted",
            Self::Refused => "refused",
            Self::Repeated => "repeated",
            Self::Unrecorded => "unrecorded",
            Self::Busy => "busy",
            Self::Clock => "clock",
            Self::ReadOnly => "read_only",
            Self::Pending => "pending",
        }
    }
}

/// Where the time of one payment went, in microseconds.
#[expect(clippy::struct_field_names, reason = "a unit is the last word of its name")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Times {
    /// Checking the signature.
    pub verification_us: u64,
    /// Waiting for the writer.
    pub queue_us: u64,
    /// The durable commit of its batch.
    pub commit_us: u64,
}

/// Microseconds from `since` until now.
pub(crate) fn micros_since(since: Instant) -> u64 {
    micros(since.elapsed())
}

/// `duration` in microseconds.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The counters of one writer, shared with whoever reads them.
#[derive(Debug)]
pub(crate) struct Meters {
    payments: [AtomicU64; PaymentOutcome::ALL.len()],
    batches: Histogram<{ BATCH_BOUNDS.len() }>,
    commits: Histogram<{ COMMIT_BOUNDS_US.len() }>,
    failed_commits: AtomicU64,
    waiting: AtomicU64,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            payments: std::array::from_fn(|_| AtomicU64::new(0)),
            batches: Histogram::new(&BATCH_BOUNDS),
            commits: Histogram::new(&COMMIT_BOUNDS_US),
            failed_commits: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
        }
    }
}

impl Meters {
    /// One payment came to this.
    pub(crate) fn payment(&self, outcome: PaymentOutcome) {
        if let Some(counter) = self.payments.get(outcome as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A batch of `records` was made durable in `commit_us`.
    pub(crate) fn committed(&self, records: usize, commit_us: u64) {
        self.batches.count(u64::try_from(records).unwrap_or(u64::MAX));
        self.commits.count(commit_us);
    }

    /// A batch was not made durable.
    pub(crate) fn failed(&self) {
        self.failed_commits.fetch_add(1, Ordering::Relaxed);
    }

    /// A command waits for the writer.
    pub(crate) fn queued(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// The writer has taken `commands`, or the full queue gave one back.
    pub(crate) fn taken(&self, commands: usize) {
        self.waiting.fetch_sub(u64::try_from(commands).unwrap_or(0), Ordering::Relaxed);
    }
}

/// Who may append to the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The epoch; 0 where one process owns its files and claims none.
    pub epoch: u64,
    /// Whether this process is the writer.
    pub held: bool,
}

/// Everything that a wallet's meters say now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readings {
    /// Whether it can post.
    pub health: Health,
    /// Payments that reached the writer, by what became of them.
    pub payments: Vec<(PaymentOutcome, u64)>,
    /// Records of each batch.
    pub batches: Buckets,
    /// Microseconds of each durable commit.
    pub commits: Buckets,
    /// Batches that were not made durable.
    pub failed_commits: u64,
    /// Commands that wait for the writer.
    pub waiting: u64,
    /// Log-ins that wait for a hashing thread or are on one.
    pub passwords_waiting: u64,
    /// Text messages that wait to be handed over.
    pub sms_waiting: u64,
    /// Committed records.
    pub records: u64,
    /// Records that the views show.
    pub projected: u64,
    /// Accounts in the book.
    pub accounts: u64,
    /// People in the book.
    pub people: u64,
    /// Certificates in the book, in any state.
    pub certificates: u64,
    /// Bytes of the write-ahead logs of desk and views; none where there are no such files.
    pub wal_bytes: Option<u64>,
    /// Who writes.
    pub lease: Lease,
}

impl Wallet {
    /// Reads every meter.
    #[must_use]
    pub fn readings(&self) -> Readings {
        let inner = &self.inner;
        let meters = inner.writer.meters();
        let count = |found: usize| u64::try_from(found).unwrap_or(u64::MAX);
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (accounts, (people, certificates)) =
            inner.writer.book(|book| (book.account_count(), book.counts()));
        let health = self.health();
        Readings {
            health,
            payments: PaymentOutcome::ALL.into_iter().zip(meters.payments.iter().map(load)).collect(),
            batches: meters.batches.read(),
            commits: meters.commits.read(),
            failed_commits: load(&meters.failed_commits),
            waiting: load(&meters.waiting),
            passwords_waiting: count(inner.passwords.waiting()),
            sms_waiting: count(inner.sms.waiting()),
            records: self.records(),
            projected: *inner.projected.borrow(),
            accounts: count(accounts),
            people: count(people),
            certificates: count(certificates),
            wal_bytes: wal_bytes(&[inner.dir.desk(), inner.dir.views()]),
            lease: Lease {
                epoch: inner.writer.control().epoch(),
                held: health != Health::Ended && self.leads(),
            },
        }
    }
}

fn wal_bytes(databases: &[std::path::PathBuf]) -> Option<u64> {
    let length = |database: &std::path::PathBuf| {
        let mut name = database.as_os_str().to_owned();
        name.push("-wal");
        std::fs::metadata(name).ok().map(|found| found.len())
    };
    databases.iter().filter_map(length).reduce(u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_falls_into_the_first_bucket_that_holds_it() {
        let histogram = Histogram::new(&BATCH_BOUNDS);
        for value in [0, 1, 2, 3, 1_024, 1_025] {
            histogram.count(value);
        }
        let read = histogram.read();
        assert_eq!(read.bounded[..3], [(1, 2), (2, 1), (4, 1)]);
        assert_eq!((read.bounded[10], read.beyond, read.sum), ((1_024, 1), 1, 2_055));
    }

    #[test]
    fn every_outcome_has_its_own_counter_and_word() {
        let meters = Meters::default();
        for outcome in PaymentOutcome::ALL {
            meters.payment(outcome);
        }
        assert!(meters.payments.iter().all(|counter| counter.load(Ordering::Relaxed) == 1));
        let words: std::collections::BTreeSet<_> = PaymentOutcome::ALL.map(PaymentOutcome::word).into();
        assert_eq!(words.len(), PaymentOutcome::ALL.len());
    }
}
