//! Quotes, payments and their records.

use super::{Amount, Bytes, OrderItem, as_optional_text, as_text, as_texts};
use serde::Deserialize;
use yinxin_core::{AccountId, CertificateId, Digest, OrderId, PaymentNumber};

/// Person, merchant, or the operator itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayeeKind {
    /// A person.
    Person,
    /// A merchant.
    Merchant,
    /// The operator.
    Operator,
}

/// Who can be paid.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Payee {
    /// The account.
    #[serde(deserialize_with = "as_text")]
    pub account: AccountId,
    /// Person or merchant.
    pub kind: PayeeKind,
    /// The name as it is shown and signed.
    pub display_name: String,
    /// How far the name is known to be right.
    pub name_state: String,
    /// Whether the operator checked it.
    pub verified: bool,
}

/// How strongly a payment must be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuoteLevel {
    /// One tap.
    Tap,
    /// The person is verified for it.
    Verified,
}

/// What a payment would need.
#[derive(Debug, Clone, Deserialize)]
pub struct Quote {
    /// `iat` of the signed text, Unix seconds.
    pub iat: i64,
    /// `exp` of the signed text, Unix seconds.
    pub exp: i64,
    /// `seq` of the signed text.
    pub seq: u64,
    /// `prev` of the signed text.
    #[serde(deserialize_with = "as_text")]
    pub prev: Digest,
    /// The fee.
    pub fee: Amount,
    /// How strongly it must be verified.
    pub level: QuoteLevel,
    /// Who is paid.
    pub payee: Payee,
    /// The payer's account.
    #[serde(deserialize_with = "as_text")]
    pub account: AccountId,
    /// What it holds.
    pub balance: Amount,
    /// Why it would be refused now.
    pub refusal: Option<String>,
}

/// What became of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Money moved.
    Posted,
    /// It waits.
    Held,
    /// Nothing moved.
    Refused,
}

/// Who is on the other side of a payment.
#[derive(Debug, Clone, Deserialize)]
pub struct Counterparty {
    /// The account.
    #[serde(default, deserialize_with = "as_optional_text")]
    pub account: Option<AccountId>,
    /// The name.
    pub name: String,
    /// What it is.
    pub kind: PayeeKind,
}

/// The order that was paid.
#[derive(Debug, Clone, Deserialize)]
pub struct PaidOrder {
    /// Its id.
    #[serde(deserialize_with = "as_text")]
    pub id: OrderId,
    /// What was bought.
    pub items: Vec<OrderItem>,
}

/// A payment as its payer or payee sees it.
#[derive(Debug, Clone, Deserialize)]
pub struct Payment {
    /// Its number.
    #[serde(deserialize_with = "as_text")]
    pub number: PaymentNumber,
    /// `pay`, `transfer` or `top_up`.
    pub kind: String,
    /// `out` or `in`.
    pub direction: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it was refused.
    pub code: Option<String>,
    /// What the payee receives.
    pub amount: Amount,
    /// What the payer pays on top.
    pub fee: Amount,
    /// The other side.
    pub counterparty: Counterparty,
    /// The memo.
    pub memo: Option<String>,
    /// The order.
    pub order: Option<PaidOrder>,
    /// The certificate that signed.
    #[serde(default, deserialize_with = "as_optional_text")]
    pub certificate: Option<CertificateId>,
    /// What the person calls that device.
    pub device_name: Option<String>,
    /// `A` or `C`.
    pub level: Option<String>,
    /// Record time.
    pub at: String,
    /// The record's index.
    pub index: u64,
}

/// A page of payments.
#[derive(Debug, Clone, Deserialize)]
pub struct PaymentList {
    /// Newest first.
    pub payments: Vec<Payment>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// The record of a payment with everything that proves it.
#[derive(Debug, Clone, Deserialize)]
pub struct Acceptance {
    /// The payment in plain words.
    pub payment: Payment,
    /// The record's index.
    pub index: u64,
    /// The record's facts, binary.
    pub record: Bytes,
    /// H(salt ‖ evidence).
    #[serde(deserialize_with = "as_text")]
    pub evidence_digest: Digest,
    /// The leaf's opening.
    #[serde(deserialize_with = "as_text")]
    pub opening: Digest,
    /// The signed tree head that covers the record.
    pub checkpoint: String,
    /// The inclusion proof.
    #[serde(deserialize_with = "as_texts")]
    pub proof: Vec<Digest>,
    /// The balance after the record.
    pub balance: Amount,
}

/// What closing a number came to.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum VoidAnswer {
    /// It was recorded before.
    Recorded(Box<Acceptance>),
    /// Closed: it will never be recorded.
    Voided {
        /// Always `voided`.
        state: VoidState,
    },
}

/// The word for a closed number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoidState {
    /// Closed.
    Voided,
}
