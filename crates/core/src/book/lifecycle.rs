//! Applies the records of a certificate's life.

use super::Book;
use super::apply::{Applied, ApplyError, fits};
use crate::certificate::{Certificate, Last, PinTries, Purpose, Route, State};
use crate::id::{CertificateId, DeviceId, PersonId};
use crate::money::Minor;
use crate::record::{Body, Facts};
use crate::time::{Day, Millis};

impl Book {
    pub(super) fn apply_request(&mut self, index: u64, facts: &Facts) -> Applied {
        let (id, certificate) = requested(&facts.body).ok_or(ApplyError("not a request"))?;
        let holder = self.person_mut(certificate.person)?;
        holder.certificates.push(id);
        let (account, serial) = (holder.account, certificate.serial);
        if let Body::SuccessorRequested { paid_before, .. } = &facts.body
            && !paid_before.is_empty()
        {
            self.paid_before.insert(id, paid_before.clone());
        }
        fits(self.serials.insert(serial, id).is_none(), "the serial exists")?;
        let certificate = Certificate { account, touched: index, ..certificate };
        if certificate.purpose == Purpose::Payment {
            self.reissue_requested(certificate.person, certificate.route, id);
        }
        fits(self.certificates.insert(id, certificate).is_none(), "the certificate exists")
    }

    pub(super) fn apply_lifecycle(&mut self, facts: &Facts) -> Applied {
        let (id, step) = self.step(facts)?;
        self.disarm(id)?;
        let certificate = self.certificate_mut(id)?;
        certificate.state = step;
        let not_after = certificate.not_after;
        if !certificate.is_live() {
            self.expiries.remove(&(not_after, id));
            self.paid_before.remove(&id);
        }
        if matches!(facts.body, Body::CertificateActivated { .. }) {
            self.begin_use(id, facts.at)?;
        }
        if matches!(facts.body, Body::CertificateAbandoned { .. }) {
            let person = self.certificate_mut(id)?.person;
            self.reissue_abandoned(person, id);
        }
        if matches!(facts.body, Body::CertificateResumed { .. }) {
            self.certificate_mut(id)?.used = facts.at;
        }
        self.arm(id)
    }

    /// Which certificate a record changes, and the state that it reaches.
    fn step(&mut self, facts: &Facts) -> Result<(CertificateId, State), ApplyError> {
        Ok(match &facts.body {
            Body::CertificateIssued { certificate, thumbprint } => {
                let id = *certificate;
                fits(self.thumbprints.insert(*thumbprint, id).is_none(), "the thumbprint exists")?;
                let not_after = self.certificate_mut(id)?.not_after;
                self.expiries.insert((not_after, id));
                (id, self.certificate_mut(id)?.state.issued(*thumbprint)?)
            }
            Body::CertificateActivated { certificate, protected_until } => {
                let found = self.certificate_mut(*certificate)?;
                found.protected_until = *protected_until;
                (*certificate, found.state.activated()?)
            }
            Body::CertificateAbandoned { certificate } => {
                (*certificate, self.certificate_mut(*certificate)?.state.abandoned()?)
            }
            Body::CertificateSuspended { certificate, by } => {
                (*certificate, self.certificate_mut(*certificate)?.state.suspended(*by, facts.at)?)
            }
            Body::CertificateResumed { certificate, protected_until } => {
                let found = self.certificate_mut(*certificate)?;
                found.protected_until = found.protected_until.max(*protected_until);
                found.pin = PinTries::default();
                (*certificate, found.state.restored()?)
            }
            Body::CertificateRevoked { certificate, reason } => {
                (*certificate, self.certificate_mut(*certificate)?.state.revoked(*reason, facts.at)?)
            }
            Body::CertificateRevokedOnDevice { certificate, reason, device, epoch } => {
                let found = self.certificate_mut(*certificate)?;
                let (person, state) = (found.person, found.state.revoked(*reason, facts.at)?);
                self.end_device(person, *device, *epoch)?;
                (*certificate, state)
            }
            Body::CertificateSuperseded { certificate, by } => {
                fits(self.is_heir(*by, *certificate), "its successor is not active")?;
                (*certificate, self.certificate_mut(*certificate)?.state.superseded(facts.at)?)
            }
            Body::CertificateExpired { certificate } => {
                (*certificate, self.certificate_mut(*certificate)?.state.expired()?)
            }
            Body::Genesis { .. }
            | Body::PolicySet { .. }
            | Body::SnapshotTaken { .. }
            | Body::ClockAccepted
            | Body::LogContinued { .. }
            | Body::PersonOpened { .. }
            | Body::MerchantOpened { .. }
            | Body::MoneyIssued { .. }
            | Body::SessionsEnded { .. }
            | Body::DeviceSessionsEnded { .. }
            | Body::TapSet { .. }
            | Body::CertificateRequested { .. }
            | Body::SuccessorRequested { .. }
            | Body::KitUsed { .. }
            | Body::PinCounted { .. }
            | Body::PinAccepted { .. }
            | Body::Payment { .. }
            | Body::PaymentVoided { .. }
            | Body::OrderCancelled { .. }
            | Body::ReissueOpened { .. }
            | Body::ReissueVetoed { .. }
            | Body::ReissueAcknowledged { .. }
            | Body::ReissueEnded { .. }
            | Body::ReissueGivenUp { .. } => return Err(ApplyError("not a step of a certificate")),
        })
    }

    /// Whether `by` is active and takes the place of `old`, as its successor or at the end of a reissue.
    fn is_heir(&self, by: CertificateId, old: CertificateId) -> bool {
        self.certificates.get(&by).is_some_and(|heir| {
            heir.is_active()
                && (heir.successor_of == Some(old) || self.reissue_replaces(heir.person, by, old))
        })
    }

    /// A certificate became active: its windows count from now on. A renewed one goes on where the old one stopped.
    fn begin_use(&mut self, id: CertificateId, at: Millis) -> Applied {
        let certificate = self.certificate_mut(id)?;
        (certificate.activated, certificate.used) = (at, at);
        let (person, purpose) = (certificate.person, certificate.purpose);
        let (route, old) = (certificate.route, certificate.successor_of);
        let first_stage =
            route.stages().first().map(|stage| certificate.wait_ms.saturating_add(stage.lasts_ms));
        if let Some(old) = old.filter(|_| route.continues()) {
            let old = self.certificate_mut(old)?;
            let (used, day, spent, pin) = (old.used, old.spent_day, old.spent, old.pin);
            let certificate = self.certificate_mut(id)?;
            (certificate.used, certificate.spent_day, certificate.spent) = (used, day, spent);
            certificate.pin = pin;
        }
        if self.paid_before.contains_key(&id) {
            self.paid_before_until.insert((at.plus(first_stage.unwrap_or(0)), id));
        }
        let until = self.certificate_mut(id)?.protection_end();
        self.reissue_activated(person, id, until);
        match purpose {
            Purpose::Payment => self.person_mut(person)?.had_certificate = true,
            Purpose::Recovery => {}
        }
        Ok(())
    }

    /// The person's sessions on a device are of `epoch` from now on.
    pub(super) fn end_device(&mut self, person: PersonId, device: DeviceId, epoch: u32) -> Applied {
        let latest = self.latest_epoch(&person).ok_or(ApplyError("the person is unknown"))?;
        fits(latest.checked_add(1) == Some(epoch), "an epoch is missing")?;
        self.device_epochs.insert((person, device), epoch);
        Ok(())
    }
}

/// The certificate that a request reserves; its account and index are the book's to add.
fn requested(body: &Body) -> Option<(CertificateId, Certificate)> {
    let (Body::CertificateRequested {
        certificate,
        person,
        serial,
        custody,
        not_before,
        not_after,
        first_seq,
        first_prev,
        ..
    }
    | Body::SuccessorRequested {
        certificate,
        person,
        serial,
        custody,
        not_before,
        not_after,
        first_seq,
        first_prev,
        ..
    }) = body
    else {
        return None;
    };
    let (purpose, route, successor_of, wait_ms) =
        if let Body::SuccessorRequested { purpose, route, successor_of, wait_ms, .. } = body {
            (*purpose, *route, *successor_of, *wait_ms)
        } else {
            (Purpose::Payment, Route::First, None, 0)
        };
    let requested = Certificate {
        person: *person,
        account: crate::id::AccountId::from_bytes([0; 10]),
        serial: *serial,
        state: State::Requested,
        purpose,
        route,
        successor_of,
        custody: *custody,
        not_before: *not_before,
        not_after: *not_after,
        activated: Millis(0),
        wait_ms,
        protected_until: *not_before,
        last: Last { seq: *first_seq, hash: *first_prev, number: None, index: None },
        spent_day: Day::default(),
        spent: Minor::ZERO,
        stage: 0,
        stage_spent: Minor::ZERO,
        used: Millis(0),
        refusal_hour: 0,
        refusals: 0,
        pin: PinTries::default(),
        touched: 0,
    };
    Some((*certificate, requested))
}
