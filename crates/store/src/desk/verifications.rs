//! User verifications of one text each, checked by the server. The text is recorded once, so each serves once.

use super::fields::{Fields, words};
use super::{DeskError, DeskRead, DeskWrite};
use crate::sql::params;
use yinxin_core::{CertificateId, Digest, Millis};

const TABLE: &str = "verifications";

words! {
    /// How the holder was verified.
    VerificationMethod {
        /// A WebAuthn assertion over the text's hash.
        Passkey = "passkey",
        /// The device PIN, counted for this text.
        Pin = "pin",
    }
}

/// One verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerificationRow {
    /// The certificate that signed the text.
    pub certificate: CertificateId,
    /// SHA-256 of the text's signing input.
    pub text_hash: Digest,
    /// How.
    pub method: VerificationMethod,
    /// When the server checked it.
    pub verified_at: Millis,
}

fn read(fields: &Fields<'_>) -> Result<VerificationRow, DeskError> {
    Ok(VerificationRow {
        certificate: fields.id("certificate")?,
        text_hash: fields.id("text_hash")?,
        method: fields.word("method", VerificationMethod::from_word)?,
        verified_at: fields.time("verified_at")?,
    })
}

impl DeskRead<'_> {
    /// The verification of this text.
    pub fn verification(
        &self,
        certificate: CertificateId,
        text_hash: Digest,
    ) -> Result<Option<VerificationRow>, DeskError> {
        let sql = "SELECT * FROM verifications WHERE certificate = ?1 AND text_hash = ?2";
        self.one(TABLE, sql, params![certificate.as_bytes(), text_hash.as_bytes()], read)
    }
}

impl DeskWrite<'_> {
    /// Writes a verification down; a newer one of the same text renews it.
    pub fn insert_verification(&self, verification: &VerificationRow) -> Result<(), DeskError> {
        self.execute(
            "INSERT INTO verifications (certificate, text_hash, method, verified_at)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (certificate, text_hash) DO UPDATE SET method = ?3, verified_at = ?4",
            params![
                verification.certificate.as_bytes(),
                verification.text_hash.as_bytes(),
                verification.method.word(),
                verification.verified_at.0,
            ],
        )?;
        Ok(())
    }
}
