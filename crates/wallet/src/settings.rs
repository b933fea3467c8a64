//! Settings that a person signs: payment by one tap, 小额直付.

use crate::certificates::SignedText;
use crate::sessions::SessionContext;
use crate::verification::VerificationProof;
use crate::{Wallet, WalletError};
use yinxin_core::text::{Setting, TYP_SETTING};
use yinxin_core::{Action, CertificateId, Digest, Refusal};
use yinxin_store::desk::ChallengePurpose;

impl Wallet {
    /// Hands out what the device signs to switch payment by one tap.
    pub fn tap_challenge(
        &self,
        session: &SessionContext,
        certificate: CertificateId,
    ) -> Result<[u8; 32], WalletError> {
        self.own_issuance(session, certificate)?;
        self.draw_challenge(ChallengePurpose::Tap, certificate)
    }

    /// Switches payment by one tap, as the signed text says. Off needs the signature alone, even of a suspended
    /// certificate; on needs an active one and user verification of the text.
    ///
    /// # Errors
    /// Those of the signed text; `VerificationRequired`, `VerificationInvalid`; `Reauthenticate` when the challenge is
    /// over.
    pub async fn set_tap(
        &self,
        session: &SessionContext,
        text: &SignedText,
        verification: Option<&VerificationProof>,
    ) -> Result<(), WalletError> {
        let jws = text.read(TYP_SETTING)?;
        let setting = self.read_setting(session, &jws)?;
        if setting.setting != Setting::Tap {
            return Err(WalletError::RequestInvalid);
        }
        let certificate = setting.certificate;
        let now = self.now();
        let may_pay =
            self.inner.writer.book(|book| book.certificate(&certificate).map(|found| found.may_pay(now)));
        match may_pay.ok_or(WalletError::CertificateUnknown)? {
            Err(Refusal::CertificateSuspended) if !setting.value => {}
            standing => standing?,
        }
        if setting.value {
            let hash = Digest::from_bytes(jws.signing_input_hash());
            self.require_verification(certificate, hash, verification)?;
        }
        self.use_challenge(&setting.challenge, ChallengePurpose::Tap, certificate)?;
        let action = Action::SetTap { person: session.person, enabled: setting.value };
        let evidence = jws.normalised().to_flattened().into_bytes();
        self.submit(&[b"tap", setting.challenge.as_bytes()], action, evidence).await?;
        Ok(())
    }
}
