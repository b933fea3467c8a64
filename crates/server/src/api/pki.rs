//! The public files of the certification authorities, and certificate status.

use crate::app::App;
use crate::door::body::read;
use crate::door::path::PathOf;
use crate::problem::{Code, Problem};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use data_encoding::BASE64;
use yinxin_wallet::PublicFile;

const CERTIFICATE: &str = "application/pkix-cert";
const CRL: &str = "application/pkix-crl";
const PEM: &str = "application/x-pem-file";
/// The longest request that anybody sends holds one certificate id and a nonce.
const OCSP_PATH_MAX: usize = 1_024;

/// Downloads a public file: `root.cer`, `.pem`, `.crl`, and the same of `payment-ca` and `merchant-ca`.
#[utoipa::path(get, path = "/pki/{file}", operation_id = "get_pki_file", tag = "pki",
    params(("file" = String, Path, description = "The file", example = "root.cer")),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/pkix-cert")))]
pub(super) async fn get_pki_file(
    State(app): State<App>,
    PathOf(name): PathOf<String>,
) -> Result<Response, Problem> {
    if let ("lan-root.cer", Some(root)) = (name.as_str(), &app.lan_root) {
        return Ok(([(CONTENT_TYPE, CERTIFICATE)], root.clone()).into_response());
    }
    let (file, kind) = public_file(&name).ok_or_else(|| Problem::new(Code::RequestNotFound))?;
    Ok(([(CONTENT_TYPE, kind)], app.wallet.public_file(file)?).into_response())
}

/// Answers a certificate status request (RFC 6960).
#[utoipa::path(post, path = "/pki/ocsp", operation_id = "post_ocsp", tag = "pki",
    request_body(content = Vec<u8>, content_type = "application/ocsp-request"),
    responses((status = 200, description = "A signed OCSP response", body = Vec<u8>, content_type = "application/ocsp-response")))]
pub(super) async fn post_ocsp(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    Ok(status(&app, &read(request.into_body()).await?))
}

/// Answers a certificate status request sent in the path (RFC 6960 appendix A).
#[utoipa::path(get, path = "/pki/ocsp/{request}", operation_id = "get_ocsp", tag = "pki",
    params(("request" = String, Path, description = "The request: base64, then percent-encoded")),
    responses((status = 200, description = "A signed OCSP response", body = Vec<u8>, content_type = "application/ocsp-response")))]
pub(super) async fn get_ocsp(
    State(app): State<App>,
    PathOf(request): PathOf<String>,
) -> Result<Response, Problem> {
    let request = Some(request).filter(|request| request.len() <= OCSP_PATH_MAX);
    let request = request.and_then(|request| BASE64.decode(request.as_bytes()).ok());
    Ok(status(&app, &request.ok_or_else(|| Problem::new(Code::RequestMalformed))?))
}

fn public_file(name: &str) -> Option<(PublicFile, &'static str)> {
    Some(match name {
        "root.cer" => (PublicFile::RootCer, CERTIFICATE),
        "root.pem" => (PublicFile::RootPem, PEM),
        "root.crl" => (PublicFile::RootCrl, CRL),
        "payment-ca.cer" => (PublicFile::PaymentCer, CERTIFICATE),
        "payment-ca.pem" => (PublicFile::PaymentPem, PEM),
        "payment-ca.crl" => (PublicFile::PaymentCrl, CRL),
        "merchant-ca.cer" => (PublicFile::MerchantCer, CERTIFICATE),
        "merchant-ca.pem" => (PublicFile::MerchantPem, PEM),
        "merchant-ca.crl" => (PublicFile::MerchantCrl, CRL),
        _ => return None,
    })
}

fn status(app: &App, request: &[u8]) -> Response {
    let headers = [(CONTENT_TYPE, "application/ocsp-response"), (CACHE_CONTROL, "no-store")];
    (headers, app.wallet.certificate_status(request)).into_response()
}
