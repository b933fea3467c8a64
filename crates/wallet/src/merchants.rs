//! Merchants: registered by the operator, with a key for the API and a certificate that signs orders.

use crate::port::random;
use crate::{Wallet, WalletError};
use yinxin_core::text::{is_displayable, sha256};
use yinxin_core::{AccountId, Action, MerchantId, Millis, Thumbprint};
use yinxin_pki::{FileSigner, Issuance, Profile, Secret, Serial};
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
    /// Registers a merchant whose name the operator verified.
    pub async fn open_merchant(&self, name: &str) -> Result<MerchantCredentials, WalletError> {
        if !is_displayable(name) {
            return Err(WalletError::NameInvalid);
        }
        let entropy = self.inner.entropy.as_ref();
        let merchant = MerchantId::from_bytes(random(entropy));
        let account = AccountId::from_bytes(random(entropy));
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
        self.inner.store.desk.write(|desk| {
            desk.insert_merchant(&MerchantRow {
                merchant,
                account,
                name: name.to_owned(),
                verified_at: Some(now),
                api_key_hash: sha256(&[b"yx/api-key/v1\0", api_key.as_bytes()]),
                certificate: certificate.der().to_vec(),
                thumbprint: Thumbprint::from_bytes(certificate.thumbprint()),
                created_at: now,
            })
        })?;
        let action = Action::OpenMerchant { merchant, account };
        self.submit(&[b"open-merchant", merchant.as_bytes()], action, certificate.der().to_vec()).await?;
        Ok(MerchantCredentials {
            merchant,
            account,
            name: name.to_owned(),
            api_key: Secret::new(api_key.into_bytes()),
            signing_key: signer.to_pkcs8_pem().map_err(failed)?,
            certificate: certificate.der().to_vec(),
        })
    }
}
