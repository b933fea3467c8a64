//! Issuing a recovery certificate, in the order of every issuance: write down, record, self-check, sign once, record, deliver.
//!
//! An interrupted step is finished by the same request again, the next start, or the job that finishes intentions.

use crate::certificates::{SignedText, issued_key};
use crate::enrolment::ISSUING;
use crate::port::random;
use crate::sessions::SessionContext;
use crate::verification::VerificationProof;
use crate::{Wallet, WalletError};
use yinxin_core::certificate::{Certificate, Custody, Purpose, Route, State};
use yinxin_core::command::Contacts;
use yinxin_core::text::{KitText, TYP_SETTING};
use yinxin_core::{Action, CertificateId, Digest, Millis, Refusal, Serial, Thumbprint};
use yinxin_pki::{CertificationRequest, Issuance, Jws, Prepared, Profile};
use yinxin_store::desk::{ChallengePurpose, IssuanceState, KitRow};

/// Validity of a recovery certificate: a kit lies in a drawer, and is tried twice a year. Never beyond its issuer's.
const VALIDITY_MS: i64 = 3 * 365 * Millis::DAY;
/// A certificate is valid from a little before now: clocks of readers differ.
const BACKDATE_MS: i64 = Millis::MINUTE;
/// A kit that was not put into use within this time never will be: its file was not kept.
const WAITS_MS: i64 = Millis::HOUR;
/// Interrupted kits that one call finishes.
const FINISHED_AT_ONCE: u32 = 200;
/// An issuance takes two commits; one that is older has been interrupted, wherever it ran.
const IN_FLIGHT_MS: i64 = Millis::MINUTE;

/// Somebody who makes a kit.
pub struct KitForm {
    /// `yx-set+jws`, setting `kit`: signed by the payment certificate over the hash of `csr`.
    pub text: SignedText,
    /// User verification of that text.
    pub verification: VerificationProof,
    /// The recovery key's PKCS#10 request, DER.
    pub csr: Vec<u8>,
}

/// A recovery certificate as it is handed to the browser that holds its key.
pub struct KitIssued {
    /// The certificate.
    pub id: CertificateId,
    /// Leaf, issuer and root, DER.
    pub chain: Vec<Vec<u8>>,
    /// What the recovery key signs (a drill) to put the kit into use.
    pub challenge: [u8; 32],
}

impl Wallet {
    /// Issues a recovery certificate; the same request again gets the same one. It is put into use by its first drill, and the
    /// kit before it ends with that record.
    ///
    /// # Errors
    /// Those of the signed text; `VerificationRequired`, `VerificationInvalid`; `Reauthenticate` when the challenge is over;
    /// `RequestInvalid` for a request without proof of possession or another than the text names; a refusal of the book.
    pub async fn make_kit(&self, session: &SessionContext, form: &KitForm) -> Result<KitIssued, WalletError> {
        let request = CertificationRequest::parse(&form.csr).map_err(|error| {
            tracing::debug!(%error, "a recovery key's request was refused");
            WalletError::RequestInvalid
        })?;
        let jws = form.text.read(TYP_SETTING)?;
        let text = self.read_kit_text(session, &jws)?;
        let digest = Digest::from_bytes(request.digest());
        if text.request != digest {
            return Err(WalletError::RequestInvalid);
        }
        let _one_at_a_time = ISSUING.lock().await;
        let earlier = self.inner.store.desk.read(|tx| tx.kit_of_request(digest))?;
        let row = match earlier.filter(|row| row.state != IssuanceState::Prepared) {
            Some(row) if row.person == session.person => row,
            Some(_) => return Err(WalletError::RequestInvalid),
            None => {
                let now = self.now();
                let standing = self
                    .inner
                    .writer
                    .book(|book| book.certificate(&text.certificate).map(|it| it.may_pay(now)));
                standing.ok_or(WalletError::CertificateUnknown)??;
                let hash = Digest::from_bytes(jws.signing_input_hash());
                self.require_verification(text.certificate, hash, Some(&form.verification))?;
                self.use_challenge(&text.challenge, ChallengePurpose::Kit, text.certificate)?;
                self.prepare_and_sign_kit(session, &request, &jws).await?
            }
        };
        self.record_kit(&row).await?;
        let row = self.kit_row(row.certificate)?;
        let challenge = self.draw_challenge(ChallengePurpose::KitDrill, row.certificate)?;
        Ok(KitIssued { id: row.certificate, chain: self.inner.authority.chain(&parse_kit(&row)?), challenge })
    }

    /// Finishes kits between two records, and gives up those that never came into use. Under the lock of issuances.
    pub(crate) async fn finish_kits(&self) -> Result<(), WalletError> {
        let now = self.now();
        let unfinished = self.inner.store.desk.read(|tx| tx.kits_unfinished(FINISHED_AT_ONCE))?;
        let young = if self.has_peers() { now.plus(-IN_FLIGHT_MS) } else { now };
        let mut told = Ok(());
        for row in unfinished.into_iter().filter(|row| row.created_at <= young) {
            told = told.and(self.finish_kit(&row).await);
        }
        told
    }

    async fn finish_kit(&self, row: &KitRow) -> Result<(), WalletError> {
        let certificate = row.certificate;
        match row.state {
            IssuanceState::Prepared | IssuanceState::Abandoning => self.abandon_kit(certificate).await,
            IssuanceState::Signed => {
                self.record_kit(row).await?;
                match self.state_of(certificate)? {
                    State::Issued { .. } if self.now().since(row.created_at) <= WAITS_MS => Ok(()),
                    State::Requested | State::Issued { .. } | State::Abandoned => {
                        self.abandon_kit(certificate).await
                    }
                    // It came into use; only the desk's conclusion was missing.
                    State::Active { .. }
                    | State::Suspended { .. }
                    | State::Revoked { .. }
                    | State::Expired { .. }
                    | State::Superseded { .. } => {
                        Ok(self.inner.store.desk.write(|tx| tx.mark_kit_recorded(certificate))?)
                    }
                }
            }
            IssuanceState::Recorded | IssuanceState::Abandoned => Ok(()),
        }
    }

    /// Reads the text that makes a kit, signed by a payment certificate of this person, for this deployment.
    fn read_kit_text(&self, session: &SessionContext, jws: &Jws) -> Result<KitText, WalletError> {
        let thumbprint = Thumbprint::from_bytes(jws.header().thumbprint);
        let issuance = self.inner.store.desk.read(|tx| tx.issuance_by_thumbprint(thumbprint))?;
        let issuance = issuance
            .filter(|row| row.state == IssuanceState::Recorded)
            .ok_or(WalletError::CertificateUnknown)?;
        if issuance.person != session.person {
            return Err(WalletError::CertificateForeign);
        }
        jws.verify(&issued_key(&issuance)?)?;
        let text = KitText::parse(jws.payload())?;
        if text.audience != self.inner.settings.origin {
            return Err(WalletError::AudienceMismatch);
        }
        if text.certificate == issuance.certificate { Ok(text) } else { Err(WalletError::CertificateForeign) }
    }

    async fn prepare_and_sign_kit(
        &self,
        session: &SessionContext,
        request: &CertificationRequest,
        consent: &Jws,
    ) -> Result<KitRow, WalletError> {
        // What was begun and not kept makes room: one kit in use, one on its way.
        for waiting in self.waiting_kits(session.person) {
            self.abandon_kit(waiting).await?;
        }
        let (prepared, row, action) = self.prepare_kit(session, request)?;
        match self.inner.store.desk.write(|tx| tx.insert_kit(&row)) {
            Err(error) if error.is_taken("kits.request_hash") => return Err(WalletError::Busy),
            inserted => inserted?,
        }
        let certificate = row.certificate;
        let evidence = consent.clone().normalised().to_flattened().into_bytes();
        if let Err(error) = self.submit(&[b"kit-request", certificate.as_bytes()], action, evidence).await {
            if let WalletError::Refused(_) = error {
                self.abandon_kit(certificate).await?;
            }
            return Err(error);
        }
        let signed = self.inner.authority.payment().sign(prepared).map_err(|error| {
            WalletError::Failed(format!("a recovery certificate was not signed: {error}"))
        })?;
        let thumbprint = Thumbprint::from_bytes(signed.thumbprint());
        if !self.inner.store.desk.write(|tx| tx.keep_signed_kit(certificate, signed.der(), thumbprint))? {
            return Err(WalletError::Failed(format!("{certificate} was signed although it was given up")));
        }
        let der = Some(signed.der().to_vec());
        Ok(KitRow { der, thumbprint: Some(thumbprint), state: IssuanceState::Signed, ..row })
    }

    /// Lays out what will be signed, what the desk keeps and what the journal hears of it.
    fn prepare_kit(
        &self,
        session: &SessionContext,
        request: &CertificationRequest,
    ) -> Result<(Prepared, KitRow, Action), WalletError> {
        let failed = |error: yinxin_pki::Error| {
            WalletError::Failed(format!("no recovery certificate was prepared: {error}"))
        };
        let entropy = self.inner.entropy.as_ref();
        let now = self.now();
        let issuer = self.inner.authority.payment();
        let not_before = Millis::from_seconds(now.plus(-BACKDATE_MS).seconds());
        let not_after = not_before.plus(VALIDITY_MS).min(Millis(issuer.certificate().not_after_ms()));
        let serial = yinxin_pki::Serial::from_random(random(entropy));
        let prepared = issuer
            .prepare(&Issuance {
                profile: Profile::Recovery,
                serial: serial.clone(),
                subject_id: &session.account.to_string(),
                key: request.public_key(),
                not_before_ms: not_before.0,
                not_after_ms: not_after.0,
            })
            .map_err(failed)?;
        issuer.self_check(&prepared).map_err(failed)?;
        let serial = Serial::from_slice(serial.as_bytes())
            .ok_or_else(|| WalletError::Failed("a serial number has sixteen bytes".to_owned()))?;
        let row = KitRow {
            certificate: CertificateId::from_bytes(random(entropy)),
            person: session.person,
            request_hash: Digest::from_bytes(request.digest()),
            key: request.public_key().spki_der().to_vec(),
            serial,
            to_be_signed: prepared.tbs().to_vec(),
            der: None,
            thumbprint: None,
            state: IssuanceState::Prepared,
            created_at: now,
            drilled_at: None,
        };
        let action = Action::RequestSuccessor {
            certificate: row.certificate,
            person: session.person,
            serial,
            to_be_signed: Digest::from_bytes(prepared.digest()),
            custody: Custody::Software,
            not_before,
            not_after,
            first_seq: 0,
            first_prev: Digest::from_bytes(random(entropy)),
            purpose: Purpose::Recovery,
            route: Route::First,
            successor_of: self.live_kits(session.person).first().copied(),
            contacts: Contacts::PhoneOnly,
            paid_before: Vec::new(),
        };
        Ok((prepared, row, action))
    }

    /// Tells the journal what was signed; repeated, it changes nothing. The desk concludes when the kit comes into use.
    async fn record_kit(&self, row: &KitRow) -> Result<(), WalletError> {
        if row.state != IssuanceState::Signed {
            return Ok(());
        }
        let certificate = row.certificate;
        let (Some(der), Some(thumbprint)) = (row.der.clone(), row.thumbprint) else {
            return Err(WalletError::Failed(format!("{certificate} is signed without its signature")));
        };
        let known =
            self.inner.writer.book(|book| book.certificate(&certificate).and_then(Certificate::thumbprint));
        if known != Some(thumbprint) {
            let action = Action::RecordIssued { certificate, thumbprint };
            self.submit(&[b"kit-issued", certificate.as_bytes()], action, der).await?;
        }
        Ok(())
    }

    /// Closes the serial of a kit that never came into use.
    async fn abandon_kit(&self, certificate: CertificateId) -> Result<(), WalletError> {
        self.inner.store.desk.write(|tx| tx.give_kit_up(certificate))?;
        let action = Action::Abandon { certificate };
        match self.submit(&[b"kit-abandon", certificate.as_bytes()], action, Vec::new()).await {
            Ok(_) | Err(WalletError::Refused(Refusal::CertificateState | Refusal::CertificateUnknown)) => {}
            Err(error) => return Err(error),
        }
        Ok(self.inner.store.desk.write(|tx| tx.mark_kit_abandoned(certificate))?)
    }

    /// Whether an issued kit still waits for its first signature, and its time is not over.
    pub(super) fn kit_still_waits(&self, row: &KitRow, state: State) -> bool {
        matches!(state, State::Issued { .. }) && self.now().since(row.created_at) <= WAITS_MS
    }
}

/// The recovery certificate that was signed.
pub(super) fn parse_kit(row: &KitRow) -> Result<yinxin_pki::Certificate, WalletError> {
    let der = row.der.as_deref().ok_or(WalletError::NotFound)?;
    yinxin_pki::Certificate::parse(der).map_err(|error| WalletError::Failed(error.to_string()))
}
