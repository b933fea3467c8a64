//! The status of a certificate on request (RFC 6960, nonces after RFC 9654).
//!
//! The status comes from the caller, who reads the books: an answer is never older than the question.

mod wire;

use std::sync::Arc;

use der::asn1::{Any, BitString, GeneralizedTime, Null, OctetString};
use der::{Decode, Encode};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::Extension;

use crate::certificate::Certificate;
use crate::crl::Reason;
use crate::issuer::Issuer;
use crate::profile::{self, Authority, Purpose};
use crate::serial::Serial;
use crate::signer::Signer;
use crate::symmetric::{sha1, sha256};
use crate::x509;
use crate::{Error, Result};
use wire::{
    BasicResponse, CertId, CertStatus, OcspRequest, OcspResponse, ResponderId, ResponseBytes, ResponseData,
    ResponseStatus, RevokedInfo, SingleResponse, TbsRequest,
};

/// Largest request that is read, bytes.
const MAX_SIZE: usize = 4 * 1024;

/// Most certificates in one request.
const MAX_REQUESTS: usize = 16;

/// Longest nonce (RFC 9654 section 2.1), bytes; an empty or longer one makes the request malformed.
const MAX_NONCE: usize = 128;

/// What the books say about a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Issued and neither revoked nor suspended.
    Good,
    /// Revoked, or suspended (`Reason::CertificateHold`).
    Revoked {
        /// Since when, milliseconds since 1970.
        at_ms: i64,
        /// Why.
        reason: Reason,
    },
    /// Never issued by this authority.
    Unknown,
}

/// How a responder names itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// By its subject.
    ByName,
    /// By the SHA-1 of its key, which is shorter.
    ByKey,
}

/// Who signs the answers for one authority.
#[derive(Clone)]
pub struct Responder {
    signer: Arc<dyn Signer>,
    issuer: Certificate,
    authority: Authority,
    delegate: Option<Certificate>,
    naming: Naming,
}

impl Responder {
    /// The authority answers for itself.
    #[must_use]
    pub fn direct(issuer: &Issuer, naming: Naming) -> Self {
        Self {
            signer: Arc::clone(issuer.signer()),
            issuer: issuer.certificate().clone(),
            authority: issuer.authority(),
            delegate: None,
            naming,
        }
    }

    /// A responder certificate issued by the authority answers; it travels in every answer.
    ///
    /// # Errors
    /// `Refused` when the certificate is not a responder's, not this authority's, or not this signer's.
    pub fn delegated(
        signer: Arc<dyn Signer>,
        certificate: Certificate,
        issuer: &Certificate,
        naming: Naming,
    ) -> Result<Self> {
        let authority = profile::authority_of(issuer);
        let authority = authority.ok_or(Error::Refused("not the certificate of an issuing authority"))?;
        if certificate.purpose() != Some(Purpose::OcspResponder) {
            return Err(Error::Refused("not the certificate of an OCSP responder"));
        }
        if signer.spki() != certificate.public_key().spki_der() {
            return Err(Error::Refused("the signer's key is not the responder certificate's"));
        }
        certificate.verify_signature(issuer.public_key())?;
        Ok(Self { signer, issuer: issuer.clone(), authority, delegate: Some(certificate), naming })
    }

    /// Whether the certificate id names this responder's authority.
    fn answers_for(&self, id: &CertId) -> bool {
        let fields = self.issuer.fields();
        let Ok(name) = fields.subject.to_der() else { return false };
        let key = fields.key.point();
        let (name_hash, key_hash) = match id.hash.oid {
            wire::SHA1 => (sha1(&name).to_vec(), sha1(key).to_vec()),
            wire::SHA256 => (sha256(&name).to_vec(), sha256(key).to_vec()),
            _ => return false,
        };
        id.name_hash.as_bytes() == name_hash && id.key_hash.as_bytes() == key_hash
    }

    fn id(&self) -> Result<ResponderId> {
        let fields = self.delegate.as_ref().unwrap_or(&self.issuer).fields();
        match self.naming {
            Naming::ByName => Ok(ResponderId::ByName(fields.subject.clone())),
            Naming::ByKey => Ok(ResponderId::ByKey(x509::octets(&sha1(fields.key.point()))?)),
        }
    }
}

/// Answers one request, DER to DER. There is always an answer: `malformedRequest` for what cannot be read,
/// `unauthorized` when no responder is for the issuer asked about, `internalError` when signing fails.
///
/// `lookup` is asked once for each certificate; the answer holds from `now_ms` for `valid_ms`.
#[must_use]
pub fn respond(
    responders: &[Responder],
    request: &[u8],
    now_ms: i64,
    valid_ms: i64,
    lookup: impl FnMut(Authority, &Serial) -> Status,
) -> Vec<u8> {
    let Ok(question) = Question::parse(request) else {
        return failure(ResponseStatus::MalformedRequest);
    };
    let responder = responders.iter().find(|r| question.ids.iter().all(|(id, _)| r.answers_for(id)));
    let Some(responder) = responder else {
        return failure(ResponseStatus::Unauthorized);
    };
    answer(responder, question, now_ms, valid_ms, lookup)
        .unwrap_or_else(|_| failure(ResponseStatus::InternalError))
}

/// Asks about one certificate of `issuer`, DER; without a nonce.
pub fn request(issuer: &Certificate, serial: &Serial) -> Result<Vec<u8>> {
    let fields = issuer.fields();
    let name = fields.subject.to_der().map_err(x509::encoding)?;
    let id = CertId {
        hash: AlgorithmIdentifierOwned { oid: wire::SHA256, parameters: Some(Any::null()) },
        name_hash: x509::octets(&sha256(&name))?,
        key_hash: x509::octets(&sha256(fields.key.point()))?,
        serial: serial.to_x509()?,
    };
    let tbs = TbsRequest {
        version: None,
        requestor: None,
        requests: vec![wire::Request { id, extensions: None }],
        extensions: None,
    };
    OcspRequest { tbs, signature: None }.to_der().map_err(x509::encoding)
}

/// The request inside a `GET` address (RFC 6960 appendix A.1): base64, percent-encoded or not.
#[must_use]
pub fn request_from_path(path: &str) -> Option<Vec<u8>> {
    if path.len() > 3 * MAX_SIZE {
        return None;
    }
    let text = path.replace("%2B", "+").replace("%2b", "+");
    let text = text.replace("%2F", "/").replace("%2f", "/").replace("%3D", "=").replace("%3d", "=");
    data_encoding::BASE64.decode(text.as_bytes()).ok()
}

/// A request, reduced to what is answered.
struct Question {
    ids: Vec<(CertId, Serial)>,
    nonce: Option<Extension>,
}

impl Question {
    fn parse(der: &[u8]) -> Result<Self> {
        let malformed = Error::Malformed("OCSP request");
        if der.len() > MAX_SIZE {
            return Err(malformed);
        }
        let request = OcspRequest::from_der(der).map_err(|_| malformed)?;
        let tbs = request.tbs;
        if tbs.version.is_some() || tbs.requests.is_empty() || tbs.requests.len() > MAX_REQUESTS {
            return Err(malformed);
        }
        let ids = tbs
            .requests
            .into_iter()
            .map(|request| Ok((request.id.clone(), Serial::from_x509(&request.id.serial)?)))
            .collect::<Result<_>>()?;
        let mut nonces = tbs.extensions.unwrap_or_default();
        nonces.retain(|extension| extension.extn_id == wire::NONCE);
        let nonce = nonces.pop();
        if !nonces.is_empty() || nonce.as_ref().is_some_and(|nonce| !nonce_is_good(nonce)) {
            return Err(malformed);
        }
        Ok(Self { ids, nonce })
    }
}

fn nonce_is_good(nonce: &Extension) -> bool {
    OctetString::from_der(nonce.extn_value.as_bytes())
        .is_ok_and(|value| (1..=MAX_NONCE).contains(&value.as_bytes().len()))
}

fn answer(
    responder: &Responder,
    question: Question,
    now_ms: i64,
    valid_ms: i64,
    mut lookup: impl FnMut(Authority, &Serial) -> Status,
) -> Result<Vec<u8>> {
    let this_update = x509::generalized_time(now_ms)?;
    let next_update = x509::generalized_time(now_ms.saturating_add(valid_ms))?;
    let responses = question
        .ids
        .into_iter()
        .map(|(id, serial)| single(id, lookup(responder.authority, &serial), this_update, next_update))
        .collect::<Result<_>>()?;
    let data = ResponseData {
        responder: responder.id()?,
        produced_at: this_update,
        responses,
        extensions: question.nonce.map(|nonce| vec![nonce]),
    };
    let data = data.to_der().map_err(x509::encoding)?;
    let signature = responder.signer.sign_der(&data)?;
    success(&data, &signature, responder.delegate.as_ref()).map_err(x509::encoding)
}

fn single(
    id: CertId,
    status: Status,
    this_update: GeneralizedTime,
    next_update: GeneralizedTime,
) -> Result<SingleResponse> {
    let status = match status {
        Status::Good => CertStatus::Good(Null),
        Status::Unknown => CertStatus::Unknown(Null),
        Status::Revoked { at_ms, reason } => CertStatus::Revoked(RevokedInfo {
            at: x509::generalized_time(at_ms)?,
            reason: (reason != Reason::Unspecified).then(|| reason.to_x509()),
        }),
    };
    Ok(SingleResponse { id, status, this_update, next_update: Some(next_update) })
}

fn success(data: &[u8], signature: &[u8], delegate: Option<&Certificate>) -> der::Result<Vec<u8>> {
    let certificates = delegate.map(|certificate| Any::from_der(certificate.der())).transpose()?;
    let basic = BasicResponse {
        data: Any::from_der(data)?,
        algorithm: x509::ecdsa_sha256(),
        signature: BitString::from_bytes(signature)?,
        certificates: certificates.map(|certificate| vec![certificate]),
    };
    OcspResponse {
        status: ResponseStatus::Successful,
        bytes: Some(ResponseBytes { kind: wire::BASIC, response: OctetString::new(basic.to_der()?)? }),
    }
    .to_der()
}

/// `SEQUENCE { ENUMERATED status }`.
fn failure(status: ResponseStatus) -> Vec<u8> {
    vec![0x30, 0x03, 0x0a, 0x01, status as u8]
}
