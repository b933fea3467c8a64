//! Enrolments: one person's way to a certificate, resumable at any step.

use super::fields::{Fields, words};
use super::{DeskError, DeskRead, DeskWrite};
use crate::sql::params;
use yinxin_core::{DeviceId, EnrolmentId, Millis, PersonId};

const TABLE: &str = "enrolments";

words! {
    /// How far an enrolment came.
    EnrolmentState {
        /// The password was right, a code was sent.
        CodeSent = "code_sent",
        /// Both factors are verified.
        Verified = "verified",
        /// The certificate was signed and recorded.
        Issued = "issued",
        /// The device proved that it holds the key: done.
        Active = "active",
        /// Given up: expired, replaced or abandoned.
        Closed = "closed",
    }
}

/// One enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentRow {
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// Whose.
    pub person: PersonId,
    /// On which device; no other may finish it.
    pub device: DeviceId,
    /// How far it came.
    pub state: EnrolmentState,
    /// When the password was right.
    pub password_at: Millis,
    /// When the code was right.
    pub code_at: Option<Millis>,
    /// Challenge for the registration of a passkey.
    pub webauthn: [u8; 32],
    /// When it began.
    pub created_at: Millis,
    /// When it ends by itself.
    pub expires_at: Millis,
}

fn read(fields: &Fields<'_>) -> Result<EnrolmentRow, DeskError> {
    Ok(EnrolmentRow {
        enrolment: fields.id("enrolment")?,
        person: fields.id("person")?,
        device: fields.id("device")?,
        state: fields.word("state", EnrolmentState::from_word)?,
        password_at: fields.time("password_at")?,
        code_at: fields.maybe_time("code_at")?,
        webauthn: fields.id("webauthn")?,
        created_at: fields.time("created_at")?,
        expires_at: fields.time("expires_at")?,
    })
}

impl DeskRead<'_> {
    /// The enrolment with this id.
    pub fn enrolment(&self, enrolment: EnrolmentId) -> Result<Option<EnrolmentRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM enrolments WHERE enrolment = ?1", params![enrolment.as_bytes()], read)
    }

    /// The person's newest enrolment, whatever its state.
    pub fn newest_enrolment(&self, person: PersonId) -> Result<Option<EnrolmentRow>, DeskError> {
        let sql = "SELECT * FROM enrolments WHERE person = ?1 ORDER BY created_at DESC, enrolment LIMIT 1";
        self.one(TABLE, sql, params![person.as_bytes()], read)
    }

    /// The person's one enrolment that is neither finished nor given up.
    pub fn open_enrolment(&self, person: PersonId) -> Result<Option<EnrolmentRow>, DeskError> {
        let sql =
            "SELECT * FROM enrolments WHERE person = ?1 AND state IN ('code_sent', 'verified', 'issued')";
        self.one(TABLE, sql, params![person.as_bytes()], read)
    }

    /// Enrolments that ended by themselves before `now`, oldest first.
    pub fn enrolments_over(&self, now: Millis, limit: u32) -> Result<Vec<EnrolmentRow>, DeskError> {
        let sql =
            "SELECT * FROM enrolments WHERE state IN ('code_sent', 'verified', 'issued') AND expires_at <= ?1
                   ORDER BY expires_at LIMIT ?2";
        self.all(TABLE, sql, params![now.0, limit], read)
    }
}

impl DeskWrite<'_> {
    /// Writes a new enrolment down.
    ///
    /// # Errors
    /// [`DeskError::Taken`] names `enrolments.person` when another one of this person is open.
    pub fn insert_enrolment(&self, enrolment: &EnrolmentRow) -> Result<(), DeskError> {
        self.execute(
            "INSERT INTO enrolments (enrolment, person, device, state, password_at, code_at, webauthn, created_at,
               expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                enrolment.enrolment.as_bytes(),
                enrolment.person.as_bytes(),
                enrolment.device.as_bytes(),
                enrolment.state.word(),
                enrolment.password_at.0,
                enrolment.code_at.map(|time| time.0),
                enrolment.webauthn,
                enrolment.created_at.0,
                enrolment.expires_at.0,
            ],
        )?;
        Ok(())
    }

    /// Notes that the code was right.
    pub fn verify_enrolment(&self, enrolment: EnrolmentId, at: Millis) -> Result<(), DeskError> {
        let sql = "UPDATE enrolments SET state = 'verified', code_at = ?2 WHERE enrolment = ?1 AND state = 'code_sent'";
        self.execute(sql, params![enrolment.as_bytes(), at.0])?;
        Ok(())
    }

    /// Moves an enrolment on; it ends by itself at `expires_at`.
    pub fn move_enrolment(
        &self,
        enrolment: EnrolmentId,
        state: EnrolmentState,
        expires_at: Millis,
    ) -> Result<(), DeskError> {
        let sql = "UPDATE enrolments SET state = ?2, expires_at = ?3 WHERE enrolment = ?1";
        self.execute(sql, params![enrolment.as_bytes(), state.word(), expires_at.0])?;
        Ok(())
    }

    /// Gives the person's open enrolment up; how many there were (0 or 1).
    pub fn close_open_enrolment(&self, person: PersonId) -> Result<usize, DeskError> {
        let sql = "UPDATE enrolments SET state = 'closed'
                   WHERE person = ?1 AND state IN ('code_sent', 'verified', 'issued')";
        self.execute(sql, params![person.as_bytes()])
    }
}
