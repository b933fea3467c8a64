//! What is checked of an authorisation before the book decides: its place, and the openings beside it.

use super::{Disclosure, NewPayment};
use crate::openings::Kept;
use crate::payments::known::KnownCertificate;
use crate::{SessionContext, Wallet, WalletError};
use yinxin_core::text::{PayText, PayeeName, is_displayable, memo_commitment, name_commitment};
use yinxin_core::{Digest, PaymentNumber, Refusal};
use yinxin_store::desk::{DisclosureRow, Opening};

/// Characters of a memo.
const MEMO_MAX_CHARS: usize = 40;

impl Wallet {
    /// Refuses cheaply, before anything is kept, what is not the next text of its certificate, and a number used before.
    pub(super) fn check_place(
        &self,
        session: &SessionContext,
        known: &KnownCertificate,
        text: &PayText,
        hash: Digest,
    ) -> Result<(), WalletError> {
        let last =
            self.inner.writer.book(|book| book.certificate(&known.id).map(|certificate| certificate.last));
        let last = last.ok_or(WalletError::CertificateUnknown)?;
        let next = text.seq == last.seq.saturating_add(1) && text.prev == last.hash;
        // Equal to the last: the same bytes again, or a fork, which the book records.
        if !next && text.seq != last.seq {
            let behind = text.seq < last.seq;
            let refusal = if behind { Refusal::SequenceBehind } else { Refusal::SequenceAhead };
            return Err(WalletError::Refused(refusal));
        }
        let before = self.inner.store.views.payment(&session.account, &text.number)?;
        match before.and_then(|row| self.inner.writer.load(row.index).ok().flatten()) {
            Some(found) if found.facts.payment().is_some_and(|payment| payment.hash != hash) => {
                Err(WalletError::Refused(Refusal::NumberReused))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The names and the memo that were committed to are the ones that people see, and are kept on the desk.
    pub(super) async fn check_disclosures(
        &self,
        text: &PayText,
        new: &NewPayment,
    ) -> Result<(), WalletError> {
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
        if !memo_fits {
            return Err(WalletError::DisclosureMismatch);
        }
        self.keep_disclosures(text.number, new).await
    }

    async fn keep_disclosures(&self, number: PaymentNumber, new: &NewPayment) -> Result<(), WalletError> {
        let opening =
            |disclosure: &Disclosure| Opening { salt: disclosure.salt, text: disclosure.text.clone() };
        let row = DisclosureRow {
            payment: number,
            payee_name: new.payee_name.as_ref().map(opening),
            memo: new.memo.as_ref().map(opening),
        };
        let kept = if row.payee_name.is_none() && row.memo.is_none() {
            match self.inner.store.desk.read(|desk| desk.disclosure(number))? {
                Some(_) => Kept::Others,
                None => Kept::Same,
            }
        } else {
            self.inner.openings.keep(row).await?
        };
        match kept {
            Kept::Same => Ok(()),
            Kept::Others => Err(WalletError::Refused(Refusal::NumberReused)),
        }
    }
}
