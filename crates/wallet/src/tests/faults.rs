//! Commits that fail, clocks that jump.

use super::world::{Engine, World, code, on_both_engines, options};
use crate::Wallet;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use yinxin_store::{Batch, Journal, StoreError};

on_both_engines!(
    a_commit_error_at_any_batch_loses_and_doubles_nothing,
    nothing_is_posted_while_the_clock_is_wrong,
);

/// Fails one commit: before it reaches the disk, or after, with its answer lost.
pub(super) struct FailingJournal {
    pub(super) inner: Box<dyn Journal>,
    pub(super) commits: Arc<AtomicU64>,
    pub(super) fail_at: u64,
    pub(super) reaches_disk: bool,
}

impl Journal for FailingJournal {
    fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let this = self.commits.fetch_add(1, Ordering::SeqCst);
        if this == self.fail_at {
            if self.reaches_disk {
                self.inner.append(batch)?;
            }
            return Err(StoreError::Failed("made to fail".to_owned()));
        }
        self.inner.append(batch)
    }

    fn erase_disclosures(&mut self, index: u64) -> Result<(), StoreError> {
        self.inner.erase_disclosures(index)
    }

    fn tidy(&mut self) -> Result<(), StoreError> {
        self.inner.tidy()
    }
}

async fn a_commit_error_at_any_batch_loses_and_doubles_nothing(engine: Engine) {
    // The store's own suite loses answers of PostgreSQL for real; here the rest of the wallet meets two of them.
    let batches = if engine == Engine::Files { 0..6 } else { 1..2 };
    for (fail_at, reaches_disk) in batches.flat_map(|at| [(at, false), (at, true)]) {
        let world = World::on(engine);
        let (payer, payee) = (world.phone("13800000001", 50_000).await, world.phone("13800000002", 0).await);
        let commits = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&commits);
        let closed = world.close().await;
        let wallet = Wallet::open_with(closed.home(), options(), closed.ports(), |inner| {
            Box::new(FailingJournal { inner, commits: counted, fail_at, reaches_disk })
        })
        .unwrap();
        let world = closed.with(wallet);
        let mut heads: BTreeMap<u64, String> = BTreeMap::new();
        let mut pending = 0;
        for round in 1..=8 {
            let wish = payer.transfer(&world, payee.session.account, 100);
            // The same bytes again until there is an answer, as a phone does.
            let acceptance = loop {
                match world.wallet.pay(&payer.session, wish.clone()).await {
                    Ok(acceptance) => break acceptance,
                    Err(error) => {
                        assert_eq!(error.code(), "payment.result_pending");
                        pending += 1;
                    }
                }
            };
            assert_eq!(acceptance.refusal, None);
            assert_eq!(
                world.balance(payee.session.account),
                100 * round,
                "fails at {fail_at}, {reaches_disk}"
            );
            let size = acceptance.checkpoint.lines().nth(1).unwrap().parse().unwrap();
            let root = acceptance.checkpoint.lines().nth(2).unwrap().to_owned();
            assert_eq!(heads.entry(size).or_insert_with(|| root.clone()), &root, "two roots for one size");
        }
        assert_eq!(pending, 1);
        world.balances();
        let records = world.wallet.records();
        assert_eq!(world.close().await.open(options()).unwrap().records(), records);
    }
}

async fn nothing_is_posted_while_the_clock_is_wrong(engine: Engine) {
    let world = World::on(engine);
    let (payer, payee) = (world.phone("13800000001", 50_000).await, world.phone("13800000002", 0).await);
    let wish = payer.transfer(&world, payee.session.account, 100);
    let before = world.wallet.records();
    for jump in [6_000, -12_000] {
        world.clock.jump(jump);
        assert_eq!(code(&world.wallet.pay(&payer.session, wish.clone()).await), Some("service.clock"));
    }
    world.clock.jump(6_000);
    assert_eq!(world.wallet.records(), before);
    assert_eq!(code(&world.wallet.pay(&payer.session, wish).await), None);
}
