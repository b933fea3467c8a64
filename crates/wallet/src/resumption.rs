//! Lifting a suspension 恢复: what it takes follows from who suspended (rules §§ 1 and 4).

use crate::certificates::{CertificateView, SignedText};
use crate::codes::{CodeSent, Errand};
use crate::guessing::Budget;
use crate::passwords::Password;
use crate::people::Phone;
use crate::sessions::SessionContext;
use crate::verification::VerificationProof;
use crate::{Wallet, WalletError};
use std::net::IpAddr;
use yinxin_core::certificate::State;
use yinxin_core::text::CertificatePurpose;
use yinxin_core::{Action, CertificateId, Digest};
use yinxin_store::desk::{ChallengePurpose, CodePurpose};

/// The begin of a resumption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumptionBegun {
    /// What the device signs.
    pub challenge: [u8; 32],
    /// The code that was sent; none where the suspension is lifted without one.
    pub code: Option<CodeSent>,
}

/// The end of a resumption.
pub struct Resumption {
    /// The code; empty where none was sent.
    pub code: String,
    /// `yx-cert+jws`, purpose `resume`.
    pub text: SignedText,
    /// User verification of that text.
    pub verification: VerificationProof,
}

impl Wallet {
    /// Begins to lift a suspension: compares the password, sends a code, hands out a challenge.
    ///
    /// # Errors
    /// `CertificateForeign` on another device; `Wrong`, `TooManyTries`; a refusal unless the certificate is suspended by
    /// its person, wrong PINs or a fork.
    pub async fn begin_resumption(
        &self,
        session: &SessionContext,
        certificate: CertificateId,
        password: &Password,
    ) -> Result<ResumptionBegun, WalletError> {
        let issuance = self.own_issuance(session, certificate)?;
        if issuance.device != session.device {
            return Err(WalletError::CertificateForeign);
        }
        let state = self.state_of(certificate)?;
        state.resumed()?;
        let person = self.person_row(session.person)?;
        self.confirm_password(&person, password, Budget::certificate(session.person)).await?;
        let code = if takes_a_code(state) {
            let phone = Phone::parse(&person.phone).ok_or(WalletError::PhoneInvalid)?;
            let errand =
                Errand { phone: &phone, purpose: CodePurpose::Resume, subject: certificate.as_bytes() };
            Some(self.ensure_code(errand, session.device_kind).await?)
        } else {
            None
        };
        let challenge = self.draw_challenge(ChallengePurpose::Resume, certificate)?;
        Ok(ResumptionBegun { challenge, code })
    }

    /// Lifts a suspension. Nothing happens when the certificate is active already.
    ///
    /// # Errors
    /// Those of the signed text and the verification; `CodeWrong`; `Reauthenticate` when the challenge is over.
    pub async fn resume_certificate(
        &self,
        session: &SessionContext,
        address: IpAddr,
        certificate: CertificateId,
        form: &Resumption,
    ) -> Result<CertificateView, WalletError> {
        let issuance = self.own_issuance(session, certificate)?;
        if issuance.device != session.device {
            return Err(WalletError::CertificateForeign);
        }
        let state = self.state_of(certificate)?;
        if matches!(state, State::Active { .. }) {
            return self.certificate(session, certificate);
        }
        state.resumed()?;
        let (jws, text) = self.read_consent(&form.text, &issuance)?;
        if text.purpose != CertificatePurpose::Resume {
            return Err(WalletError::RequestInvalid);
        }
        let hash = Digest::from_bytes(jws.signing_input_hash());
        self.require_verification(certificate, hash, Some(&form.verification))?;
        if takes_a_code(state) {
            let person = self.person_row(session.person)?;
            let phone = Phone::parse(&person.phone).ok_or(WalletError::PhoneInvalid)?;
            let errand =
                Errand { phone: &phone, purpose: CodePurpose::Resume, subject: certificate.as_bytes() };
            self.check_code(errand, &form.code, address)?;
        }
        self.use_challenge(&text.challenge, ChallengePurpose::Resume, certificate)?;
        let action = Action::Resume { certificate };
        let evidence = jws.normalised().to_flattened().into_bytes();
        self.submit(&[b"resume", text.challenge.as_bytes()], action, evidence).await?;
        self.certificate(session, certificate)
    }
}

/// Whether lifting this suspension takes an SMS code; the challenge that the password was exchanged for is asked for anyway.
const fn takes_a_code(state: State) -> bool {
    match state {
        State::Suspended { by, .. } => by.is_lifted_with_a_code(),
        State::Requested
        | State::Issued { .. }
        | State::Active { .. }
        | State::Revoked { .. }
        | State::Abandoned
        | State::Expired { .. }
        | State::Superseded { .. } => true,
    }
}
