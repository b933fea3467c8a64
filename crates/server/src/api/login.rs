//! How I log in beside the password: an authenticator app, passkeys, recovery codes; and the password itself.

mod shapes;

pub(crate) use shapes::*;

use super::people::{Me, SmsCodeSent, me, seconds_until};
use super::wire::{Base64Url, Time, Wire};
use crate::app::App;
use crate::door::body::Json as Body;
use crate::door::who::{Guest, Session};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use yinxin_core::Digest;
use yinxin_wallet::{Password, SessionContext};

/// Makes a challenge for the approval of a change.
#[utoipa::path(post, path = "/api/v1/settings/challenges", operation_id = "create_setting_challenge", tag = "settings",
    security(("session" = [])), request_body = SettingChallengeRequest,
    responses((status = 200, description = "A challenge", body = SettingChallenge)))]
pub(super) async fn create_setting_challenge(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<SettingChallengeRequest>,
) -> Result<Json<SettingChallenge>, Problem> {
    let challenge = app.wallet.setting_challenge(&session, body.certificate.0)?;
    Ok(Json(SettingChallenge { challenge: Wire(Digest::from_bytes(challenge)) }))
}

/// Shows how I log in.
#[utoipa::path(get, path = "/api/v1/me/login", operation_id = "get_login_safety", tag = "settings",
    security(("session" = [])),
    responses((status = 200, description = "How I log in", body = LoginSafety)))]
pub(super) async fn get_login_safety(
    State(app): State<App>,
    Session(session): Session,
) -> Result<Json<LoginSafety>, Problem> {
    safety(&app, &session).map(Json)
}

/// Changes my password.
#[utoipa::path(put, path = "/api/v1/me/password", operation_id = "set_password", tag = "settings",
    security(("session" = [])), request_body = NewPassword,
    responses((status = 200, description = "Changed", body = LoginSafety)))]
pub(super) async fn set_password(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<NewPassword>,
) -> Result<Json<LoginSafety>, Problem> {
    let password = Password::new(body.new_password);
    app.wallet.change_password(&session, &password, &body.approval.into()).await?;
    safety(&app, &session).map(Json)
}

/// Sends a code to a number that is to become mine.
#[utoipa::path(post, path = "/api/v1/me/phone-codes", operation_id = "create_phone_code", tag = "settings",
    security(("session" = [])), request_body = PhoneCodeRequest,
    responses((status = 202, description = "A code was sent", body = SmsCodeSent)))]
pub(super) async fn create_phone_code(
    State(app): State<App>,
    Session(session): Session,
    Guest(visitor): Guest,
    Body(body): Body<PhoneCodeRequest>,
) -> Result<(StatusCode, Json<SmsCodeSent>), Problem> {
    let sent = app.wallet.begin_phone_change(&session, &body.phone, visitor.address).await?;
    let now = app.wallet.now();
    let sent = SmsCodeSent {
        expires_in_s: seconds_until(now, sent.expires_at),
        resend_after_s: seconds_until(now, sent.resend_at),
    };
    Ok((StatusCode::ACCEPTED, Json(sent)))
}

/// Changes my phone number; both numbers are told.
#[utoipa::path(put, path = "/api/v1/me/phone", operation_id = "set_phone", tag = "settings",
    security(("session" = [])), request_body = NewPhone,
    responses((status = 200, description = "Changed", body = Me)))]
pub(super) async fn set_phone(
    State(app): State<App>,
    Session(session): Session,
    Guest(visitor): Guest,
    Body(body): Body<NewPhone>,
) -> Result<Json<Me>, Problem> {
    let form =
        yinxin_wallet::PhoneChange { phone: body.phone, code: body.code, approval: body.approval.into() };
    app.wallet.change_phone(&session, visitor.address, &form).await?;
    me(&app, &session).map(Json)
}

/// Dismisses the reminder to change the password.
#[utoipa::path(delete, path = "/api/v1/me/password-reminder", operation_id = "delete_password_reminder", tag = "settings",
    security(("session" = [])),
    responses((status = 204, description = "It comes again in 180 days")))]
pub(super) async fn delete_password_reminder(
    State(app): State<App>,
    Session(session): Session,
) -> Result<StatusCode, Problem> {
    app.wallet.dismiss_password_reminder(&session)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows the secret of a new authenticator app.
#[utoipa::path(post, path = "/api/v1/me/totp-offers", operation_id = "create_totp_offer", tag = "settings",
    security(("session" = [])), request_body = Approved,
    responses((status = 200, description = "The secret, this once", body = TotpOffer)))]
pub(super) async fn create_totp_offer(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<Approved>,
) -> Result<Json<TotpOffer>, Problem> {
    let offer = app.wallet.offer_totp(&session, &body.approval.into()).await?;
    Ok(Json(TotpOffer { secret: offer.secret.to_string(), uri: offer.uri.to_string() }))
}

/// Makes the app whose secret was shown a second factor.
#[utoipa::path(put, path = "/api/v1/me/totp", operation_id = "set_totp", tag = "settings",
    security(("session" = [])), request_body = TotpCode,
    responses((status = 200, description = "It is a second factor from now on", body = LoginSafety)))]
pub(super) async fn set_totp(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<TotpCode>,
) -> Result<Json<LoginSafety>, Problem> {
    app.wallet.confirm_totp(&session, &body.code)?;
    safety(&app, &session).map(Json)
}

/// Takes the authenticator app away.
#[utoipa::path(post, path = "/api/v1/me/totp/removal", operation_id = "delete_totp", tag = "settings",
    security(("session" = [])), request_body = Approved,
    responses((status = 200, description = "It is no second factor any more", body = LoginSafety)))]
pub(super) async fn delete_totp(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<Approved>,
) -> Result<Json<LoginSafety>, Problem> {
    app.wallet.remove_totp(&session, &body.approval.into()).await?;
    safety(&app, &session).map(Json)
}

/// Begins to make a passkey a second factor.
#[utoipa::path(post, path = "/api/v1/me/passkey-offers", operation_id = "create_passkey_offer", tag = "settings",
    security(("session" = [])), request_body = Approved,
    responses((status = 200, description = "What the browser needs", body = PasskeyOffer)))]
pub(super) async fn create_passkey_offer(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<Approved>,
) -> Result<Json<PasskeyOffer>, Problem> {
    let offer = app.wallet.offer_passkey(&session, &body.approval.into()).await?;
    Ok(Json(PasskeyOffer {
        challenge: Wire(Digest::from_bytes(offer.challenge)),
        rp_id: offer.rp_id,
        user_id: Wire(Digest::from_bytes(offer.user_id)),
        user_name: offer.user_name,
        known: offer.known.into_iter().map(Base64Url).collect(),
    }))
}

/// Makes a passkey a second factor.
#[utoipa::path(post, path = "/api/v1/me/passkeys", operation_id = "create_passkey", tag = "settings",
    security(("session" = [])), request_body = NewPasskey,
    responses((status = 201, description = "It is a second factor from now on", body = LoginSafety)))]
pub(super) async fn create_passkey(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<NewPasskey>,
) -> Result<(StatusCode, Json<LoginSafety>), Problem> {
    let form = yinxin_wallet::PasskeyRegistration {
        challenge: *body.challenge.0.as_bytes(),
        credential_id: body.credential_id.0,
        public_key: body.public_key.0,
        authenticator_data: body.authenticator_data.0,
        client_data_json: body.client_data_json.0,
    };
    app.wallet.add_passkey(&session, &form)?;
    Ok((StatusCode::CREATED, Json(safety(&app, &session)?)))
}

/// Takes a passkey away.
#[utoipa::path(post, path = "/api/v1/me/passkeys/removal", operation_id = "delete_passkey", tag = "settings",
    security(("session" = [])), request_body = PasskeyRemoval,
    responses((status = 200, description = "It is no second factor any more", body = LoginSafety)))]
pub(super) async fn delete_passkey(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<PasskeyRemoval>,
) -> Result<Json<LoginSafety>, Problem> {
    app.wallet.remove_passkey(&session, &body.credential_id.0, &body.approval.into()).await?;
    safety(&app, &session).map(Json)
}

/// Makes recovery codes; earlier ones are void.
#[utoipa::path(post, path = "/api/v1/me/recovery-codes", operation_id = "create_recovery_codes", tag = "settings",
    security(("session" = [])), request_body = Approved,
    responses((status = 201, description = "The codes, this once", body = RecoveryCodes)))]
pub(super) async fn create_recovery_codes(
    State(app): State<App>,
    Session(session): Session,
    Body(body): Body<Approved>,
) -> Result<(StatusCode, Json<RecoveryCodes>), Problem> {
    let codes = app.wallet.make_recovery_codes(&session, &body.approval.into()).await?;
    Ok((StatusCode::CREATED, Json(RecoveryCodes { codes })))
}

/// Asks what a passkey has to sign to log somebody in.
#[utoipa::path(post, path = "/api/v1/sessions/passkey-challenges", operation_id = "create_passkey_challenge", tag = "sessions",
    request_body = LoginAndPassword,
    responses((status = 200, description = "The password was right", body = PasskeyQuestion)))]
pub(super) async fn create_passkey_challenge(
    State(app): State<App>,
    Guest(visitor): Guest,
    Body(body): Body<LoginAndPassword>,
) -> Result<Json<PasskeyQuestion>, Problem> {
    let password = Password::new(body.password);
    let question = app.wallet.ask_for_passkey(&visitor, &body.login, &password).await?;
    Ok(Json(PasskeyQuestion {
        challenge: Wire(Digest::from_bytes(question.challenge)),
        rp_id: question.rp_id,
        credentials: question.credentials.into_iter().map(Base64Url).collect(),
    }))
}

fn safety(app: &App, session: &SessionContext) -> Result<LoginSafety, Problem> {
    let (changed_at, advice) = app.wallet.password_advice(session.person)?;
    let factors = app.wallet.login_factors(session)?;
    Ok(LoginSafety {
        password_changed_at: Time(changed_at),
        password_advice: advice.into(),
        totp_since: factors.totp_since.map(Time),
        passkeys: factors.passkeys.into_iter().map(Into::into).collect(),
        recovery_codes_left: factors.recovery_codes_left,
    })
}
