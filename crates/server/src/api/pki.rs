//! The public files of the certification authorities, and certificate status.

use crate::problem::Problem;

/// Downloads a public file: `root.cer`, `.pem`, `.crl`, and the same of `payment-ca` and `merchant-ca`.
#[utoipa::path(get, path = "/pki/{file}", operation_id = "get_pki_file", tag = "pki",
    params(("file" = String, Path, description = "The file", example = "root.cer")),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/pkix-cert")))]
pub(super) async fn get_pki_file() -> Problem {
    Problem::pending()
}

/// Answers a certificate status request (RFC 6960).
#[utoipa::path(post, path = "/pki/ocsp", operation_id = "post_ocsp", tag = "pki",
    request_body(content = Vec<u8>, content_type = "application/ocsp-request"),
    responses((status = 200, description = "A signed OCSP response", body = Vec<u8>, content_type = "application/ocsp-response")))]
pub(super) async fn post_ocsp() -> Problem {
    Problem::pending()
}

/// Answers a certificate status request sent in the path (RFC 6960 appendix A).
#[utoipa::path(get, path = "/pki/ocsp/{request}", operation_id = "get_ocsp", tag = "pki",
    params(("request" = String, Path, description = "The request: base64, then percent-encoded")),
    responses((status = 200, description = "A signed OCSP response", body = Vec<u8>, content_type = "application/ocsp-response")))]
pub(super) async fn get_ocsp() -> Problem {
    Problem::pending()
}
