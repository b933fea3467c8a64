//! How a person is reached and recognised: what changed lately.

use super::{DeskError, DeskRead, DeskWrite};
use crate::sql::params;
use yinxin_core::{Millis, PersonId};

const FACTS: &str = "contact_facts";

/// What changed lately.
#[expect(clippy::struct_field_names, reason = "a time is named by what happened then")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContactFacts {
    /// When the phone number was changed.
    pub phone_changed_at: Option<Millis>,
    /// When the password was set anew without the old one.
    pub password_reset_at: Option<Millis>,
    /// When the reminder to change the password was dismissed.
    pub reminded_at: Option<Millis>,
}

impl DeskRead<'_> {
    /// What changed lately for a person.
    pub fn contact_facts(&self, person: PersonId) -> Result<ContactFacts, DeskError> {
        let sql = "SELECT * FROM contact_facts WHERE person = ?1";
        let found = self.one(FACTS, sql, params![person.as_bytes()], |fields| {
            Ok(ContactFacts {
                phone_changed_at: fields.maybe_time("phone_changed_at")?,
                password_reset_at: fields.maybe_time("password_reset_at")?,
                reminded_at: fields.maybe_time("reminded_at")?,
            })
        })?;
        Ok(found.unwrap_or_default())
    }
}

impl DeskWrite<'_> {
    /// Keeps what changed lately.
    pub fn set_contact_facts(&self, person: PersonId, facts: ContactFacts) -> Result<(), DeskError> {
        let time = |time: Option<Millis>| time.map(|time| time.0);
        self.execute(
            "INSERT INTO contact_facts (person, phone_changed_at, password_reset_at, reminded_at)
             VALUES (?1, ?2, ?3, ?4) ON CONFLICT (person)
             DO UPDATE SET phone_changed_at = ?2, password_reset_at = ?3, reminded_at = ?4",
            params![
                person.as_bytes(),
                time(facts.phone_changed_at),
                time(facts.password_reset_at),
                time(facts.reminded_at),
            ],
        )?;
        Ok(())
    }

    /// Gives a person another phone number.
    ///
    /// # Errors
    /// [`DeskError::Taken`] names `people.phone`.
    pub fn set_phone(&self, person: PersonId, phone: &str) -> Result<(), DeskError> {
        self.execute("UPDATE people SET phone = ?2 WHERE person = ?1", params![person.as_bytes(), phone])?;
        Ok(())
    }
}
