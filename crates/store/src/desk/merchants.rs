//! Merchants: who may ask to be paid.

use super::fields::Fields;
use super::{DeskError, DeskRead, DeskWrite};
use crate::sql::params;
use yinxin_core::{AccountId, Digest, MerchantId, Millis, Thumbprint};

const TABLE: &str = "merchants";

/// One merchant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerchantRow {
    /// The merchant.
    pub merchant: MerchantId,
    /// Its account in the book.
    pub account: AccountId,
    /// Its registered name.
    pub name: String,
    /// When the operator verified it; `None` is shown as not verified.
    pub verified_at: Option<Millis>,
    /// SHA-256 of its API key.
    pub api_key_hash: Digest,
    /// The certificate that signs its orders, DER.
    pub certificate: Vec<u8>,
    /// SHA-256 of that.
    pub thumbprint: Thumbprint,
    /// When it was registered.
    pub created_at: Millis,
}

fn read(fields: &Fields<'_>) -> Result<MerchantRow, DeskError> {
    Ok(MerchantRow {
        merchant: fields.id("merchant")?,
        account: fields.id("account")?,
        name: fields.text("name")?,
        verified_at: fields.maybe_time("verified_at")?,
        api_key_hash: fields.id("api_key_hash")?,
        certificate: fields.bytes("certificate")?,
        thumbprint: fields.id("thumbprint")?,
        created_at: fields.time("created_at")?,
    })
}

impl DeskRead<'_> {
    /// The merchant with this id.
    pub fn merchant(&self, merchant: MerchantId) -> Result<Option<MerchantRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM merchants WHERE merchant = ?1", params![merchant.as_bytes()], read)
    }

    /// At most `limit` merchants.
    pub fn merchants(&self, limit: u32) -> Result<Vec<MerchantRow>, DeskError> {
        self.all(TABLE, "SELECT * FROM merchants ORDER BY merchant LIMIT ?1", params![limit], read)
    }

    /// The merchant whose account this is.
    pub fn merchant_by_account(&self, account: AccountId) -> Result<Option<MerchantRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM merchants WHERE account = ?1", params![account.as_bytes()], read)
    }

    /// The merchant whose API key has this hash.
    pub fn merchant_by_api_key(&self, api_key_hash: Digest) -> Result<Option<MerchantRow>, DeskError> {
        self.one(
            TABLE,
            "SELECT * FROM merchants WHERE api_key_hash = ?1",
            params![api_key_hash.as_bytes()],
            read,
        )
    }

    /// The merchant whose order certificate has this thumbprint.
    pub fn merchant_by_thumbprint(&self, thumbprint: Thumbprint) -> Result<Option<MerchantRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM merchants WHERE thumbprint = ?1", params![thumbprint.as_bytes()], read)
    }
}

impl DeskWrite<'_> {
    /// Writes a new merchant down.
    pub fn insert_merchant(&self, merchant: &MerchantRow) -> Result<(), DeskError> {
        self.execute(
            "INSERT INTO merchants (merchant, account, name, verified_at, api_key_hash, certificate, thumbprint,
               created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                merchant.merchant.as_bytes(),
                merchant.account.as_bytes(),
                merchant.name,
                merchant.verified_at.map(|time| time.0),
                merchant.api_key_hash.as_bytes(),
                merchant.certificate,
                merchant.thumbprint.as_bytes(),
                merchant.created_at.0,
            ],
        )?;
        Ok(())
    }
}
