//! Issuing a certificate in the one order that leaves a trace of everything that may have been signed.
//!
//! ```text
//! desk: prepared ─▶ record: requested ─▶ self-check, sign once ─▶ desk: signed ─▶ record: issued ─▶ desk: recorded ─▶ deliver
//!       │ crash here or before "signed": given up, a new serial        │ crash here or later: recorded again, the same
//!       └──▶ desk: abandoning ─▶ record: abandoned ─▶ desk: abandoned
//! ```
//!
//! A signature is made between two records, never by the writer. An interrupted step is finished by the next request, the
//! next start, or the job that calls [`Wallet::finish_intentions`].

use super::custody::CustodyOffer;
use super::renewal::Renewed;
use super::{Issued, SITTING_MS};
use crate::certificates::read_device_name;
use crate::port::random;
use crate::sessions::SessionContext;
use crate::{Wallet, WalletError};
use tokio::sync::Mutex;
use yinxin_core::certificate::{Certificate, State};
use yinxin_core::{Action, CertificateId, Digest, EnrolmentId, Millis, Refusal, Serial, Thumbprint};
use yinxin_pki::{CertificationRequest, Issuance, Prepared, Profile};
use yinxin_store::desk::{Custody, EnrolmentRow, EnrolmentState, IssuanceRow, IssuanceState};

/// Validity of a payment certificate (rules § 1).
const VALIDITY_MS: i64 = 365 * Millis::DAY;
/// A certificate is valid from a little before now: clocks of readers differ.
const BACKDATE_MS: i64 = Millis::MINUTE;
/// An issuance takes two commits; one that is older has been interrupted, wherever it ran.
const IN_FLIGHT_MS: i64 = Millis::MINUTE;
/// Interrupted intentions that one call finishes.
const FINISHED_AT_ONCE: u32 = 200;

/// One issuance at a time in this process: two requests of one enrolment must not both prepare a serial. Issuing is
/// rare and takes two commits. Across processes the desk's uniqueness does the same.
pub(crate) static ISSUING: Mutex<()> = Mutex::const_new(());

/// A device's request for its certificate.
pub struct CertificateRequest {
    /// PKCS#10, DER: proof that the device holds the key.
    pub csr: Vec<u8>,
    /// What the person calls the device.
    pub device_name: String,
    /// How the device keeps the key.
    pub custody: CustodyOffer,
}

/// A request whose every part was checked.
struct Checked {
    request: CertificationRequest,
    device_name: String,
    custody: CheckedCustody,
}

/// How the key will be kept: newly, or as the predecessor's is.
enum CheckedCustody {
    New(Custody),
    Kept(Renewed),
}

impl Wallet {
    /// Issues the certificate for a device's request; the same request again gets the same certificate.
    ///
    /// # Errors
    /// `EnrolmentNotFound`, `EnrolmentExpired`; `RequestInvalid` for a request without proof of possession, a passkey that
    /// does not verify, or an enrolment whose factors are not; `NameInvalid`; a refusal of the book.
    pub async fn request_certificate(
        &self,
        session: &SessionContext,
        enrolment: EnrolmentId,
        form: &CertificateRequest,
    ) -> Result<Issued, WalletError> {
        let _one_at_a_time = ISSUING.lock().await;
        let row = self.own_enrolment(session, enrolment)?;
        let checked = self.check_request(&row, form)?;
        let digest = Digest::from_bytes(checked.request.digest());
        let earlier = self.inner.store.desk.read(|tx| tx.issuance_of(enrolment))?;
        let issuance = match earlier {
            Some(earlier) if earlier.request_hash == digest && earlier.state != IssuanceState::Prepared => {
                earlier
            }
            Some(_) if row.state == EnrolmentState::Active => return Err(WalletError::RequestInvalid),
            Some(earlier) => {
                self.abandon(&earlier).await?;
                self.prepare_and_sign(session, &row, checked).await?
            }
            None => self.prepare_and_sign(session, &row, checked).await?,
        };
        self.record_issued(&row, &issuance).await?;
        let issuance = self.inner.store.desk.read(|tx| tx.issuance(issuance.certificate))?;
        self.issued(&issuance.ok_or(WalletError::EnrolmentNotFound)?)
    }

    /// Finishes what a crash or a closed tab left half done: people intended, certificates between two records,
    /// enrolments whose time is over. The start calls it, and a job once a minute.
    pub async fn finish_intentions(&self) -> Result<(), WalletError> {
        self.open_intended_people().await?;
        let _one_at_a_time = ISSUING.lock().await;
        let now = self.now();
        let (unfinished, over) = self.inner.store.desk.read(|tx| {
            Ok((tx.issuances_unfinished(FINISHED_AT_ONCE)?, tx.enrolments_over(now, FINISHED_AT_ONCE)?))
        })?;
        // What is young may be between its two records on another node at this moment.
        let young = if self.has_peers() { now.plus(-IN_FLIGHT_MS) } else { now };
        // One that fails does not hold the others up; the first error is told.
        let mut told = Ok(());
        for issuance in unfinished.into_iter().filter(|issuance| issuance.created_at <= young) {
            told = told.and(self.finish_issuance(&issuance).await);
        }
        for row in over {
            told = told.and(self.close_enrolment_locked(&row).await);
        }
        told = told.and(self.finish_kits().await);
        told.and(self.leave_lost_phones().await)
    }

    async fn finish_issuance(&self, issuance: &IssuanceRow) -> Result<(), WalletError> {
        match issuance.state {
            IssuanceState::Prepared | IssuanceState::Abandoning => self.abandon(issuance).await,
            IssuanceState::Signed => {
                let row = self.inner.store.desk.read(|tx| tx.enrolment(issuance.enrolment))?;
                let row =
                    row.ok_or_else(|| WalletError::Failed("an issuance without enrolment".to_owned()))?;
                self.record_issued(&row, issuance).await
            }
            IssuanceState::Recorded | IssuanceState::Abandoned => Ok(()),
        }
    }

    /// Gives an open enrolment up, and the certificate that nobody activated.
    pub(crate) async fn close_enrolment(&self, row: &EnrolmentRow) -> Result<(), WalletError> {
        let _one_at_a_time = ISSUING.lock().await;
        self.close_enrolment_locked(row).await
    }

    async fn close_enrolment_locked(&self, row: &EnrolmentRow) -> Result<(), WalletError> {
        let issuance = self.inner.store.desk.read(|tx| tx.issuance_of(row.enrolment))?;
        if let Some(issuance) = issuance {
            let state =
                self.inner.writer.book(|book| book.certificate(&issuance.certificate).map(|c| c.state));
            if matches!(state, None | Some(State::Requested | State::Issued { .. })) {
                self.abandon(&issuance).await?;
            } else {
                // Activated; only the desk's conclusion was missing.
                let end = row.expires_at;
                let done = EnrolmentState::Active;
                return Ok(self.inner.store.desk.write(|tx| tx.move_enrolment(row.enrolment, done, end))?);
            }
        }
        self.give_up_case(row).await?;
        let closed = EnrolmentState::Closed;
        Ok(self.inner.store.desk.write(|tx| tx.move_enrolment(row.enrolment, closed, row.expires_at))?)
    }

    fn check_request(&self, row: &EnrolmentRow, form: &CertificateRequest) -> Result<Checked, WalletError> {
        match row.state {
            EnrolmentState::Verified | EnrolmentState::Issued | EnrolmentState::Active => {}
            EnrolmentState::CodeSent | EnrolmentState::Closed => return Err(WalletError::RequestInvalid),
        }
        let request = CertificationRequest::parse(&form.csr).map_err(|error| {
            tracing::debug!(%error, "a certification request was refused");
            WalletError::RequestInvalid
        })?;
        let reissue = self.inner.store.desk.read(|tx| tx.reissue(row.enrolment))?;
        let is_reissue = reissue.is_some();
        if let Some(consented) = reissue.and_then(|reissue| reissue.request_hash)
            && consented.as_bytes() != &request.digest()
        {
            // The device at hand signed another one's request.
            return Err(WalletError::RequestInvalid);
        }
        let custody = match &form.custody {
            CustodyOffer::Kept { consent } => {
                CheckedCustody::Kept(self.check_renewal(row, &request, consent)?)
            }
            CustodyOffer::Passkey { .. } | CustodyOffer::Pin { .. } => {
                if !is_reissue {
                    self.is_first_certificate(row)?;
                }
                CheckedCustody::New(self.check_custody(row, &form.custody)?)
            }
        };
        let device_name = match &custody {
            CheckedCustody::Kept(renewed) => renewed.device_name.clone(),
            CheckedCustody::New(_) => read_device_name(&form.device_name)?,
        };
        Ok(Checked { request, device_name, custody })
    }

    /// Without a consent of an old key only who never had a certificate gets one on this way.
    fn is_first_certificate(&self, row: &EnrolmentRow) -> Result<(), WalletError> {
        let had = self.inner.writer.book(|book| book.person(&row.person).is_none_or(|p| p.had_certificate));
        // The same request again after the certificate became active is answered as before.
        if had && row.state != EnrolmentState::Active { Err(WalletError::RequestInvalid) } else { Ok(()) }
    }

    async fn prepare_and_sign(
        &self,
        session: &SessionContext,
        row: &EnrolmentRow,
        checked: Checked,
    ) -> Result<IssuanceRow, WalletError> {
        let (prepared, issuance, action) = self.prepare(session, row, &checked)?;
        let inserted = self.inner.store.desk.write(|tx| {
            tx.insert_issuance(&issuance)?;
            match &checked.custody {
                CheckedCustody::New(custody) => tx.insert_custody(issuance.certificate, custody),
                CheckedCustody::Kept(_) => Ok(()),
            }
        });
        match inserted {
            Err(error) if error.is_taken("issuances.enrolment") => return Err(WalletError::Busy),
            // The passkey keeps another key already.
            Err(error) if error.is_taken("custody.credential") => return Err(WalletError::RequestInvalid),
            inserted => inserted?,
        }
        let reissued = self.inner.store.desk.read(|tx| tx.reissue(row.enrolment))?.is_some();
        let evidence = match &checked.custody {
            CheckedCustody::New(_) => factors(if reissued { "reissue" } else { "R1" }, row),
            CheckedCustody::Kept(renewed) => renewed.evidence(session, row),
        };
        let certificate = issuance.certificate;
        if let Err(error) = self.submit(&[b"request", certificate.as_bytes()], action, evidence).await {
            if let WalletError::Refused(_) = error {
                self.abandon(&issuance).await?;
            }
            return Err(error);
        }
        let signed = self.inner.authority.payment().sign(prepared);
        let signed =
            signed.map_err(|error| WalletError::Failed(format!("a certificate was not signed: {error}")))?;
        let thumbprint = Thumbprint::from_bytes(signed.thumbprint());
        let kept = self.inner.store.desk.write(|tx| tx.keep_signed(certificate, signed.der(), thumbprint))?;
        if !kept {
            return Err(WalletError::Failed(format!("{certificate} was signed although it was given up")));
        }
        let der = Some(signed.der().to_vec());
        Ok(IssuanceRow { der, thumbprint: Some(thumbprint), state: IssuanceState::Signed, ..issuance })
    }

    /// Lays out what will be signed, what the desk keeps and what the journal hears of it.
    fn prepare(
        &self,
        session: &SessionContext,
        row: &EnrolmentRow,
        checked: &Checked,
    ) -> Result<(Prepared, IssuanceRow, Action), WalletError> {
        let failed =
            |error: yinxin_pki::Error| WalletError::Failed(format!("no certificate was prepared: {error}"));
        let entropy = self.inner.entropy.as_ref();
        let now = self.now();
        let not_before = Millis::from_seconds(now.plus(-BACKDATE_MS).seconds());
        let not_after = not_before.plus(VALIDITY_MS);
        let serial = yinxin_pki::Serial::from_random(random(entropy));
        let issuer = self.inner.authority.payment();
        let prepared = issuer
            .prepare(&Issuance {
                profile: Profile::Payment,
                serial: serial.clone(),
                subject_id: &session.account.to_string(),
                key: checked.request.public_key(),
                not_before_ms: not_before.0,
                not_after_ms: not_after.0,
            })
            .map_err(failed)?;
        issuer.self_check(&prepared).map_err(failed)?;
        let serial = Serial::from_slice(serial.as_bytes())
            .ok_or_else(|| WalletError::Failed("a serial number has sixteen bytes".to_owned()))?;
        let issuance = IssuanceRow {
            certificate: CertificateId::from_bytes(random(entropy)),
            enrolment: row.enrolment,
            person: session.person,
            device: session.device,
            device_name: checked.device_name.clone(),
            request_hash: Digest::from_bytes(checked.request.digest()),
            key: checked.request.public_key().spki_der().to_vec(),
            serial,
            to_be_signed: prepared.tbs().to_vec(),
            der: None,
            thumbprint: None,
            state: IssuanceState::Prepared,
            challenge: random(entropy),
            head: Digest::from_bytes(random(entropy)),
            // Below 2^40: exact in every JSON reader, with room for every use of a lifetime.
            sequence: u64::from_be_bytes(random(entropy)) >> 24,
            created_at: now,
        };
        let action = match &checked.custody {
            CheckedCustody::New(custody) => {
                self.new_request(row, &issuance, custody, (not_before, not_after))?
            }
            CheckedCustody::Kept(renewed) => renewed.request(&issuance, (not_before, not_after)),
        };
        Ok((prepared, issuance, action))
    }

    /// Tells the journal what was signed, then concludes on the desk; repeated, it changes nothing.
    async fn record_issued(&self, row: &EnrolmentRow, issuance: &IssuanceRow) -> Result<(), WalletError> {
        if issuance.state == IssuanceState::Signed {
            let certificate = issuance.certificate;
            let (Some(der), Some(thumbprint)) = (issuance.der.clone(), issuance.thumbprint) else {
                return Err(WalletError::Failed(format!("{certificate} is signed without its signature")));
            };
            let known = self
                .inner
                .writer
                .book(|book| book.certificate(&certificate).and_then(Certificate::thumbprint));
            if known != Some(thumbprint) {
                let action = Action::RecordIssued { certificate, thumbprint };
                self.submit(&[b"issued", certificate.as_bytes()], action, der).await?;
            }
            self.inner.store.desk.write(|tx| tx.mark_recorded(certificate))?;
        }
        if row.state == EnrolmentState::Verified {
            let until = self.now().plus(SITTING_MS);
            self.inner
                .store
                .desk
                .write(|tx| tx.move_enrolment(row.enrolment, EnrolmentState::Issued, until))?;
        }
        Ok(())
    }

    /// Closes a serial whose certificate will never be used; its passkey may keep another key.
    async fn abandon(&self, issuance: &IssuanceRow) -> Result<(), WalletError> {
        let certificate = issuance.certificate;
        self.inner.store.desk.write(|tx| {
            tx.give_issuance_up(certificate)?;
            tx.delete_custody(certificate)
        })?;
        // Always asked, in the writer's order: a request may still wait there that the book does not show.
        let action = Action::Abandon { certificate };
        match self.submit(&[b"abandon", certificate.as_bytes()], action, Vec::new()).await {
            Ok(_) | Err(WalletError::Refused(Refusal::CertificateState | Refusal::CertificateUnknown)) => {}
            Err(error) => return Err(error),
        }
        Ok(self.inner.store.desk.write(|tx| tx.mark_abandoned(certificate))?)
    }
}

/// What is kept beside the record of a request: which factors were verified, and when.
pub(crate) fn factors(route: &str, row: &EnrolmentRow) -> Vec<u8> {
    let code_at = row.code_at.map_or(0, |at| at.0);
    format!(
        r#"{{"v":1,"route":"{route}","enrolment":"{}","device":"{}","password_at_ms":{},"code_at_ms":{code_at}}}"#,
        row.enrolment, row.device, row.password_at.0
    )
    .into_bytes()
}
