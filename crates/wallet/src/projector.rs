//! The projector: fills the views from the journal on a thread of its own, then tells whoever listens what changed.

use crate::events::{Change, Events};
use crate::start::StartError;
use crate::writer::Published;
use std::sync::Arc;
use tokio::sync::watch;
use yinxin_core::Facts;
use yinxin_core::codec::Codec;
use yinxin_store::{JournalReader, Views};

/// How long the projector waits after a failure of the store before it tries again.
const AGAIN_AFTER: std::time::Duration = std::time::Duration::from_secs(1);
/// Records projected in one transaction.
const PAGE: u32 = 1_000;
/// How long the projector waits for a fuller page while much is recorded: a page costs the same few tree pages and one
/// commit however full it is. A statement is late by no more than this.
const LINGER: std::time::Duration = std::time::Duration::from_millis(50);
/// A page with fewer records was made in a quiet time.
const LINGER_FROM: u64 = 16;

/// Projects everything that the journal holds beyond the views' mark; `seen` hears each page.
pub(crate) fn catch_up(
    views: &Views,
    journal: &JournalReader,
    mut seen: impl FnMut(&[(u64, Facts)]),
) -> Result<(), StartError> {
    loop {
        let page = journal.records(views.mark()?, PAGE)?;
        if page.is_empty() {
            return Ok(());
        }
        let decoded = page.iter().map(|record| {
            let corrupt = |error: yinxin_core::codec::CodecError| StartError::Journal {
                index: record.index,
                reason: error.to_string(),
            };
            Facts::from_bytes_exact(&record.facts).map(|facts| (record.index, facts)).map_err(corrupt)
        });
        let records = decoded.collect::<Result<Vec<_>, _>>()?;
        views.project(&records)?;
        seen(&records);
    }
}

/// Runs until the writer is gone.
pub(crate) async fn run(
    published: Published,
    mut sizes: watch::Receiver<u64>,
    views: Arc<Views>,
    journal: Arc<JournalReader>,
    events: Events,
    projected: watch::Sender<u64>,
) {
    let mut before = *projected.borrow();
    loop {
        let (page_views, page_journal) = (Arc::clone(&views), Arc::clone(&journal));
        let (page_events, page_book) = (events.clone(), published.clone());
        let mark = projected.clone();
        let done = tokio::task::spawn_blocking(move || {
            catch_up(&page_views, &page_journal, |records| {
                if let Some((last, _)) = records.last() {
                    mark.send_replace(last + 1);
                }
                for (index, facts) in records {
                    page_book.look(|ledger| page_events.tell(Change::of(*index, facts, &ledger.book)));
                }
            })
        });
        match done.await {
            Ok(Ok(())) => {}
            failed => {
                tracing::error!(?failed, "the views were not filled; another try follows");
                tokio::time::sleep(AGAIN_AFTER).await;
                if sizes.has_changed().is_err() {
                    return;
                }
                continue;
            }
        }
        let now = *projected.borrow();
        if now.saturating_sub(before) >= LINGER_FROM {
            let full = sizes.wait_for(|size| size.saturating_sub(now) >= u64::from(PAGE));
            drop(tokio::time::timeout(LINGER, full).await);
        }
        before = now;
        if sizes.wait_for(|size| *size > now).await.is_err() {
            return;
        }
    }
}

/// Waits until the views cover `records`; false when they do not within `wait_ms`.
pub(crate) async fn reached(projected: &watch::Receiver<u64>, records: u64, wait_ms: u64) -> bool {
    let mut projected = projected.clone();
    let wait = projected.wait_for(|mark| *mark >= records);
    matches!(tokio::time::timeout(std::time::Duration::from_millis(wait_ms), wait).await, Ok(Ok(_)))
}
