//! Managing certificates: list, details, file, rename, suspend, resume, revoke, PIN proofs.

mod protection;
mod shapes;

pub(crate) use shapes::*;

use super::enrolments::{self, Enrolment, NewRenewal, secret};
use super::people::seconds_until;
use super::wire::{CertificateRef, Wire};
use crate::app::App;
use crate::door::body::Json as Body;
use crate::door::idempotency::Intention;
use crate::door::path::{PathOf, QueryOf};
use crate::door::who::{Guest, Session};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use yinxin_core::Digest;
use yinxin_wallet::{CertificateFormat, Password, WalletError};

/// Lists my certificates.
#[utoipa::path(get, path = "/api/v1/certificates", operation_id = "list_certificates", tag = "certificates",
    security(("session" = [])),
    responses((status = 200, description = "My certificates", body = CertificateList)))]
pub(super) async fn list_certificates(
    State(app): State<App>,
    Session(session): Session,
) -> Result<Json<CertificateList>, Problem> {
    let certificates = app.wallet.certificates(&session)?.into_iter().map(Into::into).collect();
    Ok(Json(CertificateList { certificates }))
}

/// Shows one of my certificates with its raw details.
#[utoipa::path(get, path = "/api/v1/certificates/{id}", operation_id = "get_certificate", tag = "certificates",
    security(("session" = [])), params(("id" = CertificateRef, Path, description = "The certificate")),
    responses((status = 200, description = "The certificate", body = CertificateDetails)))]
pub(super) async fn get_certificate(
    State(app): State<App>,
    Session(session): Session,
    PathOf(id): PathOf<CertificateRef>,
) -> Result<Json<CertificateDetails>, Problem> {
    let certificate = app.wallet.certificate(&session, id.0)?.into();
    let x509 = match app.wallet.certificate_details(&session, id.0) {
        Ok(details) => Some(details.into()),
        Err(WalletError::NotFound) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(Json(CertificateDetails { certificate, x509 }))
}

/// Downloads the public file of one of my certificates.
#[utoipa::path(get, path = "/api/v1/certificates/{id}/file", operation_id = "get_certificate_file", tag = "certificates",
    security(("session" = [])), params(("id" = CertificateRef, Path, description = "The certificate"), FileQuery),
    responses((status = 200, description = "The public file", body = Vec<u8>, content_type = "application/pkix-cert")))]
pub(super) async fn get_certificate_file(
    State(app): State<App>,
    Session(session): Session,
    PathOf(id): PathOf<CertificateRef>,
    QueryOf(query): QueryOf<FileQuery>,
) -> Result<Response, Problem> {
    let (format, kind, extension) = match query.format {
        FileFormat::Cer => (CertificateFormat::Der, "application/pkix-cert", "cer"),
        FileFormat::Pem => (CertificateFormat::Pem, "application/x-pem-file", "pem"),
    };
    let file = app.wallet.export_certificate(&session, id.0, format)?;
    let name = format!("attachment; filename=\"yinxin-{}.{extension}\"", id.0);
    Ok(([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, name)], file).into_response())
}

/// Renames the device of a certificate.
#[utoipa::path(patch, path = "/api/v1/certificates/{id}", operation_id = "rename_certificate", tag = "certificates",
    security(("session" = [])), params(("id" = CertificateRef, Path, description = "The certificate")),
    request_body = Rename,
    responses((status = 200, description = "Renamed", body = Certificate)))]
pub(super) async fn rename_certificate(
    State(app): State<App>,
    Session(session): Session,
    PathOf(id): PathOf<CertificateRef>,
    Body(body): Body<Rename>,
) -> Result<Json<Certificate>, Problem> {
    Ok(Json(app.wallet.rename_certificate(&session, id.0, &body.device_name)?.into()))
}

/// Suspends a certificate 挂失.
#[utoipa::path(post, path = "/api/v1/certificates/{id}/suspension", operation_id = "suspend_certificate", tag = "certificates",
    security(("session" = [])), params(("id" = CertificateRef, Path, description = "The certificate")),
    request_body = Nothing,
    responses((status = 200, description = "On hold from now on", body = Certificate)))]
pub(super) async fn suspend_certificate(
    State(app): State<App>,
    Session(session): Session,
    PathOf(id): PathOf<CertificateRef>,
    intention: Intention,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Certificate>, Problem> {
    Ok(Json(app.wallet.suspend_certificate(&session, id.0, intention.0).await?.into()))
}

/// Sends the code that resuming a certificate needs.
#[utoipa::path(post, path = "/api/v1/certificates/{id}/resumption-codes", operation_id = "create_resumption_code", tag = "certificates",
    security(("session" = [])), params(("id" = CertificateRef, Path, description = "The certificate")),
    request_body = PasswordOnly,
    responses((status = 202, description = "The password was right; a code was sent where one is needed", body = ResumptionCodeSent)))]
pub(super) async fn create_resumption_code(
    State(app): State<App>,
    Session(session): Session,
    PathOf(id): PathOf<CertificateRef>,
    Body(body): Body<PasswordOnly>,
) -> Result<(StatusCode, Json<ResumptionCodeSent>), Problem> {
    let begun = app.wallet.begin_resumption(&session, id.0, &Password::new(body.password)).await?;
    let now = app.wallet.now();
    let sent = ResumptionCodeSent {
        challenge: Wire(Digest::from_bytes(begun.challenge)),
        code_sent: begun.code.is_some(),
        expires_in_s: begun.code.as_ref().map_or(0, |code| seconds_until(now, code.expires_at)),
        resend_after_s: begun.code.as_ref().map_or(0, |code| seconds_until(now, code.resend_at)),
    };
    Ok((StatusCode::ACCEPTED, Json(sent)))
}

/// Resumes a certificate on its own device.
#[utoipa::path(post, path = "/api/v1/certificates/{id}/resumption", operation_id = "resume_certificate", tag = "certificates",
    security(("session" = [])), params(("id" = CertificateRef, Path, description = "The certificate")),
    request_body = Resumption,
    responses((status = 200, description = "It can pay again", body = Certificate)))]
pub(super) async fn resume_certificate(
    State(app): State<App>,
    Session(session): Session,
    Guest(visitor): Guest,
    PathOf(id): PathOf<CertificateRef>,
    Body(body): Body<Resumption>,
) -> Result<Json<Certificate>, Problem> {
    let form = yinxin_wallet::Resumption {
        code: body.code.unwrap_or_default(),
        text: body.jws.into(),
        verification: body.verification.into(),
    };
    Ok(Json(app.wallet.resume_certificate(&session, visitor.address, id.0, &form).await?.into()))
}

/// Begins the renewal 续期 of this device's certificate, or goes on with the one under way.
#[utoipa::path(post, path = "/api/v1/certificates/{id}/renewals", operation_id = "create_renewal", tag = "certificates",
    security(("session" = [])), params(("id" = CertificateRef, Path, description = "The certificate")),
    request_body = NewRenewal,
    responses((status = 201, description = "Begun; it goes on as an enrolment whose request the old key signs", body = Enrolment)))]
pub(super) async fn create_renewal(
    State(app): State<App>,
    Session(session): Session,
    PathOf(id): PathOf<CertificateRef>,
    Body(body): Body<NewRenewal>,
) -> Result<(StatusCode, Json<Enrolment>), Problem> {
    let password = body.password.map(Password::new);
    let renewal = app.wallet.begin_renewal(&session, id.0, password.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(enrolments::shown(&app, renewal))))
}

/// Revokes a certificate 吊销.
#[utoipa::path(post, path = "/api/v1/certificates/{id}/revocation", operation_id = "revoke_certificate", tag = "certificates",
    security(("session" = [])), params(("id" = CertificateRef, Path, description = "The certificate")),
    request_body = Revocation,
    responses((status = 200, description = "Ended for good", body = Certificate)))]
pub(super) async fn revoke_certificate(
    State(app): State<App>,
    Session(session): Session,
    PathOf(id): PathOf<CertificateRef>,
    Body(body): Body<Revocation>,
) -> Result<Json<Certificate>, Problem> {
    let password = Password::new(body.password);
    Ok(Json(app.wallet.revoke_certificate(&session, id.0, &password, body.reason.into()).await?.into()))
}

/// Proves the PIN: releases the server's half of the wrapping key, and verifies one signed text when it is named.
#[utoipa::path(post, path = "/api/v1/certificates/{id}/pin-proofs", operation_id = "create_pin_proof", tag = "certificates",
    security(("session" = [])), params(("id" = CertificateRef, Path, description = "The certificate")),
    request_body = PinProof,
    responses((status = 200, description = "The PIN was right", body = PinShare)))]
pub(super) async fn create_pin_proof(
    State(app): State<App>,
    Session(session): Session,
    PathOf(id): PathOf<CertificateRef>,
    Body(body): Body<PinProof>,
) -> Result<Json<PinShare>, Problem> {
    let proof = yinxin_wallet::PinProof {
        device_key: secret(body.device_key),
        pin_mac: secret(body.pin_mac),
        text_hash: body.text_hash.map(|hash| hash.0),
    };
    let share = app.wallet.prove_pin(&session, id.0, &proof).await?;
    Ok(Json(PinShare { share: Wire(Digest::from_bytes(*share.expose())) }))
}
