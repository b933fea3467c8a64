//! How a device keeps its key, as it says so and as it is checked.

use crate::certificates::SignedText;
use crate::pins::{device_key_hash, pin_mac_hash};
use crate::port::random;
use crate::{Wallet, WalletError};
use yinxin_pki::webauthn::{Registration, verify_registration};
use yinxin_store::desk::{Custody, EnrolmentRow};
use zeroize::Zeroizing;

/// How a device keeps its key, with what the server needs to verify the person later.
pub enum CustodyOffer {
    /// Sealed by a passkey with the PRF extension, as WebAuthn's `create` answered.
    Passkey {
        /// The credential's id.
        credential_id: Vec<u8>,
        /// Its public key, `SubjectPublicKeyInfo`.
        public_key: Vec<u8>,
        /// Authenticator data.
        authenticator_data: Vec<u8>,
        /// Client data, the JSON as bytes.
        client_data_json: Vec<u8>,
        /// Whether the authenticator has the PRF extension; without it nothing is sealed.
        prf: bool,
    },
    /// Sealed with a PIN and the server's share.
    Pin {
        /// What proves the device.
        device_key: Zeroizing<[u8; 32]>,
        /// HMAC of the PIN under the device's secret.
        pin_mac: Zeroizing<[u8; 32]>,
    },
    /// A renewal: sealed as the old key is. Nothing is asked of the person, so nothing new can verify them.
    Kept {
        /// `yx-cert+jws`, purpose `renew`, signed by the old key.
        consent: SignedText,
    },
}

impl Wallet {
    pub(super) fn check_custody(
        &self,
        row: &EnrolmentRow,
        offer: &CustodyOffer,
    ) -> Result<Custody, WalletError> {
        match offer {
            CustodyOffer::Passkey {
                credential_id,
                public_key,
                authenticator_data,
                client_data_json,
                prf,
            } => {
                let registration = Registration {
                    client_data_json,
                    authenticator_data,
                    credential_id,
                    spki: public_key,
                    challenge: &row.webauthn,
                    origin: &self.inner.settings.origin,
                    rp_id: &self.inner.settings.host,
                };
                let key = verify_registration(&registration).map_err(|error| {
                    tracing::debug!(%error, "a passkey was refused");
                    WalletError::RequestInvalid
                })?;
                if !prf {
                    return Err(WalletError::RequestInvalid);
                }
                let (credential, key) = (credential_id.clone(), key.spki_der().to_vec());
                Ok(Custody::Passkey { credential, key, signature_count: 0 })
            }
            CustodyOffer::Pin { device_key, pin_mac } => Ok(Custody::Pin {
                device_key: device_key_hash(device_key),
                pin_mac: pin_mac_hash(pin_mac),
                share: random(self.inner.entropy.as_ref()),
            }),
            CustodyOffer::Kept { .. } => Err(WalletError::RequestInvalid),
        }
    }
}
