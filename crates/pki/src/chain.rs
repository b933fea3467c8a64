//! Path validation (RFC 5280 section 6), hop by hop, with the checks that common verifiers leave out:
//! end-entity key usage, policies, the root's own expiry.

use x509_cert::ext::pkix::KeyUsage;

use crate::certificate::Certificate;
use crate::profile::Purpose;

/// Most intermediate certificates in a chain; ours have one.
const MAX_INTERMEDIATES: usize = 4;

/// Why a certificate does not lead to the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A certificate of the chain is not valid yet.
    #[error("a certificate of the chain is not valid yet")]
    NotYetValid,
    /// A certificate of the chain has expired; the root counts too.
    #[error("a certificate of the chain has expired")]
    Expired,
    /// No certificate of the chain, nor the root, is the issuer.
    #[error("the issuer is unknown")]
    IssuerUnknown,
    /// A signature of the chain does not verify.
    #[error("a signature of the chain is invalid")]
    SignatureInvalid,
    /// A certificate in the middle or the root may not sign certificates.
    #[error("an issuer is not an authority")]
    NotAnAuthority,
    /// More authorities follow than one above allows.
    #[error("the chain is longer than an authority allows")]
    TooLong,
    /// The certificate, or an authority above it, is for another purpose.
    #[error("the certificate is for another purpose")]
    WrongPurpose,
    /// A critical extension is not understood.
    #[error("a critical extension is not understood")]
    UnknownExtension,
}

/// Checks that `leaf` leads to `root` through `intermediates` (in any order), that every certificate is
/// valid at `now_ms` (milliseconds since 1970), and that all of them are for `purpose`.
///
/// The root is believed because the caller chose it. Suspension and revocation are not looked up here:
/// the books know them.
pub fn verify_chain(
    leaf: &Certificate,
    intermediates: &[Certificate],
    root: &Certificate,
    now_ms: i64,
    purpose: Purpose,
) -> Result<(), ChainError> {
    if intermediates.len() > MAX_INTERMEDIATES {
        return Err(ChainError::TooLong);
    }
    check_leaf(leaf, purpose)?;
    check_time(leaf, now_ms)?;
    let mut current = leaf;
    for below in 0..=intermediates.len() {
        if issued(root, current) {
            check_signature(current, root)?;
            return check_root(root, below, now_ms);
        }
        let issuer =
            intermediates.iter().find(|candidate| issued(candidate, current) && !same(candidate, current));
        let issuer = issuer.ok_or(ChainError::IssuerUnknown)?;
        check_signature(current, issuer)?;
        check_authority(issuer, below, purpose)?;
        check_time(issuer, now_ms)?;
        current = issuer;
    }
    Err(ChainError::IssuerUnknown)
}

fn same(a: &Certificate, b: &Certificate) -> bool {
    a.der() == b.der()
}

/// Names chain, and the key ids agree.
fn issued(issuer: &Certificate, subject: &Certificate) -> bool {
    let (above, below) = (issuer.fields(), subject.fields());
    above.subject == below.issuer && !above.key_id.is_empty() && above.key_id == below.issuer_key_id
}

fn check_signature(subject: &Certificate, issuer: &Certificate) -> Result<(), ChainError> {
    subject.verify_signature(issuer.public_key()).map_err(|_| ChainError::SignatureInvalid)
}

fn check_time(certificate: &Certificate, now_ms: i64) -> Result<(), ChainError> {
    if now_ms < certificate.not_before_ms() {
        return Err(ChainError::NotYetValid);
    }
    // The last second counts as a whole.
    if now_ms >= certificate.not_after_ms().saturating_add(1000) {
        return Err(ChainError::Expired);
    }
    Ok(())
}

fn check_leaf(leaf: &Certificate, purpose: Purpose) -> Result<(), ChainError> {
    if !leaf.fields().critical_extensions_are_known() {
        return Err(ChainError::UnknownExtension);
    }
    if leaf.purpose() != Some(purpose) || leaf.fields().key_usage != Some(purpose.key_usage()) {
        return Err(ChainError::WrongPurpose);
    }
    Ok(())
}

/// `below` counts the authorities between this one and the leaf.
fn check_authority(authority: &Certificate, below: usize, purpose: Purpose) -> Result<(), ChainError> {
    check_may_sign(authority, below)?;
    let fields = authority.fields();
    let usages = purpose.usages().iter().all(|usage| fields.usages.contains(usage));
    if usages && fields.policies.contains(&purpose.policy()) { Ok(()) } else { Err(ChainError::WrongPurpose) }
}

fn check_root(root: &Certificate, below: usize, now_ms: i64) -> Result<(), ChainError> {
    check_may_sign(root, below)?;
    check_time(root, now_ms)?;
    check_signature(root, root)
}

fn check_may_sign(authority: &Certificate, below: usize) -> Result<(), ChainError> {
    let fields = authority.fields();
    if !fields.critical_extensions_are_known() {
        return Err(ChainError::UnknownExtension);
    }
    if !authority.is_authority() || !fields.key_usage.as_ref().is_some_and(KeyUsage::key_cert_sign) {
        return Err(ChainError::NotAnAuthority);
    }
    let limit = fields.basic.as_ref().and_then(|basic| basic.path_len_constraint);
    if limit.is_some_and(|limit| below > usize::from(limit)) {
        return Err(ChainError::TooLong);
    }
    Ok(())
}
