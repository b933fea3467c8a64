//! The recovery kit speaks for a new device (rules § 4, R3), after password and code were right.

use super::{ReissueWay, is_there};
use crate::certificates::SignedText;
use crate::enrolment::Enrolment;
use crate::sessions::SessionContext;
use crate::{Wallet, WalletError};
use yinxin_core::certificate::Purpose;
use yinxin_core::reissue::Proof;
use yinxin_core::{CertificateId, EnrolmentId, PersonId};
use yinxin_store::desk::{EnrolmentRow, EnrolmentState, ReissueConsent, ReissueRow};

impl Wallet {
    /// Proves the person by the recovery kit, whose key signed this device's very request. The file and its passphrase stay in
    /// the browser.
    ///
    /// # Errors
    /// `EnrolmentNotFound`, `EnrolmentExpired`; `RequestInvalid` before the code was right; those of the signed text;
    /// `KitInvalid`, or a refusal while the kit does not count as a proof.
    pub async fn prove_reissue_by_kit(
        &self,
        session: &SessionContext,
        enrolment: EnrolmentId,
        text: &SignedText,
    ) -> Result<Enrolment, WalletError> {
        let row = self.own_enrolment(session, enrolment)?;
        let reissue = self.reissue_row(enrolment)?;
        let proved = row.state == EnrolmentState::Verified && row.code_at.is_some();
        if reissue.way != ReissueWay::Kit || !proved {
            return Err(WalletError::RequestInvalid);
        }
        let known = self.inner.writer.book(|book| book.reissue(row.person, enrolment).is_some());
        if !known {
            let used = self.use_kit_for_reissue(row.person, reissue.nonce, text).await?;
            let replaces = self.newest_there(row.person);
            let kept = ReissueConsent {
                request_hash: used.request,
                consent_hash: used.hash,
                consent: used.evidence.clone(),
                replaces,
            };
            // Another request of this device came before: what it asked for stays.
            if reissue.consent_hash != Some(used.hash)
                && !self.inner.store.desk.write(|tx| tx.consent_to_reissue(enrolment, &kept))?
            {
                return Err(WalletError::RequestInvalid);
            }
            let proof = Proof::Kit { kit: used.kit };
            self.open_case(&row, &reissue, proof, used.evidence.into_bytes()).await?;
        }
        self.enrolment_view(&self.person_row(session.person)?, &self.own_enrolment(session, enrolment)?)
    }

    /// The newest payment certificate that could be replaced.
    pub(super) fn newest_there(&self, person: PersonId) -> Option<CertificateId> {
        self.inner.writer.book(|book| {
            let ids = book.person(&person).map(|person| person.certificates.clone()).unwrap_or_default();
            ids.into_iter().rev().find(|id| {
                book.certificate(id)
                    .is_some_and(|found| found.purpose == Purpose::Payment && is_there(found.state))
            })
        })
    }
}

/// A device shows or signs the nonce until its person is proved; a kit signs it after the code was right.
pub(super) fn shows_nonce(row: &EnrolmentRow, reissue: &ReissueRow) -> bool {
    match reissue.way {
        ReissueWay::Secrets => false,
        ReissueWay::Device | ReissueWay::Vouch | ReissueWay::Passkey => row.state == EnrolmentState::CodeSent,
        ReissueWay::Kit => row.state == EnrolmentState::Verified && reissue.consent_hash.is_none(),
    }
}
