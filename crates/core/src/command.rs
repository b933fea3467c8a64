//! Commands: what the wallet asks the book to do.

use crate::certificate::{Custody, RevocationReason, SuspendedBy};
use crate::codec::{record_enum, record_struct};
use crate::id::{
    AccountId, CertificateId, CommandId, Digest, MerchantId, OrderId, PaymentNumber, PersonId, Serial,
    Thumbprint,
};
use crate::money::{Currency, Minor};
use crate::policy::Policy;
use crate::record::{PaymentKind, Stamp};
use crate::time::Millis;

record_struct! {
    /// A command with what makes it happen once and what is kept as its evidence.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Command {
        /// Made from the caller's Idempotency-Key or the intention on the desk; the same id has one effect for 24 hours.
        pub id: CommandId,
        /// What to do.
        pub action: Action,
        /// Kept beside the record: signed bytes and context; erasable.
        pub evidence: Vec<u8>,
    }
}

record_enum! {
    /// What a command that is not a payment does.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Action {
        /// Writes the first record.
        1 => Genesis {
            /// Demonstration or live.
            stamp: Stamp,
            /// The deployment's origin.
            origin: String,
            /// The account that money is issued from.
            issuance: AccountId,
            /// The account that fees go to.
            fees: AccountId,
            /// The first policy.
            policy: Policy,
        },
        /// Puts a policy in force.
        2 => SetPolicy {
            /// The whole policy.
            policy: Policy,
        },
        /// Names a snapshot of the first `records` records.
        3 => NameSnapshot {
            /// Records that it covers.
            records: u64,
            /// SHA-256 of its bytes.
            hash: Digest,
        },
        /// Accepts a clock that had jumped.
        4 => AcceptClock,
        /// Lets the log go on under another name and key; the link that the old key signed is the evidence.
        5 => ContinueLog {
            /// The log's name from now on.
            name: String,
            /// Its Ed25519 public key.
            key: Digest,
            /// Records that the restored journal held.
            size: u64,
            /// Their root.
            root: Digest,
        },
        /// Opens a person and their account.
        10 => OpenPerson {
            /// The person.
            person: PersonId,
            /// Their account.
            account: AccountId,
        },
        /// Opens a merchant and their account.
        11 => OpenMerchant {
            /// The merchant.
            merchant: MerchantId,
            /// Their account.
            account: AccountId,
        },
        /// Issues money (demonstration only).
        12 => IssueMoney {
            /// The account that receives it.
            account: AccountId,
            /// How much.
            amount: Minor,
        },
        /// Ends every session that a person has.
        13 => EndSessions {
            /// The person.
            person: PersonId,
        },
        /// Switches payment by one tap.
        14 => SetTap {
            /// The person.
            person: PersonId,
            /// On or off.
            enabled: bool,
        },
        /// Reserves a serial, before anything is signed.
        20 => RequestCertificate {
            /// The certificate.
            certificate: CertificateId,
            /// The person, whose factors were verified (evidence).
            person: PersonId,
            /// 16 random bytes, the first bit clear.
            serial: Serial,
            /// SHA-256 of what will be signed.
            to_be_signed: Digest,
            /// How the key is kept.
            custody: Custody,
            /// First moment of validity.
            not_before: Millis,
            /// Last moment of validity.
            not_after: Millis,
            /// A random sequence number; the first signed text carries this plus one.
            first_seq: u64,
            /// Random; the first signed text carries it as `prev`.
            first_prev: Digest,
        },
        /// Says that the certificate was signed.
        21 => RecordIssued {
            /// The certificate.
            certificate: CertificateId,
            /// SHA-256 of it; its DER form is the evidence.
            thumbprint: Thumbprint,
        },
        /// The device signed its test challenge.
        22 => Activate {
            /// The certificate.
            certificate: CertificateId,
        },
        /// Closes a request or a certificate that never came into use.
        23 => Abandon {
            /// The certificate.
            certificate: CertificateId,
        },
        /// Suspends.
        24 => Suspend {
            /// The certificate.
            certificate: CertificateId,
            /// Who asks for it.
            by: SuspendedBy,
        },
        /// Resumes, after password, SMS code and user verification.
        25 => Resume {
            /// The certificate.
            certificate: CertificateId,
        },
        /// Revokes.
        26 => Revoke {
            /// The certificate.
            certificate: CertificateId,
            /// Why.
            reason: RevocationReason,
        },
        /// Counts a PIN try before it is compared; refused with `PinLocked` while it has to wait.
        28 => CountPin {
            /// The certificate.
            certificate: CertificateId,
        },
        /// The counted try was right.
        29 => AcceptPin {
            /// The certificate.
            certificate: CertificateId,
        },
        /// The counted try was wrong; the tenth suspends. Records nothing before that.
        30 => RejectPin {
            /// The certificate.
            certificate: CertificateId,
        },
        /// Closes a number that was never seen, so that new text may be signed.
        31 => VoidPayment {
            /// The certificate.
            certificate: CertificateId,
            /// The number.
            number: PaymentNumber,
        },
        /// A merchant withdraws an order.
        32 => CancelOrder {
            /// The order.
            order: OrderId,
            /// When it expires.
            expires: Millis,
        },
    }
}

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
