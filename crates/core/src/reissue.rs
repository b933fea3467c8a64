//! A reissue 补办 as a case, from its proof to the end of its protection (rules § 4).
//!
//! ```text
//! open ─▶ active ─▶ ended      (the old certificates end with it, in R4 to R6 only now)
//!  │ │      │ │
//!  │ └──────┼─┴──▶ vetoed      (an old device said no, its person verified: the new certificate is revoked)
//!  │        └────▶ disputed    (it said no and nobody could tell who is right: both sides are suspended)
//!  └──▶ given up               (nobody fetched the certificate)
//! ```
//!
//! Which route it is follows from the proof and from what the book and the desk know, never from what a client asks for.

use crate::certificate::Route;
use crate::codec::{record_enum, record_struct};
use crate::command::Contacts;
use crate::id::CertificateId;
use crate::time::Millis;

/// A reissue counts as the last one for so long: a second within it is at risk (R5).
pub const REMEMBERED_MS: i64 = 30 * Millis::DAY;
/// A changed phone number or a password that was set anew is a risk for so long (R5).
pub const RISK_MS: i64 = 7 * Millis::DAY;
/// What R4 waits without a debit where an old certificate was in use and nothing but the phone number can warn its owner.
pub const WAIT_LOST_MS: i64 = Millis::DAY;
/// What R5 waits without a debit.
pub const WAIT_AT_RISK_MS: i64 = 3 * Millis::DAY;
/// What R6 waits without a debit.
pub const WAIT_OPERATOR_MS: i64 = Millis::DAY;
/// An old certificate that paid within this time was in use.
pub const IN_USE_MS: i64 = 30 * Millis::DAY;

record_enum! {
    /// What proved the person.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Proof {
        /// Password and SMS code, and nothing else: R4, or R5.
        1 => Secrets,
        /// A device at hand signed the new request, its person verified: R2.
        2 => Moved {
            /// Its certificate.
            by: CertificateId,
            /// Whether that stays in use.
            stays: Stays
        },
        /// Another live device vouched for a phone whose key is gone: R2b.
        3 => Vouched {
            /// Its certificate.
            by: CertificateId
        },
        /// The passkey that had sealed the key that is gone: R2b.
        4 => Passkey {
            /// The certificate of that key.
            of: CertificateId
        },
        /// The recovery kit: R3.
        5 => Kit {
            /// Its certificate.
            kit: CertificateId
        },
        /// Two operators: R6.
        6 => Operators,
    }
}

record_enum! {
    /// Whether the certificate of a device at hand stays in use.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Stays {
        /// The new one is a further device.
        1 => Yes,
        /// The new one takes its place.
        2 => No,
    }
}

record_enum! {
    /// What the person says about the old phone.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Stated {
        /// Nothing: the old certificates go on until the protection ends.
        1 => Nothing,
        /// Lost or stolen: the old certificates are suspended at once.
        2 => LostOrStolen,
    }
}

record_struct! {
    /// What the desk knew when the reissue was opened; kept as evidence.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct ReissueContext {
        /// When the phone number was last changed.
        pub phone_changed: Option<Millis>,
        /// When the password was last set without the old one.
        pub password_reset: Option<Millis>,
        /// Who else can be warned.
        pub contacts: Contacts,
    }
}

record_enum! {
    /// How a veto came.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Veto {
        /// Signed by the old key for this very text, its person verified by the server.
        1 => Verified,
        /// From the old device, by somebody: a thief may hold it.
        2 => Unverified,
    }
}

record_enum! {
    /// What a veto did.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Vetoed {
        /// The new certificate is gone, the old one goes on.
        1 => Stopped,
        /// Both are suspended: the recovery kit or two operators decide.
        2 => Disputed,
    }
}

record_enum! {
    /// How far a case came.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum CaseState {
        /// The proof was right; no new certificate is active.
        1 => Open,
        /// The new certificate is active and protected.
        2 => Active {
            /// It.
            certificate: CertificateId,
            /// End of its protection.
            until: Millis
        },
        /// Over.
        3 => Over {
            /// How.
            end: End
        },
    }
}

record_enum! {
    /// How a case ended.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum End {
        /// The protection is over.
        1 => Protected,
        /// An old device said no.
        2 => Vetoed,
        /// Both sides are suspended.
        3 => Disputed,
        /// Nobody fetched the certificate.
        4 => GivenUp,
    }
}

record_struct! {
    /// One reissue in the book.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Case {
        /// The way.
        pub route: Route,
        /// What was said about the old phone.
        pub stated: Stated,
        /// How long the new certificate pays nothing once it is active.
        pub wait_ms: i64,
        /// When the proof was right.
        pub opened: Millis,
        /// The certificates that were live then: their devices are asked, and may say no.
        pub olds: Vec<CertificateId>,
        /// Those among them that said 「是我」.
        pub acknowledged: Vec<CertificateId>,
        /// The new certificate, once it was requested.
        pub certificate: Option<CertificateId>,
        /// How far it came.
        pub state: CaseState,
    }
}

impl Case {
    /// Whether it can still be stopped.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        match self.state {
            CaseState::Open | CaseState::Active { .. } => true,
            CaseState::Over { .. } => false,
        }
    }

    /// Whether a verified veto stops it: nobody proved more than a password and a code.
    #[must_use]
    pub const fn yields_to_a_veto(&self) -> bool {
        match self.route {
            Route::Lost | Route::LostAtRisk => true,
            Route::First
            | Route::Move
            | Route::Cleared
            | Route::Kit
            | Route::Operator
            | Route::Renewal
            | Route::Grace => false,
        }
    }

    /// Whether it makes the next one within [`REMEMBERED_MS`] a second one.
    #[must_use]
    pub const fn counts(&self) -> bool {
        match self.state {
            // The next opening gives it up.
            CaseState::Open | CaseState::Over { end: End::GivenUp } => false,
            CaseState::Active { .. }
            | CaseState::Over { end: End::Protected | End::Vetoed | End::Disputed } => {
                !matches!(self.route, Route::Move)
            }
        }
    }
}
