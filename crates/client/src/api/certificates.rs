//! Enrolment and the management of certificates.

use super::{Api, Nothing};
use crate::answers::{Certificate, CertificateList, Challenge, Enrolment, Issued, Me, PinShare};
use crate::error::ClientError;
use crate::http::Call;
use crate::requests::{RevocationReason, Verification};
use crate::signing::SignedText;
use data_encoding::BASE64URL_NOPAD;
use reqwest::Method;
use serde_json::json;
use yinxin_core::{CertificateId, Digest, EnrolmentId};

impl Api {
    /// `POST enrolments`. Without a password only within the sitting of the registration.
    pub async fn begin_enrolment(&self, password: Option<&str>) -> Result<Enrolment, ClientError> {
        match password {
            Some(password) => self.post("/api/v1/enrolments", &json!({ "password": password })).await,
            None => self.post("/api/v1/enrolments", &Nothing {}).await,
        }
    }

    /// `GET enrolments/current`.
    pub async fn current_enrolment(&self) -> Result<Enrolment, ClientError> {
        self.get("/api/v1/enrolments/current").await
    }

    /// `POST enrolments/{id}/code`.
    pub async fn verify_enrolment_code(&self, id: EnrolmentId, code: &str) -> Result<Enrolment, ClientError> {
        self.post(&format!("/api/v1/enrolments/{id}/code"), &json!({ "code": code })).await
    }

    /// `POST enrolments/{id}/request` with PIN custody. The same request again gets the same certificate.
    pub async fn request_certificate(
        &self,
        id: EnrolmentId,
        csr: &[u8],
        device_name: &str,
        device_key: &[u8; 32],
        pin_mac: &[u8; 32],
    ) -> Result<Issued, ClientError> {
        let custody = json!({
            "kind": "pin",
            "device_key": BASE64URL_NOPAD.encode(device_key),
            "pin_mac": BASE64URL_NOPAD.encode(pin_mac),
        });
        let body =
            json!({ "csr": BASE64URL_NOPAD.encode(csr), "device_name": device_name, "custody": custody });
        self.post(&format!("/api/v1/enrolments/{id}/request"), &body).await
    }

    /// `POST certificates/{id}/renewals`. The password only after the validity has ended.
    pub async fn begin_renewal(
        &self,
        id: CertificateId,
        password: Option<&str>,
    ) -> Result<Enrolment, ClientError> {
        let path = format!("/api/v1/certificates/{id}/renewals");
        match password {
            Some(password) => self.post(&path, &json!({ "password": password })).await,
            None => self.post(&path, &Nothing {}).await,
        }
    }

    /// `POST enrolments/{id}/request` of a renewal, with the old key's consent.
    pub async fn request_successor(
        &self,
        id: EnrolmentId,
        csr: &[u8],
        consent: &SignedText,
    ) -> Result<Issued, ClientError> {
        let custody = json!({ "kind": "kept", "consent": consent });
        let body = json!({ "csr": BASE64URL_NOPAD.encode(csr), "device_name": "-", "custody": custody });
        self.post(&format!("/api/v1/enrolments/{id}/request"), &body).await
    }

    /// `POST enrolments/{id}/activation` with a signed `yx-cert+jws`.
    pub async fn activate(&self, id: EnrolmentId, text: &SignedText) -> Result<Certificate, ClientError> {
        self.post(&format!("/api/v1/enrolments/{id}/activation"), &json!({ "jws": text })).await
    }

    /// `GET certificates`.
    pub async fn certificates(&self) -> Result<CertificateList, ClientError> {
        self.get("/api/v1/certificates").await
    }

    /// `GET certificates/{id}`.
    pub async fn certificate(&self, id: CertificateId) -> Result<Certificate, ClientError> {
        self.get(&format!("/api/v1/certificates/{id}")).await
    }

    /// `GET certificates/{id}/file?format=cer`: the DER.
    pub async fn certificate_file(&self, id: CertificateId) -> Result<Vec<u8>, ClientError> {
        let path = format!("/api/v1/certificates/{id}/file?format=cer");
        self.http.call(Call { method: Method::GET, path: &path, body: None, key: None, bearer: None }).await
    }

    /// `PATCH certificates/{id}`.
    pub async fn rename_certificate(
        &self,
        id: CertificateId,
        device_name: &str,
    ) -> Result<Certificate, ClientError> {
        let path = format!("/api/v1/certificates/{id}");
        self.change(Method::PATCH, &path, &json!({ "device_name": device_name })).await
    }

    /// `POST certificates/{id}/suspension`.
    pub async fn suspend(&self, id: CertificateId) -> Result<Certificate, ClientError> {
        self.post(&format!("/api/v1/certificates/{id}/suspension"), &Nothing {}).await
    }

    /// `POST certificates/{id}/resumption-codes`.
    pub async fn resumption_code(&self, id: CertificateId, password: &str) -> Result<Challenge, ClientError> {
        self.post(&format!("/api/v1/certificates/{id}/resumption-codes"), &json!({ "password": password }))
            .await
    }

    /// `POST certificates/{id}/resumption` with a signed `yx-cert+jws`.
    pub async fn resume(
        &self,
        id: CertificateId,
        code: &str,
        text: &SignedText,
        verification: &Verification,
    ) -> Result<Certificate, ClientError> {
        let body = json!({ "code": code, "jws": text, "verification": verification });
        self.post(&format!("/api/v1/certificates/{id}/resumption"), &body).await
    }

    /// `POST certificates/{id}/revocation`.
    pub async fn revoke(
        &self,
        id: CertificateId,
        password: &str,
        reason: RevocationReason,
    ) -> Result<Certificate, ClientError> {
        let body = json!({ "password": password, "reason": reason });
        self.post(&format!("/api/v1/certificates/{id}/revocation"), &body).await
    }

    /// `POST certificates/{id}/pin-proofs`; with `text`, also verifies the person for that signing input's hash.
    pub async fn prove_pin(
        &self,
        id: CertificateId,
        device_key: &[u8; 32],
        pin_mac: &[u8; 32],
        text: Option<Digest>,
    ) -> Result<PinShare, ClientError> {
        let mut body = json!({
            "device_key": BASE64URL_NOPAD.encode(device_key),
            "pin_mac": BASE64URL_NOPAD.encode(pin_mac),
        });
        if let Some(text) = text {
            body["text_hash"] = json!(text.to_string());
        }
        self.post(&format!("/api/v1/certificates/{id}/pin-proofs"), &body).await
    }

    /// `POST settings/tap-challenges`.
    pub async fn tap_challenge(&self, id: CertificateId) -> Result<Challenge, ClientError> {
        self.post("/api/v1/settings/tap-challenges", &json!({ "certificate": id.to_string() })).await
    }

    /// `PUT settings/tap` with a signed `yx-set+jws`; switching on needs a verification.
    pub async fn set_tap(
        &self,
        text: &SignedText,
        verification: Option<&Verification>,
    ) -> Result<Me, ClientError> {
        let mut body = json!({ "jws": text });
        if let Some(verification) = verification {
            body["verification"] = json!(verification);
        }
        self.change(Method::PUT, "/api/v1/settings/tap", &body).await
    }
}
