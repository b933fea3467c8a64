//! Hashes, message authentication and sealing, so that no other room needs a cryptographic library.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{constant_time, digest, hkdf, hmac};

use crate::secret::Secret;
use crate::{Error, Result};

/// SHA-256 (FIPS 180-4).
#[must_use]
pub fn sha256(data: &[u8]) -> [u8; 32] {
    array(digest::digest(&digest::SHA256, data).as_ref())
}

/// SHA-1, only for the certificate ids and key hashes that OCSP fixes (RFC 6960).
pub(crate) fn sha1(data: &[u8]) -> [u8; 20] {
    array(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, data).as_ref())
}

/// HMAC-SHA-1, only for one-time codes, where every authenticator app uses it (RFC 6238).
pub(crate) fn hmac_sha1(key: &[u8], message: &[u8]) -> [u8; 20] {
    array(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key), message).as_ref())
}

/// HMAC-SHA-256 (RFC 2104).
#[must_use]
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    array(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref())
}

/// HKDF-SHA-256 (RFC 5869) to 32 bytes; an empty salt is the RFC's string of zeros.
pub fn hkdf_sha256(input_key: &[u8], salt: &[u8], info: &[u8]) -> Result<[u8; 32]> {
    let mut out = [0; 32];
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(input_key)
        .expand(&[info], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut out))
        .map_err(|_| Error::SignerFailed)?;
    Ok(out)
}

/// AES-256-GCM (SP 800-38D): ciphertext followed by the 16-byte tag. One nonce seals once under a key.
pub fn aes256_gcm_seal(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let mut sealed = plain.to_vec();
    gcm(key)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut sealed)
        .map_err(|_| Error::SignerFailed)?;
    Ok(sealed)
}

/// Opens what [`aes256_gcm_seal`] sealed.
///
/// # Errors
/// `SignatureInvalid` when key, nonce, additional data or any byte is not the sealed one.
pub fn aes256_gcm_open(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], sealed: &[u8]) -> Result<Secret> {
    let mut buffer = sealed.to_vec();
    let length = gcm(key)?
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut buffer)
        .map_err(|_| Error::SignatureInvalid)?
        .len();
    buffer.truncate(length);
    Ok(Secret::new(buffer))
}

/// Whether two byte strings are equal, in a time that depends on their length only.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

fn gcm(key: &[u8; 32]) -> Result<LessSafeKey> {
    Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).map_err(|_| Error::SignerFailed)?))
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(bytes);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    #[test]
    fn the_published_vectors_hold() {
        assert_eq!(
            HEXLOWER.encode(&sha256(b"abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(HEXLOWER.encode(&sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        // RFC 4231, case 2.
        assert_eq!(
            HEXLOWER.encode(&hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        // RFC 5869, A.3 (first 32 bytes): empty salt and info.
        assert_eq!(
            HEXLOWER.encode(&hkdf_sha256(&[0x0b; 22], b"", b"").unwrap()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
        );
    }

    #[test]
    fn what_is_sealed_opens_only_unchanged() {
        let sealed = aes256_gcm_seal(&[1; 32], &[2; 12], b"aad", b"key").unwrap();
        assert_eq!(aes256_gcm_open(&[1; 32], &[2; 12], b"aad", &sealed).unwrap().expose(), b"key");
        for i in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[i] ^= 1;
            assert!(aes256_gcm_open(&[1; 32], &[2; 12], b"aad", &changed).is_err());
        }
        assert!(aes256_gcm_open(&[1; 32], &[2; 12], b"", &sealed).is_err());
        assert!(aes256_gcm_open(&[1; 32], &[2; 12], b"aad", &[]).is_err());
    }

    #[test]
    fn equality_needs_the_same_length() {
        assert!(constant_time_eq(b"ab", b"ab"));
        assert!(!constant_time_eq(b"ab", b"abc"));
        assert!(!constant_time_eq(b"ab", b"ac"));
    }
}
