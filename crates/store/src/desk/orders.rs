//! Orders: what merchants ask for, as they signed it. Whether one is paid, the journal says.

use super::fields::Fields;
use super::{DeskError, DeskRead, DeskWrite};
use crate::sql::params;
use yinxin_core::{Digest, MerchantId, Millis, Minor, OrderId};

const TABLE: &str = "orders";

/// One order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRow {
    /// The order.
    pub order: OrderId,
    /// Who asks.
    pub merchant: MerchantId,
    /// The compact JWS, exactly as the merchant signed it.
    pub jws: String,
    /// SHA-256 of its signing input.
    pub hash: Digest,
    /// What is asked, in the deployment's currency.
    pub amount: Minor,
    /// When it stops being payable.
    pub expires_at: Millis,
    /// Where the payer's browser goes afterwards.
    pub return_url: String,
    /// When the desk had it.
    pub created_at: Millis,
    /// When the merchant asked to withdraw it: an intention, the journal decides.
    pub cancelling_at: Option<Millis>,
    /// When the journal had withdrawn it.
    pub cancelled_at: Option<Millis>,
}

fn read(fields: &Fields<'_>) -> Result<OrderRow, DeskError> {
    let amount = Minor::new(fields.integer("amount_minor")?);
    Ok(OrderRow {
        order: fields.id("order")?,
        merchant: fields.id("merchant")?,
        jws: fields.text("jws")?,
        hash: fields.id("hash")?,
        amount: amount.ok_or_else(|| fields.corrupt("amount_minor", "an amount in range"))?,
        expires_at: fields.time("expires_at")?,
        return_url: fields.text("return_url")?,
        created_at: fields.time("created_at")?,
        cancelling_at: fields.maybe_time("cancelling_at")?,
        cancelled_at: fields.maybe_time("cancelled_at")?,
    })
}

impl DeskRead<'_> {
    /// The order with this id.
    pub fn order(&self, order: OrderId) -> Result<Option<OrderRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM orders WHERE \"order\" = ?1", params![order.as_bytes()], read)
    }

    /// The order whose signing input has this hash.
    pub fn order_by_hash(&self, hash: Digest) -> Result<Option<OrderRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM orders WHERE hash = ?1", params![hash.as_bytes()], read)
    }

    /// A merchant's orders, newest first.
    pub fn orders_of_merchant(&self, merchant: MerchantId, limit: u32) -> Result<Vec<OrderRow>, DeskError> {
        let sql = "SELECT * FROM orders WHERE merchant = ?1 ORDER BY created_at DESC, \"order\" LIMIT ?2";
        self.all(TABLE, sql, params![merchant.as_bytes(), limit], read)
    }

    /// Withdrawals that a crash may have left half done, oldest first.
    pub fn orders_cancelling(&self, limit: u32) -> Result<Vec<OrderRow>, DeskError> {
        let sql = "SELECT * FROM orders WHERE cancelling_at IS NOT NULL AND cancelled_at IS NULL
                   ORDER BY cancelling_at LIMIT ?1";
        self.all(TABLE, sql, params![limit], read)
    }
}

impl DeskWrite<'_> {
    /// Writes a new order down.
    ///
    /// # Errors
    /// [`DeskError::Taken`] names `orders.order` or `orders.hash`.
    pub fn insert_order(&self, order: &OrderRow) -> Result<(), DeskError> {
        self.execute(
            "INSERT INTO orders (\"order\", merchant, jws, hash, amount_minor, expires_at, return_url, created_at,
               cancelling_at, cancelled_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                order.order.as_bytes(),
                order.merchant.as_bytes(),
                order.jws,
                order.hash.as_bytes(),
                i64::try_from(order.amount.get()).unwrap_or(i64::MAX),
                order.expires_at.0,
                order.return_url,
                order.created_at.0,
                order.cancelling_at.map(|time| time.0),
                order.cancelled_at.map(|time| time.0),
            ],
        )?;
        Ok(())
    }

    /// Notes the merchant's intention to withdraw an order; the first time counts.
    pub fn intend_cancellation(&self, order: OrderId, at: Millis) -> Result<(), DeskError> {
        let sql = "UPDATE orders SET cancelling_at = ?2 WHERE \"order\" = ?1 AND cancelling_at IS NULL";
        self.execute(sql, params![order.as_bytes(), at.0])?;
        Ok(())
    }

    /// Notes that the journal withdrew the order; the first time counts.
    pub fn mark_order_cancelled(&self, order: OrderId, at: Millis) -> Result<(), DeskError> {
        let sql = "UPDATE orders SET cancelled_at = ?2 WHERE \"order\" = ?1 AND cancelled_at IS NULL";
        self.execute(sql, params![order.as_bytes(), at.0])?;
        Ok(())
    }

    /// Takes the intention back: the journal refused (it was paid first).
    pub fn drop_cancellation(&self, order: OrderId) -> Result<(), DeskError> {
        let sql = "UPDATE orders SET cancelling_at = NULL WHERE \"order\" = ?1 AND cancelled_at IS NULL";
        self.execute(sql, params![order.as_bytes()])?;
        Ok(())
    }
}
