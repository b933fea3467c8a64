//! Commands: what the wallet asks the book to do.

mod payment;

pub use payment::{
    Authorisation, Context, Disclosures, Entry, Method, Opening, OrderTerms, PaymentEvidence, Verification,
};

use crate::certificate::{Custody, Purpose, RevocationReason, Route, SuspendedBy};
use crate::codec::{record_enum, record_struct};
use crate::id::{
    AccountId, CertificateId, CommandId, DeviceId, Digest, EnrolmentId, MerchantId, OrderId, PaymentNumber,
    PersonId, Serial, Thumbprint,
};
use crate::kit::KitUse;
use crate::money::Minor;
use crate::policy::Policy;
use crate::record::Stamp;
use crate::reissue::{Proof, ReissueContext, Stated, Veto};
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
        /// Reserves a serial on any route but the first, or for a recovery certificate, before anything is signed.
        40 => RequestSuccessor {
            /// The certificate.
            certificate: CertificateId,
            /// The person, whose proof was checked (evidence).
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
            /// What its key may sign.
            purpose: Purpose,
            /// The way on which it is issued.
            route: Route,
            /// The certificate that it takes the place of.
            successor_of: Option<CertificateId>,
            /// Who else can be warned.
            contacts: Contacts,
            /// Accounts that the person paid before, at most 256: the first stage after a loss pays these only.
            paid_before: Vec<AccountId>,
        },
        /// Revokes, and ends the person's sessions on the certificate's device with the same record.
        41 => RevokeOnDevice {
            /// The certificate.
            certificate: CertificateId,
            /// Why.
            reason: RevocationReason,
            /// The device that holds its key.
            device: DeviceId,
        },
        /// Ends the sessions that a person has on one device.
        42 => EndDeviceSessions {
            /// The person.
            person: PersonId,
            /// The device.
            device: DeviceId,
        },
        /// A recovery key was used; its signed text is the evidence.
        60 => UseKit {
            /// The recovery certificate.
            certificate: CertificateId,
            /// What for.
            used_for: KitUse,
        },
        /// Lifts a suspension by somebody else's decision (an operator's, a veto's), whatever its reason.
        43 => Restore {
            /// The certificate.
            certificate: CertificateId,
        },
        /// Opens a reissue whose person was proved; the book decides the route.
        50 => OpenReissue {
            /// The enrolment on the new device.
            reissue: EnrolmentId,
            /// The person.
            person: PersonId,
            /// What proved them.
            proof: Proof,
            /// What they say about the old phone.
            stated: Stated,
            /// What the desk knew.
            context: ReissueContext,
        },
        /// An old device says no.
        51 => VetoReissue {
            /// The reissue.
            reissue: EnrolmentId,
            /// The person.
            person: PersonId,
            /// The old device's certificate.
            certificate: CertificateId,
            /// How it said so.
            veto: Veto,
        },
        /// An old device says yes.
        52 => AcknowledgeReissue {
            /// The reissue.
            reissue: EnrolmentId,
            /// The person.
            person: PersonId,
            /// The old device's certificate.
            certificate: CertificateId,
        },
        /// Closes a reissue whose certificate nobody fetched.
        53 => GiveUpReissue {
            /// The reissue.
            reissue: EnrolmentId,
            /// The person.
            person: PersonId,
        },
    }
}

record_enum! {
    /// Who can be warned of a reissue beside the phone number that it is proved with.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Contacts {
        /// Nobody.
        1 => PhoneOnly,
        /// Another contact.
        2 => Another,
    }
}
