//! Payees, quotes, payments, and orders as a payer sees them.

use super::{Api, parse};
use crate::answers::{Acceptance, Order, Payee, PaymentList, Quote, VoidAnswer};
use crate::error::ClientError;
use crate::http::Call;
use crate::requests::Ask;
use crate::sse::EventStream;
use reqwest::Method;
use serde_json::json;
use yinxin_core::{CertificateId, OrderId, PaymentNumber};

impl Api {
    /// `POST payees/find`: by phone, account number or account id.
    pub async fn find_payee(&self, query: &str) -> Result<Payee, ClientError> {
        self.post("/api/v1/payees/find", &json!({ "query": query })).await
    }

    /// `POST quotes`.
    pub async fn quote(&self, certificate: CertificateId, ask: Ask) -> Result<Quote, ClientError> {
        let certificate = certificate.to_string();
        let body = match ask {
            Ask::Order(order) => {
                json!({ "certificate": certificate, "kind": "pay", "order": order.to_string() })
            }
            Ask::Transfer { payee, amount } => json!({
                "certificate": certificate, "kind": "transfer", "payee": payee.to_string(), "amount": amount.get(),
            }),
        };
        self.post("/api/v1/quotes", &body).await
    }

    /// `POST payments` with a body of [`crate::signing::payment_body`], byte for byte. The payment's number is its
    /// Idempotency-Key, so that a repetition is known as one.
    pub async fn send_payment(&self, number: PaymentNumber, body: &str) -> Result<Acceptance, ClientError> {
        let key = number.to_string();
        let body = Some(body.as_bytes().to_vec());
        let call =
            Call { method: Method::POST, path: "/api/v1/payments", body, key: Some(&key), bearer: None };
        parse(&self.http.call(call).await?)
    }

    /// `GET payments/{number}`, or `None` while the server has not seen it.
    pub async fn payment(&self, number: PaymentNumber) -> Result<Option<Acceptance>, ClientError> {
        match self.get(&format!("/api/v1/payments/{number}")).await {
            Ok(acceptance) => Ok(Some(acceptance)),
            Err(error) if error.code() == Some("payment.unseen") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `POST payments/{number}/void`: closes a number, unless it was recorded.
    pub async fn void(
        &self,
        number: PaymentNumber,
        certificate: CertificateId,
    ) -> Result<VoidAnswer, ClientError> {
        let body = json!({ "certificate": certificate.to_string() });
        self.post(&format!("/api/v1/payments/{number}/void"), &body).await
    }

    /// `GET payments`: a page, newest first; `before` is the `next` of the page before.
    pub async fn payments(&self, before: Option<&str>, limit: u32) -> Result<PaymentList, ClientError> {
        let before = before.map(|cursor| format!("&before={cursor}")).unwrap_or_default();
        self.get(&format!("/api/v1/payments?limit={limit}{before}")).await
    }

    /// `GET orders/{id}`.
    pub async fn order(&self, id: OrderId) -> Result<Order, ClientError> {
        self.get(&format!("/api/v1/orders/{id}")).await
    }

    /// `GET orders/{id}/events`: events named `order` carry an [`crate::answers::OrderEvent`]; the present state comes
    /// first.
    pub async fn order_events(&self, id: OrderId) -> Result<EventStream, ClientError> {
        self.stream(&format!("/api/v1/orders/{id}/events")).await
    }
}
