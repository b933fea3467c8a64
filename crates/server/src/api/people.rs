//! Becoming a person of the wallet, and what a person sees of the own account.

use super::sessions::DeviceKind;
use super::wire::{AccountRef, Amount, PersonRef, Time};
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Asks for a code by SMS.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SmsCodeRequest {
    /// The phone, E.164 or a national number of the operator's country.
    #[schema(example = "+8613800138000", max_length = 32)]
    pub(crate) phone: String,
    /// What the code is for.
    pub(crate) purpose: SmsPurpose,
}

/// What a code sent by SMS is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SmsPurpose {
    /// Registration, and the enrolment in the same sitting.
    Register,
}

/// A code is on its way, or would be: the answer is the same for every phone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SmsCodeSent {
    /// Seconds until the code expires.
    #[schema(example = 180)]
    pub(crate) expires_in_s: u32,
    /// Seconds until another may be asked for.
    #[schema(example = 60)]
    pub(crate) resend_after_s: u32,
}

/// Registers a person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPerson {
    /// The phone that got the code.
    #[schema(example = "+8613800138000", max_length = 32)]
    pub(crate) phone: String,
    /// The code sent by SMS.
    #[schema(pattern = "^[0-9]{6}$", example = "123456")]
    pub(crate) code: String,
    /// The log-in password: at least 8 characters.
    #[schema(min_length = 8, max_length = 256)]
    pub(crate) password: String,
    /// The name that payers see, partly masked.
    #[schema(min_length = 1, max_length = 64, example = "林小满")]
    pub(crate) name: String,
    /// The kind of device, for the list of devices and the text of an SMS.
    pub(crate) device_kind: DeviceKind,
}

/// How a name came to be known (rules § 12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NameState {
    /// The person said so.
    SelfDeclared,
    /// The operator's roster says so.
    Vouched,
    /// Somebody checked an identity document.
    IdentityChecked,
}

/// The person who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// The person.
    pub(crate) person: PersonRef,
    /// The own name in full.
    pub(crate) name: String,
    /// How the name is known.
    pub(crate) name_state: NameState,
    /// The phone with its middle hidden.
    #[schema(example = "+86 138****8000")]
    pub(crate) phone_masked: String,
    /// The number to log in with or to be found by: 11 digits.
    #[schema(example = "80000000008", pattern = "^8[0-9]{10}$")]
    pub(crate) account_number: String,
    /// The account.
    pub(crate) account: AccountRef,
    /// What is available.
    pub(crate) balance: Amount,
    /// Paying small amounts with one tap (小额直付).
    pub(crate) tap: Tap,
    /// Some certificate of this person can pay.
    pub(crate) has_active_certificate: bool,
    /// Until then an enrolment needs neither password nor another code.
    pub(crate) enrolment_sitting_until: Option<Time>,
    /// The person had a certificate before, in whatever state it is now.
    pub(crate) person_had_certificate: bool,
}

/// Paying small amounts with one tap.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tap {
    /// Switched on by the person.
    pub(crate) enabled: bool,
    /// The highest amount of one payment.
    pub(crate) limit: Amount,
    /// What is left of today's sum.
    pub(crate) day_left: Amount,
}

/// Sends a code by SMS.
#[utoipa::path(post, path = "/api/v1/sms-codes", operation_id = "create_sms_code", tag = "people",
    request_body = SmsCodeRequest,
    responses((status = 202, description = "The same answer for every phone", body = SmsCodeSent)))]
pub(super) async fn create_sms_code() -> Problem {
    Problem::pending()
}

/// Registers a person and signs in.
#[utoipa::path(post, path = "/api/v1/people", operation_id = "create_person", tag = "people",
    request_body = NewPerson,
    responses((status = 201, description = "Registered and signed in; sets the session's cookies", body = Me)))]
pub(super) async fn create_person() -> Problem {
    Problem::pending()
}

/// Shows the person who is signed in.
#[utoipa::path(get, path = "/api/v1/me", operation_id = "get_me", tag = "people", security(("session" = [])),
    responses((status = 200, description = "The person who is signed in", body = Me)))]
pub(super) async fn get_me() -> Problem {
    Problem::pending()
}
