//! Signed texts: the JSON payloads that people and merchants sign (`docs/reference/formats.md`).
//!
//! Parsing is strict: members in the written order, none missing, none unknown, no white space, no second spelling. A text
//! that would not be written again byte for byte is refused. Signatures are verified elsewhere, over the received bytes.

use crate::id::{AccountId, CertificateId, Digest, MerchantId, OrderId, PaymentNumber};
use crate::money::{Currency, Minor};
use crate::record::PaymentKind;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// `typ` of an authorisation.
pub const TYP_PAY: &str = "yx-pay+jws";
/// `typ` of a consent about a certificate.
pub const TYP_CERTIFICATE: &str = "yx-cert+jws";
/// `typ` of a change of settings.
pub const TYP_SETTING: &str = "yx-set+jws";
/// `typ` of a merchant's order.
pub const TYP_ORDER: &str = "yx-order+jws";

/// The longest time between `iat` and `exp` of an authorisation.
pub const AUTHORISATION_MAX_MS: i64 = 300 * Millis::SECOND;
/// The longest that an order may be payable.
pub const ORDER_MAX_MS: i64 = 15 * Millis::MINUTE;
/// The largest sequence number: below 2^53, exact in every JSON reader.
pub const SEQ_MAX: u64 = 1 << 48;

const NAME_MAX_CHARS: usize = 64;
const ITEMS_MAX: usize = 50;
const URL_MAX_BYTES: usize = 512;

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

/// Who is paid, as signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayeeName {
    /// A merchant's registered name, in clear.
    Merchant(String),
    /// A person's name, as a salted commitment.
    Person(Digest),
}

/// The payload of an authorisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayText {
    /// The deployment's origin.
    pub audience: String,
    /// The authorisation's number.
    pub number: PaymentNumber,
    /// Its place in the certificate's chain.
    pub seq: u64,
    /// Hash of the signing input before it.
    pub prev: Digest,
    /// What is asked.
    pub kind: PaymentKind,
    /// Account that pays.
    pub payer: AccountId,
    /// Account that is paid.
    pub payee: AccountId,
    /// And its name.
    pub payee_name: PayeeName,
    /// Currency of both amounts.
    pub currency: Currency,
    /// What the payee receives.
    pub amount: Minor,
    /// What the payer pays on top.
    pub fee: Minor,
    /// Hash of the merchant's signed order; there exactly when `kind` is `pay`.
    pub order: Option<Digest>,
    /// Commitment to the memo, where there is one.
    pub memo: Option<Digest>,
    /// The last moment at which it may be posted.
    pub expires: Millis,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PayeeWire {
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name_commitment: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PayWire {
    v: u8,
    aud: String,
    transaction_id: String,
    seq: u64,
    prev: String,
    kind: String,
    payer: String,
    payee: PayeeWire,
    currency: String,
    amount: String,
    fee: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order: Option<String>,
    memo: String,
    exp: i64,
}

/// Reads one wire struct and insists that it is written back as exactly the same bytes.
fn read<T: for<'de> Deserialize<'de> + Serialize>(payload: &[u8]) -> Result<T, TextError> {
    if payload.first() != Some(&b'{') {
        return Err(TextError("not an object"));
    }
    let wire: T = serde_json::from_slice(payload).map_err(|_| TextError("members"))?;
    if write(&wire) == payload { Ok(wire) } else { Err(TextError("order or spelling of members")) }
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

impl PayText {
    /// Reads the payload of an authorisation.
    pub fn parse(payload: &[u8]) -> Result<Self, TextError> {
        let wire: PayWire = read(payload)?;
        version(wire.v)?;
        let kind = match wire.kind.as_str() {
            "pay" => PaymentKind::Pay,
            "transfer" => PaymentKind::Transfer,
            _ => return Err(TextError("kind")),
        };
        let payee_name = match (wire.payee.name, wire.payee.name_commitment) {
            (Some(name), None) if is_displayable(&name) => PayeeName::Merchant(name),
            (None, Some(commitment)) => PayeeName::Person(field(&commitment, "payee.name_commitment")?),
            _ => return Err(TextError("payee.name")),
        };
        let currency = field(&wire.currency, "currency")?;
        let order = wire.order.as_deref().map(|hash| field(hash, "order")).transpose()?;
        if order.is_some() != (kind == PaymentKind::Pay) || wire.seq > SEQ_MAX {
            return Err(TextError("order or seq"));
        }
        Ok(Self {
            audience: wire.aud,
            number: field(&wire.transaction_id, "transaction_id")?,
            seq: wire.seq,
            prev: field(&wire.prev, "prev")?,
            kind,
            payer: field(&wire.payer, "payer")?,
            payee: field(&wire.payee.id, "payee.id")?,
            payee_name,
            currency,
            amount: Minor::from_decimal(&wire.amount, currency).map_err(|_| TextError("amount"))?,
            fee: Minor::from_decimal(&wire.fee, currency).map_err(|_| TextError("fee"))?,
            order,
            memo: if wire.memo.is_empty() { None } else { Some(field(&wire.memo, "memo")?) },
            expires: Millis::from_seconds(wire.exp),
        })
    }

    /// Writes the payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (name, name_commitment) = match &self.payee_name {
            PayeeName::Merchant(name) => (Some(name.clone()), None),
            PayeeName::Person(commitment) => (None, Some(commitment.to_string())),
        };
        write(&PayWire {
            v: 1,
            aud: self.audience.clone(),
            transaction_id: self.number.to_string(),
            seq: self.seq,
            prev: self.prev.to_string(),
            kind: match self.kind {
                PaymentKind::Pay => "pay".to_owned(),
                PaymentKind::Transfer => "transfer".to_owned(),
            },
            payer: self.payer.to_string(),
            payee: PayeeWire { id: self.payee.to_string(), name, name_commitment },
            currency: self.currency.to_string(),
            amount: self.amount.to_decimal(self.currency),
            fee: self.fee.to_decimal(self.currency),
            order: self.order.map(|hash| hash.to_string()),
            memo: self.memo.map(|hash| hash.to_string()).unwrap_or_default(),
            exp: self.expires.seconds(),
        })
    }
}

/// What a certificate's key consents to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificatePurpose {
    /// The test challenge after the download; with the person's choice about one-tap payments.
    Activate {
        /// Switch one-tap payments on.
        tap: bool,
    },
    /// The end of a suspension.
    Resume,
}

/// The payload of a `yx-cert+jws`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateText {
    /// The deployment's origin.
    pub audience: String,
    /// What for.
    pub purpose: CertificatePurpose,
    /// Which certificate.
    pub certificate: CertificateId,
    /// The server's challenge.
    pub challenge: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificateWire {
    v: u8,
    aud: String,
    purpose: String,
    certificate: String,
    challenge: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tap: Option<bool>,
}

impl CertificateText {
    /// Reads the payload of a `yx-cert+jws`.
    pub fn parse(payload: &[u8]) -> Result<Self, TextError> {
        let wire: CertificateWire = read(payload)?;
        version(wire.v)?;
        let purpose = match (wire.purpose.as_str(), wire.tap) {
            ("activate", Some(tap)) => CertificatePurpose::Activate { tap },
            ("resume", None) => CertificatePurpose::Resume,
            _ => return Err(TextError("purpose")),
        };
        Ok(Self {
            audience: wire.aud,
            purpose,
            certificate: field(&wire.certificate, "certificate")?,
            challenge: field(&wire.challenge, "challenge")?,
        })
    }

    /// Writes the payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (purpose, tap) = match self.purpose {
            CertificatePurpose::Activate { tap } => ("activate", Some(tap)),
            CertificatePurpose::Resume => ("resume", None),
        };
        write(&CertificateWire {
            v: 1,
            aud: self.audience.clone(),
            purpose: purpose.to_owned(),
            certificate: self.certificate.to_string(),
            challenge: self.challenge.to_string(),
            tap,
        })
    }
}

/// The payload of a `yx-set+jws`: payment by one tap, on or off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingText {
    /// The deployment's origin.
    pub audience: String,
    /// One-tap payments on or off.
    pub tap: bool,
    /// Which certificate signs.
    pub certificate: CertificateId,
    /// The server's challenge.
    pub challenge: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingWire {
    v: u8,
    aud: String,
    setting: String,
    value: bool,
    certificate: String,
    challenge: String,
}

impl SettingText {
    /// Reads the payload of a `yx-set+jws`.
    pub fn parse(payload: &[u8]) -> Result<Self, TextError> {
        let wire: SettingWire = read(payload)?;
        version(wire.v)?;
        if wire.setting != "tap" {
            return Err(TextError("setting"));
        }
        Ok(Self {
            audience: wire.aud,
            tap: wire.value,
            certificate: field(&wire.certificate, "certificate")?,
            challenge: field(&wire.challenge, "challenge")?,
        })
    }

    /// Writes the payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write(&SettingWire {
            v: 1,
            aud: self.audience.clone(),
            setting: "tap".to_owned(),
            value: self.tap,
            certificate: self.certificate.to_string(),
            challenge: self.challenge.to_string(),
        })
    }
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderItem {
    /// What.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// The line's sum.
    pub amount: Minor,
}

/// The payload of a merchant's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderText {
    /// The deployment's origin.
    pub audience: String,
    /// The order.
    pub id: OrderId,
    /// The merchant.
    pub merchant: MerchantId,
    /// The merchant's account.
    pub account: AccountId,
    /// The merchant's registered name.
    pub name: String,
    /// Currency of every amount.
    pub currency: Currency,
    /// The sum of the lines.
    pub amount: Minor,
    /// What is bought; at least one line.
    pub items: Vec<OrderItem>,
    /// When it stops being payable.
    pub expires: Millis,
    /// Where the payer's browser goes afterwards.
    pub return_url: String,
    /// Whether the merchant asks for user verification.
    pub verification_required: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MerchantWire {
    id: String,
    account: String,
    name: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemWire {
    name: String,
    quantity: u32,
    amount: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderWire {
    v: u8,
    aud: String,
    id: String,
    merchant: MerchantWire,
    currency: String,
    amount: String,
    items: Vec<ItemWire>,
    exp: i64,
    #[serde(rename = "return")]
    return_url: String,
    level: String,
}

impl OrderText {
    /// Reads the payload of an order; the lines must sum to the amount.
    pub fn parse(payload: &[u8]) -> Result<Self, TextError> {
        let wire: OrderWire = read(payload)?;
        version(wire.v)?;
        let currency = field(&wire.currency, "currency")?;
        let amount = Minor::from_decimal(&wire.amount, currency).map_err(|_| TextError("amount"))?;
        let items = order_items(wire.items, currency)?;
        let sum = items.iter().try_fold(Minor::ZERO, |sum, item| sum.plus(item.amount));
        if sum != Some(amount) || amount == Minor::ZERO {
            return Err(TextError("items do not sum to the amount"));
        }
        let web = wire.return_url.starts_with("https://") || wire.return_url.starts_with("http://localhost:");
        if !web || wire.return_url.len() > URL_MAX_BYTES || !is_displayable(&wire.merchant.name) {
            return Err(TextError("return or merchant.name"));
        }
        Ok(Self {
            audience: wire.aud,
            id: field(&wire.id, "id")?,
            merchant: field(&wire.merchant.id, "merchant.id")?,
            account: field(&wire.merchant.account, "merchant.account")?,
            name: wire.merchant.name,
            currency,
            amount,
            items,
            expires: Millis::from_seconds(wire.exp),
            return_url: wire.return_url,
            verification_required: match wire.level.as_str() {
                "any" => false,
                "verified" => true,
                _ => return Err(TextError("level")),
            },
        })
    }

    /// Writes the payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write(&OrderWire {
            v: 1,
            aud: self.audience.clone(),
            id: self.id.to_string(),
            merchant: MerchantWire {
                id: self.merchant.to_string(),
                account: self.account.to_string(),
                name: self.name.clone(),
            },
            currency: self.currency.to_string(),
            amount: self.amount.to_decimal(self.currency),
            items: self
                .items
                .iter()
                .map(|item| ItemWire {
                    name: item.name.clone(),
                    quantity: item.quantity,
                    amount: item.amount.to_decimal(self.currency),
                })
                .collect(),
            exp: self.expires.seconds(),
            return_url: self.return_url.clone(),
            level: if self.verification_required { "verified" } else { "any" }.to_owned(),
        })
    }
}

fn order_items(wire: Vec<ItemWire>, currency: Currency) -> Result<Vec<OrderItem>, TextError> {
    if wire.is_empty() || wire.len() > ITEMS_MAX {
        return Err(TextError("items"));
    }
    wire.into_iter()
        .map(|item| {
            let amount =
                Minor::from_decimal(&item.amount, currency).map_err(|_| TextError("items.amount"))?;
            if item.quantity == 0 || !is_displayable(&item.name) {
                return Err(TextError("items"));
            }
            Ok(OrderItem { name: item.name, quantity: item.quantity, amount })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
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
            let _ = (PayText::parse(&bytes), CertificateText::parse(&bytes), SettingText::parse(&bytes), OrderText::parse(&bytes));
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
