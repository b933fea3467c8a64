//! Idempotency keys: the same request with the same key has one effect and one answer.

use crate::{Wallet, WalletError};
use std::time::Duration;
use tokio::sync::Notify;
use yinxin_core::text::sha256;
use yinxin_core::{Digest, Millis};
use yinxin_pki::symmetric::hmac_sha256;
use yinxin_store::desk::{Claim, KeptAnswer};

/// The longest key; visible ASCII only.
const KEY_MAX_BYTES: usize = 64;

/// A claim without an answer passes on after this: its holder has vanished.
const STALE_MS: i64 = Millis::MINUTE;

/// How long a request waits for the answer of the same request in flight.
const WAIT_MS: u64 = 5_000;

/// How often the desk is asked again where the same request may be in flight on another node.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Wakes those who wait for an answer. One for the process: a wait is rare and ends in one look.
static ANSWERED: Notify = Notify::const_new();

/// One request that holds its key. Finish it with [`Wallet::keep_answer`] or [`Wallet::release_key`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedKey {
    caller: String,
    route: String,
    key: String,
}

impl ClaimedKey {
    fn name(&self) -> (&str, &str, &str) {
        (&self.caller, &self.route, &self.key)
    }

    /// A digest of caller, route and key: the intention that this request stands for.
    #[must_use]
    pub fn intention(&self) -> Digest {
        let parts = [self.caller.as_bytes(), b"\0", self.route.as_bytes(), b"\0", self.key.as_bytes()];
        sha256(&[b"yx/intention/v1\0", &parts.concat()])
    }
}

/// What a key led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Go on, then finish.
    Proceed(ClaimedKey),
    /// It was done: this was the answer.
    Answered(KeptAnswer),
}

impl Wallet {
    /// Claims `key` of `caller` (a person's id, a merchant's, or what names a stranger) on `route` for this body.
    ///
    /// The same request in flight is waited for.
    ///
    /// # Errors
    /// `Malformed` for a key that is not 1–64 visible ASCII characters, `IdempotencyConflict` for
    /// another body, `Busy` when the request in flight takes too long.
    pub async fn begin_request(
        &self,
        caller: &str,
        route: &str,
        key: &str,
        body: &[u8],
    ) -> Result<Begun, WalletError> {
        if key.is_empty() || key.len() > KEY_MAX_BYTES || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(WalletError::Malformed);
        }
        let claimed = ClaimedKey { caller: caller.to_owned(), route: route.to_owned(), key: key.to_owned() };
        let body_hash = self.body_hash(body);
        let answer = tokio::time::timeout(Duration::from_millis(WAIT_MS), self.claim(&claimed, body_hash));
        match answer.await {
            Ok(claim) => match claim? {
                Claim::Started => Ok(Begun::Proceed(claimed)),
                Claim::Answered(answer) => Ok(Begun::Answered(answer)),
                Claim::Conflict => Err(WalletError::IdempotencyConflict),
                Claim::InFlight => Err(WalletError::Busy),
            },
            Err(_) => Err(WalletError::Busy),
        }
    }

    /// Whether nobody has used `key` so far; nothing is written down.
    pub fn is_key_free(
        &self,
        caller: &str,
        route: &str,
        key: &str,
        body: &[u8],
    ) -> Result<bool, WalletError> {
        let body_hash = self.body_hash(body);
        let now = self.now();
        let name = (caller, route, key);
        let stands = self.inner.store.desk.read(|desk| desk.look_at_key(name, body_hash, STALE_MS, now))?;
        Ok(stands.is_none())
    }

    /// Keeps the answer of a request: every repetition gets it.
    pub fn keep_answer(&self, claimed: &ClaimedKey, status: u16, body: &[u8]) -> Result<(), WalletError> {
        let answer = KeptAnswer { status, body: body.to_vec() };
        self.inner.store.desk.write(|tx| tx.keep_answer(claimed.name(), &answer))?;
        ANSWERED.notify_waiters();
        Ok(())
    }

    /// Lets a key go after an answer that may be tried again (busy, a wrong code).
    pub fn release_key(&self, claimed: &ClaimedKey) -> Result<(), WalletError> {
        self.inner.store.desk.write(|tx| tx.release_key(claimed.name()))?;
        ANSWERED.notify_waiters();
        Ok(())
    }

    /// Keyed: a body may hold a guess of a secret, and its plain hash would tell it.
    fn body_hash(&self, body: &[u8]) -> Digest {
        Digest::from_bytes(hmac_sha256(&self.inner.pepper, body))
    }

    async fn claim(&self, claimed: &ClaimedKey, body_hash: Digest) -> Result<Claim, WalletError> {
        loop {
            let answered = ANSWERED.notified();
            tokio::pin!(answered);
            // Listen before looking: an answer kept in between would be missed.
            answered.as_mut().enable();
            let now = self.now();
            match self.inner.store.desk.write(|tx| tx.claim_key(claimed.name(), body_hash, STALE_MS, now))? {
                Claim::InFlight if self.has_peers() => {
                    // It may be in flight on another node, whose answer wakes nobody here.
                    drop(tokio::time::timeout(LOOK_AGAIN, answered).await);
                }
                Claim::InFlight => answered.await,
                done @ (Claim::Started | Claim::Answered(_) | Claim::Conflict) => return Ok(done),
            }
        }
    }
}
