//! Orders and merchants.

use super::{Amount, Bytes, as_text};
use serde::Deserialize;
use yinxin_core::{AccountId, Digest, MerchantId, OrderId};

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Waits to be paid.
    Open,
    /// Paid.
    Paid,
    /// Its time passed.
    Expired,
    /// The merchant took it back.
    Cancelled,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OrderItem {
    /// What.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// The line's sum.
    pub amount: Amount,
}

/// Who asks to be paid.
#[derive(Debug, Clone, Deserialize)]
pub struct OrderMerchant {
    /// The merchant.
    #[serde(deserialize_with = "as_text")]
    pub id: MerchantId,
    /// Its account.
    #[serde(deserialize_with = "as_text")]
    pub account: AccountId,
    /// Its registered name.
    pub name: String,
    /// Whether the operator checked it.
    pub verified: bool,
    /// Its certificate, DER.
    pub certificate: Bytes,
    /// The authority that issued it, DER.
    pub issuer: Bytes,
}

/// An order.
#[derive(Debug, Clone, Deserialize)]
pub struct Order {
    /// Its id.
    #[serde(deserialize_with = "as_text")]
    pub id: OrderId,
    /// Its state.
    pub state: OrderState,
    /// The merchant's signed text, compact.
    pub jws: String,
    /// SHA-256 of its signing input.
    #[serde(deserialize_with = "as_text")]
    pub hash: Digest,
    /// The merchant.
    pub merchant: OrderMerchant,
    /// What is asked.
    pub amount: Amount,
    /// What is bought.
    pub items: Vec<OrderItem>,
    /// When it stops being payable.
    pub expires_at: String,
    /// The content of its QR code.
    pub qr: String,
    /// The page that opens it in the app.
    pub app_link: String,
    /// Where the payer's browser goes afterwards.
    pub return_url: String,
    /// The hosted payment page; for the merchant only.
    #[serde(default)]
    pub checkout_url: Option<String>,
}

/// An order's state changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct OrderEvent {
    /// The state now.
    pub state: OrderState,
}

/// Something changed on my account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AccountEvent {
    /// The record that changed it.
    pub index: u64,
    /// `payment`, `certificate` or `balance`.
    pub what: String,
}

/// A merchant, as it sees itself.
#[derive(Debug, Clone, Deserialize)]
pub struct Merchant {
    /// The merchant.
    #[serde(deserialize_with = "as_text")]
    pub id: MerchantId,
    /// Its account.
    #[serde(deserialize_with = "as_text")]
    pub account: AccountId,
    /// Its registered name.
    pub name: String,
    /// Whether the operator checked it.
    pub verified: bool,
    /// What it holds.
    pub balance: Amount,
}
