//! What a certificate's key consents to beside payments: its own life, and settings.

use super::{TextError, field, read, version, write};
use crate::id::{CertificateId, Digest};
use serde::{Deserialize, Serialize};

/// What a certificate's key consents to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificatePurpose {
    /// The test challenge after the download; with the person's choice about one-tap payments.
    Activate {
        /// Switch one-tap payments on.
        tap: bool,
    },
    /// The end of a suspension.
    Resume,
    /// The key's own successor on this device.
    Renew {
        /// SHA-256 of the request (PKCS#10, DER) for the new key.
        request: Digest,
    },
    /// A device at hand gives another one a certificate (route R2).
    Move {
        /// SHA-256 of the other device's request (PKCS#10, DER).
        request: Digest,
        /// The certificate that signs stays in use; else the new one takes its place.
        keep: bool,
    },
    /// A device at hand vouches for a reissue on another one whose key is gone (route R2b).
    Reissue {
        /// SHA-256 of the other device's request (PKCS#10, DER).
        request: Digest,
    },
}

/// The payload of a `yx-cert+jws`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateText {
    /// The deployment's origin.
    pub audience: String,
    /// What for.
    pub purpose: CertificatePurpose,
    /// Which certificate.
    pub certificate: CertificateId,
    /// The server's challenge.
    pub challenge: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificateWire {
    v: u8,
    aud: String,
    purpose: String,
    certificate: String,
    challenge: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tap: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keep: Option<bool>,
}

impl CertificateText {
    /// Reads the payload of a `yx-cert+jws`.
    pub fn parse(payload: &[u8]) -> Result<Self, TextError> {
        let wire: CertificateWire = read(payload)?;
        version(wire.v)?;
        let request =
            wire.request.as_deref().map(|request| field::<Digest>(request, "request")).transpose()?;
        let purpose = match (wire.purpose.as_str(), wire.tap, request, wire.keep) {
            ("activate", Some(tap), None, None) => CertificatePurpose::Activate { tap },
            ("resume", None, None, None) => CertificatePurpose::Resume,
            ("renew", None, Some(request), None) => CertificatePurpose::Renew { request },
            ("move", None, Some(request), Some(keep)) => CertificatePurpose::Move { request, keep },
            ("reissue", None, Some(request), None) => CertificatePurpose::Reissue { request },
            _ => return Err(TextError("purpose")),
        };
        Ok(Self {
            audience: wire.aud,
            purpose,
            certificate: field(&wire.certificate, "certificate")?,
            challenge: field(&wire.challenge, "challenge")?,
        })
    }

    /// Writes the payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (purpose, tap, request, keep) = match self.purpose {
            CertificatePurpose::Activate { tap } => ("activate", Some(tap), None, None),
            CertificatePurpose::Resume => ("resume", None, None, None),
            CertificatePurpose::Renew { request } => ("renew", None, Some(request), None),
            CertificatePurpose::Move { request, keep } => ("move", None, Some(request), Some(keep)),
            CertificatePurpose::Reissue { request } => ("reissue", None, Some(request), None),
        };
        write(&CertificateWire {
            v: 1,
            aud: self.audience.clone(),
            purpose: purpose.to_owned(),
            certificate: self.certificate.to_string(),
            challenge: self.challenge.to_string(),
            tap,
            request: request.map(|request| request.to_string()),
            keep,
        })
    }
}

/// What a setting is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Payment by one tap.
    Tap,
    /// The log-in password.
    Password,
    /// The phone number.
    Phone,
    /// An authenticator app as a factor of the log-in.
    Totp,
    /// A passkey as a factor of the log-in.
    Passkey,
    /// Recovery codes of the log-in.
    RecoveryCodes,
}

impl Setting {
    /// Every setting.
    pub const ALL: [Self; 6] =
        [Self::Tap, Self::Password, Self::Phone, Self::Totp, Self::Passkey, Self::RecoveryCodes];

    /// The word in the signed text.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tap => "tap",
            Self::Password => "password",
            Self::Phone => "phone",
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::RecoveryCodes => "recovery_codes",
        }
    }
}

/// The payload of a `yx-set+jws`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingText {
    /// The deployment's origin.
    pub audience: String,
    /// What it is about.
    pub setting: Setting,
    /// On or off; made or changed is on, taken away is off.
    pub value: bool,
    /// Which certificate signs.
    pub certificate: CertificateId,
    /// The server's challenge.
    pub challenge: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingWire {
    v: u8,
    aud: String,
    setting: String,
    value: bool,
    certificate: String,
    challenge: String,
}

impl SettingText {
    /// Reads the payload of a `yx-set+jws`.
    pub fn parse(payload: &[u8]) -> Result<Self, TextError> {
        let wire: SettingWire = read(payload)?;
        version(wire.v)?;
        let setting = Setting::ALL.into_iter().find(|setting| setting.word() == wire.setting);
        Ok(Self {
            audience: wire.aud,
            setting: setting.ok_or(TextError("setting"))?,
            value: wire.value,
            certificate: field(&wire.certificate, "certificate")?,
            challenge: field(&wire.challenge, "challenge")?,
        })
    }

    /// Writes the payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write(&SettingWire {
            v: 1,
            aud: self.audience.clone(),
            setting: self.setting.word().to_owned(),
            value: self.value,
            certificate: self.certificate.to_string(),
            challenge: self.challenge.to_string(),
        })
    }
}
