//! Device PINs: counted in the journal, compared, and the server's share released for a right one.
//!
//! ```text
//! device proved ─▶ record: counted ─▶ compared ─▶ right: record: accepted ─▶ share released, text verified for 60 s
//!                                        └─ wrong: the fifth waits 15 min, the eighth 3 h, the tenth suspends
//! ```
//!
//! The server holds a hash of HMAC(device secret, PIN): it can neither read nor try PINs alone, so no blocklist can
//! be kept here; the app refuses easy PINs before it makes the HMAC. Calls without the device's proof are not counted,
//! so that a stranger cannot lock anyone out.

use crate::sessions::SessionContext;
use crate::verification::VerificationProof;
use crate::{Wallet, WalletError};
use yinxin_core::certificate::{PinTries, State};
use yinxin_core::text::sha256;
use yinxin_core::{Action, Body, CertificateId, Digest, Millis, Refusal};
use yinxin_pki::symmetric::constant_time_eq;
use yinxin_store::desk::{Custody, VerificationMethod, VerificationRow};
use zeroize::Zeroizing;

/// How long a verification of a text serves (rules § 3).
const VERIFICATION_LIFETIME_MS: i64 = 60 * Millis::SECOND;

/// A PIN as the device proves it.
pub struct PinProof {
    /// What proves the device.
    pub device_key: Zeroizing<[u8; 32]>,
    /// HMAC of the PIN under the device's secret.
    pub pin_mac: Zeroizing<[u8; 32]>,
    /// SHA-256 of a signing input: the proof verifies the person for this text too.
    pub text_hash: Option<Digest>,
}

/// The server's half of the key that seals the device's key: never shown, wiped when dropped.
pub struct Share(Zeroizing<[u8; 32]>);

impl Share {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the one answer that carries them.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

/// What the desk keeps of a device's proof.
pub(crate) fn device_key_hash(device_key: &[u8; 32]) -> Digest {
    sha256(&[b"yx/device-key/v1\0", device_key])
}

/// What the desk keeps of a PIN's HMAC.
pub(crate) fn pin_mac_hash(pin_mac: &[u8; 32]) -> Digest {
    sha256(&[b"yx/pin-mac/v1\0", pin_mac])
}

impl Wallet {
    /// Counts a PIN in the journal, compares it, and releases the server's share of the sealing key.
    ///
    /// # Errors
    /// `CertificateForeign` without the device's proof (not counted); `Wrong` with the tries left; `TooManyTries` while
    /// the certificate waits (5 wrong: 15 min, 8: 3 h); the tenth suspends: `Refused(CertificateSuspended)`.
    pub async fn prove_pin(
        &self,
        session: &SessionContext,
        certificate: CertificateId,
        proof: &PinProof,
    ) -> Result<Share, WalletError> {
        let issuance = self.own_issuance(session, certificate)?;
        let custody = self.custody_of(certificate)?;
        let Some(Custody::Pin { device_key, pin_mac, share }) = custody else {
            return Err(WalletError::CertificateWrongPurpose);
        };
        let device = device_key_hash(&proof.device_key);
        if issuance.device != session.device || !constant_time_eq(device.as_bytes(), device_key.as_bytes()) {
            return Err(WalletError::CertificateForeign);
        }
        self.key_may_be_opened(certificate)?;
        let counted = match self.submit_own(Action::CountPin { certificate }).await.map_err(WalletError::from)
        {
            Err(WalletError::Refused(Refusal::PinLocked { until })) => {
                return Err(WalletError::TooManyTries { retry_at: until });
            }
            counted => counted?,
        };
        if !constant_time_eq(pin_mac_hash(&proof.pin_mac).as_bytes(), pin_mac.as_bytes()) {
            return Err(self.reject_pin(certificate, &counted.facts.body).await);
        }
        self.submit_own(Action::AcceptPin { certificate }).await?;
        if let Some(text_hash) = proof.text_hash {
            let row = VerificationRow {
                certificate,
                text_hash,
                method: VerificationMethod::Pin,
                verified_at: self.inner.writer.now(self.now()).at,
            };
            self.inner.store.desk.write(|tx| tx.insert_verification(&row))?;
        }
        Ok(Share::new(share))
    }

    /// Demands user verification of a signed text that is not a payment, at most 60 s old. A payment's age is the
    /// book's to judge. Each of these texts answers a challenge that is used once, so the verification is too.
    ///
    /// # Errors
    /// `VerificationRequired` when there is none or it is too old; `VerificationInvalid`.
    pub(crate) fn require_verification(
        &self,
        certificate: CertificateId,
        text_hash: Digest,
        proof: Option<&VerificationProof>,
    ) -> Result<(), WalletError> {
        let proof = proof.ok_or(WalletError::VerificationRequired)?;
        let verified = self.verify_text(certificate, text_hash, proof)?;
        if self.inner.writer.now(self.now()).at.since(verified.at) <= VERIFICATION_LIFETIME_MS {
            Ok(())
        } else {
            Err(WalletError::VerificationRequired)
        }
    }

    /// A sealed key is opened to sign: a payment, an activation, the end of a suspension, a late renewal.
    fn key_may_be_opened(&self, certificate: CertificateId) -> Result<(), WalletError> {
        let now = self.now();
        let found = self.inner.writer.book(|book| {
            book.certificate(&certificate).map(|found| (found.state, now <= found.grace_until()))
        });
        match found.map(|(state, _)| state) {
            // It signs for its own successor.
            Some(State::Expired { held: None, .. }) if found.is_some_and(|(_, grace)| grace) => Ok(()),
            Some(State::Issued { .. } | State::Active { .. } | State::Suspended { .. }) => Ok(()),
            Some(State::Revoked { .. }) => Err(Refusal::CertificateRevoked.into()),
            Some(State::Superseded { .. }) => Err(Refusal::CertificateSuperseded.into()),
            Some(State::Expired { .. }) => Err(Refusal::CertificateExpired.into()),
            Some(State::Requested | State::Abandoned) => Err(Refusal::CertificateNotActive.into()),
            None => Err(WalletError::CertificateUnknown),
        }
    }

    async fn reject_pin(&self, certificate: CertificateId, counted: &Body) -> WalletError {
        match self.submit_own(Action::RejectPin { certificate }).await.map_err(WalletError::from) {
            // The tenth: the record suspends the certificate.
            Ok(_) => return Refusal::CertificateSuspended.into(),
            // Below ten, or suspended before: the book has nothing to record.
            Err(WalletError::Refused(_)) => {}
            Err(error) => return error,
        }
        let Body::PinCounted { failures, .. } = *counted else {
            return WalletError::Failed(format!("a PIN was counted as {counted:?}"));
        };
        let locked =
            self.inner.writer.book(|book| book.certificate(&certificate).map(|found| found.pin.locked_until));
        match locked.filter(|until| *until > self.now()) {
            Some(retry_at) => WalletError::TooManyTries { retry_at },
            None => {
                WalletError::Wrong { tries_left: Some(PinTries { failures, ..PinTries::default() }.left()) }
            }
        }
    }
}
