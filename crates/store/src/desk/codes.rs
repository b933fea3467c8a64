//! Codes sent by SMS. The desk holds an HMAC of each, never the code.

use super::fields::{Fields, words};
use super::{DeskError, DeskRead, DeskWrite};
use crate::sql::params;
use yinxin_core::{Digest, Millis};

const TABLE: &str = "codes";

words! {
    /// What a code is for; the text that carries it says so, and it serves nothing else.
    CodePurpose {
        /// Registration, and the first certificate in the same sitting.
        Register = "register",
        /// Log-in on a device that is not known.
        LogIn = "log_in",
        /// A later enrolment of a certificate.
        Enrol = "enrol",
        /// Lifting a suspension.
        Resume = "resume",
        /// Renewing a certificate after its validity.
        Renew = "renew",
        /// A reissue.
        Reissue = "reissue",
        /// Another phone number.
        Phone = "phone",
    }
}

/// One code that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRow {
    /// Its row; 0 before it is written.
    pub code: i64,
    /// Where it was sent (E.164).
    pub phone: String,
    /// What it is for.
    pub purpose: CodePurpose,
    /// What it is bound to: a device kind, an enrolment, a certificate.
    pub subject: Vec<u8>,
    /// HMAC of the code.
    pub mac: Digest,
    /// When it was sent.
    pub sent_at: Millis,
    /// When it ends.
    pub expires_at: Millis,
    /// How often it was compared.
    pub tries: u32,
    /// When it was used.
    pub consumed_at: Option<Millis>,
}

fn read(fields: &Fields<'_>) -> Result<CodeRow, DeskError> {
    Ok(CodeRow {
        code: fields.integer("code")?,
        phone: fields.text("phone")?,
        purpose: fields.word("purpose", CodePurpose::from_word)?,
        subject: fields.bytes("subject")?,
        mac: fields.id("mac")?,
        sent_at: fields.time("sent_at")?,
        expires_at: fields.time("expires_at")?,
        tries: fields.integer("tries")?,
        consumed_at: fields.maybe_time("consumed_at")?,
    })
}

impl DeskRead<'_> {
    /// The newest code sent to `phone` for `purpose`; older ones are void.
    pub fn newest_code(&self, phone: &str, purpose: CodePurpose) -> Result<Option<CodeRow>, DeskError> {
        let sql =
            "SELECT * FROM codes WHERE phone = ?1 AND purpose = ?2 ORDER BY sent_at DESC, code DESC LIMIT 1";
        self.one(TABLE, sql, params![phone, purpose.word()], read)
    }

    /// When a code for `purpose` was last sent to `phone`.
    pub fn code_last_sent(&self, phone: &str, purpose: CodePurpose) -> Result<Option<Millis>, DeskError> {
        let sql =
            "SELECT code, sent_at FROM codes WHERE phone = ?1 AND purpose = ?2 ORDER BY sent_at DESC LIMIT 1";
        self.one(TABLE, sql, params![phone, purpose.word()], |fields| fields.time("sent_at"))
    }
}

impl DeskWrite<'_> {
    /// Writes a code down before it is sent.
    pub fn insert_code(&self, code: &CodeRow) -> Result<(), DeskError> {
        self.execute(
            "INSERT INTO codes (phone, purpose, subject, mac, sent_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                code.phone,
                code.purpose.word(),
                code.subject,
                code.mac.as_bytes(),
                code.sent_at.0,
                code.expires_at.0
            ],
        )?;
        Ok(())
    }

    /// Counts a comparison before it is made.
    pub fn count_code_try(&self, code: i64) -> Result<(), DeskError> {
        self.execute("UPDATE codes SET tries = tries + 1 WHERE code = ?1", params![code])?;
        Ok(())
    }

    /// Uses a code up; `false` when it was used already.
    pub fn consume_code(&self, code: i64, at: Millis) -> Result<bool, DeskError> {
        let sql = "UPDATE codes SET consumed_at = ?2 WHERE code = ?1 AND consumed_at IS NULL";
        Ok(self.execute(sql, params![code, at.0])? == 1)
    }
}
