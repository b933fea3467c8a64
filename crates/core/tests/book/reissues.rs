//! Reissue by name: an attacker with password and SMS code, the owner's veto, both routes' ends.

use super::simulation::{Asked, World, account, certificate, merchant_account, person};
use super::{command, outcome, pay, replay, transfer};
use yinxin_core::certificate::{Custody, Purpose, Route, State, SuspendedBy};
use yinxin_core::codec::Codec;
use yinxin_core::command::Contacts;
use yinxin_core::reissue::{CaseState, End, Proof, ReissueContext, Stated, Stays, Veto};
use yinxin_core::{
    AccountId, Action, Body, CertificateId, Decision, Digest, EnrolmentId, Millis, Refusal, Serial,
    Thumbprint,
};

/// Person 0, whose good phone holds certificate 0, and somebody who has their password and their SMS codes.
struct Story {
    world: World,
    commands: u8,
    certificates: u8,
}

const OWNER: u8 = 0;

impl Story {
    fn new() -> Self {
        Self { world: World::lasting(11, 40 * 24), commands: 0, certificates: 96 }
    }

    fn ask(&mut self, action: Action) -> Decision {
        self.commands += 1;
        self.world.ask(&Asked::Command(command(action, [self.commands; 16])))
    }

    fn must(&mut self, action: Action) -> Vec<Body> {
        match self.ask(action) {
            Decision::Record(records) => records.into_iter().map(|facts| facts.body).collect(),
            other @ (Decision::Same(_) | Decision::Refused(_)) => panic!("{other:?}"),
        }
    }

    fn refused(&mut self, action: Action) -> Refusal {
        match self.ask(action) {
            Decision::Refused(refusal) => refusal,
            other @ (Decision::Record(_) | Decision::Same(_)) => panic!("{other:?}"),
        }
    }

    fn pass(&mut self, ms: i64) {
        self.world.clock += ms;
        while self.world.pass_due() {}
    }

    /// Opens a case; answers its route.
    fn open(&mut self, case: u8, proof: Proof, stated: Stated, contacts: Contacts) -> Route {
        let action = opening_of(case, proof, stated, contacts);
        self.must(action);
        self.case(case).route
    }

    fn case(&self, case: u8) -> yinxin_core::reissue::Case {
        self.world.book.reissue(person(OWNER), EnrolmentId::from_bytes([case; 10])).unwrap().clone()
    }

    fn request(&mut self, route: Route, old: Option<CertificateId>) -> (u8, Action) {
        self.certificates += 6;
        let number = self.certificates;
        let now = self.world.now().at;
        let action = Action::RequestSuccessor {
            certificate: certificate(number),
            person: person(OWNER),
            serial: Serial::from_bytes([number; 16]),
            to_be_signed: Digest::from_bytes([number; 32]),
            custody: Custody::Pin,
            not_before: now.plus(-60_000),
            not_after: now.plus(300 * Millis::DAY),
            first_seq: 5,
            first_prev: Digest::from_bytes([number; 32]),
            purpose: Purpose::Payment,
            route,
            successor_of: old,
            contacts: Contacts::PhoneOnly,
            paid_before: vec![merchant_account()],
        };
        (number, action)
    }

    /// The certificate of an open case, active.
    fn take(&mut self, route: Route, old: Option<CertificateId>) -> u8 {
        let (number, action) = self.request(route, old);
        self.must(action);
        let thumbprint = Thumbprint::from_bytes([number; 32]);
        self.must(Action::RecordIssued { certificate: certificate(number), thumbprint });
        self.must(Action::Activate { certificate: certificate(number) });
        number
    }

    fn state(&self, number: u8) -> State {
        self.world.book.certificate(&certificate(number)).unwrap().state
    }

    fn pays(&mut self, number: u8, payee: AccountId, amount: u64) -> Result<(), Refusal> {
        self.commands = self.commands.wrapping_add(1);
        let mut wish = transfer(&self.world, number, amount, self.commands);
        wish.payee = payee;
        wish.fee = self.world.book.policy().unwrap().fee(wish.kind, wish.amount);
        outcome(&pay(&mut self.world, wish))
    }

    /// Drains with certificate `number` all day long, every hour; what came out.
    fn drain(&mut self, number: u8, hours: i64) -> u64 {
        let mut out = 0;
        for _ in 0..hours {
            self.pass(Millis::HOUR);
            for amount in [50_000, 20_000, 10_000, 5_000, 1_000] {
                while self.pays(number, merchant_account(), amount).is_ok() {
                    out += amount;
                }
            }
        }
        out
    }

    fn check_replay(&self) {
        assert_eq!(replay(&self.world.journal).to_bytes(), self.world.book.to_bytes());
    }
}

fn opening_of(case: u8, proof: Proof, stated: Stated, contacts: Contacts) -> Action {
    Action::OpenReissue {
        reissue: EnrolmentId::from_bytes([case; 10]),
        person: person(OWNER),
        proof,
        stated,
        context: ReissueContext { phone_changed: None, password_reset: None, contacts },
    }
}

fn veto_of(case: u8, by: u8, veto: Veto) -> Action {
    let reissue = EnrolmentId::from_bytes([case; 10]);
    Action::VetoReissue { reissue, person: person(OWNER), certificate: certificate(by), veto }
}

#[test]
fn with_password_and_code_alone_at_most_500_leave_in_a_day_and_2500_in_three() {
    let mut story = Story::new();
    story.world.rich(OWNER);
    assert_eq!(story.open(1, Proof::Secrets, Stated::Nothing, Contacts::Another), Route::Lost);
    let stolen = story.take(Route::Lost, Some(certificate(OWNER)));
    let refused = story.pays(stolen, account(1), 100).unwrap_err();
    assert_eq!(refused.code(), "limit.protection_payee", "nobody new");
    let first_day = story.drain(stolen, 23);
    assert!((1..=50_000).contains(&first_day), "{first_day}");
    let three_days = first_day + story.drain(stolen, 48);
    assert!((100_000..=250_000).contains(&three_days), "{three_days}");
    assert!(matches!(story.state(OWNER), State::Active { .. }), "the owner's phone was never touched");
    story.check_replay();
}

#[test]
fn a_second_reissue_within_a_month_and_every_other_sign_of_risk_waits_three_days() {
    let mut story = Story::new();
    story.open(1, Proof::Secrets, Stated::Nothing, Contacts::Another);
    let first = story.take(Route::Lost, Some(certificate(OWNER)));
    assert_eq!(story.open(2, Proof::Secrets, Stated::Nothing, Contacts::Another), Route::LostAtRisk);
    assert_eq!(story.case(2).wait_ms, 3 * Millis::DAY);
    let second = story.take(Route::LostAtRisk, Some(certificate(first)));
    story.pass(3 * Millis::DAY - 10_000);
    let refused = story.pays(second, merchant_account(), 100).unwrap_err();
    assert_eq!(refused.code(), "limit.protection_wait");
    story.pass(20_000);
    assert_eq!(story.pays(second, merchant_account(), 100), Ok(()));

    let mut story = Story::new();
    let lately = Some(story.world.now().at.plus(-6 * Millis::DAY));
    for (phone_changed, password_reset) in [(lately, None), (None, lately)] {
        let context = ReissueContext { phone_changed, password_reset, contacts: Contacts::Another };
        let Action::OpenReissue { person, proof, stated, .. } =
            opening_of(3, Proof::Secrets, Stated::Nothing, Contacts::Another)
        else {
            unreachable!("it is an opening")
        };
        let reissue = EnrolmentId::from_bytes([if phone_changed.is_some() { 3 } else { 4 }; 10]);
        story.must(Action::OpenReissue { reissue, person, proof, stated, context });
        assert_eq!(story.world.book.reissue(person, reissue).unwrap().route, Route::LostAtRisk);
    }
    story.check_replay();
}

#[test]
fn a_certificate_in_use_makes_a_reissue_wait_a_day_where_nothing_else_can_warn_its_owner() {
    let mut story = Story::new();
    assert_eq!(story.pays(OWNER, merchant_account(), 100), Ok(()));
    story.open(1, Proof::Secrets, Stated::Nothing, Contacts::PhoneOnly);
    assert_eq!(story.case(1).wait_ms, Millis::DAY);
    let stolen = story.take(Route::Lost, Some(certificate(OWNER)));
    assert_eq!(story.drain(stolen, 23), 0);
    assert_eq!(story.pays(OWNER, merchant_account(), 100), Ok(()), "the owner pays on");
}

#[test]
fn a_verified_no_revokes_the_new_certificate_and_the_owner_pays_on() {
    for stated in [Stated::Nothing, Stated::LostOrStolen] {
        let mut story = Story::new();
        story.open(1, Proof::Secrets, stated, Contacts::Another);
        let held = matches!(story.state(OWNER), State::Suspended { by: SuspendedBy::Lost, .. });
        assert_eq!(held, stated == Stated::LostOrStolen);
        let stolen = story.take(Route::Lost, Some(certificate(OWNER)));
        let veto = veto_of(1, OWNER, Veto::Verified);
        story.must(veto);
        assert!(matches!(story.state(stolen), State::Revoked { .. }));
        assert!(matches!(story.state(OWNER), State::Active { .. }));
        assert_eq!(story.pays(OWNER, merchant_account(), 100), Ok(()));
        assert_eq!(story.pays(stolen, merchant_account(), 100), Err(Refusal::CertificateRevoked));
        assert_eq!(story.case(1).state, CaseState::Over { end: End::Vetoed });
        let again = veto_of(1, OWNER, Veto::Verified);
        assert_eq!(story.refused(again), Refusal::ReissueOver);
        story.pass(10 * Millis::DAY);
        assert_eq!(story.pays(OWNER, merchant_account(), 100), Ok(()), "nothing ends it later");
        assert_eq!(
            story.open(2, Proof::Secrets, Stated::Nothing, Contacts::Another),
            Route::LostAtRisk,
            "whoever was stopped is a risk"
        );
        story.check_replay();
    }
}

#[test]
fn a_no_before_the_certificate_is_fetched_leaves_none_to_fetch() {
    let mut story = Story::new();
    story.open(1, Proof::Secrets, Stated::Nothing, Contacts::Another);
    let (number, request) = story.request(Route::Lost, None);
    story.must(request);
    let veto = veto_of(1, OWNER, Veto::Verified);
    story.must(veto);
    assert_eq!(story.state(number), State::Abandoned);
    let (_, request) = story.request(Route::Lost, None);
    assert_eq!(story.refused(request), Refusal::ReissueOver);
}

#[test]
fn a_no_that_nobody_verified_suspends_both_and_password_and_code_open_no_way_around_it() {
    let mut story = Story::new();
    story.open(1, Proof::Secrets, Stated::Nothing, Contacts::Another);
    let new = story.take(Route::Lost, Some(certificate(OWNER)));
    let veto = veto_of(1, OWNER, Veto::Unverified);
    story.must(veto);
    for number in [OWNER, new] {
        assert!(matches!(story.state(number), State::Suspended { by: SuspendedBy::Veto, .. }));
        assert_eq!(
            story.refused(Action::Resume { certificate: certificate(number) }),
            Refusal::CertificateSuspended
        );
    }
    let around = opening_of(2, Proof::Secrets, Stated::Nothing, Contacts::Another);
    assert_eq!(story.refused(around), Refusal::ReissueDisputed);
    assert_eq!(story.open(3, Proof::Operators, Stated::Nothing, Contacts::Another), Route::Operator);
    story.check_replay();
}

#[test]
fn a_verified_no_against_another_proof_suspends_both() {
    let mut story = Story::new();
    assert_eq!(story.open(1, Proof::Operators, Stated::Nothing, Contacts::Another), Route::Operator);
    let new = story.take(Route::Operator, Some(certificate(OWNER)));
    let veto = veto_of(1, OWNER, Veto::Verified);
    story.must(veto);
    for number in [OWNER, new] {
        assert!(matches!(story.state(number), State::Suspended { by: SuspendedBy::Veto, .. }));
    }
}

#[test]
fn only_a_certificate_that_was_live_at_the_opening_may_say_no() {
    let mut story = Story::new();
    story.open(1, Proof::Secrets, Stated::Nothing, Contacts::Another);
    let stolen = story.take(Route::Lost, Some(certificate(OWNER)));
    let own = veto_of(1, stolen, Veto::Unverified);
    assert_eq!(story.refused(own), Refusal::Conflict);
    let foreign = veto_of(1, 1, Veto::Unverified);
    assert_eq!(story.refused(foreign), Refusal::Conflict);
    let unknown = veto_of(9, OWNER, Veto::Unverified);
    assert_eq!(story.refused(unknown), Refusal::ReissueUnknown);
}

#[test]
fn the_old_certificate_ends_with_the_protection_and_not_before() {
    for (stated, revoked) in [(Stated::Nothing, false), (Stated::LostOrStolen, true)] {
        let mut story = Story::new();
        story.open(1, Proof::Secrets, stated, Contacts::Another);
        let olds = story.case(1).olds;
        let new = story.take(Route::Lost, Some(certificate(OWNER)));
        story.pass(3 * Millis::DAY - 60_000);
        assert!(matches!(story.state(OWNER), State::Active { .. } | State::Suspended { .. }));
        story.pass(61_000);
        for old in olds {
            let state = story.world.book.certificate(&old).unwrap().state;
            let ended = match state {
                State::Revoked { .. } => revoked,
                State::Superseded { .. } => !revoked,
                State::Requested
                | State::Issued { .. }
                | State::Active { .. }
                | State::Suspended { .. }
                | State::Abandoned
                | State::Expired { .. } => false,
            };
            assert!(ended, "{state:?}");
        }
        assert!(matches!(story.state(new), State::Active { .. }));
        assert_eq!(story.case(1).state, CaseState::Over { end: End::Protected });
        story.check_replay();
    }
}

#[test]
fn a_new_certificate_that_is_suspended_takes_nobodys_place() {
    let mut story = Story::new();
    story.open(1, Proof::Secrets, Stated::Nothing, Contacts::Another);
    let stolen = story.take(Route::Lost, Some(certificate(OWNER)));
    story.must(Action::Suspend { certificate: certificate(stolen), by: SuspendedBy::Person });
    story.pass(4 * Millis::DAY);
    assert!(matches!(story.state(OWNER), State::Active { .. }), "{:?}", story.state(OWNER));
}

#[test]
fn a_yes_is_kept_and_a_no_may_still_follow() {
    let mut story = Story::new();
    story.open(1, Proof::Secrets, Stated::Nothing, Contacts::Another);
    let yes = || Action::AcknowledgeReissue {
        reissue: EnrolmentId::from_bytes([1; 10]),
        person: person(OWNER),
        certificate: certificate(OWNER),
    };
    story.must(yes());
    assert_eq!(story.refused(yes()), Refusal::Conflict);
    assert_eq!(story.case(1).acknowledged, [certificate(OWNER)]);
    let veto = veto_of(1, OWNER, Veto::Verified);
    story.must(veto);
}

#[test]
fn a_device_at_hand_moves_and_one_that_was_reissued_itself_does_not() {
    let mut story = Story::new();
    let by = certificate(OWNER);
    assert_eq!(
        story.open(1, Proof::Moved { by, stays: Stays::No }, Stated::Nothing, Contacts::Another),
        Route::Move
    );
    story.take(Route::Move, Some(by));
    assert!(matches!(story.state(OWNER), State::Superseded { .. }), "{:?}", story.state(OWNER));

    let mut story = Story::new();
    story.open(1, Proof::Secrets, Stated::Nothing, Contacts::Another);
    let stolen = story.take(Route::Lost, Some(certificate(OWNER)));
    let by = certificate(stolen);
    let away = opening_of(2, Proof::Moved { by, stays: Stays::Yes }, Stated::Nothing, Contacts::Another);
    assert_eq!(story.refused(away).code(), "limit.protection_change");
    let vouched = opening_of(2, Proof::Vouched { by }, Stated::Nothing, Contacts::Another);
    assert_eq!(story.refused(vouched).code(), "limit.protection_change");
}

#[test]
fn a_route_that_nobody_proved_gives_no_certificate() {
    let mut story = Story::new();
    for route in [Route::Lost, Route::LostAtRisk, Route::Move, Route::Cleared, Route::Operator] {
        let (_, request) = story.request(route, None);
        assert_eq!(story.refused(request), Refusal::ReissueOver, "{route:?}");
    }
    story.open(1, Proof::Secrets, Stated::Nothing, Contacts::Another);
    let (_, request) = story.request(Route::Cleared, None);
    assert_eq!(story.refused(request), Refusal::ReissueOver, "R4 is not R2b");
}

#[test]
fn a_case_that_nobody_finished_makes_no_second_one() {
    let mut story = Story::new();
    story.open(1, Proof::Secrets, Stated::Nothing, Contacts::Another);
    assert_eq!(story.open(2, Proof::Secrets, Stated::Nothing, Contacts::Another), Route::Lost);
    assert_eq!(story.case(1).state, CaseState::Over { end: End::GivenUp }, "one is open at a time");
    story.must(Action::GiveUpReissue { reissue: EnrolmentId::from_bytes([2; 10]), person: person(OWNER) });
    story.pass(31 * Millis::DAY);
    story.must(Action::AcceptClock);
    assert!(story.world.book.reissues_of(person(OWNER)).next().is_none(), "and in a month it is forgotten");
}

#[test]
fn a_certificate_by_password_and_code_stops_nobody_while_it_is_protected() {
    let mut story = Story::new();
    story.open(1, Proof::Secrets, Stated::Nothing, Contacts::Another);
    let stolen = story.take(Route::Lost, Some(certificate(OWNER)));
    story.open(2, Proof::Secrets, Stated::Nothing, Contacts::Another);
    let owners = story.take(Route::LostAtRisk, Some(certificate(stolen)));
    let case = story.case(2);
    let now = story.world.now().at;
    assert!(!story.world.book.yields_to(&case, certificate(stolen), now));
    assert!(story.world.book.yields_to(&case, certificate(OWNER), now));
    story.must(veto_of(2, stolen, Veto::Verified));
    for number in [stolen, owners] {
        assert!(matches!(story.state(number), State::Suspended { by: SuspendedBy::Veto, .. }));
    }
    story.check_replay();
}

#[test]
fn what_is_in_dispute_is_not_resumed_and_a_decision_ends_the_dispute() {
    let mut story = Story::new();
    story.open(1, Proof::Secrets, Stated::LostOrStolen, Contacts::Another);
    story.take(Route::Lost, None);
    story.must(veto_of(1, OWNER, Veto::Unverified));
    assert!(matches!(story.state(OWNER), State::Suspended { by: SuspendedBy::Lost, .. }));
    let resume = || Action::Resume { certificate: certificate(OWNER) };
    assert_eq!(story.refused(resume()), Refusal::ReissueDisputed);
    story.open(2, Proof::Operators, Stated::Nothing, Contacts::Another);
    let again = opening_of(3, Proof::Secrets, Stated::Nothing, Contacts::Another);
    assert_eq!(story.refused(again), Refusal::ReissueDisputed, "asked for is not decided");
    story.take(Route::Operator, None);
    assert_eq!(story.refused(resume()), Refusal::ReissueDisputed, "decided against it");
    story.pass(5 * Millis::DAY);
    assert_eq!(story.open(4, Proof::Secrets, Stated::Nothing, Contacts::Another), Route::LostAtRisk);
    story.take(Route::LostAtRisk, None);
    story.check_replay();
}
