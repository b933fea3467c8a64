//! Jobs: what a running wallet does by itself. Each ends when the last handle to the wallet is gone.

use crate::start::StartError;
use crate::{Inner, Wallet};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use yinxin_core::Book;

/// How often half-done intentions are finished and the desk is swept.
const EVERY: Duration = Duration::from_mins(1);
/// A snapshot is taken when as many records came after the last one as the book has accounts, within these bounds: its
/// cost grows with the book, and a start replays what came later.
const SNAPSHOT_EVERY: std::ops::RangeInclusive<u64> = 50_000..=500_000;
/// A closing wallet takes a snapshot when a start would replay more than this.
const REPLAY_MAX: u64 = 1_000;
/// Withdrawals finished at once.
const CANCELLATIONS_AT_ONCE: u32 = 200;

impl Wallet {
    /// Starts the jobs; needs a tokio runtime.
    pub(crate) fn start_jobs(&self) {
        tokio::spawn(keep_house(Arc::downgrade(&self.inner)));
        tokio::spawn(keep_snapshots(Arc::downgrade(&self.inner), self.inner.writer.sizes()));
        if self.inner.writer.is_shared() {
            tokio::spawn(copy_snapshots(Arc::downgrade(&self.inner), self.inner.writer.named_snapshots()));
        }
    }

    /// Gives the lease back, where several nodes share one; else makes the next start quick. Everything recorded is durable
    /// without it.
    pub async fn close(&self) {
        if self.inner.writer.is_shared() {
            // The lease first: the other nodes need not wait for its end.
            self.inner.writer.control().close();
            self.ended().await;
            return;
        }
        let replay = self.inner.store.journal.newest_snapshot().ok().flatten().unwrap_or(0);
        if self.records().saturating_sub(replay) > REPLAY_MAX {
            self.snapshot_or_say().await;
        }
        // A writer under a lease gives it back as it ends: the next one need not wait until it runs out.
        if self.inner.writer.control().epoch() > 0 {
            self.inner.writer.control().close();
            self.ended().await;
        }
    }

    fn snapshot_every(&self) -> u64 {
        let (people, _) = self.inner.writer.book(Book::counts);
        u64::try_from(people).unwrap_or(u64::MAX).clamp(*SNAPSHOT_EVERY.start(), *SNAPSHOT_EVERY.end())
    }

    async fn snapshot_or_say(&self) {
        if let Err(error) = self.take_snapshot().await {
            tracing::error!(%error, "no snapshot was taken");
        }
    }

    async fn finish_cancellations(&self) -> Result<(), crate::WalletError> {
        for row in self.inner.store.desk.read(|desk| desk.orders_cancelling(CANCELLATIONS_AT_ONCE))? {
            if let Err(error) = self.finish_cancellation(&row).await {
                tracing::warn!(%error, "an order's withdrawal was given up");
            }
        }
        Ok(())
    }
}

async fn keep_house(inner: Weak<Inner>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(wallet) = inner.upgrade().map(|inner| Wallet { inner }) else { return };
        if !wallet.leads() {
            continue;
        }
        let done =
            [wallet.finish_intentions().await, wallet.finish_cancellations().await, wallet.sweep_desk()];
        for error in done.into_iter().filter_map(Result::err) {
            tracing::warn!(%error, "a job is left for the next minute");
        }
    }
}

async fn keep_snapshots(inner: Weak<Inner>, mut sizes: tokio::sync::watch::Receiver<u64>) {
    let mut last = *sizes.borrow();
    loop {
        let Some(wallet) = inner.upgrade().map(|inner| Wallet { inner }) else { return };
        let every = wallet.snapshot_every();
        drop(wallet);
        let due = sizes.wait_for(|size| *size >= last.saturating_add(every)).await.map(|size| *size);
        let (Ok(size), Some(wallet)) = (due, inner.upgrade().map(|inner| Wallet { inner })) else { return };
        last = size;
        if wallet.leads() {
            wallet.snapshot_or_say().await;
        }
    }
}

/// Makes each snapshot that another node names; a difference ends this node.
async fn copy_snapshots(
    inner: Weak<Inner>,
    mut named: tokio::sync::watch::Receiver<Option<crate::nodes::NamedSnapshot>>,
) {
    while named.changed().await.is_ok() {
        let Some(snapshot) = *named.borrow_and_update() else { continue };
        let Some(wallet) = inner.upgrade().map(|inner| Wallet { inner }) else { return };
        match wallet.copy_snapshot(snapshot).await {
            Ok(()) => {}
            Err(error @ (StartError::Store(_) | StartError::File { .. } | StartError::Desk(_))) => {
                tracing::warn!(%error, "another node's snapshot was not made here");
            }
            Err(error) => {
                tracing::error!(%error, "this node's book differs from the one that leads, it ends");
                wallet.inner.writer.control().end(&error.to_string());
            }
        }
    }
}
