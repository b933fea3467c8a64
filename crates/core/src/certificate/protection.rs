//! The ways to a certificate, and the lower limits that each leaves behind for a while (rules § 4).
//!
//! ```text
//! active ─▶ wait: no debit ─▶ first stage ─▶ second ─▶ third ─▶ the person's own limits
//! ```
//!
//! Every window counts from the moment at which the certificate became active, never from a local midnight.

use super::Certificate;
use crate::codec::record_enum;
use crate::money::Minor;
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::time::Millis;

record_enum! {
    /// The way on which a certificate was issued.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub enum Route {
        /// R1: the first one that the person ever had.
        #[default]
        1 => First,
        /// R2: a live device approved it.
        2 => Move,
        /// R2b: the same phone, its key or PIN gone.
        3 => Cleared,
        /// R3: the recovery kit.
        4 => Kit,
        /// R4: everything lost; password and SMS code.
        5 => Lost,
        /// R5: as R4, with a sign of risk.
        6 => LostAtRisk,
        /// R6: two operators.
        7 => Operator,
        /// A renewal, signed by the old key.
        8 => Renewal,
        /// A renewal after the validity, with password and SMS code.
        9 => Grace,
    }
}

/// One of the amounts of the policy that stages are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cap {
    /// As much as one payment in the protection of a first certificate: 500.
    Small,
    /// As much as a day in it: 1,000.
    Middle,
    /// Twice that: 2,000.
    Large,
}

impl Cap {
    /// The amount.
    #[must_use]
    pub const fn of(self, policy: &Policy) -> Minor {
        match self {
            Self::Small => policy.protection_each,
            Self::Middle => policy.protection_day,
            Self::Large => match Minor::new(policy.protection_day.get().saturating_mul(2)) {
                Some(twice) => twice,
                None => policy.protection_day,
            },
        }
    }
}

/// Whom a stage lets be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payees {
    /// Anybody.
    Any,
    /// Merchants that the person had paid before the certificate was asked for; and no limit may be changed.
    PaidBefore,
}

/// A stage of a route: the most that is paid in all while it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// How long it lasts.
    pub lasts_ms: i64,
    /// The most in all.
    pub sum: Cap,
    /// To whom.
    pub payees: Payees,
}

const fn stage(hours: i64, sum: Cap, payees: Payees) -> Stage {
    Stage { lasts_ms: hours.saturating_mul(Millis::HOUR), sum, payees }
}

const AFTER_A_MOVE: [Stage; 1] = [stage(1, Cap::Large, Payees::Any)];
const AFTER_OWN_PROOF: [Stage; 1] = [stage(12, Cap::Middle, Payees::Any)];
const AFTER_A_LOSS: [Stage; 3] = [
    stage(24, Cap::Small, Payees::PaidBefore),
    stage(24, Cap::Middle, Payees::Any),
    stage(24, Cap::Middle, Payees::Any),
];

/// An old certificate that was used within this time makes R4 wait, where nothing but the phone number can warn its owner.
pub(crate) const USED_LATELY_MS: i64 = 30 * Millis::DAY;

impl Route {
    /// Its stages, in order.
    #[must_use]
    pub const fn stages(self) -> &'static [Stage] {
        match self {
            Self::First | Self::Renewal | Self::Grace => &[],
            Self::Move => &AFTER_A_MOVE,
            Self::Cleared | Self::Kit => &AFTER_OWN_PROOF,
            Self::Lost | Self::LostAtRisk | Self::Operator => &AFTER_A_LOSS,
        }
    }

    /// Whether the predecessor ends with the record that makes the successor active. After R4 to R6 it lives on as § 4 says.
    #[must_use]
    pub const fn supersedes_at_once(self) -> bool {
        match self {
            Self::First | Self::Move | Self::Cleared | Self::Kit | Self::Renewal | Self::Grace => true,
            Self::Lost | Self::LostAtRisk | Self::Operator => false,
        }
    }

    /// Whether the successor is the same certificate for a new time: what protected the old one and what it spent go on.
    #[must_use]
    pub const fn continues(self) -> bool {
        match self {
            Self::Renewal | Self::Grace => true,
            Self::First
            | Self::Move
            | Self::Cleared
            | Self::Kit
            | Self::Lost
            | Self::LostAtRisk
            | Self::Operator => false,
        }
    }
}

/// What a route still protects at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// No debit at all.
    Waiting {
        /// Until then.
        until: Millis,
    },
    /// The sum of a stage.
    Staged {
        /// Which stage, from 1.
        number: u8,
        /// The stage.
        stage: Stage,
        /// When it ends.
        until: Millis,
    },
}

/// The protection at `now` of a certificate that became active at `since` on `route` and waits `wait_ms` before its stages.
#[must_use]
pub fn protection(route: Route, since: Millis, wait_ms: i64, now: Millis) -> Option<Protection> {
    let mut until = since.plus(wait_ms);
    if now < until {
        return Some(Protection::Waiting { until });
    }
    for (number, stage) in (1_u8..).zip(route.stages()) {
        until = until.plus(stage.lasts_ms);
        if now < until {
            return Some(Protection::Staged { number, stage: *stage, until });
        }
    }
    None
}

impl Certificate {
    /// What its route still protects at `now`; none of a certificate that is not active yet.
    #[must_use]
    pub fn protection(&self, now: Millis) -> Option<Protection> {
        protection(self.route, self.activated, self.wait_ms, now)
    }

    /// When the last of its lower limits ends: the stages of its route, or the plain protection.
    #[must_use]
    pub fn protection_end(&self) -> Millis {
        let staged =
            self.route.stages().iter().fold(self.wait_ms, |sum, stage| sum.saturating_add(stage.lasts_ms));
        self.activated.plus(staged).max(self.protected_until)
    }

    /// Whether it speaks for its person: a certificate that password and code alone gave (or operators) changes nothing, and
    /// stops nobody, while its protection runs. It may be a stranger's.
    pub fn may_speak(&self, now: Millis) -> Result<(), Refusal> {
        let until = self.protection_end();
        if !self.route.supersedes_at_once() && now < until {
            return Err(Refusal::LimitProtectionChange { until });
        }
        Ok(())
    }

    /// Paid in the stage `number` so far.
    #[must_use]
    pub fn spent_in(&self, number: u8) -> Minor {
        if self.stage == number { self.stage_spent } else { Minor::ZERO }
    }
}
