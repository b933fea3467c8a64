//! Object identifiers: the public ones that we use, and our own.
//!
//! Our own arc is `2.25.136485839`. `2.25` is the arc of UUIDs (ITU-T X.667); the number is the first 28
//! bits of a random UUID (8229bcf6-b9a2-4b98-a365-5019b2d0aadc): the reader this crate uses holds an arc in
//! 32 bits, the linter in four base-128 digits, and both refuse certificates with the 128-bit form.
//! Frozen: certificates carry these numbers for twenty years.

use der::asn1::ObjectIdentifier;

/// Own purposes (extended key usage), `arc.1.n`.
pub(crate) const EKU_PAYMENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.25.136485839.1.1");
pub(crate) const EKU_RECOVERY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.25.136485839.1.2");
pub(crate) const EKU_ORDER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.25.136485839.1.3");
pub(crate) const EKU_OPERATOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.25.136485839.1.4");
pub(crate) const EKU_NODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.25.136485839.1.5");

/// Own certificate policies, `arc.2.n`.
pub(crate) const POLICY_PAYMENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.25.136485839.2.1");
pub(crate) const POLICY_RECOVERY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.25.136485839.2.2");
pub(crate) const POLICY_ORDER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.25.136485839.2.3");
pub(crate) const POLICY_OPERATOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.25.136485839.2.4");
pub(crate) const POLICY_SERVER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.25.136485839.2.5");
pub(crate) const POLICY_STATUS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.25.136485839.2.6");
pub(crate) const POLICY_NODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.25.136485839.2.7");

/// Public purposes (RFC 5280 section 4.2.1.12, RFC 6960, RFC 9336).
pub(crate) const EKU_SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
pub(crate) const EKU_CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
pub(crate) const EKU_OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");
pub(crate) const EKU_DOCUMENT_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.36");

/// ecdsa-with-SHA256 (RFC 5758).
pub(crate) const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// Extensions that x509-cert does not name, or names wrongly.
pub(crate) const EXT_ISSUING_DISTRIBUTION_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
pub(crate) const EXT_OCSP_NO_CHECK: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");

/// Access methods (RFC 5280 section 4.2.2.1).
pub(crate) const ACCESS_OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
pub(crate) const ACCESS_CA_ISSUERS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.2");

/// Attribute types (RFC 4519).
pub(crate) const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
pub(crate) const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
pub(crate) const ORGANIZATIONAL_UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");

/// A purpose or policy in words, for the page that shows a certificate; else its numbers.
pub(crate) fn describe(oid: &ObjectIdentifier) -> String {
    let words = match *oid {
        EKU_PAYMENT | POLICY_PAYMENT => "Yinxin payment",
        EKU_RECOVERY | POLICY_RECOVERY => "Yinxin recovery",
        EKU_ORDER | POLICY_ORDER => "Yinxin order",
        EKU_OPERATOR | POLICY_OPERATOR => "Yinxin operator",
        EKU_NODE | POLICY_NODE => "Yinxin node",
        POLICY_SERVER => "Yinxin server",
        POLICY_STATUS => "Yinxin certificate status",
        EKU_SERVER_AUTH => "serverAuth",
        EKU_CLIENT_AUTH => "clientAuth",
        EKU_OCSP_SIGNING => "OCSPSigning",
        EKU_DOCUMENT_SIGNING => "documentSigning",
        other => return other.to_string(),
    };
    format!("{words} ({oid})")
}
