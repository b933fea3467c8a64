//! What each record changes in the views.

use crate::error::StoreError;
use crate::journal::signed;
use rusqlite::{Transaction, params};
use yinxin_core::{
    AccountId, Body, Facts, Minor, OrderId, Outcome, PaymentFacts, PaymentKind, VerificationLevel,
};

/// Adds one record to the views.
pub(super) fn one(transaction: &Transaction<'_>, index: u64, facts: &Facts) -> Result<(), StoreError> {
    match &facts.body {
        Body::Genesis { issuance, fees, .. } => {
            add_account(transaction, issuance, "issuance")?;
            add_account(transaction, fees, "fees")
        }
        Body::PersonOpened { account, .. } | Body::MerchantOpened { account, .. } => {
            add_account(transaction, account, "holder")
        }
        Body::MoneyIssued { account, amount } => issue(transaction, index, facts, account, *amount),
        Body::Payment { payment } => posted_or_refused(transaction, index, facts, payment),
        Body::OrderCancelled { order, .. } => end_order(transaction, order, "cancelled", index),
        Body::CertificateIssued { certificate, .. } => {
            let mut insert = transaction.prepare_cached("INSERT INTO certificates VALUES (?1, ?2, ?3)")?;
            insert.execute(params![certificate.as_bytes(), signed(index)?, facts.at.0])?;
            Ok(())
        }
        Body::PolicySet { .. }
        | Body::SnapshotTaken { .. }
        | Body::ClockAccepted
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

fn add_account(transaction: &Transaction<'_>, account: &AccountId, role: &str) -> Result<(), StoreError> {
    transaction
        .prepare_cached("INSERT INTO accounts VALUES (?1, 0, ?2)")?
        .execute(params![account.as_bytes(), role])?;
    Ok(())
}

fn account_of(transaction: &Transaction<'_>, role: &str) -> Result<AccountId, StoreError> {
    let mut statement = transaction.prepare_cached("SELECT account FROM accounts WHERE role = ?1")?;
    Ok(AccountId::from_bytes(statement.query_row([role], |row| row.get(0))?))
}

/// Moves the balance and answers what it is then.
fn shift(transaction: &Transaction<'_>, account: &AccountId, delta: i64) -> Result<i64, StoreError> {
    let mut update = transaction
        .prepare_cached("UPDATE accounts SET balance = balance + ?2 WHERE account = ?1 RETURNING balance")?;
    Ok(update.query_row(params![account.as_bytes(), delta], |row| row.get(0))?)
}

fn add_line(transaction: &Transaction<'_>, account: &AccountId, index: u64) -> Result<(), StoreError> {
    let mut insert = transaction.prepare_cached("INSERT INTO lines VALUES (?1, ?2)")?;
    insert.execute(params![account.as_bytes(), signed(index)?])?;
    Ok(())
}

fn end_order(
    transaction: &Transaction<'_>,
    order: &OrderId,
    state: &str,
    index: u64,
) -> Result<(), StoreError> {
    let mut insert = transaction.prepare_cached("INSERT INTO orders VALUES (?1, ?2, ?3)")?;
    insert.execute(params![order.as_bytes(), state, signed(index)?])?;
    Ok(())
}

const INSERT_PAYMENT: &str =
    "INSERT INTO payments VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

fn issue(
    transaction: &Transaction<'_>,
    index: u64,
    facts: &Facts,
    account: &AccountId,
    amount: Minor,
) -> Result<(), StoreError> {
    shift(transaction, account, signed(amount.get())?)?;
    let issuance = account_of(transaction, "issuance")?;
    shift(transaction, &issuance, signed(amount.get())?.saturating_neg())?;
    transaction.prepare_cached(INSERT_PAYMENT)?.execute(params![
        signed(index)?,
        None::<[u8; 16]>,
        "top_up",
        issuance.as_bytes(),
        account.as_bytes(),
        signed(amount.get())?,
        0,
        None::<[u8; 10]>,
        None::<[u8; 10]>,
        None::<String>,
        None::<String>,
        facts.at.0,
        None::<i64>,
    ])?;
    add_line(transaction, account, index)
}

fn posted_or_refused(
    transaction: &Transaction<'_>,
    index: u64,
    facts: &Facts,
    payment: &PaymentFacts,
) -> Result<(), StoreError> {
    let (amount, fee) = (signed(payment.amount.get())?, signed(payment.fee.get())?);
    let (code, level, payer_balance) = match &payment.outcome {
        Outcome::Refused { refusal } => (Some(refusal.code()), None, None),
        Outcome::Posted { level } => {
            let balance = shift(transaction, &payment.payer, amount.saturating_add(fee).saturating_neg())?;
            shift(transaction, &payment.payee, amount)?;
            if fee > 0 {
                shift(transaction, &account_of(transaction, "fees")?, fee)?;
            }
            add_line(transaction, &payment.payee, index)?;
            if let Some(order) = &payment.order {
                end_order(transaction, order, "paid", index)?;
            }
            (None, Some(level_word(*level)), Some(balance))
        }
    };
    add_line(transaction, &payment.payer, index)?;
    transaction.prepare_cached(INSERT_PAYMENT)?.execute(params![
        signed(index)?,
        payment.number.as_bytes(),
        match payment.kind {
            PaymentKind::Pay => "pay",
            PaymentKind::Transfer => "transfer",
        },
        payment.payer.as_bytes(),
        payment.payee.as_bytes(),
        amount,
        fee,
        payment.certificate.as_bytes(),
        payment.order.as_ref().map(OrderId::as_bytes),
        code,
        level,
        facts.at.0,
        payer_balance,
    ])?;
    let mut use_once = transaction.prepare_cached(
        "INSERT INTO uses VALUES (?1, 1, ?2) ON CONFLICT (certificate) DO UPDATE SET uses = uses + 1, last_at = ?2",
    )?;
    use_once.execute(params![payment.certificate.as_bytes(), facts.at.0])?;
    Ok(())
}

const fn level_word(level: VerificationLevel) -> &'static str {
    match level {
        VerificationLevel::A => "A",
        VerificationLevel::C => "C",
        VerificationLevel::D => "D",
    }
}
