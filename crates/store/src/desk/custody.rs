//! Custody: how a device keeps a certificate's key, and what the server needs to verify its holder.

use super::fields::{Fields, words};
use super::{DeskError, DeskRead, DeskWrite};
use crate::sql::params;
use yinxin_core::{CertificateId, Digest};

const TABLE: &str = "custody";

words! {
    /// The two ways of custody.
    CustodyKind {
        /// Sealed by a passkey (WebAuthn PRF).
        Passkey = "passkey",
        /// Sealed with a PIN and a share that the server holds.
        Pin = "pin",
    }
}

/// How one key is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Custody {
    /// Sealed by a passkey.
    Passkey {
        /// The credential's id.
        credential: Vec<u8>,
        /// Its public key, as `SubjectPublicKeyInfo`.
        key: Vec<u8>,
        /// The highest signature counter seen.
        signature_count: u32,
    },
    /// Sealed with a PIN.
    Pin {
        /// Hash of the device's proof.
        device_key: Digest,
        /// Hash of HMAC(device secret, PIN).
        pin_mac: Digest,
        /// The server's half of the wrapping key: secret.
        share: [u8; 32],
    },
}

impl Custody {
    /// Which way it is.
    #[must_use]
    pub const fn kind(&self) -> CustodyKind {
        match self {
            Self::Passkey { .. } => CustodyKind::Passkey,
            Self::Pin { .. } => CustodyKind::Pin,
        }
    }
}

fn read(fields: &Fields<'_>) -> Result<Custody, DeskError> {
    Ok(match fields.word("kind", CustodyKind::from_word)? {
        CustodyKind::Passkey => Custody::Passkey {
            credential: fields.bytes("credential")?,
            key: fields.bytes("credential_key")?,
            signature_count: fields.integer("signature_count")?,
        },
        CustodyKind::Pin => Custody::Pin {
            device_key: fields.id("device_key")?,
            pin_mac: fields.id("pin_mac")?,
            share: fields.id("share")?,
        },
    })
}

impl DeskRead<'_> {
    /// How the key of this certificate is kept.
    pub fn custody(&self, certificate: CertificateId) -> Result<Option<Custody>, DeskError> {
        self.one(TABLE, "SELECT * FROM custody WHERE certificate = ?1", params![certificate.as_bytes()], read)
    }
}

impl DeskWrite<'_> {
    /// Writes down how a key is kept.
    ///
    /// # Errors
    /// [`DeskError::Taken`] names `custody.credential` when the passkey keeps another key.
    pub fn insert_custody(&self, certificate: CertificateId, custody: &Custody) -> Result<(), DeskError> {
        match custody {
            Custody::Passkey { credential, key, signature_count } => self.execute(
                "INSERT INTO custody (certificate, kind, credential, credential_key, signature_count)
                 VALUES (?1, 'passkey', ?2, ?3, ?4)",
                params![certificate.as_bytes(), credential, key, signature_count],
            )?,
            Custody::Pin { device_key, pin_mac, share } => self.execute(
                "INSERT INTO custody (certificate, kind, device_key, pin_mac, share) VALUES (?1, 'pin', ?2, ?3, ?4)",
                params![certificate.as_bytes(), device_key.as_bytes(), pin_mac.as_bytes(), share],
            )?,
        };
        Ok(())
    }

    /// Forgets how the key of an abandoned certificate was kept, so that its passkey can serve the next.
    pub fn delete_custody(&self, certificate: CertificateId) -> Result<(), DeskError> {
        self.execute("DELETE FROM custody WHERE certificate = ?1", params![certificate.as_bytes()])?;
        Ok(())
    }

    /// A renewed certificate's key is kept as its predecessor's was; nothing happens when that was passed on before.
    pub fn pass_custody_on(&self, from: CertificateId, to: CertificateId) -> Result<(), DeskError> {
        let sql = "UPDATE custody SET certificate = ?2 WHERE certificate = ?1";
        self.execute(sql, params![from.as_bytes(), to.as_bytes()])?;
        Ok(())
    }

    /// Notes a passkey's signature counter; it only rises.
    pub fn raise_signature_count(&self, certificate: CertificateId, count: u32) -> Result<(), DeskError> {
        let sql = "UPDATE custody SET signature_count = ?2
                   WHERE certificate = ?1 AND kind = 'passkey' AND signature_count < ?2";
        self.execute(sql, params![certificate.as_bytes(), count])?;
        Ok(())
    }
}
