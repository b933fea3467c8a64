//! What a client sends: the bodies that are more than a pair of fields.

use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use yinxin_core::{AccountId, Minor, OrderId};

/// The kind of device, from the server's closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// An iPhone.
    Iphone,
    /// An Android phone.
    Android,
    /// A Windows computer.
    Windows,
    /// A Mac.
    Mac,
    /// A Linux computer.
    Linux,
    /// Anything else.
    Other,
}

/// Why a certificate ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    /// The device is lost or stolen.
    Lost,
    /// The person stops using it.
    Stopped,
}

/// What is to be paid, before it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// A merchant's order.
    Order(OrderId),
    /// A transfer.
    Transfer {
        /// To this account.
        payee: AccountId,
        /// How much it receives.
        amount: Minor,
    },
}

/// User verification beside a signed text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Verification {
    /// The PIN was proved for this text within the last 60 s.
    Pin,
    /// A passkey's assertion whose challenge is the hash of the text's signing input; every member base64url.
    Passkey {
        /// The credential's id.
        credential_id: String,
        /// Authenticator data.
        authenticator_data: String,
        /// Client data.
        client_data_json: String,
        /// The signature, DER.
        signature: String,
    },
}

/// The opening of one salted commitment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disclosure {
    /// The salt, 32 bytes, base64url.
    pub salt: String,
    /// The text that was committed to.
    pub text: String,
}

impl Disclosure {
    /// The opening of `text` under `salt`.
    #[must_use]
    pub fn new(salt: &[u8; 32], text: &str) -> Self {
        Self { salt: BASE64URL_NOPAD.encode(salt), text: text.to_owned() }
    }
}

/// The openings that travel beside an authorisation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Disclosures {
    /// A person's display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payee_name: Option<Disclosure>,
    /// The memo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memo: Option<Disclosure>,
}
