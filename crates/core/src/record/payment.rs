//! What a record says of one payment.

use crate::codec::{record_enum, record_struct};
use crate::id::{AccountId, CertificateId, Digest, OrderId, PaymentNumber};
use crate::money::Minor;
use crate::refusal::Refusal;
use crate::time::Millis;

record_enum! {
    /// What an authorisation asks for.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum PaymentKind {
        /// A merchant's order.
        1 => Pay,
        /// To a person or a merchant without an order.
        2 => Transfer,
    }
}

record_enum! {
    /// Strength of verification of one payment (rules § 3).
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum VerificationLevel {
        /// Certificate signature and user verification of this payment.
        1 => A,
        /// Certificate signature alone.
        3 => C,
        /// A static merchant code, whatever the verification.
        4 => D,
    }
}

record_struct! {
    /// One payment, whatever became of it.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct PaymentFacts {
        /// The authorisation's number.
        pub number: PaymentNumber,
        /// The certificate that signed.
        pub certificate: CertificateId,
        /// Sequence number in the signed text.
        pub seq: u64,
        /// SHA-256 of the signing input.
        pub hash: Digest,
        /// Order or transfer.
        pub kind: PaymentKind,
        /// Account that pays.
        pub payer: AccountId,
        /// Account that is paid.
        pub payee: AccountId,
        /// What the payee receives.
        pub amount: Minor,
        /// What the payer pays on top.
        pub fee: Minor,
        /// The order, where there is one.
        pub order: Option<OrderId>,
        /// When that order stops being payable; the book forgets it then.
        pub order_expires: Option<Millis>,
        /// What became of it.
        pub outcome: Outcome,
    }
}

record_enum! {
    /// What became of an authorisation.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Outcome {
        /// Money moved.
        1 => Posted {
            /// The level that was reached.
            level: VerificationLevel
        },
        /// Nothing moved.
        3 => Refused {
            /// Why.
            refusal: Refusal
        },
    }
}
