//! Second factors of a log-in: an authenticator app, passkeys, recovery codes; a text message where there is none of them.
//!
//! ```text
//! password right, device unknown ─▶ app or passkey set up? ─ yes ─▶ a code of the app | a passkey | a recovery code
//!                                              └────────── no ──▶ a code by SMS | a recovery code
//! ```
//!
//! Whoever set up a stronger factor is not let in by a text message: numbers are stolen. Each try is counted before it is
//! compared. Making or taking away a factor is approved (`approval`), and told.

mod passkeys;
mod recovery;
mod totp;

pub use passkeys::{PasskeyAnswer, PasskeyOffer, PasskeyQuestion, PasskeyRegistration};
pub use totp::TotpOffer;

use crate::codes::{DeviceKind, Errand};
use crate::notices::{Notice, NoticeKind, tell_in};
use crate::people::Phone;
use crate::sessions::{LogIn, SessionContext, Visitor};
use crate::{Wallet, WalletError};
use yinxin_core::{Digest, Millis, PersonId};
use yinxin_store::desk::{CodePurpose, DeskError, DeskWrite, LoginPasskeyRow, PersonRow};

/// How a person logs in beside the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginFactors {
    /// Since when there is an authenticator app.
    pub totp_since: Option<Millis>,
    /// Passkeys, oldest first.
    pub passkeys: Vec<LoginPasskey>,
    /// Recovery codes that are left.
    pub recovery_codes_left: u32,
}

/// A passkey that logs its person in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginPasskey {
    /// The credential's id.
    pub credential_id: Vec<u8>,
    /// Where it was made.
    pub device_kind: DeviceKind,
    /// When.
    pub made_at: Millis,
    /// When it was last used.
    pub used_at: Option<Millis>,
}

/// Which stronger factors a person has set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrongFactors {
    /// An authenticator app.
    Totp,
    /// Passkeys.
    Passkey,
    /// Both.
    Both,
}

impl StrongFactors {
    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::Both => "totp_passkey",
        }
    }
}

impl Wallet {
    /// How I log in beside the password.
    pub fn login_factors(&self, session: &SessionContext) -> Result<LoginFactors, WalletError> {
        let person = session.person;
        Ok(self.inner.store.desk.read(|desk| {
            Ok(LoginFactors {
                totp_since: desk.totp(person)?.map(|row| row.confirmed_at),
                passkeys: desk.login_passkeys(person)?.into_iter().map(Into::into).collect(),
                recovery_codes_left: desk.recovery_codes_left(person)?,
            })
        })?)
    }

    /// Checks the second factor of a log-in on a device that is not known; the password was right.
    ///
    /// # Errors
    /// `FactorRequired` or, after a code was sent, `CodeRequired` without one; `CodeWrong`, `TooManyTries`,
    /// `VerificationInvalid`.
    pub(crate) async fn second_factor(
        &self,
        visitor: &Visitor,
        person: &PersonRow,
        form: &LogIn,
    ) -> Result<(), WalletError> {
        if let Some(answer) = &form.passkey {
            return self.check_login_passkey(person.person, answer);
        }
        let strong = self.strong_factors(person.person)?;
        let phone = Phone::parse(&person.phone).ok_or(WalletError::PhoneInvalid)?;
        let subject = form.device.word().as_bytes();
        let errand = Errand { phone: &phone, purpose: CodePurpose::LogIn, subject };
        match (&form.code, strong) {
            (Some(code), _) if recovery::is_recovery_code(code) => {
                self.check_recovery_code(person, code, form.device)
            }
            (Some(code), Some(StrongFactors::Totp | StrongFactors::Both)) => {
                self.check_totp(person.person, code)
            }
            (Some(_), Some(StrongFactors::Passkey)) => Err(WalletError::CodeWrong),
            (Some(code), None) => self.check_code(errand, code, visitor.address),
            (None, Some(factors)) => Err(WalletError::FactorRequired { factors }),
            (None, None) => {
                self.ensure_code(errand, form.device).await?;
                Err(WalletError::CodeRequired)
            }
        }
    }

    fn strong_factors(&self, person: PersonId) -> Result<Option<StrongFactors>, WalletError> {
        let found = self
            .inner
            .store
            .desk
            .read(|desk| Ok((desk.totp(person)?.is_some(), !desk.login_passkeys(person)?.is_empty())))?;
        Ok(match found {
            (true, true) => Some(StrongFactors::Both),
            (true, false) => Some(StrongFactors::Totp),
            (false, true) => Some(StrongFactors::Passkey),
            (false, false) => None,
        })
    }

    /// Changes the desk for a person and tells them, both or neither.
    fn change_and_tell(
        &self,
        session: &SessionContext,
        kind: NoticeKind,
        cause: &Digest,
        change: impl Fn(&DeskWrite<'_>) -> Result<(), DeskError>,
    ) -> Result<(), WalletError> {
        let now = self.now();
        let notice = Notice::because(kind, cause.as_bytes()).on(session.device_kind);
        self.inner.store.desk.write(|tx| {
            change(tx)?;
            let Some(person) = tx.person(session.person)? else { return Ok(()) };
            tell_in(tx, &person, &notice, now).map(drop)
        })?;
        self.notice_changed(session.account);
        Ok(())
    }
}

impl From<LoginPasskeyRow> for LoginPasskey {
    fn from(row: LoginPasskeyRow) -> Self {
        Self {
            credential_id: row.credential,
            device_kind: row.device_kind,
            made_at: row.made_at,
            used_at: row.used_at,
        }
    }
}
