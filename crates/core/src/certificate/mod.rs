//! The lifecycle of a certificate (rules § 1).
//!
//! ```text
//! requested ─▶ issued ─▶ active ⇄ suspended
//!     │           │      │ │ │       │ │
//!     ▼           ▼      │ │ └───────┼─┴──▶ revoked
//! abandoned   abandoned  │ └─────────┴──▶ superseded   (its successor is active)
//!                        └─▶ expired ────▶ superseded   (renewed within the grace)
//! ```
//!
//! Identity is verified before the device makes its request (an enrolment on the desk), so `requested` already carries
//! the verified factors as evidence.

mod lifecycle;
mod protection;
mod state;

pub use lifecycle::{Actor, Event, FACTORS_MS, Factor, Step};
pub(crate) use protection::USED_LATELY_MS;
pub use protection::{Cap, Payees, Protection, Route, Stage, protection};
pub use state::State;

use crate::codec::{record_enum, record_struct};
use crate::id::{AccountId, CertificateId, Digest, PaymentNumber, PersonId, Serial, Thumbprint};
use crate::money::Minor;
use crate::refusal::Refusal;
use crate::time::{Day, Millis};

record_enum! {
    /// Who suspended a certificate.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum SuspendedBy {
        /// The person, from any device.
        1 => Person,
        /// Ten wrong PINs.
        2 => Pin,
        /// An operator.
        3 => Operator,
        /// A fork of the sequence: a cloned key.
        4 => Fork,
        /// The person, who says that the device is lost or stolen.
        5 => Lost,
        /// The person, who did not recognise a use: 「不是我」.
        6 => Reported,
        /// A veto of a reissue whose person was not verified: both certificates wait for § 4.
        7 => Veto,
        /// Twelve months without a use.
        8 => Unused,
        /// A rule of risk.
        9 => Risk,
        /// The person, from somewhere, with nothing but the password.
        10 => Password,
    }
}

record_enum! {
    /// Why a certificate was revoked (RFC 5280 § 5.3.1).
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum RevocationReason {
        /// Lost or stolen.
        1 => KeyCompromise,
        /// The person stopped using it.
        5 => CessationOfOperation,
        /// A sanction.
        9 => PrivilegeWithdrawn,
    }
}

record_enum! {
    /// How the key is kept on the device, as the server could check it at enrolment.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Custody {
        /// Sealed by a passkey (WebAuthn PRF).
        1 => Passkey,
        /// Sealed with a PIN and a share that the server holds.
        2 => Pin,
        /// A file of the command line.
        3 => Software,
    }
}

record_enum! {
    /// What a certificate's key may sign.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub enum Purpose {
        /// Payments.
        #[default]
        1 => Payment,
        /// A reissue and a suspension, never a payment: the key of a recovery kit.
        2 => Recovery,
    }
}

record_struct! {
    /// The last recorded outcome of a certificate: replay protection and the head of its chain.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Last {
        /// The sequence number; the next signed text carries this plus one.
        pub seq: u64,
        /// Hash of the last signing input; the next signed text carries it as `prev`.
        pub hash: Digest,
        /// The payment number, once there was one.
        pub number: Option<PaymentNumber>,
        /// The record's index, once there was one.
        pub index: Option<u64>,
    }
}

record_struct! {
    /// PIN tries, counted before they are compared (rules § 5).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct PinTries {
        /// Tries since the last right one.
        pub failures: u16,
        /// No try is compared before this time.
        pub locked_until: Millis,
    }
}

record_struct! {
    /// A certificate in the book.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Certificate {
        /// The person it was issued to.
        pub person: PersonId,
        /// The account it pays from.
        pub account: AccountId,
        /// Its serial number.
        pub serial: Serial,
        /// Where it stands.
        pub state: State,
        /// What its key may sign.
        pub purpose: Purpose,
        /// The way on which it was issued.
        pub route: Route,
        /// The certificate that it takes the place of.
        pub successor_of: Option<CertificateId>,
        /// How its key is kept.
        pub custody: Custody,
        /// First moment of its validity.
        pub not_before: Millis,
        /// Last moment of its validity.
        pub not_after: Millis,
        /// When it became active.
        pub activated: Millis,
        /// How long after that it pays nothing.
        pub wait_ms: i64,
        /// End of the plain protection: after a first certificate, or a suspension out of suspicion. The stages of a
        /// reissue come from the route.
        pub protected_until: Millis,
        /// Head of its chain.
        pub last: Last,
        /// The local day that `spent` counts.
        pub spent_day: Day,
        /// Paid with it on that day.
        pub spent: Minor,
        /// The stage of its route that `stage_spent` counts, from 1.
        pub stage: u8,
        /// Paid with it in that stage.
        pub stage_spent: Minor,
        /// The last recorded use; where there is none, when it became active or was resumed. A successor goes on counting.
        pub used: Millis,
        /// The hour (of record time) that `refusals` counts.
        pub refusal_hour: i64,
        /// Refusals recorded in that hour.
        pub refusals: u16,
        /// PIN tries.
        pub pin: PinTries,
        /// Index of the last record that touched it.
        pub touched: u64,
    }
}

/// How long after its validity a certificate may be renewed (rules § 1).
pub const GRACE_MS: i64 = 90 * Millis::DAY;
/// Unused for this long a certificate is suspended (rules § 1: 12 months).
pub const UNUSED_MS: i64 = 365 * Millis::DAY;

/// Wrong PINs before the first wait, the second, and suspension (rules § 5).
const PIN_FIRST_LOCK: u16 = 5;
const PIN_SECOND_LOCK: u16 = 8;
const PIN_SUSPENDS: u16 = 10;
const PIN_FIRST_LOCK_MS: i64 = 15 * Millis::MINUTE;
const PIN_SECOND_LOCK_MS: i64 = 3 * Millis::HOUR;
/// After the suspension one try a day, so that its owner can resume it.
const PIN_LAST_LOCK_MS: i64 = Millis::DAY;

impl PinTries {
    /// The tries after one more was counted at `now`.
    #[must_use]
    pub const fn counted(self, now: Millis) -> Self {
        let failures = self.failures.saturating_add(1);
        let wait_ms = match failures {
            PIN_FIRST_LOCK => PIN_FIRST_LOCK_MS,
            PIN_SECOND_LOCK => PIN_SECOND_LOCK_MS,
            PIN_SUSPENDS.. => PIN_LAST_LOCK_MS,
            _ => 0,
        };
        Self { failures, locked_until: now.plus(wait_ms) }
    }

    /// Whether a wrong comparison now suspends the certificate.
    #[must_use]
    pub const fn exhausted(self) -> bool {
        self.failures >= PIN_SUSPENDS
    }

    /// Tries left before the next wait or the suspension.
    #[must_use]
    pub const fn left(self) -> u16 {
        let bound = if self.failures < PIN_FIRST_LOCK {
            PIN_FIRST_LOCK
        } else if self.failures < PIN_SECOND_LOCK {
            PIN_SECOND_LOCK
        } else {
            PIN_SUSPENDS
        };
        bound.saturating_sub(self.failures)
    }
}

impl Certificate {
    /// Its thumbprint, once it was signed.
    #[must_use]
    pub const fn thumbprint(&self) -> Option<Thumbprint> {
        match self.state {
            State::Requested | State::Abandoned => None,
            State::Issued { thumbprint }
            | State::Active { thumbprint }
            | State::Suspended { thumbprint, .. }
            | State::Revoked { thumbprint, .. }
            | State::Expired { thumbprint, .. }
            | State::Superseded { thumbprint, .. } => Some(thumbprint),
        }
    }

    /// Whether it may sign a payment at `now`; the reason when it may not.
    pub fn may_pay(&self, now: Millis) -> Result<(), Refusal> {
        match self.purpose {
            Purpose::Payment => {}
            Purpose::Recovery => return Err(Refusal::CertificateWrongPurpose),
        }
        match self.state {
            State::Requested | State::Issued { .. } | State::Abandoned => Err(Refusal::CertificateNotActive),
            State::Suspended { .. } => Err(Refusal::CertificateSuspended),
            State::Revoked { .. } => Err(Refusal::CertificateRevoked),
            State::Superseded { .. } => Err(Refusal::CertificateSuperseded),
            State::Expired { .. } => Err(Refusal::CertificateExpired),
            State::Active { .. } if now > self.not_after => Err(Refusal::CertificateExpired),
            State::Active { .. } => Ok(()),
        }
    }

    /// Whether it counts against the number of certificates that a person may have.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        match self.state {
            State::Requested | State::Issued { .. } | State::Active { .. } | State::Suspended { .. } => true,
            State::Revoked { .. } | State::Abandoned | State::Expired { .. } | State::Superseded { .. } => {
                false
            }
        }
    }

    /// Whether it may sign a payment as far as its state says.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        matches!(self.state, State::Active { .. })
    }

    /// From when its device renews it (rules § 1: two thirds of the validity).
    #[must_use]
    pub const fn renewable_from(&self) -> Millis {
        let third = self.not_after.since(self.not_before).saturating_div(3);
        self.not_before.plus(third.saturating_mul(2))
    }

    /// Until when an expired one may be renewed.
    #[must_use]
    pub const fn grace_until(&self) -> Millis {
        self.not_after.plus(GRACE_MS)
    }

    /// When it will be suspended because nobody used it; none where its validity ends first.
    #[must_use]
    pub fn idle_at(&self) -> Option<Millis> {
        let at = self.used.plus(UNUSED_MS);
        (self.is_active() && self.purpose == Purpose::Payment && at < self.not_after).then_some(at)
    }
}

#[cfg(test)]
mod tests;
