//! What is checked of an authorisation before the book decides: its place, and the openings beside it.

use super::{Disclosure, NewPayment};
use crate::payments::known::KnownCertificate;
use crate::{Wallet, WalletError};
use yinxin_core::certificate::Last;
use yinxin_core::command::{Disclosures, Opening};
use yinxin_core::text::{PayText, PayeeName, is_displayable, memo_commitment, name_commitment};
use yinxin_core::{Book, Refusal};

/// Characters of a memo.
const MEMO_MAX_CHARS: usize = 40;

impl Wallet {
    /// Refuses cheaply, before anything is kept, what is not the next text of its certificate.
    pub(super) async fn check_place(
        &self,
        known: &KnownCertificate,
        text: &PayText,
    ) -> Result<(), WalletError> {
        let is_next = |last: &Last| text.seq == last.seq.saturating_add(1) && text.prev == last.hash;
        let last_of = |book: &Book| book.certificate(&known.id).map(|certificate| certificate.last);
        // Another node may have recorded the text before this one a moment ago.
        let last = self.inner.writer.find(|book| last_of(book).filter(is_next)).await?;
        let last = last.or_else(|| self.inner.writer.book(last_of)).ok_or(WalletError::CertificateUnknown)?;
        let next = is_next(&last);
        // Equal to the last: the same bytes again, or a fork, which the book records.
        if next || text.seq == last.seq {
            return Ok(());
        }
        let behind = text.seq < last.seq;
        Err(WalletError::Refused(if behind { Refusal::SequenceBehind } else { Refusal::SequenceAhead }))
    }

    /// The names and the memo that were committed to are the ones that people see, and are kept beside the record.
    pub(super) fn check_disclosures(
        &self,
        text: &PayText,
        new: &NewPayment,
    ) -> Result<Option<Disclosures>, WalletError> {
        let payee = self.payee(text.payee)?;
        let shown = payee.as_ref().map(|payee| payee.display_name.as_str());
        match (&text.payee_name, &new.payee_name) {
            (PayeeName::Merchant(name), None) => {
                if shown.is_some_and(|shown| shown != name) {
                    return Err(WalletError::Refused(Refusal::PayeeMismatch));
                }
            }
            (PayeeName::Person(commitment), Some(opening)) => {
                if name_commitment(&opening.salt, &opening.text) != *commitment {
                    return Err(WalletError::DisclosureMismatch);
                }
                if shown.is_some_and(|shown| shown != opening.text) {
                    return Err(WalletError::Refused(Refusal::PayeeMismatch));
                }
            }
            (PayeeName::Merchant(_), Some(_)) | (PayeeName::Person(_), None) => {
                return Err(WalletError::DisclosureMismatch);
            }
        }
        let memo_fits = match (&text.memo, &new.memo) {
            (None, None) => true,
            (Some(commitment), Some(opening)) => {
                is_displayable(&opening.text)
                    && opening.text.chars().count() <= MEMO_MAX_CHARS
                    && memo_commitment(&opening.salt, &opening.text) == *commitment
            }
            (None, Some(_)) | (Some(_), None) => false,
        };
        if memo_fits { Ok(disclosures(new)) } else { Err(WalletError::DisclosureMismatch) }
    }
}

/// What is kept beside the record.
fn disclosures(new: &NewPayment) -> Option<Disclosures> {
    let opening = |disclosure: &Disclosure| Opening { salt: disclosure.salt, text: disclosure.text.clone() };
    let (payee_name, memo) = (new.payee_name.as_ref().map(opening), new.memo.as_ref().map(opening));
    let any = payee_name.is_some() || memo.is_some();
    any.then_some(Disclosures { version: 1, payee_name, memo })
}
