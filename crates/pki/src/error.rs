//! What can go wrong with keys and certificates.

/// Why a key, certificate, request, list or answer was not accepted or not made.
///
/// The texts are for the log; a person is shown a problem code chosen by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are not the named thing.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// Well formed, but against our profile (pki.md, RFC 5280); the text says which rule.
    #[error("refused: {0}")]
    Refused(&'static str),
    /// The signature does not belong to these bytes and this key.
    #[error("the signature is invalid")]
    SignatureInvalid,
    /// The passphrase does not open the encrypted key.
    #[error("the passphrase does not open this key")]
    WrongPassphrase,
    /// The signer or the cryptographic library refused to work.
    #[error("the signer failed")]
    SignerFailed,
}

/// Shorthand used through this crate.
pub type Result<T, E = Error> = core::result::Result<T, E>;
