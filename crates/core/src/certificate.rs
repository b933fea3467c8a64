//! The lifecycle of a certificate (rules § 1).
//!
//! ```text
//! requested ─▶ issued ─▶ active ⇄ suspended
//!     │           │        │  │       │
//!     ▼           ▼        │  └───────┴──▶ revoked
//! abandoned   abandoned    └─▶ expired
//! ```
//!
//! Identity is verified before the device makes its request (an enrolment on the desk), so `requested` already carries
//! the verified factors as evidence. Renewal, reissue and moving add `superseded`.

use crate::codec::{record_enum, record_struct};
use crate::id::{AccountId, Digest, PaymentNumber, PersonId, Serial, Thumbprint};
use crate::money::Minor;
use crate::refusal::Refusal;
use crate::time::{Day, Millis};

record_enum! {
    /// Where a certificate stands; each variant holds what is true in it only.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum State {
        /// The serial is reserved and what will be signed is on record.
        1 => Requested,
        /// Signed; the device has not proved that it holds the key.
        2 => Issued {
            /// SHA-256 of the certificate.
            thumbprint: Thumbprint
        },
        /// May sign payments.
        3 => Active {
            /// SHA-256 of the certificate.
            thumbprint: Thumbprint
        },
        /// May sign nothing that moves money.
        4 => Suspended {
            /// SHA-256 of the certificate.
            thumbprint: Thumbprint,
            /// Who did it.
            by: SuspendedBy,
            /// Since when.
            since: Millis
        },
        /// Final.
        5 => Revoked {
            /// SHA-256 of the certificate.
            thumbprint: Thumbprint,
            /// Why.
            reason: RevocationReason,
            /// Since when.
            since: Millis
        },
        /// Never came into use.
        6 => Abandoned,
        /// Its validity passed.
        7 => Expired {
            /// SHA-256 of the certificate.
            thumbprint: Thumbprint
        },
    }
}

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
        /// How its key is kept.
        pub custody: Custody,
        /// First moment of its validity.
        pub not_before: Millis,
        /// Last moment of its validity.
        pub not_after: Millis,
        /// End of its protection period.
        pub protected_until: Millis,
        /// Head of its chain.
        pub last: Last,
        /// The local day that `spent` counts.
        pub spent_day: Day,
        /// Paid with it on that day.
        pub spent: Minor,
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
            | State::Expired { thumbprint } => Some(thumbprint),
        }
    }

    /// Whether it may sign a payment at `now`; the reason when it may not.
    pub fn may_pay(&self, now: Millis) -> Result<(), Refusal> {
        match self.state {
            State::Requested | State::Issued { .. } | State::Abandoned => Err(Refusal::CertificateNotActive),
            State::Suspended { .. } => Err(Refusal::CertificateSuspended),
            State::Revoked { .. } => Err(Refusal::CertificateRevoked),
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
            State::Revoked { .. } | State::Abandoned | State::Expired { .. } => false,
        }
    }
}

impl State {
    /// After the certificate was signed.
    pub const fn issued(self, thumbprint: Thumbprint) -> Result<Self, Refusal> {
        match self {
            Self::Requested => Ok(Self::Issued { thumbprint }),
            Self::Issued { .. }
            | Self::Active { .. }
            | Self::Suspended { .. }
            | Self::Revoked { .. }
            | Self::Abandoned
            | Self::Expired { .. } => Err(Refusal::CertificateState),
        }
    }

    /// After the device signed its test challenge.
    pub const fn activated(self) -> Result<Self, Refusal> {
        match self {
            Self::Issued { thumbprint } => Ok(Self::Active { thumbprint }),
            Self::Requested
            | Self::Active { .. }
            | Self::Suspended { .. }
            | Self::Revoked { .. }
            | Self::Abandoned
            | Self::Expired { .. } => Err(Refusal::CertificateState),
        }
    }

    /// After nobody fetched or proved it.
    pub const fn abandoned(self) -> Result<Self, Refusal> {
        match self {
            Self::Requested | Self::Issued { .. } => Ok(Self::Abandoned),
            Self::Active { .. }
            | Self::Suspended { .. }
            | Self::Revoked { .. }
            | Self::Abandoned
            | Self::Expired { .. } => Err(Refusal::CertificateState),
        }
    }

    /// After a suspension.
    pub const fn suspended(self, by: SuspendedBy, since: Millis) -> Result<Self, Refusal> {
        match self {
            Self::Active { thumbprint } => Ok(Self::Suspended { thumbprint, by, since }),
            Self::Suspended { .. } => Err(Refusal::CertificateSuspended),
            Self::Revoked { .. } => Err(Refusal::CertificateRevoked),
            Self::Expired { .. } => Err(Refusal::CertificateExpired),
            Self::Requested | Self::Issued { .. } | Self::Abandoned => Err(Refusal::CertificateNotActive),
        }
    }

    /// After its owner proved again who they are. An operator's suspension is for an operator to lift.
    pub const fn resumed(self) -> Result<Self, Refusal> {
        match self {
            Self::Suspended {
                thumbprint,
                by: SuspendedBy::Person | SuspendedBy::Pin | SuspendedBy::Fork,
                ..
            } => Ok(Self::Active { thumbprint }),
            Self::Suspended { by: SuspendedBy::Operator, .. } => Err(Refusal::CertificateSuspended),
            Self::Revoked { .. } => Err(Refusal::CertificateRevoked),
            Self::Expired { .. } => Err(Refusal::CertificateExpired),
            Self::Requested | Self::Issued { .. } | Self::Active { .. } | Self::Abandoned => {
                Err(Refusal::CertificateState)
            }
        }
    }

    /// After a revocation.
    pub const fn revoked(self, reason: RevocationReason, since: Millis) -> Result<Self, Refusal> {
        match self {
            Self::Issued { thumbprint }
            | Self::Active { thumbprint }
            | Self::Suspended { thumbprint, .. } => Ok(Self::Revoked { thumbprint, reason, since }),
            Self::Revoked { .. } => Err(Refusal::CertificateRevoked),
            Self::Expired { .. } => Err(Refusal::CertificateExpired),
            Self::Requested | Self::Abandoned => Err(Refusal::CertificateState),
        }
    }

    /// After `notAfter`.
    pub const fn expired(self) -> Result<Self, Refusal> {
        match self {
            Self::Issued { thumbprint }
            | Self::Active { thumbprint }
            | Self::Suspended { thumbprint, .. } => Ok(Self::Expired { thumbprint }),
            Self::Requested | Self::Revoked { .. } | Self::Abandoned | Self::Expired { .. } => {
                Err(Refusal::CertificateState)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Thumbprint = Thumbprint::from_bytes([1; 32]);
    const NOW: Millis = Millis(5);

    fn every_state() -> [(&'static str, State); 7] {
        [
            ("requested", State::Requested),
            ("issued", State::Issued { thumbprint: T }),
            ("active", State::Active { thumbprint: T }),
            ("suspended", State::Suspended { thumbprint: T, by: SuspendedBy::Person, since: NOW }),
            (
                "revoked",
                State::Revoked { thumbprint: T, reason: RevocationReason::KeyCompromise, since: NOW },
            ),
            ("abandoned", State::Abandoned),
            ("expired", State::Expired { thumbprint: T }),
        ]
    }

    fn name(state: State) -> &'static str {
        every_state()
            .into_iter()
            .find(|(_, other)| std::mem::discriminant(other) == std::mem::discriminant(&state))
            .map_or("", |(n, _)| n)
    }

    /// state × event → state; a dash is a refusal. Columns: issue, activate, abandon, suspend, resume, revoke, expire.
    const TABLE: [(&str, [&str; 7]); 7] = [
        ("requested", ["issued", "-", "abandoned", "-", "-", "-", "-"]),
        ("issued", ["-", "active", "abandoned", "-", "-", "revoked", "expired"]),
        ("active", ["-", "-", "-", "suspended", "-", "revoked", "expired"]),
        ("suspended", ["-", "-", "-", "-", "active", "revoked", "expired"]),
        ("revoked", ["-", "-", "-", "-", "-", "-", "-"]),
        ("abandoned", ["-", "-", "-", "-", "-", "-", "-"]),
        ("expired", ["-", "-", "-", "-", "-", "-", "-"]),
    ];

    #[test]
    fn every_state_meets_every_event_as_the_table_says() {
        for ((state_name, state), (row, expected)) in every_state().into_iter().zip(TABLE) {
            assert_eq!(state_name, row);
            let outcomes = [
                state.issued(T),
                state.activated(),
                state.abandoned(),
                state.suspended(SuspendedBy::Person, NOW),
                state.resumed(),
                state.revoked(RevocationReason::KeyCompromise, NOW),
                state.expired(),
            ];
            for (outcome, expected) in outcomes.into_iter().zip(expected) {
                assert_eq!(outcome.map_or("-", name), expected, "{row}");
            }
        }
    }

    #[test]
    fn an_operators_suspension_is_not_lifted_by_the_person() {
        let state = State::Suspended { thumbprint: T, by: SuspendedBy::Operator, since: NOW };
        assert_eq!(state.resumed(), Err(Refusal::CertificateSuspended));
    }

    #[test]
    fn wrong_pins_wait_fifteen_minutes_then_three_hours_then_suspend() {
        let mut tries = PinTries::default();
        let waits: Vec<i64> = (0..10)
            .map(|_| {
                tries = tries.counted(NOW);
                tries.locked_until.since(NOW)
            })
            .collect();
        assert_eq!(waits, [0, 0, 0, 0, 900_000, 0, 0, 10_800_000, 0, 86_400_000]);
        assert!(tries.exhausted());
    }
}
