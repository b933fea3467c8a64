//! The two halves of a key pair, as text that people keep.

use super::{AgeError, FILE_KEY_BYTES, TAG_BYTES, aead, derive};
use crate::Secret;
use aws_lc_rs::aead::{Aad, Nonce};
use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey, X25519};
use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Hrp};
use std::fmt;

/// What separates this use of a shared secret from any other.
const WRAP: &str = "age-encryption.org/v1/X25519";
const PUBLIC: Hrp = Hrp::parse_unchecked("age");
const SECRET: Hrp = Hrp::parse_unchecked("AGE-SECRET-KEY-");

/// A public key, `age1…`: what it seals only its secret key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipient([u8; 32]);

/// A secret key, `AGE-SECRET-KEY-1…`. No `Debug`: it is a secret.
pub struct Identity {
    secret: Secret,
    public: [u8; 32],
}

/// 32 bytes behind `hrp`, in the one form.
fn decode(text: &str, hrp: Hrp) -> Option<[u8; 32]> {
    let checked = CheckedHrpstring::new::<Bech32>(text).ok()?;
    if checked.hrp() != hrp {
        return None;
    }
    checked.byte_iter().collect::<Vec<u8>>().try_into().ok()
}

fn private(secret: &[u8]) -> Result<PrivateKey, AgeError> {
    PrivateKey::from_private_key(&X25519, secret).map_err(|_| AgeError::Library)
}

fn public(key: &PrivateKey) -> Result<[u8; 32], AgeError> {
    let public = key.compute_public_key().map_err(|_| AgeError::Library)?;
    public.as_ref().try_into().map_err(|_| AgeError::Library)
}

/// The key that wraps a file key between `mine` and `theirs`; none where they agree on nothing.
fn wrapping_key(
    mine: &PrivateKey,
    theirs: &[u8],
    share: &[u8],
    recipient: &[u8; 32],
) -> Result<Option<[u8; 32]>, AgeError> {
    let salt = [share, recipient].concat();
    let agreed = agreement::agree(mine, UnparsedPublicKey::new(&X25519, theirs), (), |shared| {
        Ok(derive(shared, &salt, WRAP))
    });
    agreed.ok().transpose()
}

fn zero_nonce() -> Nonce {
    // Each wrapping key is made for one file key.
    Nonce::assume_unique_for_key([0; 12])
}

impl Recipient {
    /// Reads `age1…`.
    pub fn parse(text: &str) -> Result<Self, AgeError> {
        decode(text.trim(), PUBLIC).map(Self).ok_or(AgeError::Recipient)
    }

    /// The share and the wrapped file key for this recipient.
    pub(super) fn wrap(
        &self,
        ephemeral: &[u8; 32],
        file_key: &[u8; FILE_KEY_BYTES],
    ) -> Result<([u8; 32], Vec<u8>), AgeError> {
        let mine = private(ephemeral)?;
        let share = public(&mine)?;
        let key = wrapping_key(&mine, &self.0, &share, &self.0)?.ok_or(AgeError::Recipient)?;
        let mut wrapped = file_key.to_vec();
        let sealed = aead(&key)?.seal_in_place_append_tag(zero_nonce(), Aad::empty(), &mut wrapped);
        sealed.map_err(|_| AgeError::Library)?;
        Ok((share, wrapped))
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        bech32::encode_to_fmt::<Bech32, _>(f, PUBLIC, &self.0).map_err(|_| fmt::Error)
    }
}

impl Identity {
    /// The key of 32 random bytes.
    pub fn from_random(random: [u8; 32]) -> Result<Self, AgeError> {
        let public = public(&private(&random)?)?;
        Ok(Self { secret: Secret::new(random.to_vec()), public })
    }

    /// Reads the file of a secret key: one line, beside empty lines and those that begin with `#`.
    pub fn parse(file: &str) -> Result<Self, AgeError> {
        let mut lines = file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (Some(line), None) = (lines.next(), lines.next()) else { return Err(AgeError::Identity) };
        Self::from_random(decode(line, SECRET).ok_or(AgeError::Identity)?).map_err(|_| AgeError::Identity)
    }

    /// The secret key's text, for the one place that writes it.
    pub fn text(&self) -> Result<Secret, AgeError> {
        let text = bech32::encode_upper::<Bech32>(SECRET, self.secret.expose());
        text.map(|text| Secret::new(text.into_bytes())).map_err(|_| AgeError::Library)
    }

    /// The public key.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(self.public)
    }

    /// The file key, where `body` was wrapped for this key.
    pub(super) fn unwrap_key(&self, share: &[u8], body: &[u8]) -> Result<Option<Secret>, AgeError> {
        if share.len() != 32 || body.len() != FILE_KEY_BYTES + TAG_BYTES {
            return Err(AgeError::Header);
        }
        let mine = private(self.secret.expose())?;
        let Some(key) = wrapping_key(&mine, share, share, &self.public)? else { return Ok(None) };
        let mut opened = body.to_vec();
        match aead(&key)?.open_in_place(zero_nonce(), Aad::empty(), &mut opened) {
            Ok(file_key) => Ok(Some(Secret::new(file_key.to_vec()))),
            Err(_) => Ok(None),
        }
    }
}
