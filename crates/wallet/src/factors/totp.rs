//! The authenticator app: a secret shown once, confirmed by a code of it, and no code right twice.

use crate::approval::Approval;
use crate::guessing::Budget;
use crate::notices::NoticeKind;
use crate::port::random;
use crate::sessions::SessionContext;
use crate::{Wallet, WalletError};
use data_encoding::BASE32_NOPAD;
use yinxin_core::text::{Setting, sha256};
use yinxin_core::{Millis, PersonId};
use yinxin_pki::symmetric::{aes256_gcm_open, aes256_gcm_seal, hmac_sha256};
use yinxin_pki::totp::{SECRET_BYTES, matching_step};
use yinxin_store::desk::TotpRow;
use zeroize::Zeroizing;

/// How long a secret that was shown waits for its first code.
const OFFER_LIFETIME_MS: i64 = 10 * Millis::MINUTE;
/// Bytes of a sealed secret's nonce, before it.
const NONCE_BYTES: usize = 12;

/// The secret of a new authenticator app, shown once.
pub struct TotpOffer {
    /// Base32, to be typed.
    pub secret: Zeroizing<String>,
    /// `otpauth://totp/…`, to be scanned.
    pub uri: Zeroizing<String>,
}

impl Wallet {
    /// Shows the secret of a new authenticator app; it is no factor before a code of it was typed.
    ///
    /// # Errors
    /// Those of the approval.
    pub async fn offer_totp(
        &self,
        session: &SessionContext,
        approval: &Approval,
    ) -> Result<TotpOffer, WalletError> {
        self.approve(session, Setting::Totp, true, approval).await?;
        let entropy = self.inner.entropy.as_ref();
        let secret: Zeroizing<[u8; SECRET_BYTES]> = Zeroizing::new(random(entropy));
        let sealed = self.seal_totp(session.person, secret.as_slice())?;
        let expires_at = self.now().plus(OFFER_LIFETIME_MS);
        self.inner.store.desk.write(|tx| tx.offer_totp(session.person, &sealed, expires_at))?;
        let row = self.person_row(session.person)?;
        let typed = Zeroizing::new(BASE32_NOPAD.encode(secret.as_slice()));
        let issuer = percent(&self.inner.settings.operator);
        let uri = format!("otpauth://totp/{issuer}:{}?secret={}&issuer={issuer}", row.account_number, *typed);
        Ok(TotpOffer { secret: typed, uri: Zeroizing::new(uri) })
    }

    /// Makes the app whose secret was shown a factor, in place of an earlier one: this code is its first.
    ///
    /// # Errors
    /// `Reauthenticate` when no secret was shown or its time is over; `CodeWrong`, `TooManyTries`.
    pub fn confirm_totp(&self, session: &SessionContext, typed: &str) -> Result<(), WalletError> {
        let (person, now) = (session.person, self.now());
        let sealed = self.inner.store.desk.read(|desk| desk.totp_offer(person, now))?;
        let sealed = sealed.ok_or(WalletError::Reauthenticate)?;
        let step = self.totp_step(person, &sealed, typed)?;
        let cause = sha256(&[b"yx/totp/v1\0", &sealed]);
        let row = TotpRow { sealed, confirmed_at: now, last_step: step };
        self.change_and_tell(session, NoticeKind::TotpAdded, &cause, |tx| tx.confirm_totp(person, &row))
    }

    /// The app is no factor any more.
    ///
    /// # Errors
    /// `NotFound` when there is none; those of the approval.
    pub async fn remove_totp(
        &self,
        session: &SessionContext,
        approval: &Approval,
    ) -> Result<(), WalletError> {
        if self.inner.store.desk.read(|desk| desk.totp(session.person))?.is_none() {
            return Err(WalletError::NotFound);
        }
        let cause = self.approve(session, Setting::Totp, false, approval).await?;
        let person = session.person;
        self.change_and_tell(session, NoticeKind::TotpRemoved, &cause, |tx| tx.delete_totp(person).map(drop))
    }

    /// Checks a code of the person's app and uses its time step up.
    pub(super) fn check_totp(&self, person: PersonId, typed: &str) -> Result<(), WalletError> {
        let row = self.inner.store.desk.read(|desk| desk.totp(person))?.ok_or(WalletError::CodeWrong)?;
        let step = self.totp_step(person, &row.sealed, typed)?;
        // Of the same code typed twice, at once or on two nodes, one is right.
        let used = self.inner.store.desk.write(|tx| tx.use_totp_step(person, step))?;
        if used { Ok(()) } else { Err(WalletError::CodeWrong) }
    }

    fn totp_step(&self, person: PersonId, sealed: &[u8], typed: &str) -> Result<i64, WalletError> {
        let budgets = [Budget::factor(person)];
        self.count_guess(&budgets)?;
        let secret = self.open_totp(person, sealed)?;
        let step = matching_step(&secret, typed, self.now().0).ok_or(WalletError::CodeWrong)?;
        self.forgive_guess(&budgets)?;
        Ok(step)
    }

    fn totp_key(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(hmac_sha256(&self.inner.pepper, b"yx/totp-key/v1"))
    }

    fn seal_totp(&self, person: PersonId, secret: &[u8]) -> Result<Vec<u8>, WalletError> {
        let nonce: [u8; NONCE_BYTES] = random(self.inner.entropy.as_ref());
        let sealed = aes256_gcm_seal(&self.totp_key(), &nonce, person.as_bytes(), secret)
            .map_err(|error| WalletError::Failed(error.to_string()))?;
        Ok([&nonce[..], &sealed].concat())
    }

    fn open_totp(
        &self,
        person: PersonId,
        sealed: &[u8],
    ) -> Result<Zeroizing<[u8; SECRET_BYTES]>, WalletError> {
        let broken = || WalletError::Failed("the secret of an authenticator app does not open".to_owned());
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(broken)?;
        let opened =
            aes256_gcm_open(&self.totp_key(), nonce, person.as_bytes(), sealed).map_err(|_| broken())?;
        let secret: [u8; SECRET_BYTES] = opened.expose().try_into().map_err(|_| broken())?;
        Ok(Zeroizing::new(secret))
    }
}

/// Every byte that may mean something in an address is written as `%XX`.
fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        use std::fmt::Write as _;
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
