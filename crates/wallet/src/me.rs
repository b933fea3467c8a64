//! What I see of myself: name, numbers, balance, settings.

use crate::ledger::{Tiles, hashes};
use crate::notices::UNREAD_MAX;
use crate::open::next_midnight;
use crate::{PasswordAdvice, SessionContext, Wallet, WalletError};
use yinxin_core::certificate::State;
use yinxin_core::policy::Policy;
use yinxin_core::{AccountId, Action, Command, CommandId, Millis, Minor, PersonId};
use yinxin_tlog::consistency_proof;

/// Myself.
#[derive(Debug, Clone)]
pub struct Me {
    /// The person.
    pub person: PersonId,
    /// The name that the person declared.
    pub name: String,
    /// The phone number with its middle hidden.
    pub phone_masked: String,
    /// The number to log in with and to be found by.
    pub account_number: String,
    /// The account.
    pub account: AccountId,
    /// What it holds, in minor units.
    pub balance: i64,
    /// Payment by one tap.
    pub tap: bool,
    /// The most that one tap pays.
    pub tap_each: Minor,
    /// What is left of today's limit for taps.
    pub tap_left: Minor,
    /// What is left of today's agreed limit.
    pub day_left: Minor,
    /// When the day's sums start again.
    pub resets_at: Option<Millis>,
    /// Whether a certificate may sign now.
    pub has_active_certificate: bool,
    /// Whether one was ever active.
    pub had_certificate: bool,
    /// Until when the registration's code and password serve an enrolment too.
    pub sitting_until: Option<Millis>,
    /// Notices that were not seen; 99 stands for more.
    pub unread_notices: u32,
    /// What to do about the password.
    pub password_advice: PasswordAdvice,
}

impl Wallet {
    /// Myself, as of the last record.
    pub fn me(&self, session: &SessionContext) -> Result<Me, WalletError> {
        let row = self.profile(session.person, session.device)?;
        let now = self.inner.writer.now(self.now());
        let unread_notices =
            self.inner.store.desk.read(|desk| desk.notices_unread(session.person, UNREAD_MAX))?;
        let (_, password_advice) = self.password_advice(session.person)?;
        self.inner.writer.book(|book| {
            let person = book.person(&session.person).ok_or(WalletError::SessionRequired)?;
            let policy = book.policy().ok_or(WalletError::Busy)?;
            let spend = book.spend(&session.person, now.day);
            let active =
                |id| book.certificate(id).is_some_and(|found| matches!(found.state, State::Active { .. }));
            Ok(Me {
                person: session.person,
                phone_masked: row.phone_masked,
                name: row.name,
                account_number: row.account_number,
                account: person.account,
                balance: book.account(&person.account).map_or(0, |account| account.balance),
                tap: person.tap,
                tap_each: policy.tap_each,
                tap_left: policy.tap_day.left_after(spend.tap),
                day_left: policy.verified_day.left_after(spend.all),
                resets_at: next_midnight(now.at, &policy.time_zone),
                has_active_certificate: person.certificates.iter().any(active),
                had_certificate: person.had_certificate,
                sitting_until: row.sitting_until,
                unread_notices,
                password_advice,
            })
        })
    }

    /// The policy in force.
    pub fn policy(&self) -> Result<Policy, WalletError> {
        self.inner.writer.book(|book| book.policy().cloned()).ok_or(WalletError::Busy)
    }

    /// Puts play money into my account; a demonstration only.
    pub async fn top_up(
        &self,
        session: &SessionContext,
        id: CommandId,
        amount: Minor,
    ) -> Result<(), WalletError> {
        let action = Action::IssueMoney { account: session.account, amount };
        let committed = self.inner.writer.submit(Command { id, action, evidence: Vec::new() }).await?;
        self.settle(committed.index).await
    }

    /// The newest signed checkpoint of the usage log.
    pub fn checkpoint(&self) -> Result<String, WalletError> {
        Ok(self.inner.store.journal.head()?.ok_or(WalletError::NotFound)?.note)
    }

    /// The proof that the log of `new` records goes on from the one of `old` records.
    ///
    /// # Errors
    /// `Malformed` unless 0 < `old` ≤ `new` ≤ the records there are.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<[u8; 32]>, WalletError> {
        if old == 0 || old > new || new > self.records() {
            return Err(WalletError::Malformed);
        }
        let source = Tiles(&self.inner.store.journal);
        let proof = self.inner.writer.ledger(|ledger| consistency_proof(&ledger.tree, &source, old, new));
        proof.map(hashes).map_err(|error| WalletError::Failed(error.to_string()))
    }
}
