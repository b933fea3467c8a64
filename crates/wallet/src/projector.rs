//! The projector: fills the views from the journal on a thread of its own, then tells whoever listens what changed.

use crate::events::{Change, Events};
use crate::ledger::Ledger;
use crate::nodes::Standing;
use crate::notices::is_told;
use crate::start::{StartError, belong};
use crate::writer::Published;
use std::sync::Arc;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, watch};
use yinxin_core::Facts;
use yinxin_core::codec::Codec;
use yinxin_store::{JournalReader, StoredRecord, Views};

/// How long the projector waits after a failure of the store before it tries again.
const AGAIN_AFTER: std::time::Duration = std::time::Duration::from_secs(1);
/// Records projected in one transaction.
const PAGE: u32 = 1_000;
/// How long the projector waits for a fuller page while much is recorded: a page costs the same few tree pages and one
/// commit however full it is. A statement is late by no more than this.
const LINGER: std::time::Duration = std::time::Duration::from_millis(50);
/// A page with fewer records was made in a quiet time.
const LINGER_FROM: u64 = 16;
/// Nobody waits for the views while payments wait for a core.
const NICE: i32 = 10;
/// With so many records to project somebody may wait soon: a thread of ordinary priority does it.
const BEHIND: u64 = 10_000;

/// How often a node that follows looks what the leading one has projected, while something is missing.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(20);

/// Projects everything that the journal holds beyond the views' mark; `seen` hears each page.
pub(crate) fn catch_up(
    views: &Views,
    journal: &JournalReader,
    mut seen: impl FnMut(&[(u64, Facts)]),
) -> Result<(), StartError> {
    loop {
        let page = journal.records(views.mark()?, PAGE)?;
        let Some(digest) = page.last().map(|record| record.digest) else { return Ok(()) };
        let records = decoded(&page)?;
        views.project(&records, digest)?;
        seen(&records);
    }
}

fn decoded(page: &[StoredRecord]) -> Result<Vec<(u64, Facts)>, StartError> {
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
    /// Names the records that tell people something.
    pub(crate) told: mpsc::UnboundedSender<u64>,
}

impl Projector {
    /// Starts it on a thread of its own, which ends when the writer is gone.
    pub(crate) fn start(
        self,
        sizes: watch::Receiver<u64>,
        standing: watch::Receiver<Standing>,
    ) -> std::io::Result<()> {
        let ordinary = Handle::current();
        let runtime = Builder::new_current_thread().enable_time().build()?;
        std::thread::Builder::new().name("projector".to_owned()).spawn(move || {
            // Linux gives each thread a priority of its own; elsewhere, and where it is refused, it works beside the others.
            let _ = rustix::process::setpriority_process(None, NICE);
            runtime.block_on(self.run(sizes, standing, &ordinary));
        })?;
        Ok(())
    }

    async fn run(
        self,
        mut sizes: watch::Receiver<u64>,
        mut standing: watch::Receiver<Standing>,
        ordinary: &Handle,
    ) {
        let mut before = *self.projected.borrow();
        // Who works alone has compared them at the start.
        let mut compared = *standing.borrow() == Standing::Leading;
        loop {
            let leads = *standing.borrow_and_update() == Standing::Leading;
            let worker = self.clone();
            let compare = leads && !compared;
            let work = move || {
                worker.tell(worker.views.mark()?)?;
                if compare {
                    worker.compare()?;
                }
                if leads { worker.project() } else { Ok(()) }
            };
            let behind = sizes.borrow().saturating_sub(*self.projected.borrow());
            let done = if behind > BEHIND {
                ordinary.spawn_blocking(work).await.map_err(|error| error.to_string())
            } else {
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
                    .map_err(|_| "a panic in the projector".to_owned())
            };
            let is_behind = match done {
                Ok(Ok(())) => {
                    compared = leads;
                    !leads && *self.projected.borrow() < *sizes.borrow()
                }
                failed @ (Ok(Err(_)) | Err(_)) => {
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

    /// A node that leads from now on makes the views anew where they are not those of its own book's journal.
    fn compare(&self) -> Result<(), StartError> {
        if belong(&self.views, &self.journal, self.published.look(Ledger::size))? {
            return Ok(());
        }
        tracing::warn!("the views differ from the journal and are made anew");
        Ok(self.views.clear()?)
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
            let records = decoded(&self.journal.records(told, most)?)?;
            if records.is_empty() {
                return Ok(());
            }
            self.seen(&records);
        }
    }

    fn seen(&self, records: &[(u64, Facts)]) {
        for (index, _) in records.iter().filter(|(_, facts)| is_told(facts)) {
            // Named before they are seen as projected: whoever hears of the size has heard of them.
            let _ = self.told.send(*index);
        }
        if let Some((last, _)) = records.last() {
            self.projected.send_replace(last + 1);
        }
        if !self.events.is_heard() {
            return;
        }
        // The writer waits for whoever looks at the book: nobody is told anything meanwhile.
        let changes: Vec<Option<Change>> = self.published.look(|ledger| {
            records.iter().map(|(index, facts)| Change::of(*index, facts, &ledger.book)).collect()
        });
        for change in changes {
            self.events.tell(change);
        }
    }
}

/// Waits until the views cover `records`; false when they do not within `wait_ms`.
pub(crate) async fn reached(projected: &watch::Receiver<u64>, records: u64, wait_ms: u64) -> bool {
    let mut projected = projected.clone();
    let wait = projected.wait_for(|mark| *mark >= records);
    matches!(tokio::time::timeout(std::time::Duration::from_millis(wait_ms), wait).await, Ok(Ok(_)))
}
