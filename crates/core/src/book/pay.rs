//! Decides an authorisation: certificate, expiry, sequence, terms, limits, funds, in this order (formats § Authorisation).

use super::{Account, Book, Decision, OrderMark, Owner};
use crate::certificate::{Certificate, Payees, Protection, SuspendedBy};
use crate::command::{Authorisation, Entry, OrderTerms, Verification};
use crate::money::Minor;
use crate::policy::Policy;
use crate::record::{Body, Outcome, PaymentFacts, PaymentKind, VerificationLevel};
use crate::refusal::Refusal;
use crate::text::AUTHORISATION_MAX_MS;
use crate::time::{Millis, Now};

/// User verification older than this does not verify a payment (rules § 3).
const VERIFICATION_MAX_MS: i64 = 60 * Millis::SECOND;
/// How far a server's challenge may lie ahead of the record time: two nodes' clocks.
const CLOCK_TOLERANCE_MS: i64 = 5 * Millis::SECOND;
/// Refusals of one certificate that are recorded in an hour; later ones are answered and not recorded (house, law 3).
const REFUSALS_PER_HOUR: u16 = 20;

/// Where an authorisation stands in its certificate's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Next,
    Behind,
    Ahead,
    Fork,
}

impl Book {
    pub(super) fn pay(&self, a: &Authorisation, now: Now) -> Decision {
        let Some(certificate) = self.certificates.get(&a.certificate) else {
            return Decision::Refused(Refusal::CertificateUnknown);
        };
        if certificate.person != a.context.person {
            return Decision::Refused(Refusal::CertificateForeign);
        }
        if certificate.last.number == Some(a.number) {
            return match certificate.last.index {
                Some(index) if certificate.last.hash == a.hash => Decision::Same(index),
                Some(_) => Decision::Refused(Refusal::NumberReused),
                None => Decision::Refused(Refusal::Voided),
            };
        }
        let place = place(certificate, a);
        match (self.outcome(certificate, place, a, now), place) {
            (Err(Refusal::Forked), _) => self.record_fork(a, now),
            (Ok(level), _) => self.record(a, Outcome::Posted { level }, now),
            (Err(refusal), Place::Next) if may_record_refusal(certificate, now) => {
                self.record(a, Outcome::Refused { refusal }, now)
            }
            (Err(refusal), Place::Next | Place::Behind | Place::Ahead | Place::Fork) => {
                Decision::Refused(refusal)
            }
        }
    }

    fn outcome(
        &self,
        certificate: &Certificate,
        place: Place,
        a: &Authorisation,
        now: Now,
    ) -> Result<VerificationLevel, Refusal> {
        certificate.may_pay(now.at)?;
        if now.at > a.expires
            || a.expires.since(a.issued) > AUTHORISATION_MAX_MS
            || a.issued.since(now.at) > CLOCK_TOLERANCE_MS
        {
            return Err(Refusal::PaymentExpired);
        }
        match place {
            Place::Next => {}
            Place::Behind => return Err(Refusal::SequenceBehind),
            Place::Ahead => return Err(Refusal::SequenceAhead),
            Place::Fork => return Err(Refusal::Forked),
        }
        let policy = self.policy().ok_or(Refusal::Genesis)?;
        self.check_terms(certificate, a, policy, now)?;
        let total = a.amount.plus(a.fee).ok_or(Refusal::AmountMismatch)?;
        let level = self.check_limits(certificate, a, policy, total, now)?;
        self.check_funds(a, total)?;
        Ok(level)
    }

    fn check_terms(
        &self,
        certificate: &Certificate,
        a: &Authorisation,
        policy: &Policy,
        now: Now,
    ) -> Result<(), Refusal> {
        if a.payer != certificate.account {
            return Err(Refusal::PayerMismatch);
        }
        if a.payee == a.payer {
            return Err(Refusal::PayeeSelf);
        }
        if a.currency != policy.currency {
            return Err(Refusal::CurrencyMismatch);
        }
        let payee = self.accounts.get(&a.payee).ok_or(Refusal::PayeeUnknown)?;
        if matches!(payee.owner, Owner::Issuance | Owner::Fees) {
            return Err(Refusal::PayeeUnknown);
        }
        match (a.kind, &a.context.entry) {
            (PaymentKind::Pay, Entry::Order { terms }) => self.check_order(a, terms, now)?,
            (PaymentKind::Transfer, Entry::Account | Entry::StaticCode) => {}
            (PaymentKind::Pay, Entry::Account | Entry::StaticCode)
            | (PaymentKind::Transfer, Entry::Order { .. }) => {
                return Err(Refusal::OrderMismatch);
            }
        }
        if a.amount == Minor::ZERO {
            return Err(Refusal::AmountMismatch);
        }
        let fee = policy.fee(a.kind, a.amount);
        if a.fee == fee { Ok(()) } else { Err(Refusal::FeeMismatch { fee }) }
    }

    fn check_order(&self, a: &Authorisation, terms: &OrderTerms, now: Now) -> Result<(), Refusal> {
        match self.orders.get(&terms.order) {
            Some(OrderMark::Paid { .. }) => return Err(Refusal::OrderPaid),
            Some(OrderMark::Cancelled) => return Err(Refusal::OrderCancelled),
            None => {}
        }
        if now.at > terms.expires {
            return Err(Refusal::OrderExpired);
        }
        if a.payee != terms.payee {
            return Err(Refusal::PayeeMismatch);
        }
        if a.amount != terms.amount {
            return Err(Refusal::AmountMismatch);
        }
        if a.order == Some(terms.hash) { Ok(()) } else { Err(Refusal::OrderMismatch) }
    }

    /// The level that this payment reaches, when every limit leaves room for `total`.
    fn check_limits(
        &self,
        certificate: &Certificate,
        a: &Authorisation,
        policy: &Policy,
        total: Minor,
        now: Now,
    ) -> Result<VerificationLevel, Refusal> {
        let spend = self.spend(&certificate.person, now.day);
        let left = policy.verified_day.left_after(spend.all);
        if total > left {
            return Err(Refusal::LimitDay { left });
        }
        self.check_stage(certificate, a, policy, total, now)?;
        check_protection(certificate, policy, total, now)?;
        if matches!(a.context.entry, Entry::StaticCode) {
            let left = policy.static_code_day.left_after(spend.static_code);
            if total > left {
                return Err(Refusal::LimitStaticCodeDay { left });
            }
        }
        if a.context.verification.is_some_and(|verification| is_fresh(verification, now)) {
            return Ok(level(a, VerificationLevel::A));
        }
        let tap_on = self.people.get(&certificate.person).is_some_and(|person| person.tap);
        let verified_only = match &a.context.entry {
            Entry::Order { terms } => terms.verification_required,
            Entry::Account | Entry::StaticCode => false,
        };
        if !tap_on || verified_only || total > policy.tap_each {
            return Err(Refusal::VerificationRequired);
        }
        let left = policy.tap_day.left_after(spend.tap);
        if total > left { Err(Refusal::LimitTapDay { left }) } else { Ok(level(a, VerificationLevel::C)) }
    }

    /// What the route of a reissued or moved certificate still protects (rules § 4).
    fn check_stage(
        &self,
        certificate: &Certificate,
        a: &Authorisation,
        policy: &Policy,
        total: Minor,
        now: Now,
    ) -> Result<(), Refusal> {
        let (number, stage, until) = match certificate.protection(now.at) {
            None => return Ok(()),
            Some(Protection::Waiting { until }) => return Err(Refusal::LimitProtectionWait { until }),
            Some(Protection::Staged { number, stage, until }) => (number, stage, until),
        };
        match stage.payees {
            Payees::Any => {}
            Payees::PaidBefore => {
                let merchant = self
                    .accounts
                    .get(&a.payee)
                    .is_some_and(|payee| matches!(payee.owner, Owner::Merchant { .. }));
                let paid = self.paid_before.get(&a.certificate).is_some_and(|known| known.contains(&a.payee));
                if !(merchant && paid) {
                    return Err(Refusal::LimitProtectionPayee { until });
                }
            }
        }
        let left = stage.sum.of(policy).left_after(certificate.spent_in(number));
        if total > left { Err(Refusal::LimitProtectionStage { left, until }) } else { Ok(()) }
    }

    fn check_funds(&self, a: &Authorisation, total: Minor) -> Result<(), Refusal> {
        let available =
            self.accounts.get(&a.payer).and_then(|payer| u64::try_from(payer.balance).ok()).unwrap_or(0);
        if total.get() > available {
            return Err(Refusal::InsufficientFunds);
        }
        match self.accounts.get(&a.payee) {
            Some(payee) if self.payee_may_not_hold(payee, a.amount) => Err(Refusal::LimitBalance),
            Some(_) => Ok(()),
            None => Err(Refusal::PayeeUnknown),
        }
    }

    /// Whether `account` would hold more than the policy lets a person hold.
    pub(super) fn payee_may_not_hold(&self, account: &Account, more: Minor) -> bool {
        let held = u64::try_from(account.balance).ok().and_then(Minor::new);
        let sum = held.and_then(|held| held.plus(more));
        match (account.owner, self.policy()) {
            (Owner::Person { .. }, Some(policy)) => sum.is_none_or(|sum| sum > policy.balance),
            (Owner::Merchant { .. } | Owner::Fees, Some(_)) => sum.is_none(),
            (Owner::Issuance, _) | (_, None) => true,
        }
    }

    fn record(&self, a: &Authorisation, outcome: Outcome, now: Now) -> Decision {
        Decision::Record(vec![self.facts(Body::Payment { payment: self.payment(a, outcome) }, None, now)])
    }

    /// The facts of an authorisation. The payer is the certificate's account: what a refused text claims is evidence only.
    fn payment(&self, a: &Authorisation, outcome: Outcome) -> PaymentFacts {
        let terms = match &a.context.entry {
            Entry::Order { terms } => Some(terms),
            Entry::Account | Entry::StaticCode => None,
        };
        PaymentFacts {
            number: a.number,
            certificate: a.certificate,
            seq: a.seq,
            hash: a.hash,
            kind: a.kind,
            payer: self.certificates.get(&a.certificate).map_or(a.payer, |certificate| certificate.account),
            payee: a.payee,
            amount: a.amount,
            fee: a.fee,
            order: terms.map(|terms| terms.order),
            order_expires: terms.map(|terms| terms.expires),
            outcome,
        }
    }

    /// A fork is recorded as evidence and suspends the certificate in the same batch.
    fn record_fork(&self, a: &Authorisation, now: Now) -> Decision {
        let outcome = Outcome::Refused { refusal: Refusal::Forked };
        let refused = self.facts(Body::Payment { payment: self.payment(a, outcome) }, None, now);
        let suspended = Body::CertificateSuspended { certificate: a.certificate, by: SuspendedBy::Fork };
        let mut suspended = self.facts(suspended, None, now);
        suspended.previous = vec![self.next];
        Decision::Record(vec![refused, suspended])
    }
}

impl Policy {
    /// The fee on a payment, which the signed text must carry.
    #[must_use]
    pub fn fee(&self, kind: PaymentKind, amount: Minor) -> Minor {
        match kind {
            PaymentKind::Pay => Minor::ZERO,
            PaymentKind::Transfer => amount.share_of(self.transfer_fee_bp),
        }
    }
}

fn place(certificate: &Certificate, a: &Authorisation) -> Place {
    let last = certificate.last;
    match a.seq.cmp(&last.seq) {
        // Only two signed texts fork; a number that was voided left no text.
        std::cmp::Ordering::Equal if last.index.is_some() => Place::Fork,
        std::cmp::Ordering::Less | std::cmp::Ordering::Equal => Place::Behind,
        std::cmp::Ordering::Greater if last.seq.checked_add(1) == Some(a.seq) && a.prev == last.hash => {
            Place::Next
        }
        std::cmp::Ordering::Greater => Place::Ahead,
    }
}

fn is_fresh(verification: Verification, now: Now) -> bool {
    let age = now.at.since(verification.at);
    (-CLOCK_TOLERANCE_MS..=VERIFICATION_MAX_MS).contains(&age)
}

fn check_protection(
    certificate: &Certificate,
    policy: &Policy,
    total: Minor,
    now: Now,
) -> Result<(), Refusal> {
    if now.at >= certificate.protected_until {
        return Ok(());
    }
    if total > policy.protection_each {
        let until = certificate.protected_until;
        return Err(Refusal::LimitProtectionEach { left: policy.protection_each, until });
    }
    let spent = if certificate.spent_day == now.day { certificate.spent } else { Minor::ZERO };
    let left = policy.protection_day.left_after(spent);
    if total > left { Err(Refusal::LimitProtectionDay { left }) } else { Ok(()) }
}

const fn may_record_refusal(certificate: &Certificate, now: Now) -> bool {
    certificate.refusal_hour != now.at.0.div_euclid(Millis::HOUR) || certificate.refusals < REFUSALS_PER_HOUR
}

/// A static code is level D, whatever the verification.
fn level(a: &Authorisation, reached: VerificationLevel) -> VerificationLevel {
    match a.context.entry {
        Entry::StaticCode => VerificationLevel::D,
        Entry::Order { .. } | Entry::Account => reached,
    }
}
