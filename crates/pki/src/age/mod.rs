//! Files sealed for a public key: the age format (C2SP age, version 1) with X25519 recipients.
//!
//! ```text
//! age-encryption.org/v1
//! -> X25519 <ephemeral share>            one for each recipient:
//! <file key under the shared secret>     ChaCha20-Poly1305, key by HKDF-SHA-256
//! --- <HMAC of the lines above>
//! <nonce> <chunk> <chunk> … <last chunk> 64 KiB each, ChaCha20-Poly1305, counted, the last one marked
//! ```
//!
//! The format is small, frozen and spoken by other programs: what this program sealed opens with `age`, and the other way
//! round. The cryptography is the one library's of the house. Random bytes are arguments.

mod keys;
mod stream;

pub use keys::{Identity, Recipient};
pub use stream::{Opener, Sealer};

use crate::Secret;
use crate::symmetric::{hkdf_sha256, hmac_sha256};
use aws_lc_rs::aead::{CHACHA20_POLY1305, LessSafeKey, UnboundKey};
use data_encoding::{BASE64_NOPAD, Encoding};
use std::fmt::Write as _;
use std::io::{self, BufRead, Read as _};

/// The first line.
const VERSION: &str = "age-encryption.org/v1";
/// Bytes of a header that is read; a header of ours has some hundred.
const HEADER_BYTES_MAX: u64 = 64 * 1024;
const FILE_KEY_BYTES: usize = 16;
const NONCE_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
const BASE64: Encoding = BASE64_NOPAD;

/// Why a sealed file was not opened, or a key not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AgeError {
    /// Not a public key.
    #[error("not a public key of the form age1…")]
    Recipient,
    /// Not a secret key.
    #[error("not a secret key of the form AGE-SECRET-KEY-1…")]
    Identity,
    /// Not a sealed file.
    #[error("this is no file that was sealed for a key")]
    Header,
    /// Sealed for other keys.
    #[error("the file was sealed for another key than this one")]
    WrongKey,
    /// The header was changed.
    #[error("the file's header was changed")]
    Changed,
    /// The library refused to work.
    #[error("the cryptographic library refused to work")]
    Library,
}

/// ChaCha20-Poly1305 under a key and a nonce that are used once.
fn aead(key: &[u8; 32]) -> Result<LessSafeKey, AgeError> {
    UnboundKey::new(&CHACHA20_POLY1305, key).map(LessSafeKey::new).map_err(|_| AgeError::Library)
}

fn derive(secret: &[u8], salt: &[u8], label: &str) -> Result<[u8; 32], AgeError> {
    hkdf_sha256(secret, salt, label.as_bytes()).map_err(|_| AgeError::Library)
}

/// The header for `recipients` and the key of the payload; `draw` fills in random bytes.
fn seal_header(
    recipients: &[Recipient],
    draw: &mut dyn FnMut(&mut [u8]),
) -> Result<(Vec<u8>, [u8; 32]), AgeError> {
    let mut file_key = [0; FILE_KEY_BYTES];
    draw(&mut file_key);
    let mut header = format!("{VERSION}\n");
    for recipient in recipients {
        let mut ephemeral = [0; 32];
        draw(&mut ephemeral);
        let (share, wrapped) = recipient.wrap(&ephemeral, &file_key)?;
        // Writing to a string does not fail.
        let _ = write!(header, "-> X25519 {}\n{}\n", BASE64.encode(&share), BASE64.encode(&wrapped));
    }
    header.push_str("---");
    let mac = hmac_sha256(&derive(&file_key, &[], "header")?, header.as_bytes());
    let _ = writeln!(header, " {}", BASE64.encode(&mac));
    let mut nonce = [0; NONCE_BYTES];
    draw(&mut nonce);
    let key = derive(&file_key, &nonce, "payload")?;
    let mut bytes = header.into_bytes();
    bytes.extend_from_slice(&nonce);
    Ok((bytes, key))
}

/// Reads a header and answers the key of the payload, which follows.
fn open_header(input: &mut impl BufRead, identities: &[Identity]) -> Result<[u8; 32], AgeError> {
    let header = Header::read(input)?;
    let file_key = header.file_key(identities)?;
    let mac = hmac_sha256(&derive(file_key.expose(), &[], "header")?, header.signed.as_bytes());
    if !crate::symmetric::constant_time_eq(&mac, &header.mac) {
        return Err(AgeError::Changed);
    }
    let mut nonce = [0; NONCE_BYTES];
    input.read_exact(&mut nonce).map_err(|_| AgeError::Header)?;
    derive(file_key.expose(), &nonce, "payload")
}

struct Header {
    /// Everything that the MAC covers.
    signed: String,
    /// Share and wrapped file key of each X25519 recipient.
    stanzas: Vec<(Vec<u8>, Vec<u8>)>,
    mac: Vec<u8>,
}

impl Header {
    fn read(input: &mut impl BufRead) -> Result<Self, AgeError> {
        let mut lines = Lines { input, left: HEADER_BYTES_MAX };
        let first = lines.next()?;
        if first != VERSION {
            return Err(AgeError::Header);
        }
        let mut header = Self { signed: format!("{first}\n"), stanzas: Vec::new(), mac: Vec::new() };
        loop {
            let line = lines.next()?;
            if let Some(mac) = line.strip_prefix("--- ") {
                header.signed.push_str("---");
                header.mac = BASE64.decode(mac.as_bytes()).map_err(|_| AgeError::Header)?;
                return Ok(header);
            }
            let arguments = line.strip_prefix("-> ").ok_or(AgeError::Header)?;
            header.signed.push_str(&line);
            header.signed.push('\n');
            let body = lines.body(&mut header.signed)?;
            // Keys of other kinds may stand beside ours.
            if let Some(share) = arguments.strip_prefix("X25519 ") {
                let share = BASE64.decode(share.as_bytes()).map_err(|_| AgeError::Header)?;
                header.stanzas.push((share, body));
            }
        }
    }

    fn file_key(&self, identities: &[Identity]) -> Result<Secret, AgeError> {
        let all =
            self.stanzas.iter().flat_map(|stanza| identities.iter().map(move |identity| (stanza, identity)));
        for ((share, body), identity) in all {
            if let Some(file_key) = identity.unwrap_key(share, body)? {
                return Ok(file_key);
            }
        }
        Err(AgeError::WrongKey)
    }
}

struct Lines<'i, R> {
    input: &'i mut R,
    left: u64,
}

impl<R: BufRead> Lines<'_, R> {
    fn next(&mut self) -> Result<String, AgeError> {
        let mut line = Vec::new();
        let read = self.input.by_ref().take(self.left).read_until(b'\n', &mut line);
        let read = read.map_err(|_: io::Error| AgeError::Header)?;
        self.left = self.left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
        if line.pop() != Some(b'\n') {
            return Err(AgeError::Header);
        }
        String::from_utf8(line).map_err(|_| AgeError::Header)
    }

    /// Lines of 64 characters; a shorter one, perhaps an empty one, is the last.
    fn body(&mut self, signed: &mut String) -> Result<Vec<u8>, AgeError> {
        let mut text = String::new();
        loop {
            let line = self.next()?;
            signed.push_str(&line);
            signed.push('\n');
            text.push_str(&line);
            match line.len() {
                64 => {}
                0..64 => return BASE64.decode(text.as_bytes()).map_err(|_| AgeError::Header),
                _ => return Err(AgeError::Header),
            }
        }
    }
}

#[cfg(test)]
mod tests;
