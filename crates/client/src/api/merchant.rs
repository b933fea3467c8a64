//! The merchant's side of the API, with its key.

use super::{Api, Nothing, fresh_key, parse, to_json};
use crate::answers::{Merchant, Order};
use crate::error::ClientError;
use crate::http::Call;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use yinxin_core::OrderId;
use zeroize::Zeroizing;

/// The API with a merchant's key. What it reads is not checked: [`crate::MerchantApi`] signs and checks.
pub struct MerchantAccess {
    api: Api,
    key: Zeroizing<String>,
}

impl MerchantAccess {
    /// Uses `key` as the bearer of every request.
    #[must_use]
    pub fn new(api: Api, key: String) -> Self {
        Self { api, key: Zeroizing::new(key) }
    }

    /// What needs no key: the deployment, an order, its events.
    #[must_use]
    pub fn public(&self) -> &Api {
        &self.api
    }

    /// `GET merchant`.
    pub async fn me(&self) -> Result<Merchant, ClientError> {
        self.call(Method::GET, "/api/v1/merchant", None::<&Nothing>, None).await
    }

    /// `POST orders` with a compact `yx-order+jws`; the order's id is its Idempotency-Key.
    pub async fn create_order(&self, id: OrderId, jws: &str) -> Result<Order, ClientError> {
        self.call(Method::POST, "/api/v1/orders", Some(&json!({ "jws": jws })), Some(id.to_string())).await
    }

    /// `POST orders/{id}/cancellation`.
    pub async fn cancel_order(&self, id: OrderId) -> Result<Order, ClientError> {
        let path = format!("/api/v1/orders/{id}/cancellation");
        self.call(Method::POST, &path, Some(&Nothing {}), Some(fresh_key()?)).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        key: Option<String>,
    ) -> Result<T, ClientError> {
        let body = body.map(to_json).transpose()?;
        let call = Call { method, path, body, key: key.as_deref(), bearer: Some(&self.key) };
        parse(&self.api.http.call(call).await?)
    }
}
