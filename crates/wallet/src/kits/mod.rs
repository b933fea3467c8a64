//! The recovery kit 恢复套件: a recovery certificate whose key was born in the browser and lives in a file with its own passphrase.
//!
//! ```text
//!  level A text ─▶ issued ── the recovery key signs ──▶ active ─▶ superseded   (a newer kit is active)
//!                     │                                   └─────▶ revoked      (one tap 「作废」)
//!                     └── not within the hour ──▶ abandoned
//! ```
//!
//! The key signs three things: a drill, a suspension, and a new device's request. A day after it was made it counts as a proof;
//! by itself it can neither pay nor reissue.

mod issuing;
mod using;

pub use issuing::{KitForm, KitIssued};
pub use using::{KitTask, SuspendedWithKit};

use crate::approval::has_living_certificate;
use crate::sessions::SessionContext;
use crate::{Wallet, WalletError};
use yinxin_core::certificate::{Purpose, State};
use yinxin_core::{Action, CertificateId, Digest, Millis, PersonId, Refusal};
use yinxin_store::desk::{ChallengePurpose, IssuanceState, KitRow};

/// A reminder comes this long after the last drill (issue: 180 days).
const DRILL_EVERY_MS: i64 = 180 * Millis::DAY;
/// Kits that one person is looked through for; nobody makes so many.
const LOOKED_AT_MAX: u32 = 20;

/// Why the person is asked to try the kit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KitReminder {
    /// It was not tried for half a year.
    NotTried,
    /// A certificate was reissued since it was last tried.
    Reissued,
}

/// A kit as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KitView {
    /// Its recovery certificate.
    pub id: CertificateId,
    /// Where that stands.
    pub state: State,
    /// When it was made.
    pub made_at: Millis,
    /// When its holder last showed that it opens.
    pub drilled_at: Option<Millis>,
    /// From when it counts as a proof.
    pub proof_from: Millis,
    /// The end of its validity.
    pub not_after: Millis,
    /// Why it should be tried now.
    pub reminder: Option<KitReminder>,
}

impl Wallet {
    /// The person's kit: the one in use, else the last that was.
    pub fn kit(&self, session: &SessionContext) -> Result<Option<KitView>, WalletError> {
        let rows = self.inner.store.desk.read(|tx| tx.kits_of_person(session.person, LOOKED_AT_MAX))?;
        let views = rows.iter().map(|row| self.kit_view(row)).collect::<Result<Vec<_>, _>>()?;
        let in_use = views.iter().find(|view| matches!(view.state, State::Active { .. }));
        Ok(in_use.or_else(|| views.first()).cloned())
    }

    /// Hands out what the payment certificate signs to have a kit made.
    ///
    /// # Errors
    /// `NotFound` unless the certificate is this person's.
    pub fn kit_challenge(
        &self,
        session: &SessionContext,
        certificate: CertificateId,
    ) -> Result<[u8; 32], WalletError> {
        self.own_issuance(session, certificate)?;
        self.draw_challenge(ChallengePurpose::Kit, certificate)
    }

    /// Ends the person's kit, by one tap on a device that holds a certificate; nothing happens when there is none.
    ///
    /// # Errors
    /// `SignatureRequired` where a payment certificate lives and this device holds none that speaks for its person.
    pub async fn invalidate_kit(
        &self,
        session: &SessionContext,
        intention: Digest,
    ) -> Result<Option<KitView>, WalletError> {
        // The kit is what decides against a stranger who has the secrets: a session of theirs must not end it.
        let lives = self.inner.writer.book(|book| has_living_certificate(book, &session.person));
        let now = self.now();
        let here = self.living_on(session.person, session.device)?;
        if lives && !here.iter().any(|held| held.may_speak(now).is_ok()) {
            return Err(WalletError::SignatureRequired);
        }
        for kit in self.live_kits(session.person) {
            let action = Action::Revoke {
                certificate: kit,
                reason: yinxin_core::certificate::RevocationReason::CessationOfOperation,
            };
            let evidence =
                format!(r#"{{"v":1,"person":"{}","device":"{}"}}"#, session.person, session.device);
            let ended = self
                .submit(&[b"kit-end", kit.as_bytes(), intention.as_bytes()], action, evidence.into_bytes())
                .await;
            match ended {
                Ok(_)
                | Err(WalletError::Refused(Refusal::CertificateRevoked | Refusal::CertificateSuperseded)) => {
                }
                Err(error) => return Err(error),
            }
        }
        self.kit(session)
    }

    /// The person's recovery certificates that are in use.
    pub(crate) fn live_kits(&self, person: PersonId) -> Vec<CertificateId> {
        self.kits_where(person, |state| matches!(state, State::Active { .. }))
    }

    /// The person's recovery certificates that wait for their first signature.
    pub(crate) fn waiting_kits(&self, person: PersonId) -> Vec<CertificateId> {
        self.kits_where(person, |state| matches!(state, State::Requested | State::Issued { .. }))
    }

    fn kits_where(&self, person: PersonId, wanted: impl Fn(State) -> bool) -> Vec<CertificateId> {
        self.inner.writer.book(|book| {
            let Some(person) = book.person(&person) else { return Vec::new() };
            let kits = person.certificates.iter().filter(|id| {
                book.certificate(id)
                    .is_some_and(|found| found.purpose == Purpose::Recovery && wanted(found.state))
            });
            kits.copied().collect()
        })
    }

    fn kit_view(&self, row: &KitRow) -> Result<KitView, WalletError> {
        let (kit, reissued) = self.inner.writer.book(|book| {
            let others = book.person(&row.person).map(|person| person.certificates.clone());
            let reissued = others
                .unwrap_or_default()
                .iter()
                .filter_map(|id| book.certificate(id))
                .filter(|other| other.purpose == Purpose::Payment && !other.route.continues())
                .map(|other| other.activated)
                .max();
            (book.certificate(&row.certificate).cloned(), reissued)
        });
        let kit =
            kit.ok_or_else(|| WalletError::Failed(format!("{} is not in the book", row.certificate)))?;
        let seen_at = row.drilled_at.unwrap_or(row.created_at);
        let reminder = match kit.state {
            State::Active { .. } if reissued.is_some_and(|at| at > seen_at) => Some(KitReminder::Reissued),
            State::Active { .. } if self.now().since(seen_at) >= DRILL_EVERY_MS => {
                Some(KitReminder::NotTried)
            }
            State::Active { .. }
            | State::Requested
            | State::Issued { .. }
            | State::Suspended { .. }
            | State::Revoked { .. }
            | State::Abandoned
            | State::Expired { .. }
            | State::Superseded { .. } => None,
        };
        Ok(KitView {
            id: row.certificate,
            state: kit.state,
            made_at: row.created_at,
            drilled_at: row.drilled_at,
            proof_from: kit.proof_from(),
            not_after: kit.not_after,
            reminder,
        })
    }

    /// The kit with this recovery certificate, signed or in use.
    pub(crate) fn kit_row(&self, kit: CertificateId) -> Result<KitRow, WalletError> {
        let row = self.inner.store.desk.read(|tx| tx.kit(kit))?;
        row.filter(|row| matches!(row.state, IssuanceState::Signed | IssuanceState::Recorded))
            .ok_or(WalletError::KitInvalid)
    }
}
