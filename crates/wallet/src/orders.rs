//! Orders: signed statements of merchants, on the desk; what became of one is in the book.

use crate::{Wallet, WalletError};
use yinxin_core::command::OrderTerms;
use yinxin_core::text::{ORDER_MAX_MS, OrderText, TYP_ORDER, sha256};
use yinxin_core::{Action, Digest, Millis, OrderId, Refusal, Thumbprint};
use yinxin_pki::{Certificate, Jws, Purpose, verify_chain};
use yinxin_store::desk::{MerchantRow, OrderRow};
use yinxin_store::views::OrderEnd;

/// The type byte of a dynamic order's QR code (formats § QR codes).
const QR_DYNAMIC_ORDER: u8 = 0x12;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderState {
    /// May be paid.
    Open,
    /// Was paid.
    Paid,
    /// Its time passed.
    Expired,
    /// The merchant withdrew it.
    Cancelled,
}

/// An order as anybody may see it.
#[derive(Debug, Clone)]
pub struct PublicOrder {
    /// Where it stands.
    pub state: OrderState,
    /// The merchant's signed order, compact JWS.
    pub jws: String,
    /// SHA-256 of its signing input.
    pub hash: Digest,
    /// What it says.
    pub text: OrderText,
    /// The merchant's certificate and its issuers, leaf first, DER.
    pub chain: Vec<Vec<u8>>,
    /// Whether the operator verified the merchant.
    pub verified: bool,
    /// The text of its QR code.
    pub qr: String,
    /// The server's time.
    pub now: Millis,
}

impl Wallet {
    /// The merchant that an API key belongs to.
    pub fn merchant(&self, api_key: &str) -> Result<MerchantRow, WalletError> {
        let hash = sha256(&[b"yx/api-key/v1\0", api_key.as_bytes()]);
        self.inner
            .store
            .desk
            .read(|desk| desk.merchant_by_api_key(hash))?
            .ok_or(WalletError::MerchantUnauthorised)
    }

    /// What the merchant's account holds, in minor units.
    #[must_use]
    pub fn merchant_balance(&self, merchant: &MerchantRow) -> i64 {
        self.inner.writer.book(|book| book.account(&merchant.account).map_or(0, |account| account.balance))
    }

    /// Takes an order that the merchant signed. The same order again is the same order.
    pub fn create_order(&self, merchant: &MerchantRow, jws: &str) -> Result<PublicOrder, WalletError> {
        let (text, jws, hash) = self.check_order(merchant, jws)?;
        let row = OrderRow {
            order: text.id,
            merchant: merchant.merchant,
            jws,
            hash,
            amount: text.amount,
            expires_at: text.expires,
            return_url: text.return_url.clone(),
            created_at: self.now(),
            cancelling_at: None,
            cancelled_at: None,
        };
        match self.inner.store.desk.write(|desk| desk.insert_order(&row)) {
            Ok(()) => {}
            Err(_) if self.order_row(text.id).is_ok_and(|known| known.hash == hash) => {}
            Err(yinxin_store::DeskError::Taken { .. }) => return Err(WalletError::OrderInvalid),
            Err(error) => return Err(error.into()),
        }
        self.order(text.id)
    }

    /// An order as anybody may see it who has its id.
    pub fn order(&self, id: OrderId) -> Result<PublicOrder, WalletError> {
        let row = self.order_row(id)?;
        let jws = Jws::parse_compact(&row.jws, TYP_ORDER)?;
        let text = OrderText::parse(jws.payload())?;
        let merchant = self
            .inner
            .store
            .desk
            .read(|desk| desk.merchant(row.merchant))?
            .ok_or(WalletError::OrderUnknown)?;
        let certificate = Certificate::parse(&merchant.certificate)
            .map_err(|error| WalletError::Failed(error.to_string()))?;
        Ok(PublicOrder {
            state: self.order_state(&row)?,
            hash: row.hash,
            jws: row.jws,
            text,
            chain: self.inner.authority.chain(&certificate),
            verified: merchant.verified_at.is_some(),
            qr: self.order_qr(id, row.hash),
            now: self.now(),
        })
    }

    /// Withdraws an order that is still open.
    pub async fn cancel_order(
        &self,
        merchant: &MerchantRow,
        id: OrderId,
    ) -> Result<PublicOrder, WalletError> {
        let row = self.order_row(id)?;
        if row.merchant != merchant.merchant {
            return Err(WalletError::OrderUnknown);
        }
        let now = self.now();
        self.inner.store.desk.write(|desk| desk.intend_cancellation(id, now))?;
        self.finish_cancellation(&row).await?;
        self.order(id)
    }

    /// Records a withdrawal that the desk intends, and concludes it; once, however often it is called.
    pub(crate) async fn finish_cancellation(&self, row: &OrderRow) -> Result<(), WalletError> {
        let id = row.order;
        let action = Action::CancelOrder { order: id, expires: row.expires_at };
        match self.submit(&[b"cancel-order", id.as_bytes()], action, Vec::new()).await {
            Ok(committed) => {
                self.settle(committed.index).await?;
                let now = self.now();
                Ok(self.inner.store.desk.write(|desk| desk.mark_order_cancelled(id, now))?)
            }
            // The book has decided otherwise; anything else leaves the intention for the next minute.
            Err(WalletError::Refused(refusal)) => {
                self.inner.store.desk.write(|desk| desk.drop_cancellation(id))?;
                Err(WalletError::Refused(refusal))
            }
            Err(error) => Err(error),
        }
    }

    /// The terms of the order with this hash.
    pub(crate) fn order_terms(&self, hash: Digest) -> Result<(OrderTerms, String), WalletError> {
        let row =
            self.inner.store.desk.read(|desk| desk.order_by_hash(hash))?.ok_or(WalletError::OrderUnknown)?;
        let text = OrderText::parse(Jws::parse_compact(&row.jws, TYP_ORDER)?.payload())?;
        let terms = OrderTerms {
            order: row.order,
            hash,
            payee: text.account,
            amount: text.amount,
            expires: text.expires,
            verification_required: text.verification_required,
        };
        // An order that ended and was forgotten by the book has expired; the views remember how.
        match self.inner.store.views.order(&row.order)? {
            Some(OrderEnd::Cancelled) => Err(WalletError::Refused(Refusal::OrderCancelled)),
            Some(OrderEnd::Paid(_)) | None => Ok((terms, row.jws)),
        }
    }

    pub(crate) fn order_row(&self, id: OrderId) -> Result<OrderRow, WalletError> {
        self.inner.store.desk.read(|desk| desk.order(id))?.ok_or(WalletError::OrderUnknown)
    }

    fn order_state(&self, row: &OrderRow) -> Result<OrderState, WalletError> {
        Ok(match self.inner.store.views.order(&row.order)? {
            // A merchant ships by this word: the record says it, the view only where it is.
            Some(OrderEnd::Paid(index)) => match self.facts_at(index)?.payment() {
                Some(payment) if payment.order == Some(row.order) => OrderState::Paid,
                Some(_) | None => {
                    return Err(WalletError::Failed("the views name a payment that is another's".to_owned()));
                }
            },
            Some(OrderEnd::Cancelled) => OrderState::Cancelled,
            None if self.now() > row.expires_at => OrderState::Expired,
            None => OrderState::Open,
        })
    }

    /// The QR code's text, in upper case throughout: it keeps the code small.
    fn order_qr(&self, id: OrderId, hash: Digest) -> String {
        let mut body = vec![QR_DYNAMIC_ORDER];
        body.extend_from_slice(id.as_bytes());
        body.extend_from_slice(&hash.as_bytes()[..16]);
        let body = data_encoding::BASE32_NOPAD.encode(&body);
        format!("{}/Q/{body}", self.inner.settings.origin.to_uppercase())
    }

    fn check_order(
        &self,
        merchant: &MerchantRow,
        jws: &str,
    ) -> Result<(OrderText, String, Digest), WalletError> {
        let jws = Jws::parse_compact(jws, TYP_ORDER)?.normalised();
        if Thumbprint::from_bytes(jws.header().thumbprint) != merchant.thumbprint {
            return Err(WalletError::CertificateForeign);
        }
        let failed = |error: yinxin_pki::Error| WalletError::Failed(error.to_string());
        let certificate = Certificate::parse(&merchant.certificate).map_err(failed)?;
        let authority = &self.inner.authority;
        let issuing = [authority.merchant().certificate().clone()];
        let now = self.now();
        verify_chain(&certificate, &issuing, authority.root(), now.0, Purpose::Merchant)
            .map_err(|_| WalletError::CertificateWrongPurpose)?;
        jws.verify(certificate.public_key())?;
        let text = OrderText::parse(jws.payload())?;
        let own = text.merchant == merchant.merchant
            && text.account == merchant.account
            && text.name == merchant.name;
        let open = text.expires > now && text.expires.since(now) <= ORDER_MAX_MS;
        if text.audience != self.inner.settings.origin {
            return Err(WalletError::AudienceMismatch);
        }
        if !own || !open || text.currency != self.inner.settings.currency {
            return Err(WalletError::OrderInvalid);
        }
        let hash = Digest::from_bytes(jws.signing_input_hash());
        Ok((text, jws.to_compact(), hash))
    }
}
