//! What an account and a certificate went through. The book has the newest record of each; every record names the one before
//! it; so a statement is a walk back through the journal, and the views keep nothing of it.

use crate::{Wallet, WalletError};
use yinxin_core::codec::Codec;
use yinxin_core::{
    AccountId, Body, CertificateId, Facts, Millis, Minor, OrderId, Outcome, PaymentFacts, PaymentKind,
    PaymentNumber, VerificationLevel,
};
use yinxin_store::{StoreError, StoredRecord};

/// Records that one question walks through at most. A page begins at the record before the last one of the page before, so
/// that only a place which no page ended at is looked for.
const STEPS_MAX: u32 = 10_000;
/// Records that are walked through for the balance after an old one: it is told beside something else, or not at all.
const BALANCE_STEPS_MAX: u32 = 500;
/// Payments whose number looks like the one that is looked for, at most: eight bytes are equal by chance once in a world, and
/// beyond some by somebody's will.
const LIKE_MAX: usize = 4_096;

/// What a line was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// A merchant's order.
    Pay,
    /// A transfer.
    Transfer,
    /// Money that was issued.
    TopUp,
}

/// A line of a person's or merchant's statement, as the record has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PaymentRow {
    pub(crate) index: u64,
    /// None where money was issued.
    pub(crate) number: Option<PaymentNumber>,
    pub(crate) kind: LineKind,
    pub(crate) payer: AccountId,
    pub(crate) payee: AccountId,
    /// What the payee received.
    pub(crate) amount: Minor,
    /// What the payer paid on top.
    pub(crate) fee: Minor,
    pub(crate) certificate: Option<CertificateId>,
    pub(crate) order: Option<OrderId>,
    /// Why it was refused; none where money moved.
    pub(crate) code: Option<String>,
    pub(crate) level: Option<VerificationLevel>,
    pub(crate) at: Millis,
}

/// How often a certificate was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Uses {
    /// Recorded outcomes, refused ones included.
    pub(crate) count: u64,
    pub(crate) last_at: Option<Millis>,
}

impl PaymentRow {
    pub(crate) fn of_payment(index: u64, at: Millis, payment: &PaymentFacts) -> Self {
        let (code, level) = match &payment.outcome {
            Outcome::Posted { level } => (None, Some(*level)),
            Outcome::Refused { refusal } => (Some(refusal.code().to_owned()), None),
        };
        Self {
            index,
            number: Some(payment.number),
            kind: match payment.kind {
                PaymentKind::Pay => LineKind::Pay,
                PaymentKind::Transfer => LineKind::Transfer,
            },
            payer: payment.payer,
            payee: payment.payee,
            amount: payment.amount,
            fee: payment.fee,
            certificate: Some(payment.certificate),
            order: payment.order,
            code,
            level,
            at,
        }
    }
}

/// A record on an account's way: what moved, and where the way goes on.
struct Step {
    /// What the account gained; negative where it paid.
    delta: i64,
    before: Option<u64>,
}

impl Step {
    /// None where the record did not touch the account, or opened it: there its way begins.
    fn of(facts: &Facts, account: &AccountId) -> Option<Self> {
        let (place, delta) = if let Some(payment) = posted(facts) {
            let (amount, fee) = (minor(payment.amount), minor(payment.fee));
            if payment.payer == *account {
                (0, amount.saturating_add(fee).saturating_neg())
            } else if payment.payee == *account {
                (1, amount)
            } else {
                (2, fee)
            }
        } else if let Body::MoneyIssued { account: to, amount } = &facts.body {
            if to == account { (1, minor(*amount)) } else { (0, minor(*amount).saturating_neg()) }
        } else {
            return None;
        };
        Some(Self { delta, before: facts.previous.get(place).copied() })
    }
}

fn minor(amount: Minor) -> i64 {
    i64::try_from(amount.get()).unwrap_or(i64::MAX)
}

fn decoded(record: &StoredRecord) -> Result<Facts, StoreError> {
    Facts::from_bytes_exact(&record.facts).map_err(|_| StoreError::Corrupt {
        table: "records",
        row: record.index,
        reason: "facts that decode",
    })
}

impl Wallet {
    /// At most `most` lines of an account before record `before`, newest first, and where the next page begins.
    pub(crate) fn lines(
        &self,
        account: AccountId,
        before: Option<u64>,
        most: u32,
    ) -> Result<(Vec<PaymentRow>, Option<u64>), WalletError> {
        let most_rows = usize::try_from(most).unwrap_or(usize::MAX);
        let mut rows = Vec::new();
        if let Some(newest) = self.posted_before(&account, before)? {
            self.way(&account, newest, |record, facts| {
                let row = self.row(&account, record.index, facts);
                rows.extend(row);
                Ok(rows.len() < most_rows)
            })?;
        }
        for index in self.inner.store.views.refused(&account, before.unwrap_or(u64::MAX), most)? {
            let facts = self.facts_at(index)?;
            rows.extend(self.row(&account, index, &facts));
        }
        rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.index));
        let full = rows.len() >= most_rows;
        rows.truncate(most_rows);
        if full && rows.iter().any(|row| row.code.is_none()) {
            // The next page goes on at once from a line that is on the account's way.
            while rows.last().is_some_and(|row| row.code.is_some()) {
                rows.pop();
            }
        }
        let next = rows.last().filter(|_| full).map(|row| row.index);
        Ok((rows, next))
    }

    /// The first payment of this number that `account` made or received. A number is its payer's choice, so another person's
    /// equal number is another payment.
    pub(crate) fn payment_row(
        &self,
        account: &AccountId,
        number: &PaymentNumber,
    ) -> Result<Option<PaymentRow>, WalletError> {
        let (mut from, mut seen) = (0, 0);
        loop {
            let page = self.inner.store.views.numbered(number, from)?;
            let Some(last) = page.last().copied() else { return Ok(None) };
            for index in page {
                let facts = self.facts_at(index)?;
                let row = self.row(account, index, &facts).filter(|row| row.number == Some(*number));
                if row.is_some() {
                    return Ok(row);
                }
                seen += 1;
            }
            // "Unseen" would be believed, and a payment that is posted closed as one that never was.
            if seen >= LIKE_MAX {
                return Err(WalletError::Busy);
            }
            from = last.saturating_add(1);
        }
    }

    /// The balance of an account after the record at `index`, which moved it. None when more than
    /// [`BALANCE_STEPS_MAX`] have moved it since.
    pub(crate) fn balance_after(&self, account: &AccountId, index: u64) -> Result<Option<i64>, WalletError> {
        let now =
            self.inner.writer.book(|book| book.account(account).map(|found| (found.balance, found.touched)));
        let Some((mut balance, newest)) = now else { return Ok(None) };
        let (mut found, mut steps) = (None, 0);
        self.way(account, newest, |record, facts| {
            if record.index <= index {
                found = (record.index == index).then_some(balance);
                return Ok(false);
            }
            steps += 1;
            if steps >= BALANCE_STEPS_MAX {
                return Ok(false);
            }
            let delta = Step::of(facts, account).map_or(0, |step| step.delta);
            balance = balance.saturating_sub(delta);
            Ok(true)
        })?;
        Ok(found)
    }

    /// How often a certificate was used: how far its sequence went, but for the few outcomes that are apart from it.
    pub(crate) fn uses(&self, id: &CertificateId) -> Result<Uses, WalletError> {
        let issued = self.inner.store.views.issued(id)?;
        let now = self.inner.writer.book(|book| {
            let certificate = book.certificate(id)?;
            Some((certificate.last.seq, certificate.touched))
        });
        let (Some(issued), Some((seq, newest))) = (issued, now) else { return Ok(Uses::default()) };
        let requested = self.facts_at(issued.index)?.previous.last().copied();
        let requested = requested.map(|index| self.facts_at(index)).transpose()?.map(|facts| facts.body);
        let Some(
            Body::CertificateRequested { first_seq: first, .. }
            | Body::SuccessorRequested { first_seq: first, .. },
        ) = requested
        else {
            return Err(WalletError::Failed(format!("{id} was issued and never requested")));
        };
        let count = seq.saturating_sub(first).saturating_add_signed(issued.apart);
        let mut last_at = None;
        if count > 0 {
            let mut steps = 0;
            self.inner.store.journal.walk::<WalletError>(newest, |record| {
                let facts = decoded(&record)?;
                if facts.payment().is_some_and(|payment| payment.certificate == *id) {
                    last_at = Some(facts.at);
                    return Ok(None);
                }
                steps += 1;
                Ok(facts.previous.last().copied().filter(|_| steps < STEPS_MAX))
            })?;
        }
        Ok(Uses { count, last_at })
    }

    /// The newest record before `before` that moved this account.
    fn posted_before(&self, account: &AccountId, before: Option<u64>) -> Result<Option<u64>, WalletError> {
        let newest = self.inner.writer.book(|book| book.account(account).map(|found| found.touched));
        let (Some(newest), Some(before)) = (newest, before) else { return Ok(newest) };
        if newest < before {
            return Ok(Some(newest));
        }
        let facts = self.inner.store.journal.record(before)?.as_ref().map(decoded).transpose()?;
        let facts = facts.ok_or(WalletError::Malformed)?;
        // Where the page before ended with a record of this account, it says which one came before.
        if concerns(&facts, account)
            && let Some(step) = Step::of(&facts, account)
        {
            return Ok(step.before);
        }
        // It ended with a refusal, which is on nobody's way. No page ends at anything else.
        if facts.payment().is_none_or(|payment| payment.payer != *account) {
            return Err(WalletError::Malformed);
        }
        let (mut found, mut steps) = (None, 0);
        self.way(account, newest, |record, _| {
            found = (record.index < before).then_some(record.index);
            steps += 1;
            // To say that there is nothing older would be wrong.
            if found.is_none() && steps >= STEPS_MAX { Err(WalletError::Busy) } else { Ok(found.is_none()) }
        })?;
        Ok(found)
    }

    /// Walks back through what moved an account, from `newest` on, while `see` says so.
    fn way(
        &self,
        account: &AccountId,
        newest: u64,
        mut see: impl FnMut(&StoredRecord, &Facts) -> Result<bool, WalletError>,
    ) -> Result<(), WalletError> {
        let mut steps = 0;
        self.inner.store.journal.walk::<WalletError>(newest, |record| {
            let facts = decoded(&record)?;
            let Some(step) = Step::of(&facts, account) else { return Ok(None) };
            steps += 1;
            let more = see(&record, &facts)? && steps < STEPS_MAX;
            Ok(step.before.filter(|_| more))
        })
    }

    /// The facts of a record that the views name.
    pub(crate) fn facts_at(&self, index: u64) -> Result<Facts, WalletError> {
        let missing = StoreError::Corrupt { table: "records", row: index, reason: "a record" };
        let record = self.inner.store.journal.record(index)?.ok_or(missing)?;
        Ok(decoded(&record)?)
    }

    /// The line that a record is for this account; what was refused is the payer's matter.
    fn row(&self, account: &AccountId, index: u64, facts: &Facts) -> Option<PaymentRow> {
        if let Some(payment) = facts.payment() {
            let mine = payment.payer == *account
                || (payment.payee == *account && matches!(payment.outcome, Outcome::Posted { .. }));
            return mine.then(|| PaymentRow::of_payment(index, facts.at, payment));
        }
        let Body::MoneyIssued { account: payee, amount } = &facts.body else { return None };
        let issuance = self.inner.writer.book(|book| book.deployment().map(|found| found.issuance))?;
        (payee == account).then_some(PaymentRow {
            index,
            number: None,
            kind: LineKind::TopUp,
            payer: issuance,
            payee: *payee,
            amount: *amount,
            fee: Minor::ZERO,
            certificate: None,
            order: None,
            code: None,
            level: None,
            at: facts.at,
        })
    }
}

/// The payment of a record that moved money by one.
fn posted(facts: &Facts) -> Option<&PaymentFacts> {
    facts.payment().filter(|payment| matches!(payment.outcome, Outcome::Posted { .. }))
}

/// Whether the account is the payer, the payee or the one that money was issued to.
fn concerns(facts: &Facts, account: &AccountId) -> bool {
    if let Body::MoneyIssued { account: to, .. } = &facts.body {
        return to == account;
    }
    posted(facts).is_some_and(|payment| payment.payer == *account || payment.payee == *account)
}
