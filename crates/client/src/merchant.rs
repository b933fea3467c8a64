//! A merchant's side: signed orders, and waiting until they are paid.

use crate::answers::{Merchant, Order, OrderEvent, OrderState};
use crate::api::{Api, MerchantAccess};
use crate::chance;
use crate::clock::Clocks;
use crate::error::ClientError;
use crate::signing::{self, SignedText};
use crate::sse::EventStream;
use yinxin_core::text::{OrderItem, OrderText, TYP_ORDER};
use yinxin_core::{Currency, Minor, OrderId};
use yinxin_pki::{Certificate, PublicKey, Signer};

/// What a merchant wants to be paid for.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// The lines; they sum to the amount.
    pub items: Vec<OrderItem>,
    /// Where the payer's browser goes afterwards.
    pub return_url: String,
    /// How long it is payable; the server takes at most 15 minutes.
    pub valid_s: i64,
    /// Whether the payer must verify, whatever the amount.
    pub verification_required: bool,
}

/// A merchant with its API key, order-signing key and certificate.
pub struct MerchantApi {
    access: MerchantAccess,
    signer: Box<dyn Signer>,
    thumbprint: [u8; 32],
    merchant: Merchant,
    origin: String,
    currency: Currency,
    clocks: Clocks,
}

impl MerchantApi {
    /// Asks the deployment who this merchant is, and checks that key and certificate are this merchant's.
    pub async fn arrive(
        api: Api,
        api_key: String,
        signer: Box<dyn Signer>,
        certificate: &Certificate,
        clocks: Clocks,
    ) -> Result<Self, ClientError> {
        let deployment = api.deployment().await?;
        let access = MerchantAccess::new(api, api_key);
        let merchant = access.me().await?;
        if *certificate.public_key() != PublicKey::from_spki_der(signer.spki())? {
            return Err(ClientError::Refused("a certificate for another key"));
        }
        if certificate.subject_id() != Some(merchant.id.to_string()) {
            return Err(ClientError::Refused("a certificate of another merchant"));
        }
        let currency = deployment.currency.code.parse().map_err(|_| ClientError::Answer("currency"))?;
        let thumbprint = certificate.thumbprint();
        Ok(Self { access, signer, thumbprint, merchant, origin: deployment.origin, currency, clocks })
    }

    /// The merchant.
    #[must_use]
    pub fn merchant(&self) -> &Merchant {
        &self.merchant
    }

    /// Signs and registers an order under a fresh id.
    pub async fn create_order(&self, order: &NewOrder) -> Result<Order, ClientError> {
        let id = OrderId::from_bytes(chance::bytes()?);
        let text = self.order_text(id, order)?;
        let signed = self.sign(&text)?;
        let view = self.access.create_order(id, &signed.to_compact()).await?;
        if view.id == id && view.hash == signed.hash() {
            Ok(view)
        } else {
            Err(ClientError::Refused("another order than the one that was signed"))
        }
    }

    /// The text of an order, for callers that keep it before they send it.
    pub fn order_text(&self, id: OrderId, order: &NewOrder) -> Result<OrderText, ClientError> {
        let sum = order.items.iter().try_fold(Minor::ZERO, |sum, item| sum.plus(item.amount));
        Ok(OrderText {
            audience: self.origin.clone(),
            id,
            merchant: self.merchant.id,
            account: self.merchant.account,
            name: self.merchant.name.clone(),
            currency: self.currency,
            amount: sum.ok_or(ClientError::Refused("an order that is too large"))?,
            items: order.items.clone(),
            expires: (self.clocks.now)().plus(order.valid_s.saturating_mul(1_000)),
            return_url: order.return_url.clone(),
            verification_required: order.verification_required,
        })
    }

    /// Signs an order's text.
    pub fn sign(&self, text: &OrderText) -> Result<SignedText, ClientError> {
        let header = signing::header(TYP_ORDER, (self.clocks.now)().seconds(), &self.thumbprint);
        Ok(signing::sign(self.signer.as_ref(), &header, &text.to_bytes())?)
    }

    /// The order as it stands.
    pub async fn order(&self, id: OrderId) -> Result<Order, ClientError> {
        self.access.public().order(id).await
    }

    /// Takes an order back.
    pub async fn cancel(&self, id: OrderId) -> Result<Order, ClientError> {
        self.access.cancel_order(id).await
    }

    /// The changes of an order; the present state comes first.
    pub async fn events(&self, id: OrderId) -> Result<OrderEvents, ClientError> {
        self.access.public().order_events(id).await.map(OrderEvents)
    }
}

/// The changes of one order.
pub struct OrderEvents(EventStream);

impl OrderEvents {
    /// The next state, or `None` when the server ended the stream.
    pub async fn next(&mut self) -> Result<Option<OrderState>, ClientError> {
        Ok(self.0.next_as::<OrderEvent>("order").await?.map(|event| event.state))
    }

    /// Waits until the order is no longer open; the last state, or `None` when the stream ended before.
    pub async fn closed(&mut self) -> Result<Option<OrderState>, ClientError> {
        while let Some(state) = self.next().await? {
            if state != OrderState::Open {
                return Ok(Some(state));
            }
        }
        Ok(None)
    }
}
