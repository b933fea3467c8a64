//! Decides and applies what happens to a reissue (rules § 4): opened, vetoed, acknowledged, given up, ended.

use super::Book;
use super::administer::{Bodies, one, unless};
use crate::certificate::{Certificate, Purpose, RevocationReason, Route, State, SuspendedBy};
use crate::command::{Action, Contacts};
use crate::id::{CertificateId, EnrolmentId, PersonId};
use crate::kit::KitUse;
use crate::record::Body;
use crate::refusal::Refusal;
use crate::reissue::{
    Case, CaseState, End, IN_USE_MS, Proof, REMEMBERED_MS, RISK_MS, ReissueContext, Stated, Veto, Vetoed,
    WAIT_AT_RISK_MS, WAIT_LOST_MS, WAIT_OPERATOR_MS,
};
use crate::time::{Millis, Now};

/// What somebody asks for, as the wallet proved it.
#[derive(Clone, Copy)]
struct Opening {
    reissue: EnrolmentId,
    person: PersonId,
    proof: Proof,
    stated: Stated,
    context: ReissueContext,
}

impl Book {
    /// A reissue of a person, as long as it is remembered.
    #[must_use]
    pub fn reissue(&self, person: PersonId, reissue: EnrolmentId) -> Option<&Case> {
        self.reissues.get(&(person, reissue))
    }

    /// The reissues of a person that are remembered.
    pub fn reissues_of(&self, person: PersonId) -> impl Iterator<Item = (EnrolmentId, &Case)> {
        let (first, last) = ([0; EnrolmentId::SIZE], [u8::MAX; EnrolmentId::SIZE]);
        let range = (person, EnrolmentId::from_bytes(first))..=(person, EnrolmentId::from_bytes(last));
        self.reissues.range(range).map(|((_, reissue), case)| (*reissue, case))
    }

    /// The reissues that are remembered and came to the end of their protection.
    pub fn reissues_done(&self) -> impl Iterator<Item = (PersonId, &Case)> {
        let all = self.reissues.iter().map(|((person, _), case)| (*person, case));
        all.filter(|(_, case)| case.state == CaseState::Over { end: End::Protected })
    }

    pub(super) fn decide_reissue(&self, action: &Action, now: Now) -> Bodies {
        if let Action::OpenReissue { reissue, person, proof, stated, context } = action {
            let (reissue, person, proof, stated) = (*reissue, *person, *proof, *stated);
            return self.open_reissue(&Opening { reissue, person, proof, stated, context: *context }, now);
        }
        if let Action::VetoReissue { reissue, person, certificate, veto } = action {
            return self.veto_reissue(*person, *reissue, *certificate, *veto, now);
        }
        if let Action::AcknowledgeReissue { reissue, person, certificate } = action {
            return self.acknowledge_reissue(*person, *reissue, *certificate);
        }
        if let Action::GiveUpReissue { reissue, person } = action {
            return self.give_up_reissue(*person, *reissue);
        }
        Err(Refusal::Conflict)
    }

    /// The open reissue that proves a person for a route. No other route than the proven one gives a certificate.
    pub(super) fn proven(&self, person: PersonId, route: Route) -> Result<Option<&Case>, Refusal> {
        let open = self.open_reissue_of(person).map(|(_, case)| case).filter(|case| case.route == route);
        match route {
            Route::First | Route::Renewal | Route::Grace => Ok(None),
            Route::Move | Route::Cleared | Route::Kit | Route::Lost | Route::LostAtRisk | Route::Operator => {
                let case = open.ok_or(Refusal::ReissueOver)?;
                if case.certificate.is_none() { Ok(Some(case)) } else { Err(Refusal::Conflict) }
            }
        }
    }

    /// The reissue of a person whose certificate was not fetched yet.
    pub(super) fn open_reissue_of(&self, person: PersonId) -> Option<(EnrolmentId, &Case)> {
        self.reissues_of(person).find(|(_, case)| case.state == CaseState::Open)
    }

    fn open_reissue(&self, opening: &Opening, now: Now) -> Bodies {
        let Opening { reissue, person, proof, stated, .. } = *opening;
        unless(self.reissues.contains_key(&(person, reissue)))?;
        unless(!self.people.get(&person).is_some_and(|holder| holder.had_certificate))?;
        let disputed = self.is_disputed(person);
        let route = self.route_of(opening, now)?;
        if disputed && !matches!(route, Route::Kit | Route::Operator) {
            return Err(Refusal::ReissueDisputed);
        }
        let olds: Vec<CertificateId> = self.in_hands(person).collect();
        let wait_ms = self.wait_of(route, &olds, opening.context.contacts, now);
        let given_up = self
            .open_reissue_of(person)
            .map(|(earlier, _)| Body::ReissueGivenUp { reissue: earlier, person });
        let opened =
            Body::ReissueOpened { reissue, person, proof, route, stated, wait_ms, olds: olds.clone() };
        let suspended = olds
            .iter()
            .filter(|id| {
                let active = self
                    .certificates
                    .get(id)
                    .is_some_and(|certificate| matches!(certificate.state, State::Active { .. }));
                active && stated == Stated::LostOrStolen && ends_with_protection(route)
            })
            .map(|id| Body::CertificateSuspended { certificate: *id, by: SuspendedBy::Lost });
        Ok(given_up.into_iter().chain(std::iter::once(opened)).chain(suspended).collect())
    }

    /// The route that a proof opens.
    fn route_of(&self, opening: &Opening, now: Now) -> Result<Route, Refusal> {
        match opening.proof {
            Proof::Moved { by, .. } => self.vouches(opening.person, by, now).map(|()| Route::Move),
            Proof::Vouched { by } => self.vouches(opening.person, by, now).map(|()| Route::Cleared),
            Proof::Passkey { of } => self.own(opening.person, of).map(|_| Route::Cleared),
            Proof::Kit { kit } => {
                let kit = self.own(opening.person, kit)?;
                kit.may_recover(KitUse::Reissue, now.at).map(|()| Route::Kit)
            }
            Proof::Operators => Ok(Route::Operator),
            Proof::Secrets if self.is_at_risk(opening, now) => Ok(Route::LostAtRisk),
            Proof::Secrets => Ok(Route::Lost),
        }
    }

    /// A live device vouches for another one, unless it was reissued itself and is still protected.
    fn vouches(&self, person: PersonId, by: CertificateId, now: Now) -> Result<(), Refusal> {
        let certificate = self.own(person, by)?;
        certificate.may_pay(now.at)?;
        certificate.may_speak(now.at)
    }

    fn is_at_risk(&self, opening: &Opening, now: Now) -> bool {
        let lately = |at: Option<Millis>| at.is_some_and(|at| now.at.since(at) <= RISK_MS);
        let second = self
            .reissues_of(opening.person)
            .any(|(_, case)| case.counts() && now.at.since(case.opened) <= REMEMBERED_MS);
        lately(opening.context.phone_changed) || lately(opening.context.password_reset) || second
    }

    fn wait_of(&self, route: Route, olds: &[CertificateId], contacts: Contacts, now: Now) -> i64 {
        let in_use = || {
            olds.iter()
                .filter_map(|id| self.certificates.get(id))
                .any(|old| now.at.since(old.used) <= IN_USE_MS)
        };
        match (route, contacts) {
            (Route::Lost, Contacts::PhoneOnly) if in_use() => WAIT_LOST_MS,
            (Route::LostAtRisk, _) => WAIT_AT_RISK_MS,
            (Route::Operator, _) => WAIT_OPERATOR_MS,
            (
                Route::First
                | Route::Move
                | Route::Cleared
                | Route::Kit
                | Route::Lost
                | Route::Renewal
                | Route::Grace,
                _,
            ) => 0,
        }
    }

    /// Whether a verified veto of this certificate stops the case. One that came with password and code alone itself, and is
    /// still protected, stops nobody: it may be the very stranger's whom the case is to shut out.
    #[must_use]
    pub fn yields_to(&self, case: &Case, certificate: CertificateId, now: Millis) -> bool {
        let speaks = self.certificates.get(&certificate).is_some_and(|old| old.may_speak(now).is_ok());
        case.yields_to_a_veto() && speaks
    }

    fn veto_reissue(
        &self,
        person: PersonId,
        reissue: EnrolmentId,
        certificate: CertificateId,
        veto: Veto,
        now: Now,
    ) -> Bodies {
        let case = self.running(person, reissue)?;
        unless(!case.olds.contains(&certificate))?;
        let old = self.own(person, certificate)?;
        if !matches!(old.state, State::Active { .. } | State::Suspended { .. }) {
            return Err(Refusal::CertificateState);
        }
        let stops = veto == Veto::Verified && self.yields_to(case, certificate, now.at);
        let outcome = if stops { Vetoed::Stopped } else { Vetoed::Disputed };
        let said = Body::ReissueVetoed { reissue, person, certificate, veto, outcome };
        let new = case.certificate.and_then(|id| self.end_new(id, outcome));
        let old = match (outcome, old.state) {
            (Vetoed::Stopped, State::Suspended { by: SuspendedBy::Lost, .. }) => {
                let protected_until = self.protection_from(now);
                Some(Body::CertificateResumed { certificate, protected_until })
            }
            (Vetoed::Disputed, State::Active { .. }) => {
                Some(Body::CertificateSuspended { certificate, by: SuspendedBy::Veto })
            }
            (
                Vetoed::Stopped | Vetoed::Disputed,
                State::Requested
                | State::Issued { .. }
                | State::Active { .. }
                | State::Suspended { .. }
                | State::Revoked { .. }
                | State::Abandoned
                | State::Expired { .. }
                | State::Superseded { .. },
            ) => None,
        };
        Ok(std::iter::once(said).chain(new).chain(old).collect())
    }

    /// What becomes of the new certificate of a vetoed case.
    fn end_new(&self, id: CertificateId, outcome: Vetoed) -> Option<Body> {
        let new = self.certificates.get(&id)?;
        match (new.state, outcome) {
            (State::Requested | State::Issued { .. }, _) => {
                Some(Body::CertificateAbandoned { certificate: id })
            }
            (State::Active { .. } | State::Suspended { .. }, Vetoed::Stopped) => {
                let reason = RevocationReason::PrivilegeWithdrawn;
                Some(Body::CertificateRevoked { certificate: id, reason })
            }
            (State::Active { .. }, Vetoed::Disputed) => {
                Some(Body::CertificateSuspended { certificate: id, by: SuspendedBy::Veto })
            }
            (
                State::Suspended { .. }
                | State::Revoked { .. }
                | State::Abandoned
                | State::Expired { .. }
                | State::Superseded { .. },
                _,
            ) => None,
        }
    }

    fn acknowledge_reissue(
        &self,
        person: PersonId,
        reissue: EnrolmentId,
        certificate: CertificateId,
    ) -> Bodies {
        let case = self.running(person, reissue)?;
        unless(!case.olds.contains(&certificate) || case.acknowledged.contains(&certificate))?;
        one(Body::ReissueAcknowledged { reissue, person, certificate })
    }

    /// Nobody fetched the certificate, or whoever asked thinks better of it.
    fn give_up_reissue(&self, person: PersonId, reissue: EnrolmentId) -> Bodies {
        unless(self.running(person, reissue)?.state != CaseState::Open)?;
        one(Body::ReissueGivenUp { reissue, person })
    }

    /// The records of the first reissue whose protection is over: it, and the end of each old certificate.
    pub(super) fn reissue_due(&self, now: Now) -> Option<Vec<Body>> {
        let (_, (person, reissue)) = *self.reissue_ends.first().filter(|(until, _)| *until <= now.at)?;
        let case = self.reissues.get(&(person, reissue))?;
        let CaseState::Active { certificate: by, .. } = case.state else { return None };
        let ended = Body::ReissueEnded { reissue, person };
        // A new certificate that is suspended or gone has taken nobody's place.
        let took_over =
            self.certificates.get(&by).is_some_and(|new| matches!(new.state, State::Active { .. }));
        let olds =
            case.olds.iter().filter(|_| took_over && ends_with_protection(case.route)).filter_map(|id| {
                let reason = RevocationReason::KeyCompromise;
                match self.certificates.get(id)?.state {
                    State::Suspended { by: SuspendedBy::Lost, .. } => {
                        Some(Body::CertificateRevoked { certificate: *id, reason })
                    }
                    State::Active { .. } | State::Suspended { .. } => {
                        Some(Body::CertificateSuperseded { certificate: *id, by })
                    }
                    State::Requested
                    | State::Issued { .. }
                    | State::Revoked { .. }
                    | State::Abandoned
                    | State::Expired { .. }
                    | State::Superseded { .. } => None,
                }
            });
        Some(std::iter::once(ended).chain(olds).collect())
    }

    /// Whether a dispute of the person waits for a kit or for two operators.
    fn is_disputed(&self, person: PersonId) -> bool {
        self.reissues_of(person).any(|(_, case)| {
            case.state == CaseState::Over { end: End::Disputed } && !self.is_decided(person, case)
        })
    }

    /// Whether a certificate by kit or by operators came after a case and took effect.
    fn is_decided(&self, person: PersonId, case: &Case) -> bool {
        self.certificates_of(person).any(|(id, found)| {
            found.purpose == Purpose::Payment
                && matches!(found.route, Route::Kit | Route::Operator)
                && case.certificate != Some(id)
                && !case.olds.contains(&id)
                && found.activated >= case.opened
        })
    }

    /// A certificate of a dispute is not its holder's to resume, whatever had suspended it: that is what a decision is for.
    pub(super) fn is_not_disputed(&self, person: PersonId, id: CertificateId) -> Result<(), Refusal> {
        let disputed = self
            .reissues_of(person)
            .any(|(_, case)| case.state == CaseState::Over { end: End::Disputed } && case.olds.contains(&id));
        if disputed { Err(Refusal::ReissueDisputed) } else { Ok(()) }
    }

    fn running(&self, person: PersonId, reissue: EnrolmentId) -> Result<&Case, Refusal> {
        let case = self.reissues.get(&(person, reissue)).ok_or(Refusal::ReissueUnknown)?;
        if case.is_running() { Ok(case) } else { Err(Refusal::ReissueOver) }
    }

    fn own(&self, person: PersonId, id: CertificateId) -> Result<&Certificate, Refusal> {
        let certificate = self.certificates.get(&id).ok_or(Refusal::CertificateUnknown)?;
        if certificate.person == person { Ok(certificate) } else { Err(Refusal::CertificateForeign) }
    }

    /// The payment certificates of a person that pay, or could again.
    fn in_hands(&self, person: PersonId) -> impl Iterator<Item = CertificateId> {
        self.certificates_of(person)
            .filter(|(_, found)| {
                found.purpose == Purpose::Payment
                    && matches!(found.state, State::Active { .. } | State::Suspended { .. })
            })
            .map(|(id, _)| id)
    }

    /// Whether a certificate took the place of an old one at the end of a reissue.
    pub(super) fn reissue_replaces(&self, person: PersonId, by: CertificateId, old: CertificateId) -> bool {
        self.reissues_of(person).any(|(_, case)| case.certificate == Some(by) && case.olds.contains(&old))
    }
}

/// Whether the old certificates end only when the new one's protection does.
const fn ends_with_protection(route: Route) -> bool {
    match route {
        Route::Lost | Route::LostAtRisk | Route::Operator => true,
        Route::First | Route::Move | Route::Cleared | Route::Kit | Route::Renewal | Route::Grace => false,
    }
}
