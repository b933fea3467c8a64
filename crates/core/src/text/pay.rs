//! The payload of an authorisation.

use super::{SEQ_MAX, TextError, field, is_displayable, read, version, write};
use crate::id::{AccountId, Digest, PaymentNumber};
use crate::money::{Currency, Minor};
use crate::record::PaymentKind;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

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

/// Members whose one spelling has no escapes are read where they lie in the payload.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PayeeWire<'p> {
    id: &'p str,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name_commitment: Option<&'p str>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PayWire<'p> {
    v: u8,
    #[serde(borrow)]
    aud: Cow<'p, str>,
    transaction_id: &'p str,
    seq: u64,
    prev: &'p str,
    kind: &'p str,
    payer: &'p str,
    #[serde(borrow)]
    payee: PayeeWire<'p>,
    currency: &'p str,
    amount: &'p str,
    fee: &'p str,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order: Option<&'p str>,
    memo: &'p str,
    exp: i64,
}

impl PayText {
    /// Reads the payload of an authorisation.
    pub fn parse(payload: &[u8]) -> Result<Self, TextError> {
        let wire: PayWire<'_> = read(payload)?;
        version(wire.v)?;
        let kind = match wire.kind {
            "pay" => PaymentKind::Pay,
            "transfer" => PaymentKind::Transfer,
            _ => return Err(TextError("kind")),
        };
        let payee_name = match (wire.payee.name, wire.payee.name_commitment) {
            (Some(name), None) if is_displayable(&name) => PayeeName::Merchant(name),
            (None, Some(commitment)) => PayeeName::Person(field(commitment, "payee.name_commitment")?),
            _ => return Err(TextError("payee.name")),
        };
        let currency = field(wire.currency, "currency")?;
        let order = wire.order.map(|hash| field(hash, "order")).transpose()?;
        if order.is_some() != (kind == PaymentKind::Pay) || wire.seq > SEQ_MAX {
            return Err(TextError("order or seq"));
        }
        Ok(Self {
            audience: wire.aud.into_owned(),
            number: field(wire.transaction_id, "transaction_id")?,
            seq: wire.seq,
            prev: field(wire.prev, "prev")?,
            kind,
            payer: field(wire.payer, "payer")?,
            payee: field(wire.payee.id, "payee.id")?,
            payee_name,
            currency,
            amount: Minor::from_decimal(wire.amount, currency).map_err(|_| TextError("amount"))?,
            fee: Minor::from_decimal(wire.fee, currency).map_err(|_| TextError("fee"))?,
            order,
            memo: if wire.memo.is_empty() { None } else { Some(field(wire.memo, "memo")?) },
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
        let order = self.order.map(|hash| hash.to_string());
        let payee = self.payee.to_string();
        write(&PayWire {
            v: 1,
            aud: Cow::Borrowed(&self.audience),
            transaction_id: &self.number.to_string(),
            seq: self.seq,
            prev: &self.prev.to_string(),
            kind: match self.kind {
                PaymentKind::Pay => "pay",
                PaymentKind::Transfer => "transfer",
            },
            payer: &self.payer.to_string(),
            payee: PayeeWire { id: &payee, name, name_commitment: name_commitment.as_deref() },
            currency: self.currency.code(),
            amount: &self.amount.to_decimal(self.currency),
            fee: &self.fee.to_decimal(self.currency),
            order: order.as_deref(),
            memo: &self.memo.map(|hash| hash.to_string()).unwrap_or_default(),
            exp: self.expires.seconds(),
        })
    }
}
