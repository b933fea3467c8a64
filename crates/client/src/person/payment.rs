//! Paying: orders and transfers, retries, and closing what has no known outcome.

use super::Person;
use crate::answers::{
    Acceptance, Order, OrderState, Payee, PayeeKind, PaymentList, Quote, QuoteLevel, VoidAnswer,
};
use crate::chance;
use crate::error::ClientError;
use crate::outbox::{ChainHead, Outstanding};
use crate::pin::Pin;
use crate::receipt::{Expected, Receipt};
use crate::requests::{Ask, Disclosure, Disclosures};
use crate::signing::payment_body;
use std::time::Duration;
use yinxin_core::text::{OrderText, PayText, PayeeName, TYP_ORDER, memo_commitment, name_commitment};
use yinxin_core::{Digest, Millis, Minor, OrderId, PaymentKind, PaymentNumber};
use yinxin_pki::{Certificate, Jws, Purpose, verify_chain};

/// Pauses before a text is sent again; after the last one the outcome is left open.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_millis(600), Duration::from_millis(1_200)];

/// An order whose merchant was checked on this device.
#[derive(Debug, Clone)]
pub struct CheckedOrder {
    /// What the merchant signed.
    pub text: OrderText,
    /// SHA-256 of its signing input.
    pub hash: Digest,
    /// What the server says of it.
    pub view: Order,
}

/// A transfer as a person asks for it.
#[derive(Debug, Clone, Copy)]
pub struct Transfer<'a> {
    /// Who receives it, as [`Person::find_payee`] found them.
    pub payee: &'a Payee,
    /// How much.
    pub amount: Minor,
    /// A few words that only both sides can read.
    pub memo: Option<&'a str>,
}

/// Everything of a payment that is known before the quote.
struct Draft<'a> {
    ask: Ask,
    kind: PaymentKind,
    payee: &'a Payee,
    amount: Minor,
    order: Option<(OrderId, Digest)>,
    memo: Option<&'a str>,
}

impl Person {
    /// Finds who is to be paid: a phone, an account number or an account id.
    pub async fn find_payee(&self, query: &str) -> Result<Payee, ClientError> {
        self.api.find_payee(query).await
    }

    /// My payments, a page, newest first.
    pub async fn payments(&self, before: Option<&str>, limit: u32) -> Result<PaymentList, ClientError> {
        self.api.payments(before, limit).await
    }

    /// Reads an order and checks the merchant's signature, certificate, name and amount.
    pub async fn order(&self, id: OrderId) -> Result<CheckedOrder, ClientError> {
        let view = self.api.order(id).await?;
        let root = self.held_key()?.held()?.root()?;
        check_order(id, view, &root, &self.deployment.origin, (self.clocks.now)())
    }

    /// Pays an order. Answers what was recorded, a refusal too; `PinNeeded` when it must be verified and no PIN is given.
    pub async fn pay(
        &mut self,
        order: &CheckedOrder,
        memo: Option<&str>,
        pin: Option<&Pin>,
    ) -> Result<Receipt, ClientError> {
        let text = &order.text;
        if text.currency != self.currency || order.view.state != OrderState::Open {
            return Err(ClientError::Refused("an order that cannot be paid"));
        }
        let payee = Payee {
            account: text.account,
            kind: PayeeKind::Merchant,
            display_name: text.name.clone(),
            name_state: String::new(),
            verified: order.view.merchant.verified,
        };
        let pin = if text.verification_required && pin.is_none() {
            return Err(ClientError::PinNeeded);
        } else {
            pin
        };
        let draft = Draft {
            ask: Ask::Order(text.id),
            kind: PaymentKind::Pay,
            payee: &payee,
            amount: text.amount,
            order: Some((text.id, order.hash)),
            memo,
        };
        self.authorise(&draft, pin).await
    }

    /// Transfers money. Answers what was recorded, a refusal too; `PinNeeded` when it must be verified and no PIN is given.
    pub async fn transfer(
        &mut self,
        transfer: &Transfer<'_>,
        pin: Option<&Pin>,
    ) -> Result<Receipt, ClientError> {
        let draft = Draft {
            ask: Ask::Transfer { payee: transfer.payee.account, amount: transfer.amount },
            kind: PaymentKind::Transfer,
            payee: transfer.payee,
            amount: transfer.amount,
            order: None,
            memo: transfer.memo,
        };
        self.authorise(&draft, pin).await
    }

    /// Sends the outstanding authorisation again, byte for byte. `None` when there is none.
    pub async fn retry(&mut self, pin: Option<&Pin>) -> Result<Option<Receipt>, ClientError> {
        let Some(outstanding) = self.outbox.outstanding().cloned() else { return Ok(None) };
        if outstanding.verified {
            let pin = pin.ok_or(ClientError::PinNeeded)?;
            self.held_key()?.verify(&self.api, pin, &outstanding.authorisation).await?;
        }
        self.send(&outstanding).await.map(Some)
    }

    /// Ends the uncertainty about the outstanding authorisation: its receipt when it was recorded; otherwise its number is
    /// closed, it can never be posted, and the answer is `None`.
    pub async fn close_outstanding(&mut self) -> Result<Option<Receipt>, ClientError> {
        let Some(outstanding) = self.outbox.outstanding().cloned() else { return Ok(None) };
        if let Some(acceptance) = self.api.payment(outstanding.number).await? {
            return self.settle(&outstanding, acceptance).await.map(Some);
        }
        match self.api.void(outstanding.number, outstanding.certificate).await? {
            VoidAnswer::Recorded(acceptance) => self.settle(&outstanding, *acceptance).await.map(Some),
            VoidAnswer::Voided { .. } => {
                self.outbox.settle(None)?;
                Ok(None)
            }
        }
    }

    async fn authorise(&mut self, draft: &Draft<'_>, pin: Option<&Pin>) -> Result<Receipt, ClientError> {
        self.close_outstanding().await?;
        let certificate = self.held_key()?.held()?.id;
        let quote = self.api.quote(certificate, draft.ask).await?;
        self.check_quote(draft, &quote)?;
        if quote.level == QuoteLevel::Verified && pin.is_none() {
            return Err(ClientError::PinNeeded);
        }
        let (text, disclosures) = self.text(draft, &quote)?;
        let authorisation = self.held_key()?.sign_payment(&text, quote.iat)?;
        let verification = match pin {
            Some(pin) => Some(self.held_key()?.verify(&self.api, pin, &authorisation).await?),
            None => None,
        };
        let outstanding = Outstanding {
            number: text.number,
            certificate,
            body: payment_body(&authorisation, Some(&disclosures), verification.as_ref()),
            authorisation,
            order: draft.order.map(|(id, _)| id),
            verified: verification.is_some(),
        };
        self.outbox.put(outstanding.clone())?;
        self.send(&outstanding).await
    }

    /// The quote must speak of the payee that the person saw, and of the chain that this device knows.
    fn check_quote(&self, draft: &Draft<'_>, quote: &Quote) -> Result<(), ClientError> {
        let payee = &quote.payee;
        let asked = draft.payee;
        if (payee.account, payee.kind) != (asked.account, asked.kind)
            || payee.display_name != asked.display_name
        {
            return Err(ClientError::Refused("a quote for another payee"));
        }
        if self.held_key()?.held()?.account()? != quote.account.to_string() {
            return Err(ClientError::Refused("a quote for another payer"));
        }
        if quote.fee.currency != self.currency.code() {
            return Err(ClientError::Refused("a fee in another currency"));
        }
        let continues = |head: ChainHead| quote.seq == head.seq + 1 && quote.prev == head.hash;
        if self.outbox.head().is_some_and(|head| !continues(head)) {
            return Err(ClientError::ChainDiffers);
        }
        Ok(())
    }

    fn text(&self, draft: &Draft<'_>, quote: &Quote) -> Result<(PayText, Disclosures), ClientError> {
        let mut disclosures = Disclosures::default();
        let name = &draft.payee.display_name;
        let payee_name = match draft.payee.kind {
            PayeeKind::Merchant | PayeeKind::Operator => PayeeName::Merchant(name.clone()),
            PayeeKind::Person => {
                let salt = chance::bytes()?;
                disclosures.payee_name = Some(Disclosure::new(&salt, name));
                PayeeName::Person(name_commitment(&salt, name))
            }
        };
        let memo = match draft.memo {
            Some(memo) => {
                let salt = chance::bytes()?;
                disclosures.memo = Some(Disclosure::new(&salt, memo));
                Some(memo_commitment(&salt, memo))
            }
            None => None,
        };
        let text = PayText {
            audience: self.deployment.origin.clone(),
            number: PaymentNumber::from_bytes(chance::bytes()?),
            seq: quote.seq,
            prev: quote.prev,
            kind: draft.kind,
            payer: quote.account,
            payee: draft.payee.account,
            payee_name,
            currency: self.currency,
            amount: draft.amount,
            fee: quote.fee.minor,
            order: draft.order.map(|(_, hash)| hash),
            memo,
            expires: Millis::from_seconds(quote.exp),
        };
        Ok((text, disclosures))
    }

    /// Sends, and sends the same bytes again while the outcome is uncertain.
    async fn send(&mut self, outstanding: &Outstanding) -> Result<Receipt, ClientError> {
        let mut pauses = PAUSES.iter();
        loop {
            let error = match self.api.send_payment(outstanding.number, &outstanding.body).await {
                Ok(acceptance) => return self.settle(outstanding, acceptance).await,
                Err(error) => error,
            };
            if let Some(acceptance) = error.problem().and_then(|problem| problem.acceptance.clone()) {
                return self.settle(outstanding, *acceptance).await;
            }
            if !error.is_uncertain() {
                return self.refused(error).await;
            }
            let Some(pause) = pauses.next() else { return Err(error) };
            tokio::time::sleep(*pause).await;
        }
    }

    /// The server refused without a record: the number is closed, unless the server will not even do that now.
    async fn refused(&mut self, error: ClientError) -> Result<Receipt, ClientError> {
        match self.close_outstanding().await {
            Ok(Some(receipt)) => Ok(receipt),
            // Signed out or suspended: it stays outstanding until it can be closed.
            Ok(None) | Err(_) => Err(error),
        }
    }

    async fn settle(
        &mut self,
        outstanding: &Outstanding,
        acceptance: Acceptance,
    ) -> Result<Receipt, ClientError> {
        let expected = Expected {
            authorisation: &outstanding.authorisation,
            certificate: outstanding.certificate,
            order: outstanding.order,
        };
        let receipt = self.believe(acceptance, &expected).await?;
        // Some refusals use up the place in the chain and some do not: the next quote says where it stands.
        let posted = ChainHead { seq: receipt.facts.seq, hash: receipt.facts.hash };
        self.outbox.settle(receipt.is_posted().then_some(posted))?;
        Ok(receipt)
    }
}

/// Checks an order: signature, certificate to `root`, and that the server shows what the merchant signed.
fn check_order(
    id: OrderId,
    view: Order,
    root: &Certificate,
    origin: &str,
    now: Millis,
) -> Result<CheckedOrder, ClientError> {
    let refused = |what: &'static str| move |_| ClientError::Refused(what);
    let jws = Jws::parse_compact(&view.jws, TYP_ORDER)
        .map_err(|_| ClientError::Refused("an order that does not read"))?;
    let text =
        OrderText::parse(jws.payload()).map_err(|_| ClientError::Refused("an order that does not read"))?;
    let certificate = Certificate::parse(&view.merchant.certificate.0)?;
    let issuer = Certificate::parse(&view.merchant.issuer.0)?;
    verify_chain(&certificate, &[issuer], root, now.0, Purpose::Merchant)
        .map_err(refused("a merchant's certificate that does not lead to the root"))?;
    if jws.header().thumbprint != certificate.thumbprint() || jws.verify(certificate.public_key()).is_err() {
        return Err(ClientError::Refused("an order that its merchant did not sign"));
    }
    let hash = Digest::from_bytes(jws.signing_input_hash());
    let merchant = text.merchant.to_string();
    let held = [
        ("an order for another deployment", text.audience == origin),
        ("another order than the one asked for", text.id == id && view.id == id),
        ("an order shown with another hash", hash == view.hash),
        (
            "an order of another merchant",
            certificate.subject_id() == Some(merchant) && text.merchant == view.merchant.id,
        ),
        ("a merchant with another name", certificate.organization().as_deref() == Some(text.name.as_str())),
        (
            "an order to another account",
            text.account == view.merchant.account && text.name == view.merchant.name,
        ),
        ("another amount than the merchant signed", text.amount == view.amount.minor),
    ];
    match held.into_iter().find(|(_, holds)| !holds) {
        Some((what, _)) => Err(ClientError::Refused(what)),
        None => Ok(CheckedOrder { text, hash, view }),
    }
}
