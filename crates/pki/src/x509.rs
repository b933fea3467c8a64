//! The few DER shapes that everything signed shares: names, times, extensions, the signed envelope.

use core::net::IpAddr;
use core::time::Duration;

use der::asn1::{
    Any, BitString, GeneralizedTime, Ia5String, ObjectIdentifier, OctetString, SetOfVec, UtcTime,
};
use der::{DateTime, Decode, Encode, Reader, Sequence, SliceReader, Tag};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::time::{Time, Validity};
use x509_cert::{attr::AttributeTypeAndValue, serial_number::SerialNumber};

use crate::key::PublicKey;
use crate::oid;
use crate::signer::Signer;
use crate::{Error, Result};

/// Longest value of a name's attribute, characters (RFC 5280, ub-common-name, ub-organization-name).
const MAX_NAME_CHARS: usize = 64;

/// The part of a certificate that is signed. x509-cert keeps the fields of its own type private.
#[derive(Sequence)]
pub(crate) struct Tbs {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(crate) version: u8,
    pub(crate) serial: SerialNumber,
    pub(crate) algorithm: AlgorithmIdentifierOwned,
    pub(crate) issuer: Name,
    pub(crate) validity: Validity,
    pub(crate) subject: Name,
    pub(crate) key: Any,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    pub(crate) extensions: Vec<Extension>,
}

/// Certificate, request, list and OCSP answer alike: something, an algorithm, a signature over it.
#[derive(Sequence)]
struct SignedOwned {
    body: Any,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

/// A signed envelope as received; `body` is the exact signed bytes.
pub(crate) struct Signed<'a> {
    body: &'a [u8],
    signature: Vec<u8>,
}

impl<'a> Signed<'a> {
    /// Splits `SEQUENCE { body, ecdsa-with-SHA256, signature }` without re-encoding anything.
    pub(crate) fn parse(der: &'a [u8], what: &'static str) -> Result<Self> {
        let malformed = |_| Error::Malformed(what);
        let mut reader = SliceReader::new(der).map_err(malformed)?;
        let (body, algorithm, signature) = reader
            .sequence(|r| {
                let body = r.tlv_bytes()?;
                Ok::<_, der::Error>((body, AlgorithmIdentifierOwned::decode(r)?, BitString::decode(r)?))
            })
            .map_err(malformed)?;
        reader.finish().map_err(malformed)?;
        if algorithm != ecdsa_sha256() {
            return Err(Error::Refused("the signature algorithm is not ecdsa-with-SHA256"));
        }
        let signature = signature.as_bytes().ok_or(Error::Malformed(what))?.to_vec();
        Ok(Self { body, signature })
    }

    /// Checks the signature over the received bytes.
    pub(crate) fn verify(&self, key: &PublicKey) -> Result<()> {
        key.verify_der(self.body, &self.signature)
    }
}

/// Signs `body` (DER) once and wraps it.
pub(crate) fn sign(body: &[u8], signer: &dyn Signer) -> Result<Vec<u8>> {
    let signature = signer.sign_der(body)?;
    let envelope = (|| {
        SignedOwned {
            body: Any::from_der(body)?,
            algorithm: ecdsa_sha256(),
            signature: BitString::from_bytes(&signature)?,
        }
        .to_der()
    })();
    envelope.map_err(encoding)
}

/// ecdsa-with-SHA256, whose parameters are absent (RFC 5758).
pub(crate) fn ecdsa_sha256() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: oid::ECDSA_SHA256, parameters: None }
}

/// An encoding that failed: our own input was outside what DER can say.
pub(crate) fn encoding(_: der::Error) -> Error {
    Error::Malformed("value for encoding")
}

/// A name of typed attributes in this order, each UTF-8; never parsed from text (RDN injection).
pub(crate) fn name(attributes: &[(ObjectIdentifier, &str)]) -> Result<Name> {
    let mut sequence = Vec::with_capacity(attributes.len());
    for &(oid, text) in attributes {
        check_name_text(text)?;
        let value = Any::new(Tag::Utf8String, text.as_bytes()).map_err(encoding)?;
        let set = SetOfVec::try_from(vec![AttributeTypeAndValue { oid, value }]).map_err(encoding)?;
        sequence.push(RelativeDistinguishedName::from(set));
    }
    Ok(Name::hazmat_from_rdn_sequence(RdnSequence::from(sequence)))
}

/// The text of the first attribute of this type.
pub(crate) fn attribute(name: &Name, oid: ObjectIdentifier) -> Option<String> {
    let value = &name.iter().find(|attribute| attribute.oid == oid)?.value;
    String::from_utf8(value.value().to_vec()).ok()
}

fn check_name_text(text: &str) -> Result<()> {
    let length = text.chars().count();
    if length == 0 || length > MAX_NAME_CHARS || text.trim() != text || text.chars().any(char::is_control) {
        return Err(Error::Refused("a name's attribute is empty, too long or holds control characters"));
    }
    Ok(())
}

/// Milliseconds since 1970 to a certificate's time: `UTCTime` through 2049, then `GeneralizedTime`.
pub(crate) fn time(at_ms: i64) -> Result<Time> {
    let moment = moment(at_ms)?;
    if moment.year() <= UtcTime::MAX_YEAR {
        UtcTime::from_date_time(moment).map(Time::UtcTime).map_err(encoding)
    } else {
        Ok(Time::GeneralTime(GeneralizedTime::from_date_time(moment)))
    }
}

/// Milliseconds since 1970 to the `GeneralizedTime` that OCSP uses.
pub(crate) fn generalized_time(at_ms: i64) -> Result<GeneralizedTime> {
    moment(at_ms).map(GeneralizedTime::from_date_time)
}

/// A certificate's time in milliseconds since 1970.
pub(crate) fn time_ms(time: Time) -> i64 {
    i64::try_from(time.to_unix_duration().as_millis()).unwrap_or(i64::MAX)
}

fn moment(at_ms: i64) -> Result<DateTime> {
    let seconds = u64::try_from(at_ms.div_euclid(1000)).map_err(|_| Error::Refused("a time before 1970"))?;
    DateTime::from_unix_duration(Duration::from_secs(seconds)).map_err(encoding)
}

/// An extension with its criticality.
pub(crate) fn extension(oid: ObjectIdentifier, critical: bool, value: &impl Encode) -> Result<Extension> {
    let value = value.to_der().map_err(encoding)?;
    Ok(Extension { extn_id: oid, critical, extn_value: octets(&value)? })
}

/// An OCTET STRING.
pub(crate) fn octets(bytes: &[u8]) -> Result<OctetString> {
    OctetString::new(bytes).map_err(encoding)
}

/// A URI as a general name.
pub(crate) fn uri(text: &str) -> Result<GeneralName> {
    Ia5String::new(text).map(GeneralName::UniformResourceIdentifier).map_err(encoding)
}

/// A URI as the full name of a distribution point.
pub(crate) fn point(text: &str) -> Result<DistributionPointName> {
    Ok(DistributionPointName::FullName(vec![uri(text)?]))
}

/// A host name or an address as a general name.
pub(crate) fn host(text: &str) -> Result<GeneralName> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(GeneralName::from(address));
    }
    check_host_name(text)?;
    Ia5String::new(text).map(GeneralName::DnsName).map_err(encoding)
}

/// Letters, digits and hyphens in labels of 1 to 63, at most 253 in all (RFC 1123).
pub(crate) fn check_host_name(text: &str) -> Result<()> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() <= 253 && text.split('.').all(label) {
        Ok(())
    } else {
        Err(Error::Refused("not a host name"))
    }
}
