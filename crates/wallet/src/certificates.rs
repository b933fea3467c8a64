//! Certificate management: list, details, file, rename, suspend, revoke.
//!
//! Suspending is one tap from any device. Revoking needs the password and is final.

use crate::guessing::Budget;
use crate::passwords::Password;
use crate::port::random;
use crate::protection::ProtectionNow;
use crate::sessions::SessionContext;
use crate::{Wallet, WalletError};
use yinxin_core::certificate::{Certificate, RevocationReason, State, SuspendedBy};
use yinxin_core::text::{CertificateText, TYP_CERTIFICATE, is_displayable};
use yinxin_core::{Action, CertificateId, DeviceId, Digest, Millis, Refusal};
use yinxin_pki::{Jws, PublicKey};
use yinxin_store::desk::{ChallengePurpose, ChallengeRow, IssuanceRow, IssuanceState};

pub use yinxin_pki::Details;

/// Certificates of one person that a list shows, newest first; nobody has so many.
const LISTED_MAX: u32 = 100;
/// Names of devices may be this long, in characters.
const DEVICE_NAME_MAX_CHARS: usize = 40;
/// How long the challenge of a resumption serves.
const CHALLENGE_LIFETIME_MS: i64 = 10 * Millis::MINUTE;

/// A certificate as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateView {
    /// Its id.
    pub id: CertificateId,
    /// What the person calls the device.
    pub device_name: String,
    /// The device that holds the key.
    pub device: DeviceId,
    /// What the book knows: state, serial, custody, validity, head.
    pub book: Certificate,
    /// When it was asked for.
    pub issued_at: Millis,
    /// Recorded uses, refused ones included.
    pub uses: u64,
    /// The last recorded use.
    pub last_used_at: Option<Millis>,
    /// What the lower limits allow at this moment.
    pub protection: Option<ProtectionNow>,
}

/// A form of the public file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFormat {
    /// DER, `.cer`.
    Der,
    /// PEM, `.pem`.
    Pem,
}

/// A signed text as it came: the three members of a flattened JWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedText {
    /// The protected header, base64url.
    pub protected: String,
    /// The payload, base64url.
    pub payload: String,
    /// r ‖ s, base64url.
    pub signature: String,
}

impl SignedText {
    /// Reads it as a text of type `typ`; its signature is not checked yet.
    pub(crate) fn read(&self, typ: &str) -> Result<Jws, WalletError> {
        Ok(Jws::from_parts(&self.protected, &self.payload, &self.signature, typ)?)
    }
}

impl Wallet {
    /// The person's certificates, newest first.
    pub fn certificates(&self, session: &SessionContext) -> Result<Vec<CertificateView>, WalletError> {
        let rows = self.inner.store.desk.read(|tx| tx.issuances_of_person(session.person, LISTED_MAX))?;
        rows.iter().map(|row| self.certificate_view(row)).collect()
    }

    /// One certificate of the person.
    ///
    /// # Errors
    /// `NotFound` when there is none of this id, or it is another person's.
    pub fn certificate(
        &self,
        session: &SessionContext,
        certificate: CertificateId,
    ) -> Result<CertificateView, WalletError> {
        self.certificate_view(&self.own_issuance(session, certificate)?)
    }

    /// What the person calls the device of a certificate of theirs.
    ///
    /// # Errors
    /// `NotFound` when there is none of this id, or it is another person's.
    pub fn device_name(
        &self,
        session: &SessionContext,
        certificate: CertificateId,
    ) -> Result<String, WalletError> {
        let owner = self.inner.writer.book(|book| book.certificate(&certificate).map(|found| found.person));
        if owner != Some(session.person) {
            return Err(WalletError::NotFound);
        }
        self.inner.device_names.get(certificate, self.inner.clock.monotonic_ms(), || {
            self.own_issuance(session, certificate).map(|row| row.device_name)
        })
    }

    /// What stands in the X.509 certificate, as text.
    pub fn certificate_details(
        &self,
        session: &SessionContext,
        certificate: CertificateId,
    ) -> Result<Details, WalletError> {
        Ok(parse_issued(&self.own_issuance(session, certificate)?)?.details())
    }

    /// The certificate's public file.
    pub fn export_certificate(
        &self,
        session: &SessionContext,
        certificate: CertificateId,
        format: CertificateFormat,
    ) -> Result<Vec<u8>, WalletError> {
        let parsed = parse_issued(&self.own_issuance(session, certificate)?)?;
        Ok(match format {
            CertificateFormat::Der => parsed.der().to_vec(),
            CertificateFormat::Pem => parsed.pem().into_bytes(),
        })
    }

    /// Renames the device that holds a certificate.
    pub fn rename_certificate(
        &self,
        session: &SessionContext,
        certificate: CertificateId,
        name: &str,
    ) -> Result<CertificateView, WalletError> {
        let name = read_device_name(name)?;
        self.own_issuance(session, certificate)?;
        self.inner.store.desk.write(|tx| tx.rename_device(certificate, &name))?;
        self.inner.device_names.forget(&certificate);
        self.certificate(session, certificate)
    }

    /// Suspends a certificate, at once and from any device; nothing happens when it is suspended already. From a device that
    /// holds none it counts as done with the password alone: its owner lifts it without a text message.
    pub async fn suspend_certificate(
        &self,
        session: &SessionContext,
        certificate: CertificateId,
        intention: Digest,
    ) -> Result<CertificateView, WalletError> {
        let issuance = self.own_issuance(session, certificate)?;
        let by = if issuance.device == session.device || self.is_at_hand(session)? {
            SuspendedBy::Person
        } else {
            SuspendedBy::Password
        };
        let action = Action::Suspend { certificate, by };
        let evidence = session_evidence(session);
        match self.submit(&[b"suspend", certificate.as_bytes(), intention.as_bytes()], action, evidence).await
        {
            Ok(_) | Err(WalletError::Refused(Refusal::CertificateSuspended)) => {
                self.certificate(session, certificate)
            }
            Err(error) => Err(error),
        }
    }

    /// Revokes a certificate for good; `KeyCompromise` for a lost phone, `CessationOfOperation` when it is no longer
    /// wanted. The sessions on its device end, except the one that asks.
    ///
    /// # Errors
    /// `SuspendInstead` for another device's certificate from one that holds none: it is suspended, and a reissue ends it.
    pub async fn revoke_certificate(
        &self,
        session: &SessionContext,
        certificate: CertificateId,
        password: &Password,
        reason: RevocationReason,
    ) -> Result<CertificateView, WalletError> {
        let issuance = self.own_issuance(session, certificate)?;
        let person = self.person_row(session.person)?;
        self.confirm_password(&person, password, Budget::certificate(session.person)).await?;
        // The sessions of the lost device end with the record itself; the one that asks has just proved the password.
        let elsewhere = issuance.device != session.device;
        if elsewhere && !self.is_at_hand(session)? {
            return Err(WalletError::SuspendInstead);
        }
        let action = if elsewhere {
            Action::RevokeOnDevice { certificate, reason, device: issuance.device }
        } else {
            Action::Revoke { certificate, reason }
        };
        let evidence = session_evidence(session);
        match self.submit(&[b"revoke", certificate.as_bytes()], action, evidence).await {
            Ok(_) | Err(WalletError::Refused(Refusal::CertificateRevoked)) => {}
            Err(error) => return Err(error),
        }
        if elsewhere {
            self.inner.store.desk.write(|tx| {
                tx.delete_sessions_on(session.person, issuance.device)?;
                match reason {
                    RevocationReason::KeyCompromise => tx.forget_device(session.person, issuance.device),
                    RevocationReason::CessationOfOperation | RevocationReason::PrivilegeWithdrawn => Ok(()),
                }
            })?;
            let ended = (session.person, issuance.device);
            self.inner.sessions.forget_where(|known| (known.session.person, known.session.device) == ended);
            self.tell_session_ended(session.account);
        }
        self.certificate(session, certificate)
    }

    /// The issuance of a certificate that the journal has and this person owns.
    pub(crate) fn own_issuance(
        &self,
        session: &SessionContext,
        certificate: CertificateId,
    ) -> Result<IssuanceRow, WalletError> {
        let row = self.inner.store.desk.read(|tx| tx.issuance(certificate))?;
        row.filter(|row| row.person == session.person && row.state == IssuanceState::Recorded)
            .ok_or(WalletError::NotFound)
    }

    pub(crate) fn certificate_view(&self, row: &IssuanceRow) -> Result<CertificateView, WalletError> {
        let now = self.inner.writer.now(self.now());
        let known = self.inner.writer.book(|book| {
            let found = book.certificate(&row.certificate)?;
            Some((found.clone(), ProtectionNow::of(book, found, now)))
        });
        let (book, protection) =
            known.ok_or_else(|| WalletError::Failed(format!("{} is not in the book", row.certificate)))?;
        let uses = self.uses(&row.certificate)?;
        Ok(CertificateView {
            id: row.certificate,
            device_name: row.device_name.clone(),
            device: row.device,
            book,
            issued_at: row.created_at,
            uses: uses.count,
            last_used_at: uses.last_at,
            protection,
        })
    }

    /// Reads a consent about this certificate, signed by its key, for this deployment.
    pub(crate) fn read_consent(
        &self,
        text: &SignedText,
        issuance: &IssuanceRow,
    ) -> Result<(Jws, CertificateText), WalletError> {
        let jws = text.read(TYP_CERTIFICATE)?;
        let thumbprint = issuance.thumbprint.ok_or(WalletError::CertificateUnknown)?;
        if jws.header().thumbprint != *thumbprint.as_bytes() {
            return Err(WalletError::CertificateForeign);
        }
        jws.verify(&issued_key(issuance)?)?;
        let text = CertificateText::parse(jws.payload())?;
        if text.audience != self.inner.settings.origin {
            return Err(WalletError::AudienceMismatch);
        }
        if text.certificate != issuance.certificate {
            return Err(WalletError::CertificateForeign);
        }
        Ok((jws, text))
    }

    /// Draws a challenge and keeps it.
    pub(crate) fn draw_challenge(
        &self,
        purpose: ChallengePurpose,
        certificate: CertificateId,
    ) -> Result<[u8; 32], WalletError> {
        let challenge = random(self.inner.entropy.as_ref());
        let expires_at = self.now().plus(CHALLENGE_LIFETIME_MS);
        let row = ChallengeRow { challenge, purpose, certificate, expires_at, consumed_at: None };
        self.inner.store.desk.write(|tx| tx.insert_challenge(&row))?;
        Ok(challenge)
    }

    /// Uses a challenge up.
    pub(crate) fn use_challenge(
        &self,
        challenge: &Digest,
        purpose: ChallengePurpose,
        certificate: CertificateId,
    ) -> Result<(), WalletError> {
        let now = self.now();
        let used = self
            .inner
            .store
            .desk
            .write(|tx| tx.consume_challenge(challenge.as_bytes(), purpose, certificate, now))?;
        if used { Ok(()) } else { Err(WalletError::Reauthenticate) }
    }

    pub(crate) fn state_of(&self, certificate: CertificateId) -> Result<State, WalletError> {
        let state = self.inner.writer.book(|book| book.certificate(&certificate).map(|found| found.state));
        state.ok_or(WalletError::CertificateUnknown)
    }
}

/// What is kept beside a record that a session asked for: who, and on which device.
pub(crate) fn session_evidence(session: &SessionContext) -> Vec<u8> {
    format!(r#"{{"v":1,"person":"{}","device":"{}"}}"#, session.person, session.device).into_bytes()
}

/// A name for a device, as people type it.
pub(crate) fn read_device_name(typed: &str) -> Result<String, WalletError> {
    let name = typed.trim();
    let fits = is_displayable(name) && name.chars().count() <= DEVICE_NAME_MAX_CHARS;
    if fits { Ok(name.to_owned()) } else { Err(WalletError::NameInvalid) }
}

/// The key of an issued certificate.
pub(crate) fn issued_key(issuance: &IssuanceRow) -> Result<PublicKey, WalletError> {
    PublicKey::from_spki_der(&issuance.key).map_err(|error| WalletError::Failed(error.to_string()))
}

/// The certificate that was signed.
pub(crate) fn parse_issued(issuance: &IssuanceRow) -> Result<yinxin_pki::Certificate, WalletError> {
    let der = issuance.der.as_deref().ok_or(WalletError::NotFound)?;
    yinxin_pki::Certificate::parse(der).map_err(|error| WalletError::Failed(error.to_string()))
}
