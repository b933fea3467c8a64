//! The self-check before signing: refuse what a linter would refuse (RFC 5280, formats.md).
//!
//! Reads the DER that will be signed back with the reader, so that a mistake of the writer shows.

use der::asn1::ObjectIdentifier;
use der::oid::AssociatedOid;
use der::{Decode, Encode};
use x509_cert::TbsCertificate;
use x509_cert::ext::pkix::{
    AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies,
    CrlDistributionPoints, ExtendedKeyUsage, KeyUsage, SubjectAltName, SubjectKeyIdentifier,
};

use crate::certificate::{Certificate, Fields, uri_text};
use crate::profile::{Authority, Purpose};
use crate::{Error, Result, oid, x509};

/// Longest life of an end-entity certificate, milliseconds: five years, as its authority.
const MAX_LIFE_MS: i64 = 5 * 366 * 86_400_000;

/// Longest life of an OCSP responder, milliseconds: it cannot be revoked, so 100 days.
const MAX_RESPONDER_LIFE_MS: i64 = 100 * 86_400_000;

/// Fewest bytes of a serial number: 64 random bits.
const MIN_SERIAL_LENGTH: usize = 8;

/// Checks every rule of the profile.
pub(crate) fn check(tbs: &[u8], purpose: Purpose, authority: Authority, issuer: &Certificate) -> Result<()> {
    let parsed =
        TbsCertificate::from_der(tbs).map_err(|_| Error::Refused("what would be signed cannot be read"))?;
    rule(parsed.to_der().is_ok_and(|again| again == tbs), "the encoding is not canonical")?;
    rule(*parsed.signature() == x509::ecdsa_sha256(), "the signature algorithm is not the issuer's")?;
    rule(
        parsed.issuer_unique_id().is_none() && parsed.subject_unique_id().is_none(),
        "unique identifiers are not used",
    )?;
    let fields = Fields::of(&parsed)?;
    check_identity(&fields, purpose, issuer)?;
    check_life(&fields, purpose, issuer)?;
    check_usage(&fields, purpose, authority)?;
    check_addresses(&fields, purpose, authority)?;
    check_extension_set(&fields, purpose)
}

fn check_identity(fields: &Fields, purpose: Purpose, issuer: &Certificate) -> Result<()> {
    let above = issuer.fields();
    rule(fields.version == 3, "the version is not 3")?;
    rule(fields.serial.as_bytes().len() >= MIN_SERIAL_LENGTH, "the serial number is too short")?;
    rule(fields.issuer == above.subject, "the issuer's name is not the authority's")?;
    rule(fields.subject != above.subject, "the subject is the authority itself")?;
    rule(fields.key != above.key, "the subject's key is the authority's key")?;
    rule(fields.key_id == fields.key.key_id(), "the subject key id is not the key's")?;
    rule(
        !above.key_id.is_empty() && fields.issuer_key_id == above.key_id,
        "the authority key id is not the authority's",
    )?;
    let id = x509::attribute(&fields.subject, oid::COMMON_NAME).unwrap_or_default();
    rule(crate::profile::check_subject_id(purpose, &id).is_ok(), "the subject is not an id of this purpose")?;
    let attributes = match purpose {
        Purpose::Merchant => 2,
        Purpose::Payment
        | Purpose::Recovery
        | Purpose::Operator
        | Purpose::OcspResponder
        | Purpose::TlsServer => 1,
    };
    rule(fields.subject.iter().count() == attributes, "the subject says more than the profile allows")?;
    let names: Vec<_> = fields.names.iter().filter_map(uri_text).collect();
    match purpose {
        Purpose::Payment | Purpose::Recovery | Purpose::Merchant | Purpose::Operator => rule(
            fields.names.len() == 1
                && names.iter().all(|n| n.starts_with("https://") && n.ends_with(&format!("/id/{id}"))),
            "the alternative name is not the subject's https identity",
        ),
        Purpose::OcspResponder => rule(fields.names.is_empty(), "a responder has no alternative name"),
        Purpose::TlsServer => rule(
            !fields.names.is_empty() && names.is_empty(),
            "a server's alternative names are host names and addresses",
        ),
    }
}

fn check_life(fields: &Fields, purpose: Purpose, issuer: &Certificate) -> Result<()> {
    let life = fields.not_after_ms.saturating_sub(fields.not_before_ms);
    let longest = if purpose == Purpose::OcspResponder { MAX_RESPONDER_LIFE_MS } else { MAX_LIFE_MS };
    rule(life > 0, "the certificate ends before it begins")?;
    rule(life <= longest, "the certificate lives too long")?;
    rule(fields.not_before_ms >= issuer.not_before_ms(), "the certificate begins before its authority")?;
    rule(fields.not_after_ms <= issuer.not_after_ms(), "the certificate outlives its authority")
}

fn check_usage(fields: &Fields, purpose: Purpose, authority: Authority) -> Result<()> {
    rule(authority.purposes().contains(&purpose), "this authority does not issue for that purpose")?;
    let end_entity = BasicConstraints { ca: false, path_len_constraint: None };
    rule(fields.basic.as_ref() == Some(&end_entity), "the certificate is not marked as an end entity")?;
    rule(fields.key_usage == Some(purpose.key_usage()), "the key usage is not the profile's")?;
    rule(fields.usages == purpose.usages(), "the extended key usage is not the profile's")?;
    rule(fields.policies == [purpose.policy()], "the policy is not the profile's")?;
    rule(fields.critical == [BasicConstraints::OID, KeyUsage::OID], "other extensions are critical")
}

fn check_addresses(fields: &Fields, purpose: Purpose, authority: Authority) -> Result<()> {
    if purpose == Purpose::OcspResponder {
        return rule(
            fields.crl.is_empty() && fields.ocsp.is_empty(),
            "a responder names no place to ask for its own status",
        );
    }
    let list = format!("/pki/{}.crl", authority.file_name());
    rule(fields.crl.len() == 1 && fields.crl[0].ends_with(&list), "the revocation list's address is wrong")?;
    rule(fields.ocsp.len() == 1 && fields.ocsp[0].ends_with("/pki/ocsp"), "the responder's address is wrong")
}

fn check_extension_set(fields: &Fields, purpose: Purpose) -> Result<()> {
    let mut expected: Vec<ObjectIdentifier> = vec![
        BasicConstraints::OID,
        KeyUsage::OID,
        ExtendedKeyUsage::OID,
        CertificatePolicies::OID,
        AuthorityInfoAccessSyntax::OID,
        AuthorityKeyIdentifier::OID,
        SubjectKeyIdentifier::OID,
    ];
    if purpose == Purpose::OcspResponder {
        expected.push(oid::EXT_OCSP_NO_CHECK);
    } else {
        expected.extend([SubjectAltName::OID, CrlDistributionPoints::OID]);
    }
    rule(
        fields.extensions.len() == expected.len() && expected.iter().all(|id| fields.extensions.contains(id)),
        "the set of extensions is not the profile's",
    )
}

fn rule(holds: bool, broken: &'static str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::Refused(broken)) }
}
