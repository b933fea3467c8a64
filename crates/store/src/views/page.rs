//! What a page of records changes in the views, worked out in memory before anything is written.

use crate::error::StoreError;
use crate::journal::signed;
use std::collections::{BTreeMap, BTreeSet};
use yinxin_core::{
    AccountId, Body, CertificateId, Facts, Minor, OrderId, Outcome, PaymentFacts, PaymentKind, PaymentNumber,
    VerificationLevel,
};

const ISSUANCE: &str = "issuance";
const FEES: &str = "fees";

/// An account as the views have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) balance: i64,
    pub(super) role: String,
}

/// A row of `payments`.
pub(super) struct Payment {
    pub(super) index: i64,
    pub(super) number: Option<PaymentNumber>,
    pub(super) kind: &'static str,
    pub(super) payer: AccountId,
    pub(super) payee: AccountId,
    pub(super) amount: i64,
    pub(super) fee: i64,
    pub(super) certificate: Option<CertificateId>,
    pub(super) order: Option<OrderId>,
    pub(super) code: Option<&'static str>,
    pub(super) level: Option<&'static str>,
    pub(super) at: i64,
    pub(super) payer_balance: Option<i64>,
}

/// How often a certificate was used in this page, and when last.
pub(super) struct Used {
    pub(super) times: i64,
    pub(super) last_at: i64,
}

/// Every row that a page of records adds or changes.
#[derive(Default)]
pub(super) struct Page {
    /// Those that the records touch, as they are afterwards.
    pub(super) accounts: BTreeMap<AccountId, Account>,
    pub(super) payments: Vec<Payment>,
    /// Account and record.
    pub(super) lines: BTreeSet<(AccountId, i64)>,
    pub(super) uses: BTreeMap<CertificateId, Used>,
    /// Certificate, record, time.
    pub(super) certificates: Vec<(CertificateId, i64, i64)>,
    /// Order, how it ended, record.
    pub(super) orders: Vec<(OrderId, &'static str, i64)>,
    /// Records projected after this page.
    pub(super) mark: Option<i64>,
    issuance: Option<AccountId>,
    fees: Option<AccountId>,
}

/// The accounts, besides those of issuance and fees, that these records touch.
pub(super) fn touched(records: &[(u64, Facts)]) -> BTreeSet<AccountId> {
    let mut accounts = BTreeSet::new();
    for (_, facts) in records {
        if let Body::MoneyIssued { account, .. } = &facts.body {
            accounts.insert(*account);
        }
        if let Some(payment) = facts.payment() {
            accounts.extend([payment.payer, payment.payee]);
        }
    }
    accounts
}

impl Page {
    /// Works out what `records` change, from the touched accounts as they are now.
    pub(super) fn of(
        accounts: BTreeMap<AccountId, Account>,
        records: &[(u64, Facts)],
    ) -> Result<Self, StoreError> {
        let with_role = |role: &str| {
            accounts.iter().find(|(_, account)| account.role == role).map(|(account, _)| *account)
        };
        let (issuance, fees) = (with_role(ISSUANCE), with_role(FEES));
        let mut page = Self { accounts, issuance, fees, ..Self::default() };
        for (index, facts) in records {
            page.take(signed(*index)?, facts)?;
            page.mark = Some(signed(index.saturating_add(1))?);
        }
        Ok(page)
    }

    fn take(&mut self, index: i64, facts: &Facts) -> Result<(), StoreError> {
        match &facts.body {
            Body::Genesis { issuance, fees, .. } => {
                (self.issuance, self.fees) = (Some(*issuance), Some(*fees));
                self.open(*issuance, ISSUANCE, index)?;
                self.open(*fees, FEES, index)
            }
            Body::PersonOpened { account, .. } | Body::MerchantOpened { account, .. } => {
                self.open(*account, "holder", index)
            }
            Body::MoneyIssued { account, amount } => self.issue(index, facts, *account, *amount),
            Body::Payment { payment } => self.posted_or_refused(index, facts, payment),
            Body::OrderCancelled { order, .. } => {
                self.orders.push((*order, "cancelled", index));
                Ok(())
            }
            Body::CertificateIssued { certificate, .. } => {
                self.certificates.push((*certificate, index, facts.at.0));
                Ok(())
            }
            Body::PolicySet { .. }
            | Body::SnapshotTaken { .. }
            | Body::ClockAccepted
            | Body::LogContinued { .. }
            | Body::SessionsEnded { .. }
            | Body::TapSet { .. }
            | Body::CertificateRequested { .. }
            | Body::CertificateActivated { .. }
            | Body::CertificateAbandoned { .. }
            | Body::CertificateSuspended { .. }
            | Body::CertificateResumed { .. }
            | Body::CertificateRevoked { .. }
            | Body::CertificateExpired { .. }
            | Body::PinCounted { .. }
            | Body::PinAccepted { .. }
            | Body::PaymentVoided { .. } => Ok(()),
        }
    }

    fn open(&mut self, account: AccountId, role: &str, index: i64) -> Result<(), StoreError> {
        let new = Account { balance: 0, role: role.to_owned() };
        match self.accounts.insert(account, new) {
            None => Ok(()),
            Some(_) => Err(wrong(index, "an account that is not there yet")),
        }
    }

    /// Moves the balance and answers what it is then.
    fn shift(&mut self, account: AccountId, delta: i64, index: i64) -> Result<i64, StoreError> {
        let found =
            self.accounts.get_mut(&account).ok_or_else(|| wrong(index, "an account that is there"))?;
        found.balance = found.balance.checked_add(delta).ok_or_else(|| wrong(index, "a balance in range"))?;
        Ok(found.balance)
    }

    fn issue(
        &mut self,
        index: i64,
        facts: &Facts,
        account: AccountId,
        amount: Minor,
    ) -> Result<(), StoreError> {
        let amount = signed(amount.get())?;
        let issuance = self.issuance.ok_or_else(|| wrong(index, "the account of issuance"))?;
        self.shift(account, amount, index)?;
        self.shift(issuance, amount.saturating_neg(), index)?;
        self.lines.insert((account, index));
        self.payments.push(Payment {
            index,
            number: None,
            kind: "top_up",
            payer: issuance,
            payee: account,
            amount,
            fee: 0,
            certificate: None,
            order: None,
            code: None,
            level: None,
            at: facts.at.0,
            payer_balance: None,
        });
        Ok(())
    }

    fn posted_or_refused(
        &mut self,
        index: i64,
        facts: &Facts,
        payment: &PaymentFacts,
    ) -> Result<(), StoreError> {
        let (amount, fee) = (signed(payment.amount.get())?, signed(payment.fee.get())?);
        let (code, level, payer_balance) = match &payment.outcome {
            Outcome::Refused { refusal } => (Some(refusal.code()), None, None),
            Outcome::Posted { level } => {
                let debit = amount.saturating_add(fee).saturating_neg();
                let balance = self.shift(payment.payer, debit, index)?;
                self.shift(payment.payee, amount, index)?;
                if fee > 0 {
                    let fees = self.fees.ok_or_else(|| wrong(index, "the account of fees"))?;
                    self.shift(fees, fee, index)?;
                }
                self.lines.insert((payment.payee, index));
                self.orders.extend(payment.order.map(|order| (order, "paid", index)));
                (None, Some(level_word(*level)), Some(balance))
            }
        };
        self.lines.insert((payment.payer, index));
        self.payments.push(Payment {
            index,
            number: Some(payment.number),
            kind: match payment.kind {
                PaymentKind::Pay => "pay",
                PaymentKind::Transfer => "transfer",
            },
            payer: payment.payer,
            payee: payment.payee,
            amount,
            fee,
            certificate: Some(payment.certificate),
            order: payment.order,
            code,
            level,
            at: facts.at.0,
            payer_balance,
        });
        let used = self.uses.entry(payment.certificate).or_insert(Used { times: 0, last_at: 0 });
        used.times = used.times.saturating_add(1);
        used.last_at = facts.at.0;
        Ok(())
    }
}

fn wrong(index: i64, reason: &'static str) -> StoreError {
    StoreError::Corrupt { table: "accounts", row: index.unsigned_abs(), reason }
}

const fn level_word(level: VerificationLevel) -> &'static str {
    match level {
        VerificationLevel::A => "A",
        VerificationLevel::C => "C",
        VerificationLevel::D => "D",
    }
}
