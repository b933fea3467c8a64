//! An authorisation, and what the server knew when it passed it on.

use crate::codec::{record_enum, record_struct};
use crate::id::{AccountId, CertificateId, Digest, OrderId, PaymentNumber, PersonId};
use crate::money::{Currency, Minor};
use crate::record::PaymentKind;
use crate::time::Millis;

record_enum! {
    /// How a person was verified for one payment, as the server checked it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Method {
        /// A WebAuthn assertion whose challenge was the signed text's hash.
        1 => Passkey,
        /// The device PIN, counted and compared for this text.
        2 => Pin,
    }
}

record_struct! {
    /// User verification of one payment.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Verification {
        /// How.
        pub method: Method,
        /// When the server checked it.
        pub at: Millis,
    }
}

record_struct! {
    /// The order as the desk has it, with its merchant's signature verified.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct OrderTerms {
        /// The order.
        pub order: OrderId,
        /// SHA-256 of its signing input.
        pub hash: Digest,
        /// The merchant's account.
        pub payee: AccountId,
        /// What is asked.
        pub amount: Minor,
        /// When it stops being payable.
        pub expires: Millis,
        /// Whether the merchant asks for user verification.
        pub verification_required: bool,
    }
}

record_enum! {
    /// How the payee was found.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Entry {
        /// A signed order.
        1 => Order {
            /// Its terms.
            terms: OrderTerms
        },
        /// A person's or merchant's account.
        2 => Account,
        /// A static merchant code (level D).
        3 => StaticCode,
    }
}

record_struct! {
    /// What the server knew when it passed an authorisation on; versioned by the record, kept as evidence.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Context {
        /// The person of the session.
        pub person: PersonId,
        /// User verification of this text.
        pub verification: Option<Verification>,
        /// How the payee was found.
        pub entry: Entry,
    }
}

record_struct! {
    /// A validly signed authorisation: the parsed text, whose signature was verified before this value was made.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Authorisation {
        /// The certificate that signed.
        pub certificate: CertificateId,
        /// SHA-256 of the signing input.
        pub hash: Digest,
        /// `transaction_id`.
        pub number: PaymentNumber,
        /// `seq`.
        pub seq: u64,
        /// `prev`.
        pub prev: Digest,
        /// `kind`.
        pub kind: PaymentKind,
        /// `payer`.
        pub payer: AccountId,
        /// `payee.id`.
        pub payee: AccountId,
        /// `currency`.
        pub currency: Currency,
        /// `amount`.
        pub amount: Minor,
        /// `fee`.
        pub fee: Minor,
        /// `order`.
        pub order: Option<Digest>,
        /// The header's `iat`.
        pub issued: Millis,
        /// `exp`.
        pub expires: Millis,
        /// What the server knew.
        pub context: Context,
        /// Kept beside the record: the signed bytes and the context.
        pub evidence: Vec<u8>,
        /// Kept beside the record: what opens the text's commitments.
        pub disclosures: Option<Disclosures>,
    }
}

record_struct! {
    /// What a commitment was made of.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Opening {
        /// 32 random bytes.
        pub salt: [u8; 32],
        /// The text.
        pub text: String,
    }
}

record_struct! {
    /// The openings of a payment's commitments: personal, erasable without touching what is proven.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Disclosures {
        /// 1.
        pub version: u8,
        /// A person's name as payee.
        pub payee_name: Option<Opening>,
        /// The memo.
        pub memo: Option<Opening>,
    }
}

record_struct! {
    /// The evidence of a payment's record: what was signed, and what the server knew.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct PaymentEvidence {
        /// 1.
        pub version: u8,
        /// The authorisation, compact JWS with a low-s signature.
        pub authorisation: String,
        /// The merchant's order, compact JWS.
        pub order: Option<String>,
        /// What the server knew.
        pub context: Context,
    }
}
