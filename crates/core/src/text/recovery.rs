//! What a recovery key may sign, and what a certificate's key signs to have one made.

use super::{TextError, field, read, version, write};
use crate::id::{CertificateId, Digest};
use serde::{Deserialize, Serialize};

/// What a recovery key signs; it can sign nothing else, and nothing here moves money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoveryPurpose {
    /// The person tried their kit 「验证备份」: nothing changes.
    Drill,
    /// Every payment certificate of the person is put on hold.
    Suspend,
    /// A new device asks for a certificate; counts beside password and code only.
    Reissue {
        /// SHA-256 of the device's PKCS#10 request: the proof serves this key and no other.
        request: Digest,
    },
}

/// The payload of a `yx-rec+jws`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryText {
    /// The deployment's origin.
    pub audience: String,
    /// What for.
    pub purpose: RecoveryPurpose,
    /// The recovery certificate.
    pub kit: CertificateId,
    /// The server's challenge.
    pub challenge: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecoveryWire {
    v: u8,
    aud: String,
    purpose: String,
    kit: String,
    challenge: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<String>,
}

impl RecoveryText {
    /// Reads the payload of a `yx-rec+jws`.
    pub fn parse(payload: &[u8]) -> Result<Self, TextError> {
        let wire: RecoveryWire = read(payload)?;
        version(wire.v)?;
        let purpose = match (wire.purpose.as_str(), wire.request.as_deref()) {
            ("drill", None) => RecoveryPurpose::Drill,
            ("suspend", None) => RecoveryPurpose::Suspend,
            ("reissue", Some(request)) => RecoveryPurpose::Reissue { request: field(request, "request")? },
            _ => return Err(TextError("purpose")),
        };
        Ok(Self {
            audience: wire.aud,
            purpose,
            kit: field(&wire.kit, "kit")?,
            challenge: field(&wire.challenge, "challenge")?,
        })
    }

    /// Writes the payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (purpose, request) = match self.purpose {
            RecoveryPurpose::Drill => ("drill", None),
            RecoveryPurpose::Suspend => ("suspend", None),
            RecoveryPurpose::Reissue { request } => ("reissue", Some(request)),
        };
        write(&RecoveryWire {
            v: 1,
            aud: self.audience.clone(),
            purpose: purpose.to_owned(),
            kit: self.kit.to_string(),
            challenge: self.challenge.to_string(),
            request: request.map(|hash| hash.to_string()),
        })
    }
}

/// The payload of a `yx-set+jws` that makes or replaces a recovery kit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KitText {
    /// The deployment's origin.
    pub audience: String,
    /// SHA-256 of the recovery key's PKCS#10 request.
    pub request: Digest,
    /// Which payment certificate signs.
    pub certificate: CertificateId,
    /// The server's challenge.
    pub challenge: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KitWire {
    v: u8,
    aud: String,
    setting: String,
    request: String,
    certificate: String,
    challenge: String,
}

impl KitText {
    /// Reads the payload of a `yx-set+jws` about the kit.
    pub fn parse(payload: &[u8]) -> Result<Self, TextError> {
        let wire: KitWire = read(payload)?;
        version(wire.v)?;
        if wire.setting != "kit" {
            return Err(TextError("setting"));
        }
        Ok(Self {
            audience: wire.aud,
            request: field(&wire.request, "request")?,
            certificate: field(&wire.certificate, "certificate")?,
            challenge: field(&wire.challenge, "challenge")?,
        })
    }

    /// Writes the payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write(&KitWire {
            v: 1,
            aud: self.audience.clone(),
            setting: "kit".to_owned(),
            request: self.request.to_string(),
            certificate: self.certificate.to_string(),
            challenge: self.challenge.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::SettingText;
    use proptest::prelude::*;

    #[derive(Deserialize)]
    struct Vectors {
        audience: String,
        kit: String,
        certificate: String,
        challenge: String,
        request: String,
        accepted: Accepted,
        refused: Vec<Refused>,
    }

    #[derive(Deserialize)]
    struct Accepted {
        drill: String,
        suspend: String,
        reissue: String,
        make: String,
    }

    #[derive(Deserialize)]
    struct Refused {
        why: String,
        text: String,
    }

    fn vectors() -> Vectors {
        serde_json::from_str(include_str!("../../../../vectors/recovery.json")).expect("the vectors are JSON")
    }

    #[test]
    fn the_vectors_are_what_this_code_writes_and_reads() {
        let v = vectors();
        let request: Digest = v.request.parse().expect("a digest");
        for (purpose, text) in [
            (RecoveryPurpose::Drill, &v.accepted.drill),
            (RecoveryPurpose::Suspend, &v.accepted.suspend),
            (RecoveryPurpose::Reissue { request }, &v.accepted.reissue),
        ] {
            let built = RecoveryText {
                audience: v.audience.clone(),
                purpose,
                kit: v.kit.parse().expect("an id"),
                challenge: v.challenge.parse().expect("a challenge"),
            };
            assert_eq!(String::from_utf8_lossy(&built.to_bytes()), *text);
            assert_eq!(RecoveryText::parse(text.as_bytes()), Ok(built));
        }
        let make = KitText {
            audience: v.audience,
            request,
            certificate: v.certificate.parse().expect("an id"),
            challenge: v.challenge.parse().expect("a challenge"),
        };
        assert_eq!(String::from_utf8_lossy(&make.to_bytes()), v.accepted.make);
        assert_eq!(KitText::parse(v.accepted.make.as_bytes()), Ok(make));
    }

    #[test]
    fn every_other_spelling_is_refused() {
        for Refused { why, text } in vectors().refused {
            assert!(RecoveryText::parse(text.as_bytes()).is_err(), "{why}");
            assert!(KitText::parse(text.as_bytes()).is_err(), "{why}");
        }
    }

    #[test]
    fn a_text_that_makes_a_kit_switches_no_taps_on_and_the_other_way_round() {
        assert!(SettingText::parse(vectors().accepted.make.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (RecoveryText::parse(&bytes), KitText::parse(&bytes));
        }
    }
}
