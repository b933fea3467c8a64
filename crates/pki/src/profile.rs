//! Profiles: what each kind of certificate contains (formats.md, Certificates; RFC 5280).

use der::asn1::{Null, ObjectIdentifier};
use der::oid::AssociatedOid;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::certpolicy::PolicyInformation;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AccessDescription, AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints,
    CertificatePolicies, CrlDistributionPoints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
    SubjectKeyIdentifier,
};
use x509_cert::name::Name;

use crate::certificate::Certificate;
use crate::key::PublicKey;
use crate::origin::Origin;
use crate::x509::{self, extension};
use crate::{Error, Result, oid};

/// The two issuing authorities under the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Authority {
    /// Issues payment, recovery and OCSP responder certificates.
    Payment,
    /// Issues merchants', operators', servers' and OCSP responder certificates.
    Merchant,
}

impl Authority {
    /// Base name of the files that are published for it, as `payment-ca`.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Payment => "payment-ca",
            Self::Merchant => "merchant-ca",
        }
    }

    /// What its certificates may be for. The issuing certificate carries every purpose and policy of it.
    pub(crate) const fn purposes(self) -> &'static [Purpose] {
        match self {
            Self::Payment => &[Purpose::Payment, Purpose::Recovery, Purpose::OcspResponder],
            Self::Merchant => {
                &[Purpose::Merchant, Purpose::Operator, Purpose::TlsServer, Purpose::OcspResponder]
            }
        }
    }
}

/// What an end-entity certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Signs a person's authorisations.
    Payment,
    /// Signs with a person's recovery key.
    Recovery,
    /// Signs a merchant's orders.
    Merchant,
    /// Signs an operator's acts.
    Operator,
    /// Signs OCSP answers.
    OcspResponder,
    /// Serves TLS.
    TlsServer,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 6] =
        [Self::Payment, Self::Recovery, Self::Merchant, Self::Operator, Self::OcspResponder, Self::TlsServer];

    /// The extended key usages, exactly; never clientAuth on payment certificates.
    pub(crate) const fn usages(self) -> &'static [ObjectIdentifier] {
        match self {
            Self::Payment => &[oid::EKU_PAYMENT, oid::EKU_DOCUMENT_SIGNING],
            Self::Recovery => &[oid::EKU_RECOVERY, oid::EKU_DOCUMENT_SIGNING],
            Self::Merchant => &[oid::EKU_ORDER, oid::EKU_DOCUMENT_SIGNING],
            Self::Operator => &[oid::EKU_OPERATOR, oid::EKU_DOCUMENT_SIGNING],
            Self::OcspResponder => &[oid::EKU_OCSP_SIGNING],
            Self::TlsServer => &[oid::EKU_SERVER_AUTH],
        }
    }

    /// The one certificate policy.
    pub(crate) const fn policy(self) -> ObjectIdentifier {
        match self {
            Self::Payment => oid::POLICY_PAYMENT,
            Self::Recovery => oid::POLICY_RECOVERY,
            Self::Merchant => oid::POLICY_ORDER,
            Self::Operator => oid::POLICY_OPERATOR,
            Self::OcspResponder => oid::POLICY_STATUS,
            Self::TlsServer => oid::POLICY_SERVER,
        }
    }

    /// The key usage, exactly: who signs a text for a person answers for it.
    pub(crate) fn key_usage(self) -> KeyUsage {
        match self {
            Self::Payment | Self::Recovery | Self::Merchant | Self::Operator => {
                KeyUsage(KeyUsages::DigitalSignature | KeyUsages::NonRepudiation)
            }
            Self::OcspResponder | Self::TlsServer => KeyUsage(KeyUsages::DigitalSignature.into()),
        }
    }

    /// What the subject's id must start with.
    pub(crate) const fn subject_prefix(self) -> &'static str {
        match self {
            Self::Payment | Self::Recovery => "acc_",
            Self::Merchant => "mer_",
            Self::Operator | Self::OcspResponder | Self::TlsServer => "",
        }
    }
}

/// A purpose together with what only this purpose puts into the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile<'a> {
    /// A person's payment certificate; the subject is the account id.
    Payment,
    /// A person's recovery certificate; the subject is the account id.
    Recovery,
    /// A merchant's certificate for orders; the subject is the merchant id and the registered name.
    Merchant {
        /// The registered name that payers are shown, at most 64 characters.
        name: &'a str,
    },
    /// An operator's certificate.
    Operator,
    /// A certificate that signs OCSP answers for its issuer. Short-lived: it cannot be revoked.
    OcspResponder,
    /// A server's certificate.
    TlsServer {
        /// Host names and IP addresses, at least one.
        hosts: &'a [&'a str],
    },
}

impl Profile<'_> {
    /// The purpose.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        match self {
            Self::Payment => Purpose::Payment,
            Self::Recovery => Purpose::Recovery,
            Self::Merchant { .. } => Purpose::Merchant,
            Self::Operator => Purpose::Operator,
            Self::OcspResponder => Purpose::OcspResponder,
            Self::TlsServer { .. } => Purpose::TlsServer,
        }
    }

    /// The subject's name: pseudonymous for persons.
    pub(crate) fn subject(&self, id: &str) -> Result<Name> {
        match self {
            Self::Merchant { name } => x509::name(&[(oid::ORGANIZATION, name), (oid::COMMON_NAME, id)]),
            Self::Payment
            | Self::Recovery
            | Self::Operator
            | Self::OcspResponder
            | Self::TlsServer { .. } => x509::name(&[(oid::COMMON_NAME, id)]),
        }
    }

    /// The alternative names; an OCSP responder has none.
    pub(crate) fn alternative_names(&self, origin: &Origin, id: &str) -> Result<Vec<GeneralName>> {
        match self {
            Self::Payment | Self::Recovery | Self::Merchant { .. } | Self::Operator => {
                Ok(vec![x509::uri(&origin.identity(id))?])
            }
            Self::OcspResponder => Ok(Vec::new()),
            Self::TlsServer { hosts } => hosts.iter().map(|host| x509::host(host)).collect(),
        }
    }
}

/// Extensions that every certificate under an issuer has: who signed it, whose key it is.
pub(crate) fn key_ids(issuer_key_id: &[u8], key: &PublicKey) -> Result<[Extension; 2]> {
    let authority =
        AuthorityKeyIdentifier { key_identifier: Some(x509::octets(issuer_key_id)?), ..Default::default() };
    let subject = SubjectKeyIdentifier(x509::octets(&key.key_id())?);
    Ok([
        extension(AuthorityKeyIdentifier::OID, false, &authority)?,
        extension(SubjectKeyIdentifier::OID, false, &subject)?,
    ])
}

/// Extensions of an authority; `path_length` authorities may stand below it.
pub(crate) fn authority_extensions(path_length: u8) -> Result<[Extension; 2]> {
    let basic = BasicConstraints { ca: true, path_len_constraint: Some(path_length) };
    let usage = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
    Ok([extension(BasicConstraints::OID, true, &basic)?, extension(KeyUsage::OID, true, &usage)?])
}

/// Extensions of the certificate of an issuing authority, except the key ids.
pub(crate) fn issuing_extensions(authority: Authority, origin: &Origin) -> Result<Vec<Extension>> {
    let purposes = authority.purposes();
    let mut usages: Vec<_> = purposes.iter().flat_map(|purpose| purpose.usages()).copied().collect();
    if authority == Authority::Merchant {
        // Merchants' servers and nodes will show certificates of this authority to each other.
        usages.push(oid::EKU_CLIENT_AUTH);
    }
    let mut seen = Vec::new();
    usages.retain(|usage| {
        !seen.contains(usage) && {
            seen.push(*usage);
            true
        }
    });
    let policies: Vec<_> = purposes.iter().map(|purpose| purpose.policy()).collect();
    let mut extensions = authority_extensions(0)?.to_vec();
    extensions.push(extension(ExtendedKeyUsage::OID, false, &ExtendedKeyUsage(usages))?);
    extensions.push(policies_extension(&policies)?);
    extensions.push(crl_extension(&origin.pki("root.crl"))?);
    extensions.push(access_extension(&[(oid::ACCESS_CA_ISSUERS, origin.pki("root.cer"))])?);
    Ok(extensions)
}

/// Extensions of an end-entity certificate, except the key ids.
pub(crate) fn leaf_extensions(
    profile: &Profile<'_>,
    subject_id: &str,
    authority: Authority,
    origin: &Origin,
) -> Result<Vec<Extension>> {
    let purpose = profile.purpose();
    let mut extensions = usage_extensions(purpose)?;
    extensions.push(policies_extension(&[purpose.policy()])?);
    let names = profile.alternative_names(origin, subject_id)?;
    if !names.is_empty() {
        extensions.push(extension(SubjectAltName::OID, false, &SubjectAltName(names))?);
    }
    let file = authority.file_name();
    let issuers = (oid::ACCESS_CA_ISSUERS, origin.pki(&format!("{file}.cer")));
    if purpose == Purpose::OcspResponder {
        extensions.push(extension(oid::EXT_OCSP_NO_CHECK, false, &Null)?);
        extensions.push(access_extension(&[issuers])?);
    } else {
        extensions.push(crl_extension(&origin.pki(&format!("{file}.crl")))?);
        extensions.push(access_extension(&[(oid::ACCESS_OCSP, origin.pki("ocsp")), issuers])?);
    }
    Ok(extensions)
}

/// Basic constraints, key usage and extended key usage of an end entity.
pub(crate) fn usage_extensions(purpose: Purpose) -> Result<Vec<Extension>> {
    let basic = BasicConstraints { ca: false, path_len_constraint: None };
    let extended = ExtendedKeyUsage(purpose.usages().to_vec());
    Ok(vec![
        extension(BasicConstraints::OID, true, &basic)?,
        extension(KeyUsage::OID, true, &purpose.key_usage())?,
        extension(ExtendedKeyUsage::OID, false, &extended)?,
    ])
}

/// Refuses a subject id that is not the kind of id this purpose names.
pub(crate) fn check_subject_id(purpose: Purpose, id: &str) -> Result<()> {
    let plain =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.' | b':');
    if id.is_empty() || !id.bytes().all(plain) || !id.starts_with(purpose.subject_prefix()) {
        return Err(Error::Refused("the subject's id is not of the kind that this purpose names"));
    }
    Ok(())
}

/// The authority that a certificate belongs to, by its policies.
pub(crate) fn authority_of(certificate: &Certificate) -> Option<Authority> {
    [Authority::Payment, Authority::Merchant].into_iter().find(|authority| {
        let expected: Vec<_> = authority.purposes().iter().map(|purpose| purpose.policy()).collect();
        certificate.fields().policies == expected
    })
}

fn policies_extension(policies: &[ObjectIdentifier]) -> Result<Extension> {
    let policies = policies
        .iter()
        .map(|&policy_identifier| PolicyInformation { policy_identifier, policy_qualifiers: None })
        .collect();
    extension(CertificatePolicies::OID, false, &CertificatePolicies(policies))
}

fn crl_extension(address: &str) -> Result<Extension> {
    let point = DistributionPoint {
        distribution_point: Some(x509::point(address)?),
        reasons: None,
        crl_issuer: None,
    };
    extension(CrlDistributionPoints::OID, false, &CrlDistributionPoints(vec![point]))
}

fn access_extension(entries: &[(ObjectIdentifier, String)]) -> Result<Extension> {
    let entries = entries
        .iter()
        .map(|(method, address)| {
            Ok(AccessDescription { access_method: *method, access_location: x509::uri(address)? })
        })
        .collect::<Result<_>>()?;
    extension(AuthorityInfoAccessSyntax::OID, false, &AuthorityInfoAccessSyntax(entries))
}
