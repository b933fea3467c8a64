//! Openings of the salted commitments inside signed texts. Erasing one leaves the proof and takes the name.

use super::fields::Fields;
use super::{DeskError, DeskRead, DeskWrite};
use crate::sql::params;
use yinxin_core::PaymentNumber;

const TABLE: &str = "disclosures";

/// What a commitment was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// 32 random bytes.
    pub salt: [u8; 32],
    /// The text.
    pub text: String,
}

/// The openings of one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisclosureRow {
    /// The payment.
    pub payment: PaymentNumber,
    /// A person's name as payee.
    pub payee_name: Option<Opening>,
    /// The memo.
    pub memo: Option<Opening>,
}

fn opening(
    fields: &Fields<'_>,
    salt: &'static str,
    text: &'static str,
) -> Result<Option<Opening>, DeskError> {
    match (fields.maybe_id(salt)?, fields.maybe_text(text)?) {
        (Some(salt), Some(text)) => Ok(Some(Opening { salt, text })),
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => Err(fields.corrupt(salt, "both salt and text, or neither")),
    }
}

fn read(fields: &Fields<'_>) -> Result<DisclosureRow, DeskError> {
    Ok(DisclosureRow {
        payment: fields.id("payment")?,
        payee_name: opening(fields, "payee_name_salt", "payee_name")?,
        memo: opening(fields, "memo_salt", "memo")?,
    })
}

impl DeskRead<'_> {
    /// The openings of this payment.
    pub fn disclosure(&self, payment: PaymentNumber) -> Result<Option<DisclosureRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM disclosures WHERE payment = ?1", params![payment.as_bytes()], read)
    }
}

impl DeskWrite<'_> {
    /// Keeps the openings of a payment; the first ones stay.
    pub fn insert_disclosure(&self, disclosure: &DisclosureRow) -> Result<(), DeskError> {
        let (name, memo) = (disclosure.payee_name.as_ref(), disclosure.memo.as_ref());
        self.execute(
            "INSERT INTO disclosures (payment, payee_name_salt, payee_name, memo_salt, memo)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (payment) DO NOTHING",
            params![
                disclosure.payment.as_bytes(),
                name.map(|opening| opening.salt),
                name.map(|opening| &opening.text),
                memo.map(|opening| opening.salt),
                memo.map(|opening| &opening.text),
            ],
        )?;
        Ok(())
    }

    /// Erases the openings of a payment.
    pub fn delete_disclosure(&self, payment: PaymentNumber) -> Result<(), DeskError> {
        self.execute("DELETE FROM disclosures WHERE payment = ?1", params![payment.as_bytes()])?;
        Ok(())
    }
}
