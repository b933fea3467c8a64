//! Why a command was refused: stable codes, with what a person needs to know.

use crate::codec::record_enum;
use crate::money::Minor;
use crate::time::Millis;

record_enum! {
    /// A reason, as stored in a record and as answered. Amounts are minor units.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Refusal {
        /// The certificate is not in the book.
        1 => CertificateUnknown,
        /// The certificate belongs to another person or pays from another account.
        2 => CertificateForeign,
        /// Requested or issued, but never activated; or abandoned.
        3 => CertificateNotActive,
        /// Suspended.
        4 => CertificateSuspended,
        /// Revoked.
        5 => CertificateRevoked,
        /// Past its validity.
        6 => CertificateExpired,
        /// The person has as many certificates as the policy allows.
        7 => CertificateTooMany,
        /// The step does not exist in the certificate's present state.
        8 => CertificateState,
        /// Its successor took its place.
        9 => CertificateSuperseded,
        /// The signed text's `exp` has passed, or lies too far ahead.
        10 => PaymentExpired,
        /// The sequence number was used before.
        11 => SequenceBehind,
        /// The sequence number or the previous hash is not the next one.
        12 => SequenceAhead,
        /// The last sequence number was signed again with another number.
        13 => Forked,
        /// The number was recorded with other bytes.
        14 => NumberReused,
        /// The number was closed before it was seen.
        15 => Voided,
        /// The payer is not the certificate's account.
        16 => PayerMismatch,
        /// Payer and payee are the same account.
        17 => PayeeSelf,
        /// No account of that id may be paid.
        18 => PayeeUnknown,
        /// The payee is not the order's.
        19 => PayeeMismatch,
        /// The amount is not the order's, or is zero.
        20 => AmountMismatch,
        /// The currency is not the account's.
        21 => CurrencyMismatch,
        /// The fee is not the schedule's.
        22 => FeeMismatch {
            /// The fee that would be right.
            fee: Minor
        },
        /// The hash of the order is not the order's.
        23 => OrderMismatch,
        /// The order's time has passed.
        24 => OrderExpired,
        /// The order has been paid.
        25 => OrderPaid,
        /// The merchant cancelled the order.
        26 => OrderCancelled,
        /// The account has less than amount and fee.
        27 => InsufficientFunds,
        /// User verification of this payment is needed.
        28 => VerificationRequired,
        /// A tap would pass the day's limit for taps.
        30 => LimitTapDay {
            /// What is left today.
            left: Minor
        },
        /// The day's agreed limit would be passed.
        31 => LimitDay {
            /// What is left today.
            left: Minor
        },
        /// More than one payment may be during the protection period.
        32 => LimitProtectionEach {
            /// The most that one payment may be.
            left: Minor,
            /// When the protection ends.
            until: Millis
        },
        /// The protection period's limit for the day would be passed.
        33 => LimitProtectionDay {
            /// What is left today.
            left: Minor
        },
        /// The day's limit for static codes would be passed.
        34 => LimitStaticCodeDay {
            /// What is left today.
            left: Minor
        },
        /// The payee's account would hold more than it may.
        35 => LimitBalance,
        /// After a reissue nothing is debited for a while.
        36 => LimitProtectionWait {
            /// When debits begin.
            until: Millis
        },
        /// After a reissue only merchants that were paid before may be paid for a while.
        37 => LimitProtectionPayee {
            /// When that ends.
            until: Millis
        },
        /// The sum of a stage of the protection period would be passed.
        38 => LimitProtectionStage {
            /// What is left in this stage.
            left: Minor,
            /// When the stage ends.
            until: Millis
        },
        /// While a reissued certificate is protected, no limit is changed and no device added.
        39 => LimitProtectionChange {
            /// When that ends.
            until: Millis
        },
        /// The PIN is locked.
        40 => PinLocked {
            /// When the next try is possible.
            until: Millis
        },
        /// The id is taken, or the thing it names does not exist.
        41 => Conflict,
        /// The journal has no first record, or has one already.
        42 => Genesis,
        /// The certificate's key may not sign this.
        43 => CertificateWrongPurpose,
        /// A certificate is renewed from two thirds of its validity.
        44 => RenewalEarly {
            /// From then.
            from: Millis
        },
        /// The time in which an expired certificate could be renewed is over.
        45 => GraceOver,
        /// The person has no such reissue.
        50 => ReissueUnknown,
        /// The reissue is over: it ended, was vetoed or given up.
        51 => ReissueOver,
        /// An earlier reissue waits for the recovery kit or for operators.
        52 => ReissueDisputed,
        /// A kit does not count as a proof yet.
        60 => KitYoung {
            /// From then it does.
            until: Millis
        },
    }
}

impl Refusal {
    /// The stable problem code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CertificateUnknown => "certificate.unknown",
            Self::CertificateForeign => "certificate.foreign",
            Self::CertificateNotActive | Self::CertificateState => "certificate.not_active",
            Self::CertificateSuspended => "certificate.suspended",
            Self::CertificateRevoked => "certificate.revoked",
            Self::CertificateSuperseded => "certificate.superseded",
            Self::CertificateWrongPurpose => "certificate.wrong_purpose",
            Self::RenewalEarly { .. } => "certificate.renewal_early",
            Self::KitYoung { .. } => "kit.too_young",
            Self::GraceOver => "certificate.grace_over",
            Self::ReissueOver => "reissue.over",
            Self::ReissueDisputed => "reissue.disputed",
            Self::CertificateExpired => "certificate.expired",
            Self::CertificateTooMany => "certificate.too_many",
            Self::PaymentExpired => "payment.expired",
            Self::SequenceBehind => "payment.sequence_behind",
            Self::SequenceAhead => "payment.sequence_ahead",
            Self::Forked => "payment.forked",
            Self::NumberReused => "payment.number_reused",
            Self::Voided => "payment.voided",
            Self::PayerMismatch => "payment.payer_mismatch",
            Self::PayeeSelf => "payment.self",
            Self::PayeeUnknown => "payment.payee_unknown",
            Self::PayeeMismatch => "payment.payee_mismatch",
            Self::AmountMismatch => "payment.amount_mismatch",
            Self::CurrencyMismatch => "payment.currency_mismatch",
            Self::FeeMismatch { .. } => "payment.fee_mismatch",
            Self::OrderMismatch => "order.mismatch",
            Self::OrderExpired => "order.expired",
            Self::OrderPaid => "order.paid",
            Self::OrderCancelled => "order.cancelled",
            Self::InsufficientFunds => "payment.insufficient_funds",
            Self::VerificationRequired => "payment.verification_required",
            Self::LimitTapDay { .. } => "limit.tap_day",
            Self::LimitDay { .. } => "limit.day",
            Self::LimitProtectionEach { .. } => "limit.protection_each",
            Self::LimitProtectionDay { .. } => "limit.protection_day",
            Self::LimitProtectionWait { .. } => "limit.protection_wait",
            Self::LimitProtectionPayee { .. } => "limit.protection_payee",
            Self::LimitProtectionStage { .. } => "limit.protection_stage",
            Self::LimitProtectionChange { .. } => "limit.protection_change",
            Self::LimitStaticCodeDay { .. } => "limit.static_code_day",
            Self::LimitBalance => "limit.balance",
            Self::PinLocked { .. } => "verify.too_many_tries",
            Self::ReissueUnknown | Self::Conflict => "request.not_found",
            Self::Genesis => "service.busy",
        }
    }
}
