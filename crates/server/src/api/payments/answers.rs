//! From the wallet's words about payments to the wire's.

use super::shapes::{
    Acceptance, Counterparty, Direction, Disclosure, Level, NewPayment, Outcome, PaidOrder, Payment,
    PaymentKind, Quote, QuoteLevel, Verification,
};
use crate::api::orders::OrderItem;
use crate::api::payees::PayeeKind;
use crate::api::wire::{Base64Url, Bytes32, Time, Wire};
use crate::app::App;
use crate::problem::{Problem, ProblemParams, named};
use std::cell::RefCell;
use std::collections::HashMap;
use yinxin_core::{CertificateId, Currency, Digest, Refusal, VerificationLevel};
use yinxin_wallet::{PaymentLine, SessionContext, VerificationProof, WalletError};

/// Writes payments for one person, and asks the wallet only for what a line lacks.
pub(super) struct Writing<'a> {
    app: &'a App,
    session: &'a SessionContext,
    devices: RefCell<HashMap<CertificateId, Option<String>>>,
}

impl<'a> Writing<'a> {
    /// For the person of `session`.
    pub(super) fn new(app: &'a App, session: &'a SessionContext) -> Self {
        Self { app, session, devices: RefCell::default() }
    }

    /// A recorded outcome with its proof. Never fails for a payer whose money moved: the record holds the balance.
    pub(super) fn acceptance(&self, recorded: yinxin_wallet::Acceptance) -> Result<Acceptance, Problem> {
        let balance = match recorded.balance {
            Some(balance) => balance,
            None => self.app.wallet.me(self.session)?.balance,
        };
        Ok(Acceptance {
            payment: self.payment(recorded.payment),
            index: recorded.index,
            record: Base64Url(recorded.record),
            evidence_digest: bytes(recorded.evidence_digest),
            opening: bytes(recorded.opening),
            salt: recorded.salt.map(bytes),
            checkpoint: recorded.checkpoint,
            proof: recorded.proof.into_iter().map(bytes).collect(),
            balance: self.app.balance(balance),
        })
    }

    /// What the person calls the device of a certificate.
    fn device_name(&self, id: CertificateId) -> Option<String> {
        let mut devices = self.devices.borrow_mut();
        let name = devices.entry(id).or_insert_with(|| self.app.wallet.device_name(self.session, id).ok());
        name.clone()
    }

    /// One line of the records.
    pub(super) fn payment(&self, line: PaymentLine) -> Payment {
        let kind = match (&line.order, line.number) {
            (_, None) => PaymentKind::TopUp,
            (Some(_), Some(_)) => PaymentKind::Pay,
            (None, Some(_)) => PaymentKind::Transfer,
        };
        Payment {
            number: line.number.map(Wire),
            kind,
            direction: match line.direction {
                yinxin_wallet::Direction::Out => Direction::Out,
                yinxin_wallet::Direction::In => Direction::In,
            },
            outcome: if line.code.is_none() { Outcome::Posted } else { Outcome::Refused },
            code: line.code.as_deref().map(named),
            amount: self.app.amount(line.amount),
            fee: self.app.amount(line.fee),
            counterparty: self.counterparty(line.counterparty),
            memo: line.memo,
            order: line.order.map(|(id, items)| PaidOrder {
                id: Wire(id),
                items: items.into_iter().map(|item| OrderItem::of(self.app, item)).collect(),
            }),
            certificate: line.certificate.map(Wire),
            device_name: line.certificate.and_then(|id| self.device_name(id)),
            level: line.level.map(level),
            at: Time(line.at),
            index: line.index,
        }
    }

    fn counterparty(&self, payee: Option<yinxin_wallet::Payee>) -> Counterparty {
        match payee {
            Some(payee) => Counterparty {
                account: Some(Wire(payee.account)),
                name: payee.display_name,
                kind: payee.kind.into(),
            },
            None => Counterparty {
                account: None,
                name: self.app.wallet.settings().operator.clone(),
                kind: PayeeKind::Operator,
            },
        }
    }
}

/// A quote.
pub(super) fn quote(app: &App, quote: yinxin_wallet::Quote) -> Quote {
    let currency = app.site.currency;
    Quote {
        iat: quote.issued.seconds(),
        exp: quote.expires.seconds(),
        seq: quote.seq,
        prev: Wire(quote.prev),
        fee: app.amount(quote.fee),
        level: if quote.verification_required { QuoteLevel::Verified } else { QuoteLevel::Tap },
        payee: quote.payee.into(),
        account: Wire(quote.payer),
        balance: app.balance(quote.balance),
        refusal: quote.refusal.as_ref().map(|refusal| named(refusal.code())),
        refusal_params: quote.refusal.as_ref().map(|refusal| params(refusal, currency)),
    }
}

/// A refusal that was recorded.
pub(super) fn refused(refusal: &Refusal) -> Problem {
    WalletError::Refused(refusal.clone()).into()
}

fn params(refusal: &Refusal, currency: Currency) -> ProblemParams {
    ProblemParams::of(&WalletError::Refused(refusal.clone()).params(), currency)
}

fn bytes(bytes: [u8; 32]) -> Bytes32 {
    Wire(Digest::from_bytes(bytes))
}

fn level(level: VerificationLevel) -> Level {
    match level {
        VerificationLevel::A => Level::A,
        VerificationLevel::C => Level::C,
        VerificationLevel::D => Level::D,
    }
}

fn opening(disclosure: Disclosure) -> yinxin_wallet::Disclosure {
    yinxin_wallet::Disclosure { salt: *disclosure.salt.0.as_bytes(), text: disclosure.text }
}

impl From<NewPayment> for yinxin_wallet::NewPayment {
    fn from(new: NewPayment) -> Self {
        let disclosures = new.disclosures.unwrap_or_default();
        Self {
            authorisation: new.authorisation.into(),
            payee_name: disclosures.payee_name.map(opening),
            memo: disclosures.memo.map(opening),
            verification: new.verification.map(Into::into),
        }
    }
}

impl From<Verification> for VerificationProof {
    fn from(verification: Verification) -> Self {
        match verification {
            Verification::Passkey { credential_id, authenticator_data, client_data_json, signature } => {
                Self::Passkey {
                    credential_id: credential_id.0,
                    authenticator_data: authenticator_data.0,
                    client_data_json: client_data_json.0,
                    signature: signature.0,
                }
            }
            Verification::Pin {} => Self::Pin,
        }
    }
}
