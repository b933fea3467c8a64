//! What those hear who wait for a batch.

use super::draft::Draft;
use super::handle::{Committed, Reply, WriterError};
use crate::meters::Times;
use std::sync::Arc;
use tokio::sync::oneshot;
use yinxin_core::Refusal;
use yinxin_store::Head;

/// A batch that is durable.
pub(super) struct Sealed {
    pub(super) head: Arc<Head>,
    pub(super) commit_us: u64,
}

/// Somebody who waits for the commit.
pub(super) struct Waiting {
    pub(super) reply: oneshot::Sender<Reply>,
    pub(super) verdict: Verdict,
    pub(super) queue_us: u64,
}

/// What the book decided for one of them.
pub(super) enum Verdict {
    /// From this index on.
    Recorded(u64),
    /// Recorded before, at this index.
    Same(u64),
    /// Nothing is recorded.
    Refused(Refusal),
}

/// Tells one of them.
pub(super) fn answer(reply: oneshot::Sender<Reply>, said: Reply) {
    // Whoever asked may have gone; the record stands all the same.
    drop(reply.send(said));
}

/// Tells all of them what the durable batch holds for each.
pub(super) fn answer_all(first: u64, drafts: Vec<Draft>, sealed: Option<&Sealed>, replies: Vec<Waiting>) {
    let mut drafts: Vec<_> = drafts.into_iter().map(Some).collect();
    for Waiting { reply, verdict, queue_us } in replies {
        let said = match (verdict, sealed) {
            (Verdict::Refused(refusal), _) => Reply::Error(WriterError::Refused(refusal)),
            (Verdict::Same(index), _) => Reply::Same(index),
            (Verdict::Recorded(index), Some(sealed)) => {
                let draft = usize::try_from(index - first).ok().and_then(|at| drafts.get_mut(at)?.take());
                draft.map_or(Reply::Error(WriterError::Pending), |draft| {
                    Reply::Fresh(Box::new(Committed {
                        index,
                        facts: draft.facts,
                        encoded: draft.new.facts,
                        opening: draft.new.opening,
                        digest: draft.new.digest,
                        salt: Some(draft.new.salt),
                        balance: draft.balance,
                        head: Arc::clone(&sealed.head),
                        repeated: false,
                        times: Times { queue_us, commit_us: sealed.commit_us, ..Times::default() },
                    }))
                })
            }
            (Verdict::Recorded(_), None) => Reply::Error(WriterError::Pending),
        };
        answer(reply, said);
    }
}
