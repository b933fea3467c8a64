//! What a certificate's key stops: a certificate, a held payment, somebody else's reissue. A suspended certificate may still
//! sign it, and nothing else (rules § 1).

use super::{TextError, field, read, version, write};
use crate::id::{CertificateId, Digest, EnrolmentId, PaymentNumber};
use serde::{Deserialize, Serialize};

/// What is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopPurpose {
    /// A certificate of the same person.
    Suspend {
        /// Which.
        certificate: CertificateId,
    },
    /// A reissue that the owner did not ask for: 「不是我」.
    Veto {
        /// Which.
        reissue: EnrolmentId,
    },
    /// A payment that is held.
    Cancel {
        /// Its number.
        payment: PaymentNumber,
    },
}

/// The payload of a `yx-stop+jws`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopText {
    /// The deployment's origin.
    pub audience: String,
    /// What is stopped.
    pub purpose: StopPurpose,
    /// Which certificate signs.
    pub certificate: CertificateId,
    /// The server's challenge.
    pub challenge: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StopWire {
    v: u8,
    aud: String,
    purpose: String,
    subject: String,
    certificate: String,
    challenge: String,
}

impl StopText {
    /// Reads the payload of a `yx-stop+jws`.
    pub fn parse(payload: &[u8]) -> Result<Self, TextError> {
        let wire: StopWire = read(payload)?;
        version(wire.v)?;
        let subject = wire.subject.as_str();
        let purpose = match wire.purpose.as_str() {
            "suspend" => StopPurpose::Suspend { certificate: field(subject, "subject")? },
            "veto" => StopPurpose::Veto { reissue: field(subject, "subject")? },
            "cancel" => StopPurpose::Cancel { payment: field(subject, "subject")? },
            _ => return Err(TextError("purpose")),
        };
        Ok(Self {
            audience: wire.aud,
            purpose,
            certificate: field(&wire.certificate, "certificate")?,
            challenge: field(&wire.challenge, "challenge")?,
        })
    }

    /// Writes the payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (purpose, subject) = match self.purpose {
            StopPurpose::Suspend { certificate } => ("suspend", certificate.to_string()),
            StopPurpose::Veto { reissue } => ("veto", reissue.to_string()),
            StopPurpose::Cancel { payment } => ("cancel", payment.to_string()),
        };
        write(&StopWire {
            v: 1,
            aud: self.audience.clone(),
            purpose: purpose.to_owned(),
            subject,
            certificate: self.certificate.to_string(),
            challenge: self.challenge.to_string(),
        })
    }
}
