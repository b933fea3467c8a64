//! What a demonstration begins with: a tea shop, and people to send money to. Nobody knows their passwords.

use crate::authority::write_private;
use crate::merchants::MerchantCredentials;
use crate::passwords::NOBODY;
use crate::people::AccountNumber;
use crate::port::random;
use crate::start::sync_folder;
use crate::{Wallet, WalletError};
use serde::{Deserialize, Serialize};
use yinxin_core::text::sha256;
use yinxin_core::{AccountId, Action, DeviceId, Millis, Minor, PersonId, Stamp};
use yinxin_pki::Secret;
use yinxin_store::desk::PersonRow;

/// People of the demonstration: phone number and name.
const PEOPLE: [(&str, &str); 4] = [
    ("+8613900000001", "林小满"),
    ("+8613900000002", "周舟"),
    ("+8613900000003", "Anna Smith"),
    ("+8613900000004", "陈一诺"),
];
/// The shop's registered name.
const SHOP: &str = "山间茶铺 Hillside Tea";
/// What each of them has, in whole units of the currency.
const GIFT: u64 = 300;
/// The shop's credentials in the data directory; a demonstration's only.
const SHOP_FILE: &str = "demo-shop.json";

/// The demonstration shop's credentials, as kept between starts.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShopFile {
    merchant: String,
    account: String,
    name: String,
    api_key: String,
    signing_key: String,
    certificate: String,
}

impl Wallet {
    /// Seeds a demonstration, once; answers the shop's credentials every time.
    pub async fn seed_demo(&self) -> Result<MerchantCredentials, WalletError> {
        if self.inner.settings.stamp != Stamp::Demo {
            return Err(WalletError::NotFound);
        }
        let path = self.inner.dir.keys().join(SHOP_FILE);
        let failed = |error: String| WalletError::Failed(format!("{SHOP_FILE}: {error}"));
        if let Ok(bytes) = std::fs::read(&path) {
            let shop = read_shop(&bytes).ok_or_else(|| failed("unreadable".to_owned()))?;
            self.open_merchant(&shop).await?;
            return Ok(shop);
        }
        for (phone, name) in PEOPLE {
            self.seed_person(phone, name).await?;
        }
        // Kept before the shop exists: a start that does not end is gone on with, with the same keys.
        let shop = self.prepare_merchant(SHOP)?;
        let kept =
            write_private(&path, &write_shop(&shop)).and_then(|()| sync_folder(&self.inner.dir.keys()));
        kept.map_err(|error| failed(error.to_string()))?;
        self.open_merchant(&shop).await?;
        Ok(shop)
    }

    async fn seed_person(&self, phone: &str, name: &str) -> Result<(), WalletError> {
        let entropy = self.inner.entropy.as_ref();
        let now = self.now();
        let row = PersonRow {
            person: PersonId::from_bytes(random(entropy)),
            account: AccountId::from_bytes(random(entropy)),
            account_number: AccountNumber::draw(entropy).to_string(),
            phone: phone.to_owned(),
            name: name.to_owned(),
            password: NOBODY.to_owned(),
            password_changed_at: now,
            registration: sha256(&[b"yx/seed/v1\0", phone.as_bytes()]),
            sitting_until: Millis(0),
            sitting_device: DeviceId::from_bytes(random(entropy)),
            created_at: now,
            opened_at: None,
        };
        let known = self.inner.store.desk.write(|desk| match desk.person_by_phone(phone)? {
            Some(known) => Ok(known),
            None => desk.insert_person(&row).map(|()| row.clone()),
        })?;
        self.ensure_opened(&known).await?;
        let unit = 10_u64.saturating_pow(self.inner.settings.currency.exponent());
        let action = Action::IssueMoney {
            account: known.account,
            amount: Minor::new(GIFT * unit).unwrap_or_default(),
        };
        self.submit(&[b"seed", known.person.as_bytes()], action, Vec::new()).await?;
        Ok(())
    }
}

fn text(secret: &Secret) -> String {
    String::from_utf8_lossy(secret.expose()).into_owned()
}

fn write_shop(shop: &MerchantCredentials) -> Vec<u8> {
    let file = ShopFile {
        merchant: shop.merchant.to_string(),
        account: shop.account.to_string(),
        name: shop.name.clone(),
        api_key: text(&shop.api_key),
        signing_key: text(&shop.signing_key),
        certificate: data_encoding::BASE64.encode(&shop.certificate),
    };
    serde_json::to_vec_pretty(&file).unwrap_or_default()
}

fn read_shop(bytes: &[u8]) -> Option<MerchantCredentials> {
    let file: ShopFile = serde_json::from_slice(bytes).ok()?;
    Some(MerchantCredentials {
        merchant: file.merchant.parse().ok()?,
        account: file.account.parse().ok()?,
        name: file.name,
        api_key: Secret::new(file.api_key.into_bytes()),
        signing_key: Secret::new(file.signing_key.into_bytes()),
        certificate: data_encoding::BASE64.decode(file.certificate.as_bytes()).ok()?,
    })
}
