//! Recovery kits: for every serial number of a recovery certificate, what was prepared, then what was signed, and when its
//! holder last showed that the file opens. The file itself never comes here.

use super::fields::Fields;
use super::{DeskError, DeskRead, DeskWrite, IssuanceState};
use crate::sql::params;
use yinxin_core::{CertificateId, Digest, Millis, PersonId, Serial, Thumbprint};

const TABLE: &str = "kits";

/// One recovery certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KitRow {
    /// The certificate.
    pub certificate: CertificateId,
    /// Whose.
    pub person: PersonId,
    /// SHA-256 of the request (PKCS#10, DER).
    pub request_hash: Digest,
    /// The recovery key, as `SubjectPublicKeyInfo`.
    pub key: Vec<u8>,
    /// Its serial number.
    pub serial: Serial,
    /// Exactly what the issuer is asked to sign.
    pub to_be_signed: Vec<u8>,
    /// The certificate in DER form, once it was signed.
    pub der: Option<Vec<u8>>,
    /// SHA-256 of that.
    pub thumbprint: Option<Thumbprint>,
    /// How far its issuance came.
    pub state: IssuanceState,
    /// When it was written down.
    pub created_at: Millis,
    /// When its holder last showed that it opens.
    pub drilled_at: Option<Millis>,
}

fn read(fields: &Fields<'_>) -> Result<KitRow, DeskError> {
    Ok(KitRow {
        certificate: fields.id("certificate")?,
        person: fields.id("person")?,
        request_hash: fields.id("request_hash")?,
        key: fields.bytes("key")?,
        serial: fields.id("serial")?,
        to_be_signed: fields.bytes("to_be_signed")?,
        der: fields.maybe_bytes("der")?,
        thumbprint: fields.maybe_id("thumbprint")?,
        state: fields.word("state", IssuanceState::from_word)?,
        created_at: fields.time("created_at")?,
        drilled_at: fields.maybe_time("drilled_at")?,
    })
}

impl DeskRead<'_> {
    /// The kit with this recovery certificate.
    pub fn kit(&self, certificate: CertificateId) -> Result<Option<KitRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM kits WHERE certificate = ?1", params![certificate.as_bytes()], read)
    }

    /// The kit that this request led to, unless it was given up.
    pub fn kit_of_request(&self, request: Digest) -> Result<Option<KitRow>, DeskError> {
        let sql =
            "SELECT * FROM kits WHERE request_hash = ?1 AND state IN ('prepared', 'signed', 'recorded')";
        self.one(TABLE, sql, params![request.as_bytes()], read)
    }

    /// A person's kits that came into use, newest first.
    pub fn kits_of_person(&self, person: PersonId, limit: u32) -> Result<Vec<KitRow>, DeskError> {
        let sql = "SELECT * FROM kits WHERE person = ?1 AND state = 'recorded'
                   ORDER BY created_at DESC, certificate LIMIT ?2";
        self.all(TABLE, sql, params![person.as_bytes(), limit], read)
    }

    /// Kits that are not in use yet, or that a crash left between two records, oldest first.
    pub fn kits_unfinished(&self, limit: u32) -> Result<Vec<KitRow>, DeskError> {
        let sql = "SELECT * FROM kits WHERE state IN ('prepared', 'signed', 'abandoning')
                   ORDER BY created_at LIMIT ?1";
        self.all(TABLE, sql, params![limit], read)
    }
}

impl DeskWrite<'_> {
    /// Writes a prepared kit down.
    pub fn insert_kit(&self, kit: &KitRow) -> Result<(), DeskError> {
        self.execute(
            "INSERT INTO kits (certificate, person, request_hash, key, serial, to_be_signed, der, thumbprint, state,
               created_at, drilled_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                kit.certificate.as_bytes(),
                kit.person.as_bytes(),
                kit.request_hash.as_bytes(),
                kit.key,
                kit.serial.as_bytes(),
                kit.to_be_signed,
                kit.der,
                kit.thumbprint.as_ref().map(Thumbprint::as_bytes),
                kit.state.word(),
                kit.created_at.0,
                kit.drilled_at.map(|at| at.0),
            ],
        )?;
        Ok(())
    }

    /// Keeps what was signed; only the first time, and never for what was given up.
    pub fn keep_signed_kit(
        &self,
        certificate: CertificateId,
        der: &[u8],
        thumbprint: Thumbprint,
    ) -> Result<bool, DeskError> {
        let sql = "UPDATE kits SET state = 'signed', der = ?2, thumbprint = ?3
                   WHERE certificate = ?1 AND state = 'prepared'";
        Ok(self.execute(sql, params![certificate.as_bytes(), der, thumbprint.as_bytes()])? == 1)
    }

    /// Notes that the kit came into use.
    pub fn mark_kit_recorded(&self, certificate: CertificateId) -> Result<(), DeskError> {
        let sql = "UPDATE kits SET state = 'recorded' WHERE certificate = ?1 AND state = 'signed'";
        self.execute(sql, params![certificate.as_bytes()])?;
        Ok(())
    }

    /// Gives a kit up that never came into use.
    pub fn give_kit_up(&self, certificate: CertificateId) -> Result<(), DeskError> {
        let sql = "UPDATE kits SET state = 'abandoning' WHERE certificate = ?1 AND state <> 'abandoned'";
        self.execute(sql, params![certificate.as_bytes()])?;
        Ok(())
    }

    /// Notes that the journal has closed what was given up.
    pub fn mark_kit_abandoned(&self, certificate: CertificateId) -> Result<(), DeskError> {
        let sql = "UPDATE kits SET state = 'abandoned' WHERE certificate = ?1 AND state = 'abandoning'";
        self.execute(sql, params![certificate.as_bytes()])?;
        Ok(())
    }

    /// Notes that the kit's holder showed that it opens.
    pub fn note_drill(&self, certificate: CertificateId, at: Millis) -> Result<(), DeskError> {
        self.execute(
            "UPDATE kits SET drilled_at = ?2 WHERE certificate = ?1",
            params![certificate.as_bytes(), at.0],
        )?;
        Ok(())
    }
}
