//! Merchants: registered by the operator, with a key for the API and a certificate that signs orders.

use crate::port::random;
use crate::{Wallet, WalletError};
use yinxin_core::text::{is_displayable, sha256};
use yinxin_core::{AccountId, Action, MerchantId, Millis, Thumbprint};
use yinxin_pki::{Certificate, FileSigner, Issuance, Profile, Secret, Serial};
use yinxin_store::desk::MerchantRow;

/// Validity of a merchant's certificate.
const VALIDITY_MS: i64 = 365 * Millis::DAY;
/// A certificate begins a little before it is made: clocks differ.
const BACKDATE_MS: i64 = 5 * Millis::MINUTE;

/// What a merchant receives once.
pub struct MerchantCredentials {
    /// The merchant.
    pub merchant: MerchantId,
    /// Its account.
    pub account: AccountId,
    /// Its registered name.
    pub name: String,
    /// Bearer key of the merchant API; only its hash is kept.
    pub api_key: Secret,
    /// Private key that signs orders, PKCS#8 PEM; kept nowhere.
    pub signing_key: Secret,
    /// The certificate of that key, DER.
    pub certificate: Vec<u8>,
}

fn failed(error: yinxin_pki::Error) -> WalletError {
    WalletError::Failed(error.to_string())
}

impl Wallet {
    /// Makes what a new merchant of this name will have; nothing is written. Whoever asked keeps it durably, then opens it.
    pub fn prepare_merchant(&self, name: &str) -> Result<MerchantCredentials, WalletError> {
        if !is_displayable(name) {
            return Err(WalletError::NameInvalid);
        }
        let entropy = self.inner.entropy.as_ref();
        let merchant = MerchantId::from_bytes(random(entropy));
        let signer = FileSigner::generate(&random(entropy)).map_err(failed)?;
        let key = signer.public_key().map_err(failed)?;
        let now = self.now();
        let issuer = self.inner.authority.merchant();
        let prepared = issuer
            .prepare(&Issuance {
                profile: Profile::Merchant { name },
                serial: Serial::from_random(random(entropy)),
                subject_id: &merchant.to_string(),
                key: &key,
                not_before_ms: now.plus(-BACKDATE_MS).0,
                not_after_ms: now.plus(VALIDITY_MS).0,
            })
            .map_err(failed)?;
        let certificate = issuer.sign(prepared).map_err(failed)?;
        let api_key = format!("sk_{}", data_encoding::BASE64URL_NOPAD.encode(&random::<32>(entropy)));
        Ok(MerchantCredentials {
            merchant,
            account: AccountId::from_bytes(random(entropy)),
            name: name.to_owned(),
            api_key: Secret::new(api_key.into_bytes()),
            signing_key: signer.to_pkcs8_pem().map_err(failed)?,
            certificate: certificate.der().to_vec(),
        })
    }

    /// Registers a merchant whose name the operator verified: the record, then the row on the desk with which it exists.
    /// The same credentials again, after a crash anywhere, find the same merchant and go on from there.
    pub async fn open_merchant(&self, credentials: &MerchantCredentials) -> Result<(), WalletError> {
        let MerchantCredentials { merchant, account, name, api_key, certificate, .. } = credentials;
        let desk = &self.inner.store.desk;
        if desk.read(|desk| desk.merchant(*merchant))?.is_some() {
            return Ok(());
        }
        let parsed = Certificate::parse(certificate).map_err(failed)?;
        // The command's id is forgotten after a day, the account never is.
        if self.inner.writer.book(|book| book.account(account).is_none()) {
            let action = Action::OpenMerchant { merchant: *merchant, account: *account };
            self.submit(&[b"open-merchant", merchant.as_bytes()], action, certificate.clone()).await?;
        }
        let now = self.now();
        let row = MerchantRow {
            merchant: *merchant,
            account: *account,
            name: name.clone(),
            verified_at: Some(now),
            api_key_hash: sha256(&[b"yx/api-key/v1\0", api_key.expose()]),
            certificate: certificate.clone(),
            thumbprint: Thumbprint::from_bytes(parsed.thumbprint()),
            created_at: now,
        };
        desk.write(|desk| match desk.merchant(*merchant)? {
            Some(_) => Ok(()),
            None => desk.insert_merchant(&row),
        })?;
        Ok(())
    }
}
