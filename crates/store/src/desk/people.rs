//! People: who they are, how they log in. Pseudonymous ids tie them to the journal.

use super::fields::Fields;
use super::{DeskError, DeskRead, DeskWrite};
use crate::sql::params;
use yinxin_core::{AccountId, DeviceId, Digest, Millis, PersonId};

const TABLE: &str = "people";

/// One person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// The person.
    pub person: PersonId,
    /// Their account in the book.
    pub account: AccountId,
    /// What they type to log in or to be found: 11 digits.
    pub account_number: String,
    /// Phone number in E.164.
    pub phone: String,
    /// Self-declared name.
    pub name: String,
    /// Argon2id hash of the password, as a PHC string.
    pub password: String,
    /// When the password was set.
    pub password_changed_at: Millis,
    /// Hash of the request that registered them: the same request again is the same person.
    pub registration: Digest,
    /// End of the sitting in which registration's code and password serve enrolment too.
    pub sitting_until: Millis,
    /// The device of that sitting.
    pub sitting_device: DeviceId,
    /// When the intention was written.
    pub created_at: Millis,
    /// When the journal had the account; `None` while that is only intended.
    pub opened_at: Option<Millis>,
}

fn read(fields: &Fields<'_>) -> Result<PersonRow, DeskError> {
    Ok(PersonRow {
        person: fields.id("person")?,
        account: fields.id("account")?,
        account_number: fields.text("account_number")?,
        phone: fields.text("phone")?,
        name: fields.text("name")?,
        password: fields.text("password")?,
        password_changed_at: fields.time("password_changed_at")?,
        registration: fields.id("registration")?,
        sitting_until: fields.time("sitting_until")?,
        sitting_device: fields.id("sitting_device")?,
        created_at: fields.time("created_at")?,
        opened_at: fields.maybe_time("opened_at")?,
    })
}

impl DeskRead<'_> {
    /// The person with this id.
    pub fn person(&self, person: PersonId) -> Result<Option<PersonRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM people WHERE person = ?1", params![person.as_bytes()], read)
    }

    /// The person whose account this is.
    pub fn person_by_account(&self, account: AccountId) -> Result<Option<PersonRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM people WHERE account = ?1", params![account.as_bytes()], read)
    }

    /// The person with this phone number (E.164).
    pub fn person_by_phone(&self, phone: &str) -> Result<Option<PersonRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM people WHERE phone = ?1", params![phone], read)
    }

    /// The person with this account number.
    pub fn person_by_account_number(&self, number: &str) -> Result<Option<PersonRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM people WHERE account_number = ?1", params![number], read)
    }

    /// The person whom this request registered.
    pub fn person_by_registration(&self, registration: Digest) -> Result<Option<PersonRow>, DeskError> {
        self.one(
            TABLE,
            "SELECT * FROM people WHERE registration = ?1",
            params![registration.as_bytes()],
            read,
        )
    }

    /// People whom the desk intends and the journal may not know yet, oldest first.
    pub fn people_unopened(&self, limit: u32) -> Result<Vec<PersonRow>, DeskError> {
        let sql = "SELECT * FROM people WHERE opened_at IS NULL ORDER BY created_at LIMIT ?1";
        self.all(TABLE, sql, params![limit], read)
    }
}

impl DeskWrite<'_> {
    /// Writes a new person down.
    ///
    /// # Errors
    /// [`DeskError::Taken`] names `people.phone`, `people.account_number` or `people.registration`.
    pub fn insert_person(&self, person: &PersonRow) -> Result<(), DeskError> {
        self.execute(
            "INSERT INTO people (person, account, account_number, phone, name, password, password_changed_at,
               registration, sitting_until, sitting_device, created_at, opened_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                person.person.as_bytes(),
                person.account.as_bytes(),
                person.account_number,
                person.phone,
                person.name,
                person.password,
                person.password_changed_at.0,
                person.registration.as_bytes(),
                person.sitting_until.0,
                person.sitting_device.as_bytes(),
                person.created_at.0,
                person.opened_at.map(|time| time.0),
            ],
        )?;
        Ok(())
    }

    /// Notes that the journal has the person; the first time counts.
    pub fn mark_person_opened(&self, person: PersonId, at: Millis) -> Result<(), DeskError> {
        let sql = "UPDATE people SET opened_at = ?2 WHERE person = ?1 AND opened_at IS NULL";
        self.execute(sql, params![person.as_bytes(), at.0])?;
        Ok(())
    }

    /// Ends the sitting of registration: from now on a code and the password are asked again.
    pub fn end_sitting(&self, person: PersonId) -> Result<(), DeskError> {
        self.execute("UPDATE people SET sitting_until = 0 WHERE person = ?1", params![person.as_bytes()])?;
        Ok(())
    }

    /// Replaces the password's hash.
    pub fn set_password(&self, person: PersonId, password: &str, at: Millis) -> Result<(), DeskError> {
        let sql = "UPDATE people SET password = ?2, password_changed_at = ?3 WHERE person = ?1";
        self.execute(sql, params![person.as_bytes(), password, at.0])?;
        Ok(())
    }
}
