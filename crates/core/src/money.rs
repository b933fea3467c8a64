//! Money: a non-negative integer of minor units plus its currency; checked arithmetic, no float.

use crate::codec::{Codec, CodecError, Reader};
use std::fmt;
use std::str::FromStr;

/// The largest amount that the wallet handles, in minor units: below 2^53, so that a browser holds it exactly.
pub const AMOUNT_MAX_MINOR: u64 = 9_000_000_000_000_000;

/// Text that is not an amount or a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an amount in this currency")]
pub struct MoneyError;

/// An ISO 4217 currency with its number of decimals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Chinese yuan.
    pub const CNY: Self = Self(*b"CNY");
    /// Euro.
    pub const EUR: Self = Self(*b"EUR");

    /// The three-letter code.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Decimals of the minor unit (ISO 4217).
    #[must_use]
    pub fn exponent(self) -> u32 {
        match &self.0 {
            b"JPY" | b"KRW" | b"VND" => 0,
            _ => 2,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        const KNOWN: [&str; 9] = ["CNY", "EUR", "USD", "GBP", "HKD", "SGD", "JPY", "KRW", "VND"];
        if !KNOWN.contains(&text) {
            return Err(MoneyError);
        }
        text.as_bytes().try_into().map(Self).map_err(|_| MoneyError)
    }
}

impl Codec for Currency {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let bytes = <[u8; 3]>::decode(reader)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| CodecError("a currency is three letters"))?;
        text.parse().map_err(|_| CodecError("an unknown currency"))
    }
}

/// Minor units of the deployment's one currency, at most [`AMOUNT_MAX_MINOR`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Minor(u64);

impl Minor {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From an integer of minor units.
    #[must_use]
    pub const fn new(minor: u64) -> Option<Self> {
        if minor <= AMOUNT_MAX_MINOR { Some(Self(minor)) } else { None }
    }

    /// The integer of minor units.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The sum, where it is representable.
    #[must_use]
    pub const fn plus(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Self::new(sum),
            None => None,
        }
    }

    /// The difference, where it is not negative.
    #[must_use]
    pub const fn minus(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// What is left of this limit after `used`; zero when it is passed.
    #[must_use]
    pub const fn left_after(self, used: Self) -> Self {
        Self(self.0.saturating_sub(used.0))
    }

    /// `basis_points` of this amount, rounded half up.
    #[must_use]
    pub fn share_of(self, basis_points: u16) -> Self {
        let product = u128::from(self.0).saturating_mul(u128::from(basis_points)).saturating_add(5_000);
        let share = product.checked_div(10_000).unwrap_or(0);
        Self(u64::try_from(share).unwrap_or(AMOUNT_MAX_MINOR).min(AMOUNT_MAX_MINOR))
    }

    /// The decimal string as shown and signed: `12.00`.
    #[must_use]
    pub fn to_decimal(self, currency: Currency) -> String {
        let scale = 10_u64.saturating_pow(currency.exponent());
        let (whole, part) = (self.0.checked_div(scale).unwrap_or(0), self.0.checked_rem(scale).unwrap_or(0));
        match currency.exponent() {
            0 => whole.to_string(),
            _ => format!("{whole}.{part:02}"),
        }
    }

    /// Reads exactly the string that [`Minor::to_decimal`] writes; every other spelling is refused.
    pub fn from_decimal(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        if text.len() > 20 || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return Err(MoneyError);
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let amount = digits.parse().ok().and_then(Self::new).ok_or(MoneyError)?;
        if amount.to_decimal(currency) == text { Ok(amount) } else { Err(MoneyError) }
    }
}

impl Codec for Minor {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        Self::new(u64::decode(reader)?).ok_or(CodecError("an amount is too large"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_canonical_decimal_is_read() {
        let amount = Minor::new(1_200);
        assert_eq!(Minor::from_decimal("12.00", Currency::CNY).ok(), amount);
        for other in [
            "12", "12.0", "012.00", "12.000", " 12.00", "+12.00", "1200", ".00", "12.00 ", "1e3", "-1.00", "",
        ] {
            assert_eq!(Minor::from_decimal(other, Currency::CNY), Err(MoneyError), "{other}");
        }
        assert_eq!("JPY".parse::<Currency>().map(|yen| Minor(12).to_decimal(yen)), Ok("12".to_owned()));
    }

    #[test]
    fn a_share_is_rounded_half_up() {
        assert_eq!(Minor(1_050).share_of(100), Minor(11));
        assert_eq!(Minor(1_049).share_of(100), Minor(10));
        assert_eq!(Minor(AMOUNT_MAX_MINOR).share_of(10_000), Minor(AMOUNT_MAX_MINOR));
    }

    proptest! {
        #[test]
        fn every_amount_reads_back_from_its_decimal(minor in 0..=AMOUNT_MAX_MINOR) {
            let amount = Minor(minor);
            for currency in [Currency::CNY, Currency::EUR] {
                prop_assert_eq!(Minor::from_decimal(&amount.to_decimal(currency), currency), Ok(amount));
            }
        }
    }
}
