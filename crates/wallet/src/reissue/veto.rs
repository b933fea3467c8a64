//! The question to an old device: 「有人正在补办你的证书:是我 / 不是我」.

use super::ReissueStated;
use crate::certificates::{SignedText, issued_key, session_evidence};
use crate::codes::DeviceKind;
use crate::notices::{Notice, NoticeKind, tell_in};
use crate::sessions::SessionContext;
use crate::verification::VerificationProof;
use crate::{Wallet, WalletError};
use yinxin_core::certificate::Route;
use yinxin_core::reissue::{Case, CaseState, Veto};
use yinxin_core::text::{StopPurpose, StopText, TYP_STOP, sha256};
use yinxin_core::{Action, CertificateId, Digest, EnrolmentId, Millis, Refusal};
use yinxin_store::desk::{IssuanceRow, ReissueRow};

/// A reissue that this device is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReissueQuestion {
    /// The reissue.
    pub reissue: EnrolmentId,
    /// The certificate on this device.
    pub certificate: CertificateId,
    /// The way.
    pub route: Route,
    /// What was said about this phone.
    pub stated: ReissueStated,
    /// What the asking device calls itself.
    pub device_kind: DeviceKind,
    /// When the proof was right.
    pub opened_at: Millis,
    /// When the protection ends, once the new certificate is active.
    pub until: Option<Millis>,
    /// This device has said 「是我」.
    pub acknowledged: bool,
    /// Whether a verified no revokes the new certificate; else both are suspended.
    pub yields: bool,
    /// What a veto signs.
    pub challenge: [u8; 32],
}

/// 「不是我」, with what shows that the phone's owner says it.
pub struct VetoForm {
    /// `yx-stop+jws`, purpose `veto`.
    pub text: SignedText,
    /// User verification of that text.
    pub verification: VerificationProof,
}

impl Wallet {
    /// What this device is asked about; nothing on a device that holds no old certificate.
    pub fn reissue_questions(&self, session: &SessionContext) -> Result<Vec<ReissueQuestion>, WalletError> {
        let cases: Vec<(EnrolmentId, Case)> = self.inner.writer.book(|book| {
            let running = book.reissues_of(session.person).filter(|(_, case)| case.is_running());
            running.map(|(id, case)| (id, case.clone())).collect()
        });
        let mut questions = Vec::new();
        for (reissue, case) in cases {
            if let Some(question) = self.question(session, reissue, &case)? {
                questions.push(question);
            }
        }
        Ok(questions)
    }

    fn question(
        &self,
        session: &SessionContext,
        reissue: EnrolmentId,
        case: &Case,
    ) -> Result<Option<ReissueQuestion>, WalletError> {
        let Some(issuance) = self.old_here(session, case)? else { return Ok(None) };
        let row = self.reissue_row(reissue)?;
        let asking = self.inner.store.desk.read(|tx| match tx.enrolment(reissue)? {
            Some(enrolment) => tx.device(enrolment.device),
            None => Ok(None),
        })?;
        // Whoever asks on this very phone is not asked.
        if asking.as_ref().is_some_and(|device| device.device == session.device) {
            return Ok(None);
        }
        Ok(Some(ReissueQuestion {
            reissue,
            certificate: issuance.certificate,
            route: case.route,
            stated: row.stated,
            device_kind: asking.map_or(DeviceKind::Other, |device| device.kind),
            opened_at: case.opened,
            until: match case.state {
                CaseState::Active { until, .. } => Some(until),
                CaseState::Open | CaseState::Over { .. } => None,
            },
            acknowledged: case.acknowledged.contains(&issuance.certificate),
            yields: self.yields_to(case, issuance.certificate),
            challenge: challenge(&row),
        }))
    }

    /// The old certificate of this case that this device holds.
    fn old_here(&self, session: &SessionContext, case: &Case) -> Result<Option<IssuanceRow>, WalletError> {
        let rows =
            self.inner.store.desk.read(|tx| tx.issuances_of_person(session.person, super::LOOKED_THROUGH))?;
        Ok(rows.into_iter().find(|row| {
            let live = self.state_of(row.certificate).is_ok_and(super::is_there);
            row.device == session.device && case.olds.contains(&row.certificate) && live
        }))
    }

    /// Whether a verified no from this certificate stops the case, as the book says.
    fn yields_to(&self, case: &Case, certificate: CertificateId) -> bool {
        let now = self.inner.writer.now(self.now()).at;
        self.inner.writer.book(|book| book.yields_to(case, certificate, now))
    }

    fn running_case(
        &self,
        session: &SessionContext,
        reissue: EnrolmentId,
    ) -> Result<(Case, IssuanceRow), WalletError> {
        let case = self.inner.writer.book(|book| book.reissue(session.person, reissue).cloned());
        let case = case.ok_or(WalletError::NotFound)?;
        if !case.is_running() {
            return Err(Refusal::ReissueOver.into());
        }
        let old = self.old_here(session, &case)?.ok_or(WalletError::CertificateForeign)?;
        Ok((case, old))
    }

    /// 「是我」: kept beside the case; the question is not asked here again.
    pub async fn acknowledge_reissue(
        &self,
        session: &SessionContext,
        reissue: EnrolmentId,
    ) -> Result<(), WalletError> {
        let (case, old) = self.running_case(session, reissue)?;
        let certificate = old.certificate;
        if case.acknowledged.contains(&certificate) {
            return Ok(());
        }
        let action = Action::AcknowledgeReissue { reissue, person: session.person, certificate };
        let intention: [&[u8]; 3] = [b"acknowledge-reissue", reissue.as_bytes(), certificate.as_bytes()];
        self.submit(&intention, action, session_evidence(session)).await?;
        Ok(())
    }

    /// 「不是我」. With a signed text and its person verified the new certificate is revoked, and the password has to be
    /// changed; without, or against somebody who proved more than a password, both sides are suspended.
    ///
    /// # Errors
    /// `NotFound`; `CertificateForeign` on a device that holds no old certificate; `Refused(ReissueOver)`; those of the
    /// signed text and the verification.
    pub async fn veto_reissue(
        &self,
        session: &SessionContext,
        reissue: EnrolmentId,
        form: Option<&VetoForm>,
    ) -> Result<(), WalletError> {
        let (case, old) = self.running_case(session, reissue)?;
        let certificate = old.certificate;
        let (veto, evidence) = match form {
            Some(form) => (Veto::Verified, self.read_veto(reissue, &old, form)?),
            None => (Veto::Unverified, session_evidence(session)),
        };
        // Before the record: a crash in between leaves a device signed out, never one signed in.
        self.shut_out(session, reissue, veto == Veto::Verified && self.yields_to(&case, certificate))?;
        let person = session.person;
        let action = Action::VetoReissue { reissue, person, certificate, veto };
        let intention: [&[u8]; 3] = [b"veto-reissue", reissue.as_bytes(), certificate.as_bytes()];
        match self.submit(&intention, action, evidence).await {
            Ok(_) | Err(WalletError::Refused(Refusal::ReissueOver)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn read_veto(
        &self,
        reissue: EnrolmentId,
        old: &IssuanceRow,
        form: &VetoForm,
    ) -> Result<Vec<u8>, WalletError> {
        let jws = form.text.read(TYP_STOP)?;
        let thumbprint = old.thumbprint.ok_or(WalletError::CertificateUnknown)?;
        if jws.header().thumbprint != *thumbprint.as_bytes() {
            return Err(WalletError::CertificateForeign);
        }
        jws.verify(&issued_key(old)?)?;
        let text = StopText::parse(jws.payload())?;
        if text.audience != self.inner.settings.origin {
            return Err(WalletError::AudienceMismatch);
        }
        let right = text.certificate == old.certificate
            && text.purpose == StopPurpose::Veto { reissue }
            && *text.challenge.as_bytes() == challenge(&self.reissue_row(reissue)?);
        if !right {
            return Err(WalletError::RequestInvalid);
        }
        let hash = Digest::from_bytes(jws.signing_input_hash());
        self.require_verification(old.certificate, hash, Some(&form.verification))?;
        Ok(jws.normalised().to_flattened().into_bytes())
    }

    /// Signs the asking device out; where the owner said no and was verified, it is a stranger's from now on, and the
    /// password is known to somebody else.
    fn shut_out(
        &self,
        session: &SessionContext,
        reissue: EnrolmentId,
        is_stranger: bool,
    ) -> Result<(), WalletError> {
        let now = self.now();
        let (person, account) = (session.person, session.account);
        let device = self.inner.store.desk.write(|tx| {
            let device = tx.enrolment(reissue)?.map(|row| row.device).filter(|it| *it != session.device);
            if let Some(device) = device {
                tx.delete_sessions_on(person, device)?;
                if is_stranger {
                    tx.forget_device(person, device)?;
                    tx.order_password_change(person, now)?;
                    if let Some(row) = tx.person(person)? {
                        let why = Notice::because(NoticeKind::PasswordMustChange, reissue.as_bytes());
                        tell_in(tx, &row, &why, now)?;
                    }
                }
            }
            Ok(device)
        })?;
        if let Some(device) = device {
            self.inner
                .sessions
                .forget_where(|known| (known.session.person, known.session.device) == (person, device));
            self.tell_session_ended(account);
        }
        if is_stranger {
            self.notice_changed(account);
        }
        Ok(())
    }
}

/// What a veto of this reissue signs: from the secret that only its device shows, which it does not reveal.
fn challenge(row: &ReissueRow) -> [u8; 32] {
    *sha256(&[b"yx/veto/v1\0", &row.nonce]).as_bytes()
}
