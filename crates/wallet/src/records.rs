//! A person's or merchant's statement, line by line.

use crate::history::{LineKind, PaymentRow};
use crate::payees::Payee;
use crate::writer::Committed;
use crate::{SessionContext, Wallet, WalletError};
use yinxin_core::codec::Codec;
use yinxin_core::command::Disclosures;
use yinxin_core::text::{OrderItem, OrderText, TYP_ORDER};
use yinxin_core::{
    AccountId, CertificateId, Millis, Minor, OrderId, PaymentFacts, PaymentNumber, VerificationLevel,
};
use yinxin_pki::Jws;
use yinxin_store::StoreError;

/// Lines of one page.
const PAGE_MAX: u32 = 50;

/// Whether money went out or came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// I paid.
    Out,
    /// I was paid.
    In,
}

/// One line of my statement.
#[derive(Debug, Clone)]
pub struct PaymentLine {
    /// The record.
    pub index: u64,
    /// The payment's number; none where money was issued.
    pub number: Option<PaymentNumber>,
    /// What it was.
    pub kind: LineKind,
    /// Out or in.
    pub direction: Direction,
    /// Why it was refused; none where money moved.
    pub code: Option<String>,
    /// What the payee received.
    pub amount: Minor,
    /// What the payer paid on top.
    pub fee: Minor,
    /// The other side; none where money was issued.
    pub counterparty: Option<Payee>,
    /// The memo, where there is one.
    pub memo: Option<String>,
    /// The order and its lines, for a payment of an order.
    pub order: Option<(OrderId, Vec<OrderItem>)>,
    /// The certificate that signed; shown to its owner.
    pub certificate: Option<CertificateId>,
    /// The level that was reached.
    pub level: Option<VerificationLevel>,
    /// Record time.
    pub at: Millis,
}

/// Where a line's memo comes from.
pub(crate) enum Memo {
    /// It was sent and kept just now.
    Given(Option<String>),
    /// The journal has it, unless it was erased.
    Kept,
}

impl Wallet {
    /// My lines before record `before` (none: from the newest on), newest first, at most `limit`; and where the next page begins.
    pub async fn payments(
        &self,
        session: &SessionContext,
        before: Option<u64>,
        limit: Option<u32>,
    ) -> Result<(Vec<PaymentLine>, Option<u64>), WalletError> {
        self.settle_all().await?;
        let limit = limit.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
        let (rows, next) = self.lines(session.account, before, limit)?;
        let lines =
            rows.iter().map(|row| self.line(session.account, row, Memo::Kept)).collect::<Result<_, _>>()?;
        Ok((lines, next))
    }

    /// The line of a record that was committed just now, before the views show it.
    pub(crate) fn line_of(
        &self,
        session: &SessionContext,
        committed: &Committed,
        facts: &PaymentFacts,
        memo: Memo,
    ) -> Result<PaymentLine, WalletError> {
        let row = PaymentRow::of_payment(committed.index, committed.facts.at, facts);
        self.line(session.account, &row, memo)
    }

    fn line(&self, account: AccountId, row: &PaymentRow, memo: Memo) -> Result<PaymentLine, WalletError> {
        let direction = if row.payer == account { Direction::Out } else { Direction::In };
        let memo = match (memo, row.number) {
            (Memo::Given(memo), _) => memo,
            (Memo::Kept, None) => None,
            (Memo::Kept, Some(_)) => self.kept_memo(row.index)?,
        };
        let other = match direction {
            Direction::Out => row.payee,
            Direction::In => row.payer,
        };
        let counterparty = match row.kind {
            LineKind::TopUp => None,
            LineKind::Pay | LineKind::Transfer => self.payee(other)?,
        };
        Ok(PaymentLine {
            index: row.index,
            number: row.number,
            kind: row.kind,
            direction,
            code: row.code.clone(),
            amount: row.amount,
            fee: row.fee,
            counterparty,
            memo,
            order: row.order.map(|order| self.order_items(order).map(|items| (order, items))).transpose()?,
            certificate: row.certificate.filter(|_| direction == Direction::Out),
            level: row.level,
            at: row.at,
        })
    }

    fn kept_memo(&self, index: u64) -> Result<Option<String>, WalletError> {
        let Some(bytes) = self.inner.store.journal.disclosures(index)? else { return Ok(None) };
        let disclosures = Disclosures::from_bytes_exact(&bytes).map_err(|_| StoreError::Corrupt {
            table: "disclosures",
            row: index,
            reason: "they do not decode",
        })?;
        Ok(disclosures.memo.map(|opening| opening.text))
    }

    fn order_items(&self, order: OrderId) -> Result<Vec<OrderItem>, WalletError> {
        let row = self.order_row(order)?;
        Ok(OrderText::parse(Jws::parse_compact(&row.jws, TYP_ORDER)?.payload())?.items)
    }
}
