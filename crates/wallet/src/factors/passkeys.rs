//! Passkeys as a factor of the log-in: made, asked for, taken away. Verified by our own verifier (decision 0003).

use crate::approval::Approval;
use crate::guessing::Budget;
use crate::notices::NoticeKind;
use crate::passwords::Password;
use crate::port::random;
use crate::sessions::{SessionContext, Visitor};
use crate::{Wallet, WalletError};
use yinxin_core::text::{Setting, sha256};
use yinxin_core::{Millis, PersonId};
use yinxin_pki::PublicKey;
use yinxin_pki::webauthn::{Assertion, Registration, verify_assertion, verify_registration};
use yinxin_store::desk::{LoginChallengePurpose, LoginPasskeyRow};

/// Passkeys that a person has at most.
const PASSKEYS_MAX: usize = 5;
/// How long a challenge serves.
const CHALLENGE_LIFETIME_MS: i64 = 5 * Millis::MINUTE;

/// What a browser needs to make a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyOffer {
    /// What the authenticator answers to.
    pub challenge: [u8; 32],
    /// The relying party.
    pub rp_id: String,
    /// The person, for the authenticator: a hash that names nobody.
    pub user_id: [u8; 32],
    /// What the authenticator shows.
    pub user_name: String,
    /// Passkeys that there are already.
    pub known: Vec<Vec<u8>>,
}

/// What a browser answers to an offer.
pub struct PasskeyRegistration {
    /// The challenge of the offer.
    pub challenge: [u8; 32],
    /// The credential's id.
    pub credential_id: Vec<u8>,
    /// Its public key, `SubjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
    /// Authenticator data.
    pub authenticator_data: Vec<u8>,
    /// Client data, the JSON as bytes.
    pub client_data_json: Vec<u8>,
}

/// What a browser needs to log somebody in with a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyQuestion {
    /// What the passkey signs.
    pub challenge: [u8; 32],
    /// The relying party.
    pub rp_id: String,
    /// The passkeys that may answer.
    pub credentials: Vec<Vec<u8>>,
}

/// A passkey's answer.
pub struct PasskeyAnswer {
    /// The challenge of the question.
    pub challenge: [u8; 32],
    /// The credential's id.
    pub credential_id: Vec<u8>,
    /// Authenticator data.
    pub authenticator_data: Vec<u8>,
    /// Client data, the JSON as bytes.
    pub client_data_json: Vec<u8>,
    /// The signature, DER.
    pub signature: Vec<u8>,
}

impl Wallet {
    /// Begins to make a passkey a factor of my log-in.
    ///
    /// # Errors
    /// Those of the approval.
    pub async fn offer_passkey(
        &self,
        session: &SessionContext,
        approval: &Approval,
    ) -> Result<PasskeyOffer, WalletError> {
        self.approve(session, Setting::Passkey, true, approval).await?;
        let row = self.person_row(session.person)?;
        let known = self.inner.store.desk.read(|desk| desk.login_passkeys(session.person))?;
        Ok(PasskeyOffer {
            challenge: self.login_challenge(LoginChallengePurpose::Register, session.person)?,
            rp_id: self.inner.settings.host.clone(),
            user_id: *sha256(&[b"yx/login-passkey/v1\0", session.person.as_bytes()]).as_bytes(),
            user_name: row.account_number,
            known: known.into_iter().map(|row| row.credential).collect(),
        })
    }

    /// Makes the passkey a factor. Beyond five the oldest goes.
    ///
    /// # Errors
    /// `VerificationInvalid`; `Reauthenticate` when the challenge is over.
    pub fn add_passkey(
        &self,
        session: &SessionContext,
        form: &PasskeyRegistration,
    ) -> Result<(), WalletError> {
        let registration = Registration {
            client_data_json: &form.client_data_json,
            authenticator_data: &form.authenticator_data,
            credential_id: &form.credential_id,
            spki: &form.public_key,
            challenge: &form.challenge,
            origin: &self.inner.settings.origin,
            rp_id: &self.inner.settings.host,
        };
        let key = verify_registration(&registration).map_err(|error| {
            tracing::debug!(%error, "a passkey was refused");
            WalletError::VerificationInvalid
        })?;
        self.use_login_challenge(&form.challenge, LoginChallengePurpose::Register, session.person)?;
        let row = LoginPasskeyRow {
            credential: form.credential_id.clone(),
            person: session.person,
            key: key.spki_der().to_vec(),
            signature_count: 0,
            device_kind: session.device_kind,
            made_at: self.now(),
            used_at: None,
        };
        let cause = sha256(&[b"yx/passkey-added/v1\0", &form.challenge]);
        self.change_and_tell(session, NoticeKind::PasskeyAdded, &cause, |tx| {
            let known = tx.login_passkeys(session.person)?;
            let over = known.len().saturating_sub(PASSKEYS_MAX - 1);
            for old in known.iter().take(over) {
                tx.delete_login_passkey(session.person, &old.credential)?;
            }
            tx.insert_login_passkey(&row)
        })
    }

    /// A passkey is no factor any more.
    ///
    /// # Errors
    /// `NotFound` when I have none of this id; those of the approval.
    pub async fn remove_passkey(
        &self,
        session: &SessionContext,
        credential_id: &[u8],
        approval: &Approval,
    ) -> Result<(), WalletError> {
        let known = self.inner.store.desk.read(|desk| desk.login_passkeys(session.person))?;
        if !known.iter().any(|row| row.credential == credential_id) {
            return Err(WalletError::NotFound);
        }
        let cause = self.approve(session, Setting::Passkey, false, approval).await?;
        self.change_and_tell(session, NoticeKind::PasskeyRemoved, &cause, |tx| {
            tx.delete_login_passkey(session.person, credential_id).map(drop)
        })
    }

    /// What a passkey signs to log somebody in whose password was right; told to nobody before.
    ///
    /// # Errors
    /// `Wrong`, `TooManyTries` as at a log-in; `NotFound` when they have no passkey.
    pub async fn ask_for_passkey(
        &self,
        visitor: &Visitor,
        login: &str,
        password: &Password,
    ) -> Result<PasskeyQuestion, WalletError> {
        let person = self.prove_password(visitor, login, password).await?.person.person;
        let known = self.inner.store.desk.read(|desk| desk.login_passkeys(person))?;
        if known.is_empty() {
            return Err(WalletError::NotFound);
        }
        Ok(PasskeyQuestion {
            challenge: self.login_challenge(LoginChallengePurpose::LogIn, person)?,
            rp_id: self.inner.settings.host.clone(),
            credentials: known.into_iter().map(|row| row.credential).collect(),
        })
    }

    /// Checks a passkey's answer and uses its challenge up.
    pub(super) fn check_login_passkey(
        &self,
        person: PersonId,
        answer: &PasskeyAnswer,
    ) -> Result<(), WalletError> {
        let budgets = [Budget::factor(person)];
        self.count_guess(&budgets)?;
        let known = self.inner.store.desk.read(|desk| desk.login_passkeys(person))?;
        let row = known.into_iter().find(|row| row.credential == answer.credential_id);
        let row = row.ok_or(WalletError::VerificationInvalid)?;
        let key = PublicKey::from_spki_der(&row.key).map_err(|_| WalletError::VerificationInvalid)?;
        let assertion = Assertion {
            client_data_json: &answer.client_data_json,
            authenticator_data: &answer.authenticator_data,
            signature: &answer.signature,
            challenge: &answer.challenge,
            origin: &self.inner.settings.origin,
            rp_id: &self.inner.settings.host,
            key: &key,
        };
        let count = verify_assertion(&assertion).map_err(|_| WalletError::VerificationInvalid)?;
        // A counter that falls is a copied passkey (WebAuthn § 6.1.1); authenticators without one say 0.
        if count < row.signature_count {
            return Err(WalletError::VerificationInvalid);
        }
        self.use_login_challenge(&answer.challenge, LoginChallengePurpose::LogIn, person)?;
        let now = self.now();
        self.inner.store.desk.write(|tx| tx.use_login_passkey(&row.credential, count, now))?;
        self.forgive_guess(&budgets)
    }

    fn login_challenge(
        &self,
        purpose: LoginChallengePurpose,
        person: PersonId,
    ) -> Result<[u8; 32], WalletError> {
        let challenge = random(self.inner.entropy.as_ref());
        let expires_at = self.now().plus(CHALLENGE_LIFETIME_MS);
        self.inner
            .store
            .desk
            .write(|tx| tx.insert_login_challenge(&challenge, purpose, person, expires_at))?;
        Ok(challenge)
    }

    fn use_login_challenge(
        &self,
        challenge: &[u8; 32],
        purpose: LoginChallengePurpose,
        person: PersonId,
    ) -> Result<(), WalletError> {
        let now = self.now();
        let used =
            self.inner.store.desk.write(|tx| tx.consume_login_challenge(challenge, purpose, person, now))?;
        if used { Ok(()) } else { Err(WalletError::Reauthenticate) }
    }
}
