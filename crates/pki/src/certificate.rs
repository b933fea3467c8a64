//! A certificate as bytes, with its contents in our own words.

use der::Decode;
use der::asn1::ObjectIdentifier;
use der::oid::AssociatedOid;
use der::pem::LineEnding;
use x509_cert::TbsCertificate;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies,
    CrlDistributionPoints, ExtendedKeyUsage, KeyUsage, SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::name::Name;

use crate::key::PublicKey;
use crate::profile::Purpose;
use crate::serial::Serial;
use crate::symmetric::sha256;
use crate::x509::{self, Signed};
use crate::{Error, Result, oid};

/// Largest certificate that is read, bytes; ours take about 800.
const MAX_SIZE: usize = 8 * 1024;

/// PEM label of a certificate (RFC 7468).
const LABEL: &str = "CERTIFICATE";

/// A P-256 certificate, parsed; its signature is checked by [`crate::verify_chain`] only.
#[derive(Debug, Clone)]
pub struct Certificate {
    der: Vec<u8>,
    fields: Fields,
}

/// The contents of a certificate (or of what is about to become one) that our rules speak about.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    pub(crate) version: u8,
    pub(crate) serial: Serial,
    pub(crate) issuer: Name,
    pub(crate) subject: Name,
    pub(crate) not_before_ms: i64,
    pub(crate) not_after_ms: i64,
    pub(crate) key: PublicKey,
    pub(crate) basic: Option<BasicConstraints>,
    pub(crate) key_usage: Option<KeyUsage>,
    pub(crate) usages: Vec<ObjectIdentifier>,
    pub(crate) policies: Vec<ObjectIdentifier>,
    pub(crate) names: Vec<GeneralName>,
    pub(crate) key_id: Vec<u8>,
    pub(crate) issuer_key_id: Vec<u8>,
    pub(crate) crl: Vec<String>,
    pub(crate) ocsp: Vec<String>,
    /// Ids of all extensions in their order.
    pub(crate) extensions: Vec<ObjectIdentifier>,
    /// Ids of the critical ones.
    pub(crate) critical: Vec<ObjectIdentifier>,
}

impl Certificate {
    /// Parses one certificate, DER, with nothing after it.
    ///
    /// # Errors
    /// `Malformed`, or `Refused` for another key type than P-256 and another signature than ECDSA-SHA-256.
    pub fn parse(der: &[u8]) -> Result<Self> {
        if der.len() > MAX_SIZE {
            return Err(Error::Malformed("certificate"));
        }
        let _ = Signed::parse(der, "certificate")?;
        let parsed = x509_cert::Certificate::from_der(der).map_err(|_| Error::Malformed("certificate"))?;
        Ok(Self { der: der.to_vec(), fields: Fields::of(parsed.tbs_certificate())? })
    }

    /// Parses one certificate, PEM.
    pub fn parse_pem(pem: &[u8]) -> Result<Self> {
        if pem.len() > 2 * MAX_SIZE {
            return Err(Error::Malformed("certificate"));
        }
        match der::pem::decode_vec(pem) {
            Ok((LABEL, der)) => Self::parse(&der),
            Ok((_, _)) | Err(_) => Err(Error::Malformed("certificate")),
        }
    }

    /// The DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The PEM with `\n` line ends.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "a certificate is far smaller than what PEM can hold")]
    pub fn pem(&self) -> String {
        der::pem::encode_string(LABEL, LineEnding::LF, &self.der)
            .expect("a certificate is far smaller than what PEM can hold")
    }

    /// SHA-256 of the DER: `x5t#S256`, the fingerprint.
    #[must_use]
    pub fn thumbprint(&self) -> [u8; 32] {
        sha256(&self.der)
    }

    /// The serial number.
    #[must_use]
    pub fn serial(&self) -> &Serial {
        &self.fields.serial
    }

    /// The subject's id: the common name, as `acc_…` or `mer_…`.
    #[must_use]
    pub fn subject_id(&self) -> Option<String> {
        x509::attribute(&self.fields.subject, oid::COMMON_NAME)
    }

    /// The subject's organisation: a merchant's registered name, an operator's on its authorities.
    #[must_use]
    pub fn organization(&self) -> Option<String> {
        x509::attribute(&self.fields.subject, oid::ORGANIZATION)
    }

    /// The subject's public key.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.fields.key
    }

    /// Not valid before, milliseconds since 1970.
    #[must_use]
    pub fn not_before_ms(&self) -> i64 {
        self.fields.not_before_ms
    }

    /// Not valid after, milliseconds since 1970.
    #[must_use]
    pub fn not_after_ms(&self) -> i64 {
        self.fields.not_after_ms
    }

    /// What the certificate says it is for: one of our purposes, by extended key usage *and* policy.
    /// An authority has none.
    #[must_use]
    pub fn purpose(&self) -> Option<Purpose> {
        if self.is_authority() {
            return None;
        }
        Purpose::ALL.into_iter().find(|purpose| {
            self.fields.usages == purpose.usages() && self.fields.policies == [purpose.policy()]
        })
    }

    /// Whether the certificate may sign certificates.
    #[must_use]
    pub fn is_authority(&self) -> bool {
        self.fields.basic.as_ref().is_some_and(|basic| basic.ca)
    }

    pub(crate) fn fields(&self) -> &Fields {
        &self.fields
    }

    /// Checks this certificate's signature over its received bytes.
    pub(crate) fn verify_signature(&self, issuer: &PublicKey) -> Result<()> {
        Signed::parse(&self.der, "certificate")?.verify(issuer)
    }
}

impl Fields {
    /// Reads the signed part. Duplicate extensions are malformed.
    pub(crate) fn of(tbs: &TbsCertificate) -> Result<Self> {
        let extensions: Vec<_> = tbs.extensions().into_iter().flatten().map(|e| e.extn_id).collect();
        if extensions.iter().enumerate().any(|(i, id)| extensions[..i].contains(id)) {
            return Err(Error::Malformed("certificate: an extension stands twice"));
        }
        let critical = tbs.extensions().into_iter().flatten().filter(|e| e.critical).map(|e| e.extn_id);
        let (ocsp, crl) = (ocsp_addresses(tbs)?, crl_addresses(tbs)?);
        let key_id = get::<SubjectKeyIdentifier>(tbs)?.map(|id| id.0);
        let issuer_key_id = get::<AuthorityKeyIdentifier>(tbs)?.and_then(|id| id.key_identifier);
        let spki = der::Encode::to_der(tbs.subject_public_key_info()).map_err(x509::encoding)?;
        Ok(Self {
            version: tbs.version() as u8 + 1,
            serial: Serial::from_x509(tbs.serial_number())?,
            issuer: tbs.issuer().clone(),
            subject: tbs.subject().clone(),
            not_before_ms: x509::time_ms(tbs.validity().not_before),
            not_after_ms: x509::time_ms(tbs.validity().not_after),
            key: PublicKey::from_spki_der(&spki)?,
            basic: get(tbs)?,
            key_usage: get(tbs)?,
            usages: get::<ExtendedKeyUsage>(tbs)?.map(|usages| usages.0).unwrap_or_default(),
            policies: get::<CertificatePolicies>(tbs)?
                .map(|policies| policies.0.iter().map(|policy| policy.policy_identifier).collect())
                .unwrap_or_default(),
            names: get::<SubjectAltName>(tbs)?.map(|names| names.0).unwrap_or_default(),
            key_id: key_id.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
            issuer_key_id: issuer_key_id.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
            crl,
            ocsp,
            critical: critical.collect(),
            extensions,
        })
    }

    /// Whether every critical extension is one whose meaning we check.
    pub(crate) fn critical_extensions_are_known(&self) -> bool {
        let known = [BasicConstraints::OID, KeyUsage::OID, ExtendedKeyUsage::OID, CertificatePolicies::OID];
        self.critical.iter().all(|id| known.contains(id))
    }
}

fn get<T>(tbs: &TbsCertificate) -> Result<Option<T>>
where
    T: for<'a> Decode<'a> + AssociatedOid,
{
    let found = tbs.get_extension::<T>().map_err(|_| Error::Malformed("certificate extension"))?;
    Ok(found.map(|(_, value)| value))
}

fn crl_addresses(tbs: &TbsCertificate) -> Result<Vec<String>> {
    let points = get::<CrlDistributionPoints>(tbs)?.map(|points| points.0).unwrap_or_default();
    let names = points.into_iter().filter_map(|point| match point.distribution_point {
        Some(DistributionPointName::FullName(names)) => Some(names),
        Some(DistributionPointName::NameRelativeToCRLIssuer(_)) | None => None,
    });
    Ok(names.flatten().filter_map(|name| uri_text(&name)).collect())
}

fn ocsp_addresses(tbs: &TbsCertificate) -> Result<Vec<String>> {
    let entries = get::<AuthorityInfoAccessSyntax>(tbs)?.map(|access| access.0).unwrap_or_default();
    let ours = entries.iter().filter(|entry| entry.access_method == oid::ACCESS_OCSP);
    Ok(ours.filter_map(|entry| uri_text(&entry.access_location)).collect())
}

pub(crate) fn uri_text(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::UniformResourceIdentifier(text) => Some(text.to_string()),
        GeneralName::OtherName(_)
        | GeneralName::Rfc822Name(_)
        | GeneralName::DnsName(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EdiPartyName(_)
        | GeneralName::IpAddress(_)
        | GeneralName::RegisteredId(_) => None,
    }
}
