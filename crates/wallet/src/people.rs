//! People: registration with phone, code and password, and what they say about themselves.
//!
//! ```text
//! code looked at ─▶ password hashed ─▶ desk: code used up + person intended ─▶ record: opened ─▶ desk: opened ─▶ session
//! ```
//!
//! The same request again, after a crash at any arrow, finds the same person and goes on from there.

mod account_number;
mod phone;

pub use account_number::AccountNumber;
pub use phone::Phone;

use crate::codes::{DeviceKind, Errand};
use crate::passwords::{Lane, Password, Personal, Place};
use crate::port::random;
use crate::sessions::{SignedIn, Visitor};
use crate::{Wallet, WalletError};
use yinxin_core::text::{is_displayable, sha256};
use yinxin_core::{AccountId, Action, Command, CommandId, DeviceId, Digest, Millis, PersonId};
use yinxin_store::desk::{CodePurpose, DeskError, DeskWrite, PersonRow};

/// How long registration's code and password serve enrolment too (rules § 5).
pub(crate) const SITTING_MS: i64 = 10 * Millis::MINUTE;

/// Names may be this long, in characters.
const NAME_MAX_CHARS: usize = 40;

/// Account numbers drawn until one is free; with 10⁹ of them the second is a rarity.
const NUMBER_DRAWS_MAX: u32 = 16;

/// A person who registers.
pub struct Registration {
    /// The phone number as typed.
    pub phone: String,
    /// The code that was sent to it.
    pub code: String,
    /// The password.
    pub password: Password,
    /// The name, self-declared.
    pub name: String,
    /// What the device calls itself.
    pub device: DeviceKind,
}

/// What the desk knows of a person, as the person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The person.
    pub person: PersonId,
    /// Their account.
    pub account: AccountId,
    /// Self-declared name.
    pub name: String,
    /// Phone number with its middle hidden.
    pub phone_masked: String,
    /// What they type to log in or to be found.
    pub account_number: String,
    /// End of the sitting in which enrolment asks for nothing again, while it runs, on this device.
    pub sitting_until: Option<Millis>,
}

/// A registration whose members were read.
struct Applicant {
    phone: Phone,
    name: String,
    device: DeviceKind,
    /// What makes the same request the same person.
    registration: Digest,
}

impl Applicant {
    /// A code is bound to the kind of device that asked for it, where that was said.
    fn errands(&self) -> [Errand<'_>; 2] {
        let errand = |device: DeviceKind| Errand {
            phone: &self.phone,
            purpose: CodePurpose::Register,
            subject: device.word().as_bytes(),
        };
        [errand(self.device), errand(DeviceKind::Other)]
    }
}

impl Wallet {
    /// Registers a person and signs them in. `intention` names the request (caller and idempotency key): the same one
    /// again is the same person.
    ///
    /// # Errors
    /// `PhoneInvalid`, `NameInvalid`, `WeakPassword`; `CodeWrong`, `TooManyTries`; `PhoneTaken` once the code was right.
    pub async fn register(
        &self,
        visitor: &Visitor,
        intention: Digest,
        form: Registration,
    ) -> Result<SignedIn, WalletError> {
        let phone = Phone::parse(&form.phone).ok_or(WalletError::PhoneInvalid)?;
        let name = read_name(&form.name)?;
        self.check_new_password(&form.password, &Personal { phone: phone.national_digits(), name: &name })?;
        let registration =
            sha256(&[b"yx/registration/v1\0", intention.as_bytes(), phone.as_str().as_bytes()]);
        let applicant = Applicant { phone, name, device: form.device, registration };
        let known = self.inner.store.desk.read(|tx| tx.person_by_registration(registration))?;
        let passwords = &self.inner.passwords;
        let place = passwords.place(Lane::Stranger)?;
        let person = match known {
            Some(person) => {
                if !passwords.matches(place, &form.password, Some(&person.password)).await? {
                    return Err(WalletError::IdempotencyConflict);
                }
                person
            }
            None => self.intend_person(visitor, &applicant, (&form, place)).await?,
        };
        self.ensure_opened(&person).await?;
        self.sign_in_registered(visitor, &person, applicant.device)
    }

    /// The desk's part of what a person sees of themselves.
    pub fn profile(&self, person: PersonId, device: DeviceId) -> Result<Profile, WalletError> {
        let row = self.person_row(person)?;
        let sitting = self.in_sitting(&row, device).then_some(row.sitting_until);
        Ok(Profile {
            person: row.person,
            account: row.account,
            name: row.name,
            phone_masked: Phone::parse(&row.phone).map(|phone| phone.masked()).unwrap_or_default(),
            account_number: row.account_number,
            sitting_until: sitting,
        })
    }

    /// Tells the journal of a person whom the desk intends; nothing happens the second time.
    pub(crate) async fn ensure_opened(&self, person: &PersonRow) -> Result<(), WalletError> {
        if person.opened_at.is_some() {
            return Ok(());
        }
        if self.inner.writer.book(|book| book.person(&person.person).is_none()) {
            let action = Action::OpenPerson { person: person.person, account: person.account };
            self.submit(&[b"open", person.person.as_bytes()], action, Vec::new()).await?;
        }
        let now = self.now();
        Ok(self.inner.store.desk.write(|tx| tx.mark_person_opened(person.person, now))?)
    }

    /// Opens every person whom a crash left intended; the start calls it.
    pub(crate) async fn open_intended_people(&self) -> Result<(), WalletError> {
        const AT_ONCE: u32 = 1_000;
        for person in self.inner.store.desk.read(|tx| tx.people_unopened(AT_ONCE))? {
            self.ensure_opened(&person).await?;
        }
        Ok(())
    }

    /// Submits a command whose id comes from its intention: repeated, it has one effect.
    pub(crate) async fn submit(
        &self,
        intention: &[&[u8]],
        action: Action,
        evidence: Vec<u8>,
    ) -> Result<crate::Committed, WalletError> {
        let mut parts: Vec<&[u8]> = vec![b"yx/command/v1"];
        for part in intention {
            parts.extend([&b"\0"[..], part]);
        }
        let digest = sha256(&parts);
        let id = CommandId::from_slice(digest.as_bytes().get(..CommandId::SIZE).unwrap_or_default());
        let id = id.ok_or_else(|| WalletError::Failed("a digest is longer than a command id".to_owned()))?;
        Ok(self.inner.writer.submit(Command { id, action, evidence }).await?)
    }

    pub(crate) fn person_row(&self, person: PersonId) -> Result<PersonRow, WalletError> {
        self.inner.store.desk.read(|tx| tx.person(person))?.ok_or(WalletError::SessionRequired)
    }

    /// Whether registration's sitting still runs, on the device where it began.
    pub(crate) fn in_sitting(&self, person: &PersonRow, device: DeviceId) -> bool {
        person.sitting_device == device && self.now() < person.sitting_until
    }

    async fn intend_person(
        &self,
        visitor: &Visitor,
        applicant: &Applicant,
        (form, place): (&Registration, Place),
    ) -> Result<PersonRow, WalletError> {
        let [bound, unbound] = applicant.errands();
        let newest = self
            .inner
            .store
            .desk
            .read(|tx| tx.newest_code(applicant.phone.as_str(), CodePurpose::Register))?;
        let said = newest.is_some_and(|row| row.subject != unbound.subject);
        let errand = if said { bound } else { unbound };
        self.look_at_code(errand, &form.code, visitor.address)?;
        let password = self.inner.passwords.hash(place, &form.password, self.inner.entropy.as_ref()).await?;
        let now = self.now();
        let entropy = self.inner.entropy.as_ref();
        let mut person = PersonRow {
            person: PersonId::from_bytes(random(entropy)),
            account: AccountId::from_bytes(random(entropy)),
            account_number: String::new(),
            phone: applicant.phone.as_str().to_owned(),
            name: applicant.name.clone(),
            password,
            password_changed_at: now,
            registration: applicant.registration,
            sitting_until: now.plus(SITTING_MS),
            sitting_device: self
                .device_of(visitor)?
                .map_or_else(|| DeviceId::from_bytes(random(entropy)), |device| device.device),
            created_at: now,
            opened_at: None,
        };
        for _ in 0..NUMBER_DRAWS_MAX {
            person.account_number = AccountNumber::draw(entropy).to_string();
            match self.inner.store.desk.write(|tx| intend(tx, errand, &person, now)) {
                Ok(Intended::Person) => return Ok(person),
                Ok(Intended::PhoneTaken) => return Err(WalletError::PhoneTaken),
                Ok(Intended::CodeUsed) => return Err(WalletError::CodeWrong),
                Err(error) if error.is_taken("people.account_number") => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(WalletError::Busy)
    }
}

enum Intended {
    Person,
    PhoneTaken,
    CodeUsed,
}

/// Uses the code up and writes the person down, both or neither.
fn intend(
    tx: &DeskWrite<'_>,
    errand: Errand<'_>,
    person: &PersonRow,
    now: Millis,
) -> Result<Intended, DeskError> {
    if !Wallet::use_code(tx, errand, now)? {
        return Ok(Intended::CodeUsed);
    }
    if tx.person_by_phone(&person.phone)?.is_some() {
        return Ok(Intended::PhoneTaken);
    }
    tx.insert_person(person)?;
    Ok(Intended::Person)
}

fn read_name(typed: &str) -> Result<String, WalletError> {
    let name = typed.trim();
    let fits = is_displayable(name) && name.chars().count() <= NAME_MAX_CHARS;
    if fits { Ok(name.to_owned()) } else { Err(WalletError::NameInvalid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_can_be_shown_on_one_line() {
        assert_eq!(read_name(" 林小雨 "), Ok("林小雨".to_owned()));
        assert_eq!(read_name("O'Brien-Łukasz"), Ok("O'Brien-Łukasz".to_owned()));
        for bad in ["", "   ", "a\u{202e}b", "a\nb", &"长".repeat(41), "\u{200b}"] {
            assert_eq!(read_name(bad), Err(WalletError::NameInvalid), "{bad:?}");
        }
    }
}
