//! User verification of one text, as the server checks it. What a client says about it is never believed.

use crate::{Wallet, WalletError};
use yinxin_core::command::{Method, Verification};
use yinxin_core::{CertificateId, Digest};
use yinxin_pki::PublicKey;
use yinxin_pki::webauthn::{Assertion, verify_assertion};
use yinxin_store::desk::{Custody, VerificationMethod};

/// What a device sends to show that its person was verified for one text.
#[derive(Debug, Clone)]
pub enum VerificationProof {
    /// A WebAuthn assertion whose challenge is the text's hash.
    Passkey {
        /// The credential's id.
        credential_id: Vec<u8>,
        /// Authenticator data, as received.
        authenticator_data: Vec<u8>,
        /// Client data JSON, as received.
        client_data_json: Vec<u8>,
        /// The signature, DER.
        signature: Vec<u8>,
    },
    /// The PIN was proved for this text before.
    Pin,
}

impl Wallet {
    /// Checks that the holder of `certificate` was verified for the text whose signing input hashes to `text_hash`.
    pub(crate) fn verify_text(
        &self,
        certificate: CertificateId,
        text_hash: Digest,
        proof: &VerificationProof,
    ) -> Result<Verification, WalletError> {
        // Record time: what the book compares it with.
        let now = self.inner.writer.now(self.now()).at;
        match proof {
            VerificationProof::Pin => {
                let row = self.inner.store.desk.read(|desk| desk.verification(certificate, text_hash))?;
                let row = row
                    .filter(|row| row.method == VerificationMethod::Pin)
                    .ok_or(WalletError::VerificationInvalid)?;
                Ok(Verification { method: Method::Pin, at: row.verified_at })
            }
            VerificationProof::Passkey { credential_id, authenticator_data, client_data_json, signature } => {
                let custody = self.custody_of(certificate)?;
                let Some(Custody::Passkey { credential, key, signature_count }) = custody else {
                    return Err(WalletError::VerificationInvalid);
                };
                let key = PublicKey::from_spki_der(&key).map_err(|_| WalletError::VerificationInvalid)?;
                let assertion = Assertion {
                    client_data_json,
                    authenticator_data,
                    signature,
                    challenge: text_hash.as_bytes(),
                    origin: &self.inner.settings.origin,
                    rp_id: &self.inner.settings.host,
                    key: &key,
                };
                if credential != *credential_id {
                    return Err(WalletError::VerificationInvalid);
                }
                let count = verify_assertion(&assertion).map_err(|_| WalletError::VerificationInvalid)?;
                self.raise_count(certificate, signature_count, count)?;
                Ok(Verification { method: Method::Passkey, at: now })
            }
        }
    }

    /// A counter that falls is a copied passkey (WebAuthn § 6.1.1); authenticators without one say 0.
    fn raise_count(&self, certificate: CertificateId, seen: u32, count: u32) -> Result<(), WalletError> {
        if count == 0 && seen == 0 {
            return Ok(());
        }
        if count < seen {
            return Err(WalletError::VerificationInvalid);
        }
        Ok(self.inner.store.desk.write(|desk| desk.raise_signature_count(certificate, count))?)
    }
}
