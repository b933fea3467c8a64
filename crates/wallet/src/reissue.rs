//! Reissue 补办 and moving phones (rules § 4): what an enrolment rests on once there ever was a certificate.
//!
//! ```text
//! secrets   password ─▶ code ──────────────────────────────────▶ record: opened (R4 or R5) ─▶ request ─▶ …
//! device    new phone shows ─▶ phone at hand signs, shows ─▶ new phone confirms ─▶ record: opened (R2) ─▶ request ─▶ …
//! vouch     password ─▶ new phone shows ─▶ another device signs ─▶ record: opened (R2b) ─▶ request ─▶ …
//! passkey   password ─▶ the old key's passkey signs ───────────▶ record: opened (R2b) ─▶ request ─▶ …
//! kit       password ─▶ code ─▶ the recovery key signs the request ─▶ record: opened (R3) ─▶ request ─▶ …
//! ```
//!
//! Which route it is, what it waits and what becomes of the old certificates is the book's to say. An old device is asked
//! as long as the case runs, and may say no: `veto`.

mod consent;
mod kit;
mod lost;
mod veto;

pub use consent::ReissueOffer;
pub use veto::{ReissueQuestion, VetoForm};

pub use yinxin_store::desk::{ReissueStated, ReissueWay};

use crate::enrolment::Enrolment;
use crate::guessing::Budget;
use crate::passwords::Password;
use crate::port::random;
use crate::sessions::SessionContext;
use crate::verification::VerificationProof;
use crate::{Wallet, WalletError};
use yinxin_core::certificate::{Custody as BookCustody, Route, State};
use yinxin_core::command::Contacts;
use yinxin_core::reissue::{Proof, ReissueContext, Stated};
use yinxin_core::text::sha256;
use yinxin_core::{AccountId, Action, CertificateId, Digest, EnrolmentId, Millis, PersonId, Refusal};
use yinxin_store::desk::{Custody, EnrolmentRow, EnrolmentState, IssuanceRow, ReissueRow};

/// A passkey vouches for a reissue once its certificate is older than this (rules § 4).
const PASSKEY_AGE_MS: i64 = 7 * Millis::DAY;
/// Certificates of one person that are looked through; nobody has so many.
const LOOKED_THROUGH: u32 = 100;
/// Lines of a statement in which those who were paid before are looked for.
const LINES_LOOKED_AT: u32 = 1_000;
/// Accounts of them that a request names.
const PAID_BEFORE_MAX: usize = 64;

/// What a person asks for.
pub struct ReissueWish {
    /// What is to prove them.
    pub way: ReissueWay,
    /// What they say about the old phone.
    pub stated: ReissueStated,
    /// The password; every way but the device at hand needs it.
    pub password: Option<Password>,
}

/// What an enrolment rests on, as its device sees it.
pub struct ReissueView {
    /// What is to prove the person.
    pub way: ReissueWay,
    /// What was said about the old phone.
    pub stated: ReissueStated,
    /// What this device shows as a code, or its passkey signs; none once the person is proved.
    pub nonce: Option<[u8; 32]>,
    /// The passkeys that may sign it.
    pub credentials: Vec<Vec<u8>>,
    /// A device at hand has signed; it shows what confirms that.
    pub consented: bool,
    /// The route, once it is decided.
    pub route: Option<Route>,
    /// How long the new certificate will pay nothing.
    pub wait_ms: i64,
}

impl Wallet {
    /// Begins a reissue on this device, or goes on with the one that is open here on the same way.
    ///
    /// # Errors
    /// `CertificateNone` where there never was one; `PasswordMustChange` while somebody else knows the password;
    /// `Reauthenticate` without a password that the way needs; `Wrong`, `TooManyTries`; `NotFound` without a passkey.
    pub async fn begin_reissue(
        &self,
        session: &SessionContext,
        wish: &ReissueWish,
    ) -> Result<Enrolment, WalletError> {
        let had =
            self.inner.writer.book(|book| book.person(&session.person).map(|person| person.had_certificate));
        if !had.ok_or(WalletError::SessionRequired)? {
            return Err(WalletError::CertificateNone);
        }
        let person = self.person_row(session.person)?;
        match wish.way {
            ReissueWay::Device => {}
            ReissueWay::Secrets | ReissueWay::Vouch | ReissueWay::Passkey | ReissueWay::Kit => {
                let password = wish.password.as_ref().ok_or(WalletError::Reauthenticate)?;
                self.confirm_password(&person, password, Budget::enrolment(person.person)).await?;
            }
        }
        if wish.way == ReissueWay::Secrets && self.password_must_change(session.person)? {
            return Err(WalletError::PasswordMustChange);
        }
        if wish.way == ReissueWay::Passkey && self.passkeys_of(session.person)?.is_empty() {
            return Err(WalletError::NotFound);
        }
        if wish.way == ReissueWay::Kit && self.live_kits(session.person).is_empty() {
            return Err(WalletError::KitInvalid);
        }
        let row = self.open_or_begin_reissue(session, wish).await?;
        if matches!(wish.way, ReissueWay::Secrets | ReissueWay::Kit) && row.state == EnrolmentState::CodeSent
        {
            self.ensure_enrolment_code(&person, &row, session).await?;
        }
        self.enrolment_view(&person, &row)
    }

    /// Somebody else knows the password: no new certificate and no new device rests on it until it is changed.
    pub fn password_must_change(&self, person: PersonId) -> Result<bool, WalletError> {
        Ok(self.inner.store.desk.read(|tx| tx.password_order(person))?.is_some())
    }

    /// Proves the person by the passkey that had sealed the key that is gone.
    ///
    /// # Errors
    /// `EnrolmentNotFound`, `EnrolmentExpired`; `VerificationInvalid` for a passkey that is another's, or too young.
    pub async fn prove_reissue_by_passkey(
        &self,
        session: &SessionContext,
        enrolment: EnrolmentId,
        proof: &VerificationProof,
    ) -> Result<Enrolment, WalletError> {
        let row = self.own_enrolment(session, enrolment)?;
        let reissue = self.reissue_row(enrolment)?;
        if reissue.way != ReissueWay::Passkey {
            return Err(WalletError::RequestInvalid);
        }
        if row.state == EnrolmentState::CodeSent {
            let VerificationProof::Passkey { credential_id, .. } = proof else {
                return Err(WalletError::VerificationInvalid);
            };
            let found = self.passkeys_of(session.person)?.into_iter().find(|(_, id)| id == credential_id);
            let (of, _) = found.ok_or(WalletError::VerificationInvalid)?;
            self.verify_text(of, Digest::from_bytes(reissue.nonce), proof)?;
            let replaces = self.still_there(of).then_some(of);
            self.inner.store.desk.write(|tx| tx.replace_by_reissue(enrolment, replaces))?;
            self.open_case(&row, &reissue, Proof::Passkey { of }, Vec::new()).await?;
            let now = self.now();
            self.inner.store.desk.write(|tx| tx.verify_enrolment(enrolment, now))?;
        }
        self.enrolment_view(&self.person_row(session.person)?, &self.own_enrolment(session, enrolment)?)
    }

    /// What this enrolment rests on, where it is a reissue.
    pub(crate) fn reissue_view(&self, row: &EnrolmentRow) -> Result<Option<ReissueView>, WalletError> {
        let Some(reissue) = self.inner.store.desk.read(|tx| tx.reissue(row.enrolment))? else {
            return Ok(None);
        };
        let case = self
            .inner
            .writer
            .book(|book| book.reissue(row.person, row.enrolment).map(|case| (case.route, case.wait_ms)));
        let credentials = match reissue.way {
            ReissueWay::Passkey => {
                self.passkeys_of(row.person)?.into_iter().map(|(_, credential)| credential).collect()
            }
            ReissueWay::Secrets | ReissueWay::Device | ReissueWay::Vouch | ReissueWay::Kit => Vec::new(),
        };
        Ok(Some(ReissueView {
            way: reissue.way,
            stated: reissue.stated,
            nonce: kit::shows_nonce(row, &reissue).then_some(reissue.nonce),
            credentials,
            consented: reissue.consent_hash.is_some(),
            route: case.map(|(route, _)| route),
            wait_ms: case.map_or(0, |(_, wait_ms)| wait_ms),
        }))
    }

    /// Opens the case of an enrolment whose person is proved; the same again changes nothing.
    pub(crate) async fn open_case(
        &self,
        row: &EnrolmentRow,
        reissue: &ReissueRow,
        proof: Proof,
        evidence: Vec<u8>,
    ) -> Result<(), WalletError> {
        let facts = self.inner.store.desk.read(|tx| tx.contact_facts(row.person))?;
        let stated = match reissue.stated {
            ReissueStated::Nothing => Stated::Nothing,
            ReissueStated::Lost => Stated::LostOrStolen,
        };
        // What makes a reissue by password and code risky, as the desk knows it; the book decides what follows.
        let context = ReissueContext {
            phone_changed: facts.phone_changed_at,
            password_reset: facts.password_reset_at,
            contacts: Contacts::PhoneOnly,
        };
        let action =
            Action::OpenReissue { reissue: row.enrolment, person: row.person, proof, stated, context };
        self.submit(&[b"reissue", row.enrolment.as_bytes()], action, evidence).await?;
        Ok(())
    }

    /// Opens the case of an enrolment that password and code have proved.
    pub(crate) async fn open_case_by_secrets(&self, row: &EnrolmentRow) -> Result<(), WalletError> {
        let Some(reissue) = self.inner.store.desk.read(|tx| tx.reissue(row.enrolment))? else {
            return Ok(());
        };
        let known = self.inner.writer.book(|book| book.reissue(row.person, row.enrolment).is_some());
        if known || reissue.way != ReissueWay::Secrets {
            return Ok(());
        }
        // Between the begin and the code the password may have become a stranger's, or another one.
        if self.password_must_change(row.person)? {
            return Err(WalletError::PasswordMustChange);
        }
        if self.person_row(row.person)?.password_changed_at > row.password_at {
            return Err(WalletError::Reauthenticate);
        }
        let replaces = self.newest_there(row.person);
        self.inner.store.desk.write(|tx| tx.replace_by_reissue(row.enrolment, replaces))?;
        self.open_case(row, &reissue, Proof::Secrets, crate::enrolment::factors("R4", row)).await
    }

    /// Gives the case of an enrolment up that nobody finished.
    pub(crate) async fn give_up_case(&self, row: &EnrolmentRow) -> Result<(), WalletError> {
        let open = self.inner.writer.book(|book| {
            book.reissue(row.person, row.enrolment).is_some_and(yinxin_core::reissue::Case::is_running)
        });
        if !open {
            return Ok(());
        }
        let action = Action::GiveUpReissue { reissue: row.enrolment, person: row.person };
        match self.submit(&[b"give-up-reissue", row.enrolment.as_bytes()], action, Vec::new()).await {
            Ok(_) | Err(WalletError::Refused(Refusal::ReissueOver | Refusal::Conflict)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What the journal is asked for a serial with: on the route that was proved, where there was a certificate before.
    pub(crate) fn new_request(
        &self,
        row: &EnrolmentRow,
        issuance: &IssuanceRow,
        custody: &Custody,
        (not_before, not_after): (Millis, Millis),
    ) -> Result<Action, WalletError> {
        let custody = match custody {
            Custody::Passkey { .. } => BookCustody::Passkey,
            Custody::Pin { .. } => BookCustody::Pin,
        };
        let to_be_signed = sha256(&[&issuance.to_be_signed]);
        let (certificate, person, serial) = (issuance.certificate, row.person, issuance.serial);
        let (first_seq, first_prev) = (issuance.sequence, issuance.head);
        let Some(reissue) = self.inner.store.desk.read(|tx| tx.reissue(row.enrolment))? else {
            return Ok(Action::RequestCertificate {
                certificate,
                person,
                serial,
                to_be_signed,
                custody,
                not_before,
                not_after,
                first_seq,
                first_prev,
            });
        };
        let route = self.inner.writer.book(|book| book.reissue(person, row.enrolment).map(|case| case.route));
        Ok(Action::RequestSuccessor {
            certificate,
            person,
            serial,
            to_be_signed,
            custody,
            not_before,
            not_after,
            first_seq,
            first_prev,
            purpose: yinxin_core::certificate::Purpose::Payment,
            route: route.ok_or(WalletError::RequestInvalid)?,
            successor_of: reissue.replaces,
            contacts: Contacts::PhoneOnly,
            paid_before: self.paid_before(person)?,
        })
    }

    /// Accounts that a person paid lately, newest first: the first stage after a loss pays the merchants among them only.
    fn paid_before(&self, person: PersonId) -> Result<Vec<AccountId>, WalletError> {
        let account = self.inner.writer.book(|book| book.person(&person).map(|person| person.account));
        let account = account.ok_or(WalletError::SessionRequired)?;
        let (lines, _) = self.lines(account, None, LINES_LOOKED_AT)?;
        let mut paid = Vec::new();
        for line in lines.iter().filter(|line| line.payer == account && line.code.is_none()) {
            if paid.len() < PAID_BEFORE_MAX && !paid.contains(&line.payee) {
                paid.push(line.payee);
            }
        }
        Ok(paid)
    }

    /// Whether an enrolment's next step is an SMS code.
    pub(crate) fn waits_for_a_code(&self, row: &EnrolmentRow) -> Result<bool, WalletError> {
        let reissue = self.inner.store.desk.read(|tx| tx.reissue(row.enrolment))?;
        Ok(reissue.is_none_or(|reissue| matches!(reissue.way, ReissueWay::Secrets | ReissueWay::Kit)))
    }

    pub(crate) fn reissue_row(&self, enrolment: EnrolmentId) -> Result<ReissueRow, WalletError> {
        self.inner.store.desk.read(|tx| tx.reissue(enrolment))?.ok_or(WalletError::EnrolmentNotFound)
    }

    /// Whether a certificate could be replaced.
    fn still_there(&self, certificate: CertificateId) -> bool {
        self.inner
            .writer
            .book(|book| book.certificate(&certificate).is_some_and(|found| is_there(found.state)))
    }

    /// The passkeys that sealed keys of this person and are old enough to vouch, with their certificates.
    fn passkeys_of(&self, person: PersonId) -> Result<Vec<(CertificateId, Vec<u8>)>, WalletError> {
        let now = self.now();
        let found = self.inner.store.desk.read(|tx| {
            let old = |row: &IssuanceRow| now.since(row.created_at) > PASSKEY_AGE_MS;
            let mut found = Vec::new();
            for row in tx.issuances_of_person(person, LOOKED_THROUGH)?.iter().filter(|row| old(row)) {
                if let Some(Custody::Passkey { credential, .. }) = tx.custody(row.certificate)? {
                    found.push((row.certificate, credential));
                }
            }
            Ok(found)
        })?;
        // A revoked or suspended certificate's passkey may be a thief's.
        let trusted = |id: &CertificateId| {
            self.inner.writer.book(|book| {
                book.certificate(id).is_some_and(|found| {
                    matches!(
                        found.state,
                        State::Active { .. } | State::Expired { held: None, .. } | State::Superseded { .. }
                    )
                })
            })
        };
        Ok(found.into_iter().filter(|(id, _)| trusted(id)).collect())
    }

    /// The person's open reissue on this device and way, or a new one; any other open enrolment is closed first.
    async fn open_or_begin_reissue(
        &self,
        session: &SessionContext,
        wish: &ReissueWish,
    ) -> Result<EnrolmentRow, WalletError> {
        let now = self.now();
        if let Some(open) = self.inner.store.desk.read(|tx| tx.open_enrolment(session.person))? {
            let reissue = self.inner.store.desk.read(|tx| tx.reissue(open.enrolment))?;
            let same = reissue.is_some_and(|row| row.way == wish.way && row.stated == wish.stated);
            let changed = self.person_row(session.person)?.password_changed_at;
            let fresh = now < open.expires_at && changed <= open.password_at;
            if same && fresh && open.device == session.device {
                return Ok(open);
            }
            self.close_enrolment(&open).await?;
        }
        let row = self.new_enrolment(session, EnrolmentState::CodeSent);
        let reissue = ReissueRow {
            enrolment: row.enrolment,
            person: session.person,
            way: wish.way,
            stated: wish.stated,
            replaces: None,
            nonce: random(self.inner.entropy.as_ref()),
            request_hash: None,
            consent_hash: None,
            consent: None,
            created_at: now,
        };
        let begun = self.inner.store.desk.write(|tx| {
            tx.insert_enrolment(&row)?;
            tx.insert_reissue(&reissue)
        });
        match begun {
            Ok(()) => Ok(row),
            // Another request of this person began one in the meantime.
            Err(error) if error.is_taken("enrolments.person") => Err(WalletError::Busy),
            Err(error) => Err(error.into()),
        }
    }
}

const fn is_there(state: State) -> bool {
    matches!(state, State::Active { .. } | State::Suspended { .. })
}
