//! The rules of the wallet, as pure functions over one in-memory book.
//!
//! `decide` turns a command into records, `apply` turns a record into the next book. Nothing here reads a clock, draws a
//! random number, waits or logs: `now` and every identifier are arguments, so the same journal gives the same book.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

pub mod book;
pub mod certificate;
pub mod codec;
pub mod command;
pub mod id;
pub mod kit;
pub mod money;
pub mod policy;
pub mod record;
pub mod refusal;
pub mod reissue;
pub mod text;
pub mod time;

pub use book::{Book, Decision};
pub use command::{Action, Authorisation, Command, Context, Entry};
pub use id::{
    AccountId, CertificateId, CommandId, DeviceId, Digest, EnrolmentId, MerchantId, OrderId, PaymentNumber,
    PersonId, Serial, Thumbprint,
};
pub use money::{Currency, Minor};
pub use record::{Body, Facts, Outcome, PaymentFacts, PaymentKind, Stamp, VerificationLevel};
pub use refusal::Refusal;
pub use time::{Day, Millis, Now};
