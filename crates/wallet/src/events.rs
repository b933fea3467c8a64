//! What changes, for those who listen while they are connected: server-sent events, a checkout page, a shop.

use crate::Wallet;
use tokio::sync::broadcast;
use yinxin_core::{AccountId, Body, Book, CertificateId, Facts, OrderId, Outcome, PersonId};

/// Changes kept for a slow listener; a slower one reads everything again.
const KEPT: usize = 1_024;

/// What a change was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A payment, posted or refused.
    Payment,
    /// A certificate's state.
    Certificate,
    /// A balance, without a payment.
    Balance,
    /// A setting or a session.
    Person,
    /// An order was withdrawn.
    Order,
}

/// One change, as the views show it now.
#[derive(Debug, Clone)]
pub struct Change {
    /// The record.
    pub index: u64,
    /// What it was about.
    pub what: What,
    /// Accounts that it concerns.
    pub accounts: Vec<AccountId>,
    /// The order that ended with it.
    pub order: Option<OrderId>,
}

impl Change {
    /// The change that a record makes, where anyone may want to hear of it.
    pub(crate) fn of(index: u64, facts: &Facts, book: &Book) -> Option<Self> {
        let of_person =
            |person: &PersonId| book.person(person).map(|person| person.account).into_iter().collect();
        let of_certificate = |id: &CertificateId| {
            book.certificate(id).map(|found| found.account).into_iter().collect::<Vec<_>>()
        };
        let (what, accounts, order) = match &facts.body {
            Body::Payment { payment } => match payment.outcome {
                Outcome::Posted { .. } => (What::Payment, vec![payment.payer, payment.payee], payment.order),
                Outcome::Refused { .. } => (What::Payment, vec![payment.payer], None),
            },
            Body::MoneyIssued { account, .. } => (What::Balance, vec![*account], None),
            Body::TapSet { person, .. } | Body::SessionsEnded { person, .. } => {
                (What::Person, of_person(person), None)
            }
            Body::OrderCancelled { order, .. } => (What::Order, Vec::new(), Some(*order)),
            Body::CertificateIssued { certificate, .. }
            | Body::CertificateActivated { certificate, .. }
            | Body::CertificateAbandoned { certificate }
            | Body::CertificateSuspended { certificate, .. }
            | Body::CertificateResumed { certificate, .. }
            | Body::CertificateRevoked { certificate, .. }
            | Body::CertificateExpired { certificate } => {
                (What::Certificate, of_certificate(certificate), None)
            }
            Body::Genesis { .. }
            | Body::PolicySet { .. }
            | Body::SnapshotTaken { .. }
            | Body::ClockAccepted
            | Body::LogContinued { .. }
            | Body::PersonOpened { .. }
            | Body::MerchantOpened { .. }
            | Body::CertificateRequested { .. }
            | Body::PinCounted { .. }
            | Body::PinAccepted { .. }
            | Body::PaymentVoided { .. } => return None,
        };
        Some(Self { index, what, accounts, order })
    }
}

impl Wallet {
    /// Tells those who listen to `account` that a session there has ended, which no record says.
    pub(crate) fn tell_session_ended(&self, account: AccountId) {
        let index = self.records().saturating_sub(1);
        self.inner.events.tell(Some(Change {
            index,
            what: What::Person,
            accounts: vec![account],
            order: None,
        }));
    }
}

/// Where changes are told and heard.
#[derive(Clone)]
pub struct Events(broadcast::Sender<Change>);

impl Events {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(KEPT).0)
    }

    pub(crate) fn tell(&self, change: Option<Change>) {
        if let Some(change) = change {
            // Nobody listening is no error.
            drop(self.0.send(change));
        }
    }

    /// Whether anybody listens now.
    pub(crate) fn is_heard(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Hears every change from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }
}
