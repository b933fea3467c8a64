//! Signers: the one seam between what is signed and where the private key lives.

use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

use crate::key::{PublicKey, raw_signature};
use crate::keyfile;
use crate::secret::Secret;
use crate::symmetric::hkdf_sha256;
use crate::{Error, Result};

/// A P-256 private key that signs with ECDSA-SHA-256, wherever it lives.
pub trait Signer: Send + Sync {
    /// The DER `SubjectPublicKeyInfo` of the key, 91 bytes.
    fn spki(&self) -> &[u8];

    /// Signs SHA-256 of `message`; DER `SEQUENCE { r, s }`.
    fn sign_der(&self, message: &[u8]) -> Result<Vec<u8>>;

    /// Signs SHA-256 of `message`; `r ‖ s`, 64 bytes.
    fn sign_raw(&self, message: &[u8]) -> Result<[u8; 64]> {
        raw_signature(&self.sign_der(message)?)
    }
}

/// A private key held in memory and kept in a PKCS#8 file, plain or encrypted.
///
/// No `Debug`: it is a secret.
pub struct FileSigner {
    pair: EcdsaKeyPair,
    spki: Vec<u8>,
}

/// PEM label of a plain PKCS#8 key (RFC 7468).
const PLAIN_LABEL: &str = "PRIVATE KEY";

/// Candidates tried for a scalar below the order; each fails once in 2³².
const MAX_CANDIDATES: u8 = 8;

impl FileSigner {
    /// Makes the key that belongs to 32 random bytes; the same bytes make the same key.
    ///
    /// # Errors
    /// `SignerFailed` only when the cryptographic library does.
    pub fn generate(seed: &[u8; 32]) -> Result<Self> {
        for candidate in 0..MAX_CANDIDATES {
            let scalar = Secret::new(hkdf_sha256(seed, b"yx/p256/v1", &[candidate])?.to_vec());
            let sec1 = keyfile::sec1_private_key(scalar.expose())?;
            if let Ok(pair) =
                EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, sec1.expose())
            {
                return Self::from_pair(pair);
            }
        }
        Err(Error::SignerFailed)
    }

    /// Reads a plain PKCS#8 key, DER, on P-256.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der)
            .map_err(|_| Error::Malformed("private key"))?;
        Self::from_pair(pair)
    }

    /// Reads a plain PKCS#8 key, PEM (`PRIVATE KEY`), on P-256.
    pub fn from_pkcs8_pem(pem: &[u8]) -> Result<Self> {
        Self::from_pkcs8_der(keyfile::decode_pem(pem, PLAIN_LABEL)?.expose())
    }

    /// Reads an encrypted PKCS#8 key, PEM (`ENCRYPTED PRIVATE KEY`): PBES2, PBKDF2-HMAC-SHA-256, AES-256-CBC.
    ///
    /// # Errors
    /// `WrongPassphrase`, or `Refused` for another or a weaker scheme.
    pub fn from_encrypted_pem(pem: &[u8], passphrase: &[u8]) -> Result<Self> {
        Self::from_pkcs8_der(keyfile::open(pem, passphrase)?.expose()).map_err(|_| Error::WrongPassphrase)
    }

    /// The key as plain PKCS#8, DER.
    pub fn to_pkcs8_der(&self) -> Result<Secret> {
        let document = self.pair.to_pkcs8v1().map_err(|_| Error::SignerFailed)?;
        Ok(Secret::new(document.as_ref().to_vec()))
    }

    /// The key as plain PKCS#8, PEM. The caller writes it with mode 0600.
    pub fn to_pkcs8_pem(&self) -> Result<Secret> {
        keyfile::encode_pem(PLAIN_LABEL, self.to_pkcs8_der()?.expose())
    }

    /// The key as encrypted PKCS#8, PEM; `salt` and `iv` are fresh random bytes.
    pub fn to_encrypted_pem(&self, passphrase: &[u8], salt: &[u8; 16], iv: &[u8; 16]) -> Result<Secret> {
        keyfile::seal(self.to_pkcs8_der()?.expose(), passphrase, salt, iv)
    }

    /// The public half.
    pub fn public_key(&self) -> Result<PublicKey> {
        PublicKey::from_spki_der(&self.spki)
    }

    fn from_pair(pair: EcdsaKeyPair) -> Result<Self> {
        // Reading the scalar back refuses a key object without a private half.
        let _: aws_lc_rs::encoding::EcPrivateKeyBin<'_> =
            pair.private_key().as_be_bytes().map_err(|_| Error::Malformed("private key"))?;
        let spki = PublicKey::from_point(pair.public_key().as_ref())?.spki_der().to_vec();
        Ok(Self { pair, spki })
    }
}

impl Signer for FileSigner {
    fn spki(&self) -> &[u8] {
        &self.spki
    }

    fn sign_der(&self, message: &[u8]) -> Result<Vec<u8>> {
        let signature = self.pair.sign(&SystemRandom::new(), message).map_err(|_| Error::SignerFailed)?;
        Ok(signature.as_ref().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_each_file_form() {
        let signer = FileSigner::generate(&[1; 32]).unwrap();
        let der = FileSigner::from_pkcs8_der(signer.to_pkcs8_der().unwrap().expose()).unwrap();
        let pem = FileSigner::from_pkcs8_pem(signer.to_pkcs8_pem().unwrap().expose()).unwrap();
        let sealed = signer.to_encrypted_pem(b"a passphrase", &[2; 16], &[3; 16]).unwrap();
        let opened = FileSigner::from_encrypted_pem(sealed.expose(), b"a passphrase").unwrap();
        for other in [&der, &pem, &opened] {
            assert_eq!(other.spki(), signer.spki());
            signer.public_key().unwrap().verify_der(b"m", &other.sign_der(b"m").unwrap()).unwrap();
        }
        assert!(matches!(
            FileSigner::from_encrypted_pem(sealed.expose(), b"another"),
            Err(Error::WrongPassphrase)
        ));
        assert!(FileSigner::from_pkcs8_pem(sealed.expose()).is_err());
    }

    #[test]
    fn the_same_seed_makes_the_same_key_and_another_another() {
        let a = FileSigner::generate(&[1; 32]).unwrap();
        assert_eq!(a.spki(), FileSigner::generate(&[1; 32]).unwrap().spki());
        assert_ne!(a.spki(), FileSigner::generate(&[2; 32]).unwrap().spki());
    }

    #[test]
    fn a_truncated_key_is_malformed() {
        let der = FileSigner::generate(&[1; 32]).unwrap().to_pkcs8_der().unwrap();
        for length in 0..der.expose().len() {
            assert!(FileSigner::from_pkcs8_der(&der.expose()[..length]).is_err());
        }
    }
}
