//! What can go wrong on this side.

use crate::answers::Acceptance;
use crate::receipt::ReceiptError;
use crate::watch::WatchError;
use serde::Deserialize;
use serde_json::{Map, Value};
use yinxin_core::PaymentNumber;

/// An error that the server answered (RFC 9457): a code, no prose.
#[derive(Debug, Clone, Deserialize)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The stable code, as `payment.insufficient_funds`.
    pub code: String,
    /// Whether money moved; `None` while nobody knows.
    #[serde(default)]
    pub money_moved: Option<bool>,
    /// Names this answer in the operator's log.
    #[serde(default)]
    pub reference: String,
    /// What belongs to the code, as `retry_at` or `left`.
    #[serde(default)]
    pub params: Map<String, Value>,
    /// The recorded refusal with its proof.
    #[serde(default)]
    pub acceptance: Option<Box<Acceptance>>,
}

/// Why something did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server refused.
    #[error("{} ({})", .0.code, .0.status)]
    Problem(Box<Problem>),
    /// No whole answer came: what was asked may have happened.
    #[error("no answer from the server: {0}")]
    Unreachable(String),
    /// The answer is not what the API describes; says where.
    #[error("the server's answer is not understood: {0}")]
    Answer(&'static str),
    /// Not an origin, or http to another machine.
    #[error("the address is not https, nor http to this machine: {0}")]
    Address(String),
    /// The HTTP client could not be made.
    #[error("no connection can be made: {0}")]
    Connection(String),
    /// The deployment is not the one that this device key belongs to.
    #[error("this is another deployment than the one of the device key: {0} differs")]
    OtherDeployment(&'static str),
    /// A certificate, order or quote that the server showed does not hold; says what.
    #[error("refused on this device: {0}")]
    Refused(&'static str),
    /// The payment was recorded as refused: the server's code.
    #[error("the payment was refused: {0}")]
    NotPosted(String),
    /// The server's place in the chain of signed texts is not this device's: somebody else signed, or records are missing.
    #[error("the certificate's chain of signed texts is not the one this device knows")]
    ChainDiffers,
    /// The payment needs the PIN.
    #[error("this payment needs the PIN")]
    PinNeeded,
    /// No certificate on this device yet.
    #[error("this device has no certificate")]
    NoCertificate,
    /// An earlier authorisation has no known outcome and could not be closed.
    #[error("payment {0} has no known outcome yet")]
    Outstanding(PaymentNumber),
    /// What was recorded is not what was signed, or is not proven.
    #[error("the server's record does not hold: {0}")]
    Receipt(#[from] ReceiptError),
    /// The log contradicts what it said before.
    #[error("the log contradicts itself: {0}")]
    Log(#[from] WatchError),
    /// A key or certificate.
    #[error(transparent)]
    Pki(#[from] yinxin_pki::Error),
    /// The key file's passphrase is wrong, or the file was changed.
    #[error("the passphrase does not open the device key file, or the file was changed")]
    KeyFile,
    /// The key file is not one, or others may read it; says what.
    #[error("the device key file is not usable: {0}")]
    KeyFileForm(&'static str),
    /// The passphrase is too weak to stand offline guessing.
    #[error("a passphrase needs at least {0} characters, not only digits")]
    WeakPassphrase(usize),
    /// A file could not be read or written.
    #[error("file: {0}")]
    File(#[from] std::io::Error),
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    Entropy,
}

impl ClientError {
    /// The server's code, when it refused.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.problem().map(|problem| problem.code.as_str())
    }

    /// The server's refusal.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        if let Self::Problem(problem) = self { Some(problem) } else { None }
    }

    /// Whether what was asked may have happened although this error came: then ask again with identical bytes.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        match self.problem() {
            Some(problem) => problem.status >= 500 || problem.status == 408,
            None => matches!(self, Self::Unreachable(_) | Self::Answer(_)),
        }
    }
}
