//! The HTTP API: one file per resource, described by the OpenAPI document that is made here.

pub(crate) mod certificates;
pub(crate) mod demo;
pub(crate) mod deployment;
pub(crate) mod devices;
pub(crate) mod document;
pub(crate) mod enrolments;
pub(crate) mod events;
pub(crate) mod kits;
pub(crate) mod log;
pub(crate) mod login;
pub(crate) mod notices;
pub(crate) mod orders;
pub(crate) mod payees;
pub(crate) mod payments;
pub(crate) mod people;
pub(crate) mod pki;
pub(crate) mod reissues;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod suspensions;
pub(crate) mod wire;

use crate::app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// All routes of every deployment, with their document.
pub(crate) fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(document::skeleton()).merge(plain()).merge(kept())
}

/// Routes that only read, or that happen once by themselves.
pub(crate) fn plain() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(deployment::get_health))
        .routes(routes!(deployment::get_deployment))
        .routes(routes!(people::create_person))
        .routes(routes!(people::get_me))
        .routes(routes!(sessions::create_session))
        .routes(routes!(enrolments::create_enrolment))
        .routes(routes!(enrolments::get_current_enrolment))
        .routes(routes!(enrolments::verify_enrolment_code))
        .routes(routes!(enrolments::issue_certificate))
        .routes(routes!(reissues::create_reissue))
        .routes(routes!(reissues::list_reissue_questions))
        .routes(routes!(reissues::get_reissue))
        .routes(routes!(reissues::confirm_reissue))
        .routes(routes!(reissues::prove_reissue_passkey))
        .routes(routes!(kits::prove_reissue_kit))
        .routes(routes!(certificates::list_certificates))
        .routes(routes!(certificates::get_certificate_file))
        .routes(routes!(certificates::create_resumption_code))
        .routes(routes!(certificates::create_renewal))
        .routes(routes!(certificates::revoke_certificate))
        .routes(routes!(certificates::create_pin_proof))
        .routes(routes!(kits::get_kit, kits::issue_kit))
        .routes(routes!(kits::create_kit_use_challenge))
        .routes(routes!(payments::create_quote))
        .routes(routes!(payments::create_payment, payments::list_payments))
        .routes(routes!(payments::get_payment))
        .routes(routes!(payments::void_payment))
        .routes(routes!(payees::find_payee))
        .routes(routes!(orders::create_order))
        .routes(routes!(orders::get_order))
        .routes(routes!(orders::stream_order))
        .routes(routes!(orders::get_merchant))
        .routes(routes!(events::stream_account))
        .routes(routes!(notices::list_notices))
        .merge(login_routes())
        .routes(routes!(log::get_checkpoint))
        .routes(routes!(log::get_consistency))
        .routes(routes!(pki::get_pki_file))
        .routes(routes!(pki::post_ocsp))
        .routes(routes!(pki::get_ocsp))
}

/// How people log in, and where they are signed in.
fn login_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(suspensions::suspend_certificates))
        .routes(routes!(login::create_setting_challenge))
        .routes(routes!(login::get_login_safety))
        .routes(routes!(login::set_password))
        .routes(routes!(login::create_phone_code))
        .routes(routes!(login::set_phone))
        .routes(routes!(login::delete_password_reminder))
        .routes(routes!(login::create_totp_offer))
        .routes(routes!(login::set_totp))
        .routes(routes!(login::delete_totp))
        .routes(routes!(login::create_passkey_offer))
        .routes(routes!(login::create_passkey))
        .routes(routes!(login::delete_passkey))
        .routes(routes!(login::create_recovery_codes))
        .routes(routes!(login::create_passkey_challenge))
        .routes(routes!(devices::list_devices, devices::delete_other_devices))
        .routes(routes!(devices::delete_device))
}

/// Mutations whose answer is kept under their idempotency key. None carries a password or answers with a secret.
pub(crate) fn kept() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(people::create_sms_code))
        .routes(routes!(sessions::delete_session))
        .routes(routes!(enrolments::activate_certificate))
        .routes(routes!(certificates::get_certificate, certificates::rename_certificate))
        .routes(routes!(certificates::suspend_certificate))
        .routes(routes!(certificates::resume_certificate))
        .routes(routes!(kits::create_kit_challenge))
        .routes(routes!(kits::verify_kit))
        .routes(routes!(kits::revoke_kit))
        .routes(routes!(kits::suspend_with_kit))
        .routes(routes!(reissues::consent_to_reissue))
        .routes(routes!(reissues::acknowledge_reissue))
        .routes(routes!(reissues::veto_reissue))
        .routes(routes!(settings::create_tap_challenge))
        .routes(routes!(settings::set_tap))
        .routes(routes!(notices::set_notices_read))
        .routes(routes!(orders::cancel_order))
}

/// The routes that only a demonstration has.
pub(crate) fn demo_router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(demo::create_top_up))
        .routes(routes!(demo::list_demo_sms))
        .routes(routes!(demo::get_demo_state))
}
