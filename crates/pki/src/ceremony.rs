//! The ceremony: the root and the two issuing authorities, made once, with the root then taken offline.

use x509_cert::ext::pkix::SubjectKeyIdentifier;
use x509_cert::name::Name;

use der::oid::AssociatedOid;

use crate::certificate::Certificate;
use crate::crl::{self, CrlContent};
use crate::issuer::{Body, tbs};
use crate::key::PublicKey;
use crate::origin::Origin;
use crate::profile::{self, Authority};
use crate::serial::Serial;
use crate::signer::Signer;
use crate::x509::{self, extension};
use crate::{Error, Result, oid};

/// One day, milliseconds.
const DAY_MS: i64 = 86_400_000;

/// Life of the root: 20 years.
const ROOT_LIFE_MS: i64 = (20 * 365 + 5) * DAY_MS;

/// Life of an issuing authority, and of the first root list: 5 years. The root is offline: a shorter list
/// would expire into an outage; a revoked authority gets a new list at once.
const ISSUING_LIFE_MS: i64 = (5 * 365 + 1) * DAY_MS;

/// Certificates of authorities begin a day before the ceremony, so that a phone with a slow clock accepts
/// them.
const BACKDATE_MS: i64 = DAY_MS;

/// Whether the money of a deployment is real. The stamp stands in every authority's subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// Play money.
    Demo,
    /// Real money.
    Live,
}

impl Stamp {
    const fn product(self) -> &'static str {
        match self {
            Self::Demo => "Yinxin DEMO",
            Self::Live => "Yinxin",
        }
    }
}

/// What the ceremony needs.
pub struct CeremonyInput<'a> {
    /// The operator's name, at most 64 characters.
    pub operator: &'a str,
    /// The deployment's origin, as `https://pay.example`.
    pub origin: &'a str,
    /// Demo or live.
    pub stamp: Stamp,
    /// Milliseconds since 1970.
    pub now_ms: i64,
    /// Serials of the root, the payment and the merchant authority.
    pub serials: [Serial; 3],
    /// Holds the root's key.
    pub root: &'a dyn Signer,
    /// The payment authority's key.
    pub payment_key: &'a PublicKey,
    /// The merchant authority's key.
    pub merchant_key: &'a PublicKey,
}

/// What the root signed.
#[derive(Debug, Clone)]
pub struct Ceremony {
    /// The root, self-signed, 20 years.
    pub root: Certificate,
    /// The payment authority, 5 years.
    pub payment: Certificate,
    /// The merchant authority, 5 years.
    pub merchant: Certificate,
    /// The root's first revocation list, empty, number 1, 5 years; DER.
    pub root_crl: Vec<u8>,
}

/// Makes the root, the two issuing authorities and the root's first revocation list.
pub fn perform(input: &CeremonyInput<'_>) -> Result<Ceremony> {
    let origin = Origin::parse(input.origin)?;
    let root_key = PublicKey::from_spki_der(input.root.spki())?;
    if root_key == *input.payment_key
        || root_key == *input.merchant_key
        || input.payment_key == input.merchant_key
    {
        return Err(Error::Refused("the authorities need three different keys"));
    }
    let [root_serial, payment_serial, merchant_serial] = &input.serials;
    let root = root(input, &root_key, root_serial)?;
    let payment = issuing(input, &origin, &root, Authority::Payment, payment_serial)?;
    let merchant = issuing(input, &origin, &root, Authority::Merchant, merchant_serial)?;
    let first_list = CrlContent {
        number: 1,
        this_update_ms: input.now_ms,
        next_update_ms: input.now_ms.saturating_add(ISSUING_LIFE_MS),
        revoked: &[],
    };
    let root_crl = root_crl(input.root, &root, &first_list)?;
    Ok(Ceremony { root, payment, merchant, root_crl })
}

/// A revocation list of the root, DER. It has no issuing distribution point: it covers everything the
/// root signed.
pub fn root_crl(signer: &dyn Signer, root: &Certificate, content: &CrlContent<'_>) -> Result<Vec<u8>> {
    crl::build(signer, root, None, content)
}

fn root(input: &CeremonyInput<'_>, key: &PublicKey, serial: &Serial) -> Result<Certificate> {
    let subject = authority_name(input, "Root CA")?;
    let mut extensions = profile::authority_extensions(1)?.to_vec();
    let key_id = SubjectKeyIdentifier(x509::octets(&key.key_id())?);
    extensions.push(extension(SubjectKeyIdentifier::OID, false, &key_id)?);
    let body = Body {
        serial,
        issuer: &subject,
        subject: &subject,
        not_before_ms: input.now_ms.saturating_sub(BACKDATE_MS),
        not_after_ms: input.now_ms.saturating_add(ROOT_LIFE_MS),
        key,
        extensions,
    };
    Certificate::parse(&x509::sign(&tbs(&body)?, input.root)?)
}

fn issuing(
    input: &CeremonyInput<'_>,
    origin: &Origin,
    root: &Certificate,
    authority: Authority,
    serial: &Serial,
) -> Result<Certificate> {
    let (label, key) = match authority {
        Authority::Payment => ("Payment CA", input.payment_key),
        Authority::Merchant => ("Merchant CA", input.merchant_key),
    };
    let mut extensions = profile::issuing_extensions(authority, origin)?;
    extensions.extend(profile::key_ids(&root.fields().key_id, key)?);
    let body = Body {
        serial,
        issuer: &root.fields().subject,
        subject: &authority_name(input, label)?,
        not_before_ms: input.now_ms.saturating_sub(BACKDATE_MS),
        not_after_ms: input.now_ms.saturating_add(ISSUING_LIFE_MS),
        key,
        extensions,
    };
    Certificate::parse(&x509::sign(&tbs(&body)?, input.root)?)
}

/// `O=<operator>, OU=Yinxin DEMO, CN=Yinxin DEMO Root CA`.
fn authority_name(input: &CeremonyInput<'_>, label: &str) -> Result<Name> {
    let product = input.stamp.product();
    x509::name(&[
        (oid::ORGANIZATION, input.operator),
        (oid::ORGANIZATIONAL_UNIT, product),
        (oid::COMMON_NAME, &format!("{product} {label}")),
    ])
}
