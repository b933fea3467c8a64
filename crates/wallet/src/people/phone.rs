//! Phone numbers in E.164, read from what people type.

use std::fmt;

/// The country of numbers typed without one.
const DEFAULT_COUNTRY: &str = "+86";

/// Digits of an E.164 number, at most (ITU-T E.164 § 6).
const DIGITS_MAX: usize = 15;
const DIGITS_MIN: usize = 8;

/// A phone number in E.164: `+` and digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

impl Phone {
    /// Reads a number as people type it: spaces, hyphens, dots and brackets are ignored; without `+`
    /// or `00` it is a Chinese mobile number (11 digits, first 1).
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        const TYPED_MAX_BYTES: usize = 40;
        if typed.len() > TYPED_MAX_BYTES {
            return None;
        }
        let kept: String = typed.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
        let international = kept.strip_prefix('+').or_else(|| kept.strip_prefix("00"));
        let number = match international {
            Some(digits) => format!("+{digits}"),
            None => format!("{DEFAULT_COUNTRY}{kept}"),
        };
        let digits = number.strip_prefix('+')?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        let length_fits = (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len());
        let country_fits = match number.strip_prefix(DEFAULT_COUNTRY) {
            Some(national) => national.len() == 11 && matches!(national.as_bytes(), [b'1', b'3'..=b'9', ..]),
            None => true,
        };
        (plain && length_fits && country_fits).then_some(Self(number))
    }

    /// `+8613800001234`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits as the person knows them: without `+`, and without the default country.
    #[must_use]
    pub fn national_digits(&self) -> &str {
        self.0.strip_prefix(DEFAULT_COUNTRY).unwrap_or_else(|| self.0.trim_start_matches('+'))
    }

    /// `138****1234`: enough to recognise the own number, too little to learn another's.
    #[must_use]
    pub fn masked(&self) -> String {
        let digits = self.national_digits();
        let (head, tail) = if digits.len() >= 11 { (3, 4) } else { (2, 2) };
        let first: String = digits.chars().take(head).collect();
        let last: String = digits.chars().skip(digits.chars().count().saturating_sub(tail)).collect();
        let plus = if self.0.starts_with(DEFAULT_COUNTRY) { "" } else { "+" };
        format!("{plus}{first}****{last}")
    }
}

/// Masked: a phone number is personal and this ends in logs.
impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::Phone;

    #[test]
    fn a_chinese_number_is_read_however_it_is_typed() {
        for typed in ["13800001234", "138 0000 1234", "+86 138-0000-1234", "008613800001234", "(138)00001234"]
        {
            assert_eq!(Phone::parse(typed).unwrap().as_str(), "+8613800001234", "{typed}");
        }
    }

    #[test]
    fn a_foreign_number_needs_its_country() {
        assert_eq!(Phone::parse("+44 7700 900123").unwrap().as_str(), "+447700900123");
        assert_eq!(Phone::parse("7700900123"), None);
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        for typed in [
            "",
            "12345678901",
            "1380000123",
            "138000012345",
            "+0123456789",
            "+8623800001234",
            "+86",
            "abc",
            "+1234567890123456",
            "１３８００００１２３４",
            &"1".repeat(60),
        ] {
            assert_eq!(Phone::parse(typed), None, "{typed}");
        }
    }

    #[test]
    fn a_masked_number_hides_its_middle() {
        assert_eq!(Phone::parse("13812345678").unwrap().masked(), "138****5678");
        assert_eq!(Phone::parse("+6591234567").unwrap().masked(), "+65****67");
        assert_eq!(format!("{:?}", Phone::parse("13812345678").unwrap()), "138****5678");
    }
}
