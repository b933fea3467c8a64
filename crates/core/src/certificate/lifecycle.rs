//! The steps of a certificate's life as facts: who takes each, with what proof, and who is told (rules § 1).

use super::SuspendedBy;
use crate::time::Millis;

/// A step of a certificate's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// → requested.
    Request,
    /// → issued.
    Issue,
    /// → active, after the test challenge.
    Activate,
    /// → abandoned.
    Abandon,
    /// Active → suspended.
    Suspend(SuspendedBy),
    /// Suspended → active, by the person, from the suspension that is named.
    Resume(SuspendedBy),
    /// Suspended → active, by somebody else's decision.
    Restore,
    /// → revoked.
    Revoke,
    /// → superseded.
    Supersede,
    /// → expired.
    Expire,
}

/// Who takes a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The device that holds the key.
    Device,
    /// The person, on any device of theirs.
    Person,
    /// The issuing authority.
    Authority,
    /// The book by itself, at a time or for a reason that it sees.
    Book,
    /// An operator.
    Operator,
    /// Whoever proves the way that § 4 names: an old device's veto, a kit, two operators.
    Decision,
}

/// What proves the actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// A session.
    Session,
    /// The log-in password.
    Password,
    /// An SMS code.
    Code,
    /// A signature of the certificate's own key.
    Key,
    /// User verification of that signature, checked by the server.
    Verification,
}

/// What a step asks for and what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Who takes it.
    pub actor: Actor,
    /// What proves them.
    pub factors: &'static [Factor],
    /// Whether every contact and device of the person is told.
    pub is_told: bool,
    /// Lower limits follow for a while.
    pub protects: bool,
}

/// Password and SMS code are worth this long together (rules § 1).
pub const FACTORS_MS: i64 = 10 * Millis::MINUTE;

const fn quiet(actor: Actor, factors: &'static [Factor]) -> Step {
    Step { actor, factors, is_told: false, protects: false }
}

const fn told(actor: Actor, factors: &'static [Factor]) -> Step {
    Step { actor, factors, is_told: true, protects: false }
}

/// What lifts a suspension: the person on the device itself, or somebody else's decision.
const fn lifting(by: SuspendedBy) -> Step {
    use Factor::{Code, Key, Password, Verification};
    let (actor, factors): (Actor, &'static [Factor]) = match by {
        // Who has the password alone must not be able to make its owner wait for an SMS (rules § 4).
        SuspendedBy::Password | SuspendedBy::Lost => (Actor::Device, &[Password, Key, Verification]),
        SuspendedBy::Person
        | SuspendedBy::Pin
        | SuspendedBy::Fork
        | SuspendedBy::Reported
        | SuspendedBy::Unused
        | SuspendedBy::Risk => (Actor::Device, &[Password, Code, Key, Verification]),
        SuspendedBy::Operator => (Actor::Operator, &[]),
        SuspendedBy::Veto => (Actor::Decision, &[]),
    };
    Step { actor, factors, is_told: true, protects: by.is_suspicion() }
}

impl Event {
    /// The facts of the step.
    #[must_use]
    pub const fn step(self) -> Step {
        use Factor::{Code, Key, Password, Session};
        match self {
            Self::Request => quiet(Actor::Device, &[Password, Code, Key]),
            Self::Issue => told(Actor::Authority, &[]),
            Self::Activate => Step { actor: Actor::Device, factors: &[Key], is_told: false, protects: true },
            Self::Abandon => quiet(Actor::Book, &[]),
            Self::Suspend(by) => match by {
                SuspendedBy::Person | SuspendedBy::Reported => told(Actor::Person, &[Session]),
                SuspendedBy::Password | SuspendedBy::Lost => told(Actor::Person, &[Password]),
                SuspendedBy::Pin | SuspendedBy::Fork | SuspendedBy::Unused | SuspendedBy::Risk => {
                    told(Actor::Book, &[])
                }
                SuspendedBy::Operator => told(Actor::Operator, &[]),
                SuspendedBy::Veto => told(Actor::Decision, &[Key]),
            },
            Self::Resume(by) => lifting(by),
            Self::Restore => Step { actor: Actor::Decision, factors: &[], is_told: true, protects: true },
            Self::Revoke => told(Actor::Person, &[Session, Password]),
            Self::Supersede | Self::Expire => told(Actor::Book, &[]),
        }
    }
}

impl SuspendedBy {
    /// Whether the device's owner may lift it; else an operator or a decision of § 4 does.
    #[must_use]
    pub const fn is_lifted_by_the_person(self) -> bool {
        matches!(Event::Resume(self).step().actor, Actor::Device)
    }

    /// Whether lifting it takes an SMS code.
    #[must_use]
    pub const fn is_lifted_with_a_code(self) -> bool {
        match self {
            Self::Password | Self::Lost | Self::Operator | Self::Veto => false,
            Self::Person | Self::Pin | Self::Fork | Self::Reported | Self::Unused | Self::Risk => true,
        }
    }

    /// Whether the reason was suspicion: 24 h of protection follow (rules § 1).
    #[must_use]
    pub const fn is_suspicion(self) -> bool {
        match self {
            Self::Person | Self::Password | Self::Unused => false,
            Self::Pin
            | Self::Operator
            | Self::Fork
            | Self::Lost
            | Self::Reported
            | Self::Veto
            | Self::Risk => true,
        }
    }
}
