//! What the server answers, as the API describes it (`docs/reference/openapi.json`). Unknown members are ignored: a newer
//! server may say more. Moments are RFC 3339 in UTC.

mod certificates;
mod deployment;
mod orders;
mod payments;
mod people;

pub use certificates::*;
pub use deployment::*;
pub use orders::*;
pub use payments::*;
pub use people::*;

use serde::Deserialize;
use std::fmt::Display;
use std::str::FromStr;
use yinxin_core::Minor;

fn as_text<'de, D: serde::Deserializer<'de>, T: FromStr<Err: Display>>(
    deserializer: D,
) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

fn as_optional_text<'de, D: serde::Deserializer<'de>, T: FromStr<Err: Display>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

fn as_texts<'de, D: serde::Deserializer<'de>, T: FromStr<Err: Display>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(serde::de::Error::custom)).collect()
}

fn as_minor<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Minor, D::Error> {
    Minor::new(u64::deserialize(deserializer)?).ok_or_else(|| serde::de::Error::custom("amount"))
}

/// Bytes that travel as base64url without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).map(Self).map_err(serde::de::Error::custom)
    }
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Amount {
    /// Minor units.
    #[serde(deserialize_with = "as_minor")]
    pub minor: Minor,
    /// ISO 4217 code.
    pub currency: String,
}
