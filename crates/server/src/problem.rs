//! Errors on the wire: problem+json (RFC 9457) with stable codes and no prose.

use crate::api::payments::Acceptance;
use crate::api::wire::{Amount, Time};
use crate::door::guard::Site;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde::{Serialize, Serializer};
use std::sync::Arc;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use yinxin_core::Currency;
use yinxin_wallet::{Param, Times, WalletError};

/// When a busy service may be asked again.
const RETRY_AFTER_S: &str = "1";

macro_rules! codes {
    ($($name:ident = $text:literal, $status:ident;)*) => {
        /// The stable code of a problem; the app translates it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Code {
            $(#[doc = concat!("`", $text, "`")] $name,)*
        }

        impl Code {
            /// Every code.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),*];

            /// As it is written on the wire.
            pub(crate) const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The code that is written so.
            pub(crate) fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)* _ => None }
            }

            /// The HTTP status: presentation only.
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }
        }
    };
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(Self::ALL.iter().map(|code| code.text())))
            .description(Some("The stable code of a problem; the app translates it."))
            .into()
    }
}

impl ToSchema for Code {}

codes! {
    VerifyWrong = "verify.wrong", UNAUTHORIZED;
    VerifyCodeRequired = "verify.code_required", UNAUTHORIZED;
    VerifyFactorRequired = "verify.factor_required", UNAUTHORIZED;
    VerifySignatureRequired = "verify.signature_required", FORBIDDEN;
    VerifyCodeWrong = "verify.code_wrong", UNAUTHORIZED;
    VerifyTooManyTries = "verify.too_many_tries", TOO_MANY_REQUESTS;
    VerifyWeakPassword = "verify.weak_password", UNPROCESSABLE_ENTITY;
    VerifyPhoneInvalid = "verify.phone_invalid", UNPROCESSABLE_ENTITY;
    VerifyNameInvalid = "verify.name_invalid", UNPROCESSABLE_ENTITY;
    PersonPhoneTaken = "person.phone_taken", CONFLICT;
    PersonPasswordMustChange = "person.password_must_change", FORBIDDEN;
    ReissueOver = "reissue.over", CONFLICT;
    ReissueDisputed = "reissue.disputed", CONFLICT;
    SessionRequired = "session.required", UNAUTHORIZED;
    SessionReauthenticate = "session.reauthenticate", UNAUTHORIZED;
    EnrolmentExpired = "enrolment.expired", CONFLICT;
    EnrolmentNotFound = "enrolment.not_found", NOT_FOUND;
    EnrolmentRequestInvalid = "enrolment.request_invalid", UNPROCESSABLE_ENTITY;
    EnrolmentReissueRequired = "enrolment.reissue_required", CONFLICT;
    CertificateNone = "certificate.none", FORBIDDEN;
    CertificateUnknown = "certificate.unknown", FORBIDDEN;
    CertificateForeign = "certificate.foreign", FORBIDDEN;
    CertificateWrongPurpose = "certificate.wrong_purpose", FORBIDDEN;
    CertificateSuspended = "certificate.suspended", FORBIDDEN;
    CertificateRevoked = "certificate.revoked", FORBIDDEN;
    CertificateSuperseded = "certificate.superseded", FORBIDDEN;
    CertificateRenewalEarly = "certificate.renewal_early", CONFLICT;
    CertificateGraceOver = "certificate.grace_over", CONFLICT;
    CertificateExpired = "certificate.expired", FORBIDDEN;
    CertificateNotActive = "certificate.not_active", FORBIDDEN;
    CertificateTooMany = "certificate.too_many", CONFLICT;
    KitInvalid = "kit.invalid", FORBIDDEN;
    KitTooYoung = "kit.too_young", FORBIDDEN;
    CertificateSuspendInstead = "certificate.suspend_instead", FORBIDDEN;
    PaymentMalformed = "payment.malformed", BAD_REQUEST;
    PaymentAlgorithmRefused = "payment.algorithm_refused", BAD_REQUEST;
    PaymentTypeMismatch = "payment.type_mismatch", BAD_REQUEST;
    PaymentSignatureInvalid = "payment.signature_invalid", FORBIDDEN;
    PaymentAudienceMismatch = "payment.audience_mismatch", UNPROCESSABLE_ENTITY;
    PaymentExpired = "payment.expired", UNPROCESSABLE_ENTITY;
    PaymentSequenceBehind = "payment.sequence_behind", CONFLICT;
    PaymentSequenceAhead = "payment.sequence_ahead", CONFLICT;
    PaymentForked = "payment.forked", CONFLICT;
    PaymentNumberReused = "payment.number_reused", CONFLICT;
    PaymentVoided = "payment.voided", CONFLICT;
    PaymentUnseen = "payment.unseen", NOT_FOUND;
    PaymentAmountMismatch = "payment.amount_mismatch", UNPROCESSABLE_ENTITY;
    PaymentPayeeMismatch = "payment.payee_mismatch", UNPROCESSABLE_ENTITY;
    PaymentPayeeUnknown = "payment.payee_unknown", UNPROCESSABLE_ENTITY;
    PaymentPayerMismatch = "payment.payer_mismatch", UNPROCESSABLE_ENTITY;
    PaymentSelf = "payment.self", UNPROCESSABLE_ENTITY;
    PaymentFeeMismatch = "payment.fee_mismatch", UNPROCESSABLE_ENTITY;
    PaymentCurrencyMismatch = "payment.currency_mismatch", UNPROCESSABLE_ENTITY;
    PaymentDisclosureMismatch = "payment.disclosure_mismatch", UNPROCESSABLE_ENTITY;
    PaymentInsufficientFunds = "payment.insufficient_funds", UNPROCESSABLE_ENTITY;
    PaymentVerificationRequired = "payment.verification_required", UNPROCESSABLE_ENTITY;
    PaymentVerificationInvalid = "payment.verification_invalid", UNPROCESSABLE_ENTITY;
    PaymentResultPending = "payment.result_pending", SERVICE_UNAVAILABLE;
    OrderUnknown = "order.unknown", NOT_FOUND;
    OrderExpired = "order.expired", CONFLICT;
    OrderPaid = "order.paid", CONFLICT;
    OrderCancelled = "order.cancelled", CONFLICT;
    OrderMismatch = "order.mismatch", UNPROCESSABLE_ENTITY;
    OrderInvalid = "order.invalid", UNPROCESSABLE_ENTITY;
    LimitTapDay = "limit.tap_day", UNPROCESSABLE_ENTITY;
    LimitDay = "limit.day", UNPROCESSABLE_ENTITY;
    LimitProtectionEach = "limit.protection_each", UNPROCESSABLE_ENTITY;
    LimitProtectionDay = "limit.protection_day", UNPROCESSABLE_ENTITY;
    LimitProtectionWait = "limit.protection_wait", UNPROCESSABLE_ENTITY;
    LimitProtectionPayee = "limit.protection_payee", UNPROCESSABLE_ENTITY;
    LimitProtectionStage = "limit.protection_stage", UNPROCESSABLE_ENTITY;
    LimitProtectionChange = "limit.protection_change", CONFLICT;
    LimitStaticCodeDay = "limit.static_code_day", UNPROCESSABLE_ENTITY;
    LimitBalance = "limit.balance", UNPROCESSABLE_ENTITY;
    MerchantUnauthorised = "merchant.unauthorised", UNAUTHORIZED;
    PayeeUnknown = "payee.unknown", NOT_FOUND;
    ServiceBusy = "service.busy", SERVICE_UNAVAILABLE;
    ServiceClock = "service.clock", SERVICE_UNAVAILABLE;
    ServiceReadOnly = "service.read_only", SERVICE_UNAVAILABLE;
    RequestMalformed = "request.malformed", BAD_REQUEST;
    RequestTooLarge = "request.too_large", PAYLOAD_TOO_LARGE;
    RequestMediaType = "request.media_type", UNSUPPORTED_MEDIA_TYPE;
    RequestMethod = "request.method", METHOD_NOT_ALLOWED;
    RequestTimeout = "request.timeout", REQUEST_TIMEOUT;
    RequestNotFound = "request.not_found", NOT_FOUND;
    RequestOrigin = "request.origin", FORBIDDEN;
    RequestHost = "request.host", MISDIRECTED_REQUEST;
    IdempotencyConflict = "idempotency.conflict", UNPROCESSABLE_ENTITY;
    DeviceVersion = "device.version", UPGRADE_REQUIRED;
}

/// What belongs to a code; every member is there for some codes only.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ProblemParams {
    /// When to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_at: Option<Time>,
    /// How many tries are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tries_left: Option<u64>,
    /// Which of several: for a weak password `short`, `common`, `personal` or `composition`; for a second factor `totp`, `passkey` or `totp_passkey`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) reason: Option<&'static str>,
    /// What is left of a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) left: Option<Amount>,
    /// When a limit begins again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reset_at: Option<Time>,
    /// The fee that would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fee: Option<Amount>,
}

impl ProblemParams {
    /// The wallet's values by name; amounts are in the deployment's `currency`.
    pub(crate) fn of(params: &[(&'static str, Param)], currency: Currency) -> Self {
        let mut all = Self::default();
        for (name, param) in params {
            match (*name, *param) {
                ("retry_at", Param::Time(at)) => all.retry_at = Some(Time(at)),
                ("reset_at", Param::Time(at)) => all.reset_at = Some(Time(at)),
                ("tries_left", Param::Count(count)) => all.tries_left = Some(count),
                ("reason", Param::Word(word)) => all.reason = Some(word),
                ("left", Param::Amount(minor)) => all.left = Some(Amount::new(minor.get(), currency)),
                ("fee", Param::Amount(minor)) => all.fee = Some(Amount::new(minor.get(), currency)),
                (name, Param::Time(_) | Param::Count(_) | Param::Word(_) | Param::Amount(_)) => {
                    tracing::warn!(
                        problem.param = name,
                        "a problem has a parameter that the wire does not know"
                    );
                }
            }
        }
        all
    }
}

/// An error on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument<'a> {
    /// A URI that names the code.
    #[serde(rename = "type")]
    #[schema(example = "http://localhost:8088/problems/payment.insufficient_funds")]
    pub(crate) kind: String,
    /// The HTTP status.
    #[schema(example = 422, minimum = 400, maximum = 599)]
    pub(crate) status: u16,
    /// What happened.
    pub(crate) code: Code,
    /// Whether money moved; nothing while that is not known.
    pub(crate) money_moved: Option<bool>,
    /// Names this answer in the operator's log.
    #[schema(example = "a4dqobyh")]
    pub(crate) reference: &'a str,
    /// What belongs to the code.
    pub(crate) params: ProblemParams,
    /// The recorded refusal with its proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acceptance: Option<&'a Acceptance>,
}

/// An error on its way out: the first middleware gives it its reference and writes it.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    params: Vec<(&'static str, Param)>,
    acceptance: Option<Box<Acceptance>>,
    detail: Option<String>,
    times: Option<Times>,
}

impl Problem {
    /// A problem with nothing but its code.
    pub(crate) fn new(code: Code) -> Self {
        Self { code, params: Vec::new(), acceptance: None, detail: None, times: None }
    }

    /// With what belongs to its code.
    pub(crate) fn with(mut self, params: Vec<(&'static str, Param)>) -> Self {
        self.params = params;
        self
    }

    /// With the recorded refusal.
    pub(crate) fn recorded(mut self, acceptance: Acceptance) -> Self {
        self.acceptance = Some(Box::new(acceptance));
        self
    }

    /// With where the time of the recorded refusal went.
    pub(crate) fn timed(mut self, times: Times) -> Self {
        self.times = Some(times);
        self
    }

    /// With a reason for the operator's log; it never reaches the wire.
    pub(crate) fn because(mut self, reason: &dyn std::fmt::Display) -> Self {
        self.detail = Some(reason.to_string());
        self
    }

    /// What happened.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// For the operator's log.
    pub(crate) fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Writes the problem into the response that carried it here.
    pub(crate) fn render(&self, mut response: Response, site: &Site, reference: &str) -> Response {
        let document = ProblemDocument {
            kind: format!("{}/problems/{}", site.origin, self.code.text()),
            status: self.code.status().as_u16(),
            code: self.code,
            money_moved: (self.code != Code::PaymentResultPending).then_some(false),
            reference,
            params: ProblemParams::of(&self.params, site.currency),
            acceptance: self.acceptance.as_deref(),
        };
        let json = serde_json::to_vec(&document).unwrap_or_default();
        // The router has measured the empty body that carried the problem.
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(json.len()));
        *response.body_mut() = axum::body::Body::from(json);
        response
    }
}

impl From<WalletError> for Problem {
    fn from(error: WalletError) -> Self {
        Self::new(code_of(&error)).with(error.params()).because(&error)
    }
}

/// The one translation from the wallet's words to the wire's.
fn code_of(error: &WalletError) -> Code {
    match error {
        WalletError::Wrong { .. } => Code::VerifyWrong,
        WalletError::CodeRequired => Code::VerifyCodeRequired,
        WalletError::FactorRequired { .. } => Code::VerifyFactorRequired,
        WalletError::SignatureRequired => Code::VerifySignatureRequired,
        WalletError::CodeWrong => Code::VerifyCodeWrong,
        WalletError::TooManyTries { .. } => Code::VerifyTooManyTries,
        WalletError::WeakPassword(_) => Code::VerifyWeakPassword,
        WalletError::PhoneInvalid => Code::VerifyPhoneInvalid,
        WalletError::NameInvalid => Code::VerifyNameInvalid,
        WalletError::PhoneTaken => Code::PersonPhoneTaken,
        WalletError::SessionRequired => Code::SessionRequired,
        WalletError::Reauthenticate => Code::SessionReauthenticate,
        WalletError::EnrolmentExpired => Code::EnrolmentExpired,
        WalletError::EnrolmentNotFound => Code::EnrolmentNotFound,
        WalletError::RequestInvalid => Code::EnrolmentRequestInvalid,
        WalletError::ReissueRequired => Code::EnrolmentReissueRequired,
        WalletError::PasswordMustChange => Code::PersonPasswordMustChange,
        WalletError::SuspendInstead => Code::CertificateSuspendInstead,
        WalletError::CertificateNone => Code::CertificateNone,
        WalletError::CertificateUnknown => Code::CertificateUnknown,
        WalletError::CertificateForeign => Code::CertificateForeign,
        WalletError::CertificateWrongPurpose => Code::CertificateWrongPurpose,
        WalletError::KitInvalid => Code::KitInvalid,
        WalletError::Payload(_) => Code::PaymentMalformed,
        WalletError::AudienceMismatch => Code::PaymentAudienceMismatch,
        WalletError::DisclosureMismatch => Code::PaymentDisclosureMismatch,
        WalletError::VerificationRequired => Code::PaymentVerificationRequired,
        WalletError::VerificationInvalid => Code::PaymentVerificationInvalid,
        WalletError::PaymentUnseen => Code::PaymentUnseen,
        WalletError::ResultPending => Code::PaymentResultPending,
        WalletError::OrderUnknown => Code::OrderUnknown,
        WalletError::OrderInvalid => Code::OrderInvalid,
        WalletError::MerchantUnauthorised => Code::MerchantUnauthorised,
        WalletError::PayeeUnknown => Code::PayeeUnknown,
        WalletError::Malformed => Code::RequestMalformed,
        WalletError::NotFound => Code::RequestNotFound,
        WalletError::IdempotencyConflict => Code::IdempotencyConflict,
        WalletError::ClockUntrusted => Code::ServiceClock,
        WalletError::ReadOnly => Code::ServiceReadOnly,
        WalletError::Busy | WalletError::Failed(_) => Code::ServiceBusy,
        // The rules and the signature's parser name their codes themselves.
        WalletError::Refused(_) | WalletError::Text(_) => named(error.code()),
    }
}

/// The code of this name. A name that the wire does not know is a mistake of ours: the log says so.
pub(crate) fn named(name: &str) -> Code {
    Code::parse(name).unwrap_or_else(|| {
        tracing::error!(problem.code = name, "a code is not known to the wire");
        Code::ServiceBusy
    })
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.code.status() == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
        }
        if let Some(times) = self.times {
            response.extensions_mut().insert(times);
        }
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_group_and_a_word_and_no_two_are_the_same() {
        let mut texts: Vec<_> = Code::ALL.iter().map(|code| code.text()).collect();
        assert!(texts.iter().all(|text| {
            text.split_once('.').is_some_and(|(group, word)| !group.is_empty() && !word.is_empty())
        }));
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|code| code.status().as_u16() >= 400));
    }
}
