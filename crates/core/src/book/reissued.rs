//! Applies the records of a reissue, and what other records mean for it.

use super::apply::{Applied, fits};
use super::{ApplyError, Book};
use crate::certificate::Route;
use crate::id::{CertificateId, EnrolmentId, PersonId};
use crate::record::{Body, Facts};
use crate::reissue::{Case, CaseState, End, REMEMBERED_MS, Vetoed};
use crate::time::Millis;

impl Book {
    pub(super) fn apply_reissue(&mut self, facts: &Facts) -> Applied {
        let (person, reissue, end) = match &facts.body {
            Body::ReissueOpened { .. } => return self.apply_opening(facts),
            Body::ReissueAcknowledged { reissue, person, certificate } => {
                self.case_mut(*person, *reissue)?.acknowledged.push(*certificate);
                return Ok(());
            }
            Body::ReissueVetoed { reissue, person, outcome: Vetoed::Stopped, .. } => {
                (*person, *reissue, End::Vetoed)
            }
            Body::ReissueVetoed { reissue, person, outcome: Vetoed::Disputed, .. } => {
                (*person, *reissue, End::Disputed)
            }
            Body::ReissueGivenUp { reissue, person } => (*person, *reissue, End::GivenUp),
            Body::ReissueEnded { reissue, person } => (*person, *reissue, End::Protected),
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
            | Body::CertificateIssued { .. }
            | Body::CertificateActivated { .. }
            | Body::CertificateAbandoned { .. }
            | Body::CertificateSuspended { .. }
            | Body::CertificateResumed { .. }
            | Body::CertificateRevoked { .. }
            | Body::CertificateRevokedOnDevice { .. }
            | Body::KitUsed { .. }
            | Body::CertificateSuperseded { .. }
            | Body::CertificateExpired { .. }
            | Body::PinCounted { .. }
            | Body::PinAccepted { .. }
            | Body::Payment { .. }
            | Body::PaymentVoided { .. }
            | Body::OrderCancelled { .. } => return Err(ApplyError("not a step of a reissue")),
        };
        self.end_reissue(person, reissue, end, facts.at)
    }

    fn apply_opening(&mut self, facts: &Facts) -> Applied {
        let Body::ReissueOpened { reissue, person, route, stated, wait_ms, olds, .. } = &facts.body else {
            return Err(ApplyError("not an opening"));
        };
        let case = Case {
            route: *route,
            stated: *stated,
            wait_ms: *wait_ms,
            opened: facts.at,
            olds: olds.clone(),
            acknowledged: Vec::new(),
            certificate: None,
            state: CaseState::Open,
        };
        fits(self.reissues.insert((*person, *reissue), case).is_none(), "the reissue exists")
    }

    /// A certificate was requested: it is the open reissue's, where there is one on its route.
    pub(super) fn reissue_requested(&mut self, person: PersonId, route: Route, id: CertificateId) {
        let found = self.open_reissue_of(person).filter(|(_, case)| case.route == route);
        if let Some(case) =
            found.map(|(reissue, _)| reissue).and_then(|reissue| self.reissues.get_mut(&(person, reissue)))
        {
            case.certificate = Some(id);
        }
    }

    /// It became active: the protection runs.
    pub(super) fn reissue_activated(&mut self, person: PersonId, id: CertificateId, until: Millis) {
        let found = self.open_reissue_of(person).filter(|(_, case)| case.certificate == Some(id));
        let Some(reissue) = found.map(|(reissue, _)| reissue) else { return };
        if let Some(case) = self.reissues.get_mut(&(person, reissue)) {
            case.state = CaseState::Active { certificate: id, until };
            self.reissue_ends.insert((until, (person, reissue)));
        }
    }

    /// It was abandoned: the case waits for another request.
    pub(super) fn reissue_abandoned(&mut self, person: PersonId, id: CertificateId) {
        let found = self.open_reissue_of(person).filter(|(_, case)| case.certificate == Some(id));
        let Some(reissue) = found.map(|(reissue, _)| reissue) else { return };
        if let Some(case) = self.reissues.get_mut(&(person, reissue)) {
            case.certificate = None;
        }
    }

    fn case_mut(&mut self, person: PersonId, reissue: EnrolmentId) -> Result<&mut Case, ApplyError> {
        let case = self.reissues.get_mut(&(person, reissue)).ok_or(ApplyError("the reissue is unknown"))?;
        if case.is_running() { Ok(case) } else { Err(ApplyError("the reissue is over")) }
    }

    fn end_reissue(&mut self, person: PersonId, reissue: EnrolmentId, end: End, at: Millis) -> Applied {
        let case = self.case_mut(person, reissue)?;
        let before = std::mem::replace(&mut case.state, CaseState::Over { end });
        let forget_at = case.opened.plus(REMEMBERED_MS).max(at);
        if let CaseState::Active { until, .. } = before {
            self.reissue_ends.remove(&(until, (person, reissue)));
        }
        // Both sides wait for a kit or for operators: until then it is not forgotten.
        if end != End::Disputed {
            self.reissues_over.insert((forget_at, (person, reissue)));
        }
        Ok(())
    }

    /// Drops the reissues that no decision can need any more.
    pub(super) fn forget_reissues(&mut self, at: Millis) {
        while let Some(entry) = self.reissues_over.first().copied().filter(|(until, _)| *until < at) {
            self.reissues_over.remove(&entry);
            self.reissues.remove(&entry.1);
        }
    }
}
