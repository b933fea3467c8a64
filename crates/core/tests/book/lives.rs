//! The life of a certificate by name: renewal, grace, reissue in stages, a year without a use, devices that end.

use super::simulation::{Asked, World, account, certificate, merchant_account, minor, person};
use super::{command, outcome, pay, replay, transfer};
use yinxin_core::certificate::{Custody, Purpose, RevocationReason, Route, State, SuspendedBy, UNUSED_MS};
use yinxin_core::codec::Codec;
use yinxin_core::command::Contacts;
use yinxin_core::reissue::{Proof, ReissueContext, Stated, Stays};
use yinxin_core::{
    AccountId, Action, Body, CertificateId, Decision, DeviceId, Digest, EnrolmentId, Millis, Refusal, Serial,
    Thumbprint,
};

pub(super) struct Life {
    pub(super) world: World,
    commands: u8,
    certificates: u8,
    reissues: u8,
}

impl Life {
    pub(super) fn new() -> Self {
        Self { world: World::new(7), commands: 0, certificates: 60, reissues: 0 }
    }

    pub(super) fn ask(&mut self, action: Action) -> Decision {
        self.commands += 1;
        self.world.ask(&Asked::Command(command(action, [self.commands; 16])))
    }

    pub(super) fn must(&mut self, action: Action) -> Vec<Body> {
        match self.ask(action) {
            Decision::Record(records) => records.into_iter().map(|facts| facts.body).collect(),
            other @ (Decision::Same(_) | Decision::Refused(_)) => panic!("{other:?}"),
        }
    }

    pub(super) fn refused(&mut self, action: Action) -> Refusal {
        match self.ask(action) {
            Decision::Refused(refusal) => refusal,
            other @ (Decision::Record(_) | Decision::Same(_)) => panic!("{other:?}"),
        }
    }

    pub(super) fn pass(&mut self, ms: i64) {
        self.world.clock += ms;
        for facts in self.world.book.due(self.world.now(), 1_000) {
            self.world.append(facts);
        }
    }

    /// A request of person 0 on `route`, in the place of `old`, valid for `days`.
    pub(super) fn request(&mut self, route: Route, old: Option<CertificateId>, days: i64) -> (u8, Action) {
        self.prove(route, Contacts::Another);
        self.certificates += 6;
        let number = self.certificates;
        let now = self.world.now().at;
        let action = Action::RequestSuccessor {
            certificate: certificate(number),
            person: person(0),
            serial: Serial::from_bytes([number; 16]),
            to_be_signed: Digest::from_bytes([number; 32]),
            custody: Custody::Pin,
            not_before: now.plus(-60_000),
            not_after: now.plus(days * Millis::DAY - 60_000),
            first_seq: 5,
            first_prev: Digest::from_bytes([number; 32]),
            purpose: Purpose::Payment,
            route,
            successor_of: old,
            contacts: Contacts::Another,
            paid_before: vec![merchant_account()],
        };
        (number, action)
    }

    /// Opens the reissue that a route rests on, where it rests on one.
    fn prove(&mut self, route: Route, contacts: Contacts) {
        let now = self.world.now().at;
        let (by, of) = (certificate(0), certificate(0));
        let proof = match route {
            Route::First | Route::Renewal | Route::Grace | Route::Kit => return,
            Route::Move => Proof::Moved { by, stays: Stays::Yes },
            Route::Cleared => Proof::Passkey { of },
            Route::Lost | Route::LostAtRisk => Proof::Secrets,
            Route::Operator => Proof::Operators,
        };
        let phone_changed = (route == Route::LostAtRisk).then_some(now);
        self.reissues += 1;
        let _ = self.ask(Action::OpenReissue {
            reissue: EnrolmentId::from_bytes([self.reissues; 10]),
            person: person(0),
            proof,
            stated: Stated::Nothing,
            context: ReissueContext { phone_changed, password_reset: None, contacts },
        });
    }

    pub(super) fn issue(&mut self, number: u8) {
        let thumbprint = Thumbprint::from_bytes([number; 32]);
        self.must(Action::RecordIssued { certificate: certificate(number), thumbprint });
    }

    /// A certificate on `route`, requested, issued and active.
    pub(super) fn take(&mut self, route: Route, old: Option<CertificateId>, days: i64) -> u8 {
        let (number, action) = self.request(route, old, days);
        self.must(action);
        self.issue(number);
        self.must(Action::Activate { certificate: certificate(number) });
        number
    }

    pub(super) fn state(&self, number: u8) -> State {
        self.world.book.certificate(&certificate(number)).unwrap().state
    }

    pub(super) fn pays(&mut self, number: u8, payee: AccountId, amount: u64) -> Result<(), Refusal> {
        self.commands += 1;
        let mut wish = transfer(&self.world, number, amount, self.commands);
        (wish.payee, wish.fee) = (payee, minor(0));
        wish.fee = self.world.book.policy().unwrap().fee(wish.kind, wish.amount);
        outcome(&pay(&mut self.world, wish))
    }

    pub(super) fn check_replay(&self) {
        assert_eq!(replay(&self.world.journal).to_bytes(), self.world.book.to_bytes());
    }
}

#[test]
fn a_renewal_begins_at_two_thirds_and_ends_the_old_one_in_the_same_batch() {
    let mut life = Life::new();
    let (old, third) = (certificate(0), (40 * Millis::HOUR + 60_000) / 3);
    let from = life.world.book.certificate(&old).unwrap().renewable_from();
    let (_, early) = life.request(Route::Renewal, Some(old), 365);
    assert_eq!(life.refused(early), Refusal::RenewalEarly { from });
    assert_eq!(life.pays(0, merchant_account(), 1_000), Ok(()));
    life.pass(2 * third - 60_000);
    let (number, request) = life.request(Route::Renewal, Some(old), 365);
    life.must(request);
    life.issue(number);
    assert_eq!(
        life.pays(0, merchant_account(), 1_000),
        Ok(()),
        "the old one signs until the new one is active"
    );
    assert_eq!(life.pays(number, merchant_account(), 1_000), Err(Refusal::CertificateNotActive));
    let (_, second) = life.request(Route::Renewal, Some(old), 365);
    assert_eq!(life.refused(second), Refusal::CertificateTooMany);
    let bodies = life.must(Action::Activate { certificate: certificate(number) });
    assert!(matches!(
        bodies.as_slice(),
        [Body::CertificateActivated { .. }, Body::CertificateSuperseded { .. }]
    ));
    assert!(matches!(life.state(0), State::Superseded { .. }));
    assert_eq!(life.pays(0, merchant_account(), 1_000), Err(Refusal::CertificateSuperseded));
    assert_eq!(life.pays(number, merchant_account(), 60_000), Ok(()), "no protection follows");
    life.check_replay();
}

#[test]
fn whoever_suspends_the_old_certificate_stops_its_renewal() {
    for by in [SuspendedBy::Person, SuspendedBy::Operator, SuspendedBy::Veto] {
        let mut life = Life::new();
        life.pass(30 * Millis::HOUR);
        let (number, request) = life.request(Route::Renewal, Some(certificate(0)), 365);
        life.must(request);
        life.issue(number);
        life.must(Action::Suspend { certificate: certificate(0), by });
        let activate = Action::Activate { certificate: certificate(number) };
        assert_eq!(life.refused(activate), Refusal::CertificateSuspended, "{by:?}");
        life.must(Action::Abandon { certificate: certificate(number) });
        let (_, again) = life.request(Route::Renewal, Some(certificate(0)), 365);
        assert_eq!(life.refused(again), Refusal::CertificateSuspended);
    }
}

#[test]
fn an_expired_certificate_is_renewed_for_ninety_days_unless_it_ended_suspended() {
    let mut life = Life::new();
    life.must(Action::Suspend { certificate: certificate(6), by: SuspendedBy::Person });
    life.pass(41 * Millis::HOUR);
    assert!(matches!(life.state(0), State::Expired { held: None, .. }));
    let (_, held) = life.request(Route::Grace, Some(certificate(6)), 365);
    assert_eq!(life.refused(held), Refusal::CertificateSuspended);
    let (_, renewal) = life.request(Route::Renewal, Some(certificate(0)), 365);
    assert_eq!(life.refused(renewal), Refusal::CertificateExpired);
    let grace = life.world.book.certificate(&certificate(0)).unwrap().grace_until();
    life.world.clock = grace.0;
    let (number, last) = life.request(Route::Grace, Some(certificate(0)), 365);
    life.must(last);
    life.must(Action::Abandon { certificate: certificate(number) });
    life.world.clock += 1;
    let (_, late) = life.request(Route::Grace, Some(certificate(0)), 365);
    assert_eq!(life.refused(late), Refusal::GraceOver);
    life.world.clock -= 2;
    let mut life = Life::new();
    life.pass(41 * Millis::HOUR);
    let number = life.take(Route::Grace, Some(certificate(0)), 365);
    assert_eq!(life.pays(number, merchant_account(), 60_000), Ok(()), "no protection follows");
    let (_, twice) = life.request(Route::Grace, Some(certificate(0)), 365);
    assert_eq!(life.refused(twice), Refusal::CertificateSuperseded);
    life.check_replay();
}

#[test]
fn after_a_loss_little_is_paid_at_first_to_merchants_paid_before_and_windows_count_from_the_activation() {
    let mut life = Life::new();
    let give = |life: &mut Life| {
        life.must(Action::IssueMoney { account: account(0), amount: minor(150_000) });
    };
    give(&mut life);
    // Three hours before a local midnight: the window goes on over it.
    let number = life.take(Route::Lost, Some(certificate(0)), 365);
    let start = life.world.now().at;
    let end = |hours: i64| start.plus(hours * Millis::HOUR);
    assert!(matches!(life.state(0), State::Active { .. }), "the owner's phone goes on");
    assert_eq!(life.pays(number, account(1), 100), Err(Refusal::LimitProtectionPayee { until: end(24) }));
    assert_eq!(life.pays(number, merchant_account(), 30_000), Ok(()));
    life.pass(23 * Millis::HOUR);
    let (left, until) = (life.left_in_stage(number, 50_000), end(24));
    assert_eq!(
        life.pays(number, merchant_account(), 25_000),
        Err(Refusal::LimitProtectionStage { left, until })
    );
    life.pass(Millis::HOUR);
    assert_eq!(life.pays(number, account(1), 60_000), Ok(()));
    let (left, until) = (life.left_in_stage(number, 100_000), end(48));
    assert_eq!(life.pays(number, account(1), 60_000), Err(Refusal::LimitProtectionStage { left, until }));
    life.pass(24 * Millis::HOUR);
    assert_eq!(life.pays(number, account(1), 60_000), Ok(()));
    life.pass(24 * Millis::HOUR);
    give(&mut life);
    assert_eq!(life.pays(number, merchant_account(), 120_000), Ok(()), "its own limits again");
    life.check_replay();
}

#[test]
fn a_reissue_at_risk_pays_nothing_for_three_days() {
    let mut life = Life::new();
    let number = life.take(Route::LostAtRisk, None, 365);
    let until = life.world.now().at.plus(72 * Millis::HOUR);
    assert_eq!(life.pays(number, merchant_account(), 100), Err(Refusal::LimitProtectionWait { until }));
    life.pass(72 * Millis::HOUR - 1);
    assert_eq!(life.pays(number, merchant_account(), 100), Err(Refusal::LimitProtectionWait { until }));
    life.pass(1);
    assert_eq!(life.pays(number, merchant_account(), 100), Ok(()));
}

#[test]
fn a_loss_waits_a_day_where_the_old_one_was_used_lately_and_nothing_but_the_phone_number_warns() {
    for (contacts, after_days, wait) in
        [(Contacts::PhoneOnly, 0, 24), (Contacts::Another, 0, 0), (Contacts::PhoneOnly, 31, 0)]
    {
        let mut life = Life::new();
        life.pass(after_days * Millis::DAY);
        let (number, request) = life.request(Route::Lost, None, 365);
        life.prove(Route::Lost, contacts);
        life.must(request);
        let wait_ms = life.world.book.certificate(&certificate(number)).unwrap().wait_ms;
        assert_eq!(wait_ms, wait * Millis::HOUR, "{contacts:?} {after_days}");
    }
}

#[test]
fn no_device_is_added_and_no_limit_raised_while_a_reissued_certificate_is_protected() {
    let mut life = Life::new();
    life.take(Route::Lost, Some(certificate(0)), 365);
    let activated = life.world.now().at;
    let until = activated.plus(72 * Millis::HOUR);
    let (_, another) = life.request(Route::Move, None, 365);
    assert_eq!(life.refused(another), Refusal::LimitProtectionChange { until });
    let first = activated.plus(24 * Millis::HOUR);
    let tap = Action::SetTap { person: person(0), enabled: true };
    assert_eq!(life.refused(tap), Refusal::LimitProtectionChange { until: first });
    life.must(Action::SetTap { person: person(0), enabled: false });
}

#[test]
fn a_certificate_that_an_operator_suspended_is_not_walked_around() {
    let mut life = Life::new();
    life.must(Action::Suspend { certificate: certificate(6), by: SuspendedBy::Operator });
    for route in [Route::Move, Route::Cleared, Route::Kit, Route::Lost, Route::LostAtRisk] {
        let (_, request) = life.request(route, None, 365);
        assert_eq!(life.refused(request), Refusal::CertificateSuspended, "{route:?}");
    }
    assert_eq!(life.refused(Action::Resume { certificate: certificate(6) }), Refusal::CertificateSuspended);
    life.must(Action::Restore { certificate: certificate(6) });
}

#[test]
fn three_certificates_are_the_most_and_a_successor_finds_room_beside_its_predecessor() {
    let mut life = Life::new();
    life.take(Route::Move, None, 365);
    life.pass(30 * Millis::HOUR);
    let (_, fourth) = life.request(Route::Kit, None, 365);
    assert_eq!(life.refused(fourth), Refusal::CertificateTooMany);
    for old in [0, 6] {
        let (_, renewal) = life.request(Route::Renewal, Some(certificate(old)), 365);
        life.must(renewal);
    }
    let (_, fourth) = life.request(Route::Kit, None, 365);
    assert_eq!(life.refused(fourth), Refusal::CertificateTooMany);
}

#[test]
fn a_certificate_that_nobody_used_for_a_year_is_suspended_although_it_was_renewed() {
    let mut life = Life::new();
    life.pass(30 * Millis::HOUR);
    let used = life.world.book.certificate(&certificate(0)).unwrap().used;
    let number = life.take(Route::Renewal, Some(certificate(0)), 500);
    life.world.clock = used.plus(UNUSED_MS).0;
    life.pass(0);
    assert!(matches!(life.state(number), State::Active { .. }));
    life.pass(1);
    assert!(matches!(life.state(number), State::Suspended { by: SuspendedBy::Unused, .. }));
    life.must(Action::Resume { certificate: certificate(number) });
    assert_eq!(life.pays(number, merchant_account(), 60_000), Ok(()), "no suspicion, no protection");
    life.pass(100 * Millis::DAY);
    assert!(matches!(life.state(number), State::Active { .. }));
    life.check_replay();
}

#[test]
fn what_is_past_its_validity_expires_and_is_not_suspended_too() {
    let mut life = Life::new();
    life.pass(30 * Millis::HOUR);
    let number = life.take(Route::Renewal, Some(certificate(0)), 400);
    life.pass(500 * Millis::DAY);
    assert!(matches!(life.state(number), State::Expired { held: None, .. }));
    life.check_replay();
}

#[test]
fn a_revocation_ends_the_sessions_of_its_device_and_no_others_with_its_record() {
    let mut life = Life::new();
    let (lost, other) = (DeviceId::from_bytes([1; 10]), DeviceId::from_bytes([2; 10]));
    let reason = RevocationReason::KeyCompromise;
    let bodies = life.must(Action::RevokeOnDevice { certificate: certificate(0), reason, device: lost });
    assert_eq!(bodies.len(), 1);
    let epochs = |life: &Life| {
        let book = &life.world.book;
        [lost, other].map(|device| book.session_epoch(&person(0), &device)).map(Option::unwrap)
    };
    assert_eq!(epochs(&life), [1, 0]);
    assert_eq!(life.world.book.latest_epoch(&person(0)), Some(1));
    life.must(Action::EndDeviceSessions { person: person(0), device: other });
    assert_eq!(epochs(&life), [1, 2]);
    life.must(Action::EndSessions { person: person(0) });
    assert_eq!(epochs(&life), [3, 3]);
    life.check_replay();
}

#[test]
fn a_recovery_certificate_never_pays_and_takes_nobodys_room() {
    let mut life = Life::new();
    let (number, mut request) = life.request(Route::Kit, None, 365);
    if let Action::RequestSuccessor { purpose, .. } = &mut request {
        *purpose = Purpose::Recovery;
    }
    life.must(request);
    life.issue(number);
    life.must(Action::Activate { certificate: certificate(number) });
    assert_eq!(life.pays(number, merchant_account(), 100), Err(Refusal::CertificateWrongPurpose));
    life.take(Route::Move, None, 365);
}

impl Life {
    /// What a stage of `sum` leaves, as the book counts it.
    pub(super) fn left_in_stage(&self, number: u8, sum: u64) -> yinxin_core::Minor {
        let found = self.world.book.certificate(&certificate(number)).unwrap();
        minor(sum).left_after(found.stage_spent)
    }
}

#[test]
fn a_certificate_that_a_running_reissue_asks_is_not_renewed() {
    let mut life = Life::new();
    life.pass(30 * Millis::HOUR);
    life.take(Route::Lost, None, 365);
    let (_, renewal) = life.request(Route::Renewal, Some(certificate(0)), 365);
    assert_eq!(life.refused(renewal), Refusal::CertificateTooMany, "its phone could not say no any more");
}
