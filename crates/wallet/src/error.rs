//! What can go wrong, in the wallet's words: one stable code for each, no prose.

use crate::factors::StrongFactors;
use crate::passwords::Weakness;
use crate::writer::WriterError;
use yinxin_core::text::TextError;
use yinxin_core::{Millis, Minor, Refusal};
use yinxin_pki::JwsError;
use yinxin_store::StoreError;
use yinxin_store::desk::DeskError;

/// Why a use case did not do what it was asked. None of these moved money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WalletError {
    /// A secret is wrong; never which one.
    #[error("a secret is wrong")]
    Wrong {
        /// Tries left before a wait, where they are counted for this secret alone.
        tries_left: Option<u16>,
    },
    /// The device is not known: a code was sent to the person's phone.
    #[error("a code is required on this device")]
    CodeRequired,
    /// The device is not known: a factor that the person has set up is asked for.
    #[error("a second factor is required on this device")]
    FactorRequired {
        /// Which they have.
        factors: StrongFactors,
    },
    /// A certificate lives: it approves the change, not the password.
    #[error("a certificate has to sign this")]
    SignatureRequired,
    /// The code is wrong, expired or used.
    #[error("the code is wrong")]
    CodeWrong,
    /// Too many tries, or too soon.
    #[error("too many tries")]
    TooManyTries {
        /// When the next one is possible.
        retry_at: Millis,
    },
    /// The password is too easy to guess.
    #[error("the password is weak")]
    WeakPassword(Weakness),
    /// Not a phone number.
    #[error("not a phone number")]
    PhoneInvalid,
    /// Not a name that can be shown.
    #[error("not a name")]
    NameInvalid,
    /// The phone number belongs to a person already, and whoever asked holds that phone.
    #[error("the phone number is taken")]
    PhoneTaken,
    /// There is no session, or it has ended.
    #[error("a session is required")]
    SessionRequired,
    /// The password is asked for again.
    #[error("the password is asked for again")]
    Reauthenticate,
    /// The enrolment's time is over.
    #[error("the enrolment has expired")]
    EnrolmentExpired,
    /// There is no such enrolment of this person on this device.
    #[error("no such enrolment")]
    EnrolmentNotFound,
    /// The certificate request, its custody or its consent is not acceptable.
    #[error("the certificate request is invalid")]
    RequestInvalid,
    /// Only a device that holds a certificate ends another one's for good; it can be suspended.
    #[error("only a device at hand revokes another one")]
    SuspendInstead,
    /// Somebody else knows the password: it has to be changed first.
    #[error("the password has to be changed")]
    PasswordMustChange,
    /// The person had a certificate before: only a reissue gives another.
    #[error("a reissue is required")]
    ReissueRequired,
    /// The person has no active certificate.
    #[error("the person has no certificate")]
    CertificateNone,
    /// No such certificate.
    #[error("the certificate is unknown")]
    CertificateUnknown,
    /// The certificate belongs to another person, device or account.
    #[error("the certificate is another's")]
    CertificateForeign,
    /// The certificate is not for this.
    #[error("the certificate has another purpose")]
    CertificateWrongPurpose,
    /// There is no such kit, or it has ended.
    #[error("the recovery kit is not in use")]
    KitInvalid,
    /// A signed text could not be read or its signature is wrong.
    #[error(transparent)]
    Text(#[from] JwsError),
    /// The payload of a signed text is not what its type says.
    #[error(transparent)]
    Payload(#[from] TextError),
    /// The signed text is for another deployment.
    #[error("the signed text is for another audience")]
    AudienceMismatch,
    /// The openings do not belong to the signed text.
    #[error("a disclosure does not match")]
    DisclosureMismatch,
    /// User verification of this text is needed.
    #[error("user verification is required")]
    VerificationRequired,
    /// User verification was given and is not good.
    #[error("the user verification is invalid")]
    VerificationInvalid,
    /// No record of this payment number.
    #[error("the payment was never seen")]
    PaymentUnseen,
    /// The outcome is not known yet: ask for the number again.
    #[error("the result is pending")]
    ResultPending,
    /// No such order.
    #[error("the order is unknown")]
    OrderUnknown,
    /// The order is not acceptable.
    #[error("the order is invalid")]
    OrderInvalid,
    /// The API key is not a merchant's.
    #[error("not a merchant's key")]
    MerchantUnauthorised,
    /// No payee of that description.
    #[error("the payee is unknown")]
    PayeeUnknown,
    /// The request's members do not fit together.
    #[error("the request is malformed")]
    Malformed,
    /// No such thing, or not yours.
    #[error("not found")]
    NotFound,
    /// The idempotency key was used with another body.
    #[error("the idempotency key was used with another body")]
    IdempotencyConflict,
    /// Try again: nothing was done, or nothing is done twice.
    #[error("the service is busy")]
    Busy,
    /// The disk is full: nothing was done, and nothing can be until there is room.
    #[error("the disk is full")]
    ReadOnly,
    /// The clock jumped; posting has stopped.
    #[error("the clock cannot be trusted")]
    ClockUntrusted,
    /// The book refused.
    #[error("refused: {}", .0.code())]
    Refused(Refusal),
    /// Something inside failed; the detail is for the log only.
    #[error("failed inside: {0}")]
    Failed(String),
}

/// A value that a person needs to know beside the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Param {
    /// A number of things.
    Count(u64),
    /// A time.
    Time(Millis),
    /// Money, in the deployment's currency.
    Amount(Minor),
    /// A word of a closed set.
    Word(&'static str),
}

impl WalletError {
    /// The stable problem code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Wrong { .. } => "verify.wrong",
            Self::CodeRequired => "verify.code_required",
            Self::FactorRequired { .. } => "verify.factor_required",
            Self::SignatureRequired => "verify.signature_required",
            Self::CodeWrong => "verify.code_wrong",
            Self::TooManyTries { .. } => "verify.too_many_tries",
            Self::WeakPassword(_) => "verify.weak_password",
            Self::PhoneInvalid => "verify.phone_invalid",
            Self::NameInvalid => "verify.name_invalid",
            Self::PhoneTaken => "person.phone_taken",
            Self::SessionRequired => "session.required",
            Self::Reauthenticate => "session.reauthenticate",
            Self::EnrolmentExpired => "enrolment.expired",
            Self::EnrolmentNotFound => "enrolment.not_found",
            Self::RequestInvalid => "enrolment.request_invalid",
            Self::SuspendInstead => "certificate.suspend_instead",
            Self::PasswordMustChange => "person.password_must_change",
            Self::ReissueRequired => "enrolment.reissue_required",
            Self::CertificateNone => "certificate.none",
            Self::CertificateUnknown => "certificate.unknown",
            Self::CertificateForeign => "certificate.foreign",
            Self::CertificateWrongPurpose => "certificate.wrong_purpose",
            Self::KitInvalid => "kit.invalid",
            Self::Text(error) => text_code(*error),
            Self::Payload(_) => "payment.malformed",
            Self::AudienceMismatch => "payment.audience_mismatch",
            Self::DisclosureMismatch => "payment.disclosure_mismatch",
            Self::VerificationRequired => "payment.verification_required",
            Self::VerificationInvalid => "payment.verification_invalid",
            Self::PaymentUnseen => "payment.unseen",
            Self::ResultPending => "payment.result_pending",
            Self::OrderUnknown => "order.unknown",
            Self::OrderInvalid => "order.invalid",
            Self::MerchantUnauthorised => "merchant.unauthorised",
            Self::PayeeUnknown => "payee.unknown",
            Self::Malformed => "request.malformed",
            Self::NotFound => "request.not_found",
            Self::IdempotencyConflict => "idempotency.conflict",
            Self::Busy | Self::Failed(_) => "service.busy",
            Self::ReadOnly => "service.read_only",
            Self::ClockUntrusted => "service.clock",
            Self::Refused(refusal) => refusal.code(),
        }
    }

    /// What a person needs to know beside the code, by name.
    #[must_use]
    pub fn params(&self) -> Vec<(&'static str, Param)> {
        match self {
            Self::Wrong { tries_left } => {
                tries_left.iter().map(|left| ("tries_left", Param::Count(u64::from(*left)))).collect()
            }
            Self::TooManyTries { retry_at } => vec![("retry_at", Param::Time(*retry_at))],
            Self::WeakPassword(weakness) => vec![("reason", Param::Word(weakness.word()))],
            Self::FactorRequired { factors } => vec![("reason", Param::Word(factors.word()))],
            Self::Refused(refusal) => refusal_params(refusal),
            Self::CodeRequired
            | Self::SignatureRequired
            | Self::CodeWrong
            | Self::PhoneInvalid
            | Self::NameInvalid
            | Self::PhoneTaken
            | Self::SessionRequired
            | Self::Reauthenticate
            | Self::EnrolmentExpired
            | Self::EnrolmentNotFound
            | Self::RequestInvalid
            | Self::SuspendInstead
            | Self::PasswordMustChange
            | Self::ReissueRequired
            | Self::CertificateNone
            | Self::CertificateUnknown
            | Self::CertificateForeign
            | Self::CertificateWrongPurpose
            | Self::KitInvalid
            | Self::Text(_)
            | Self::Payload(_)
            | Self::AudienceMismatch
            | Self::DisclosureMismatch
            | Self::VerificationRequired
            | Self::VerificationInvalid
            | Self::PaymentUnseen
            | Self::ResultPending
            | Self::OrderUnknown
            | Self::OrderInvalid
            | Self::MerchantUnauthorised
            | Self::PayeeUnknown
            | Self::Malformed
            | Self::NotFound
            | Self::IdempotencyConflict
            | Self::Busy
            | Self::ReadOnly
            | Self::ClockUntrusted
            | Self::Failed(_) => Vec::new(),
        }
    }
}

const fn text_code(error: JwsError) -> &'static str {
    match error {
        JwsError::Malformed(_) => "payment.malformed",
        JwsError::TooLarge => "request.too_large",
        JwsError::AlgorithmRefused => "payment.algorithm_refused",
        JwsError::TypeMismatch => "payment.type_mismatch",
        JwsError::SignatureInvalid => "payment.signature_invalid",
        JwsError::SignerFailed => "service.busy",
    }
}

/// What a refusal of the book lets a person know; the payments' answers use it too.
#[must_use]
pub(crate) fn refusal_params(refusal: &Refusal) -> Vec<(&'static str, Param)> {
    match refusal {
        Refusal::FeeMismatch { fee } => vec![("fee", Param::Amount(*fee))],
        Refusal::LimitTapDay { left }
        | Refusal::LimitDay { left }
        | Refusal::LimitProtectionDay { left }
        | Refusal::LimitStaticCodeDay { left } => vec![("left", Param::Amount(*left))],
        Refusal::LimitProtectionEach { left, until } | Refusal::LimitProtectionStage { left, until } => {
            vec![("left", Param::Amount(*left)), ("reset_at", Param::Time(*until))]
        }
        Refusal::LimitProtectionWait { until }
        | Refusal::LimitProtectionPayee { until }
        | Refusal::LimitProtectionChange { until } => vec![("reset_at", Param::Time(*until))],
        Refusal::RenewalEarly { from } => vec![("retry_at", Param::Time(*from))],
        Refusal::PinLocked { until } | Refusal::KitYoung { until } => vec![("retry_at", Param::Time(*until))],
        Refusal::CertificateUnknown
        | Refusal::CertificateForeign
        | Refusal::CertificateNotActive
        | Refusal::CertificateSuspended
        | Refusal::CertificateRevoked
        | Refusal::CertificateSuperseded
        | Refusal::CertificateWrongPurpose
        | Refusal::GraceOver
        | Refusal::CertificateExpired
        | Refusal::CertificateTooMany
        | Refusal::CertificateState
        | Refusal::PaymentExpired
        | Refusal::SequenceBehind
        | Refusal::SequenceAhead
        | Refusal::Forked
        | Refusal::NumberReused
        | Refusal::Voided
        | Refusal::PayerMismatch
        | Refusal::PayeeSelf
        | Refusal::PayeeUnknown
        | Refusal::PayeeMismatch
        | Refusal::AmountMismatch
        | Refusal::CurrencyMismatch
        | Refusal::OrderMismatch
        | Refusal::OrderExpired
        | Refusal::OrderPaid
        | Refusal::OrderCancelled
        | Refusal::InsufficientFunds
        | Refusal::VerificationRequired
        | Refusal::LimitBalance
        | Refusal::ReissueUnknown
        | Refusal::ReissueOver
        | Refusal::ReissueDisputed
        | Refusal::Conflict
        | Refusal::Genesis => Vec::new(),
    }
}

impl From<DeskError> for WalletError {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Busy => Self::Busy,
            DeskError::Full => Self::ReadOnly,
            DeskError::Taken { .. }
            | DeskError::Corrupt { .. }
            | DeskError::Newer { .. }
            | DeskError::Sync(_)
            | DeskError::Failed(_) => Self::Failed(error.to_string()),
        }
    }
}

impl From<StoreError> for WalletError {
    fn from(error: StoreError) -> Self {
        if let StoreError::Full(_) = error { Self::ReadOnly } else { Self::Failed(error.to_string()) }
    }
}

impl From<WriterError> for WalletError {
    fn from(error: WriterError) -> Self {
        match error {
            WriterError::Refused(refusal) => Self::Refused(refusal),
            WriterError::Pending => Self::ResultPending,
            WriterError::Busy => Self::Busy,
            WriterError::ReadOnly => Self::ReadOnly,
            WriterError::Clock => Self::ClockUntrusted,
            WriterError::Store(error) => error.into(),
        }
    }
}

impl From<Refusal> for WalletError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_its_code_and_what_a_person_needs_to_know() {
        let error = WalletError::from(Refusal::LimitDay { left: Minor::new(300).unwrap() });
        assert_eq!(error.code(), "limit.day");
        assert_eq!(error.params(), [("left", Param::Amount(Minor::new(300).unwrap()))]);
    }

    #[test]
    fn what_failed_inside_is_not_told_outside() {
        let error = WalletError::from(DeskError::Failed("disk full: /secret".to_owned()));
        assert_eq!((error.code(), error.params()), ("service.busy", vec![]));
    }
}
