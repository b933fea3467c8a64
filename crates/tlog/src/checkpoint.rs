//! The head of the tree as text (C2SP tlog-checkpoint).

use crate::base64;
use crate::hash::Hash;
use crate::note::{NoteError, VerifierKey, open};
use std::fmt;

/// The head of the log at one size. Its text form is what is signed; `Display` writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name: not empty, one line, the same as its key's name.
    pub origin: String,
    /// The number of leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// Why a text is no checkpoint of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not exactly three lines: origin, size (at least 1), root.
    #[error("not a checkpoint")]
    Malformed,
    /// The checkpoint names another log than the key that signed it.
    #[error("a checkpoint of another log")]
    Origin,
    /// The note around it is not accepted.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root)
    }
}

impl Checkpoint {
    /// Reads a note's text.
    ///
    /// # Errors
    /// Stricter than the format: the empty tree and extension lines are refused, since no monitor can check them.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Malformed)?.split('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Malformed);
        };
        if origin.is_empty() || origin.contains(char::is_control) {
            return Err(CheckpointError::Malformed);
        }
        let size = base64::decimal(size).filter(|size| *size > 0).ok_or(CheckpointError::Malformed)?;
        let root = Hash::from_base64(root).ok_or(CheckpointError::Malformed)?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// Reads a signed checkpoint of the log whose key is `key`; `verify` as in [`open`].
    pub fn open(
        note: &str,
        key: &VerifierKey,
        verify: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool,
    ) -> Result<Self, CheckpointError> {
        let checkpoint = Self::parse(open(note, key, verify)?)?;
        if checkpoint.origin == key.name() { Ok(checkpoint) } else { Err(CheckpointError::Origin) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_reads_back_and_nothing_but_its_one_form_is_read() {
        let checkpoint =
            Checkpoint { origin: "wallet.example/log".into(), size: 20_852_163, root: Hash([9; 32]) };
        let text = checkpoint.to_string();
        assert_eq!(Checkpoint::parse(&text), Ok(checkpoint));
        for refused in [
            text.trim_end(),
            &text.replace("20852163", "020852163"),
            &text.replace("20852163", "+20852163"),
            &text.replace("20852163", "0"),
            &text.replace("20852163", "99999999999999999999"),
            &text.replace("wallet.example/log", ""),
            &text.replace("wallet.example/log", "a\r"),
            &text.replace('=', ""),
            &format!("{text}extension\n"),
            &format!("{text}\n"),
            &format!("\n{text}"),
            "",
            "\n\n\n",
        ] {
            assert_eq!(Checkpoint::parse(refused), Err(CheckpointError::Malformed), "{refused:?}");
        }
    }
}
