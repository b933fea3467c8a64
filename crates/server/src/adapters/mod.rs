//! Adapters: what the wallet's ports are in this program.

pub(crate) mod sms_tray;
pub(crate) mod sms_webhook;
