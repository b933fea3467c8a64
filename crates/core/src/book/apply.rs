//! Applies one record, and checks it against the book as it does: a record that does not fit is corruption.

use super::{Account, Book, COMMAND_MEMORY_MS, Deployment, Merchant, OrderMark, Owner, Person, Spend};
use crate::certificate::{Certificate, Last, PinTries, Protection};
use crate::id::{AccountId, CertificateId, OrderId, PersonId};
use crate::money::Minor;
use crate::record::{Body, Facts, Outcome, PaymentFacts, VerificationLevel};
use crate::refusal::Refusal;
use crate::time::Millis;

/// A record that the book cannot have written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the record does not fit the book: {0}")]
pub struct ApplyError(pub &'static str);

pub(super) type Applied = Result<(), ApplyError>;

impl From<Refusal> for ApplyError {
    fn from(_: Refusal) -> Self {
        Self("the certificate's state does not allow it")
    }
}

pub(super) fn fits(condition: bool, what: &'static str) -> Applied {
    if condition { Ok(()) } else { Err(ApplyError(what)) }
}

impl Book {
    pub(super) fn apply_record(&mut self, index: u64, facts: &Facts) -> Applied {
        fits(index == self.next, "its index is not the next one")?;
        fits(facts.at >= self.at && facts.day >= self.day, "its time is before the last record's")?;
        fits(usize::try_from(facts.policy) == Ok(self.policies.len()), "its policy is not the one in force")?;
        fits((index == 0) == matches!(facts.body, Body::Genesis { .. }), "the first record is the genesis")?;
        self.check_previous(facts)?;
        self.change(index, facts)
    }

    /// Applies the next record, which an equal book has just applied: what that compared is not compared again.
    pub fn apply_again(&mut self, index: u64, facts: &Facts) -> Result<(), ApplyError> {
        if index == self.next { self.change(index, facts) } else { self.apply_record(index, facts) }
    }

    /// What the record changes; it was compared with this book, or with one that is equal.
    fn change(&mut self, index: u64, facts: &Facts) -> Applied {
        self.apply_body(index, facts)?;
        self.touch(index, facts)?;
        if let Some(command) = facts.command {
            self.commands.insert(command, index);
            self.command_times.insert((facts.at, command));
        }
        self.next = index.checked_add(1).ok_or(ApplyError("the journal is full"))?;
        (self.at, self.day) = (facts.at, facts.day);
        self.forget(facts.at);
        Ok(())
    }

    fn check_previous(&self, facts: &Facts) -> Applied {
        fits(
            self.previous(&facts.body) == facts.previous,
            "it does not continue its accounts' and certificate's records",
        )
    }

    fn touch(&mut self, index: u64, facts: &Facts) -> Applied {
        let touched = self.touched(&facts.body);
        for id in touched.accounts {
            self.accounts.get_mut(&id).ok_or(ApplyError("an account is unknown"))?.touched = index;
        }
        if let Some(id) = touched.certificate {
            self.certificate_mut(id)?.touched = index;
        }
        Ok(())
    }

    /// Drops what no decision can need any more.
    fn forget(&mut self, at: Millis) {
        while let Some((expires, order)) =
            self.order_expiries.first().copied().filter(|(expires, _)| *expires < at)
        {
            self.order_expiries.remove(&(expires, order));
            self.orders.remove(&order);
        }
        let horizon = at.plus(COMMAND_MEMORY_MS.saturating_neg());
        while let Some((time, command)) =
            self.command_times.first().copied().filter(|(time, _)| *time < horizon)
        {
            self.command_times.remove(&(time, command));
            self.commands.remove(&command);
        }
        self.forget_reissues(at);
        while let Some((until, certificate)) =
            self.paid_before_until.first().copied().filter(|(until, _)| *until < at)
        {
            self.paid_before_until.remove(&(until, certificate));
            self.paid_before.remove(&certificate);
        }
    }

    fn apply_body(&mut self, index: u64, facts: &Facts) -> Applied {
        match &facts.body {
            Body::Genesis { stamp, origin, issuance, fees, policy } => {
                let (issuance, fees) = (*issuance, *fees);
                self.deployment = Some(Deployment { stamp: *stamp, origin: origin.clone(), issuance, fees });
                self.policies.push(policy.clone());
                self.open_account(issuance, Owner::Issuance, index)?;
                self.open_account(fees, Owner::Fees, index)
            }
            Body::PolicySet { policy } => {
                self.policies.push(policy.clone());
                Ok(())
            }
            Body::SnapshotTaken { records, .. } => fits(*records <= index, "a snapshot of the future"),
            Body::ClockAccepted | Body::LogContinued { .. } => Ok(()),
            Body::PersonOpened { person, account } => self.open_person(*person, *account, index),
            Body::MerchantOpened { merchant, account } => {
                self.open_account(*account, Owner::Merchant { merchant: *merchant }, index)?;
                let previous = self.merchants.insert(*merchant, Merchant { account: *account });
                fits(previous.is_none(), "the merchant exists")
            }
            Body::MoneyIssued { account, amount } => {
                let issuance = self.deployment.as_ref().map(|deployment| deployment.issuance);
                self.post(issuance.ok_or(ApplyError("no genesis"))?, *account, *amount)
            }
            Body::SessionsEnded { person, epoch } => {
                self.person_mut(*person)?.epoch = *epoch;
                self.device_epochs.retain(|(owner, _), _| owner != person);
                Ok(())
            }
            Body::DeviceSessionsEnded { person, device, epoch } => self.end_device(*person, *device, *epoch),
            Body::TapSet { person, enabled } => self.set_tap_of(*person, *enabled),
            Body::Payment { payment } => self.apply_payment(index, facts, payment),
            Body::OrderCancelled { order, expires } => {
                self.mark_order(*order, *expires, OrderMark::Cancelled)
            }
            Body::CertificateRequested { .. } | Body::SuccessorRequested { .. } => {
                self.apply_request(index, facts)
            }
            Body::ReissueOpened { .. }
            | Body::ReissueVetoed { .. }
            | Body::ReissueAcknowledged { .. }
            | Body::ReissueEnded { .. }
            | Body::ReissueGivenUp { .. } => self.apply_reissue(facts),
            Body::CertificateIssued { .. }
            | Body::CertificateActivated { .. }
            | Body::CertificateAbandoned { .. }
            | Body::CertificateSuspended { .. }
            | Body::CertificateResumed { .. }
            | Body::CertificateRevoked { .. }
            | Body::CertificateSuperseded { .. }
            | Body::CertificateRevokedOnDevice { .. }
            | Body::CertificateExpired { .. } => self.apply_lifecycle(facts),
            Body::KitUsed { certificate, used_for } => {
                let usable = self.certificate_mut(*certificate)?.may_recover(*used_for, facts.at);
                fits(usable.is_ok(), "the kit could not be used so")
            }
            Body::PinCounted { certificate, failures } => {
                self.count_pin_try(*certificate, *failures, facts.at)
            }
            Body::PinAccepted { certificate } => {
                self.certificate_mut(*certificate)?.pin = PinTries::default();
                Ok(())
            }
            Body::PaymentVoided { certificate, number, seq, hash } => self.void_number(
                *certificate,
                Last { seq: *seq, hash: *hash, number: Some(*number), index: None },
            ),
        }
    }

    fn set_tap_of(&mut self, person: PersonId, enabled: bool) -> Applied {
        self.person_mut(person)?.tap = enabled;
        Ok(())
    }

    fn count_pin_try(&mut self, id: CertificateId, failures: u16, at: Millis) -> Applied {
        let certificate = self.certificate_mut(id)?;
        certificate.pin = certificate.pin.counted(at);
        fits(certificate.pin.failures == failures, "a PIN try is missing")
    }

    fn void_number(&mut self, id: CertificateId, last: Last) -> Applied {
        let certificate = self.certificate_mut(id)?;
        fits(certificate.last.seq.checked_add(1) == Some(last.seq), "a sequence number is missing")?;
        certificate.last = last;
        Ok(())
    }

    fn open_account(&mut self, id: AccountId, owner: Owner, index: u64) -> Applied {
        let previous = self.accounts.insert(id, Account { owner, balance: 0, touched: index });
        fits(previous.is_none(), "the account exists")
    }

    fn open_person(&mut self, id: PersonId, account: AccountId, index: u64) -> Applied {
        self.open_account(account, Owner::Person { person: id }, index)?;
        let person = Person {
            account,
            certificates: Vec::new(),
            had_certificate: false,
            epoch: 0,
            tap: false,
            spend: Spend::default(),
        };
        fits(self.people.insert(id, person).is_none(), "the person exists")
    }

    pub(super) fn person_mut(&mut self, id: PersonId) -> Result<&mut Person, ApplyError> {
        self.people.get_mut(&id).ok_or(ApplyError("the person is unknown"))
    }

    pub(super) fn certificate_mut(&mut self, id: CertificateId) -> Result<&mut Certificate, ApplyError> {
        self.certificates.get_mut(&id).ok_or(ApplyError("the certificate is unknown"))
    }

    /// One posting: `amount` out of `debit`, into `credit`.
    fn post(&mut self, debit: AccountId, credit: AccountId, amount: Minor) -> Applied {
        let amount = i64::try_from(amount.get()).map_err(|_| ApplyError("an amount is too large"))?;
        let from = self.accounts.get_mut(&debit).ok_or(ApplyError("the debit account is unknown"))?;
        from.balance = from.balance.checked_sub(amount).ok_or(ApplyError("a balance is too small"))?;
        fits(from.balance >= 0 || matches!(from.owner, Owner::Issuance), "a balance is negative")?;
        let to = self.accounts.get_mut(&credit).ok_or(ApplyError("the credit account is unknown"))?;
        to.balance = to.balance.checked_add(amount).ok_or(ApplyError("a balance is too large"))?;
        Ok(())
    }

    fn mark_order(&mut self, order: OrderId, expires: Millis, mark: OrderMark) -> Applied {
        fits(self.orders.insert(order, mark).is_none(), "the order was closed before")?;
        self.order_expiries.insert((expires, order));
        Ok(())
    }

    fn apply_payment(&mut self, index: u64, facts: &Facts, payment: &PaymentFacts) -> Applied {
        let certificate = self.certificate_mut(payment.certificate)?;
        match &payment.outcome {
            // The chain stays with the text that came first.
            Outcome::Refused { refusal: Refusal::Forked } => return Ok(()),
            Outcome::Refused { .. } => {
                let hour = facts.at.0.div_euclid(Millis::HOUR);
                let before = if certificate.refusal_hour == hour { certificate.refusals } else { 0 };
                (certificate.refusal_hour, certificate.refusals) = (hour, before.saturating_add(1));
            }
            Outcome::Posted { level } => {
                certificate.may_pay(facts.at)?;
                fits(payment.payer == certificate.account, "the payer is not the certificate's account")?;
                self.apply_posted(index, facts, payment, *level)?;
            }
        }
        let certificate = self.certificate_mut(payment.certificate)?;
        fits(certificate.last.seq.checked_add(1) == Some(payment.seq), "a sequence number is missing")?;
        let (number, index) = (Some(payment.number), Some(index));
        certificate.last = Last { seq: payment.seq, hash: payment.hash, number, index };
        self.count_use(payment.certificate, facts.at)
    }

    fn apply_posted(
        &mut self,
        index: u64,
        facts: &Facts,
        payment: &PaymentFacts,
        level: VerificationLevel,
    ) -> Applied {
        self.post(payment.payer, payment.payee, payment.amount)?;
        if payment.fee > Minor::ZERO {
            let fees =
                self.deployment.as_ref().map(|deployment| deployment.fees).ok_or(ApplyError("no genesis"))?;
            self.post(payment.payer, fees, payment.fee)?;
        }
        if let (Some(order), Some(expires)) = (payment.order, payment.order_expires) {
            self.mark_order(order, expires, OrderMark::Paid { index })?;
        }
        let too_much = ApplyError("a daily sum is too large");
        let total = payment.amount.plus(payment.fee).ok_or(too_much)?;
        let day = facts.day;
        let certificate = self.certificate_mut(payment.certificate)?;
        if let Some(Protection::Staged { number, .. }) = certificate.protection(facts.at) {
            let spent = certificate.spent_in(number).plus(total).ok_or(too_much)?;
            (certificate.stage, certificate.stage_spent) = (number, spent);
        }
        let spent = if certificate.spent_day == day { certificate.spent } else { Minor::ZERO };
        (certificate.spent_day, certificate.spent) = (day, spent.plus(total).ok_or(too_much)?);
        let person = certificate.person;
        let mut spend = self.spend(&person, day);
        spend.all = spend.all.plus(total).ok_or(too_much)?;
        match level {
            VerificationLevel::A => {}
            VerificationLevel::C => spend.tap = spend.tap.plus(total).ok_or(too_much)?,
            VerificationLevel::D => spend.static_code = spend.static_code.plus(total).ok_or(too_much)?,
        }
        self.person_mut(person)?.spend = spend;
        Ok(())
    }
}
