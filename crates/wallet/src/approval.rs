//! Approval: what shows that it is the person who changes how they log in or how they are reached.
//!
//! Where a certificate lives, an active one signs the change at level A, so that whoever knows the password and reads the text
//! messages cannot shut the owner out; the password serves only where no certificate lives.

use crate::certificates::{SignedText, issued_key};
use crate::guessing::Budget;
use crate::passwords::Password;
use crate::port::random;
use crate::sessions::SessionContext;
use crate::verification::VerificationProof;
use crate::{Wallet, WalletError};
use yinxin_core::certificate::{Purpose, State};
use yinxin_core::text::{Setting, SettingText, TYP_SETTING};
use yinxin_core::{Book, CertificateId, Digest, PersonId, Thumbprint};
use yinxin_pki::Jws;
use yinxin_store::desk::{ChallengePurpose, IssuanceState};

/// The approval of one change.
pub enum Approval {
    /// `yx-set+jws` of an active certificate, and user verification of that text.
    Signed {
        /// The text.
        text: SignedText,
        /// The verification.
        verification: VerificationProof,
    },
    /// The password, where no certificate lives.
    Password(Password),
}

impl Wallet {
    /// Hands out what a device signs to approve a change.
    pub fn setting_challenge(
        &self,
        session: &SessionContext,
        certificate: CertificateId,
    ) -> Result<[u8; 32], WalletError> {
        self.own_issuance(session, certificate)?;
        self.draw_challenge(ChallengePurpose::Setting, certificate)
    }

    /// Checks the approval of a change and uses it up; answers what names it and nothing else.
    ///
    /// # Errors
    /// `SignatureRequired` for a password where a certificate lives; a refusal for a certificate that came with password and
    /// code and is still protected; those of the signed text, the verification and the
    /// password; `Reauthenticate` when the challenge is over.
    pub(crate) async fn approve(
        &self,
        session: &SessionContext,
        setting: Setting,
        value: bool,
        approval: &Approval,
    ) -> Result<Digest, WalletError> {
        match approval {
            Approval::Signed { text, verification } => {
                let jws = text.read(TYP_SETTING)?;
                let said = self.read_setting(session, &jws)?;
                if (said.setting, said.value) != (setting, value) {
                    return Err(WalletError::RequestInvalid);
                }
                let now = self.now();
                let may_approve = self.inner.writer.book(|book| {
                    let found = book.certificate(&said.certificate)?;
                    Some(found.may_pay(now).and_then(|()| found.may_speak(now)))
                });
                may_approve.ok_or(WalletError::CertificateUnknown)??;
                let hash = Digest::from_bytes(jws.signing_input_hash());
                self.require_verification(said.certificate, hash, Some(verification))?;
                self.use_challenge(&said.challenge, ChallengePurpose::Setting, said.certificate)?;
                Ok(said.challenge)
            }
            Approval::Password(password) => {
                if self.inner.writer.book(|book| has_living_certificate(book, &session.person)) {
                    return Err(WalletError::SignatureRequired);
                }
                let person = self.person_row(session.person)?;
                self.confirm_password(&person, password, Budget::certificate(session.person)).await?;
                Ok(Digest::from_bytes(random(self.inner.entropy.as_ref())))
            }
        }
    }

    /// Reads a setting signed by a certificate of this person, for this deployment.
    pub(crate) fn read_setting(
        &self,
        session: &SessionContext,
        jws: &Jws,
    ) -> Result<SettingText, WalletError> {
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

/// Whether some payment certificate of the person pays, or could again.
pub(crate) fn has_living_certificate(book: &Book, person: &PersonId) -> bool {
    payment_certificates(book, person)
        .any(|(_, state)| matches!(state, State::Active { .. } | State::Suspended { .. }))
}

/// The payment certificates of a person.
pub(crate) fn payment_certificates<'b>(
    book: &'b Book,
    person: &PersonId,
) -> impl Iterator<Item = (CertificateId, &'b State)> {
    let ids = book.person(person).into_iter().flat_map(|person| &person.certificates);
    ids.filter_map(|id| {
        let certificate = book.certificate(id).filter(|found| found.purpose == Purpose::Payment)?;
        Some((*id, &certificate.state))
    })
}
