//! Renewal 续期: the device asks for the successor of its own certificate, and the old key signs the request.
//!
//! ```text
//! from two thirds of the validity:  begin ─▶ request, signed by the old key ─▶ issued ─▶ test challenge ─▶ active, old one ends
//! up to 90 days after it:           password ─▶ code ─────────▲
//! ```
//!
//! A renewal is an enrolment whose challenge names the certificate: nobody without that certificate's key can answer it,
//! and no other certificate comes out of it. The new key is sealed as the old one is, so that nothing is asked of the person.

use super::{Enrolment, SITTING_MS};
use crate::certificates::SignedText;
use crate::guessing::Budget;
use crate::passwords::Password;
use crate::people::Phone;
use crate::port::random;
use crate::sessions::SessionContext;
use crate::{Wallet, WalletError};
use yinxin_core::certificate::{Custody as BookCustody, Purpose, Route, State};
use yinxin_core::command::Contacts;
use yinxin_core::text::{CertificatePurpose, sha256};
use yinxin_core::{Action, CertificateId, Digest, EnrolmentId, Millis, Refusal};
use yinxin_pki::CertificationRequest;
use yinxin_store::desk::{Custody, EnrolmentRow, EnrolmentState, IssuanceRow};

/// Predecessors whose custody a certificate may go on with: a renewal every eight months for a lifetime.
const CUSTODY_STEPS_MAX: usize = 200;

/// A renewal whose consent was checked.
pub(super) struct Renewed {
    old: CertificateId,
    route: Route,
    custody: BookCustody,
    consent: String,
    /// The device keeps its name.
    pub(super) device_name: String,
}

impl Renewed {
    /// What the journal hears of the new certificate.
    pub(super) fn request(&self, issuance: &IssuanceRow, validity: (Millis, Millis)) -> Action {
        Action::RequestSuccessor {
            certificate: issuance.certificate,
            person: issuance.person,
            serial: issuance.serial,
            to_be_signed: sha256(&[&issuance.to_be_signed]),
            custody: self.custody,
            not_before: validity.0,
            not_after: validity.1,
            first_seq: issuance.sequence,
            first_prev: issuance.head,
            purpose: Purpose::Payment,
            route: self.route,
            successor_of: Some(self.old),
            contacts: Contacts::PhoneOnly,
            paid_before: Vec::new(),
        }
    }

    /// What is kept beside that record: the old key's consent, and the factors of a late one.
    pub(super) fn evidence(&self, session: &SessionContext, row: &EnrolmentRow) -> Vec<u8> {
        let code_at = row.code_at.map_or(0, |at| at.0);
        let route = match self.route {
            Route::Grace => "grace",
            Route::First
            | Route::Move
            | Route::Cleared
            | Route::Kit
            | Route::Lost
            | Route::LostAtRisk
            | Route::Operator
            | Route::Renewal => "renewal",
        };
        format!(
            r#"{{"v":1,"route":"{route}","enrolment":"{}","device":"{}","code_at_ms":{code_at},"consent":{}}}"#,
            row.enrolment, session.device, self.consent
        )
        .into_bytes()
    }
}

impl Wallet {
    /// Begins the renewal of this device's certificate, or goes on with the one that is open here. From two thirds of its
    /// validity nothing is asked; after its validity, the password and a code.
    ///
    /// # Errors
    /// `CertificateForeign` on another device; a refusal of the certificate's state; `Busy` while another enrolment of the
    /// person is under way; `Reauthenticate` without the password where it is needed; `Wrong`, `TooManyTries`.
    pub async fn begin_renewal(
        &self,
        session: &SessionContext,
        certificate: CertificateId,
        password: Option<&Password>,
    ) -> Result<Enrolment, WalletError> {
        let issuance = self.own_issuance(session, certificate)?;
        if issuance.device != session.device {
            return Err(WalletError::CertificateForeign);
        }
        let route = self.renewal_route(certificate)?;
        let person = self.person_row(session.person)?;
        let row = match self.open_renewal(session, certificate).await? {
            Some(open) => open,
            None if route == Route::Grace => {
                let password = password.ok_or(WalletError::Reauthenticate)?;
                self.confirm_password(&person, password, Budget::enrolment(person.person)).await?;
                self.insert_renewal(session, certificate, EnrolmentState::CodeSent)?
            }
            None => self.insert_renewal(session, certificate, EnrolmentState::Verified)?,
        };
        if row.state == EnrolmentState::CodeSent {
            let phone = Phone::parse(&person.phone).ok_or(WalletError::PhoneInvalid)?;
            self.ensure_code(self.errand(&phone, &row)?, session.device_kind).await?;
        }
        self.enrolment_view(&person, &row)
    }

    /// Which way a renewal of this certificate takes now.
    fn renewal_route(&self, certificate: CertificateId) -> Result<Route, WalletError> {
        let now = self.inner.writer.now(self.now()).at;
        self.inner.writer.book(|book| {
            let found = book.certificate(&certificate).ok_or(WalletError::CertificateUnknown)?;
            match found.state {
                // Its record may still be on its way.
                State::Active { .. } if now > found.not_after => Ok(Route::Grace),
                State::Active { .. } if now < found.renewable_from() => {
                    Err(Refusal::RenewalEarly { from: found.renewable_from() }.into())
                }
                State::Active { .. } => Ok(Route::Renewal),
                State::Expired { held: None, .. } if now > found.grace_until() => {
                    Err(Refusal::GraceOver.into())
                }
                State::Expired { held: None, .. } => Ok(Route::Grace),
                State::Suspended { .. } | State::Expired { held: Some(_), .. } => {
                    Err(Refusal::CertificateSuspended.into())
                }
                State::Revoked { .. } => Err(Refusal::CertificateRevoked.into()),
                State::Superseded { .. } => Err(Refusal::CertificateSuperseded.into()),
                State::Requested | State::Issued { .. } | State::Abandoned => {
                    Err(Refusal::CertificateNotActive.into())
                }
            }
        })
    }

    /// The renewal of this certificate that is open on this device; what is over is given up first.
    async fn open_renewal(
        &self,
        session: &SessionContext,
        certificate: CertificateId,
    ) -> Result<Option<EnrolmentRow>, WalletError> {
        let Some(open) = self.inner.store.desk.read(|tx| tx.open_enrolment(session.person))? else {
            return Ok(None);
        };
        if self.now() >= open.expires_at {
            self.close_enrolment(&open).await?;
            return Ok(None);
        }
        let same = open.device == session.device && self.renews(&open) == Some(certificate);
        // A silent renewal never ends what the person is doing elsewhere.
        if same { Ok(Some(open)) } else { Err(WalletError::Busy) }
    }

    fn insert_renewal(
        &self,
        session: &SessionContext,
        certificate: CertificateId,
        state: EnrolmentState,
    ) -> Result<EnrolmentRow, WalletError> {
        let now = self.now();
        let enrolment = EnrolmentId::from_bytes(random(self.inner.entropy.as_ref()));
        let row = EnrolmentRow {
            enrolment,
            person: session.person,
            device: session.device,
            state,
            password_at: now,
            code_at: None,
            webauthn: renewal_challenge(enrolment, certificate),
            created_at: now,
            expires_at: now.plus(SITTING_MS),
        };
        match self.inner.store.desk.write(|tx| tx.insert_enrolment(&row)) {
            Ok(()) => Ok(row),
            Err(error) if error.is_taken("enrolments.person") => Err(WalletError::Busy),
            Err(error) => Err(error.into()),
        }
    }

    /// The certificate that an enrolment renews; none of any other enrolment.
    pub(super) fn renews(&self, row: &EnrolmentRow) -> Option<CertificateId> {
        self.inner.writer.book(|book| {
            let own = &book.person(&row.person)?.certificates;
            own.iter().rev().find(|id| renewal_challenge(row.enrolment, **id) == row.webauthn).copied()
        })
    }

    /// Checks that the old key signed for exactly this request, within this renewal.
    pub(super) fn check_renewal(
        &self,
        row: &EnrolmentRow,
        request: &CertificationRequest,
        consent: &SignedText,
    ) -> Result<Renewed, WalletError> {
        let old = self.renews(row).ok_or(WalletError::RequestInvalid)?;
        let issuance = self.inner.store.desk.read(|tx| tx.issuance(old))?;
        let issuance = issuance.ok_or(WalletError::CertificateUnknown)?;
        let (jws, text) = self.read_consent(consent, &issuance)?;
        let asked = CertificatePurpose::Renew { request: Digest::from_bytes(request.digest()) };
        if text.purpose != asked || *text.challenge.as_bytes() != row.webauthn {
            return Err(WalletError::RequestInvalid);
        }
        let custody = self.inner.writer.book(|book| book.certificate(&old).map(|found| found.custody));
        let route = if row.code_at.is_some() { Route::Grace } else { Route::Renewal };
        Ok(Renewed {
            old,
            route,
            custody: custody.ok_or(WalletError::CertificateUnknown)?,
            consent: jws.normalised().to_flattened(),
            device_name: issuance.device_name,
        })
    }

    /// How the key of a certificate is kept; a renewed one's as its predecessor's, until the desk has passed it on.
    pub(crate) fn custody_of(&self, certificate: CertificateId) -> Result<Option<Custody>, WalletError> {
        let mut id = certificate;
        for _ in 0..CUSTODY_STEPS_MAX {
            if let Some(custody) = self.inner.store.desk.read(|tx| tx.custody(id))? {
                return Ok(Some(custody));
            }
            let before = self
                .inner
                .writer
                .book(|book| book.certificate(&id).filter(|found| found.route.continues())?.successor_of);
            match before {
                Some(before) => id = before,
                None => return Ok(None),
            }
        }
        Ok(None)
    }
}

/// The challenge of a renewal. The enrolment's id is drawn by the server, so nobody knows it before; and it belongs to one
/// certificate.
fn renewal_challenge(enrolment: EnrolmentId, certificate: CertificateId) -> [u8; 32] {
    *sha256(&[b"yx/renewal/v1\0", enrolment.as_bytes(), certificate.as_bytes()]).as_bytes()
}
