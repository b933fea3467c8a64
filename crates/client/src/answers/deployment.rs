//! What a deployment and its demonstration say about themselves.

use super::{as_text, as_texts};
use serde::Deserialize;
use yinxin_core::{Digest, OrderId};

/// Whether the money is a demonstration's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stamp {
    /// A demonstration.
    Demo,
    /// Real books.
    Live,
}

/// What a deployment says about itself.
#[derive(Debug, Clone, Deserialize)]
pub struct Deployment {
    /// The audience of every signed text.
    pub origin: String,
    /// Its name.
    pub name: String,
    /// Demonstration or live.
    pub stamp: Stamp,
    /// The program's version.
    pub version: String,
    /// The oldest version of the app that it serves.
    pub min_version: String,
    /// The time zone of its days.
    pub time_zone: String,
    /// Its clock.
    pub now: String,
    /// Its currency.
    pub currency: CurrencyInfo,
    /// Its limits, minor units.
    pub limits: Limits,
    /// Its usage log.
    pub log: LogInfo,
}

/// The deployment's currency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CurrencyInfo {
    /// ISO 4217 code.
    pub code: String,
    /// Decimals of the minor unit.
    pub exponent: u32,
}

/// Limits in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Limits {
    /// Largest payment by one tap.
    pub tap_each: u64,
    /// One-tap payments of a day.
    pub tap_day: u64,
    /// Verified payments of a day.
    pub verified_day: u64,
    /// Largest payment in the protection period.
    pub protection_each: u64,
    /// Payments of a day in the protection period.
    pub protection_day: u64,
    /// Largest balance.
    pub balance: u64,
}

/// The usage log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LogInfo {
    /// Its name.
    pub name: String,
    /// Its verifier key (C2SP signed-note).
    pub key: String,
    /// The logs that it continues, oldest first.
    #[serde(default)]
    pub previous: Vec<PreviousLog>,
}

/// A log that the deployment signed before it was restored from a backup.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PreviousLog {
    /// Its verifier key.
    pub key: String,
    /// Records that went over into the next log.
    pub size: u64,
    /// A note by this key that names the next one.
    pub link: String,
}

/// A proof between two sizes of the log.
#[derive(Debug, Clone, Deserialize)]
pub struct ConsistencyProof {
    /// The hashes.
    #[serde(deserialize_with = "as_texts")]
    pub proof: Vec<Digest>,
}

/// An SMS of a demonstration.
#[derive(Debug, Clone, Deserialize)]
pub struct SmsMessage {
    /// The phone with its middle hidden.
    pub to_masked: String,
    /// The text.
    pub text: String,
    /// The code in it; a notice has none.
    pub code: Option<String>,
    /// What it is for.
    pub purpose: String,
}

/// The demonstration's SMS.
#[derive(Debug, Clone, Deserialize)]
pub struct SmsTray {
    /// Newest first.
    pub messages: Vec<SmsMessage>,
}

/// The demonstration's state.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DemoState {
    /// Where the tea shop is.
    pub shop_url: String,
}

/// What the tea shop answers to a purchase.
#[derive(Debug, Clone, Deserialize)]
pub struct ShopOrder {
    /// The order to pay.
    #[serde(deserialize_with = "as_text")]
    pub order: OrderId,
}
