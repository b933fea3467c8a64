//! What a node is to the others, and how it is told to end.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use yinxin_core::Digest;

/// What a node is to the others. Who works alone leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It appends to the journal, projects, and does the jobs.
    Leading,
    /// It follows the journal and sends its commands to the node at this address.
    Following {
        /// Where the leading node is reached.
        leader: String,
    },
    /// Nobody leads, as far as this node knows.
    Leaderless,
}

/// A snapshot that a record names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NamedSnapshot {
    /// The record.
    pub(crate) index: u64,
    /// Records that it covers.
    pub(crate) records: u64,
    /// SHA-256 of its bytes.
    pub(crate) hash: Digest,
}

/// How the writer's thread is told to end, and what it says beside its records.
#[derive(Default)]
pub(crate) struct Control {
    closing: AtomicBool,
    reason: OnceLock<String>,
    epoch: AtomicU64,
}

impl Control {
    /// Asks for a clean end.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Asks for an end because this node cannot be trusted or cannot go on; the first reason is told.
    pub(crate) fn end(&self, reason: &str) {
        drop(self.reason.set(reason.to_owned()));
        self.close();
    }

    /// This node leads under a new epoch.
    pub(crate) fn set_epoch(&self, epoch: u64) {
        self.epoch.store(epoch, Ordering::Relaxed);
    }

    /// The epoch under which this node led last; 0 where it never did, and where the journal is a file.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }

    /// Whether the thread has to end.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Why it ended by itself.
    pub(crate) fn reason(&self) -> Option<String> {
        self.reason.get().cloned()
    }
}
