//! Small values on the wire: ids, bytes, times and amounts, each with its own named schema.

use data_encoding::BASE64URL_NOPAD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;
use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use yinxin_core::id::{
    AccountId, CertificateId, DeviceId, Digest, EnrolmentId, MerchantId, OrderId, PaymentNumber, PersonId,
    Serial,
};
use yinxin_core::money::Currency;
use yinxin_core::time::Millis;

/// A domain value that travels as text: parsed when it enters, displayed when it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wire<T>(pub(crate) T);

/// The schema of a value that travels as text.
pub(crate) trait WireForm {
    /// The schema's name.
    const NAME: &'static str;
    /// A regular expression that every value matches.
    const PATTERN: &'static str;
    /// One value, for the documentation.
    const EXAMPLE: &'static str;
}

macro_rules! wire_forms {
    ($($(#[$meta:meta])* $alias:ident = $inner:ty, $pattern:literal, $example:literal;)*) => {$(
        $(#[$meta])*
        pub(crate) type $alias = Wire<$inner>;
        impl WireForm for $inner {
            const NAME: &'static str = stringify!($alias);
            const PATTERN: &'static str = $pattern;
            const EXAMPLE: &'static str = $example;
        }
    )*};
}

wire_forms! {
    /// A person's id.
    PersonRef = PersonId, "^per_[a-z2-7]{16}$", "per_a4dqobyha4dqobyh";
    /// An account's id.
    AccountRef = AccountId, "^acc_[a-z2-7]{16}$", "acc_a4dqobyha4dqobyh";
    /// A merchant's id.
    MerchantRef = MerchantId, "^mer_[a-z2-7]{10}$", "mer_a4dqobyha4";
    /// An order's id.
    OrderRef = OrderId, "^ord_[a-z2-7]{16}$", "ord_a4dqobyha4dqobyh";
    /// A certificate's id.
    CertificateRef = CertificateId, "^crt_[a-z2-7]{16}$", "crt_a4dqobyha4dqobyh";
    /// A device's id.
    DeviceRef = DeviceId, "^dev_[a-z2-7]{16}$", "dev_a4dqobyha4dqobyh";
    /// An enrolment's id.
    EnrolmentRef = EnrolmentId, "^enr_[a-z2-7]{16}$", "enr_a4dqobyha4dqobyh";
    /// The number of one payment: 16 bytes, base64url.
    PaymentNumberText = PaymentNumber, "^[A-Za-z0-9_-]{22}$", "BwcHBwcHBwcHBwcHBwcHBw";
    /// A SHA-256 digest or another 32 bytes, base64url.
    Bytes32 = Digest, "^[A-Za-z0-9_-]{43}$", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
    /// A certificate's serial number: 16 bytes, hexadecimal.
    SerialNumber = Serial, "^[0-9a-f]{32}$", "07070707070707070707070707070707";
}

impl<T: Display> Serialize for Wire<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr> Deserialize<'de> for Wire<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| D::Error::custom("not a value of this kind"))
    }
}

impl<T: WireForm> PartialSchema for Wire<T> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(T::PATTERN)).examples([T::EXAMPLE]).into()
    }
}

impl<T: WireForm> ToSchema for Wire<T> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed(T::NAME)
    }
}

/// Bytes of any length; on the wire base64url without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base64Url(pub(crate) Vec<u8>);

impl Serialize for Base64Url {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        BASE64URL_NOPAD.decode(text.as_bytes()).map(Self).map_err(|_| D::Error::custom("not base64url"))
    }
}

impl PartialSchema for Base64Url {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[A-Za-z0-9_-]*$"))
            .description(Some("Bytes, base64url without padding."))
            .into()
    }
}

impl ToSchema for Base64Url {}

/// A moment; on the wire RFC 3339 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) Millis);

impl Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let moment = jiff::Timestamp::from_millisecond(self.0.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(f, "{moment:.3}")
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples(["2026-11-23T22:45:46.000Z"])
            .into()
    }
}

impl ToSchema for Time {}

/// An amount of money: an integer of the currency's minor unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Amount {
    /// Minor units, for example fen.
    #[schema(example = 1200, minimum = 0, maximum = 9_000_000_000_000_000_u64)]
    pub(crate) minor: u64,
    /// ISO 4217 code.
    #[schema(example = "CNY")]
    pub(crate) currency: String,
}

impl Amount {
    /// `minor` units of `currency`.
    pub(crate) fn new(minor: u64, currency: Currency) -> Self {
        Self { minor, currency: currency.code().to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc_with_milliseconds() {
        assert_eq!(Time(Millis(1_764_000_000_120)).to_string(), "2025-11-24T16:00:00.120Z");
        assert_eq!(Time(Millis(1_764_000_000_000)).to_string(), "2025-11-24T16:00:00.000Z");
    }

    #[test]
    fn an_id_of_another_kind_is_refused_at_the_door() {
        assert!(serde_json::from_str::<AccountRef>("\"acc_a4dqobyha4dqobyh\"").is_ok());
        assert!(serde_json::from_str::<AccountRef>("\"per_a4dqobyha4dqobyh\"").is_err());
        assert!(serde_json::from_str::<Base64Url>("\"AA==\"").is_err(), "padding is refused");
    }

    #[test]
    fn every_example_parses_as_what_it_stands_for() {
        fn check<T: WireForm + FromStr>() {
            assert!(T::EXAMPLE.parse::<T>().is_ok(), "{}", T::NAME);
        }
        check::<PersonId>();
        check::<AccountId>();
        check::<MerchantId>();
        check::<OrderId>();
        check::<CertificateId>();
        check::<DeviceId>();
        check::<EnrolmentId>();
        check::<PaymentNumber>();
        check::<Digest>();
        check::<Serial>();
    }
}
