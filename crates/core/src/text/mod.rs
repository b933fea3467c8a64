//! Signed texts: the JSON payloads that people and merchants sign (`docs/reference/formats.md`).
//!
//! Parsing is strict: members in the written order, none missing, none unknown, no white space, no second spelling. A text
//! that would not be written again byte for byte is refused. Signatures are verified elsewhere, over the received bytes.

mod consent;
mod order;
mod pay;
mod recovery;
mod stop;

pub use consent::{CertificatePurpose, CertificateText, Setting, SettingText};
pub use order::{OrderItem, OrderText};
pub use pay::{PayText, PayeeName};
pub use recovery::{KitText, RecoveryPurpose, RecoveryText};
pub use stop::{StopPurpose, StopText};

use crate::id::Digest;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::io;

/// `typ` of an authorisation.
pub const TYP_PAY: &str = "yx-pay+jws";
/// `typ` of a consent about a certificate.
pub const TYP_CERTIFICATE: &str = "yx-cert+jws";
/// `typ` of what a recovery key signs.
pub const TYP_RECOVERY: &str = "yx-rec+jws";
/// `typ` of a change of settings.
pub const TYP_SETTING: &str = "yx-set+jws";
/// `typ` of what stops something.
pub const TYP_STOP: &str = "yx-stop+jws";
/// `typ` of a merchant's order.
pub const TYP_ORDER: &str = "yx-order+jws";

/// The longest time between `iat` and `exp` of an authorisation.
pub const AUTHORISATION_MAX_MS: i64 = 300 * Millis::SECOND;
/// The longest that an order may be payable.
pub const ORDER_MAX_MS: i64 = 15 * Millis::MINUTE;
/// The largest sequence number: below 2^53, exact in every JSON reader.
pub const SEQ_MAX: u64 = 1 << 48;

const NAME_MAX_CHARS: usize = 64;

/// A payload that is not the wanted text; says where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed signed text: {0}")]
pub struct TextError(pub &'static str);

/// SHA-256 of `parts`, one after the other.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> Digest {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Digest::from_bytes(hasher.finalize().into())
}

/// Commitment to a person's name: SHA-256("yx/name/v1" ‖ 0 ‖ salt ‖ text).
#[must_use]
pub fn name_commitment(salt: &[u8; 32], text: &str) -> Digest {
    sha256(&[b"yx/name/v1\0", salt, text.as_bytes()])
}

/// Commitment to a memo: SHA-256("yx/memo/v1" ‖ 0 ‖ salt ‖ text).
#[must_use]
pub fn memo_commitment(salt: &[u8; 32], text: &str) -> Digest {
    sha256(&[b"yx/memo/v1\0", salt, text.as_bytes()])
}

/// Reads one wire struct and insists that it is written back as exactly the same bytes.
fn read<'p, T: Deserialize<'p> + Serialize>(payload: &'p [u8]) -> Result<T, TextError> {
    if payload.first() != Some(&b'{') {
        return Err(TextError("not an object"));
    }
    let wire: T = serde_json::from_slice(payload).map_err(|_| TextError("members"))?;
    let mut rest = Expected(payload);
    let is_same = serde_json::to_writer(&mut rest, &wire).is_ok() && rest.0.is_empty();
    if is_same { Ok(wire) } else { Err(TextError("order or spelling of members")) }
}

/// Takes only the bytes that are expected: compares what is written without keeping it.
struct Expected<'p>(&'p [u8]);

impl io::Write for Expected<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.strip_prefix(bytes).ok_or(io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write<T: Serialize>(wire: &T) -> Vec<u8> {
    serde_json::to_vec(wire).unwrap_or_default()
}

fn version(v: u8) -> Result<(), TextError> {
    if v == 1 { Ok(()) } else { Err(TextError("v")) }
}

fn field<T: std::str::FromStr>(text: &str, name: &'static str) -> Result<T, TextError> {
    text.parse().map_err(|_| TextError(name))
}

/// A name that people see: not empty, no control or direction-changing characters, at most 64 characters.
#[must_use]
pub fn is_displayable(name: &str) -> bool {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    !name.trim().is_empty()
        && name.trim() == name
        && name.chars().count() <= NAME_MAX_CHARS
        && !name.chars().any(hidden)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AccountId, MerchantId, OrderId, PaymentNumber};
    use crate::money::{Currency, Minor};
    use crate::record::PaymentKind;
    use proptest::prelude::*;

    fn text() -> PayText {
        PayText {
            audience: "http://localhost:8088".to_owned(),
            number: PaymentNumber::from_bytes([1; 16]),
            seq: 41,
            prev: Digest::from_bytes([2; 32]),
            kind: PaymentKind::Transfer,
            payer: AccountId::from_bytes([3; 10]),
            payee: AccountId::from_bytes([4; 10]),
            payee_name: PayeeName::Person(name_commitment(&[5; 32], "林*")),
            currency: Currency::CNY,
            amount: Minor::new(1_200).unwrap_or_default(),
            fee: Minor::ZERO,
            order: None,
            memo: None,
            expires: Millis::from_seconds(1_764_000_120),
        }
    }

    #[test]
    fn a_text_is_read_back_from_its_bytes() {
        let transfer = text();
        assert_eq!(PayText::parse(&transfer.to_bytes()), Ok(transfer.clone()));
        let pay = PayText {
            kind: PaymentKind::Pay,
            order: Some(Digest::from_bytes([6; 32])),
            payee_name: PayeeName::Merchant("山间茶铺".to_owned()),
            memo: Some(memo_commitment(&[7; 32], "谢谢")),
            ..transfer
        };
        assert_eq!(PayText::parse(&pay.to_bytes()), Ok(pay));
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let good = String::from_utf8(text().to_bytes()).unwrap_or_default();
        let bad = [
            good.replace("\"v\":1", "\"v\": 1"),
            good.replace("\"v\":1", "\"v\":2"),
            good.replace("\"v\":1,", ""),
            good.replace("\"v\":1,", "\"v\":1,\"v\":1,"),
            good.replace("\"memo\":\"\"", "\"memo\":\"\",\"x\":1"),
            good.replace("\"12.00\"", "\"12\""),
            good.replace("\"12.00\"", "12.00"),
            good.replace("\"12.00\"", "\"-12.00\""),
            good.replace("\"seq\":41", "\"seq\":41.0"),
            good.replace("\"seq\":41", "\"seq\":562949953421312"),
            good.replace("transfer", "gift"),
            good.replace("CNY", "cny"),
            good.replace("CNY", "\\u0043NY"),
            good.replace("\"memo\":\"\"", "\"order\":null,\"memo\":\"\""),
            format!("[{good}]"),
            format!("{good}\n"),
            good.replace("http://localhost", "http://local\\u0000host"),
        ];
        for text in bad {
            assert_ne!(text, good);
            let parsed = PayText::parse(text.as_bytes());
            assert!(parsed.is_err() || text.contains("u0000"), "{text}");
        }
    }

    #[test]
    fn an_order_whose_lines_do_not_sum_is_refused() {
        let mut order = OrderText {
            audience: "http://localhost:8088".to_owned(),
            id: OrderId::from_bytes([1; 10]),
            merchant: MerchantId::from_bytes([2; 6]),
            account: AccountId::from_bytes([3; 10]),
            name: "山间茶铺".to_owned(),
            currency: Currency::CNY,
            amount: Minor::new(1_200).unwrap_or_default(),
            items: vec![OrderItem {
                name: "龙井".to_owned(),
                quantity: 1,
                amount: Minor::new(1_200).unwrap_or_default(),
            }],
            expires: Millis::from_seconds(1_764_000_300),
            return_url: "http://localhost:8089/orders/x".to_owned(),
            verification_required: false,
        };
        assert_eq!(OrderText::parse(&order.to_bytes()), Ok(order.clone()));
        order.amount = Minor::new(1_300).unwrap_or_default();
        assert!(OrderText::parse(&order.to_bytes()).is_err());
        order.items.clear();
        order.amount = Minor::ZERO;
        assert!(OrderText::parse(&order.to_bytes()).is_err());
    }

    #[test]
    fn a_name_that_hides_its_direction_is_not_displayable() {
        assert!(is_displayable("山间茶铺"));
        for name in ["", " tea", "tea\u{202e}aet", "a\nb", "\u{200b}", &"茶".repeat(65)] {
            assert!(!is_displayable(name), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (PayText::parse(&bytes), CertificateText::parse(&bytes), SettingText::parse(&bytes), OrderText::parse(&bytes), StopText::parse(&bytes));
        }

        #[test]
        fn one_changed_byte_never_gives_the_same_text(at in 0_usize..300, byte in any::<u8>()) {
            let good = text();
            let mut bytes = good.to_bytes();
            if let Some(slot) = bytes.get_mut(at).filter(|slot| **slot != byte) {
                *slot = byte;
                prop_assert_ne!(PayText::parse(&bytes), Ok(good));
            }
        }
    }
}
