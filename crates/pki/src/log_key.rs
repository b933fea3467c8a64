//! The log's key: Ed25519 (RFC 8032), as C2SP signed notes use it.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey};

use crate::secret::Secret;
use crate::{Error, Result};

/// The operator's key for checkpoints of the usage log. No `Debug`: it is a secret.
pub struct LogKey {
    pair: Ed25519KeyPair,
    public: [u8; 32],
}

impl LogKey {
    /// The key that belongs to a 32-byte seed; fresh random bytes make a fresh key.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| Error::SignerFailed)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| Error::SignerFailed)?;
        Ok(Self { pair, public })
    }

    /// The seed, 32 bytes, for the key file.
    pub fn seed(&self) -> Result<Secret> {
        use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin};
        let seed = self.pair.seed().map_err(|_| Error::SignerFailed)?;
        let bytes: Curve25519SeedBin<'_> = seed.as_be_bytes().map_err(|_| Error::SignerFailed)?;
        Ok(Secret::new(bytes.as_ref().to_vec()))
    }

    /// The public key, 32 bytes.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.public
    }

    /// Signs `message` itself, not its hash; 64 bytes.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64]> {
        let signature = self.pair.try_sign(message).map_err(|_| Error::SignerFailed)?;
        signature.as_ref().try_into().map_err(|_| Error::SignerFailed)
    }
}

/// Checks an Ed25519 signature.
pub fn ed25519_verify(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Result<()> {
    ParsedPublicKey::new(&ED25519, public)
        .map_err(|_| Error::Malformed("log key"))?
        .verify_sig(message, signature)
        .map_err(|_| Error::SignatureInvalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    #[test]
    fn the_first_vector_of_rfc_8032_holds() {
        let seed =
            HEXLOWER.decode(b"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap();
        let key = LogKey::from_seed(&seed.clone().try_into().unwrap()).unwrap();
        assert_eq!(
            HEXLOWER.encode(&key.public()),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
        let signature = key.sign(b"").unwrap();
        assert!(HEXLOWER.encode(&signature).starts_with("e5564300c360ac729086e2cc806e828a"));
        ed25519_verify(&key.public(), b"", &signature).unwrap();
        assert_eq!(ed25519_verify(&key.public(), b"x", &signature), Err(Error::SignatureInvalid));
        assert_eq!(key.seed().unwrap().expose(), seed);
    }
}
