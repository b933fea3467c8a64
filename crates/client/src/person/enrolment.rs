//! From the password to an active certificate, and its later life.

use super::Person;
use crate::answers::{Certificate, CertificateList, Enrolment, Issued, Me};
use crate::device_key::{DeviceKey, Holding};
use crate::error::ClientError;
use crate::pin::Pin;
use crate::requests::{RevocationReason, Verification};
use yinxin_core::EnrolmentId;

/// A successor that is issued and not active yet.
pub struct Renewing {
    /// The renewal.
    pub enrolment: EnrolmentId,
    /// The new key, with its certificate.
    pub key: DeviceKey,
    /// What was issued.
    pub issued: Issued,
}

impl Person {
    /// Begins an enrolment, or finds the one under way. The password is needed outside the registration's sitting; a code
    /// is then sent and goes to [`crate::Api::verify_enrolment_code`].
    pub async fn begin_enrolment(&self, password: Option<&str>) -> Result<Enrolment, ClientError> {
        self.api.begin_enrolment(password).await
    }

    /// Requests the certificate for `key` and checks what is issued: this key, this account, a chain to its root.
    ///
    /// Save `key` before: the same key again gets the same certificate, so that a lost answer costs nothing.
    pub async fn enrol(
        &mut self,
        enrolment: EnrolmentId,
        mut key: DeviceKey,
        device_name: &str,
        pin: &Pin,
    ) -> Result<Issued, ClientError> {
        let account = self.api.me().await?.account.to_string();
        let (csr, proof, mac) = (key.request()?, key.device_proof()?, key.pin_mac(pin));
        let issued = self.api.request_certificate(enrolment, &csr, device_name, &proof, &mac).await?;
        let [leaf, issuer, root] = issued.chain.as_slice() else {
            return Err(ClientError::Answer("certificate chain"));
        };
        let holding = Holding {
            id: issued.certificate.id,
            chain: [leaf.0.clone(), issuer.0.clone(), root.0.clone()],
            origin: self.deployment.origin.clone(),
            log_key: self.log.key().to_string(),
        };
        key.hold(holding, &account, (self.clocks.now)())?;
        self.key = Some(key);
        Ok(issued)
    }

    /// Asks for the successor of this device's certificate: `next` is a key made by [`DeviceKey::successor`], and this
    /// device's key signs for it. Save what comes back before [`Person::finish_renewal`]: from then on only `next` pays.
    ///
    /// # Errors
    /// `Refused` while a payment is outstanding: the old key's chain must end with an outcome that is known.
    pub async fn request_renewal(
        &self,
        renewal: &Enrolment,
        mut next: DeviceKey,
    ) -> Result<Renewing, ClientError> {
        if self.outbox.outstanding().is_some() {
            return Err(ClientError::Refused("a renewal while a payment is outstanding"));
        }
        let old = self.held_key()?;
        let held = old.held()?;
        let account = held.account()?;
        let challenge = *renewal.passkey.challenge.as_bytes();
        let csr = next.request()?;
        let consent = old.sign_renewal(&csr, challenge, (self.clocks.now)())?;
        let issued = self.api.request_successor(renewal.id, &csr, &consent).await?;
        let [leaf, issuer, root] = issued.chain.as_slice() else {
            return Err(ClientError::Answer("certificate chain"));
        };
        if root.0 != held.chain[2] {
            return Err(ClientError::Refused("a renewal under another root"));
        }
        let holding = Holding {
            id: issued.certificate.id,
            chain: [leaf.0.clone(), issuer.0.clone(), root.0.clone()],
            origin: held.origin.clone(),
            log_key: self.log.key().to_string(),
        };
        next.hold(holding, &account, (self.clocks.now)())?;
        Ok(Renewing { enrolment: renewal.id, key: next, issued })
    }

    /// Signs the test challenge with the new key: from then on it pays, and the old certificate has ended.
    pub async fn finish_renewal(&mut self, renewing: Renewing) -> Result<Certificate, ClientError> {
        let Renewing { enrolment, key, issued } = renewing;
        let text = key.sign_activation(*issued.challenge.as_bytes(), false, (self.clocks.now)())?;
        let active = self.api.activate(enrolment, &text).await?;
        self.key = Some(key);
        // The new key has a chain of its own, and its head is asked for.
        self.outbox.settle(None)?;
        Ok(active)
    }

    /// Proves that this device holds the key; the certificate can pay afterwards. `tap`: small payments by one tap.
    pub async fn activate(
        &self,
        enrolment: EnrolmentId,
        issued: &Issued,
        tap: bool,
    ) -> Result<Certificate, ClientError> {
        let text =
            self.held_key()?.sign_activation(*issued.challenge.as_bytes(), tap, (self.clocks.now)())?;
        self.api.activate(enrolment, &text).await
    }

    /// My certificates, on every device.
    pub async fn certificates(&self) -> Result<CertificateList, ClientError> {
        self.api.certificates().await
    }

    /// Puts this device's certificate on hold.
    pub async fn suspend(&self) -> Result<Certificate, ClientError> {
        self.api.suspend(self.held_key()?.held()?.id).await
    }

    /// Resumes this device's certificate: password, the code sent for it, a signature and the PIN. `ask_code` is called
    /// once the code was sent.
    pub async fn resume(
        &self,
        password: &str,
        pin: &Pin,
        ask_code: impl AsyncFnOnce() -> Result<String, ClientError>,
    ) -> Result<Certificate, ClientError> {
        let key = self.held_key()?;
        let id = key.held()?.id;
        let sent = self.api.resumption_code(id, password).await?;
        let code = ask_code().await?;
        let text = key.sign_resumption(*sent.challenge.as_bytes(), (self.clocks.now)())?;
        let verification = key.verify(&self.api, pin, &text).await?;
        self.api.resume(id, &code, &text, &verification).await
    }

    /// Ends this device's certificate for good.
    pub async fn revoke(&self, password: &str, reason: RevocationReason) -> Result<Certificate, ClientError> {
        self.api.revoke(self.held_key()?.held()?.id, password, reason).await
    }

    /// Switches payment by one tap; on needs the PIN.
    pub async fn set_tap(&self, on: bool, pin: Option<&Pin>) -> Result<Me, ClientError> {
        let key = self.held_key()?;
        let challenge = self.api.tap_challenge(key.held()?.id).await?.challenge;
        let text = key.sign_tap(*challenge.as_bytes(), on, (self.clocks.now)())?;
        let verification: Option<Verification> = match pin {
            Some(pin) => Some(key.verify(&self.api, pin, &text).await?),
            None if on => return Err(ClientError::PinNeeded),
            None => None,
        };
        self.api.set_tap(&text, verification.as_ref()).await
    }
}
