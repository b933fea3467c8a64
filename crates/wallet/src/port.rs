//! Ports: what the wallet needs from outside. Adapters live in the program; only the system clock and
//! the system entropy, here, ask the machine.

use std::future::Future;
use std::pin::Pin;
use yinxin_core::Millis;

/// What time it is.
pub trait Clock: Send + Sync {
    /// Wall time.
    fn now(&self) -> Millis;

    /// Milliseconds of a clock that never jumps, from an arbitrary start.
    fn monotonic_ms(&self) -> i64;
}

/// Where random bytes come from.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with random bytes fit for keys.
    fn fill(&self, bytes: &mut [u8]);
}

/// An array of random bytes.
pub(crate) fn random<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

/// A text message to one person.
#[derive(Clone, PartialEq, Eq)]
pub struct SmsMessage {
    /// Where to, E.164.
    pub to: String,
    /// The whole text, Chinese then English; it names purpose and device and holds no link.
    pub text: String,
    /// The code inside the text, where there is one; a development tray shows it, a real sender ignores it.
    pub code: Option<String>,
    /// What the message is for, as a word: what its code is for (`register`, `log_in`, `enrol`, `resume`), or `notice`.
    pub purpose: &'static str,
    /// The device kind that the text names, as a word.
    pub device: &'static str,
}

/// A message could not be handed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the text message was not sent: {0}")]
pub struct SmsError(pub String);

/// The end of a sending.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), SmsError>> + Send + 'a>>;

/// Sends text messages.
pub trait SmsSender: Send + Sync {
    /// Hands `message` over for delivery; resolves when the carrier has taken it.
    fn send(&self, message: SmsMessage) -> Sending<'_>;

    /// Messages that wait to be handed over.
    fn waiting(&self) -> usize {
        0
    }
}

/// Another node gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// Nothing of the question reached it.
    #[error("the node was not reached")]
    Unreached,
    /// It may have heard the question; its answer is lost.
    #[error("the node's answer is lost")]
    Unanswered,
}

/// The end of a question to another node.
pub type Asking<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, PeerError>> + Send + 'a>>;

/// Carries bytes to the other nodes of a deployment, and to nobody else.
pub trait Peers: Send + Sync {
    /// Sends `question` to the node at `address`; resolves with its answer.
    fn ask<'a>(&'a self, address: &'a str, question: Vec<u8>) -> Asking<'a>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: std::time::Instant,
}

impl SystemClock {
    /// Starts the clock that never jumps.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one type that asks the machine for the time")]
    pub fn new() -> Self {
        Self { started: std::time::Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one type that asks the machine for the time")]
    fn now(&self) -> Millis {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Millis(since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
    }

    fn monotonic_ms(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// The machine's entropy.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    /// # Panics
    /// When the machine has no random bytes to give: nothing safe can be done without them.
    #[expect(clippy::disallowed_methods, reason = "the one type that asks the machine for random bytes")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("a machine without entropy cannot keep a secret");
    }
}
