//! What quotes and payments look like on the wire.

use crate::api::enrolments::SignedText;
use crate::api::orders::OrderItem;
use crate::api::payees::{Payee, PayeeKind};
use crate::api::wire::{
    AccountRef, Amount, Base64Url, Bytes32, CertificateRef, OrderRef, PaymentNumberText, Time,
};
use crate::problem::{Code, ProblemParams};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What a person asks to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum QuoteKind {
    /// Pay an order.
    Pay,
    /// Transfer to an account.
    Transfer,
}

/// Asks what a payment would need.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuoteRequest {
    /// The certificate that will sign.
    pub(crate) certificate: CertificateRef,
    /// Pay an order, or transfer.
    pub(crate) kind: QuoteKind,
    /// The payee's account; for a transfer.
    pub(crate) payee: Option<AccountRef>,
    /// The order; for a payment of an order.
    pub(crate) order: Option<OrderRef>,
    /// Minor units; for a transfer.
    #[schema(example = 1200, minimum = 1, maximum = 9_000_000_000_000_000_u64)]
    pub(crate) amount: Option<u64>,
}

/// How strongly a payment must be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum QuoteLevel {
    /// One tap.
    Tap,
    /// The person is verified for this payment.
    Verified,
}

/// What a payment would need: advice, the books decide when it is sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Quote {
    /// Issued at, Unix seconds: the `iat` of the signed text.
    pub(crate) iat: i64,
    /// Expires at, Unix seconds: the `exp` of the signed text.
    pub(crate) exp: i64,
    /// The sequence number to sign.
    pub(crate) seq: u64,
    /// SHA-256 of the certificate's last recorded signing input.
    pub(crate) prev: Bytes32,
    /// The fee.
    pub(crate) fee: Amount,
    /// How strongly it must be verified.
    pub(crate) level: QuoteLevel,
    /// Who gets the money.
    pub(crate) payee: Payee,
    /// The payer's account.
    pub(crate) account: AccountRef,
    /// What the payer has.
    pub(crate) balance: Amount,
    /// Why it would be refused now.
    pub(crate) refusal: Option<Code>,
    /// What belongs to the refusal.
    pub(crate) refusal_params: Option<ProblemParams>,
}

/// A text whose salted commitment stands in the signed text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Disclosure {
    /// 32 random bytes.
    pub(crate) salt: Bytes32,
    /// The text.
    #[schema(max_length = 256)]
    pub(crate) text: String,
}

/// The openings of the commitments in a signed text.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Disclosures {
    /// The payee's name as it was shown.
    pub(crate) payee_name: Option<Disclosure>,
    /// The memo.
    pub(crate) memo: Option<Disclosure>,
}

/// The person's verification of one signed text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Verification {
    /// A passkey's assertion over SHA-256 of the signing input, as WebAuthn's `get` answered it.
    Passkey {
        /// The credential's id.
        credential_id: Base64Url,
        /// Authenticator data.
        authenticator_data: Base64Url,
        /// Client data, the JSON as bytes.
        client_data_json: Base64Url,
        /// The signature, DER.
        signature: Base64Url,
    },
    /// The PIN was proved for this text before.
    Pin {},
}

/// A signed authorisation and what belongs to it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPayment {
    /// Signed text of type `yx-pay+jws`.
    pub(crate) authorisation: SignedText,
    /// The order as a compact JWS; ignored when the server knows it.
    #[schema(max_length = 16384)]
    #[expect(
        dead_code,
        reason = "orders of offline merchants come later; an order that the server knows is ignored"
    )]
    pub(crate) order: Option<String>,
    /// The openings of the commitments.
    pub(crate) disclosures: Option<Disclosures>,
    /// The person's verification of this text.
    pub(crate) verification: Option<Verification>,
}

/// What kind of payment it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentKind {
    /// Payment of an order.
    Pay,
    /// Transfer.
    Transfer,
    /// Money put in (demonstration).
    TopUp,
}

/// Seen from my account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Direction {
    /// I paid.
    Out,
    /// I was paid.
    In,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The money moved.
    Posted,
    /// The money is reserved.
    #[expect(dead_code, reason = "apps know the word before payments are held")]
    Held,
    /// Nothing moved; `code` says why.
    Refused,
}

/// The other side of a payment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Counterparty {
    /// The account; none for money put in.
    pub(crate) account: Option<AccountRef>,
    /// The display name.
    pub(crate) name: String,
    /// Person or merchant.
    pub(crate) kind: PayeeKind,
}

/// The order that a payment paid.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaidOrder {
    /// The order.
    pub(crate) id: OrderRef,
    /// Its items.
    pub(crate) items: Vec<OrderItem>,
}

/// How a payment was verified (rules § 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) enum Level {
    /// Certificate and the person's verification of this payment.
    A,
    /// Certificate alone.
    C,
    /// To a static code.
    D,
}

/// A payment as one of its two sides sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Payment {
    /// Its number; none for money put in.
    pub(crate) number: Option<PaymentNumberText>,
    /// What kind it was.
    pub(crate) kind: PaymentKind,
    /// Seen from my account.
    pub(crate) direction: Direction,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// Why it was refused.
    pub(crate) code: Option<Code>,
    /// The amount.
    pub(crate) amount: Amount,
    /// The fee.
    pub(crate) fee: Amount,
    /// The other side.
    pub(crate) counterparty: Counterparty,
    /// The memo.
    pub(crate) memo: Option<String>,
    /// The order that it paid.
    pub(crate) order: Option<PaidOrder>,
    /// My certificate that signed it.
    pub(crate) certificate: Option<CertificateRef>,
    /// The name of the device that signed it.
    pub(crate) device_name: Option<String>,
    /// How it was verified.
    pub(crate) level: Option<Level>,
    /// When it was recorded.
    pub(crate) at: Time,
    /// Its place in the journal.
    pub(crate) index: u64,
}

/// The record of a payment with its proof: final, and provable to a stranger.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Acceptance {
    /// The payment.
    pub(crate) payment: Payment,
    /// Its place in the journal.
    pub(crate) index: u64,
    /// The record's facts, as they were hashed.
    pub(crate) record: Base64Url,
    /// SHA-256 of salt ‖ evidence.
    pub(crate) evidence_digest: Bytes32,
    /// The opening r of the leaf.
    pub(crate) opening: Bytes32,
    /// The salt of the evidence's digest, until the evidence is erased.
    pub(crate) salt: Option<Bytes32>,
    /// The signed checkpoint, a signed note.
    pub(crate) checkpoint: String,
    /// The inclusion proof, from the leaf up.
    pub(crate) proof: Vec<Bytes32>,
    /// What the payer has after it.
    pub(crate) balance: Amount,
}

/// Closes a number that was never seen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VoidRequest {
    /// The certificate that signed, or would have signed, the number.
    pub(crate) certificate: CertificateRef,
}

/// A number is closed: no authorisation with it will be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VoidState {
    /// Closed.
    Voided,
}

/// The number is closed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Voided {
    /// Always `voided`.
    pub(crate) state: VoidState,
}

/// The number is closed, or it was recorded before.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum VoidAnswer {
    /// Closed.
    Voided(Voided),
    /// Recorded before.
    Recorded(Box<Acceptance>),
}

/// A page of payments.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PaymentQuery {
    /// The cursor of the page before.
    #[param(max_length = 32)]
    pub(crate) before: Option<String>,
    /// How many, 1 to 100; 20 when left out.
    #[param(minimum = 1, maximum = 100)]
    pub(crate) limit: Option<u32>,
}

/// A page of payments.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentList {
    /// Newest first, in and out, refused ones included.
    pub(crate) payments: Vec<Payment>,
    /// The cursor of the next page.
    pub(crate) next: Option<String>,
}
