//! Signed text of the log (C2SP signed-note) with Ed25519 keys. The signature itself is made and checked by the caller.

use crate::base64;
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// The longest note that is read: room for 16 witnesses, post-quantum ones too.
pub const NOTE_BYTES_MAX: usize = 128 * 1024;
/// The most signature lines that are read; the format demands at least 16.
const SIGNATURES_MAX: usize = 64;
/// The signature type of Ed25519 over the text itself.
const ED25519: u8 = 0x01;
/// How each signature line begins.
const SIGNATURE_START: &str = "\u{2014} ";

/// Why a note or a key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than [`NOTE_BYTES_MAX`] or more than 64 signature lines.
    #[error("the note is too large")]
    TooLarge,
    /// Not text, an empty line, and signature lines.
    #[error("not a signed note")]
    Malformed,
    /// A key name that is empty or has a space, a plus or a control character.
    #[error("not a key name")]
    Name,
    /// Not a verifier key, or its hash does not belong to it.
    #[error("not a verifier key")]
    Key,
    /// No line is by the wanted key.
    #[error("not signed by the log's key")]
    Unsigned,
    /// A line claims the wanted key and its signature is not valid.
    #[error("the log's signature is not valid")]
    Signature,
}

/// Why a note was not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError<E> {
    /// The text or the name has no note form.
    #[error(transparent)]
    Note(NoteError),
    /// The signer failed.
    #[error("the signer failed: {0}")]
    Signer(E),
}

/// The public side of a log's key: its name and 32 bytes of Ed25519.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public: [u8; 32],
}

impl VerifierKey {
    /// A key; its name is not empty and has no space, plus or control character.
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), public })
    }

    /// Reads `name+hex8+base64(0x01 ‖ key)`; the hash must be the key's.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let bytes = base64::decode(key).ok_or(NoteError::Key)?;
        let (&ED25519, public) = bytes.split_first().ok_or(NoteError::Key)? else {
            return Err(NoteError::Key);
        };
        let key = Self::new(name, public.try_into().map_err(|_| NoteError::Key)?)?;
        if HEXLOWER.encode(&key.id()) == id { Ok(key) } else { Err(NoteError::Key) }
    }

    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The 32 bytes of the public key (RFC 8032).
    #[must_use]
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// The first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key).
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let hash =
            Sha256::new().chain_update(&self.name).chain_update([b'\n', ED25519]).chain_update(self.public);
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
        [a, b, c, d]
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key: Vec<u8> = [ED25519].into_iter().chain(self.public).collect();
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id()), base64::encode(&key))
    }
}

/// Signs `text`, which ends in a newline, and answers the note; `key_id` is [`VerifierKey::id`] of the signing key.
pub fn sign<E>(
    text: &str,
    name: &str,
    key_id: [u8; 4],
    signer: impl FnOnce(&[u8]) -> Result<[u8; 64], E>,
) -> Result<String, SignError<E>> {
    check_name(name).map_err(SignError::Note)?;
    if !is_note_text(text) {
        return Err(SignError::Note(NoteError::Malformed));
    }
    let signature = signer(text.as_bytes()).map_err(SignError::Signer)?;
    let blob: Vec<u8> = key_id.into_iter().chain(signature).collect();
    Ok(format!("{text}\n{SIGNATURE_START}{name} {}\n", base64::encode(&blob)))
}

/// The text of `note`, once a signature by `key` was found and `verify(public key, text, signature)` accepted it.
///
/// # Errors
/// Lines by other keys are skipped. One bad line by `key` refuses the note, whatever the other lines say.
pub fn open<'n>(
    note: &'n str,
    key: &VerifierKey,
    verify: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool,
) -> Result<&'n str, NoteError> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(NoteError::TooLarge);
    }
    let end = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
    let (text, signatures) = (&note[..=end], &note[end + 2..]);
    let lines = signatures.strip_suffix('\n').ok_or(NoteError::Malformed)?;
    if !is_note_text(text) {
        return Err(NoteError::Malformed);
    }
    let id = key.id();
    let mut signed = false;
    for (count, line) in lines.split('\n').enumerate() {
        if count == SIGNATURES_MAX {
            return Err(NoteError::TooLarge);
        }
        let (name, blob) = signature_line(line)?;
        let Some(signature) = blob.strip_prefix(&id).filter(|_| name == key.name()) else { continue };
        let signature = signature.try_into().map_err(|_| NoteError::Signature)?;
        if !verify(key.public(), text.as_bytes(), signature) {
            return Err(NoteError::Signature);
        }
        signed = true;
    }
    if signed { Ok(text) } else { Err(NoteError::Unsigned) }
}

/// The name and the bytes (key id, then signature) of one line.
fn signature_line(line: &str) -> Result<(&str, Vec<u8>), NoteError> {
    let (name, blob) = line
        .strip_prefix(SIGNATURE_START)
        .and_then(|rest| rest.split_once(' '))
        .ok_or(NoteError::Malformed)?;
    check_name(name).map_err(|_| NoteError::Malformed)?;
    let blob = base64::decode(blob).filter(|blob| blob.len() > 4).ok_or(NoteError::Malformed)?;
    Ok((name, blob))
}

fn check_name(name: &str) -> Result<(), NoteError> {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.contains(forbidden) { Err(NoteError::Name) } else { Ok(()) }
}

/// Whether `text` has at least one line, ends in a newline and has no other control character.
fn is_note_text(text: &str) -> bool {
    text.len() > 1 && text.ends_with('\n') && !text.contains(|c: char| c < ' ' && c != '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stands in for Ed25519: the signature is the key and the text's hash.
    fn fake(public: &[u8; 32], text: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(public);
        signature[32..].copy_from_slice(&Sha256::digest(text));
        signature
    }

    fn check(public: &[u8; 32], text: &[u8], signature: &[u8; 64]) -> bool {
        *signature == fake(public, text)
    }

    fn key() -> VerifierKey {
        VerifierKey::new("wallet.example/log", [5; 32]).unwrap()
    }

    fn signed(text: &str, key: &VerifierKey) -> String {
        sign(text, key.name(), key.id(), |bytes| Ok::<_, NoteError>(fake(key.public(), bytes))).unwrap()
    }

    fn line(note: &str) -> String {
        note.rsplit("\n\n").next().unwrap().to_owned()
    }

    #[test]
    fn a_note_opens_to_its_text_even_when_the_text_has_empty_lines() {
        let key = key();
        for text in ["one\n", "one\n\ntwo\n", "一\n\n\n二\n"] {
            assert_eq!(open(&signed(text, &key), &key, check), Ok(text));
        }
    }

    #[test]
    fn every_changed_byte_refuses_the_note() {
        let key = key();
        let note = signed("origin\n1\nroot\n", &key);
        for at in 0..note.len() {
            for bit in 0..7 {
                let mut bytes = note.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let Ok(changed) = String::from_utf8(bytes) else { continue };
                assert!(open(&changed, &key, check).is_err(), "byte {at} bit {bit}: {changed:?}");
            }
        }
        for end in 0..note.len() {
            let Some(cut) = note.get(..end) else { continue };
            assert!(open(cut, &key, check).is_err());
        }
    }

    #[test]
    fn unknown_keys_are_skipped_and_one_bad_line_of_the_known_key_refuses() {
        let key = key();
        let text = "origin\n1\nroot\n";
        let note = signed(text, &key);
        let same_name = VerifierKey::new("wallet.example/log", [6; 32]).unwrap();
        let other_name = VerifierKey::new("witness.example", [5; 32]).unwrap();
        for other in [same_name, other_name] {
            assert_eq!(open(&signed(text, &other), &key, check), Err(NoteError::Unsigned));
            assert_eq!(open(&format!("{note}{}", line(&signed(text, &other))), &key, check), Ok(text));
        }
        let bad = line(&signed("another text\n", &key));
        assert_eq!(open(&format!("{note}{bad}"), &key, check), Err(NoteError::Signature));
        assert_eq!(
            open(&format!("{}{}", note.replace(&line(&note), &bad), line(&note)), &key, check),
            Err(NoteError::Signature)
        );
    }

    #[test]
    fn lines_that_are_not_canonical_are_refused_even_of_unknown_keys() {
        let key = key();
        let note = signed("text\n", &key);
        for extra in [
            "\u{2014} witness AAAAAAB=\n",
            "\u{2014} witness AAAA\n",
            "- witness AAAAAAAA\n",
            "\u{2014} a+b AAAAAAAA\n",
            "\u{2014}  AAAAAAAA\n",
            "\n",
        ] {
            assert!(open(&format!("{note}{extra}"), &key, check).is_err(), "{extra:?}");
        }
        assert_eq!(open(&format!("{note}\u{2014} witness AAAAAAA=\n"), &key, check), Ok("text\n"));
    }

    #[test]
    fn size_is_capped() {
        let key = key();
        let note = signed("text\n", &key);
        assert_eq!(open(&format!("{note}{}", line(&note).repeat(63)), &key, check), Ok("text\n"));
        assert_eq!(open(&format!("{note}{}", line(&note).repeat(64)), &key, check), Err(NoteError::TooLarge));
        let long = signed(&format!("{}\n", "a".repeat(NOTE_BYTES_MAX)), &key);
        assert_eq!(open(&long, &key, check), Err(NoteError::TooLarge));
    }

    #[test]
    fn text_without_a_note_form_is_not_signed() {
        let key = key();
        for text in ["", "\n", "no newline", "a\tb\n", "a\rb\n"] {
            assert_eq!(
                sign(text, key.name(), key.id(), |_| Ok::<_, NoteError>([0; 64])),
                Err(SignError::Note(NoteError::Malformed))
            );
        }
        assert_eq!(
            sign("a\n", "a b", [0; 4], |_| Ok::<_, NoteError>([0; 64])),
            Err(SignError::Note(NoteError::Name))
        );
        assert_eq!(sign("a\n", "a", [0; 4], |_| Err("no key")), Err(SignError::Signer("no key")));
    }

    #[test]
    fn a_verifier_key_reads_back_and_its_hash_is_checked() {
        let key = key();
        let text = key.to_string();
        assert_eq!(VerifierKey::parse(&text), Ok(key));
        for refused in [
            "",
            "a+b",
            "a+00000000+AAAA",
            &text.replace("wallet", "other"),
            &text.to_uppercase(),
            &format!("{text}+"),
        ] {
            assert!(VerifierKey::parse(refused).is_err(), "{refused}");
        }
    }
}
