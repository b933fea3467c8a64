//! What a page of records changes in the views, worked out in memory before anything is written.

use crate::error::StoreError;
use crate::journal::signed;
use std::collections::{BTreeMap, BTreeSet};
use yinxin_core::{
    AccountId, Body, CertificateId, Facts, OrderId, Outcome, PaymentFacts, PaymentNumber, Refusal,
};

/// Records whose numbers are sorted together; the question for a number names it too.
const PART: i64 = 32_768;

/// Every row that a page of records adds or changes.
#[derive(Default)]
pub(super) struct Page {
    /// Part, key, record; in the order of the index.
    pub(super) numbers: BTreeSet<(i64, i64, i64)>,
    /// Account and record.
    pub(super) refused: BTreeSet<(AccountId, i64)>,
    /// Certificate, record, time.
    pub(super) certificates: Vec<(CertificateId, i64, i64)>,
    /// Outcomes without a number of the sequence, less numbers without an outcome.
    pub(super) apart: BTreeMap<CertificateId, i64>,
    /// Order, how it ended, record.
    pub(super) orders: Vec<(OrderId, &'static str, i64)>,
    /// Records projected before this page, after it, and the digest of the last one.
    pub(super) mark: Option<(i64, i64, [u8; 32])>,
}

/// The key of a number: what comes at random needs no more bytes to be found.
pub(super) fn number_key(number: &PaymentNumber) -> i64 {
    let first = number.as_bytes().first_chunk().copied().unwrap_or_default();
    i64::from_be_bytes(first)
}

impl Page {
    /// Works out what `records` change, which follow one another.
    pub(super) fn of(records: &[(u64, Facts)], digest: [u8; 32]) -> Result<Self, StoreError> {
        let mut page = Self::default();
        for (index, facts) in records {
            let index = signed(*index)?;
            let first = match page.mark {
                Some((first, next, _)) if next == index => first,
                None => index,
                Some(_) => return Err(wrong(index, "the record after the one before it")),
            };
            page.take(index, facts);
            page.mark = Some((first, index.saturating_add(1), digest));
        }
        Ok(page)
    }

    fn take(&mut self, index: i64, facts: &Facts) {
        match &facts.body {
            Body::Payment { payment } => self.posted_or_refused(index, payment),
            Body::OrderCancelled { order, .. } => self.orders.push((*order, "cancelled", index)),
            Body::CertificateIssued { certificate, .. } => {
                self.certificates.push((*certificate, index, facts.at.0));
            }
            Body::PaymentVoided { certificate, .. } => self.stray(*certificate, -1),
            Body::Genesis { .. }
            | Body::PersonOpened { .. }
            | Body::MerchantOpened { .. }
            | Body::MoneyIssued { .. }
            | Body::PolicySet { .. }
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
            | Body::ReissueOpened { .. }
            | Body::ReissueVetoed { .. }
            | Body::ReissueAcknowledged { .. }
            | Body::ReissueEnded { .. }
            | Body::ReissueGivenUp { .. }
            | Body::SuccessorRequested { .. }
            | Body::CertificateSuperseded { .. }
            | Body::CertificateRevokedOnDevice { .. }
            | Body::DeviceSessionsEnded { .. }
            | Body::KitUsed { .. }
            | Body::PinCounted { .. }
            | Body::PinAccepted { .. } => {}
        }
    }

    fn posted_or_refused(&mut self, index: i64, payment: &PaymentFacts) {
        self.numbers.insert((index.div_euclid(PART), number_key(&payment.number), index));
        match &payment.outcome {
            Outcome::Refused { refusal } => {
                self.refused.insert((payment.payer, index));
                if *refusal == Refusal::Forked {
                    self.stray(payment.certificate, 1);
                }
            }
            Outcome::Posted { .. } => {
                self.orders.extend(payment.order.map(|order| (order, "paid", index)));
            }
        }
    }

    fn stray(&mut self, certificate: CertificateId, more: i64) {
        let apart = self.apart.entry(certificate).or_default();
        *apart = apart.saturating_add(more);
    }
}

/// A page that does not follow what the views show.
pub(super) fn wrong(index: i64, reason: &'static str) -> StoreError {
    StoreError::Corrupt { table: "mark", row: index.unsigned_abs(), reason }
}
