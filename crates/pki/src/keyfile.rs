//! Key files: PEM, SEC 1, and PKCS#8 encrypted with PBES2 (RFC 5208, RFC 8018).

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use core::num::NonZeroU32;
use der::asn1::{Any, ObjectIdentifier, OctetString};
use der::pem::LineEnding;
use der::{Decode, Encode, Sequence};
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::{Error, Result};

/// PEM label of an encrypted PKCS#8 key (RFC 7468).
const ENCRYPTED_LABEL: &str = "ENCRYPTED PRIVATE KEY";

/// PBKDF2 iterations of the files we write (the figure of OWASP for HMAC-SHA-256).
const ITERATIONS: u32 = 600_000;

/// Fewest iterations a file may ask for, or the passphrase is badly kept.
const MIN_ITERATIONS: u32 = 100_000;

/// Most iterations a file may ask for, or reading it is an attack on our time.
const MAX_ITERATIONS: u32 = 10_000_000;

/// Largest key file that is read, bytes; a P-256 key takes 400.
const MAX_FILE_SIZE: usize = 8 * 1024;

const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
const HMAC_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.9");
const AES256_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

#[derive(Sequence)]
struct EncryptedPrivateKeyInfo {
    algorithm: AlgorithmIdentifierOwned,
    data: OctetString,
}

#[derive(Sequence)]
struct Pbes2Parameters {
    derivation: AlgorithmIdentifierOwned,
    encryption: AlgorithmIdentifierOwned,
}

#[derive(Sequence)]
struct Pbkdf2Parameters {
    salt: OctetString,
    iterations: u32,
    #[asn1(optional = "true")]
    key_length: Option<u16>,
    prf: AlgorithmIdentifierOwned,
}

#[derive(Sequence)]
struct EcPrivateKey {
    version: u8,
    scalar: OctetString,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    curve: ObjectIdentifier,
}

/// A SEC 1 private key (RFC 5915) of a 32-byte scalar; the public half is computed by the reader.
pub(crate) fn sec1_private_key(scalar: &[u8]) -> Result<Secret> {
    let scalar = OctetString::new(scalar).map_err(|_| Error::Malformed("private key"))?;
    let key = EcPrivateKey { version: 1, scalar, curve: SECP256R1 };
    key.to_der().map(Secret::new).map_err(|_| Error::Malformed("private key"))
}

/// PEM with `\n` line ends, as ASCII bytes.
pub(crate) fn encode_pem(label: &str, der: &[u8]) -> Result<Secret> {
    der::pem::encode_string(label, LineEnding::LF, der)
        .map(|text| Secret::new(text.into_bytes()))
        .map_err(|_| Error::Malformed("private key"))
}

/// The DER inside one PEM block with this label.
pub(crate) fn decode_pem(pem: &[u8], label: &str) -> Result<Secret> {
    if pem.len() > MAX_FILE_SIZE {
        return Err(Error::Malformed("key file"));
    }
    let (found, der) = der::pem::decode_vec(pem).map_err(|_| Error::Malformed("key file"))?;
    let der = Secret::new(der);
    if found == label { Ok(der) } else { Err(Error::Refused("the key file has another kind of content")) }
}

/// Encrypts a PKCS#8 key under a passphrase: PBKDF2-HMAC-SHA-256, AES-256-CBC.
pub(crate) fn seal(pkcs8: &[u8], passphrase: &[u8], salt: &[u8; 16], iv: &[u8; 16]) -> Result<Secret> {
    let key = derive(passphrase, salt, ITERATIONS)?;
    let mut data = pkcs8.to_vec();
    PaddedBlockEncryptingKey::cbc_pkcs7(key)
        .and_then(|key| key.less_safe_encrypt(&mut data, EncryptionContext::Iv128(FixedLength::from(*iv))))
        .map_err(|_| Error::SignerFailed)?;
    let info = encrypted_info(data, salt, iv).map_err(|_| Error::SignerFailed)?;
    encode_pem(ENCRYPTED_LABEL, &info.to_der().map_err(|_| Error::SignerFailed)?)
}

/// Opens what [`seal`] or OpenSSL sealed.
pub(crate) fn open(pem: &[u8], passphrase: &[u8]) -> Result<Secret> {
    let der = decode_pem(pem, ENCRYPTED_LABEL)?;
    let info =
        EncryptedPrivateKeyInfo::from_der(der.expose()).map_err(|_| Error::Malformed("encrypted key"))?;
    let (salt, iterations, iv) = parameters(&info.algorithm)?;
    let key = derive(passphrase, &salt, iterations)?;
    let mut data = Zeroizing::new(info.data.as_bytes().to_vec());
    let plain = PaddedBlockDecryptingKey::cbc_pkcs7(key)
        .and_then(|key| {
            let context = DecryptionContext::Iv128(FixedLength::from(iv));
            key.decrypt(&mut data, context).map(|plain| plain.to_vec())
        })
        .map_err(|_| Error::WrongPassphrase)?;
    Ok(Secret::new(plain))
}

fn encrypted_info(data: Vec<u8>, salt: &[u8], iv: &[u8]) -> der::Result<EncryptedPrivateKeyInfo> {
    let derivation = Pbkdf2Parameters {
        salt: OctetString::new(salt)?,
        iterations: ITERATIONS,
        key_length: None,
        prf: AlgorithmIdentifierOwned { oid: HMAC_SHA256, parameters: Some(Any::null()) },
    };
    let parameters = Pbes2Parameters {
        derivation: AlgorithmIdentifierOwned {
            oid: PBKDF2,
            parameters: Some(Any::encode_from(&derivation)?),
        },
        encryption: AlgorithmIdentifierOwned {
            oid: AES256_CBC,
            parameters: Some(Any::encode_from(&OctetString::new(iv)?)?),
        },
    };
    Ok(EncryptedPrivateKeyInfo {
        algorithm: AlgorithmIdentifierOwned { oid: PBES2, parameters: Some(Any::encode_from(&parameters)?) },
        data: OctetString::new(data)?,
    })
}

/// Salt, iterations and IV of the one scheme that is read.
fn parameters(algorithm: &AlgorithmIdentifierOwned) -> Result<(Vec<u8>, u32, [u8; 16])> {
    let weak = Error::Refused("the key file is not PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC");
    let malformed = |_| Error::Malformed("encrypted key");
    if algorithm.oid != PBES2 {
        return Err(weak);
    }
    let scheme: Pbes2Parameters =
        algorithm.parameters.as_ref().ok_or(weak)?.decode_as().map_err(malformed)?;
    if scheme.derivation.oid != PBKDF2 || scheme.encryption.oid != AES256_CBC {
        return Err(weak);
    }
    let derivation: Pbkdf2Parameters =
        scheme.derivation.parameters.as_ref().ok_or(weak)?.decode_as().map_err(malformed)?;
    if derivation.prf.oid != HMAC_SHA256 || derivation.key_length.is_some_and(|length| length != 32) {
        return Err(weak);
    }
    if !(MIN_ITERATIONS..=MAX_ITERATIONS).contains(&derivation.iterations) {
        return Err(Error::Refused("the key file's iteration count is out of range"));
    }
    let iv: OctetString =
        scheme.encryption.parameters.as_ref().ok_or(weak)?.decode_as().map_err(malformed)?;
    let iv = iv.as_bytes().try_into().map_err(|_| Error::Malformed("encrypted key"))?;
    Ok((derivation.salt.as_bytes().to_vec(), derivation.iterations, iv))
}

fn derive(passphrase: &[u8], salt: &[u8], iterations: u32) -> Result<UnboundCipherKey> {
    let iterations = NonZeroU32::new(iterations).ok_or(Error::Malformed("encrypted key"))?;
    let mut key = Zeroizing::new([0; 32]);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, passphrase, key.as_mut());
    UnboundCipherKey::new(&AES_256, key.as_ref()).map_err(|_| Error::SignerFailed)
}
