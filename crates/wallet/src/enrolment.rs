//! Enrolment 开通: from password and code to the first certificate on this device, resumable at any step.
//!
//! ```text
//!            password ─▶ code_sent ─ code ─▶ verified ─ request ─▶ issued ─ signed challenge ─▶ active
//! registration's sitting ───────────────────────┘          │          │
//!                                                          └── 10 min ┴──▶ closed
//! ```
//!
//! One enrolment of a person is open at a time, on one device. Whoever had a certificate before needs a reissue.

mod custody;
mod issuing;
mod renewal;

pub use custody::CustodyOffer;
pub use issuing::CertificateRequest;
pub(crate) use issuing::{ISSUING, factors};

use crate::certificates::{CertificateView, SignedText, parse_issued};
use crate::codes::{Errand, RESEND_AFTER_MS};
use crate::guessing::Budget;
use crate::passwords::Password;
use crate::people::Phone;
use crate::pins::Share;
use crate::port::random;
use crate::reissue::ReissueView;
use crate::sessions::SessionContext;
use crate::{Wallet, WalletError};
use std::net::IpAddr;
use yinxin_core::certificate::State;
use yinxin_core::text::{CertificatePurpose, sha256};
use yinxin_core::{Action, EnrolmentId, Millis, PersonId, Refusal};
use yinxin_store::desk::{CodePurpose, Custody, EnrolmentRow, IssuanceRow, IssuanceState, PersonRow};

pub use yinxin_store::desk::EnrolmentState;

/// How long each half of an enrolment may take: the factors, then the download.
const SITTING_MS: i64 = 10 * Millis::MINUTE;

/// Where an enrolment stands.
pub struct Enrolment {
    /// Its id.
    pub id: EnrolmentId,
    /// How far it came; never `Closed`.
    pub state: EnrolmentState,
    /// When it ends by itself.
    pub expires_at: Millis,
    /// When another code may be sent.
    pub resend_at: Millis,
    /// What WebAuthn's `create` needs.
    pub passkey: PasskeyOptions,
    /// The certificate, when it is signed already.
    pub issued: Option<Issued>,
    /// What it rests on, where it is a reissue.
    pub reissue: Option<ReissueView>,
}

/// What WebAuthn's `create` needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyOptions {
    /// The challenge.
    pub challenge: [u8; 32],
    /// The host of the origin.
    pub rp_id: String,
    /// A pseudonym of the person for authenticators.
    pub user_id: [u8; 32],
    /// What the authenticator shows: the account number.
    pub user_name: String,
}

/// A certificate as it is handed to the device that asked for it.
pub struct Issued {
    /// The certificate.
    pub certificate: CertificateView,
    /// Leaf, issuer and root, DER.
    pub chain: Vec<Vec<u8>>,
    /// The test challenge to sign.
    pub challenge: [u8; 32],
    /// The server's half of the sealing key, with a PIN only.
    pub share: Option<Share>,
}

impl Wallet {
    /// Begins an enrolment on this device, or goes on with the one that is open here.
    ///
    /// Without a password inside registration's sitting; else the password is compared, then a code is sent. Called
    /// again, it sends a further code when the last is older than 60 s.
    ///
    /// # Errors
    /// `ReissueRequired` once there was a certificate; `Reauthenticate` without a password outside the sitting; `Wrong`,
    /// `TooManyTries`.
    pub async fn begin_enrolment(
        &self,
        session: &SessionContext,
        password: Option<&Password>,
    ) -> Result<Enrolment, WalletError> {
        let had =
            self.inner.writer.book(|book| book.person(&session.person).map(|person| person.had_certificate));
        if had.ok_or(WalletError::SessionRequired)? {
            return Err(WalletError::ReissueRequired);
        }
        let person = self.person_row(session.person)?;
        let in_sitting = self.in_sitting(&person, session.device);
        match password {
            Some(password) => {
                self.confirm_password(&person, password, Budget::enrolment(person.person)).await?;
            }
            None if in_sitting => {}
            None => return Err(WalletError::Reauthenticate),
        }
        let row = self.open_or_begin(session, in_sitting).await?;
        if row.state == EnrolmentState::CodeSent {
            self.ensure_enrolment_code(&person, &row, session).await?;
        }
        self.enrolment_view(&person, &row)
    }

    /// Sends the code of an enrolment that waits for one.
    pub(crate) async fn ensure_enrolment_code(
        &self,
        person: &PersonRow,
        row: &EnrolmentRow,
        session: &SessionContext,
    ) -> Result<(), WalletError> {
        let phone = Phone::parse(&person.phone).ok_or(WalletError::PhoneInvalid)?;
        self.ensure_code(self.errand(&phone, row)?, session.device_kind).await?;
        Ok(())
    }

    /// The enrolment that is under way on this device.
    ///
    /// # Errors
    /// `EnrolmentNotFound` when there is none.
    pub fn current_enrolment(&self, session: &SessionContext) -> Result<Enrolment, WalletError> {
        let newest = self.inner.store.desk.read(|tx| tx.newest_enrolment(session.person))?;
        let now = self.now();
        let row = newest
            .filter(|row| {
                row.device == session.device && row.state != EnrolmentState::Closed && now < row.expires_at
            })
            .ok_or(WalletError::EnrolmentNotFound)?;
        self.enrolment_view(&self.person_row(session.person)?, &row)
    }

    /// Compares the code of an enrolment; nothing happens when it was right before.
    ///
    /// # Errors
    /// `EnrolmentNotFound`, `EnrolmentExpired`; `CodeWrong`, `TooManyTries`.
    pub async fn confirm_enrolment_code(
        &self,
        session: &SessionContext,
        address: IpAddr,
        enrolment: EnrolmentId,
        code: &str,
    ) -> Result<Enrolment, WalletError> {
        let row = self.own_enrolment(session, enrolment)?;
        let person = self.person_row(session.person)?;
        if row.state == EnrolmentState::CodeSent {
            if !self.waits_for_a_code(&row)? {
                return Err(WalletError::RequestInvalid);
            }
            let phone = Phone::parse(&person.phone).ok_or(WalletError::PhoneInvalid)?;
            let budgets = [Budget::enrolment(person.person)];
            self.count_guess(&budgets)?;
            self.check_code(self.errand(&phone, &row)?, code, address)?;
            self.forgive_guess(&budgets)?;
            let now = self.now();
            self.inner.store.desk.write(|tx| tx.verify_enrolment(enrolment, now))?;
        }
        let row = self.own_enrolment(session, enrolment)?;
        if row.state == EnrolmentState::Verified {
            self.open_case_by_secrets(&row).await?;
        }
        self.enrolment_view(&person, &row)
    }

    /// Activates the certificate: the device signed the test challenge, and says whether one tap may pay.
    ///
    /// # Errors
    /// `EnrolmentNotFound`, `EnrolmentExpired`; those of the signed text; `RequestInvalid` for another purpose or challenge.
    pub async fn activate(
        &self,
        session: &SessionContext,
        enrolment: EnrolmentId,
        text: &SignedText,
    ) -> Result<CertificateView, WalletError> {
        // Nobody gives the certificate up while it is activated.
        let _one_at_a_time = issuing::ISSUING.lock().await;
        let row = self.own_enrolment(session, enrolment)?;
        let issuance = self
            .inner
            .store
            .desk
            .read(|tx| tx.issuance_of(enrolment))?
            .filter(|issuance| issuance.state == IssuanceState::Recorded)
            .ok_or(WalletError::RequestInvalid)?;
        let (jws, consent) = self.read_consent(text, &issuance)?;
        let tap = match consent.purpose {
            CertificatePurpose::Activate { tap } if *consent.challenge.as_bytes() == issuance.challenge => {
                tap
            }
            CertificatePurpose::Activate { .. }
            | CertificatePurpose::Resume
            | CertificatePurpose::Renew { .. }
            | CertificatePurpose::Move { .. }
            | CertificatePurpose::Reissue { .. } => return Err(WalletError::RequestInvalid),
        };
        let certificate = issuance.certificate;
        let evidence = jws.normalised().to_flattened().into_bytes();
        if matches!(self.state_of(certificate)?, State::Issued { .. }) {
            let action = Action::Activate { certificate };
            self.submit(&[b"activate", certificate.as_bytes()], action, evidence.clone()).await?;
        }
        if tap && row.state != EnrolmentState::Active {
            let action = Action::SetTap { person: session.person, enabled: true };
            match self.submit(&[b"activate-tap", certificate.as_bytes()], action, evidence).await {
                // No limit is raised in the first stage after a reissue; the certificate is active all the same.
                Ok(_) | Err(WalletError::Refused(Refusal::LimitProtectionChange { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        let renewed = self.renews(&row);
        self.inner.store.desk.write(|tx| {
            if let Some(old) = renewed {
                tx.pass_custody_on(old, certificate)?;
            }
            tx.move_enrolment(enrolment, EnrolmentState::Active, row.expires_at)?;
            tx.end_sitting(session.person)
        })?;
        self.certificate_view(&issuance)
    }

    /// The person's open enrolment on this device, or a new one; one that is over or elsewhere is closed first.
    async fn open_or_begin(
        &self,
        session: &SessionContext,
        in_sitting: bool,
    ) -> Result<EnrolmentRow, WalletError> {
        let now = self.now();
        if let Some(open) = self.inner.store.desk.read(|tx| tx.open_enrolment(session.person))? {
            if open.device == session.device && now < open.expires_at {
                return Ok(open);
            }
            self.close_enrolment(&open).await?;
        }
        let (state, code_at) =
            if in_sitting { (EnrolmentState::Verified, Some(now)) } else { (EnrolmentState::CodeSent, None) };
        let row = EnrolmentRow { code_at, ..self.new_enrolment(session, state) };
        match self.inner.store.desk.write(|tx| tx.insert_enrolment(&row)) {
            Ok(()) => Ok(row),
            // Another request of this person began one in the meantime.
            Err(error) if error.is_taken("enrolments.person") => Err(WalletError::Busy),
            Err(error) => Err(error.into()),
        }
    }

    /// An enrolment that begins now.
    pub(crate) fn new_enrolment(&self, session: &SessionContext, state: EnrolmentState) -> EnrolmentRow {
        let now = self.now();
        EnrolmentRow {
            enrolment: EnrolmentId::from_bytes(random(self.inner.entropy.as_ref())),
            person: session.person,
            device: session.device,
            state,
            password_at: now,
            code_at: None,
            webauthn: random(self.inner.entropy.as_ref()),
            created_at: now,
            expires_at: now.plus(SITTING_MS),
        }
    }

    /// An enrolment of this person on this device whose time is not over.
    pub(crate) fn own_enrolment(
        &self,
        session: &SessionContext,
        enrolment: EnrolmentId,
    ) -> Result<EnrolmentRow, WalletError> {
        let row = self.inner.store.desk.read(|tx| tx.enrolment(enrolment))?;
        let row = row
            .filter(|row| row.person == session.person && row.device == session.device)
            .ok_or(WalletError::EnrolmentNotFound)?;
        match row.state {
            EnrolmentState::Active => Ok(row),
            EnrolmentState::CodeSent | EnrolmentState::Verified | EnrolmentState::Issued
                if self.now() < row.expires_at =>
            {
                Ok(row)
            }
            EnrolmentState::CodeSent
            | EnrolmentState::Verified
            | EnrolmentState::Issued
            | EnrolmentState::Closed => Err(WalletError::EnrolmentExpired),
        }
    }

    pub(crate) fn enrolment_view(
        &self,
        person: &PersonRow,
        row: &EnrolmentRow,
    ) -> Result<Enrolment, WalletError> {
        let purpose = self.code_purpose(row)?;
        let (sent, issuance) =
            self.inner.store.desk.read(|tx| {
                Ok((tx.code_last_sent(&person.phone, purpose)?, tx.issuance_of(row.enrolment)?))
            })?;
        let issued = match issuance.filter(|issuance| issuance.state == IssuanceState::Recorded) {
            Some(issuance) => Some(self.issued(&issuance)?),
            None => None,
        };
        Ok(Enrolment {
            id: row.enrolment,
            state: row.state,
            expires_at: row.expires_at,
            resend_at: sent.map_or(row.created_at, |sent| sent.plus(RESEND_AFTER_MS)),
            passkey: PasskeyOptions {
                challenge: row.webauthn,
                rp_id: self.inner.settings.host.clone(),
                user_id: passkey_user(person.person),
                user_name: person.account_number.clone(),
            },
            issued,
            reissue: self.reissue_view(row)?,
        })
    }

    pub(super) fn errand<'a>(
        &self,
        phone: &'a Phone,
        row: &'a EnrolmentRow,
    ) -> Result<Errand<'a>, WalletError> {
        Ok(Errand { phone, purpose: self.code_purpose(row)?, subject: row.enrolment.as_bytes() })
    }

    fn code_purpose(&self, row: &EnrolmentRow) -> Result<CodePurpose, WalletError> {
        if self.inner.store.desk.read(|tx| tx.reissue(row.enrolment))?.is_some() {
            return Ok(CodePurpose::Reissue);
        }
        Ok(if self.renews(row).is_some() { CodePurpose::Renew } else { CodePurpose::Enrol })
    }

    /// What is handed to the device that asked for a certificate; its share only until the certificate is active, later
    /// only the PIN releases it.
    fn issued(&self, issuance: &IssuanceRow) -> Result<Issued, WalletError> {
        let leaf = parse_issued(issuance)?;
        let certificate = self.certificate_view(issuance)?;
        let custody = self.inner.store.desk.read(|tx| tx.custody(issuance.certificate))?;
        let share = match (custody, certificate.book.state) {
            (Some(Custody::Pin { share, .. }), State::Requested | State::Issued { .. }) => {
                Some(Share::new(share))
            }
            (
                Some(Custody::Pin { .. } | Custody::Passkey { .. }) | None,
                State::Requested
                | State::Issued { .. }
                | State::Active { .. }
                | State::Suspended { .. }
                | State::Revoked { .. }
                | State::Abandoned
                | State::Superseded { .. }
                | State::Expired { .. },
            ) => None,
        };
        let chain = self.inner.authority.chain(&leaf);
        Ok(Issued { certificate, chain, challenge: issuance.challenge, share })
    }
}

/// The person as authenticators know them: no id of the wallet leaves it this way.
fn passkey_user(person: PersonId) -> [u8; 32] {
    *sha256(&[b"yx/passkey-user/v1\0", person.as_bytes()]).as_bytes()
}
