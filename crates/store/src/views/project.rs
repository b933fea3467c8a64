//! What each record changes in the views.

use crate::error::StoreError;
use crate::journal::signed;
use crate::sql::{Session, params};
use yinxin_core::{
    AccountId, Body, Facts, Minor, OrderId, Outcome, PaymentFacts, PaymentKind, VerificationLevel,
};

/// Empties every view.
pub(super) fn clear(session: Session<'_>) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM accounts",
        "DELETE FROM payments",
        "DELETE FROM lines",
        "DELETE FROM uses",
        "DELETE FROM certificates",
        "DELETE FROM orders",
        "UPDATE mark SET records = 0",
    ] {
        session.execute(sql, &[])?;
    }
    Ok(())
}

/// Adds the records that follow the mark, and moves it.
pub(super) fn all(session: Session<'_>, records: &[(u64, Facts)]) -> Result<(), StoreError> {
    for (index, facts) in records {
        one(session, *index, facts)?;
    }
    if let Some((last, _)) = records.last() {
        session.execute("UPDATE mark SET records = ?1", params![signed(last.saturating_add(1))?])?;
    }
    Ok(())
}

fn one(session: Session<'_>, index: u64, facts: &Facts) -> Result<(), StoreError> {
    match &facts.body {
        Body::Genesis { issuance, fees, .. } => {
            add_account(session, issuance, "issuance")?;
            add_account(session, fees, "fees")
        }
        Body::PersonOpened { account, .. } | Body::MerchantOpened { account, .. } => {
            add_account(session, account, "holder")
        }
        Body::MoneyIssued { account, amount } => issue(session, index, facts, account, *amount),
        Body::Payment { payment } => posted_or_refused(session, index, facts, payment),
        Body::OrderCancelled { order, .. } => end_order(session, order, "cancelled", index),
        Body::CertificateIssued { certificate, .. } => {
            let sql = "INSERT INTO certificates VALUES (?1, ?2, ?3)";
            session.execute(sql, params![certificate.as_bytes(), signed(index)?, facts.at.0])?;
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

fn add_account(session: Session<'_>, account: &AccountId, role: &str) -> Result<(), StoreError> {
    session.execute("INSERT INTO accounts VALUES (?1, 0, ?2)", params![account.as_bytes(), role])?;
    Ok(())
}

fn account_of(session: Session<'_>, role: &str) -> Result<AccountId, StoreError> {
    let sql = "SELECT account FROM accounts WHERE role = ?1";
    Ok(AccountId::from_bytes(session.only(sql, params![role], |row| row.get(0))?))
}

/// Moves the balance and answers what it is then.
fn shift(session: Session<'_>, account: &AccountId, delta: i64) -> Result<i64, StoreError> {
    let sql = "UPDATE accounts SET balance = balance + ?2 WHERE account = ?1 RETURNING balance";
    Ok(session.only(sql, params![account.as_bytes(), delta], |row| row.get(0))?)
}

fn add_line(session: Session<'_>, account: &AccountId, index: u64) -> Result<(), StoreError> {
    session.execute("INSERT INTO lines VALUES (?1, ?2)", params![account.as_bytes(), signed(index)?])?;
    Ok(())
}

fn end_order(session: Session<'_>, order: &OrderId, state: &str, index: u64) -> Result<(), StoreError> {
    let sql = "INSERT INTO orders VALUES (?1, ?2, ?3)";
    session.execute(sql, params![order.as_bytes(), state, signed(index)?])?;
    Ok(())
}

const INSERT_PAYMENT: &str =
    "INSERT INTO payments VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

fn issue(
    session: Session<'_>,
    index: u64,
    facts: &Facts,
    account: &AccountId,
    amount: Minor,
) -> Result<(), StoreError> {
    shift(session, account, signed(amount.get())?)?;
    let issuance = account_of(session, "issuance")?;
    shift(session, &issuance, signed(amount.get())?.saturating_neg())?;
    session.execute(
        INSERT_PAYMENT,
        params![
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
        ],
    )?;
    add_line(session, account, index)
}

fn posted_or_refused(
    session: Session<'_>,
    index: u64,
    facts: &Facts,
    payment: &PaymentFacts,
) -> Result<(), StoreError> {
    let (amount, fee) = (signed(payment.amount.get())?, signed(payment.fee.get())?);
    let (code, level, payer_balance) = match &payment.outcome {
        Outcome::Refused { refusal } => (Some(refusal.code()), None, None),
        Outcome::Posted { level } => {
            let balance = shift(session, &payment.payer, amount.saturating_add(fee).saturating_neg())?;
            shift(session, &payment.payee, amount)?;
            if fee > 0 {
                shift(session, &account_of(session, "fees")?, fee)?;
            }
            add_line(session, &payment.payee, index)?;
            if let Some(order) = &payment.order {
                end_order(session, order, "paid", index)?;
            }
            (None, Some(level_word(*level)), Some(balance))
        }
    };
    add_line(session, &payment.payer, index)?;
    session.execute(
        INSERT_PAYMENT,
        params![
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
        ],
    )?;
    let sql = "INSERT INTO uses VALUES (?1, 1, ?2)
               ON CONFLICT (certificate) DO UPDATE SET uses = uses.uses + 1, last_at = ?2";
    session.execute(sql, params![payment.certificate.as_bytes(), facts.at.0])?;
    Ok(())
}

const fn level_word(level: VerificationLevel) -> &'static str {
    match level {
        VerificationLevel::A => "A",
        VerificationLevel::C => "C",
        VerificationLevel::D => "D",
    }
}
