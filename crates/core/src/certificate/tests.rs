#![expect(clippy::arithmetic_side_effects, reason = "a test counts with small numbers")]

use super::*;
use crate::money::Currency;
use crate::policy::{Policy, Template};

const T: Thumbprint = Thumbprint::from_bytes([1; 32]);
const NOW: Millis = Millis(5);

const EVERY_SUSPENSION: [SuspendedBy; 10] = [
    SuspendedBy::Person,
    SuspendedBy::Pin,
    SuspendedBy::Operator,
    SuspendedBy::Fork,
    SuspendedBy::Lost,
    SuspendedBy::Reported,
    SuspendedBy::Veto,
    SuspendedBy::Unused,
    SuspendedBy::Risk,
    SuspendedBy::Password,
];

fn every_state() -> [(&'static str, State); 8] {
    [
        ("requested", State::Requested),
        ("issued", State::Issued { thumbprint: T }),
        ("active", State::Active { thumbprint: T }),
        ("suspended", State::Suspended { thumbprint: T, by: SuspendedBy::Person, since: NOW }),
        ("revoked", State::Revoked { thumbprint: T, reason: RevocationReason::KeyCompromise, since: NOW }),
        ("abandoned", State::Abandoned),
        ("expired", State::Expired { thumbprint: T, held: None }),
        ("superseded", State::Superseded { thumbprint: T, since: NOW }),
    ]
}

fn name(state: State) -> &'static str {
    every_state()
        .into_iter()
        .find(|(_, other)| std::mem::discriminant(other) == std::mem::discriminant(&state))
        .map_or("", |(n, _)| n)
}

/// state × event → state; a dash is a refusal. Columns: issue, activate, abandon, suspend, resume, restore, revoke,
/// supersede, expire.
const TABLE: [(&str, [&str; 9]); 8] = [
    ("requested", ["issued", "-", "abandoned", "-", "-", "-", "-", "-", "-"]),
    ("issued", ["-", "active", "abandoned", "-", "-", "-", "revoked", "-", "expired"]),
    ("active", ["-", "-", "-", "suspended", "-", "-", "revoked", "superseded", "expired"]),
    ("suspended", ["-", "-", "-", "-", "active", "active", "revoked", "superseded", "expired"]),
    ("revoked", ["-", "-", "-", "-", "-", "-", "-", "-", "-"]),
    ("abandoned", ["-", "-", "-", "-", "-", "-", "-", "-", "-"]),
    ("expired", ["-", "-", "-", "-", "-", "-", "-", "superseded", "-"]),
    ("superseded", ["-", "-", "-", "-", "-", "-", "-", "-", "-"]),
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
            state.restored(),
            state.revoked(RevocationReason::KeyCompromise, NOW),
            state.superseded(NOW),
            state.expired(),
        ];
        for (outcome, expected) in outcomes.into_iter().zip(expected) {
            assert_eq!(outcome.map_or("-", name), expected, "{row}");
        }
    }
}

/// by → who lifts it, whether an SMS code is asked for, whether 24 h of protection follow (rules §§ 1 and 4).
#[test]
fn every_suspension_is_lifted_by_whom_the_rules_name_and_with_what_they_ask_for() {
    use Actor::{Decision, Device, Operator};
    let expected = [
        (Device, true, false),
        (Device, true, true),
        (Operator, false, true),
        (Device, true, true),
        (Device, false, true),
        (Device, true, true),
        (Decision, false, true),
        (Device, true, false),
        (Device, true, true),
        (Device, false, false),
    ];
    for (by, (actor, code, protects)) in EVERY_SUSPENSION.into_iter().zip(expected) {
        let step = Event::Resume(by).step();
        assert_eq!(
            (step.actor, step.factors.contains(&Factor::Code), step.protects),
            (actor, code, protects),
            "{by:?}"
        );
        assert_eq!(by.is_lifted_with_a_code(), code, "{by:?}");
        assert!(step.is_told, "{by:?}");
        let state = State::Suspended { thumbprint: T, by, since: NOW };
        let lifted = if actor == Device {
            Ok(State::Active { thumbprint: T })
        } else {
            Err(Refusal::CertificateSuspended)
        };
        assert_eq!(state.resumed(), lifted, "{by:?}");
        if actor == Device {
            assert!(
                step.factors.contains(&Factor::Verification) && step.factors.contains(&Factor::Key),
                "{by:?}"
            );
        }
    }
}

#[test]
fn every_step_has_its_actor_and_who_is_told_of_it() {
    let steps = [
        (Event::Request, Actor::Device, false),
        (Event::Issue, Actor::Authority, true),
        (Event::Activate, Actor::Device, false),
        (Event::Abandon, Actor::Book, false),
        (Event::Restore, Actor::Decision, true),
        (Event::Revoke, Actor::Person, true),
        (Event::Supersede, Actor::Book, true),
        (Event::Expire, Actor::Book, true),
    ];
    for (event, actor, told) in steps {
        assert_eq!((event.step().actor, event.step().is_told), (actor, told), "{event:?}");
    }
    for by in EVERY_SUSPENSION {
        assert!(Event::Suspend(by).step().is_told, "{by:?}");
    }
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

const HOUR: i64 = Millis::HOUR;

/// What a route says at `hours` after it became active, with `wait` hours before its stages: the stage's number and its
/// end in hours, the wait as stage 0.
fn at(route: Route, wait: i64, now_ms: i64) -> Option<(u8, i64)> {
    let since = Millis(1_000_000);
    match protection(route, since, wait * HOUR, since.plus(now_ms))? {
        Protection::Waiting { until } => Some((0, until.since(since) / HOUR)),
        Protection::Staged { number, until, .. } => Some((number, until.since(since) / HOUR)),
    }
}

#[test]
fn stages_change_at_their_border_and_count_from_the_activation() {
    for (route, wait, now_ms, expected) in [
        (Route::First, 0, 0, None),
        (Route::Renewal, 0, 0, None),
        (Route::Grace, 0, 0, None),
        (Route::Move, 0, 0, Some((1, 1))),
        (Route::Move, 0, HOUR - 1, Some((1, 1))),
        (Route::Move, 0, HOUR, None),
        (Route::Cleared, 0, 12 * HOUR - 1, Some((1, 12))),
        (Route::Cleared, 0, 12 * HOUR, None),
        (Route::Kit, 0, 12 * HOUR - 1, Some((1, 12))),
        (Route::Kit, 0, 12 * HOUR, None),
        (Route::Lost, 0, 0, Some((1, 24))),
        (Route::Lost, 0, 24 * HOUR - 1, Some((1, 24))),
        (Route::Lost, 0, 24 * HOUR, Some((2, 48))),
        (Route::Lost, 0, 48 * HOUR - 1, Some((2, 48))),
        (Route::Lost, 0, 48 * HOUR, Some((3, 72))),
        (Route::Lost, 0, 72 * HOUR - 1, Some((3, 72))),
        (Route::Lost, 0, 72 * HOUR, None),
        (Route::Lost, 24, 24 * HOUR - 1, Some((0, 24))),
        (Route::Lost, 24, 24 * HOUR, Some((1, 48))),
        (Route::LostAtRisk, 72, 72 * HOUR - 1, Some((0, 72))),
        (Route::LostAtRisk, 72, 72 * HOUR, Some((1, 96))),
        (Route::LostAtRisk, 72, 144 * HOUR - 1, Some((3, 144))),
        (Route::LostAtRisk, 72, 144 * HOUR, None),
        (Route::Operator, 24, 0, Some((0, 24))),
    ] {
        assert_eq!(at(route, wait, now_ms), expected, "{route:?} {wait} {now_ms}");
    }
}

#[test]
fn the_sums_of_the_stages_are_those_of_the_rules() {
    let policy = Policy::from_template(Template::ClosedLoop, Currency::CNY, "Asia/Shanghai").map(|policy| {
        let sums = |route: Route| -> Vec<u64> {
            route.stages().iter().map(|stage| stage.sum.of(&policy).get() / 100).collect()
        };
        [Route::Move, Route::Cleared, Route::Kit, Route::Lost, Route::LostAtRisk, Route::Operator].map(sums)
    });
    let lost = || vec![500, 1_000, 1_000];
    assert_eq!(policy, Some([vec![2_000], vec![1_000], vec![1_000], lost(), lost(), lost()]));
    let firsts = [Route::Move, Route::Cleared, Route::Kit, Route::Lost, Route::LostAtRisk, Route::Operator]
        .map(|route| route.stages().first().map(|stage| stage.payees));
    let (any, before) = (Some(Payees::Any), Some(Payees::PaidBefore));
    assert_eq!(firsts, [any, any, any, before, before, before]);
}
