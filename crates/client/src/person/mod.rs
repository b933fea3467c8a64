//! A person at their device: registration, enrolment, payments. What it returns was checked here.
//!
//! ```text
//! payment:  quote ─▶ payee, fee and chain are what was asked ─▶ sign ─▶ OutBox ─▶ send, identical bytes on every retry
//!           ─▶ record = signed text ─▶ inclusion proof ─▶ checkpoint under the pinned key ─▶ continues the kept one
//! ```

mod enrolment;
mod payment;

pub use enrolment::Renewing;
pub use payment::{CheckedOrder, Transfer};

use crate::answers::{Deployment, Me};
use crate::api::Api;
use crate::clock::Clocks;
use crate::device_key::DeviceKey;
use crate::error::ClientError;
use crate::log_link;
use crate::outbox::OutBox;
use crate::receipt::{Expected, Receipt, ReceiptError, check};
use crate::requests::DeviceKind;
use crate::watch::{Continuity, LogWatch};
use serde::Serialize;
use yinxin_core::{Currency, Minor};
use yinxin_tlog::{Checkpoint, Hash, VerifierKey};

/// What a person fills in to register.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Registration<'a> {
    /// The phone, `+8613800138000`.
    pub phone: &'a str,
    /// The code that was sent to it.
    pub code: &'a str,
    /// The log-in password.
    pub password: &'a str,
    /// The own name.
    pub name: &'a str,
    /// The kind of this device.
    pub device_kind: DeviceKind,
}

/// A person at one deployment, with this device's key once there is one. `&mut self`: one signer for each device.
pub struct Person {
    api: Api,
    clocks: Clocks,
    deployment: Deployment,
    currency: Currency,
    log: LogWatch,
    key: Option<DeviceKey>,
    outbox: OutBox,
}

impl Person {
    /// Asks the deployment what it is. Its log key is pinned from this answer when no device key pins an earlier one.
    pub async fn arrive(api: Api, clocks: Clocks) -> Result<Self, ClientError> {
        let deployment = api.deployment().await?;
        let key = VerifierKey::parse(&deployment.log.key).map_err(|_| ClientError::Answer("log key"))?;
        let currency = deployment.currency.code.parse().map_err(|_| ClientError::Answer("currency"))?;
        let log = LogWatch::new(key, None);
        Ok(Self { api, clocks, deployment, currency, log, key: None, outbox: OutBox::in_memory() })
    }

    /// Uses a device key that holds a certificate of this deployment, and the out-box kept beside it. `newest`: a
    /// checkpoint that was kept elsewhere, instead of the out-box's.
    ///
    /// # Errors
    /// `OtherDeployment` when the origin is not the pinned one, or the log's key neither that nor vouched for by it; `Refused`
    /// when a restored log lacks what this device has seen.
    pub fn with_key(
        mut self,
        key: DeviceKey,
        outbox: OutBox,
        newest: Option<Checkpoint>,
    ) -> Result<Self, ClientError> {
        let held = key.held()?;
        if held.origin != self.deployment.origin {
            return Err(ClientError::OtherDeployment("origin"));
        }
        let newest = newest.or_else(|| outbox.checkpoint().cloned());
        let now = self.log.key().to_string();
        if held.log_key != now {
            let carried = log_link::carried(&held.log_key, &now, &self.deployment.log.previous)
                .ok_or(ClientError::OtherDeployment("log key"))?;
            if newest.as_ref().is_some_and(|seen| seen.size > carried && seen.origin != self.log.key().name())
            {
                return Err(ClientError::Refused(
                    "the operator restored a backup that lacks records seen here",
                ));
            }
        }
        self.log = LogWatch::new(self.log.key().clone(), newest);
        self.key = Some(key);
        self.outbox = outbox;
        Ok(self)
    }

    /// The API in this person's name.
    #[must_use]
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// What the deployment says about itself.
    #[must_use]
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The device key, once enrolled.
    #[must_use]
    pub fn key(&self) -> Option<&DeviceKey> {
        self.key.as_ref()
    }

    /// The log as it was last seen; keep its newest checkpoint.
    #[must_use]
    pub fn log(&self) -> &LogWatch {
        &self.log
    }

    /// The authorisation whose outcome is not known, and the chain's head.
    #[must_use]
    pub fn outbox(&self) -> &OutBox {
        &self.outbox
    }

    /// Registers with a code that [`Api::send_code`] sent; signed in afterwards.
    pub async fn register(&self, person: &Registration<'_>) -> Result<Me, ClientError> {
        self.api.register(person).await
    }

    /// Signs in; `code` once the server asked for it with `verify.code_required`.
    pub async fn log_in(
        &self,
        login: &str,
        password: &str,
        code: Option<&str>,
        device_kind: DeviceKind,
    ) -> Result<Me, ClientError> {
        self.api.log_in(login, password, code, device_kind).await
    }

    /// Puts demonstration money in.
    pub async fn top_up(&self, amount: Minor) -> Result<Me, ClientError> {
        self.api.top_up(amount).await
    }

    /// Takes the newest checkpoint and checks that it continues the one that was kept.
    pub async fn look_at_log(&mut self) -> Result<Continuity, ClientError> {
        let note = self.api.checkpoint().await?;
        let checkpoint = self.log.open(&note)?;
        self.keep_checkpoint(checkpoint).await
    }

    /// Checks what the server recorded against what was signed, and that its log goes on as it was.
    async fn believe(
        &mut self,
        acceptance: crate::answers::Acceptance,
        expected: &Expected<'_>,
    ) -> Result<Receipt, ClientError> {
        let mut receipt = check(acceptance, expected, &self.log)?;
        receipt.continuity = self.keep_checkpoint(receipt.checkpoint.clone()).await?;
        Ok(receipt)
    }

    async fn keep_checkpoint(&mut self, checkpoint: Checkpoint) -> Result<Continuity, ClientError> {
        let proof = match self.log.gap(&checkpoint) {
            // A proof that does not come is not a contradiction: the receipt stands, and says `Unproven`.
            Some((old, new)) => self.api.consistency(old, new).await.unwrap_or(None),
            None => None,
        };
        let hashes: Option<Vec<Hash>> =
            proof.map(|answer| answer.proof.iter().map(|hash| Hash(*hash.as_bytes())).collect());
        let continuity = self.log.take(checkpoint, hashes.as_deref()).map_err(ReceiptError::Checkpoint)?;
        if let Some(newest) = self.log.newest() {
            self.outbox.keep_checkpoint(newest)?;
        }
        Ok(continuity)
    }

    fn held_key(&self) -> Result<&DeviceKey, ClientError> {
        self.key.as_ref().ok_or(ClientError::NoCertificate)
    }
}
