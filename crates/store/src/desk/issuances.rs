//! Issuances: for every serial number, what was prepared, then what was signed. Kept for good: a
//! certificate's public form is what receipts are checked against.

use super::fields::{Fields, words};
use super::{DeskError, DeskRead, DeskWrite};
use crate::sql::params;
use yinxin_core::{CertificateId, DeviceId, Digest, EnrolmentId, Millis, PersonId, Serial, Thumbprint};

const TABLE: &str = "issuances";

words! {
    /// How far an issuance came.
    IssuanceState {
        /// Written down; the journal is asked to reserve the serial.
        Prepared = "prepared",
        /// Signed once; the journal is told next.
        Signed = "signed",
        /// The journal has the certificate.
        Recorded = "recorded",
        /// Never to be signed or delivered; the journal is told next.
        Abandoning = "abandoning",
        /// The journal has closed it, or never had it.
        Abandoned = "abandoned",
    }
}

/// One serial number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuanceRow {
    /// The certificate.
    pub certificate: CertificateId,
    /// The enrolment that asked for it.
    pub enrolment: EnrolmentId,
    /// Whose.
    pub person: PersonId,
    /// The device that holds its key.
    pub device: DeviceId,
    /// What the person calls that device.
    pub device_name: String,
    /// SHA-256 of the request (PKCS#10, DER).
    pub request_hash: Digest,
    /// The requested key, as `SubjectPublicKeyInfo`.
    pub key: Vec<u8>,
    /// Its serial number.
    pub serial: Serial,
    /// Exactly what the issuer is asked to sign.
    pub to_be_signed: Vec<u8>,
    /// The certificate in DER form, once it was signed.
    pub der: Option<Vec<u8>>,
    /// SHA-256 of that.
    pub thumbprint: Option<Thumbprint>,
    /// How far it came.
    pub state: IssuanceState,
    /// What the device signs to prove that it holds the key.
    pub challenge: [u8; 32],
    /// The `prev` of the first signed text.
    pub head: Digest,
    /// The sequence number before the first.
    pub sequence: u64,
    /// When it was written down.
    pub created_at: Millis,
}

fn read(fields: &Fields<'_>) -> Result<IssuanceRow, DeskError> {
    Ok(IssuanceRow {
        certificate: fields.id("certificate")?,
        enrolment: fields.id("enrolment")?,
        person: fields.id("person")?,
        device: fields.id("device")?,
        device_name: fields.text("device_name")?,
        request_hash: fields.id("request_hash")?,
        key: fields.bytes("key")?,
        serial: fields.id("serial")?,
        to_be_signed: fields.bytes("to_be_signed")?,
        der: fields.maybe_bytes("der")?,
        thumbprint: fields.maybe_id("thumbprint")?,
        state: fields.word("state", IssuanceState::from_word)?,
        challenge: fields.id("challenge")?,
        head: fields.id("head")?,
        sequence: fields.integer("sequence")?,
        created_at: fields.time("created_at")?,
    })
}

impl DeskRead<'_> {
    /// The issuance of this certificate.
    pub fn issuance(&self, certificate: CertificateId) -> Result<Option<IssuanceRow>, DeskError> {
        self.one(
            TABLE,
            "SELECT * FROM issuances WHERE certificate = ?1",
            params![certificate.as_bytes()],
            read,
        )
    }

    /// The issuance whose certificate has this thumbprint.
    pub fn issuance_by_thumbprint(&self, thumbprint: Thumbprint) -> Result<Option<IssuanceRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM issuances WHERE thumbprint = ?1", params![thumbprint.as_bytes()], read)
    }

    /// The issuance with this serial number.
    pub fn issuance_by_serial(&self, serial: Serial) -> Result<Option<IssuanceRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM issuances WHERE serial = ?1", params![serial.as_bytes()], read)
    }

    /// The one issuance of an enrolment that was not given up.
    pub fn issuance_of(&self, enrolment: EnrolmentId) -> Result<Option<IssuanceRow>, DeskError> {
        let sql =
            "SELECT * FROM issuances WHERE enrolment = ?1 AND state IN ('prepared', 'signed', 'recorded')";
        self.one(TABLE, sql, params![enrolment.as_bytes()], read)
    }

    /// A person's issuances whose certificate the journal has, newest first.
    pub fn issuances_of_person(&self, person: PersonId, limit: u32) -> Result<Vec<IssuanceRow>, DeskError> {
        let sql = "SELECT * FROM issuances WHERE person = ?1 AND state = 'recorded'
                   ORDER BY created_at DESC, certificate LIMIT ?2";
        self.all(TABLE, sql, params![person.as_bytes(), limit], read)
    }

    /// Issuances that a crash may have left between two records, oldest first.
    pub fn issuances_unfinished(&self, limit: u32) -> Result<Vec<IssuanceRow>, DeskError> {
        let sql = "SELECT * FROM issuances WHERE state IN ('prepared', 'signed', 'abandoning')
                   ORDER BY created_at LIMIT ?1";
        self.all(TABLE, sql, params![limit], read)
    }
}

impl DeskWrite<'_> {
    /// Writes a prepared issuance down.
    pub fn insert_issuance(&self, issuance: &IssuanceRow) -> Result<(), DeskError> {
        self.execute(
            "INSERT INTO issuances (certificate, enrolment, person, device, device_name, request_hash, key, serial,
               to_be_signed, der, thumbprint, state, challenge, head, sequence, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
            params![
                issuance.certificate.as_bytes(),
                issuance.enrolment.as_bytes(),
                issuance.person.as_bytes(),
                issuance.device.as_bytes(),
                issuance.device_name,
                issuance.request_hash.as_bytes(),
                issuance.key,
                issuance.serial.as_bytes(),
                issuance.to_be_signed,
                issuance.der,
                issuance.thumbprint.as_ref().map(Thumbprint::as_bytes),
                issuance.state.word(),
                issuance.challenge,
                issuance.head.as_bytes(),
                i64::try_from(issuance.sequence).unwrap_or(i64::MAX),
                issuance.created_at.0,
            ],
        )?;
        Ok(())
    }

    /// Keeps what was signed; only the first time, and never for what was abandoned.
    pub fn keep_signed(
        &self,
        certificate: CertificateId,
        der: &[u8],
        thumbprint: Thumbprint,
    ) -> Result<bool, DeskError> {
        let sql = "UPDATE issuances SET state = 'signed', der = ?2, thumbprint = ?3
                   WHERE certificate = ?1 AND state = 'prepared'";
        Ok(self.execute(sql, params![certificate.as_bytes(), der, thumbprint.as_bytes()])? == 1)
    }

    /// Notes that the journal has the certificate.
    pub fn mark_recorded(&self, certificate: CertificateId) -> Result<(), DeskError> {
        let sql = "UPDATE issuances SET state = 'recorded' WHERE certificate = ?1 AND state = 'signed'";
        self.execute(sql, params![certificate.as_bytes()])?;
        Ok(())
    }

    /// Gives an issuance up: nothing of it may be signed or delivered any more.
    pub fn give_issuance_up(&self, certificate: CertificateId) -> Result<(), DeskError> {
        let sql = "UPDATE issuances SET state = 'abandoning' WHERE certificate = ?1 AND state <> 'abandoned'";
        self.execute(sql, params![certificate.as_bytes()])?;
        Ok(())
    }

    /// Notes that the journal has closed what was given up.
    pub fn mark_abandoned(&self, certificate: CertificateId) -> Result<(), DeskError> {
        let sql = "UPDATE issuances SET state = 'abandoned' WHERE certificate = ?1 AND state = 'abandoning'";
        self.execute(sql, params![certificate.as_bytes()])?;
        Ok(())
    }

    /// Renames the device that holds a certificate.
    pub fn rename_device(&self, certificate: CertificateId, name: &str) -> Result<(), DeskError> {
        let sql = "UPDATE issuances SET device_name = ?2 WHERE certificate = ?1";
        self.execute(sql, params![certificate.as_bytes(), name])?;
        Ok(())
    }
}
