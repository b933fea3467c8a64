//! The shop signs its orders by itself, as any merchant with a JOSE library would.

use anyhow::Context as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use data_encoding::BASE64URL_NOPAD;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use yinxin_core::text::{OrderText, TYP_ORDER, sha256};

/// Signs orders with the merchant's key.
pub(super) struct OrderSigner {
    key: EcdsaKeyPair,
    thumbprint: String,
    random: SystemRandom,
}

impl OrderSigner {
    /// The key as PKCS#8 PEM, and its certificate as DER.
    pub(super) fn new(key_pem: &[u8], certificate: &[u8]) -> anyhow::Result<Self> {
        let key = PrivatePkcs8KeyDer::from_pem_slice(key_pem).context("the shop's signing key")?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.secret_pkcs8_der());
        Ok(Self {
            key: key.ok().context("the shop's signing key is not for P-256")?,
            thumbprint: sha256(&[certificate]).to_string(),
            random: SystemRandom::new(),
        })
    }

    /// The order as a compact JWS.
    pub(super) fn sign(&self, text: &OrderText, iat_s: i64) -> anyhow::Result<String> {
        let header = format!(
            r#"{{"alg":"ES256","typ":"{TYP_ORDER}","iat":{iat_s},"x5t#S256":"{}"}}"#,
            self.thumbprint
        );
        let header = BASE64URL_NOPAD.encode(header.as_bytes());
        let input = format!("{header}.{}", BASE64URL_NOPAD.encode(&text.to_bytes()));
        let signature = self.key.sign(&self.random, input.as_bytes());
        let signature = signature.ok().context("the order was not signed")?;
        Ok(format!("{input}.{}", BASE64URL_NOPAD.encode(signature.as_ref())))
    }
}
