//! The person who is signed in.

use super::{Amount, as_text};
use serde::Deserialize;
use yinxin_core::{AccountId, PersonId};

/// An SMS code was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct CodeSent {
    /// Seconds until it expires.
    pub expires_in_s: u32,
    /// Seconds until another may be asked for.
    pub resend_after_s: u32,
}

/// The person who is signed in.
#[derive(Debug, Clone, Deserialize)]
pub struct Me {
    /// The person.
    #[serde(deserialize_with = "as_text")]
    pub person: PersonId,
    /// The own name.
    pub name: String,
    /// How far the name is known to be right.
    pub name_state: String,
    /// The phone with its middle hidden.
    pub phone_masked: String,
    /// The account number, 11 digits.
    pub account_number: String,
    /// The account.
    #[serde(deserialize_with = "as_text")]
    pub account: AccountId,
    /// What it holds.
    pub balance: Amount,
    /// Payment by one tap.
    pub tap: Tap,
    /// Whether any certificate can pay.
    pub has_active_certificate: bool,
    /// Until when enrolment needs no further verification.
    pub enrolment_sitting_until: Option<String>,
    /// Whether there ever was a certificate.
    pub person_had_certificate: bool,
}

/// Payment by one tap.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Tap {
    /// On or off.
    pub enabled: bool,
    /// Largest payment.
    pub limit: Amount,
    /// What is left today.
    pub day_left: Amount,
}
