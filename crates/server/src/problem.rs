//! Errors on the wire: problem+json (RFC 9457) with stable codes and no prose.

use crate::api::payments::Acceptance;
use crate::api::wire::{Amount, Time};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

macro_rules! codes {
    ($($name:ident = $text:literal, $status:ident;)*) => {
        /// The stable code of a problem; the app translates it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
        pub(crate) enum Code {
            $(#[doc = concat!("`", $text, "`")] #[serde(rename = $text)] $name,)*
        }

        impl Code {
            /// Every code.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),*];

            /// As it is written on the wire.
            pub(crate) const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status: presentation only.
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }
        }
    };
}

codes! {
    VerifyWrong = "verify.wrong", UNAUTHORIZED;
    VerifyCodeRequired = "verify.code_required", UNAUTHORIZED;
    VerifyCodeWrong = "verify.code_wrong", UNAUTHORIZED;
    VerifyTooManyTries = "verify.too_many_tries", TOO_MANY_REQUESTS;
    VerifyWeakPassword = "verify.weak_password", UNPROCESSABLE_ENTITY;
    VerifyPhoneInvalid = "verify.phone_invalid", UNPROCESSABLE_ENTITY;
    VerifyNameInvalid = "verify.name_invalid", UNPROCESSABLE_ENTITY;
    PersonPhoneTaken = "person.phone_taken", CONFLICT;
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
    CertificateExpired = "certificate.expired", FORBIDDEN;
    CertificateNotActive = "certificate.not_active", FORBIDDEN;
    CertificateTooMany = "certificate.too_many", CONFLICT;
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
    LimitStaticCodeDay = "limit.static_code_day", UNPROCESSABLE_ENTITY;
    LimitBalance = "limit.balance", UNPROCESSABLE_ENTITY;
    MerchantUnauthorised = "merchant.unauthorised", UNAUTHORIZED;
    PayeeUnknown = "payee.unknown", NOT_FOUND;
    ServiceBusy = "service.busy", SERVICE_UNAVAILABLE;
    ServiceClock = "service.clock", SERVICE_UNAVAILABLE;
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
    pub(crate) tries_left: Option<u32>,
    /// Which rule of several: for a weak password `short`, `common` or `personal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) reason: Option<&'static str>,
    /// What is left of a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) left: Option<Amount>,
    /// When a limit begins again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reset_at: Option<Time>,
}

/// An error on the wire.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
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
    pub(crate) reference: String,
    /// What belongs to the code.
    pub(crate) params: ProblemParams,
    /// The recorded refusal with its proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acceptance: Option<Box<Acceptance>>,
}
impl Problem {
    pub(crate) fn pending() -> Self {
        Self { kind: String::new(), status: 503, code: Code::ServiceBusy, money_moved: None, reference: String::new(), params: ProblemParams::default(), acceptance: None }
    }
}
impl axum::response::IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response { (StatusCode::SERVICE_UNAVAILABLE, axum::Json(self)).into_response() }
}
