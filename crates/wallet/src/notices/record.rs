//! What a record tells its person.

use super::{Notice, NoticeKind};
use yinxin_core::certificate::{Purpose, SuspendedBy};
use yinxin_core::kit::KitUse;
use yinxin_core::{Body, Book, CertificateId, Facts, PersonId};

/// Whom a record concerns.
enum Whom<'f> {
    Owner(&'f CertificateId),
    Person(&'f PersonId),
}

/// Whether a record tells anybody anything: cheap, asked of every record.
pub(crate) const fn is_told(facts: &Facts) -> bool {
    told(&facts.body).is_some()
}

/// Who is told by a record, and what.
pub(super) fn notice_of(index: u64, facts: &Facts, book: &Book) -> Option<(PersonId, Notice)> {
    let (kind, whom) = told(&facts.body)?;
    let because = |kind| Notice::because(kind, &index.to_be_bytes());
    Some(match whom {
        Whom::Owner(certificate) => {
            let owned = book.certificate(certificate)?;
            (owned.person, because(of_purpose(kind, owned.purpose)?).about(*certificate))
        }
        Whom::Person(person) => (*person, because(kind)),
    })
}

/// A recovery certificate is no device's: what happens to it is told as the kit's.
fn of_purpose(kind: NoticeKind, purpose: Purpose) -> Option<NoticeKind> {
    let of_kits = matches!(kind, NoticeKind::KitMade | NoticeKind::KitUsed);
    match purpose {
        Purpose::Payment => (!of_kits).then_some(kind),
        Purpose::Recovery if of_kits => Some(kind),
        // One that a newer kit replaced is told as that one's making.
        Purpose::Recovery => matches!(kind, NoticeKind::CertificateRevoked | NoticeKind::CertificateExpired)
            .then_some(NoticeKind::KitInvalidated),
    }
}

const fn told(body: &Body) -> Option<(NoticeKind, Whom<'_>)> {
    Some(match body {
        Body::CertificateIssued { certificate, .. } => {
            (NoticeKind::CertificateIssued, Whom::Owner(certificate))
        }
        Body::CertificateActivated { certificate, .. } => (NoticeKind::KitMade, Whom::Owner(certificate)),
        Body::KitUsed { certificate, used_for: KitUse::Suspend | KitUse::Reissue } => {
            (NoticeKind::KitUsed, Whom::Owner(certificate))
        }
        Body::CertificateSuspended { certificate, by } => (suspended(*by), Whom::Owner(certificate)),
        Body::CertificateResumed { certificate, .. } => {
            (NoticeKind::CertificateResumed, Whom::Owner(certificate))
        }
        Body::CertificateRevoked { certificate, .. }
        | Body::CertificateRevokedOnDevice { certificate, .. } => {
            (NoticeKind::CertificateRevoked, Whom::Owner(certificate))
        }
        Body::CertificateSuperseded { certificate, .. } => {
            (NoticeKind::CertificateSuperseded, Whom::Owner(certificate))
        }
        Body::CertificateExpired { certificate } => {
            (NoticeKind::CertificateExpired, Whom::Owner(certificate))
        }
        Body::TapSet { person, enabled } => {
            (if *enabled { NoticeKind::TapOn } else { NoticeKind::TapOff }, Whom::Person(person))
        }
        Body::DeviceSessionsEnded { person, .. } | Body::SessionsEnded { person, .. } => {
            (NoticeKind::DeviceSignedOut, Whom::Person(person))
        }
        Body::ReissueOpened { person, .. } => (NoticeKind::ReissueRequested, Whom::Person(person)),
        Body::ReissueVetoed { person, .. } => (NoticeKind::ReissueVetoed, Whom::Person(person)),
        Body::ReissueGivenUp { person, .. } => (NoticeKind::ReissueCancelled, Whom::Person(person)),
        Body::ReissueEnded { person, .. } => (NoticeKind::ReissueEnded, Whom::Person(person)),
        Body::Genesis { .. }
        | Body::ReissueAcknowledged { .. }
        | Body::PolicySet { .. }
        | Body::SnapshotTaken { .. }
        | Body::ClockAccepted
        | Body::LogContinued { .. }
        | Body::PersonOpened { .. }
        | Body::MerchantOpened { .. }
        | Body::MoneyIssued { .. }
        | Body::CertificateRequested { .. }
        | Body::SuccessorRequested { .. }
        | Body::KitUsed { used_for: KitUse::Drill, .. }
        | Body::CertificateAbandoned { .. }
        | Body::PinCounted { .. }
        | Body::PinAccepted { .. }
        | Body::Payment { .. }
        | Body::PaymentVoided { .. }
        | Body::OrderCancelled { .. } => return None,
    })
}

const fn suspended(by: SuspendedBy) -> NoticeKind {
    match by {
        SuspendedBy::Person | SuspendedBy::Lost | SuspendedBy::Reported | SuspendedBy::Password => {
            NoticeKind::CertificateSuspended
        }
        SuspendedBy::Pin => NoticeKind::CertificateSuspendedPin,
        SuspendedBy::Operator => NoticeKind::CertificateSuspendedOperator,
        SuspendedBy::Fork => NoticeKind::CertificateSuspendedFork,
        SuspendedBy::Risk => NoticeKind::CertificateSuspendedRisk,
        SuspendedBy::Unused => NoticeKind::CertificateSuspendedUnused,
        SuspendedBy::Veto => NoticeKind::CertificateSuspendedVeto,
    }
}
