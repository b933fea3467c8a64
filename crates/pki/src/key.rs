//! Public keys on P-256 and the two shapes of an ECDSA signature.

use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use der::asn1::UintRef;
use der::{Decode, Encode, Sequence};

use crate::symmetric::sha256;
use crate::{Error, Result};

/// Everything before x and y in the one DER shape of a P-256 key that is accepted (RFC 5480):
/// id-ecPublicKey, named curve secp256r1, BIT STRING without unused bits, uncompressed point.
const SPKI_PREFIX: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// Length of the DER of every P-256 public key, bytes.
pub const SPKI_LENGTH: usize = 91;

/// A P-256 public key, parsed and checked to lie on the curve once.
#[derive(Clone)]
pub struct PublicKey {
    key: ParsedPublicKey,
    spki: [u8; SPKI_LENGTH],
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo`: P-256, uncompressed, canonical DER, nothing after it.
    ///
    /// # Errors
    /// `Refused` for another algorithm, curve or point form, `Malformed` for a point off the curve.
    pub fn from_spki_der(spki: &[u8]) -> Result<Self> {
        let spki: [u8; SPKI_LENGTH] =
            spki.try_into().map_err(|_| Error::Refused("public key is not an uncompressed P-256 key"))?;
        if spki[..SPKI_PREFIX.len()] != SPKI_PREFIX {
            return Err(Error::Refused("public key is not an uncompressed P-256 key"));
        }
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &spki[SPKI_PREFIX.len() - 1..])
            .map_err(|_| Error::Malformed("public key"))?;
        Ok(Self { key, spki })
    }

    /// Reads the uncompressed point `0x04 ‖ x ‖ y`, 65 bytes (SEC 1).
    pub fn from_point(point: &[u8]) -> Result<Self> {
        if point.len() != 65 {
            return Err(Error::Malformed("public key"));
        }
        let mut spki = SPKI_PREFIX[..SPKI_PREFIX.len() - 1].to_vec();
        spki.extend_from_slice(point);
        Self::from_spki_der(&spki)
    }

    /// The DER `SubjectPublicKeyInfo`, 91 bytes.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The uncompressed point `0x04 ‖ x ‖ y`, 65 bytes.
    #[must_use]
    pub fn point(&self) -> &[u8] {
        &self.spki[SPKI_PREFIX.len() - 1..]
    }

    /// Key identifier after RFC 7093 method 1: the leftmost 160 bits of SHA-256 of the point.
    #[must_use]
    pub fn key_id(&self) -> [u8; 20] {
        let mut id = [0; 20];
        id.copy_from_slice(&sha256(self.point())[..20]);
        id
    }

    /// Checks an ECDSA-SHA-256 signature `r ‖ s`, 64 bytes; high-s is valid (half of all browser signatures).
    pub fn verify_raw(&self, message: &[u8], signature: &[u8; 64]) -> Result<()> {
        self.key.verify_sig(message, signature).map_err(|_| Error::SignatureInvalid)
    }

    /// The same where the message's SHA-256 is known already.
    pub fn verify_hash(&self, sha256: &[u8; 32], signature: &[u8; 64]) -> Result<()> {
        let digest = Digest::import_less_safe(sha256, &SHA256).map_err(|_| Error::SignatureInvalid)?;
        self.key.verify_digest_sig(&digest, signature).map_err(|_| Error::SignatureInvalid)
    }

    /// Checks an ECDSA-SHA-256 signature in DER (RFC 3279).
    pub fn verify_der(&self, message: &[u8], signature: &[u8]) -> Result<()> {
        self.verify_raw(message, &raw_signature(signature)?)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

impl core::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PublicKey({})", data_encoding::HEXLOWER.encode(self.point()))
    }
}

#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// DER `SEQUENCE { r, s }` to `r ‖ s`, 64 bytes.
pub fn raw_signature(der: &[u8]) -> Result<[u8; 64]> {
    let signature = EcdsaSignature::from_der(der).map_err(|_| Error::SignatureInvalid)?;
    let mut raw = [0; 64];
    for (half, value) in raw.chunks_exact_mut(32).zip([signature.r, signature.s]) {
        let bytes = value.as_bytes();
        let start = 32usize.checked_sub(bytes.len()).ok_or(Error::SignatureInvalid)?;
        half[start..].copy_from_slice(bytes);
    }
    Ok(raw)
}

/// `r ‖ s`, 64 bytes, to DER `SEQUENCE { r, s }`.
pub fn der_signature(raw: &[u8; 64]) -> Result<Vec<u8>> {
    let (r, s) = raw.split_at(32);
    let r = UintRef::new(r).map_err(|_| Error::Malformed("signature"))?;
    let s = UintRef::new(s).map_err(|_| Error::Malformed("signature"))?;
    EcdsaSignature { r, s }.to_der().map_err(|_| Error::Malformed("signature"))
}

/// Order of P-256 (FIPS 186-5), big-endian.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// ⌊order / 2⌋, big-endian.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde,
    0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];

/// The same signature with the smaller of s and order − s.
///
/// Both verify, so a stored signature is normalised and nothing is ever keyed on one.
#[must_use]
pub fn low_s(raw: &[u8; 64]) -> [u8; 64] {
    let (r, s) = raw.split_at(32);
    if s <= &HALF_ORDER[..] || s >= &ORDER[..] {
        return *raw;
    }
    let mut low = [0; 64];
    low[..32].copy_from_slice(r);
    let mut borrow = 0u8;
    for i in (0..32).rev() {
        let (difference, under) = ORDER[i].overflowing_sub(s[i]);
        let (difference, under_again) = difference.overflowing_sub(borrow);
        low[32 + i] = difference;
        borrow = u8::from(under || under_again);
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FileSigner, Signer};

    fn signer() -> FileSigner {
        FileSigner::generate(&[7; 32]).unwrap()
    }

    #[test]
    fn a_compressed_a_foreign_and_an_off_curve_key_are_refused() {
        let spki = signer().spki().to_vec();
        assert!(PublicKey::from_spki_der(&spki).is_ok());

        let mut compressed = spki[..59].to_vec();
        compressed[1] = 0x39;
        compressed[24] = 0x22;
        compressed[26] = 0x02;
        assert!(PublicKey::from_spki_der(&compressed).is_err());

        let mut k1 = spki.clone();
        k1[22] = 0x08;
        assert!(PublicKey::from_spki_der(&k1).is_err());

        let mut off = spki.clone();
        off[90] ^= 1;
        assert_eq!(PublicKey::from_spki_der(&off).unwrap_err(), Error::Malformed("public key"));

        let mut longer = spki.clone();
        longer.push(0);
        assert!(PublicKey::from_spki_der(&longer).is_err());
        assert!(PublicKey::from_spki_der(&[]).is_err());
    }

    #[test]
    fn both_halves_of_the_order_verify_and_the_low_one_is_stored() {
        let signer = signer();
        let key = PublicKey::from_spki_der(signer.spki()).unwrap();
        for n in 0..64u8 {
            let raw = signer.sign_raw(&[n]).unwrap();
            let low = low_s(&raw);
            assert!(low[32..] <= HALF_ORDER[..]);
            key.verify_raw(&[n], &raw).unwrap();
            key.verify_raw(&[n], &low).unwrap();
            assert_eq!(low_s(&low), low);
            let der = der_signature(&raw).unwrap();
            assert_eq!(raw_signature(&der).unwrap(), raw);
            key.verify_der(&[n], &der).unwrap();
            assert_eq!(key.verify_raw(&[n ^ 1], &raw), Err(Error::SignatureInvalid));
        }
    }

    #[test]
    fn a_signature_of_zero_or_of_the_order_is_invalid() {
        let signer = signer();
        let key = PublicKey::from_spki_der(signer.spki()).unwrap();
        let mut order = [0; 64];
        order[..32].copy_from_slice(&ORDER);
        order[32..].copy_from_slice(&ORDER);
        for raw in [[0; 64], [0xff; 64], order] {
            assert!(key.verify_raw(b"x", &raw).is_err());
            assert_eq!(low_s(&raw)[32..], raw[32..]);
        }
    }
}
