//! Certificates for a server in a local network, when the operator brings none: a small root of its own,
//! apart from the payment hierarchy, that a phone is told to trust once.

use der::oid::AssociatedOid;
use x509_cert::ext::pkix::{SubjectAltName, SubjectKeyIdentifier};

use crate::certificate::Certificate;
use crate::issuer::{Body, tbs};
use crate::key::PublicKey;
use crate::profile::{self, Purpose};
use crate::serial::Serial;
use crate::signer::Signer;
use crate::x509::{self, extension};
use crate::{Error, Result, oid};

/// One day, milliseconds.
const DAY_MS: i64 = 86_400_000;

/// Life of the local root: 10 years.
const ROOT_LIFE_MS: i64 = 3_652 * DAY_MS;

/// Life of a server certificate: what phones accept from any root (398 days), minus the day of backdating.
const SERVER_LIFE_MS: i64 = 396 * DAY_MS;

/// Begin this much earlier, so that a phone with a slow clock accepts it.
const BACKDATE_MS: i64 = DAY_MS;

/// Most host names and addresses in one certificate.
const MAX_HOSTS: usize = 32;

/// Makes the local root, self-signed, 10 years. Keep its key: phones trust it by hand.
///
/// `label` stands in the subject, as the host's name, at most 40 characters.
pub fn local_root(signer: &dyn Signer, label: &str, serial: &Serial, now_ms: i64) -> Result<Certificate> {
    let key = PublicKey::from_spki_der(signer.spki())?;
    let common_name = format!("Yinxin local {label}");
    let subject = x509::name(&[(oid::ORGANIZATION, "Yinxin local"), (oid::COMMON_NAME, &common_name)])?;
    let mut extensions = profile::authority_extensions(0)?.to_vec();
    let key_id = SubjectKeyIdentifier(x509::octets(&key.key_id())?);
    extensions.push(extension(SubjectKeyIdentifier::OID, false, &key_id)?);
    let body = Body {
        serial,
        issuer: &subject,
        subject: &subject,
        not_before_ms: now_ms.saturating_sub(BACKDATE_MS),
        not_after_ms: now_ms.saturating_add(ROOT_LIFE_MS),
        key: &key,
        extensions,
    };
    Certificate::parse(&x509::sign(&tbs(&body)?, signer)?)
}

/// Makes a server certificate under the local root for these host names and IP addresses, 396 days.
///
/// # Errors
/// `Refused` without a host, with more than 32, or with one that is neither a name nor an address.
pub fn local_server(
    root_signer: &dyn Signer,
    root: &Certificate,
    key: &PublicKey,
    hosts: &[&str],
    serial: &Serial,
    now_ms: i64,
) -> Result<Certificate> {
    if hosts.is_empty() || hosts.len() > MAX_HOSTS {
        return Err(Error::Refused("a server certificate needs 1 to 32 hosts"));
    }
    if root_signer.spki() != root.public_key().spki_der() {
        return Err(Error::Refused("the signer's key is not the key of the local root"));
    }
    let names = hosts.iter().map(|host| x509::host(host)).collect::<Result<_>>()?;
    let mut extensions = profile::usage_extensions(Purpose::TlsServer)?;
    extensions.push(extension(SubjectAltName::OID, false, &SubjectAltName(names))?);
    extensions.extend(profile::key_ids(&root.fields().key_id, key)?);
    let body = Body {
        serial,
        issuer: &root.fields().subject,
        subject: &x509::name(&[(oid::ORGANIZATION, "Yinxin local"), (oid::COMMON_NAME, "Yinxin server")])?,
        not_before_ms: now_ms.saturating_sub(BACKDATE_MS).max(root.not_before_ms()),
        not_after_ms: now_ms.saturating_add(SERVER_LIFE_MS).min(root.not_after_ms()),
        key,
        extensions,
    };
    let certificate = Certificate::parse(&x509::sign(&tbs(&body)?, root_signer)?)?;
    certificate.verify_signature(root.public_key())?;
    Ok(certificate)
}
