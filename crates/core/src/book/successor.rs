//! Decides the steps of a certificate's life that look at another certificate, or at the way on which it was asked for.

use super::Book;
use super::administer::{Bodies, one, unless};
use crate::certificate::{Certificate, Purpose, RevocationReason, Route, State, SuspendedBy, USED_LATELY_MS};
use crate::command::{Action, Contacts};
use crate::id::{CertificateId, DeviceId, PersonId};
use crate::kit::KitUse;
use crate::record::Body;
use crate::refusal::Refusal;
use crate::time::{Millis, Now};

/// Accounts that a request may name as paid before: more than anybody pays by hand in a year, and the record stays small.
const PAID_BEFORE_MAX: usize = 256;
/// Live recovery certificates of a person: one, and its successor until it is active.
const RECOVERY_MAX: usize = 2;
/// After R5 nothing is debited for this long, after R6 and R4's named case for a day (rules § 4).
const WAIT_AT_RISK_MS: i64 = 72 * Millis::HOUR;
const WAIT_MS: i64 = 24 * Millis::HOUR;

impl Book {
    /// The least epoch that a session of this person on this device may be of.
    #[must_use]
    pub fn session_epoch(&self, person: &PersonId, device: &DeviceId) -> Option<u32> {
        let all = self.people.get(person)?.epoch;
        Some(self.device_epochs.get(&(*person, *device)).map_or(all, |epoch| all.max(*epoch)))
    }

    /// The epoch that a new session of this person is of.
    #[must_use]
    pub fn latest_epoch(&self, person: &PersonId) -> Option<u32> {
        let all = self.people.get(person)?.epoch;
        let [first, last] = [[0; 10], [u8::MAX; 10]].map(|bytes| (*person, DeviceId::from_bytes(bytes)));
        let devices = self.device_epochs.range(first..=last).map(|(_, epoch)| *epoch);
        Some(devices.fold(all, u32::max))
    }

    pub(super) fn next_epoch(&self, person: PersonId) -> Result<u32, Refusal> {
        self.latest_epoch(&person).and_then(|epoch| epoch.checked_add(1)).ok_or(Refusal::Conflict)
    }

    pub(super) fn revoke_on_device(
        &self,
        id: CertificateId,
        reason: RevocationReason,
        device: DeviceId,
        now: Now,
    ) -> Bodies {
        let certificate = self.known(id)?;
        certificate.state.revoked(reason, now.at)?;
        let epoch = self.next_epoch(certificate.person)?;
        one(Body::CertificateRevokedOnDevice { certificate: id, reason, device, epoch })
    }

    /// A certificate becomes active; where it takes the place of another, that one ends in the same batch.
    pub(super) fn activate(&self, id: CertificateId, now: Now) -> Bodies {
        let certificate = self.known(id)?;
        certificate.state.activated()?;
        let old = match certificate.successor_of {
            Some(old) => Some((old, self.known(old)?)),
            None => None,
        };
        if let Some((_, old)) = old {
            may_be_succeeded(certificate.route, old, true)?;
        }
        let protected_until = match (certificate.purpose, certificate.route, old) {
            (Purpose::Payment, Route::First, _) => self.protection_from(now),
            (Purpose::Payment, Route::Renewal | Route::Grace, Some((_, old))) => old.protected_until,
            (Purpose::Payment | Purpose::Recovery, _, _) => now.at,
        };
        let mut bodies = vec![Body::CertificateActivated { certificate: id, protected_until }];
        if let Some((old, found)) = old.filter(|_| certificate.route.supersedes_at_once())
            && found.state.superseded(now.at).is_ok()
        {
            bodies.push(Body::CertificateSuperseded { certificate: old, by: id });
        }
        if certificate.purpose == Purpose::Recovery {
            bodies.extend(self.other_kits_end(id, certificate));
        }
        Ok(bodies)
    }

    pub(super) fn request_successor(&self, action: &Action, now: Now) -> Bodies {
        let Action::RequestSuccessor {
            certificate,
            person,
            serial,
            to_be_signed,
            custody,
            not_before,
            not_after,
            first_seq,
            first_prev,
            purpose,
            route,
            successor_of,
            contacts,
            paid_before,
        } = action
        else {
            return Err(Refusal::Conflict);
        };
        unless(self.certificates.contains_key(certificate) || not_before >= not_after)?;
        unless(self.serials.contains_key(serial) || paid_before.len() > PAID_BEFORE_MAX)?;
        let had = self.known_person(*person)?.had_certificate;
        unless(*purpose == Purpose::Payment && had == (*route == Route::First))?;
        let old = match successor_of {
            Some(old) => Some((*old, self.predecessor(*old, *person, *purpose)?)),
            None => None,
        };
        let mut wait_ms = 0;
        match purpose {
            Purpose::Payment => {
                self.may_take(*person, *route, old, now)?;
                self.leaves_room(*person, *route, *successor_of)?;
                if *route == Route::Kit {
                    self.kit_that_proves(*person, now)?;
                }
                wait_ms = match self.proven(*person, *route)? {
                    Some(case) => case.wait_ms,
                    None => self.wait(*person, *route, *contacts, now),
                };
            }
            Purpose::Recovery => self.may_make_kit(*person, now)?,
        }
        one(Body::SuccessorRequested {
            certificate: *certificate,
            person: *person,
            serial: *serial,
            to_be_signed: *to_be_signed,
            custody: *custody,
            not_before: *not_before,
            not_after: *not_after,
            first_seq: *first_seq,
            first_prev: *first_prev,
            purpose: *purpose,
            route: *route,
            successor_of: *successor_of,
            wait_ms,
            paid_before: paid_before.clone(),
        })
    }

    fn predecessor(
        &self,
        old: CertificateId,
        person: PersonId,
        purpose: Purpose,
    ) -> Result<&Certificate, Refusal> {
        let found = self.known(old)?;
        if found.person != person {
            return Err(Refusal::CertificateForeign);
        }
        if found.purpose == purpose { Ok(found) } else { Err(Refusal::CertificateWrongPurpose) }
    }

    /// A person's certificates of a purpose that are not over.
    fn live_of(
        &self,
        person: PersonId,
        purpose: Purpose,
    ) -> impl Iterator<Item = (CertificateId, &Certificate)> {
        self.certificates_of(person).filter(move |(_, other)| other.is_live() && other.purpose == purpose)
    }

    pub(super) fn certificates_of(
        &self,
        person: PersonId,
    ) -> impl Iterator<Item = (CertificateId, &Certificate)> {
        let ids = self.people.get(&person).map(|person| person.certificates.as_slice()).unwrap_or_default();
        ids.iter().filter_map(|id| self.certificates.get(id).map(|found| (*id, found)))
    }

    /// Whether one more payment certificate fits: a predecessor and its live successors count as one less, so that the
    /// successor finds room while the old one still signs.
    pub(super) fn leaves_room(
        &self,
        person: PersonId,
        route: Route,
        successor_of: Option<CertificateId>,
    ) -> Result<(), Refusal> {
        let followed = |id: CertificateId| {
            successor_of == Some(id)
                || self.live_of(person, Purpose::Payment).any(|(_, other)| other.successor_of == Some(id))
        };
        let live = self.live_of(person, Purpose::Payment).filter(|(id, _)| !followed(*id)).count();
        let most = self.policy().map_or(0, |policy| usize::from(policy.certificates_per_person));
        if live >= most && route != Route::Operator { Err(Refusal::CertificateTooMany) } else { Ok(()) }
    }

    /// Whether this person may have a certificate on this route now.
    fn may_take(
        &self,
        person: PersonId,
        route: Route,
        old: Option<(CertificateId, &Certificate)>,
        now: Now,
    ) -> Result<(), Refusal> {
        for (_, other) in self.certificates_of(person) {
            // A veto that was decided holds nobody up for ever: what it suspended ends with its validity.
            if !matches!(other.state, State::Expired { held: Some(SuspendedBy::Veto), .. }) {
                is_not_held(route, other)?;
            }
            if matches!(route, Route::Move | Route::Cleared)
                && other.is_active()
                && is_reissued(other.route)
                && other.protection(now.at).is_some()
            {
                // Else whoever reissued it would have a certificate without its limits an hour later.
                return Err(Refusal::LimitProtectionChange { until: other.protection_end() });
            }
        }
        match (route, old) {
            (Route::Renewal | Route::Grace, None) => Err(Refusal::Conflict),
            (Route::Renewal, Some((id, old))) => {
                may_be_succeeded(route, old, false)?;
                self.has_no_heir(person, id)?;
                if old.protection(now.at).is_some() {
                    return Err(Refusal::LimitProtectionChange { until: old.protection_end() });
                }
                let from = old.renewable_from();
                if now.at < from { Err(Refusal::RenewalEarly { from }) } else { Ok(()) }
            }
            (Route::Grace, Some((id, old))) => {
                may_be_succeeded(route, old, false)?;
                self.has_no_heir(person, id)?;
                if now.at > old.grace_until() { Err(Refusal::GraceOver) } else { Ok(()) }
            }
            (
                Route::First
                | Route::Move
                | Route::Cleared
                | Route::Kit
                | Route::Lost
                | Route::LostAtRisk
                | Route::Operator,
                old,
            ) => old.map_or(Ok(()), |(_, old)| may_be_succeeded(route, old, false)),
        }
    }

    /// One kit in use and one on its way. Whoever reissued a certificate must not put a kit of theirs in the owner's place.
    fn may_make_kit(&self, person: PersonId, now: Now) -> Result<(), Refusal> {
        for (_, other) in self.certificates_of(person).filter(|(_, other)| other.is_active()) {
            other.may_speak(now.at)?;
        }
        let live = self.live_of(person, Purpose::Recovery).count();
        if live >= RECOVERY_MAX { Err(Refusal::CertificateTooMany) } else { Ok(()) }
    }

    /// The person has a kit that counts as a proof (rules § 4, R3): its key signed a text that the wallet checked.
    fn kit_that_proves(&self, person: PersonId, now: Now) -> Result<(), Refusal> {
        let mut refused = Refusal::CertificateUnknown;
        for (_, kit) in self.live_of(person, Purpose::Recovery) {
            match kit.may_recover(KitUse::Reissue, now.at) {
                Ok(()) => return Ok(()),
                Err(reason) => refused = reason,
            }
        }
        Err(refused)
    }

    /// The ends of all kits but `kept` and the one that it takes the place of: one is in use.
    fn other_kits_end(&self, kept: CertificateId, certificate: &Certificate) -> impl Iterator<Item = Body> {
        let others = self.live_of(certificate.person, Purpose::Recovery).filter(move |(other, found)| {
            *other != kept && Some(*other) != certificate.successor_of && found.thumbprint().is_some()
        });
        others.map(|(other, _)| Body::CertificateRevoked {
            certificate: other,
            reason: RevocationReason::CessationOfOperation,
        })
    }

    /// One renewal at a time: a reissue that is under way, or a renewal, is concluded first. A renewed certificate could not
    /// say no to a reissue that asks the old one.
    fn has_no_heir(&self, person: PersonId, old: CertificateId) -> Result<(), Refusal> {
        let heir = self.live_of(person, Purpose::Payment).any(|(_, other)| other.successor_of == Some(old));
        let asked = self.reissues_of(person).any(|(_, case)| case.is_running() && case.olds.contains(&old));
        if heir || asked { Err(Refusal::CertificateTooMany) } else { Ok(()) }
    }

    /// How long a new certificate pays nothing (rules § 4).
    fn wait(&self, person: PersonId, route: Route, contacts: Contacts, now: Now) -> i64 {
        let used_lately = || {
            self.certificates_of(person).any(|(_, other)| {
                other.purpose == Purpose::Payment && now.at.since(other.used) <= USED_LATELY_MS
            })
        };
        match route {
            Route::LostAtRisk => WAIT_AT_RISK_MS,
            Route::Operator => WAIT_MS,
            Route::Lost if contacts == Contacts::PhoneOnly && used_lately() => WAIT_MS,
            Route::Lost
            | Route::First
            | Route::Move
            | Route::Cleared
            | Route::Kit
            | Route::Renewal
            | Route::Grace => 0,
        }
    }

    /// Until when no limit of this person may be raised: a reissued certificate is in its first stage.
    pub(super) fn no_change_until(&self, person: PersonId, now: Now) -> Option<Millis> {
        self.certificates_of(person)
            .filter(|(_, other)| other.is_active() && is_reissued(other.route))
            .filter_map(|(_, other)| {
                let first = other.route.stages().first()?;
                let until = other.activated.plus(other.wait_ms).plus(first.lasts_ms);
                (now.at < until).then_some(until)
            })
            .max()
    }
}

const fn is_reissued(route: Route) -> bool {
    match route {
        Route::Lost | Route::LostAtRisk | Route::Operator => true,
        Route::First | Route::Move | Route::Cleared | Route::Kit | Route::Renewal | Route::Grace => false,
    }
}

/// An operator's suspension is not walked around by another certificate, nor is a veto that waits for its decision.
fn is_not_held(route: Route, other: &Certificate) -> Result<(), Refusal> {
    let (State::Suspended { by, .. } | State::Expired { held: Some(by), .. }) = other.state else {
        return Ok(());
    };
    let held = match by {
        SuspendedBy::Operator => !matches!(route, Route::Operator | Route::Renewal),
        SuspendedBy::Veto => !matches!(route, Route::Operator | Route::Kit | Route::Renewal),
        SuspendedBy::Person
        | SuspendedBy::Password
        | SuspendedBy::Pin
        | SuspendedBy::Fork
        | SuspendedBy::Lost
        | SuspendedBy::Reported
        | SuspendedBy::Unused
        | SuspendedBy::Risk => false,
    };
    if held { Err(Refusal::CertificateSuspended) } else { Ok(()) }
}

/// Whether a certificate in this state may have a successor on this route. `activating` looks at the end of the way: the
/// validity may have ended on it.
fn may_be_succeeded(route: Route, old: &Certificate, activating: bool) -> Result<(), Refusal> {
    is_not_held(route, old)?;
    let held = match old.state {
        State::Expired { held, .. } => held.is_some(),
        State::Requested
        | State::Issued { .. }
        | State::Active { .. }
        | State::Suspended { .. }
        | State::Revoked { .. }
        | State::Abandoned
        | State::Superseded { .. } => false,
    };
    match (route, old.state) {
        (_, State::Requested | State::Issued { .. } | State::Abandoned) => Err(Refusal::CertificateNotActive),
        (Route::Grace, State::Active { .. }) => Err(Refusal::CertificateState),
        (Route::Renewal, State::Expired { .. }) if !activating && !held => Err(Refusal::CertificateExpired),
        (Route::Renewal | Route::Grace | Route::Move, State::Suspended { .. }) => {
            Err(Refusal::CertificateSuspended)
        }
        (Route::Renewal | Route::Grace | Route::Move, State::Expired { .. }) if held => {
            Err(Refusal::CertificateSuspended)
        }
        (Route::Move, State::Expired { .. }) => Err(Refusal::CertificateExpired),
        (Route::Renewal | Route::Grace | Route::Move, State::Revoked { .. }) => {
            Err(Refusal::CertificateRevoked)
        }
        (Route::Renewal | Route::Grace | Route::Move, State::Superseded { .. }) => {
            Err(Refusal::CertificateSuperseded)
        }
        (Route::Renewal | Route::Move, State::Active { .. })
        | (Route::Renewal | Route::Grace, State::Expired { .. })
        | (
            Route::First | Route::Cleared | Route::Kit | Route::Lost | Route::LostAtRisk | Route::Operator,
            State::Active { .. }
            | State::Suspended { .. }
            | State::Revoked { .. }
            | State::Expired { .. }
            | State::Superseded { .. },
        ) => Ok(()),
    }
}
