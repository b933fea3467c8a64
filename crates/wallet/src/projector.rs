//! The projector: fills the views from the journal on a thread of its own, then tells whoever listens what changed.

use crate::events::{Change, Events};
use crate::ledger::Ledger;
use crate::nodes::Standing;
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
const LINGER: std::time::Duration = std::time::Duration::from_millis(100);
/// A page with fewer records was made in a quiet time.
const LINGER_FROM: u64 = 16;

/// How often a node that follows looks what the leading one has projected, while something is missing.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(20);

/// Projects everything that the journal holds beyond the views' mark; `seen` hears each page.
pub(crate) fn catch_up(
    views: &Views,
    journal: &JournalReader,
    seen: impl FnMut(&[(u64, Facts)]),
) -> Result<(), StartError> {
    catch_up_until(views, journal, u64::MAX, seen)
}

/// The same, up to `until` records in all.
fn catch_up_until(
    views: &Views,
    journal: &JournalReader,
    until: u64,
    mut seen: impl FnMut(&[(u64, Facts)]),
) -> Result<(), StartError> {
    loop {
        let mark = views.mark()?;
        let most = u32::try_from(until.saturating_sub(mark)).unwrap_or(PAGE).min(PAGE);
        let records = if most == 0 { Vec::new() } else { decoded(journal, mark, most)? };
        if records.is_empty() {
            return Ok(());
        }
        views.project(&records)?;
        seen(&records);
    }
}

fn decoded(journal: &JournalReader, from: u64, most: u32) -> Result<Vec<(u64, Facts)>, StartError> {
    let page = journal.records(from, most)?;
    let decoded = page.iter().map(|record| {
        let corrupt = |error: yinxin_core::codec::CodecError| StartError::Journal {
            index: record.index,
            reason: error.to_string(),
        };
        Facts::from_bytes_exact(&record.facts).map(|facts| (record.index, facts)).map_err(corrupt)
    });
    decoded.collect()
}

/// Fills the views where this node leads, watches them where it follows, and tells what changed on both.
#[derive(Clone)]
pub(crate) struct Projector {
    pub(crate) published: Published,
    pub(crate) views: Arc<Views>,
    pub(crate) journal: Arc<JournalReader>,
    pub(crate) events: Events,
    /// Records that the views show, as far as this node has told of them.
    pub(crate) projected: watch::Sender<u64>,
}

impl Projector {
    /// Runs until the writer is gone.
    pub(crate) async fn run(self, mut sizes: watch::Receiver<u64>, mut standing: watch::Receiver<Standing>) {
        let mut before = *self.projected.borrow();
        // Who works alone has compared them at the start.
        let mut compared = *standing.borrow() == Standing::Leading;
        loop {
            let leads = *standing.borrow_and_update() == Standing::Leading;
            let worker = self.clone();
            let compare = leads && !compared;
            let done = tokio::task::spawn_blocking(move || {
                worker.tell(worker.views.mark()?)?;
                if compare {
                    worker.compare()?;
                }
                if leads { worker.project() } else { Ok(()) }
            });
            let is_behind = match done.await {
                Ok(Ok(())) => {
                    compared = leads;
                    !leads && *self.projected.borrow() < *sizes.borrow()
                }
                failed => {
                    tracing::error!(?failed, "the views were not filled; another try follows");
                    tokio::time::sleep(AGAIN_AFTER).await;
                    if sizes.has_changed().is_err() {
                        return;
                    }
                    continue;
                }
            };
            let now = *self.projected.borrow();
            if leads && now.saturating_sub(before) >= LINGER_FROM {
                let full = sizes.wait_for(|size| size.saturating_sub(now) >= u64::from(PAGE));
                drop(tokio::time::timeout(LINGER, full).await);
            }
            before = now;
            let more = if is_behind {
                tokio::time::sleep(LOOK_EVERY).await;
                sizes.has_changed().map(drop)
            } else {
                tokio::select! {
                    more = sizes.wait_for(|size| *size > now) => more.map(drop),
                    changed = standing.changed() => changed,
                }
            };
            if more.is_err() {
                return;
            }
        }
    }

    fn project(&self) -> Result<(), StartError> {
        catch_up(&self.views, &self.journal, |records| self.seen(records))
    }

    /// A node that leads from now on trusts no view that an earlier one left: it fills them up to its own book, and makes
    /// them anew where a balance differs, so that a changed row never becomes money.
    fn compare(&self) -> Result<(), StartError> {
        let (until, balances) = self.published.look(|ledger| {
            let balances: Vec<_> =
                ledger.book.accounts().map(|(id, account)| (*id, account.balance)).collect();
            (ledger.size(), balances)
        });
        catch_up_until(&self.views, &self.journal, until, |records| self.seen(records))?;
        if self.views.mark()? == until && self.views.balances()? == balances {
            return Ok(());
        }
        tracing::warn!("the views differ from the journal and are made anew");
        self.views.clear()?;
        catch_up_until(&self.views, &self.journal, until, |records| {
            self.projected.send_replace(records.last().map_or(0, |(last, _)| last + 1));
        })?;
        if self.views.balances()? == balances {
            return Ok(());
        }
        let reason = "the views do not give the book's balances".to_owned();
        Err(StartError::Journal { index: until, reason })
    }

    /// Tells of what another node has projected, as far as this one knows the records.
    fn tell(&self, mark: u64) -> Result<(), StartError> {
        let until = mark.min(self.published.look(Ledger::size));
        loop {
            let told = *self.projected.borrow();
            if told >= until {
                return Ok(());
            }
            let most = u32::try_from(until - told).unwrap_or(PAGE).min(PAGE);
            let records = decoded(&self.journal, told, most)?;
            if records.is_empty() {
                return Ok(());
            }
            self.seen(&records);
        }
    }

    fn seen(&self, records: &[(u64, Facts)]) {
        if let Some((last, _)) = records.last() {
            self.projected.send_replace(last + 1);
        }
        for (index, facts) in records {
            self.published.look(|ledger| self.events.tell(Change::of(*index, facts, &ledger.book)));
        }
    }
}

/// Waits until the views cover `records`; false when they do not within `wait_ms`.
pub(crate) async fn reached(projected: &watch::Receiver<u64>, records: u64, wait_ms: u64) -> bool {
    let mut projected = projected.clone();
    let wait = projected.wait_for(|mark| *mark >= records);
    matches!(tokio::time::timeout(std::time::Duration::from_millis(wait_ms), wait).await, Ok(Ok(_)))
}
