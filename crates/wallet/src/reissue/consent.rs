//! A device at hand consents to another one's request: each has scanned what the other showed.

use super::ReissueWay;
use crate::certificates::SignedText;
use crate::codes::DeviceKind;
use crate::enrolment::Enrolment;
use crate::sessions::SessionContext;
use crate::verification::VerificationProof;
use crate::{Wallet, WalletError};
use yinxin_core::reissue::{Proof, Stays};
use yinxin_core::text::{CertificatePurpose, CertificateText, TYP_CERTIFICATE};
use yinxin_core::{CertificateId, Digest, EnrolmentId, Millis, Thumbprint};
use yinxin_pki::Jws;
use yinxin_store::desk::{EnrolmentRow, EnrolmentState, IssuanceRow, ReissueConsent, ReissueRow};

/// What a device at hand is asked to consent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReissueOffer {
    /// The enrolment on the other device.
    pub enrolment: EnrolmentId,
    /// Whether it moves, or vouches for a phone whose key is gone.
    pub way: ReissueWay,
    /// What the other device calls itself.
    pub device_kind: DeviceKind,
    /// When it began.
    pub created_at: Millis,
    /// When it ends by itself.
    pub expires_at: Millis,
}

impl Wallet {
    /// What another device of mine asks this one for.
    ///
    /// # Errors
    /// `EnrolmentNotFound` when it is another person's, on this very device, or asks no device; `EnrolmentExpired`.
    pub fn reissue_offer(
        &self,
        session: &SessionContext,
        enrolment: EnrolmentId,
    ) -> Result<ReissueOffer, WalletError> {
        let (row, reissue) = self.offered(session, enrolment)?;
        let device = self.inner.store.desk.read(|tx| tx.device(row.device))?;
        Ok(ReissueOffer {
            enrolment,
            way: reissue.way,
            device_kind: device.map_or(DeviceKind::Other, |device| device.kind),
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }

    /// This device consents: its key signed the other one's request and what that showed, its person verified.
    ///
    /// # Errors
    /// Those of [`Wallet::reissue_offer`], of the signed text and of the verification; `RequestInvalid` for another purpose
    /// or another code; a refusal where this certificate may not vouch.
    pub async fn consent_to_reissue(
        &self,
        session: &SessionContext,
        enrolment: EnrolmentId,
        text: &SignedText,
        verification: &VerificationProof,
    ) -> Result<(), WalletError> {
        let (row, reissue) = self.offered(session, enrolment)?;
        let issuance = self.signer_here(session, text)?;
        let (jws, consent) = self.read_consent(text, &issuance)?;
        let by = issuance.certificate;
        let (request_hash, replaces) = match (reissue.way, consent.purpose) {
            (ReissueWay::Device, CertificatePurpose::Move { request, keep }) => {
                (request, (!keep).then_some(by))
            }
            (ReissueWay::Vouch, CertificatePurpose::Reissue { request }) => {
                (request, self.key_gone(&row, by)?)
            }
            (
                ReissueWay::Secrets
                | ReissueWay::Device
                | ReissueWay::Vouch
                | ReissueWay::Passkey
                | ReissueWay::Kit,
                CertificatePurpose::Activate { .. }
                | CertificatePurpose::Resume
                | CertificatePurpose::Renew { .. }
                | CertificatePurpose::Move { .. }
                | CertificatePurpose::Reissue { .. },
            ) => return Err(WalletError::RequestInvalid),
        };
        // Only what stood on the other device's screen is signed: this one has scanned it.
        if *consent.challenge.as_bytes() != reissue.nonce {
            return Err(WalletError::RequestInvalid);
        }
        let consent_hash = Digest::from_bytes(jws.signing_input_hash());
        let consent = jws.normalised().to_flattened();
        if reissue.consent_hash != Some(consent_hash) {
            self.require_verification(by, consent_hash, Some(verification))?;
            let kept = ReissueConsent { request_hash, consent_hash, consent: consent.clone(), replaces };
            if !self.inner.store.desk.write(|tx| tx.consent_to_reissue(enrolment, &kept))? {
                return Err(WalletError::RequestInvalid);
            }
        }
        if reissue.way == ReissueWay::Vouch {
            self.open_case(&row, &reissue, Proof::Vouched { by }, consent.into_bytes()).await?;
            let now = self.now();
            self.inner.store.desk.write(|tx| tx.verify_enrolment(enrolment, now))?;
        }
        self.tell_session_ended(session.account);
        Ok(())
    }

    /// The new device has scanned what the one at hand shows after its consent.
    ///
    /// # Errors
    /// `EnrolmentNotFound`, `EnrolmentExpired`; `RequestInvalid` before the consent, or for another one's code.
    pub async fn confirm_consent(
        &self,
        session: &SessionContext,
        enrolment: EnrolmentId,
        confirmation: Digest,
    ) -> Result<Enrolment, WalletError> {
        let row = self.own_enrolment(session, enrolment)?;
        let reissue = self.reissue_row(enrolment)?;
        if reissue.way != ReissueWay::Device || reissue.consent_hash != Some(confirmation) {
            return Err(WalletError::RequestInvalid);
        }
        if row.state == EnrolmentState::CodeSent {
            let consent = reissue.consent.clone().ok_or(WalletError::RequestInvalid)?;
            let jws = Jws::parse_flattened(consent.as_bytes(), TYP_CERTIFICATE)?;
            let by = CertificateText::parse(jws.payload())?.certificate;
            let stays = if reissue.replaces.is_some() { Stays::No } else { Stays::Yes };
            self.open_case(&row, &reissue, Proof::Moved { by, stays }, consent.into_bytes()).await?;
            let now = self.now();
            self.inner.store.desk.write(|tx| tx.verify_enrolment(enrolment, now))?;
        }
        self.enrolment_view(&self.person_row(session.person)?, &self.own_enrolment(session, enrolment)?)
    }

    /// The certificate on this device that a text says it is signed by.
    fn signer_here(&self, session: &SessionContext, text: &SignedText) -> Result<IssuanceRow, WalletError> {
        let jws = text.read(TYP_CERTIFICATE)?;
        let named = Thumbprint::from_bytes(jws.header().thumbprint);
        let found = self.inner.store.desk.read(|tx| tx.issuance_by_thumbprint(named))?;
        found
            .filter(|row| row.person == session.person && row.device == session.device)
            .ok_or(WalletError::CertificateForeign)
    }

    /// An open enrolment of this person on another device that a device at hand is to prove.
    fn offered(
        &self,
        session: &SessionContext,
        enrolment: EnrolmentId,
    ) -> Result<(EnrolmentRow, ReissueRow), WalletError> {
        let found =
            self.inner.store.desk.read(|tx| Ok(tx.enrolment(enrolment)?.zip(tx.reissue(enrolment)?)))?;
        let (row, reissue) = found
            .filter(|(row, reissue)| {
                row.person == session.person
                    && row.device != session.device
                    && matches!(reissue.way, ReissueWay::Device | ReissueWay::Vouch)
            })
            .ok_or(WalletError::EnrolmentNotFound)?;
        let open = match row.state {
            EnrolmentState::CodeSent | EnrolmentState::Verified => self.now() < row.expires_at,
            EnrolmentState::Issued | EnrolmentState::Active | EnrolmentState::Closed => false,
        };
        if open { Ok((row, reissue)) } else { Err(WalletError::EnrolmentExpired) }
    }

    /// The certificate of the phone whose key is gone: the one on the asking device, else the only other one.
    fn key_gone(&self, row: &EnrolmentRow, by: CertificateId) -> Result<Option<CertificateId>, WalletError> {
        let rows =
            self.inner.store.desk.read(|tx| tx.issuances_of_person(row.person, super::LOOKED_THROUGH))?;
        let others: Vec<_> = rows
            .into_iter()
            .filter(|other| other.certificate != by && self.still_there(other.certificate))
            .collect();
        let here = others.iter().find(|other| other.device == row.device);
        let only = if others.len() == 1 { others.first() } else { None };
        Ok(here.or(only).map(|other| other.certificate))
    }
}
