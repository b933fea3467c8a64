//! What a recovery key does: it shows that its file opens, it suspends, and it speaks for a new device beside password and code.

use super::KitView;
use crate::certificates::SignedText;
use crate::guessing::Budget;
use crate::sessions::SessionContext;
use crate::{Wallet, WalletError};
use std::net::IpAddr;
use yinxin_core::certificate::{Purpose, State, SuspendedBy};
use yinxin_core::kit::KitUse;
use yinxin_core::text::{RecoveryPurpose, RecoveryText, TYP_RECOVERY};
use yinxin_core::{Action, CertificateId, Digest, PersonId, Refusal};
use yinxin_pki::{Jws, PublicKey};
use yinxin_store::desk::{ChallengePurpose, KitRow};

/// What a challenge for a recovery key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KitTask {
    /// A drill.
    Drill,
    /// A suspension.
    Suspend,
}

/// What a kit put on hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuspendedWithKit {
    /// How many payment certificates it put on hold just now.
    pub suspended: usize,
}

/// A text of a recovery key, checked: signature, deployment, and that the kit is this one.
pub(crate) struct KitProof {
    pub(crate) row: KitRow,
    pub(crate) text: RecoveryText,
    jws: Jws,
}

/// A recovery key that spoke for a new device.
pub(crate) struct KitReissue {
    pub(crate) kit: CertificateId,
    /// SHA-256 of the device's request.
    pub(crate) request: Digest,
    /// The hash of the text.
    pub(crate) hash: Digest,
    /// The text, flattened JWS.
    pub(crate) evidence: String,
}

impl KitProof {
    fn evidence(&self) -> Vec<u8> {
        self.jws.clone().normalised().to_flattened().into_bytes()
    }
}

impl Wallet {
    /// Hands out what a recovery key signs. Needs no session: whoever opens the kit may have lost everything else, and a
    /// challenge alone is worth nothing.
    ///
    /// # Errors
    /// `CertificateUnknown`; `TooManyTries` for an address that asks too often.
    pub fn kit_use_challenge(
        &self,
        address: IpAddr,
        kit: CertificateId,
        what_for: KitTask,
    ) -> Result<[u8; 32], WalletError> {
        if let Some(budget) = Budget::address(address) {
            self.count_guess(&[budget])?;
        }
        let row = self.kit_row(kit)?;
        let purpose = match what_for {
            KitTask::Drill => ChallengePurpose::KitDrill,
            KitTask::Suspend => {
                self.kit_may_be_used(&row, KitUse::Suspend)?;
                ChallengePurpose::KitSuspend
            }
        };
        self.draw_challenge(purpose, kit)
    }

    /// 「验证备份」: the recovery key signed a challenge. The first one puts a new kit into use and ends the one before it.
    ///
    /// # Errors
    /// Those of the signed text; `CertificateForeign` for another person's kit; `Reauthenticate` when the challenge is over; a
    /// refusal when the kit has ended.
    pub async fn drill_kit(
        &self,
        session: &SessionContext,
        text: &SignedText,
    ) -> Result<KitView, WalletError> {
        let proof = self.read_kit_proof(text)?;
        let kit = proof.row.certificate;
        if proof.row.person != session.person {
            return Err(WalletError::CertificateForeign);
        }
        if proof.text.purpose != RecoveryPurpose::Drill {
            return Err(WalletError::RequestInvalid);
        }
        let state = self.state_of(kit)?;
        let waits = matches!(state, State::Issued { .. });
        if waits && !self.kit_still_waits(&proof.row, state) {
            return Err(WalletError::KitInvalid);
        }
        self.use_challenge(&proof.text.challenge, ChallengePurpose::KitDrill, kit)?;
        if waits {
            let action = Action::Activate { certificate: kit };
            self.submit(&[b"kit-activate", kit.as_bytes()], action, proof.evidence()).await?;
            self.inner.store.desk.write(|tx| tx.mark_kit_recorded(kit))?;
        } else {
            self.kit_may_be_used(&proof.row, KitUse::Drill)?;
            self.record_kit_use(&proof, KitUse::Drill).await?;
            let now = self.now();
            self.inner.store.desk.write(|tx| tx.note_drill(kit, now))?;
        }
        self.kit_view(&self.kit_row(kit)?)
    }

    /// Suspends every payment certificate of the kit's owner, at once and without a session.
    ///
    /// # Errors
    /// Those of the signed text; `Reauthenticate` when the challenge is over; a refusal when the kit has ended.
    pub async fn suspend_with_kit(&self, text: &SignedText) -> Result<SuspendedWithKit, WalletError> {
        let proof = self.read_kit_proof(text)?;
        if proof.text.purpose != RecoveryPurpose::Suspend {
            return Err(WalletError::RequestInvalid);
        }
        let kit = proof.row.certificate;
        self.kit_may_be_used(&proof.row, KitUse::Suspend)?;
        self.use_challenge(&proof.text.challenge, ChallengePurpose::KitSuspend, kit)?;
        self.record_kit_use(&proof, KitUse::Suspend).await?;
        let mut suspended = 0;
        for certificate in self.active_payment_certificates(proof.row.person) {
            let action = Action::Suspend { certificate, by: SuspendedBy::Person };
            let intention: [&[u8]; 3] =
                [b"kit-suspend", certificate.as_bytes(), proof.text.challenge.as_bytes()];
            match self.submit(&intention, action, proof.evidence()).await {
                Ok(_) => suspended += 1,
                // Another end came first.
                Err(WalletError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(SuspendedWithKit { suspended })
    }

    /// Checks that a recovery key of `person` speaks for a request under this nonce, and records the use. What else a reissue
    /// needs (password, code) is the caller's to check before.
    pub(crate) async fn use_kit_for_reissue(
        &self,
        person: PersonId,
        nonce: [u8; 32],
        text: &SignedText,
    ) -> Result<KitReissue, WalletError> {
        let proof = self.read_kit_proof(text)?;
        if proof.row.person != person {
            return Err(WalletError::CertificateForeign);
        }
        let RecoveryPurpose::Reissue { request } = proof.text.purpose else {
            return Err(WalletError::RequestInvalid);
        };
        if *proof.text.challenge.as_bytes() != nonce {
            return Err(WalletError::RequestInvalid);
        }
        self.kit_may_be_used(&proof.row, KitUse::Reissue)?;
        self.record_kit_use(&proof, KitUse::Reissue).await?;
        Ok(KitReissue {
            kit: proof.row.certificate,
            request,
            hash: Digest::from_bytes(proof.jws.signing_input_hash()),
            evidence: proof.jws.normalised().to_flattened(),
        })
    }

    /// Reads a text of a recovery key: known, signed by it, for this deployment.
    fn read_kit_proof(&self, text: &SignedText) -> Result<KitProof, WalletError> {
        let jws = text.read(TYP_RECOVERY)?;
        let text = RecoveryText::parse(jws.payload())?;
        let row = self.kit_row(text.kit)?;
        if row.thumbprint.map(|thumbprint| *thumbprint.as_bytes()) != Some(jws.header().thumbprint) {
            return Err(WalletError::CertificateForeign);
        }
        let key =
            PublicKey::from_spki_der(&row.key).map_err(|error| WalletError::Failed(error.to_string()))?;
        jws.verify(&key)?;
        if text.audience != self.inner.settings.origin {
            return Err(WalletError::AudienceMismatch);
        }
        Ok(KitProof { row, text, jws })
    }

    /// Says in the kit's own words when it does not serve; the writer looks again.
    fn kit_may_be_used(&self, row: &KitRow, used_for: KitUse) -> Result<(), WalletError> {
        let now = self.now();
        let usable = self
            .inner
            .writer
            .book(|book| book.certificate(&row.certificate).map(|kit| kit.may_recover(used_for, now)));
        match usable.ok_or(WalletError::KitInvalid)? {
            Err(young @ Refusal::KitYoung { .. }) => Err(young.into()),
            Err(_) => Err(WalletError::KitInvalid),
            Ok(()) => Ok(()),
        }
    }

    async fn record_kit_use(&self, proof: &KitProof, used_for: KitUse) -> Result<(), WalletError> {
        let action = Action::UseKit { certificate: proof.row.certificate, used_for };
        self.submit(&[b"kit-use", proof.text.challenge.as_bytes()], action, proof.evidence()).await?;
        Ok(())
    }

    fn active_payment_certificates(&self, person: PersonId) -> Vec<CertificateId> {
        self.inner.writer.book(|book| {
            let Some(person) = book.person(&person) else { return Vec::new() };
            let active = person.certificates.iter().filter(|id| {
                book.certificate(id).is_some_and(|found| {
                    found.purpose == Purpose::Payment && matches!(found.state, State::Active { .. })
                })
            });
            active.copied().collect()
        })
    }
}
