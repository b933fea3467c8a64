//! Second factors of a log-in: authenticator apps, passkeys, recovery codes. Secrets are sealed or HMACs before they come here.

use super::devices::DeviceKind;
use super::fields::{Fields, words};
use super::{DeskError, DeskRead, DeskWrite};
use crate::sql::params;
use yinxin_core::{Digest, Millis, PersonId};

/// Passkeys of one person that a list shows; whoever adds one more replaces the oldest.
const PASSKEYS_MAX: u32 = 10;

words! {
    /// What a challenge of a log-in is for.
    LoginChallengePurpose {
        /// Logging in with a passkey.
        LogIn = "log_in",
        /// Making a passkey a factor.
        Register = "register",
    }
}

/// An authenticator app that was confirmed.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpRow {
    /// The sealed secret.
    pub sealed: Vec<u8>,
    /// When a code confirmed it.
    pub confirmed_at: Millis,
    /// The time step of the last right code.
    pub last_step: i64,
}

/// A passkey that is a second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginPasskeyRow {
    /// The credential's id.
    pub credential: Vec<u8>,
    /// Whose.
    pub person: PersonId,
    /// Its public key, `SubjectPublicKeyInfo`.
    pub key: Vec<u8>,
    /// The highest signature counter seen.
    pub signature_count: u32,
    /// Where it was made.
    pub device_kind: DeviceKind,
    /// When.
    pub made_at: Millis,
    /// When it was last used.
    pub used_at: Option<Millis>,
}

fn passkey(fields: &Fields<'_>) -> Result<LoginPasskeyRow, DeskError> {
    Ok(LoginPasskeyRow {
        credential: fields.bytes("credential")?,
        person: fields.id("person")?,
        key: fields.bytes("credential_key")?,
        signature_count: fields.integer("signature_count")?,
        device_kind: fields.word("device_kind", DeviceKind::from_word)?,
        made_at: fields.time("made_at")?,
        used_at: fields.maybe_time("used_at")?,
    })
}

impl DeskRead<'_> {
    /// The authenticator app of a person.
    pub fn totp(&self, person: PersonId) -> Result<Option<TotpRow>, DeskError> {
        self.one("totps", "SELECT * FROM totps WHERE person = ?1", params![person.as_bytes()], |fields| {
            Ok(TotpRow {
                sealed: fields.bytes("sealed")?,
                confirmed_at: fields.time("confirmed_at")?,
                last_step: fields.integer("last_step")?,
            })
        })
    }

    /// The sealed secret that a person is setting up, while that has time.
    pub fn totp_offer(&self, person: PersonId, now: Millis) -> Result<Option<Vec<u8>>, DeskError> {
        let sql = "SELECT * FROM totp_offers WHERE person = ?1 AND expires_at > ?2";
        self.one("totp_offers", sql, params![person.as_bytes(), now.0], |fields| fields.bytes("sealed"))
    }

    /// The passkeys of a person, oldest first.
    pub fn login_passkeys(&self, person: PersonId) -> Result<Vec<LoginPasskeyRow>, DeskError> {
        let sql = "SELECT * FROM login_passkeys WHERE person = ?1 ORDER BY made_at, credential LIMIT ?2";
        self.all("login_passkeys", sql, params![person.as_bytes(), PASSKEYS_MAX], passkey)
    }

    /// How many recovery codes a person has left.
    pub fn recovery_codes_left(&self, person: PersonId) -> Result<u32, DeskError> {
        let sql = "SELECT count(*) AS unused FROM recovery_codes WHERE person = ?1 AND used_at IS NULL";
        let found =
            self.one("recovery_codes", sql, params![person.as_bytes()], |fields| fields.integer("unused"))?;
        Ok(found.unwrap_or(0))
    }
}

impl DeskWrite<'_> {
    /// Keeps a secret that is being set up, in place of an earlier one.
    pub fn offer_totp(&self, person: PersonId, sealed: &[u8], expires_at: Millis) -> Result<(), DeskError> {
        let sql = "INSERT INTO totp_offers (person, sealed, expires_at) VALUES (?1, ?2, ?3)
                   ON CONFLICT (person) DO UPDATE SET sealed = ?2, expires_at = ?3";
        self.execute(sql, params![person.as_bytes(), sealed, expires_at.0])?;
        Ok(())
    }

    /// Makes the offered secret the person's authenticator app; the code of time step `step` confirmed it.
    pub fn confirm_totp(&self, person: PersonId, totp: &TotpRow) -> Result<(), DeskError> {
        self.execute("DELETE FROM totp_offers WHERE person = ?1", params![person.as_bytes()])?;
        self.execute(
            "INSERT INTO totps (person, sealed, confirmed_at, last_step) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (person) DO UPDATE SET sealed = ?2, confirmed_at = ?3, last_step = ?4",
            params![person.as_bytes(), totp.sealed, totp.confirmed_at.0, totp.last_step],
        )?;
        Ok(())
    }

    /// Uses the code of a time step up; `false` when this step or a later one was used.
    pub fn use_totp_step(&self, person: PersonId, step: i64) -> Result<bool, DeskError> {
        let sql = "UPDATE totps SET last_step = ?2 WHERE person = ?1 AND last_step < ?2";
        Ok(self.execute(sql, params![person.as_bytes(), step])? == 1)
    }

    /// The authenticator app is no factor any more; `false` when there was none.
    pub fn delete_totp(&self, person: PersonId) -> Result<bool, DeskError> {
        Ok(self.execute("DELETE FROM totps WHERE person = ?1", params![person.as_bytes()])? == 1)
    }

    /// Writes a passkey down.
    ///
    /// # Errors
    /// [`DeskError::Taken`] names `login_passkeys.credential`.
    pub fn insert_login_passkey(&self, passkey: &LoginPasskeyRow) -> Result<(), DeskError> {
        self.execute(
            "INSERT INTO login_passkeys (credential, person, credential_key, signature_count, device_kind, made_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                passkey.credential,
                passkey.person.as_bytes(),
                passkey.key,
                passkey.signature_count,
                passkey.device_kind.word(),
                passkey.made_at.0,
            ],
        )?;
        Ok(())
    }

    /// Notes a use and the counter, which only rises.
    pub fn use_login_passkey(&self, credential: &[u8], count: u32, at: Millis) -> Result<(), DeskError> {
        let sql = "UPDATE login_passkeys SET used_at = ?3, signature_count =
                     CASE WHEN signature_count < ?2 THEN ?2 ELSE signature_count END WHERE credential = ?1";
        self.execute(sql, params![credential, count, at.0])?;
        Ok(())
    }

    /// A passkey is no factor any more; `false` when the person had none of this id.
    pub fn delete_login_passkey(&self, person: PersonId, credential: &[u8]) -> Result<bool, DeskError> {
        let sql = "DELETE FROM login_passkeys WHERE person = ?1 AND credential = ?2";
        Ok(self.execute(sql, params![person.as_bytes(), credential])? == 1)
    }

    /// Replaces a person's recovery codes.
    pub fn set_recovery_codes(&self, person: PersonId, macs: &[Digest], at: Millis) -> Result<(), DeskError> {
        self.execute("DELETE FROM recovery_codes WHERE person = ?1", params![person.as_bytes()])?;
        for mac in macs {
            self.execute(
                "INSERT INTO recovery_codes (person, mac, made_at) VALUES (?1, ?2, ?3)",
                params![person.as_bytes(), mac.as_bytes(), at.0],
            )?;
        }
        Ok(())
    }

    /// Uses a recovery code up; `false` when it is unknown or was used.
    pub fn use_recovery_code(&self, person: PersonId, mac: Digest, at: Millis) -> Result<bool, DeskError> {
        let sql = "UPDATE recovery_codes SET used_at = ?3 WHERE person = ?1 AND mac = ?2 AND used_at IS NULL";
        Ok(self.execute(sql, params![person.as_bytes(), mac.as_bytes(), at.0])? == 1)
    }

    /// Writes a challenge down.
    pub fn insert_login_challenge(
        &self,
        challenge: &[u8; 32],
        purpose: LoginChallengePurpose,
        person: PersonId,
        expires_at: Millis,
    ) -> Result<(), DeskError> {
        self.execute(
            "INSERT INTO login_challenges (challenge, purpose, person, expires_at) VALUES (?1, ?2, ?3, ?4)",
            params![challenge, purpose.word(), person.as_bytes(), expires_at.0],
        )?;
        Ok(())
    }

    /// Uses a challenge up; `false` when it is unknown, expired, used, or for something or somebody else.
    pub fn consume_login_challenge(
        &self,
        challenge: &[u8; 32],
        purpose: LoginChallengePurpose,
        person: PersonId,
        now: Millis,
    ) -> Result<bool, DeskError> {
        let sql = "UPDATE login_challenges SET consumed_at = ?4 WHERE challenge = ?1 AND purpose = ?2 AND person = ?3
                   AND expires_at > ?4 AND consumed_at IS NULL";
        Ok(self.execute(sql, params![challenge, purpose.word(), person.as_bytes(), now.0])? == 1)
    }
}
