//! The other side: device key, signing, API client, verification of what the server answers.
//!
//! ```text
//! Person ──▶ quote ─▶ signed text ─▶ OutBox (kept before it is sent) ─▶ Api ─▶ acceptance ─▶ receipt, verified here
//! MerchantApi ──▶ signed order ─▶ Api ─▶ events until it is paid
//! tour ──▶ a new person from registration to a proven payment
//! ```
//!
//! What a [`Person`] returns was checked against the keys that the device pinned; what [`Api`] returns was only read.

pub mod answers;
mod api;
mod chance;
pub mod clock;
mod cookies;
mod device_key;
mod error;
mod http;
mod key_file;
mod log_link;
pub mod merchant;
mod outbox;
mod person;
mod pin;
mod receipt;
mod requests;
pub mod signing;
mod sse;
pub mod tour;
mod watch;

pub use api::{Api, Connection, MerchantAccess};
pub use device_key::{DeviceKey, Holding};
pub use error::{ClientError, Problem};
pub use merchant::MerchantApi;
pub use outbox::{ChainHead, OutBox, Outstanding};
pub use person::{CheckedOrder, Person, Registration, Renewing, Transfer};
pub use pin::{Pin, PinError};
pub use receipt::{Expected, Receipt, ReceiptError, check};
pub use requests::{Ask, DeviceKind, Disclosure, Disclosures, RevocationReason, Verification};
pub use sse::{Event, EventStream};
pub use watch::{Continuity, LogWatch, WatchError};
