//! Decides every command that is not a payment.

use super::Book;
use crate::certificate::{Certificate, Custody, RevocationReason, Route, State, SuspendedBy};
use crate::command::Action;
use crate::id::{CertificateId, DeviceId, OrderId, PaymentNumber, PersonId};
use crate::money::Minor;
use crate::policy::Policy;
use crate::record::{Body, Stamp};
use crate::refusal::Refusal;
use crate::text::{ORDER_MAX_MS, sha256};
use crate::time::{Millis, Now};

pub(super) type Bodies = Result<Vec<Body>, Refusal>;

#[expect(clippy::unnecessary_wraps, reason = "every arm of `administer` answers in this shape")]
pub(super) fn one(body: Body) -> Bodies {
    Ok(vec![body])
}

pub(super) fn unless(taken: bool) -> Result<(), Refusal> {
    if taken { Err(Refusal::Conflict) } else { Ok(()) }
}

impl Book {
    pub(super) fn administer(&self, action: &Action, now: Now) -> Bodies {
        match action {
            Action::Genesis { stamp, origin, issuance, fees, policy } => {
                unless(issuance == fees)?;
                let (stamp, origin, policy) = (*stamp, origin.clone(), policy.clone());
                one(Body::Genesis { stamp, origin, issuance: *issuance, fees: *fees, policy })
            }
            Action::SetPolicy { policy } => self.set_policy(policy),
            Action::NameSnapshot { records, hash } => {
                unless(*records > self.next)?;
                one(Body::SnapshotTaken { records: *records, hash: *hash })
            }
            Action::AcceptClock => one(Body::ClockAccepted),
            Action::ContinueLog { name, key, size, root } => {
                unless(*size > self.next || name.is_empty())?;
                one(Body::LogContinued { name: name.clone(), key: *key, size: *size, root: *root })
            }
            Action::OpenPerson { person, account } => {
                unless(self.people.contains_key(person) || self.accounts.contains_key(account))?;
                one(Body::PersonOpened { person: *person, account: *account })
            }
            Action::OpenMerchant { merchant, account } => {
                unless(self.merchants.contains_key(merchant) || self.accounts.contains_key(account))?;
                one(Body::MerchantOpened { merchant: *merchant, account: *account })
            }
            Action::IssueMoney { account, amount } => self.issue_money(*account, *amount),
            Action::EndSessions { person } => {
                one(Body::SessionsEnded { person: *person, epoch: self.next_epoch(*person)? })
            }
            Action::SetTap { person, enabled } => self.set_tap(*person, *enabled, now),
            Action::RequestCertificate { .. } => self.request_certificate(action),
            Action::RecordIssued { certificate, thumbprint } => {
                self.known(*certificate)?.state.issued(*thumbprint)?;
                unless(self.thumbprints.contains_key(thumbprint))?;
                one(Body::CertificateIssued { certificate: *certificate, thumbprint: *thumbprint })
            }
            Action::Activate { certificate } => self.activate(*certificate, now),
            Action::Abandon { certificate } => {
                self.known(*certificate)?.state.abandoned()?;
                one(Body::CertificateAbandoned { certificate: *certificate })
            }
            Action::Suspend { certificate, by } => self.suspend(*certificate, *by, now),
            Action::Resume { certificate } => self.resume(*certificate, now),
            Action::Revoke { certificate, reason } => self.revoke(*certificate, *reason, now),
            Action::CountPin { certificate } => self.count_pin(*certificate, now),
            Action::AcceptPin { certificate } => {
                self.known(*certificate)?;
                one(Body::PinAccepted { certificate: *certificate })
            }
            Action::RejectPin { certificate } => self.reject_pin(*certificate, now),
            Action::VoidPayment { certificate, number } => self.void_payment(*certificate, *number),
            Action::CancelOrder { order, expires } => self.cancel_order(*order, *expires, now),
            Action::RequestSuccessor { .. } => self.request_successor(action, now),
            Action::RevokeOnDevice { certificate, reason, device } => {
                self.revoke_on_device(*certificate, *reason, *device, now)
            }
            Action::EndDeviceSessions { person, device } => self.end_device_sessions(*person, *device),
            Action::UseKit { certificate, used_for } => {
                self.known(*certificate)?.may_recover(*used_for, now.at)?;
                one(Body::KitUsed { certificate: *certificate, used_for: *used_for })
            }
            Action::Restore { certificate } => self.restore(*certificate, now),
            Action::OpenReissue { .. }
            | Action::VetoReissue { .. }
            | Action::AcknowledgeReissue { .. }
            | Action::GiveUpReissue { .. } => self.decide_reissue(action, now),
        }
    }

    fn set_policy(&self, policy: &Policy) -> Bodies {
        unless(self.policy().is_some_and(|current| current.currency != policy.currency))?;
        one(Body::PolicySet { policy: policy.clone() })
    }

    fn end_device_sessions(&self, person: PersonId, device: DeviceId) -> Bodies {
        let epoch = self.next_epoch(person)?;
        one(Body::DeviceSessionsEnded { person, device, epoch })
    }

    pub(super) fn known(&self, id: CertificateId) -> Result<&Certificate, Refusal> {
        self.certificates.get(&id).ok_or(Refusal::CertificateUnknown)
    }

    pub(super) fn known_person(&self, id: PersonId) -> Result<&super::Person, Refusal> {
        self.people.get(&id).ok_or(Refusal::Conflict)
    }

    fn issue_money(&self, account: crate::id::AccountId, amount: Minor) -> Bodies {
        unless(self.deployment.as_ref().is_none_or(|deployment| deployment.stamp != Stamp::Demo))?;
        unless(amount == Minor::ZERO)?;
        let found = self.accounts.get(&account).ok_or(Refusal::PayeeUnknown)?;
        unless(self.payee_may_not_hold(found, amount))
            .map_err(|_| Refusal::LimitBalance)
            .and_then(|()| one(Body::MoneyIssued { account, amount }))
    }

    fn request_certificate(&self, action: &Action) -> Bodies {
        let Action::RequestCertificate {
            certificate,
            person,
            serial,
            to_be_signed,
            custody,
            not_before,
            not_after,
            first_seq,
            first_prev,
        } = action
        else {
            return Err(Refusal::Conflict);
        };
        unless(self.certificates.contains_key(certificate) || not_before >= not_after)?;
        unless(self.serials.contains_key(serial))?;
        self.known_person(*person)?;
        self.leaves_room(*person, Route::First, None)?;
        one(Body::CertificateRequested {
            certificate: *certificate,
            person: *person,
            serial: *serial,
            to_be_signed: *to_be_signed,
            custody: *custody,
            not_before: *not_before,
            not_after: *not_after,
            first_seq: *first_seq,
            first_prev: *first_prev,
        })
    }

    pub(super) fn protection_from(&self, now: Now) -> Millis {
        now.at.plus(self.policy().map_or(Millis::DAY, |policy| policy.protection_ms))
    }

    fn suspend(&self, id: CertificateId, by: SuspendedBy, now: Now) -> Bodies {
        self.known(id)?.state.suspended(by, now.at)?;
        one(Body::CertificateSuspended { certificate: id, by })
    }

    /// A suspension out of suspicion ends in a protection period (rules § 1).
    fn resume(&self, id: CertificateId, now: Now) -> Bodies {
        let certificate = self.known(id)?;
        certificate.state.resumed()?;
        self.is_not_disputed(certificate.person, id)?;
        let protected_until = match certificate.state {
            State::Suspended { by, .. } if by.is_suspicion() => self.protection_from(now),
            State::Requested
            | State::Issued { .. }
            | State::Active { .. }
            | State::Suspended { .. }
            | State::Revoked { .. }
            | State::Abandoned
            | State::Expired { .. }
            | State::Superseded { .. } => certificate.protected_until,
        };
        one(Body::CertificateResumed { certificate: id, protected_until })
    }

    /// Whoever decided it, lower limits follow: the suspension had a reason.
    fn restore(&self, id: CertificateId, now: Now) -> Bodies {
        self.known(id)?.state.restored()?;
        one(Body::CertificateResumed { certificate: id, protected_until: self.protection_from(now) })
    }

    fn revoke(&self, id: CertificateId, reason: RevocationReason, now: Now) -> Bodies {
        self.known(id)?.state.revoked(reason, now.at)?;
        one(Body::CertificateRevoked { certificate: id, reason })
    }

    fn count_pin(&self, id: CertificateId, now: Now) -> Bodies {
        let certificate = self.known(id)?;
        if certificate.custody != Custody::Pin && certificate.custody != Custody::Software {
            return Err(Refusal::CertificateState);
        }
        let until = certificate.pin.locked_until;
        if now.at < until {
            return Err(Refusal::PinLocked { until });
        }
        one(Body::PinCounted { certificate: id, failures: certificate.pin.counted(now.at).failures })
    }

    fn reject_pin(&self, id: CertificateId, now: Now) -> Bodies {
        if self.known(id)?.pin.exhausted() {
            self.suspend(id, SuspendedBy::Pin, now)
        } else {
            Err(Refusal::CertificateState)
        }
    }

    fn set_tap(&self, person: PersonId, enabled: bool, now: Now) -> Bodies {
        self.known_person(person)?;
        match self.no_change_until(person, now).filter(|_| enabled) {
            Some(until) => Err(Refusal::LimitProtectionChange { until }),
            None => one(Body::TapSet { person, enabled }),
        }
    }

    fn void_payment(&self, id: CertificateId, number: PaymentNumber) -> Bodies {
        let certificate = self.known(id)?;
        unless(certificate.last.number == Some(number))?;
        let seq = certificate.last.seq.checked_add(1).ok_or(Refusal::Conflict)?;
        let hash = sha256(&[b"yx/void/v1\0", certificate.last.hash.as_bytes(), number.as_bytes()]);
        one(Body::PaymentVoided { certificate: id, number, seq, hash })
    }

    fn cancel_order(&self, order: OrderId, expires: Millis, now: Now) -> Bodies {
        if expires < now.at || expires.since(now.at) > ORDER_MAX_MS {
            return Err(Refusal::OrderExpired);
        }
        match self.orders.get(&order) {
            Some(super::OrderMark::Paid { .. }) => Err(Refusal::OrderPaid),
            Some(super::OrderMark::Cancelled) => Err(Refusal::OrderCancelled),
            None => one(Body::OrderCancelled { order, expires }),
        }
    }
}
