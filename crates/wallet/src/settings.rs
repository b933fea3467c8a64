//! Settings that a person signs: payment by one tap, 小额直付.

use crate::certificates::{SignedText, issued_key};
use crate::sessions::SessionContext;
use crate::verification::VerificationProof;
use crate::{Wallet, WalletError};
use yinxin_core::text::{SettingText, TYP_SETTING};
use yinxin_core::{Action, CertificateId, Digest, Refusal, Thumbprint};
use yinxin_pki::Jws;
use yinxin_store::desk::{ChallengePurpose, IssuanceState};

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
        let certificate = setting.certificate;
        let now = self.now();
        let may_pay =
            self.inner.writer.book(|book| book.certificate(&certificate).map(|found| found.may_pay(now)));
        match may_pay.ok_or(WalletError::CertificateUnknown)? {
            Err(Refusal::CertificateSuspended) if !setting.tap => {}
            standing => standing?,
        }
        if setting.tap {
            let hash = Digest::from_bytes(jws.signing_input_hash());
            self.require_verification(certificate, hash, verification)?;
        }
        self.use_challenge(&setting.challenge, ChallengePurpose::Tap, certificate)?;
        let action = Action::SetTap { person: session.person, enabled: setting.tap };
        let evidence = jws.normalised().to_flattened().into_bytes();
        self.submit(&[b"tap", setting.challenge.as_bytes()], action, evidence).await?;
        Ok(())
    }

    /// Reads a setting signed by a certificate of this person, for this deployment.
    fn read_setting(&self, session: &SessionContext, jws: &Jws) -> Result<SettingText, WalletError> {
        let thumbprint = Thumbprint::from_bytes(jws.header().thumbprint);
        let issuance = self
            .inner
            .store
            .desk
            .read(|tx| tx.issuance_by_thumbprint(thumbprint))?
            .filter(|row| row.state == IssuanceState::Recorded)
            .ok_or(WalletError::CertificateUnknown)?;
        if issuance.person != session.person {
            return Err(WalletError::CertificateForeign);
        }
        jws.verify(&issued_key(&issuance)?)?;
        let setting = SettingText::parse(jws.payload())?;
        if setting.audience != self.inner.settings.origin {
            return Err(WalletError::AudienceMismatch);
        }
        if setting.certificate != issuance.certificate {
            return Err(WalletError::CertificateForeign);
        }
        Ok(setting)
    }
}
