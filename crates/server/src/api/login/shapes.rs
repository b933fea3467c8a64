//! What goes in and comes out where somebody changes how they log in.

use crate::api::enrolments::SignedText;
use crate::api::payments::Verification;
use crate::api::wire::{Base64Url, Bytes32, CertificateRef, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yinxin_wallet::Password;

/// Asks for a challenge.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingChallengeRequest {
    /// The certificate that will sign.
    pub(crate) certificate: CertificateRef,
}

/// What a device signs to approve a change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettingChallenge {
    /// 32 bytes for the signed text.
    pub(crate) challenge: Bytes32,
}

/// What shows that it is me who changes how I log in.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Approval {
    /// A certificate's signature at level A; needed while one of mine is active or suspended.
    Signed {
        /// Signed text of type `yx-set+jws`.
        jws: SignedText,
        /// My verification of that text.
        verification: Verification,
    },
    /// The password, where no certificate of mine lives.
    Password {
        /// The log-in password.
        #[schema(max_length = 256)]
        password: String,
    },
}

/// An approval and nothing else.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approved {
    /// The approval.
    pub(crate) approval: Approval,
}

/// Changes the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// The new password: at least 8 characters.
    #[schema(min_length = 8, max_length = 256)]
    pub(crate) new_password: String,
    /// The approval; its text's setting is `password`.
    pub(crate) approval: Approval,
}

/// Asks for a code to a number that is to become mine.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PhoneCodeRequest {
    /// The new number.
    #[schema(example = "+8613800138000", max_length = 32)]
    pub(crate) phone: String,
}

/// Changes the phone number.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPhone {
    /// The new number.
    #[schema(example = "+8613800138000", max_length = 32)]
    pub(crate) phone: String,
    /// The code that was sent to it.
    #[schema(pattern = "^[0-9]{6}$", example = "123456")]
    pub(crate) code: String,
    /// The approval; its text's setting is `phone`, and the password does not serve here.
    pub(crate) approval: Approval,
}

/// What I am to do about the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PasswordAdvice {
    /// Nothing.
    None,
    /// Change it some day: it is old.
    Remind,
    /// Change it now.
    Change,
}

/// A passkey that logs me in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoginPasskey {
    /// The credential's id.
    pub(crate) credential_id: Base64Url,
    /// The kind of device where it was made.
    #[schema(example = "android")]
    pub(crate) device_kind: String,
    /// When it was made.
    pub(crate) made_at: Time,
    /// When it was last used.
    pub(crate) used_at: Option<Time>,
}

/// How I log in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoginSafety {
    /// When the password was set.
    pub(crate) password_changed_at: Time,
    /// What I am to do about it.
    pub(crate) password_advice: PasswordAdvice,
    /// Since when there is an authenticator app.
    pub(crate) totp_since: Option<Time>,
    /// Passkeys, oldest first.
    pub(crate) passkeys: Vec<LoginPasskey>,
    /// Recovery codes that are left.
    #[schema(example = 10)]
    pub(crate) recovery_codes_left: u32,
}

/// The secret of a new authenticator app, shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct TotpOffer {
    /// Base32, to be typed into the app.
    #[schema(example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    pub(crate) secret: String,
    /// To be scanned by the app.
    #[schema(
        example = "otpauth://totp/Yinxin:80000000008?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Yinxin"
    )]
    pub(crate) uri: String,
}

/// A code of an authenticator app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TotpCode {
    /// The code.
    #[schema(pattern = "^[0-9]{6}$", example = "123456")]
    pub(crate) code: String,
}

/// What a browser needs to make a passkey.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasskeyOffer {
    /// What the authenticator answers to.
    pub(crate) challenge: Bytes32,
    /// The relying party.
    pub(crate) rp_id: String,
    /// The person, for the authenticator.
    pub(crate) user_id: Bytes32,
    /// What the authenticator shows.
    pub(crate) user_name: String,
    /// Passkeys that there are already.
    pub(crate) known: Vec<Base64Url>,
}

/// A new passkey.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPasskey {
    /// The challenge of the offer.
    pub(crate) challenge: Bytes32,
    /// The credential's id.
    pub(crate) credential_id: Base64Url,
    /// Its public key, `SubjectPublicKeyInfo`.
    pub(crate) public_key: Base64Url,
    /// Authenticator data.
    pub(crate) authenticator_data: Base64Url,
    /// Client data, the JSON as bytes.
    pub(crate) client_data_json: Base64Url,
}

/// A passkey that is no factor any more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyRemoval {
    /// The credential's id.
    pub(crate) credential_id: Base64Url,
    /// The approval; its text's setting is `passkey`, off.
    pub(crate) approval: Approval,
}

/// Ten codes, shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    /// Each logs me in once in place of another second factor.
    pub(crate) codes: Vec<String>,
}

/// An account and its password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginAndPassword {
    /// Account number or phone.
    #[schema(example = "80000000008", max_length = 32)]
    pub(crate) login: String,
    /// The log-in password.
    #[schema(max_length = 256)]
    pub(crate) password: String,
}

/// What a passkey signs to log somebody in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasskeyQuestion {
    /// The challenge.
    pub(crate) challenge: Bytes32,
    /// The relying party.
    pub(crate) rp_id: String,
    /// The passkeys that may answer.
    pub(crate) credentials: Vec<Base64Url>,
}

impl From<yinxin_wallet::LoginPasskey> for LoginPasskey {
    fn from(passkey: yinxin_wallet::LoginPasskey) -> Self {
        Self {
            credential_id: Base64Url(passkey.credential_id),
            device_kind: passkey.device_kind.word().to_owned(),
            made_at: Time(passkey.made_at),
            used_at: passkey.used_at.map(Time),
        }
    }
}

impl From<yinxin_wallet::PasswordAdvice> for PasswordAdvice {
    fn from(advice: yinxin_wallet::PasswordAdvice) -> Self {
        match advice {
            yinxin_wallet::PasswordAdvice::None => Self::None,
            yinxin_wallet::PasswordAdvice::Remind => Self::Remind,
            yinxin_wallet::PasswordAdvice::Change => Self::Change,
        }
    }
}

impl From<Approval> for yinxin_wallet::Approval {
    fn from(approval: Approval) -> Self {
        match approval {
            Approval::Signed { jws, verification } => {
                Self::Signed { text: jws.into(), verification: verification.into() }
            }
            Approval::Password { password } => Self::Password(Password::new(password)),
        }
    }
}
