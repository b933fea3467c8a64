//! Becoming a person, signing in, and what only a demonstration has.

use super::{Api, parse};
use crate::answers::{CodeSent, DemoState, Me, ShopOrder, SmsTray};
use crate::error::ClientError;
use crate::http::Call;
use crate::person::Registration;
use crate::requests::DeviceKind;
use crate::sse::EventStream;
use reqwest::Method;
use serde_json::json;
use yinxin_core::Minor;

impl Api {
    /// `POST sms-codes`: a code for registering `phone`.
    pub async fn send_code(&self, phone: &str) -> Result<CodeSent, ClientError> {
        self.post("/api/v1/sms-codes", &json!({ "phone": phone, "purpose": "register" })).await
    }

    /// `POST people`: registers and signs in.
    pub async fn register(&self, person: &Registration<'_>) -> Result<Me, ClientError> {
        self.post("/api/v1/people", person).await
    }

    /// `POST sessions`. A device that the server does not know gets `verify.code_required` first.
    pub async fn log_in(
        &self,
        login: &str,
        password: &str,
        code: Option<&str>,
        device_kind: DeviceKind,
    ) -> Result<Me, ClientError> {
        let mut body = json!({ "login": login, "password": password, "device_kind": device_kind });
        if let Some(code) = code {
            body["code"] = json!(code);
        }
        self.post("/api/v1/sessions", &body).await
    }

    /// `DELETE sessions/current`.
    pub async fn log_out(&self) -> Result<(), ClientError> {
        let key = super::fresh_key()?;
        let path = "/api/v1/sessions/current";
        self.http
            .call(Call { method: Method::DELETE, path, body: None, key: Some(&key), bearer: None })
            .await?;
        self.http.end_session();
        Ok(())
    }

    /// `GET me`.
    pub async fn me(&self) -> Result<Me, ClientError> {
        self.get("/api/v1/me").await
    }

    /// `GET events`: what changes on my account; events named `changed` carry an [`crate::answers::AccountEvent`].
    pub async fn events(&self) -> Result<EventStream, ClientError> {
        self.stream("/api/v1/events").await
    }

    /// `POST demo/top-ups`.
    pub async fn top_up(&self, amount: Minor) -> Result<Me, ClientError> {
        self.post("/api/v1/demo/top-ups", &json!({ "amount": amount.get() })).await
    }

    /// `GET demo/sms`.
    pub async fn demo_sms(&self) -> Result<SmsTray, ClientError> {
        self.get("/api/v1/demo/sms").await
    }

    /// `GET demo/state`.
    pub async fn demo_state(&self) -> Result<DemoState, ClientError> {
        self.get("/api/v1/demo/state").await
    }

    /// Buys one `ware` at the demonstration's shop: `POST <shop_url>/orders`.
    pub async fn shop(&self, shop_url: &str, ware: &str) -> Result<ShopOrder, ClientError> {
        let url = format!("{}/orders", shop_url.trim_end_matches('/'));
        let body = super::to_json(&json!({ "ware": ware }))?;
        parse(&self.http.post_elsewhere(&url, body).await?)
    }
}
