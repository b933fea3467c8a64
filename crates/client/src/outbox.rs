//! The authorisation whose outcome is not known yet. One at a time: a retry sends the identical bytes, and nothing new is
//! signed before the old number was recorded or closed.
//!
//! ```text
//!            put                     settle (recorded)
//!  empty ───────────▶ outstanding ───────────────────▶ empty, head known
//!                         │  close (unseen ─▶ void)
//!                         └──────────────────────────▶ empty, head unknown
//! ```

use crate::error::ClientError;
use crate::key_file::{read_private, write_private};
use crate::signing::SignedText;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use yinxin_core::{CertificateId, Digest, OrderId, PaymentNumber};
use yinxin_tlog::Checkpoint;

/// The version of the file that is written; no other is read.
const VERSION: u8 = 1;

/// An authorisation that was signed and perhaps sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outstanding {
    /// Its number.
    pub number: PaymentNumber,
    /// The certificate whose key signed it.
    pub certificate: CertificateId,
    /// The signed text.
    pub authorisation: SignedText,
    /// The order that it pays.
    pub order: Option<OrderId>,
    /// Whether the PIN was proved for it; after 60 s it must be proved again.
    pub verified: bool,
    /// The request's body, byte for byte.
    pub body: String,
}

/// Where a certificate's chain of signed texts stands, as this device knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHead {
    /// The last recorded sequence number.
    pub seq: u64,
    /// SHA-256 of the last recorded signing input.
    pub hash: Digest,
}

/// What a device remembers between payments: at most one outstanding authorisation, the head of the chain behind it, and
/// the newest checkpoint of the log; in a file where one is named.
#[derive(Debug, Default)]
pub struct OutBox {
    path: Option<PathBuf>,
    outstanding: Option<Outstanding>,
    head: Option<ChainHead>,
    checkpoint: Option<Checkpoint>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutBoxFile {
    yinxin_outbox: u8,
    outstanding: Option<OutstandingFile>,
    head: Option<HeadFile>,
    /// The text of the checkpoint; its signature was checked before it was kept.
    checkpoint: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutstandingFile {
    number: String,
    certificate: String,
    authorisation: SignedText,
    order: Option<String>,
    verified: bool,
    body: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadFile {
    seq: u64,
    hash: String,
}

impl OutBox {
    /// An out-box that forgets when the program ends.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// The out-box in the file at `path`; an empty one where there is no file.
    pub fn open(path: PathBuf) -> Result<Self, ClientError> {
        if !path.exists() {
            return Ok(Self { path: Some(path), ..Self::default() });
        }
        let unusable = || ClientError::KeyFileForm("not an out-box");
        let file: OutBoxFile = serde_json::from_slice(&read_private(&path)?).map_err(|_| unusable())?;
        if file.yinxin_outbox != VERSION {
            return Err(unusable());
        }
        let outstanding = file.outstanding.map(Outstanding::try_from).transpose()?;
        let head = match file.head {
            Some(head) => Some(ChainHead { seq: head.seq, hash: head.hash.parse().map_err(|_| unusable())? }),
            None => None,
        };
        let checkpoint = match file.checkpoint {
            Some(text) => Some(Checkpoint::parse(&text).map_err(|_| unusable())?),
            None => None,
        };
        Ok(Self { path: Some(path), outstanding, head, checkpoint })
    }

    /// The authorisation whose outcome is not known.
    #[must_use]
    pub fn outstanding(&self) -> Option<&Outstanding> {
        self.outstanding.as_ref()
    }

    /// The head of the chain, while this device knows it.
    #[must_use]
    pub fn head(&self) -> Option<ChainHead> {
        self.head
    }

    /// The newest checkpoint that was believed.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.checkpoint.as_ref()
    }

    /// Keeps a checkpoint that was believed.
    pub fn keep_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), ClientError> {
        if self.checkpoint.as_ref() == Some(checkpoint) {
            return Ok(());
        }
        self.checkpoint = Some(checkpoint.clone());
        self.keep()
    }

    /// Keeps an authorisation, durably, before it is sent.
    ///
    /// # Errors
    /// `Outstanding` while there is another one.
    pub fn put(&mut self, authorisation: Outstanding) -> Result<(), ClientError> {
        if let Some(earlier) = &self.outstanding {
            return Err(ClientError::Outstanding(earlier.number));
        }
        self.outstanding = Some(authorisation);
        self.keep()
    }

    /// The outstanding authorisation was recorded, or closed; `head` is the chain's head now, where it is known.
    pub fn settle(&mut self, head: Option<ChainHead>) -> Result<(), ClientError> {
        self.outstanding = None;
        self.head = head;
        self.keep()
    }

    fn keep(&self) -> Result<(), ClientError> {
        let Some(path) = &self.path else { return Ok(()) };
        let file = OutBoxFile {
            yinxin_outbox: VERSION,
            outstanding: self.outstanding.as_ref().map(OutstandingFile::from),
            head: self.head.map(|head| HeadFile { seq: head.seq, hash: head.hash.to_string() }),
            checkpoint: self.checkpoint.as_ref().map(Checkpoint::to_string),
        };
        let text = serde_json::to_vec(&file).map_err(|_| ClientError::KeyFileForm("not an out-box"))?;
        write_private(path, &text)
    }
}

impl From<&Outstanding> for OutstandingFile {
    fn from(outstanding: &Outstanding) -> Self {
        Self {
            number: outstanding.number.to_string(),
            certificate: outstanding.certificate.to_string(),
            authorisation: outstanding.authorisation.clone(),
            order: outstanding.order.map(|order| order.to_string()),
            verified: outstanding.verified,
            body: outstanding.body.clone(),
        }
    }
}

impl TryFrom<OutstandingFile> for Outstanding {
    type Error = ClientError;

    fn try_from(file: OutstandingFile) -> Result<Self, ClientError> {
        let unusable = |_| ClientError::KeyFileForm("not an out-box");
        Ok(Self {
            number: file.number.parse().map_err(unusable)?,
            certificate: file.certificate.parse().map_err(unusable)?,
            authorisation: file.authorisation,
            order: file.order.map(|order| order.parse().map_err(unusable)).transpose()?,
            verified: file.verified,
            body: file.body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outstanding(byte: u8) -> Outstanding {
        let part = |text: &str| text.to_owned();
        Outstanding {
            number: PaymentNumber::from_bytes([byte; 16]),
            certificate: CertificateId::from_bytes([2; 10]),
            authorisation: SignedText { protected: part("a"), payload: part("b"), signature: part("c") },
            order: Some(OrderId::from_bytes([3; 10])),
            verified: true,
            body: part("{\"authorisation\": {} }"),
        }
    }

    #[test]
    fn what_was_put_survives_a_crash_byte_for_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outbox");
        let mut first = OutBox::open(path.clone()).unwrap();
        first.put(outstanding(1)).unwrap();
        drop(first);
        let mut again = OutBox::open(path.clone()).unwrap();
        assert_eq!(again.outstanding(), Some(&outstanding(1)));
        let head = ChainHead { seq: 7, hash: Digest::from_bytes([9; 32]) };
        again.settle(Some(head)).unwrap();
        let newest = Checkpoint { origin: "localhost/log".into(), size: 3, root: yinxin_tlog::Hash([1; 32]) };
        again.keep_checkpoint(&newest).unwrap();
        let settled = OutBox::open(path).unwrap();
        assert_eq!((settled.outstanding(), settled.head()), (None, Some(head)));
        assert_eq!(settled.checkpoint(), Some(&newest));
    }

    #[test]
    fn nothing_new_goes_in_while_one_is_outstanding() {
        let mut outbox = OutBox::in_memory();
        outbox.put(outstanding(1)).unwrap();
        assert!(
            matches!(outbox.put(outstanding(2)), Err(ClientError::Outstanding(number)) if number == outstanding(1).number)
        );
        outbox.settle(None).unwrap();
        outbox.put(outstanding(2)).unwrap();
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outbox");
        for text in ["", "{}", "{\"yinxin_outbox\":2,\"outstanding\":null,\"head\":null,\"checkpoint\":null}"]
        {
            write_private(&path, text.as_bytes()).unwrap();
            assert!(OutBox::open(path.clone()).is_err(), "{text}");
        }
    }
}
