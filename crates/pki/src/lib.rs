//! Certificates as bytes: requests in; X.509, CRL and OCSP out; signers; verification of signed text.
//!
//! The public surface speaks bytes, strings and types of its own: no X.509, DER or cryptographic library
//! type leaves this crate. `now`, serial numbers, salts and seeds are arguments; only the nonce of an
//! ECDSA signature comes from the library.

pub mod age;
pub mod ceremony;
mod certificate;
mod chain;
mod crl;
mod details;
mod error;
mod issuer;
pub mod jws;
mod key;
mod keyfile;
mod lint;
mod log_key;
pub mod nodes;
pub mod ocsp;
mod oid;
mod origin;
mod profile;
mod request;
mod secret;
mod serial;
mod signer;
pub mod symmetric;
pub mod tls;
pub mod totp;
pub mod webauthn;
mod x509;

pub use certificate::Certificate;
pub use chain::{ChainError, verify_chain};
pub use crl::{CrlContent, Reason, Revoked};
pub use details::Details;
pub use error::{Error, Result};
pub use issuer::{Issuance, Issuer, Prepared};
pub use jws::{Jws, JwsError};
pub use key::{PublicKey, SPKI_LENGTH, der_signature, low_s, raw_signature};
pub use log_key::{LogKey, ed25519_verify};
pub use profile::{Authority, Profile, Purpose};
pub use request::CertificationRequest;
pub use secret::Secret;
pub use serial::Serial;
pub use signer::{FileSigner, Signer};
