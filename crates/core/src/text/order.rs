//! The payload of a merchant's order.

use super::{TextError, field, is_displayable, read, version, write};
use crate::id::{AccountId, MerchantId, OrderId};
use crate::money::{Currency, Minor};
use crate::time::Millis;
use serde::{Deserialize, Serialize};

const ITEMS_MAX: usize = 50;
const URL_MAX_BYTES: usize = 512;

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
