//! What changes, for those who listen while they are connected: server-sent events, a checkout page, a shop.

use crate::Wallet;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use yinxin_core::{AccountId, Body, Book, CertificateId, Facts, OrderId, Outcome, PersonId};

/// Changes of one topic kept for a slow listener; a slower one reads everything again.
const KEPT: usize = 64;

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
    /// The person was told something, or has read it.
    Notice,
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
            Body::TapSet { person, .. }
            | Body::SessionsEnded { person, .. }
            | Body::DeviceSessionsEnded { person, .. } => (What::Person, of_person(person), None),
            Body::OrderCancelled { order, .. } => (What::Order, Vec::new(), Some(*order)),
            Body::ReissueOpened { person, .. }
            | Body::ReissueVetoed { person, .. }
            | Body::ReissueAcknowledged { person, .. }
            | Body::ReissueEnded { person, .. }
            | Body::ReissueGivenUp { person, .. } => (What::Certificate, of_person(person), None),
            Body::CertificateIssued { certificate, .. }
            | Body::CertificateActivated { certificate, .. }
            | Body::CertificateAbandoned { certificate }
            | Body::CertificateSuspended { certificate, .. }
            | Body::CertificateResumed { certificate, .. }
            | Body::CertificateRevoked { certificate, .. }
            | Body::CertificateSuperseded { certificate, .. }
            | Body::CertificateRevokedOnDevice { certificate, .. }
            | Body::KitUsed { certificate, .. }
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
            | Body::SuccessorRequested { .. }
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

/// What somebody listens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Everything that concerns an account.
    Account(AccountId),
    /// The end of an order.
    Order(OrderId),
}

/// Where changes are told and heard. Whoever listens is woken by what concerns them and by nothing else.
#[derive(Clone, Default)]
pub struct Events(Arc<Mutex<HashMap<Topic, broadcast::Sender<Change>>>>);

impl Events {
    pub(crate) fn tell(&self, change: Option<Change>) {
        let Some(change) = change else { return };
        let topics = self.topics();
        let accounts = change.accounts.iter().copied().map(Topic::Account);
        for topic in accounts.chain(change.order.map(Topic::Order)) {
            if let Some(listeners) = topics.get(&topic) {
                // The last listener may be leaving just now: that is no error.
                drop(listeners.send(change.clone()));
            }
        }
    }

    /// Whether anybody listens now.
    pub(crate) fn is_heard(&self) -> bool {
        !self.topics().is_empty()
    }

    /// Hears every change of `topic` from now on.
    #[must_use]
    pub fn listen(&self, topic: Topic) -> Listener {
        let mut topics = self.topics();
        let changes = topics.entry(topic).or_insert_with(|| broadcast::channel(KEPT).0).subscribe();
        Listener { changes, topic, events: self.clone() }
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<Topic, broadcast::Sender<Change>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hears the changes of one topic until it is dropped.
pub struct Listener {
    changes: broadcast::Receiver<Change>,
    topic: Topic,
    events: Events,
}

impl Listener {
    /// The next change; an error when this listener was too slow and missed some.
    pub async fn next(&mut self) -> Result<Change, Missed> {
        match self.changes.recv().await {
            Ok(change) => Ok(change),
            Err(RecvError::Lagged(_)) => Err(Missed),
            // The sender lives as long as its last listener.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut topics = self.events.topics();
        // This one still counts.
        if topics.get(&self.topic).is_some_and(|listeners| listeners.receiver_count() <= 1) {
            topics.remove(&self.topic);
        }
    }
}

/// Changes were missed: everything may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed;

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn change(index: u64, accounts: &[u8], order: Option<u8>) -> Change {
        Change {
            index,
            what: What::Payment,
            accounts: accounts.iter().map(|byte| AccountId::from_bytes([*byte; 10])).collect(),
            order: order.map(|byte| OrderId::from_bytes([byte; 10])),
        }
    }

    #[test]
    fn a_listener_is_woken_by_what_concerns_it_and_by_nothing_else() {
        let events = Events::default();
        let mut account = events.listen(Topic::Account(AccountId::from_bytes([1; 10])));
        let mut order = events.listen(Topic::Order(OrderId::from_bytes([1; 10])));
        let woken = [Arc::<Woken>::default(), Arc::<Woken>::default()];
        let wakers = woken.each_ref().map(|woken| Waker::from(Arc::clone(woken)));
        let mut contexts = wakers.each_ref().map(Context::from_waker);
        let (mut of_account, mut of_order) = (pin!(account.next()), pin!(order.next()));
        assert!(of_account.as_mut().poll(&mut contexts[0]).is_pending());
        assert!(of_order.as_mut().poll(&mut contexts[1]).is_pending());
        let counts = || woken.each_ref().map(|woken| woken.0.load(Ordering::SeqCst));
        for index in 0..1_000 {
            events.tell(Some(change(index, &[2, 3], Some(2))));
        }
        assert_eq!(counts(), [0, 0], "a thousand changes of others");
        events.tell(Some(change(1_000, &[2, 1], Some(1))));
        assert_eq!(counts(), [1, 1]);
        for heard in [of_account.as_mut().poll(&mut contexts[0]), of_order.as_mut().poll(&mut contexts[1])] {
            assert!(matches!(heard, Poll::Ready(Ok(Change { index: 1_000, .. }))), "{heard:?}");
        }
    }

    #[tokio::test]
    async fn a_slow_listener_hears_that_it_missed_something_and_a_gone_one_leaves_nothing() {
        let events = Events::default();
        let topic = Topic::Account(AccountId::from_bytes([1; 10]));
        let (mut slow, second) = (events.listen(topic), events.listen(topic));
        for index in 0..=u64::try_from(KEPT).unwrap() {
            events.tell(Some(change(index, &[1], None)));
        }
        assert_eq!(slow.next().await.unwrap_err(), Missed);
        assert_eq!(slow.next().await.unwrap().index, 1);
        drop(second);
        assert!(events.is_heard());
        drop(slow);
        assert!(!events.is_heard());
    }
}
