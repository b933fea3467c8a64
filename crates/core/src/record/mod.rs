//! Facts: what one journal record says, permanently. They alone feed `apply`.

mod payment;

pub use payment::{Outcome, PaymentFacts, PaymentKind, VerificationLevel};

use crate::certificate::{Custody, Purpose, RevocationReason, Route, SuspendedBy};
use crate::codec::{Codec, CodecError, Reader, record_enum};
use crate::id::{
    AccountId, CertificateId, CommandId, DeviceId, Digest, EnrolmentId, MerchantId, OrderId, PaymentNumber,
    PersonId, Serial, Thumbprint,
};
use crate::kit::KitUse;
use crate::money::Minor;
use crate::policy::Policy;
use crate::reissue::{Proof, Stated, Veto, Vetoed};
use crate::time::{Day, Millis};

/// Version of the binary form; a reader refuses every other one.
const VERSION: u8 = 1;

record_enum! {
    /// Demonstration or real money; never mixed (rules § 12).
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Stamp {
        /// Play money of a demonstration.
        1 => Demo,
        /// Real.
        2 => Live,
    }
}

record_enum! {
    /// The kinds of record.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Body {
        /// The first record.
        1 => Genesis {
            /// Demonstration or live.
            stamp: Stamp,
            /// The deployment's origin; keys and signed texts are bound to it.
            origin: String,
            /// The account that money is issued from.
            issuance: AccountId,
            /// The account that fees go to.
            fees: AccountId,
            /// The first policy.
            policy: Policy
        },
        /// A policy took effect.
        2 => PolicySet {
            /// The whole policy.
            policy: Policy
        },
        /// The newest snapshot; a start trusts no other.
        3 => SnapshotTaken {
            /// Records that the snapshot covers.
            records: u64,
            /// SHA-256 of its bytes.
            hash: Digest
        },
        /// The clock was accepted by the operator after it had jumped.
        4 => ClockAccepted,
        /// The log goes on under another name and key, after a restore (house, law 13).
        5 => LogContinued {
            /// The log's name from now on.
            name: String,
            /// Its Ed25519 public key.
            key: Digest,
            /// Records that the restored journal held.
            size: u64,
            /// Their root, as the old key had signed it.
            root: Digest
        },
        /// A person and their account.
        10 => PersonOpened {
            /// The person.
            person: PersonId,
            /// Their account.
            account: AccountId
        },
        /// A merchant and their account.
        11 => MerchantOpened {
            /// The merchant.
            merchant: MerchantId,
            /// Their account.
            account: AccountId
        },
        /// Money was issued to an account (demonstration only).
        12 => MoneyIssued {
            /// The account.
            account: AccountId,
            /// How much.
            amount: Minor
        },
        /// A person's sessions of earlier epochs ended.
        13 => SessionsEnded {
            /// The person.
            person: PersonId,
            /// The epoch from now on.
            epoch: u32
        },
        /// Payment by one tap was switched on or off.
        14 => TapSet {
            /// The person.
            person: PersonId,
            /// On or off.
            enabled: bool
        },
        /// A serial was reserved for a request whose owner was verified.
        20 => CertificateRequested {
            /// The certificate.
            certificate: CertificateId,
            /// The person.
            person: PersonId,
            /// The serial.
            serial: Serial,
            /// SHA-256 of what will be signed.
            to_be_signed: Digest,
            /// How the key is kept.
            custody: Custody,
            /// First moment of validity.
            not_before: Millis,
            /// Last moment of validity.
            not_after: Millis,
            /// The sequence number before the first.
            first_seq: u64,
            /// The `prev` of the first signed text.
            first_prev: Digest
        },
        /// The certificate was signed.
        21 => CertificateIssued {
            /// The certificate.
            certificate: CertificateId,
            /// SHA-256 of it.
            thumbprint: Thumbprint
        },
        /// The device proved that it holds the key.
        22 => CertificateActivated {
            /// The certificate.
            certificate: CertificateId,
            /// End of its protection period.
            protected_until: Millis
        },
        /// It never came into use.
        23 => CertificateAbandoned {
            /// The certificate.
            certificate: CertificateId
        },
        /// It may sign nothing that moves money.
        24 => CertificateSuspended {
            /// The certificate.
            certificate: CertificateId,
            /// Who did it.
            by: SuspendedBy
        },
        /// It may sign again.
        25 => CertificateResumed {
            /// The certificate.
            certificate: CertificateId,
            /// End of its protection period.
            protected_until: Millis
        },
        /// Final.
        26 => CertificateRevoked {
            /// The certificate.
            certificate: CertificateId,
            /// Why.
            reason: RevocationReason
        },
        /// Its validity passed.
        27 => CertificateExpired {
            /// The certificate.
            certificate: CertificateId
        },
        /// A PIN try was counted, before it was compared.
        28 => PinCounted {
            /// The certificate.
            certificate: CertificateId,
            /// Tries since the last right one.
            failures: u16
        },
        /// The counted try was right.
        29 => PinAccepted {
            /// The certificate.
            certificate: CertificateId
        },
        /// An authorisation and its outcome.
        30 => Payment {
            /// The payment.
            payment: PaymentFacts
        },
        /// A number was closed before any authorisation of it was seen.
        31 => PaymentVoided {
            /// The certificate.
            certificate: CertificateId,
            /// The number.
            number: PaymentNumber,
            /// The sequence number it used up.
            seq: u64,
            /// What the next signed text carries as `prev`.
            hash: Digest
        },
        /// A merchant withdrew an order.
        32 => OrderCancelled {
            /// The order.
            order: OrderId,
            /// When it would have expired.
            expires: Millis
        },
        /// A serial was reserved on any route but the first, or for a recovery certificate.
        33 => SuccessorRequested {
            /// The certificate.
            certificate: CertificateId,
            /// The person.
            person: PersonId,
            /// The serial.
            serial: Serial,
            /// SHA-256 of what will be signed.
            to_be_signed: Digest,
            /// How the key is kept.
            custody: Custody,
            /// First moment of validity.
            not_before: Millis,
            /// Last moment of validity.
            not_after: Millis,
            /// The sequence number before the first.
            first_seq: u64,
            /// The `prev` of the first signed text.
            first_prev: Digest,
            /// What its key may sign.
            purpose: Purpose,
            /// The way on which it is issued.
            route: Route,
            /// The certificate that it takes the place of.
            successor_of: Option<CertificateId>,
            /// How long it pays nothing once it is active.
            wait_ms: i64,
            /// Accounts that were paid before; a first stage pays the merchants among them only.
            paid_before: Vec<AccountId>
        },
        /// The successor is active: it may sign nothing any more.
        34 => CertificateSuperseded {
            /// The certificate.
            certificate: CertificateId,
            /// Its successor.
            by: CertificateId
        },
        /// Final, and the sessions on its device end with the same record.
        35 => CertificateRevokedOnDevice {
            /// The certificate.
            certificate: CertificateId,
            /// Why.
            reason: RevocationReason,
            /// The device.
            device: DeviceId,
            /// Sessions on it are of this epoch from now on.
            epoch: u32
        },
        /// A recovery key was used. No money moves by it.
        50 => KitUsed {
            /// The recovery certificate.
            certificate: CertificateId,
            /// What for.
            used_for: KitUse
        },
        /// A person's sessions on one device ended.
        36 => DeviceSessionsEnded {
            /// The person.
            person: PersonId,
            /// The device.
            device: DeviceId,
            /// Sessions on it are of this epoch from now on.
            epoch: u32
        },
        /// A reissue was opened: its person was proved.
        40 => ReissueOpened {
            /// The enrolment on the new device.
            reissue: EnrolmentId,
            /// The person.
            person: PersonId,
            /// What proved them.
            proof: Proof,
            /// The way.
            route: Route,
            /// What was said about the old phone.
            stated: Stated,
            /// How long the new certificate pays nothing once it is active.
            wait_ms: i64,
            /// The certificates that were live then.
            olds: Vec<CertificateId>
        },
        /// An old device said no.
        41 => ReissueVetoed {
            /// The reissue.
            reissue: EnrolmentId,
            /// The person.
            person: PersonId,
            /// The old device's certificate.
            certificate: CertificateId,
            /// How it said so.
            veto: Veto,
            /// What that did.
            outcome: Vetoed
        },
        /// An old device said yes.
        42 => ReissueAcknowledged {
            /// The reissue.
            reissue: EnrolmentId,
            /// The person.
            person: PersonId,
            /// The old device's certificate.
            certificate: CertificateId
        },
        /// The protection after a reissue is over.
        43 => ReissueEnded {
            /// The reissue.
            reissue: EnrolmentId,
            /// The person.
            person: PersonId
        },
        /// Nobody fetched the certificate of a reissue.
        44 => ReissueGivenUp {
            /// The reissue.
            reissue: EnrolmentId,
            /// The person.
            person: PersonId
        },
    }
}

/// One record's facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Record time.
    pub at: Millis,
    /// The local day of `at`; it feeds the daily counters.
    pub day: Day,
    /// Number of the policy in force.
    pub policy: u32,
    /// The command that caused it; payments have their number instead, timed events nothing.
    pub command: Option<CommandId>,
    /// Index of the previous record of each account and certificate touched, in the order in which the book names them.
    pub previous: Vec<u64>,
    /// What happened.
    pub body: Body,
}

impl Facts {
    /// The payment, where the record is one.
    #[must_use]
    pub const fn payment(&self) -> Option<&PaymentFacts> {
        if let Body::Payment { payment } = &self.body { Some(payment) } else { None }
    }
}

impl Codec for Facts {
    fn encode(&self, out: &mut Vec<u8>) {
        VERSION.encode(out);
        self.at.encode(out);
        self.day.encode(out);
        self.policy.encode(out);
        self.command.encode(out);
        self.previous.encode(out);
        self.body.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        if u8::decode(reader)? != VERSION {
            return Err(CodecError(
                "a record of an unknown version: this program is too old for this journal",
            ));
        }
        Ok(Self {
            at: Codec::decode(reader)?,
            day: Codec::decode(reader)?,
            policy: Codec::decode(reader)?,
            command: Codec::decode(reader)?,
            previous: Codec::decode(reader)?,
            body: Codec::decode(reader)?,
        })
    }
}
