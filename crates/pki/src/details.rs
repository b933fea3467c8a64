//! A certificate's contents as plain strings, for the page that shows them.

use core::net::IpAddr;

use data_encoding::{HEXLOWER, HEXUPPER};
use der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::KeyUsage;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;

use crate::certificate::{Certificate, uri_text};
use crate::{oid, x509};

/// What a certificate says, each value ready to show. Lists are joined by `", "`; absent is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// Subject, as `CN=acc_…`.
    pub subject: String,
    /// Issuer, as `O=…, OU=…, CN=…`.
    pub issuer: String,
    /// Serial number, lower-case hexadecimal.
    pub serial: String,
    /// RFC 3339, UTC.
    pub not_before: String,
    /// RFC 3339, UTC.
    pub not_after: String,
    /// SHA-256 of the DER, upper-case hexadecimal in pairs with colons.
    pub fingerprint_sha256: String,
    /// The uncompressed point, lower-case hexadecimal.
    pub public_key: String,
    /// Name of the signature algorithm.
    pub signature_algorithm: String,
    /// Key usage in the names of RFC 5280.
    pub key_usage: String,
    /// Extended key usage, words and numbers.
    pub extended_key_usage: String,
    /// Certificate policies, words and numbers.
    pub policies: String,
    /// Subject alternative names.
    pub san: String,
    /// Addresses of the revocation list.
    pub crl: String,
    /// Addresses of the OCSP responder.
    pub ocsp: String,
    /// The certificate as PEM.
    pub pem: String,
}

impl Certificate {
    /// The contents as plain strings.
    #[must_use]
    pub fn details(&self) -> Details {
        let fields = self.fields();
        Details {
            subject: name_text(&fields.subject),
            issuer: name_text(&fields.issuer),
            serial: fields.serial.hex(),
            not_before: time_text(fields.not_before_ms),
            not_after: time_text(fields.not_after_ms),
            fingerprint_sha256: pairs(&self.thumbprint()),
            public_key: HEXLOWER.encode(fields.key.point()),
            signature_algorithm: "ecdsa-with-SHA256 (P-256)".to_owned(),
            key_usage: fields.key_usage.map(key_usage_text).unwrap_or_default(),
            extended_key_usage: oids_text(&fields.usages),
            policies: oids_text(&fields.policies),
            san: fields.names.iter().map(general_name_text).collect::<Vec<_>>().join(", "),
            crl: fields.crl.join(", "),
            ocsp: fields.ocsp.join(", "),
            pem: self.pem(),
        }
    }
}

fn pairs(bytes: &[u8]) -> String {
    bytes.iter().map(|b| HEXUPPER.encode(&[*b])).collect::<Vec<_>>().join(":")
}

fn oids_text(oids: &[ObjectIdentifier]) -> String {
    oids.iter().map(oid::describe).collect::<Vec<_>>().join(", ")
}

fn time_text(at_ms: i64) -> String {
    x509::time(at_ms).map(|time| time.to_string()).unwrap_or_default()
}

/// `O=…, CN=…` in the order of the certificate; for reading only, never parsed again.
fn name_text(name: &Name) -> String {
    let attribute = |oid: ObjectIdentifier| match oid {
        oid::COMMON_NAME => "CN".to_owned(),
        oid::ORGANIZATION => "O".to_owned(),
        oid::ORGANIZATIONAL_UNIT => "OU".to_owned(),
        other => other.to_string(),
    };
    name.iter()
        .map(|part| format!("{}={}", attribute(part.oid), String::from_utf8_lossy(part.value.value())))
        .collect::<Vec<_>>()
        .join(", ")
}

fn key_usage_text(usage: KeyUsage) -> String {
    let names = [
        (usage.digital_signature(), "digitalSignature"),
        (usage.non_repudiation(), "nonRepudiation"),
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.crl_sign(), "cRLSign"),
        (usage.encipher_only(), "encipherOnly"),
        (usage.decipher_only(), "decipherOnly"),
    ];
    names.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}

fn general_name_text(name: &GeneralName) -> String {
    match name {
        GeneralName::UniformResourceIdentifier(_) => uri_text(name).unwrap_or_default(),
        GeneralName::DnsName(text) | GeneralName::Rfc822Name(text) => text.to_string(),
        GeneralName::IpAddress(bytes) => address_text(bytes.as_bytes()),
        GeneralName::DirectoryName(name) => name_text(name),
        GeneralName::RegisteredId(oid) => oid.to_string(),
        GeneralName::OtherName(_) | GeneralName::EdiPartyName(_) => "another kind of name".to_owned(),
    }
}

fn address_text(bytes: &[u8]) -> String {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let v6 = <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    v4.or(v6).map_or_else(|_| HEXLOWER.encode(bytes), |address| address.to_string())
}
