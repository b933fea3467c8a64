//! Certification requests (PKCS#10, RFC 2986): a key and the proof that its holder has it.

use der::asn1::SetOfVec;
use der::{Decode, Encode};
use x509_cert::name::Name;
use x509_cert::request::{CertReq, CertReqInfo, Version};

use crate::key::PublicKey;
use crate::signer::Signer;
use crate::symmetric::sha256;
use crate::x509::{self, Signed};
use crate::{Error, Result};

/// Largest request that is read, bytes; a P-256 request takes 250.
const MAX_SIZE: usize = 4 * 1024;

/// A request whose proof of possession holds.
///
/// Only the key is taken from it. Subject, attributes and requested extensions are ignored: what a
/// certificate says is decided by the authority, never by the applicant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificationRequest {
    key: PublicKey,
    digest: [u8; 32],
}

impl CertificationRequest {
    /// Parses a request, DER: P-256 only, proof of possession over the received bytes.
    ///
    /// # Errors
    /// `Malformed`, `Refused` for another key or algorithm, `SignatureInvalid`.
    pub fn parse(der: &[u8]) -> Result<Self> {
        if der.len() > MAX_SIZE {
            return Err(Error::Malformed("certification request"));
        }
        let signed = Signed::parse(der, "certification request")?;
        let request = CertReq::from_der(der).map_err(|_| Error::Malformed("certification request"))?;
        let spki = request.info.public_key.to_der().map_err(x509::encoding)?;
        let key = PublicKey::from_spki_der(&spki)?;
        signed.verify(&key)?;
        Ok(Self { key, digest: sha256(der) })
    }

    /// Makes a request for the signer's key, DER: empty subject, no attributes.
    pub fn create(signer: &dyn Signer) -> Result<Vec<u8>> {
        let public_key = Decode::from_der(signer.spki()).map_err(x509::encoding)?;
        let info = CertReqInfo {
            version: Version::V1,
            subject: Name::default(),
            public_key,
            attributes: SetOfVec::new(),
        };
        x509::sign(&info.to_der().map_err(x509::encoding)?, signer)
    }

    /// The applicant's key.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// SHA-256 of the request as received: the same request again gets the same certificate.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileSigner;
    use proptest::prelude::*;

    fn request() -> Vec<u8> {
        CertificationRequest::create(&FileSigner::generate(&[3; 32]).unwrap()).unwrap()
    }

    #[test]
    fn a_request_proves_possession_of_its_key() {
        let parsed = CertificationRequest::parse(&request()).unwrap();
        assert_eq!(parsed.public_key().spki_der(), FileSigner::generate(&[3; 32]).unwrap().spki());
    }

    #[test]
    fn any_changed_byte_is_refused() {
        let der = request();
        for i in 0..der.len() {
            let mut changed = der.clone();
            changed[i] ^= 1;
            assert!(CertificationRequest::parse(&changed).is_err(), "byte {i}");
        }
        let mut longer = der;
        longer.push(0);
        assert!(CertificationRequest::parse(&longer).is_err());
    }

    #[test]
    fn a_key_of_someone_else_is_not_possessed() {
        let thief = FileSigner::generate(&[4; 32]).unwrap();
        let info = CertReqInfo {
            version: Version::V1,
            subject: Name::default(),
            public_key: Decode::from_der(FileSigner::generate(&[3; 32]).unwrap().spki()).unwrap(),
            attributes: SetOfVec::new(),
        };
        let der = x509::sign(&info.to_der().unwrap(), &thief).unwrap();
        assert_eq!(CertificationRequest::parse(&der), Err(Error::SignatureInvalid));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0usize..200, with in any::<u8>()) {
            let _ = CertificationRequest::parse(&bytes);
            let mut der = request();
            if let Some(byte) = der.get_mut(at) { *byte = with; }
            let _ = CertificationRequest::parse(&der);
        }
    }
}
