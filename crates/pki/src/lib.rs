//! Certificates as bytes: requests in; X.509, CRL and OCSP out; signers; verification of signed text.
//!
//! The public surface speaks bytes, strings and types of its own: no X.509, DER or cryptographic library
//! type leaves this crate. `now`, serial numbers, salts and seeds are arguments; only the nonce of an
//! ECDSA signature comes from the library.

pub mod jws;
mod key;
mod keyfile;
mod log_key;
mod secret;
mod signer;
pub mod symmetric;

mod error;

pub use error::{Error, Result};
pub use jws::{Jws, JwsError};
pub use key::{PublicKey, SPKI_LENGTH, der_signature, low_s, raw_signature};
pub use log_key::{LogKey, ed25519_verify};
pub use secret::Secret;
pub use signer::{FileSigner, Signer};
