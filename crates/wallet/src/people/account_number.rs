//! Account numbers: what a person types to log in or to be found.

use crate::port::Entropy;
use std::fmt;

/// Ten digits and a check digit; the first is 8, so that nobody takes it for a phone number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountNumber(String);

impl AccountNumber {
    /// A random one.
    pub(crate) fn draw(entropy: &dyn Entropy) -> Self {
        let mut number = String::from("8");
        while number.len() < 10 {
            let [byte] = crate::port::random::<1>(entropy);
            // 250 is the largest multiple of ten in a byte: above it a digit would be likelier than others.
            if byte < 250 {
                number.push(char::from(b'0' + byte % 10));
            }
        }
        number.push(check_digit(&number));
        Self(number)
    }

    /// The one with these nine digits; for people made in bulk.
    pub(crate) fn numbered(number: u32) -> Self {
        let mut digits = format!("8{number:09}");
        digits.truncate(10);
        digits.push(check_digit(&digits));
        Self(digits)
    }

    /// Reads what a person types; spaces and hyphens are ignored, the check digit must be right.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        const TYPED_MAX_BYTES: usize = 40;
        if typed.len() > TYPED_MAX_BYTES {
            return None;
        }
        let kept: String = typed.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let plain =
            kept.len() == 11 && kept.starts_with('8') && kept.bytes().all(|byte| byte.is_ascii_digit());
        let (body, check) = kept.split_at_checked(10)?;
        (plain && check.chars().eq([check_digit(body)])).then(|| Self(kept.clone()))
    }

    /// The eleven digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The Luhn check digit (ISO/IEC 7812-1, annex B) of `digits`.
fn check_digit(digits: &str) -> char {
    let sum: u32 = digits
        .bytes()
        .rev()
        .map(|byte| u32::from(byte.saturating_sub(b'0')))
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 if digit > 4 => digit * 2 - 9,
            0 => digit * 2,
            _ => digit,
        })
        .sum();
    char::from_digit((10 - sum % 10) % 10, 10).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::SystemEntropy;

    #[test]
    fn the_check_digit_is_luhns() {
        assert_eq!(check_digit("7992739871"), '3');
    }

    #[test]
    fn a_drawn_number_reads_back_and_one_wrong_digit_does_not() {
        for _ in 0..200 {
            let number = AccountNumber::draw(&SystemEntropy);
            assert_eq!(AccountNumber::parse(number.as_str()).as_ref(), Some(&number));
            for place in 1..11 {
                let mut wrong: Vec<u8> = number.as_str().bytes().collect();
                wrong[place] = b'0' + (wrong[place] - b'0' + 1) % 10;
                assert_eq!(AccountNumber::parse(&String::from_utf8(wrong).unwrap()), None);
            }
        }
    }

    #[test]
    fn spaces_are_ignored_and_other_numbers_refused() {
        let number = AccountNumber::draw(&SystemEntropy);
        let spaced = format!("{} {}", &number.as_str()[..4], &number.as_str()[4..]);
        assert_eq!(AccountNumber::parse(&spaced), Some(number));
        for other in ["", "13800001234", "8", "８００００００００００", "800000000001"] {
            assert_eq!(AccountNumber::parse(other), None, "{other}");
        }
    }
}
