//! Changing the password, and when somebody should (rules § 5): after a compromise always, by age only where the operator says so.

use crate::approval::Approval;
use crate::notices::{Notice, NoticeKind, tell_in};
use crate::passwords::{Lane, Password, Personal, Weakness, check_strength};
use crate::people::Phone;
use crate::sessions::SessionContext;
use crate::{Wallet, WalletError};
use std::sync::PoisonError;
use yinxin_core::text::Setting;
use yinxin_core::{Millis, PersonId};
use yinxin_store::desk::ContactFacts;

/// A password older than this is worth a reminder, where the operator wants one.
const OLD_AFTER_MS: i64 = 180 * Millis::DAY;

/// Whether passwords age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rotation {
    /// They do not (NIST SP 800-63B-4 section 3.1.1.2).
    #[default]
    Off,
    /// After 180 days a reminder, which can be dismissed.
    Remind,
    /// After 180 days they have to be changed.
    Force,
}

/// What a new password is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Composition {
    /// Anything that is long enough and hard to guess.
    #[default]
    Off,
    /// At least three of: small letters, capital letters, digits, anything else.
    Mixed,
}

/// What the operator demands of passwords beside their strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PasswordRules {
    /// Whether they age.
    pub rotation: Rotation,
    /// What they are made of.
    pub composition: Composition,
}

/// What a person is to do about the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordAdvice {
    /// Nothing.
    None,
    /// Change it some day: it is old.
    Remind,
    /// Change it now: somebody else knows it, or the operator forces it.
    Change,
}

impl Wallet {
    /// Passwords follow `rules` from now on.
    pub fn set_password_rules(&self, rules: PasswordRules) {
        *self.inner.password_rules.lock().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    fn password_rules(&self) -> PasswordRules {
        *self.inner.password_rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a new password that is too easy to guess, or not what the operator demands.
    pub(crate) fn check_new_password(
        &self,
        password: &Password,
        personal: &Personal<'_>,
    ) -> Result<(), WalletError> {
        check_strength(password, personal)?;
        match self.password_rules().composition {
            Composition::Mixed if !is_mixed(password.expose()) => {
                Err(WalletError::WeakPassword(Weakness::Composition))
            }
            Composition::Mixed | Composition::Off => Ok(()),
        }
    }

    /// When my password was set, and what I am to do about it.
    pub fn password_advice(&self, person: PersonId) -> Result<(Millis, PasswordAdvice), WalletError> {
        let (row, ordered, facts) = self.inner.store.desk.read(|desk| {
            Ok((desk.person(person)?, desk.password_order(person)?, desk.contact_facts(person)?))
        })?;
        let changed_at = row.ok_or(WalletError::SessionRequired)?.password_changed_at;
        let now = self.now();
        let is_old = now.since(changed_at) > OLD_AFTER_MS;
        let was_dismissed = facts.reminded_at.is_some_and(|at| now.since(at) <= OLD_AFTER_MS);
        let advice = match self.password_rules().rotation {
            Rotation::Off | Rotation::Remind | Rotation::Force if ordered.is_some() => PasswordAdvice::Change,
            Rotation::Force if is_old => PasswordAdvice::Change,
            Rotation::Remind if is_old && !was_dismissed => PasswordAdvice::Remind,
            Rotation::Off | Rotation::Remind | Rotation::Force => PasswordAdvice::None,
        };
        Ok((changed_at, advice))
    }

    /// Not now: the reminder comes again in 180 days.
    pub fn dismiss_password_reminder(&self, session: &SessionContext) -> Result<(), WalletError> {
        let now = self.now();
        Ok(self.inner.store.desk.write(|tx| {
            let facts = tx.contact_facts(session.person)?;
            tx.set_contact_facts(session.person, ContactFacts { reminded_at: Some(now), ..facts })
        })?)
    }

    /// What changed lately in how a person is reached and recognised; a reissue asks.
    pub fn contact_facts(&self, person: PersonId) -> Result<ContactFacts, WalletError> {
        Ok(self.inner.store.desk.read(|desk| desk.contact_facts(person))?)
    }

    /// Changes my password. Where somebody else knew the old one, I am signed out everywhere else.
    ///
    /// # Errors
    /// `WeakPassword`; those of the approval.
    pub async fn change_password(
        &self,
        session: &SessionContext,
        password: &Password,
        approval: &Approval,
    ) -> Result<(), WalletError> {
        let row = self.person_row(session.person)?;
        let phone = Phone::parse(&row.phone).ok_or(WalletError::PhoneInvalid)?;
        self.check_new_password(password, &Personal { phone: phone.national_digits(), name: &row.name })?;
        let cause = self.approve(session, Setting::Password, true, approval).await?;
        let place = self.inner.passwords.place(Lane::Known)?;
        let hash = self.inner.passwords.hash(place, password, self.inner.entropy.as_ref()).await?;
        let was_known = self.inner.store.desk.read(|desk| desk.password_order(session.person))?.is_some();
        if was_known {
            // Before the password: a crash in between leaves devices signed out, never one signed in.
            self.sign_out_others(session, cause).await?;
        }
        let now = self.now();
        let notice = Notice::because(NoticeKind::PasswordChanged, cause.as_bytes()).on(session.device_kind);
        self.inner.store.desk.write(|tx| {
            tx.set_password(session.person, &hash, now)?;
            tx.lift_password_order(session.person)?;
            tell_in(tx, &row, &notice, now).map(drop)
        })?;
        self.notice_changed(session.account);
        Ok(())
    }
}

fn is_mixed(password: &str) -> bool {
    let kinds: [fn(char) -> bool; 4] = [
        char::is_lowercase,
        char::is_uppercase,
        |c| c.is_ascii_digit(),
        |c| !c.is_lowercase() && !c.is_uppercase() && !c.is_ascii_digit(),
    ];
    kinds.iter().filter(|kind| password.chars().any(**kind)).count() >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_means_three_kinds_of_four() {
        for (password, mixed) in
            [("jadekettle", false), ("jadekettle42", false), ("Jadekettle42", true), ("jade-kettle-42", true)]
        {
            assert_eq!(is_mixed(password), mixed, "{password}");
        }
    }
}
