//! A person's way through the wallet, on the real databases in a temporary folder: registration, log-in, enrolment,
//! certificates, PINs, settings.

#![expect(clippy::unwrap_used, reason = "the bench fails loudly, as tests do")]

mod bench;
mod certificates;
mod enrolment;
mod idempotency;
mod kits;
mod log_in;
mod pins;
mod registration;
mod reissues;
mod renewal;
mod safety;
mod settings;
