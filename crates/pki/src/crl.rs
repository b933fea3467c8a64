//! Revocation lists (RFC 5280 section 5).
//!
//! Built field by field: x509-cert's builder copies the issuer's *authority* key id, writes an empty list as
//! an empty SEQUENCE, and its issuing distribution point has a wrong id.

use der::Encode;
use der::asn1::Uint;
use der::oid::AssociatedOid;
use x509_cert::Version;
use x509_cert::crl::{RevokedCert, TbsCertList};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, CrlNumber, CrlReason, IssuingDistributionPoint};

use crate::certificate::Certificate;
use crate::issuer::Issuer;
use crate::serial::Serial;
use crate::signer::Signer;
use crate::x509::{self, extension};
use crate::{Error, Result, oid};

/// Why a certificate must not be accepted (RFC 5280 section 5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No reason is said.
    Unspecified,
    /// The key may be in other hands: lost, forked.
    KeyCompromise,
    /// The authority's key may be in other hands.
    CaCompromise,
    /// Another certificate took its place.
    Superseded,
    /// It is not used any more.
    CessationOfOperation,
    /// Suspended; it may be resumed.
    CertificateHold,
    /// The operator withdrew it.
    PrivilegeWithdrawn,
}

impl Reason {
    pub(crate) const fn to_x509(self) -> CrlReason {
        match self {
            Self::Unspecified => CrlReason::Unspecified,
            Self::KeyCompromise => CrlReason::KeyCompromise,
            Self::CaCompromise => CrlReason::CaCompromise,
            Self::Superseded => CrlReason::Superseded,
            Self::CessationOfOperation => CrlReason::CessationOfOperation,
            Self::CertificateHold => CrlReason::CertificateHold,
            Self::PrivilegeWithdrawn => CrlReason::PrivilegeWithdrawn,
        }
    }
}

/// One revoked or suspended certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Its serial number.
    pub serial: Serial,
    /// Since when, milliseconds since 1970.
    pub at_ms: i64,
    /// Why.
    pub reason: Reason,
}

/// What a list says.
#[derive(Debug, Clone, Copy)]
pub struct CrlContent<'a> {
    /// Rises with every list of one issuer.
    pub number: u128,
    /// Milliseconds since 1970.
    pub this_update_ms: i64,
    /// Milliseconds since 1970; readers refuse the list after it, so publish the next one earlier.
    pub next_update_ms: i64,
    /// Everything revoked or suspended whose certificate has not expired.
    pub revoked: &'a [Revoked],
}

impl Issuer {
    /// Builds and signs the full list of this authority, DER. Its issuing distribution point equals the
    /// address inside the certificates.
    pub fn crl(&self, content: &CrlContent<'_>) -> Result<Vec<u8>> {
        let address = self.origin().pki(&format!("{}.crl", self.authority().file_name()));
        build(self.signer().as_ref(), self.certificate(), Some(&address), content)
    }
}

pub(crate) fn build(
    signer: &dyn Signer,
    issuer: &Certificate,
    distribution_point: Option<&str>,
    content: &CrlContent<'_>,
) -> Result<Vec<u8>> {
    if content.next_update_ms <= content.this_update_ms {
        return Err(Error::Refused("a list ends before it begins"));
    }
    if signer.spki() != issuer.public_key().spki_der() {
        return Err(Error::Refused("the signer's key is not the key of the issuing certificate"));
    }
    let revoked = content.revoked.iter().map(entry).collect::<Result<Vec<_>>>()?;
    let list = TbsCertList {
        version: Version::V2,
        signature: x509::ecdsa_sha256(),
        issuer: issuer.fields().subject.clone(),
        this_update: x509::time(content.this_update_ms)?,
        next_update: Some(x509::time(content.next_update_ms)?),
        // An empty list is absent, never an empty SEQUENCE (section 5.1.2.6).
        revoked_certificates: (!revoked.is_empty()).then_some(revoked),
        crl_extensions: Some(extensions(issuer, distribution_point, content.number)?),
    };
    x509::sign(&list.to_der().map_err(x509::encoding)?, signer)
}

fn extensions(issuer: &Certificate, point: Option<&str>, number: u128) -> Result<Vec<Extension>> {
    let key_id = AuthorityKeyIdentifier {
        key_identifier: Some(x509::octets(&issuer.fields().key_id)?),
        ..Default::default()
    };
    let number = CrlNumber(Uint::new(&number.to_be_bytes()).map_err(x509::encoding)?);
    let mut extensions = vec![
        extension(AuthorityKeyIdentifier::OID, false, &key_id)?,
        extension(CrlNumber::OID, false, &number)?,
    ];
    if let Some(address) = point {
        let point = IssuingDistributionPoint {
            distribution_point: Some(x509::point(address)?),
            only_contains_user_certs: false,
            only_contains_ca_certs: false,
            only_some_reasons: None,
            indirect_crl: false,
            only_contains_attribute_certs: false,
        };
        extensions.push(extension(oid::EXT_ISSUING_DISTRIBUTION_POINT, true, &point)?);
    }
    Ok(extensions)
}

fn entry(revoked: &Revoked) -> Result<RevokedCert> {
    // An unspecified reason is absent (section 5.3.1).
    let reason = match revoked.reason {
        Reason::Unspecified => None,
        reason @ (Reason::KeyCompromise
        | Reason::CaCompromise
        | Reason::Superseded
        | Reason::CessationOfOperation
        | Reason::CertificateHold
        | Reason::PrivilegeWithdrawn) => Some(vec![extension(CrlReason::OID, false, &reason.to_x509())?]),
    };
    Ok(RevokedCert {
        serial_number: revoked.serial.to_x509()?,
        revocation_date: x509::time(revoked.at_ms)?,
        crl_entry_extensions: reason,
    })
}
