//! The key of this device, in memory.

use crate::chance;
use crate::error::ClientError;
use crate::pin::{Pin, device_proof};
use crate::requests::Verification;
use crate::signing::{self, SignedText};
use yinxin_core::text::{
    CertificatePurpose, CertificateText, PayText, Setting, SettingText, TYP_CERTIFICATE, TYP_SETTING,
};
use yinxin_core::{CertificateId, Millis};
use yinxin_pki::{
    Certificate, CertificationRequest, FileSigner, PublicKey, Purpose, Secret, Signer, verify_chain,
};
use zeroize::Zeroizing;

/// A P-256 key with what the device keeps beside it: the PIN's device secret, and the certificate once there is one.
///
/// No `Debug`: it is a secret. [`DeviceKey::save`] and [`DeviceKey::open`] keep it in an encrypted file.
pub struct DeviceKey {
    pub(crate) signer: FileSigner,
    pub(crate) device_secret: Zeroizing<[u8; 32]>,
    pub(crate) holding: Option<Holding>,
}

/// A certificate on this device, and the deployment that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The certificate's id.
    pub id: CertificateId,
    /// Leaf, issuer, root; DER.
    pub chain: [Vec<u8>; 3],
    /// The deployment's origin: the audience of everything signed with this key.
    pub origin: String,
    /// The verifier key of the deployment's log, pinned when the certificate was issued.
    pub log_key: String,
}

impl Holding {
    /// SHA-256 of the leaf: what every signed text carries.
    #[must_use]
    pub fn thumbprint(&self) -> [u8; 32] {
        yinxin_pki::symmetric::sha256(&self.chain[0])
    }

    /// The root that was pinned.
    pub fn root(&self) -> Result<Certificate, ClientError> {
        Ok(Certificate::parse(&self.chain[2])?)
    }

    /// The account that the certificate names, `acc_…`.
    pub fn account(&self) -> Result<String, ClientError> {
        Certificate::parse(&self.chain[0])?
            .subject_id()
            .ok_or(ClientError::Refused("a certificate without an account"))
    }
}

impl DeviceKey {
    /// A new key with a new device secret.
    pub fn generate() -> Result<Self, ClientError> {
        let seed = Zeroizing::new(chance::bytes::<32>()?);
        let device_secret = Zeroizing::new(chance::bytes::<32>()?);
        Ok(Self { signer: FileSigner::generate(&seed)?, device_secret, holding: None })
    }

    /// The key that belongs to these bytes, for people made in bulk; a device of its own draws its bytes.
    pub fn derived(seed: &[u8; 32]) -> Result<Self, ClientError> {
        let device_secret = Zeroizing::new(yinxin_pki::symmetric::sha256(seed));
        Ok(Self { signer: FileSigner::generate(seed)?, device_secret, holding: None })
    }

    /// The key that takes this one's place on the device: a new key, under the same device secret and so the same PIN.
    pub fn successor(&self) -> Result<Self, ClientError> {
        let seed = Zeroizing::new(chance::bytes::<32>()?);
        let device_secret = self.device_secret.clone();
        Ok(Self { signer: FileSigner::generate(&seed)?, device_secret, holding: None })
    }

    pub(crate) fn from_parts(
        pkcs8: &Secret,
        device_secret: Zeroizing<[u8; 32]>,
        holding: Option<Holding>,
    ) -> Result<Self, ClientError> {
        Ok(Self { signer: FileSigner::from_pkcs8_der(pkcs8.expose())?, device_secret, holding })
    }

    /// The public key, DER `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        self.signer.spki()
    }

    /// The signer, for whoever signs other texts than this module does.
    #[must_use]
    pub fn signer(&self) -> &dyn Signer {
        &self.signer
    }

    /// The certificate on this device.
    #[must_use]
    pub fn holding(&self) -> Option<&Holding> {
        self.holding.as_ref()
    }

    /// A PKCS#10 request for this key, DER.
    pub fn request(&self) -> Result<Vec<u8>, ClientError> {
        Ok(CertificationRequest::create(&self.signer)?)
    }

    /// What proves this device to the server.
    pub fn device_proof(&self) -> Result<[u8; 32], ClientError> {
        Ok(device_proof(&self.device_secret)?)
    }

    /// What the server compares for a PIN.
    #[must_use]
    pub fn pin_mac(&self, pin: &Pin) -> [u8; 32] {
        pin.mac(&self.device_secret)
    }

    /// Takes in the certificate that was issued for this key.
    ///
    /// # Errors
    /// Refuses a certificate for another key or account, or one that does not lead to its root as a payment certificate.
    pub fn hold(&mut self, holding: Holding, account: &str, now: Millis) -> Result<(), ClientError> {
        let [leaf, issuer, root] = &holding.chain;
        let (leaf, issuer, root) =
            (Certificate::parse(leaf)?, Certificate::parse(issuer)?, Certificate::parse(root)?);
        if *leaf.public_key() != PublicKey::from_spki_der(self.signer.spki())? {
            return Err(ClientError::Refused("a certificate for another key"));
        }
        if leaf.subject_id().as_deref() != Some(account) {
            return Err(ClientError::Refused("a certificate for another account"));
        }
        verify_chain(&leaf, &[issuer], &root, now.0, Purpose::Payment)
            .map_err(|_| ClientError::Refused("a certificate that does not lead to its root"))?;
        self.holding = Some(holding);
        Ok(())
    }

    /// Signs the activation of the certificate, with the person's choice about one-tap payments.
    pub fn sign_activation(
        &self,
        challenge: [u8; 32],
        tap: bool,
        iat: Millis,
    ) -> Result<SignedText, ClientError> {
        self.sign_consent(CertificatePurpose::Activate { tap }, challenge, iat)
    }

    /// Signs the end of a suspension.
    pub fn sign_resumption(&self, challenge: [u8; 32], iat: Millis) -> Result<SignedText, ClientError> {
        self.sign_consent(CertificatePurpose::Resume, challenge, iat)
    }

    /// Signs that this key wants the key of `csr` (PKCS#10, DER: exactly what is sent) in its place.
    pub fn sign_renewal(
        &self,
        csr: &[u8],
        challenge: [u8; 32],
        iat: Millis,
    ) -> Result<SignedText, ClientError> {
        let request = yinxin_core::text::sha256(&[csr]);
        self.sign_consent(CertificatePurpose::Renew { request }, challenge, iat)
    }

    /// Signs the switch of one-tap payments.
    pub fn sign_tap(&self, challenge: [u8; 32], tap: bool, iat: Millis) -> Result<SignedText, ClientError> {
        let held = self.held()?;
        let challenge = challenge_of(challenge);
        let (audience, setting) = (held.origin.clone(), Setting::Tap);
        let text = SettingText { audience, setting, value: tap, certificate: held.id, challenge };
        self.sign_text(TYP_SETTING, iat, &text.to_bytes())
    }

    /// Signs an authorisation. The caller keeps it in an [`crate::OutBox`] before it is sent.
    pub fn sign_payment(&self, text: &PayText, iat_s: i64) -> Result<SignedText, ClientError> {
        let held = self.held()?;
        Ok(signing::sign_authorisation(&self.signer, &held.thumbprint(), iat_s, text)?)
    }

    pub(crate) fn held(&self) -> Result<&Holding, ClientError> {
        self.holding.as_ref().ok_or(ClientError::NoCertificate)
    }

    fn sign_consent(
        &self,
        purpose: CertificatePurpose,
        challenge: [u8; 32],
        iat: Millis,
    ) -> Result<SignedText, ClientError> {
        let held = self.held()?;
        let challenge = challenge_of(challenge);
        let text =
            CertificateText { audience: held.origin.clone(), purpose, certificate: held.id, challenge };
        self.sign_text(TYP_CERTIFICATE, iat, &text.to_bytes())
    }

    fn sign_text(&self, typ: &str, iat: Millis, payload: &[u8]) -> Result<SignedText, ClientError> {
        let header = signing::header(typ, iat.seconds(), &self.held()?.thumbprint());
        Ok(signing::sign(&self.signer, &header, payload)?)
    }

    /// Proves the PIN for `text` to the server; what then travels beside the text.
    pub(crate) async fn verify(
        &self,
        api: &crate::Api,
        pin: &Pin,
        text: &SignedText,
    ) -> Result<Verification, ClientError> {
        let id = self.held()?.id;
        api.prove_pin(id, &self.device_proof()?, &self.pin_mac(pin), Some(text.hash())).await?;
        Ok(Verification::Pin)
    }
}

fn challenge_of(bytes: [u8; 32]) -> yinxin_core::Digest {
    yinxin_core::Digest::from_bytes(bytes)
}
