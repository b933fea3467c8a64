//! Certificates for the nodes of one deployment, which speak to one another alone: an authority whose key every node derives
//! from a secret that all of them have, apart from the payment hierarchy and known to no phone.
//!
//! The purpose is our own, so that no other certificate of this deployment opens a node's door, and none of these opens any
//! other: [`crate::Certificate::purpose`] knows it not.

use der::asn1::ObjectIdentifier;
use der::oid::AssociatedOid;
use x509_cert::ext::pkix::certpolicy::PolicyInformation;
use x509_cert::ext::pkix::{BasicConstraints, CertificatePolicies, ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::name::Name;

use crate::certificate::Certificate;
use crate::chain::ChainError;
use crate::issuer::{Body, tbs};
use crate::key::PublicKey;
use crate::profile;
use crate::serial::Serial;
use crate::signer::{FileSigner, Signer};
use crate::symmetric::hkdf_sha256;
use crate::x509::{self, extension};
use crate::{Result, oid};

/// Life of a node's certificate: seven days, renewed by the node itself long before.
pub const LIFE_MS: i64 = 7 * 86_400_000;
/// It begins this much earlier: the nodes' clocks differ a little.
const BACKDATE_MS: i64 = 3_600_000;
/// What a node may use its key for: our own purpose, and TLS on both sides.
const USAGES: [ObjectIdentifier; 3] = [oid::EKU_NODE, oid::EKU_SERVER_AUTH, oid::EKU_CLIENT_AUTH];

/// Issues and checks the nodes' certificates.
pub struct NodeAuthority {
    signer: FileSigner,
    key: PublicKey,
    name: Name,
}

impl NodeAuthority {
    /// The authority that belongs to a secret of the deployment: the same secret makes the same authority.
    pub fn of_secret(secret: &[u8; 32]) -> Result<Self> {
        let signer = FileSigner::generate(&hkdf_sha256(secret, b"yx/nodes/v1", b"authority")?)?;
        let key = PublicKey::from_spki_der(signer.spki())?;
        let name =
            x509::name(&[(oid::ORGANIZATION, "Yinxin nodes"), (oid::COMMON_NAME, "Yinxin node authority")])?;
        Ok(Self { signer, key, name })
    }

    /// Issues a certificate for a node's own key, seven days.
    pub fn issue(&self, key: &PublicKey, serial: &Serial, now_ms: i64) -> Result<Certificate> {
        let mut extensions = vec![
            extension(
                BasicConstraints::OID,
                true,
                &BasicConstraints { ca: false, path_len_constraint: None },
            )?,
            extension(KeyUsage::OID, true, &key_usage())?,
            extension(ExtendedKeyUsage::OID, false, &ExtendedKeyUsage(USAGES.to_vec()))?,
            extension(CertificatePolicies::OID, false, &policies())?,
        ];
        extensions.extend(profile::key_ids(&self.key.key_id(), key)?);
        let body = Body {
            serial,
            issuer: &self.name,
            subject: &x509::name(&[(oid::ORGANIZATION, "Yinxin nodes"), (oid::COMMON_NAME, "Yinxin node")])?,
            not_before_ms: now_ms.saturating_sub(BACKDATE_MS),
            not_after_ms: now_ms.saturating_add(LIFE_MS),
            key,
            extensions,
        };
        let certificate = Certificate::parse(&x509::sign(&tbs(&body)?, &self.signer)?)?;
        certificate.verify_signature(&self.key)?;
        Ok(certificate)
    }

    /// Checks that `certificate` is a node's, issued by this authority and valid at `now_ms`.
    pub fn check(&self, certificate: &Certificate, now_ms: i64) -> Result<(), ChainError> {
        let fields = certificate.fields();
        if !fields.critical_extensions_are_known() {
            return Err(ChainError::UnknownExtension);
        }
        if fields.issuer != self.name || fields.issuer_key_id != self.key.key_id() {
            return Err(ChainError::IssuerUnknown);
        }
        certificate.verify_signature(&self.key).map_err(|_| ChainError::SignatureInvalid)?;
        let is_for_nodes = !certificate.is_authority()
            && fields.key_usage == Some(key_usage())
            && fields.usages == USAGES
            && fields.policies == [oid::POLICY_NODE];
        if !is_for_nodes {
            return Err(ChainError::WrongPurpose);
        }
        if now_ms < fields.not_before_ms {
            return Err(ChainError::NotYetValid);
        }
        if now_ms > fields.not_after_ms { Err(ChainError::Expired) } else { Ok(()) }
    }
}

fn key_usage() -> KeyUsage {
    KeyUsage(KeyUsages::DigitalSignature.into())
}

fn policies() -> CertificatePolicies {
    CertificatePolicies(vec![PolicyInformation {
        policy_identifier: oid::POLICY_NODE,
        policy_qualifiers: None,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls;

    const NOW: i64 = 1_795_392_000_000;

    fn signer(seed: u8) -> FileSigner {
        FileSigner::generate(&[seed; 32]).unwrap()
    }

    fn issue(authority: &NodeAuthority) -> Certificate {
        let key = PublicKey::from_spki_der(signer(9).spki()).unwrap();
        authority.issue(&key, &Serial::from_random([7; 16]), NOW).unwrap()
    }

    #[test]
    fn every_node_with_the_secret_accepts_what_another_one_issued_and_nobody_else_does() {
        let (one, other) =
            (NodeAuthority::of_secret(&[1; 32]).unwrap(), NodeAuthority::of_secret(&[1; 32]).unwrap());
        let certificate = issue(&one);
        assert_eq!(other.check(&certificate, NOW), Ok(()));
        let stranger = NodeAuthority::of_secret(&[2; 32]).unwrap();
        assert_eq!(stranger.check(&certificate, NOW), Err(ChainError::IssuerUnknown));
        assert_eq!(one.check(&issue(&stranger), NOW), Err(ChainError::IssuerUnknown));
    }

    #[test]
    fn a_nodes_certificate_ends_and_is_for_nothing_else() {
        let authority = NodeAuthority::of_secret(&[1; 32]).unwrap();
        let certificate = issue(&authority);
        assert_eq!(authority.check(&certificate, NOW - BACKDATE_MS - 1_000), Err(ChainError::NotYetValid));
        assert_eq!(authority.check(&certificate, NOW + LIFE_MS), Ok(()));
        assert_eq!(authority.check(&certificate, NOW + LIFE_MS + 1_000), Err(ChainError::Expired));
        assert_eq!(certificate.purpose(), None);
    }

    #[test]
    fn a_servers_certificate_under_the_nodes_key_opens_no_nodes_door() {
        let authority = NodeAuthority::of_secret(&[1; 32]).unwrap();
        let root = tls::local_root(&authority.signer, "nodes", &Serial::from_random([1; 16]), NOW).unwrap();
        let key = PublicKey::from_spki_der(signer(9).spki()).unwrap();
        let serial = Serial::from_random([2; 16]);
        let server = tls::local_server(&authority.signer, &root, &key, &["node.lan"], &serial, NOW).unwrap();
        assert!(authority.check(&server, NOW).is_err());
        assert!(authority.check(&root, NOW).is_err());
    }
}
