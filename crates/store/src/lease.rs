//! The lease: who may append. One node at a time holds it, under an epoch that every append checks in its own transaction.
//!
//! In PostgreSQL it is a row beside the journal, and that server's clock alone decides. A claim succeeds when the lease has run
//! out or was released, and raises the epoch: from then on whatever an old writer sends fails with [`StoreError::Fenced`], however
//! late it arrives, and whatever it had committed is there to be read. The holder's appends and its journal's quiet moments
//! renew it. With files the lock on the data directory is the lease, and its epoch never changes.

use crate::error::StoreError;
use crate::journal::{signed, unsigned};
use crate::postgres::{Pool, Postgres};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long a lease is valid after it was claimed or renewed.
pub const LEASE_MS: i64 = 5_000;
/// How often its holder renews it at least: it may miss two renewals.
pub const RENEW_EVERY_MS: i64 = LEASE_MS / 3;
/// How often whoever waits for the lease asks for it.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// An append renews it when less than this is left.
pub(crate) const RENEW_BELOW_MS: i64 = LEASE_MS - RENEW_EVERY_MS;

/// Which reign of a writer this is. A later one has a higher number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(u64);

impl Epoch {
    /// The epoch of this number.
    #[cfg(test)]
    pub(crate) const fn of_number(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Who holds the lease now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its epoch.
    pub epoch: Epoch,
    /// The node's name.
    pub node: String,
    /// Where other nodes reach it, in whatever form they gave; empty where there is no such place.
    pub peer: String,
    /// How long the lease is still valid, by the database's clock.
    pub left_ms: i64,
}

/// The lease of one journal. Cheap to share.
pub struct Lease {
    engine: Engine,
    held: Held,
}

enum Engine {
    Files,
    Postgres(Box<Pool>),
}

/// The epoch under which this process may write, as the projector asks for it.
#[derive(Clone, Default)]
pub(crate) struct Held(Arc<AtomicU64>);

impl Held {
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.0.load(Ordering::SeqCst))
    }
}

/// The epoch of every journal that is a file.
const FILES: Epoch = Epoch(1);

impl Lease {
    pub(crate) fn of_files() -> Self {
        let held = Held::default();
        held.0.store(FILES.0, Ordering::SeqCst);
        Self { engine: Engine::Files, held }
    }

    pub(crate) fn of_postgres(postgres: &Postgres) -> Self {
        Self { engine: Engine::Postgres(Box::new(Pool::new(postgres, "journal"))), held: Held::default() }
    }

    pub(crate) fn held(&self) -> Held {
        self.held.clone()
    }

    /// Claims the lease for `node`, which other nodes reach at `peer`; `None` while somebody holds it. After a claim the
    /// caller reads the journal's tail once more: it is final for every earlier epoch.
    pub fn claim(&self, node: &str, peer: &str) -> Result<Option<Epoch>, StoreError> {
        let Engine::Postgres(pool) = &self.engine else { return Ok(Some(FILES)) };
        let sql = "UPDATE lease SET epoch = epoch + 1, node = ?1, peer = ?2,
                     until = clock_timestamp() + ?3::bigint * interval '1 ms'
                   WHERE until < clock_timestamp() RETURNING epoch";
        let rows = pool.lend()?.query(sql, &[&node, &peer, &LEASE_MS])?;
        let Some(row) = rows.first() else { return Ok(None) };
        let epoch = unsigned(row.try_get(0).map_err(crate::postgres::Failure::of)?);
        self.held.0.store(epoch, Ordering::SeqCst);
        Ok(Some(Epoch(epoch)))
    }

    /// Claims the lease as [`Lease::claim`] does, and waits for about `patience` on this thread while somebody holds it.
    pub fn claim_within(
        &self,
        node: &str,
        peer: &str,
        patience: Duration,
    ) -> Result<Option<Epoch>, StoreError> {
        let mut left = patience;
        loop {
            let claimed = self.claim(node, peer)?;
            if claimed.is_some() || left.is_zero() {
                return Ok(claimed);
            }
            let wait = ASK_EVERY.min(left);
            std::thread::park_timeout(wait);
            left = left.saturating_sub(wait);
        }
    }

    /// Renews the lease; false when another epoch began, and nothing that this node appends will be taken any more.
    pub fn renew(&self, epoch: Epoch) -> Result<bool, StoreError> {
        let Engine::Postgres(pool) = &self.engine else { return Ok(true) };
        let sql =
            "UPDATE lease SET until = clock_timestamp() + ?2::bigint * interval '1 ms' WHERE epoch = ?1";
        Ok(pool.lend()?.execute(sql, &[&signed(epoch.0)?, &LEASE_MS])? == 1)
    }

    /// Gives the lease back, so that the next writer need not wait. Appends of this epoch still succeed until somebody claims it.
    pub fn release(&self, epoch: Epoch) -> Result<(), StoreError> {
        let Engine::Postgres(pool) = &self.engine else { return Ok(()) };
        let sql = "UPDATE lease SET until = '-infinity' WHERE epoch = ?1";
        pool.lend()?.execute(sql, &[&signed(epoch.0)?])?;
        Ok(())
    }

    /// Who holds the lease, while it is valid. With files: nobody that can be named.
    pub fn holder(&self) -> Result<Option<Holder>, StoreError> {
        let Engine::Postgres(pool) = &self.engine else { return Ok(None) };
        let sql = "SELECT epoch, node, peer, (extract(epoch FROM until - clock_timestamp()) * 1000)::bigint
                   FROM lease WHERE until > clock_timestamp()";
        let rows = pool.lend()?.query(sql, &[])?;
        let Some(row) = rows.first() else { return Ok(None) };
        let of = crate::postgres::Failure::of;
        Ok(Some(Holder {
            epoch: Epoch(unsigned(row.try_get(0).map_err(of)?)),
            node: row.try_get(1).map_err(of)?,
            peer: row.try_get(2).map_err(of)?,
            left_ms: row.try_get(3).map_err(of)?,
        }))
    }
}
