//! The recovery kit in the book: one in use, a proof after a day, and nothing that moves money.

use super::lives::Life;
use super::simulation::{account, certificate, merchant_account, person};
use yinxin_core::certificate::{Purpose, RevocationReason, Route, State, SuspendedBy};
use yinxin_core::command::Contacts;
use yinxin_core::kit::{KitUse, PROOF_AFTER_MS};
use yinxin_core::reissue::{Proof, ReissueContext, Stated};
use yinxin_core::{Action, Body, CertificateId, EnrolmentId, Millis, Refusal};

/// A kit of person 0, requested and signed; with its number.
fn issued(life: &mut Life, old: Option<CertificateId>) -> u8 {
    let (number, request) = life.request(Route::First, old, 900);
    let Action::RequestSuccessor { .. } = request else { panic!("a request") };
    life.must(as_recovery(request));
    life.issue(number);
    number
}

fn as_recovery(mut request: Action) -> Action {
    if let Action::RequestSuccessor { purpose, paid_before, .. } = &mut request {
        *purpose = Purpose::Recovery;
        paid_before.clear();
    }
    request
}

/// What the wallet asks for when password, code and the recovery key were right.
fn opening(kit: u8) -> Action {
    Action::OpenReissue {
        reissue: EnrolmentId::from_bytes([200; 10]),
        person: person(0),
        proof: Proof::Kit { kit: certificate(kit) },
        stated: Stated::LostOrStolen,
        context: ReissueContext { phone_changed: None, password_reset: None, contacts: Contacts::PhoneOnly },
    }
}

fn in_use(life: &mut Life, old: Option<CertificateId>) -> u8 {
    let number = issued(life, old);
    life.must(Action::Activate { certificate: certificate(number) });
    number
}

fn uses(life: &mut Life, number: u8, used_for: KitUse) -> Result<(), Refusal> {
    let action = Action::UseKit { certificate: certificate(number), used_for };
    match life.ask(action) {
        yinxin_core::Decision::Record(_) => Ok(()),
        yinxin_core::Decision::Refused(refusal) => Err(refusal),
        other @ yinxin_core::Decision::Same(_) => panic!("{other:?}"),
    }
}

#[test]
fn a_kit_suspends_at_once_and_counts_as_a_proof_after_a_day() {
    let mut life = Life::new();
    let kit = in_use(&mut life, None);
    let until = life.world.now().at.plus(PROOF_AFTER_MS);
    assert_eq!(uses(&mut life, kit, KitUse::Drill), Ok(()));
    assert_eq!(uses(&mut life, kit, KitUse::Suspend), Ok(()));
    assert_eq!(uses(&mut life, kit, KitUse::Reissue), Err(Refusal::KitYoung { until }));
    assert_eq!(life.refused(opening(kit)), Refusal::KitYoung { until });
    let (_, early) = life.request(Route::Kit, Some(certificate(0)), 365);
    assert_eq!(life.refused(early), Refusal::KitYoung { until });
    life.pass(PROOF_AFTER_MS);
    assert_eq!(uses(&mut life, kit, KitUse::Reissue), Ok(()));
    let (_, unopened) = life.request(Route::Kit, Some(certificate(0)), 365);
    assert_eq!(life.refused(unopened), Refusal::ReissueOver, "the kit alone opens no case");
    life.must(opening(kit));
    let number = life.take(Route::Kit, Some(certificate(0)), 365);
    assert!(matches!(life.state(0), State::Superseded { .. }));
    let (left, until) = (life.left_in_stage(number, 100_000), life.world.now().at.plus(12 * Millis::HOUR));
    assert_eq!(
        life.pays(number, merchant_account(), 100_100),
        Err(Refusal::LimitProtectionStage { left, until }),
        "R3: twelve hours of at most 1,000"
    );
    life.check_replay();
}

#[test]
fn a_kit_by_itself_neither_pays_nor_reissues() {
    let mut life = Life::new();
    let kit = in_use(&mut life, None);
    life.pass(PROOF_AFTER_MS);
    assert_eq!(life.pays(kit, merchant_account(), 100), Err(Refusal::CertificateWrongPurpose));
    assert_eq!(life.pays(kit, account(1), 100), Err(Refusal::CertificateWrongPurpose));
    // Its certificate is no predecessor of one that pays, on any route.
    for route in [Route::Renewal, Route::Move, Route::Cleared, Route::Kit, Route::Lost, Route::Grace] {
        let (_, request) = life.request(route, Some(certificate(kit)), 365);
        assert_eq!(life.refused(request), Refusal::CertificateWrongPurpose, "{route:?}");
    }
    // And a payment certificate is no kit.
    assert_eq!(uses(&mut life, 0, KitUse::Reissue), Err(Refusal::CertificateWrongPurpose));
}

#[test]
fn without_a_kit_that_serves_there_is_no_way_by_kit() {
    let mut life = Life::new();
    let (_, none) = life.request(Route::Kit, Some(certificate(0)), 365);
    assert_eq!(life.refused(none), Refusal::CertificateUnknown);
    let kit = in_use(&mut life, None);
    life.pass(PROOF_AFTER_MS);
    life.must(Action::Revoke {
        certificate: certificate(kit),
        reason: RevocationReason::CessationOfOperation,
    });
    let (_, ended) = life.request(Route::Kit, Some(certificate(0)), 365);
    assert_eq!(life.refused(ended), Refusal::CertificateUnknown);
    assert_eq!(uses(&mut life, kit, KitUse::Suspend), Err(Refusal::CertificateRevoked));
    life.check_replay();
}

#[test]
fn one_kit_is_in_use_whatever_was_made_beside_it() {
    let mut life = Life::new();
    // Two begun at once, on two nodes: neither knew of the other.
    let (first, second) = (issued(&mut life, None), issued(&mut life, None));
    let (_, third) = life.request(Route::First, None, 900);
    assert_eq!(life.refused(as_recovery(third)), Refusal::CertificateTooMany);
    life.must(Action::Activate { certificate: certificate(first) });
    assert!(matches!(life.state(second), State::Revoked { .. }), "{:?}", life.state(second));
    let newer = issued(&mut life, Some(certificate(first)));
    assert_eq!(uses(&mut life, first, KitUse::Drill), Ok(()), "until the new one is in use");
    let bodies = life.must(Action::Activate { certificate: certificate(newer) });
    assert!(matches!(
        bodies.as_slice(),
        [Body::CertificateActivated { .. }, Body::CertificateSuperseded { .. }]
    ));
    assert_eq!(uses(&mut life, first, KitUse::Drill), Err(Refusal::CertificateSuperseded));
    assert_eq!(uses(&mut life, newer, KitUse::Drill), Ok(()));
    life.check_replay();
}

#[test]
fn whoever_reissued_a_certificate_puts_no_kit_in_the_owners_place() {
    let mut life = Life::new();
    let kit = in_use(&mut life, None);
    life.take(Route::Lost, Some(certificate(0)), 365);
    let (_, theirs) = life.request(Route::First, Some(certificate(kit)), 900);
    let until = life.world.now().at.plus(72 * Millis::HOUR);
    assert_eq!(life.refused(as_recovery(theirs)), Refusal::LimitProtectionChange { until });
    life.pass(25 * Millis::HOUR);
    let (_, later) = life.request(Route::First, Some(certificate(kit)), 900);
    assert_eq!(life.refused(as_recovery(later)), Refusal::LimitProtectionChange { until });
    life.must(Action::Suspend { certificate: certificate(0), by: SuspendedBy::Person });
    assert_eq!(uses(&mut life, kit, KitUse::Drill), Ok(()));
    assert_eq!(life.world.book.certificate(&certificate(kit)).unwrap().person, person(0));
    life.check_replay();
}
