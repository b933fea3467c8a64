//! Issuance: prepare → (the caller records) → self-check → sign once.
//!
//! ```text
//! Issuance ──prepare──▶ Prepared { serial, digest } ──caller records both──▶ sign ──▶ Certificate
//!                                                                             └ lint refused: nothing was signed
//! ```
//! A power failure between any two steps leaves a record of everything that may have been signed. `sign`
//! consumes the preparation: ECDSA is randomised, signing twice would make two certificates.

use std::sync::Arc;

use der::asn1::Any;
use der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::name::Name;
use x509_cert::time::Validity;

use crate::certificate::Certificate;
use crate::key::PublicKey;
use crate::lint;
use crate::origin::Origin;
use crate::profile::{self, Authority, Profile};
use crate::serial::Serial;
use crate::signer::Signer;
use crate::symmetric::sha256;
use crate::x509::{self, Tbs};
use crate::{Error, Result};

/// An issuing authority: its certificate and the signer that holds its key.
#[derive(Clone)]
pub struct Issuer {
    signer: Arc<dyn Signer>,
    certificate: Certificate,
    authority: Authority,
    origin: Origin,
}

/// What a certificate is asked to say.
#[derive(Debug, Clone)]
pub struct Issuance<'a> {
    /// The kind of certificate.
    pub profile: Profile<'a>,
    /// A serial number never used before.
    pub serial: Serial,
    /// The subject's id: `acc_…`, `mer_…`; for a server or responder, its plain name.
    pub subject_id: &'a str,
    /// The subject's key, whose possession was proven.
    pub key: &'a PublicKey,
    /// Milliseconds since 1970, cut to the second.
    pub not_before_ms: i64,
    /// Milliseconds since 1970, cut to the second.
    pub not_after_ms: i64,
}

/// Exactly what will be signed. Record [`Prepared::serial`] and [`Prepared::digest`] before signing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    tbs: Vec<u8>,
    serial: Serial,
    purpose: crate::Purpose,
}

impl Prepared {
    /// The serial number.
    #[must_use]
    pub fn serial(&self) -> &Serial {
        &self.serial
    }

    /// The signed part, DER.
    #[must_use]
    pub fn tbs(&self) -> &[u8] {
        &self.tbs
    }

    /// SHA-256 of the signed part.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        sha256(&self.tbs)
    }
}

impl Issuer {
    /// Brings a signer and its issuing certificate together.
    ///
    /// # Errors
    /// `Refused` when the key is not the certificate's, or the certificate is not one of our two issuing
    /// authorities; `origin` is the deployment's, as `https://pay.example`.
    pub fn new(signer: Arc<dyn Signer>, certificate: Certificate, origin: &str) -> Result<Self> {
        if signer.spki() != certificate.public_key().spki_der() {
            return Err(Error::Refused("the signer's key is not the key of the issuing certificate"));
        }
        let authority = profile::authority_of(&certificate).filter(|_| certificate.is_authority());
        let authority = authority.ok_or(Error::Refused("not the certificate of an issuing authority"))?;
        Ok(Self { signer, certificate, authority, origin: Origin::parse(origin)? })
    }

    /// Which of the two authorities this is.
    #[must_use]
    pub fn authority(&self) -> Authority {
        self.authority
    }

    /// The issuing certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Lays out what will be signed.
    pub fn prepare(&self, issuance: &Issuance<'_>) -> Result<Prepared> {
        let purpose = issuance.profile.purpose();
        if !self.authority.purposes().contains(&purpose) {
            return Err(Error::Refused("this authority does not issue for that purpose"));
        }
        profile::check_subject_id(purpose, issuance.subject_id)?;
        let id = issuance.subject_id;
        let mut extensions = profile::leaf_extensions(&issuance.profile, id, self.authority, &self.origin)?;
        extensions.extend(profile::key_ids(&self.certificate.fields().key_id, issuance.key)?);
        let tbs = tbs(&Body {
            serial: &issuance.serial,
            issuer: &self.certificate.fields().subject,
            subject: &issuance.profile.subject(id)?,
            not_before_ms: issuance.not_before_ms,
            not_after_ms: issuance.not_after_ms,
            key: issuance.key,
            extensions,
        })?;
        Ok(Prepared { tbs, serial: issuance.serial.clone(), purpose })
    }

    /// Checks what was prepared against our profile with other code than the one that wrote it.
    ///
    /// # Errors
    /// `Refused`, with the rule. [`Issuer::sign`] runs this too; a caller may run it before recording.
    pub fn self_check(&self, prepared: &Prepared) -> Result<()> {
        lint::check(&prepared.tbs, prepared.purpose, self.authority, &self.certificate)
    }

    /// Self-checks, signs once and reads the result back.
    pub fn sign(&self, prepared: Prepared) -> Result<Certificate> {
        self.self_check(&prepared)?;
        let certificate = Certificate::parse(&x509::sign(&prepared.tbs, self.signer.as_ref())?)?;
        certificate.verify_signature(self.certificate.public_key())?;
        drop(prepared);
        Ok(certificate)
    }

    pub(crate) fn signer(&self) -> &Arc<dyn Signer> {
        &self.signer
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// The signed part of any certificate, before encoding.
pub(crate) struct Body<'a> {
    pub(crate) serial: &'a Serial,
    pub(crate) issuer: &'a Name,
    pub(crate) subject: &'a Name,
    pub(crate) not_before_ms: i64,
    pub(crate) not_after_ms: i64,
    pub(crate) key: &'a PublicKey,
    pub(crate) extensions: Vec<Extension>,
}

/// The DER of the signed part of a certificate.
pub(crate) fn tbs(body: &Body<'_>) -> Result<Vec<u8>> {
    Tbs {
        version: 2,
        serial: body.serial.to_x509()?,
        algorithm: x509::ecdsa_sha256(),
        issuer: body.issuer.clone(),
        validity: Validity::new(x509::time(body.not_before_ms)?, x509::time(body.not_after_ms)?),
        subject: body.subject.clone(),
        key: Any::from_der(body.key.spki_der()).map_err(x509::encoding)?,
        extensions: body.extensions.clone(),
    }
    .to_der()
    .map_err(x509::encoding)
}
