//! Becoming a person of the wallet, and what a person sees of the own account.

use super::login::PasswordAdvice;
use super::sessions::{DeviceKind, welcome};
use super::wire::{AccountRef, Amount, PersonRef, Time, Wire};
use crate::app::App;
use crate::door::body::Json as Body;
use crate::door::idempotency::Intention;
use crate::door::who::{Guest, Session};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yinxin_core::Millis;
use yinxin_wallet::{Password, Registration, SessionContext};

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
    #[expect(dead_code, reason = "apps know the word before rosters exist")]
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
    /// Notices that were not seen; 99 stands for more.
    #[schema(example = 0, maximum = 99)]
    pub(crate) unread_notices: u32,
    /// What to do about the password.
    pub(crate) password_advice: PasswordAdvice,
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
pub(super) async fn create_sms_code(
    State(app): State<App>,
    Guest(visitor): Guest,
    headers: axum::http::HeaderMap,
    Body(body): Body<SmsCodeRequest>,
) -> Result<(StatusCode, Json<SmsCodeSent>), Problem> {
    let sent = match body.purpose {
        SmsPurpose::Register => {
            app.wallet.request_code(&body.phone, DeviceKind::of_browser(&headers), visitor.address).await?
        }
    };
    let now = app.wallet.now();
    Ok((
        StatusCode::ACCEPTED,
        Json(SmsCodeSent {
            expires_in_s: seconds_until(now, sent.expires_at),
            resend_after_s: seconds_until(now, sent.resend_at),
        }),
    ))
}

/// Registers a person and signs in.
#[utoipa::path(post, path = "/api/v1/people", operation_id = "create_person", tag = "people",
    request_body = NewPerson,
    responses((status = 201, description = "Registered and signed in; sets the session's cookies", body = Me)))]
pub(super) async fn create_person(
    State(app): State<App>,
    Guest(visitor): Guest,
    intention: Intention,
    Body(body): Body<NewPerson>,
) -> Result<Response, Problem> {
    let form = Registration {
        phone: body.phone,
        code: body.code,
        password: Password::new(body.password),
        name: body.name,
        device: body.device_kind.into(),
    };
    let signed_in = app.wallet.register(&visitor, intention.0, form).await?;
    welcome(&app, &signed_in)
}

/// Shows the person who is signed in.
#[utoipa::path(get, path = "/api/v1/me", operation_id = "get_me", tag = "people", security(("session" = [])),
    responses((status = 200, description = "The person who is signed in", body = Me)))]
pub(super) async fn get_me(State(app): State<App>, Session(session): Session) -> Result<Json<Me>, Problem> {
    me(&app, &session).map(Json)
}

/// The person of a session, as the wire writes it.
pub(super) fn me(app: &App, session: &SessionContext) -> Result<Me, Problem> {
    let me = app.wallet.me(session)?;
    Ok(Me {
        person: Wire(me.person),
        name: me.name,
        name_state: NameState::SelfDeclared,
        phone_masked: me.phone_masked,
        account_number: me.account_number,
        account: Wire(me.account),
        balance: app.balance(me.balance),
        tap: Tap { enabled: me.tap, limit: app.amount(me.tap_each), day_left: app.amount(me.tap_left) },
        has_active_certificate: me.has_active_certificate,
        enrolment_sitting_until: me.sitting_until.map(Time),
        person_had_certificate: me.had_certificate,
        unread_notices: me.unread_notices,
        password_advice: me.password_advice.into(),
    })
}

/// Whole seconds from `now` until `then`, rounded up.
pub(super) fn seconds_until(now: Millis, then: Millis) -> u32 {
    u32::try_from(then.since(now).max(0).saturating_add(999) / 1_000).unwrap_or(u32::MAX)
}
