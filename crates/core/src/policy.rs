//! The policy: limits, fees and the time zone of a deployment. A configuration seeds the first one; later ones are records.

use crate::codec::record_struct;
use crate::money::{Currency, Minor};
use crate::time::Millis;

record_struct! {
    /// Every number that `decide` reads. Amounts are minor units of `currency`.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Policy {
        /// The deployment's one currency.
        pub currency: Currency,
        /// IANA name of the operator's time zone; counters reset at its midnight.
        pub time_zone: String,
        /// Level C: the most one tap pays (rules § 3).
        pub tap_each: Minor,
        /// Level C: the most all taps of a person pay in a local day.
        pub tap_day: Minor,
        /// Level A: the person's agreed limit for a local day, all levels together.
        pub verified_day: Minor,
        /// Level D: the most a person pays to static codes in a local day.
        pub static_code_day: Minor,
        /// Protection after a first certificate (route R1): the most one payment may be.
        pub protection_each: Minor,
        /// Protection after a first certificate: the most a certificate pays in a local day.
        pub protection_day: Minor,
        /// How long the protection lasts, in milliseconds.
        pub protection_ms: i64,
        /// The most that a person's account may hold.
        pub balance: Minor,
        /// The fee on a transfer, in basis points of the amount, rounded half up; paid by the payer.
        pub transfer_fee_bp: u16,
        /// Active payment certificates that a person may have at once.
        pub certificates_per_person: u16,
    }
}

/// A ready-made policy (rules § 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// 200 a tap, 5,000 a day, balance 5,000; the default.
    ClosedLoop,
    /// The classes of 公告〔2015〕43号: agreed 20,000 a day.
    Cn43,
    /// User verification always.
    EuSca,
}

impl Policy {
    /// The policy of a template, where the template knows the currency.
    #[must_use]
    pub fn from_template(template: Template, currency: Currency, time_zone: &str) -> Option<Self> {
        let unit = 10_u64.saturating_pow(currency.exponent());
        let of = |amount: u64| Minor::new(amount.saturating_mul(unit)).unwrap_or(Minor::ZERO);
        let closed_loop = Self {
            currency,
            time_zone: time_zone.to_owned(),
            tap_each: of(200),
            tap_day: of(1_000),
            verified_day: of(5_000),
            static_code_day: of(500),
            protection_each: of(500),
            protection_day: of(1_000),
            protection_ms: Millis::DAY,
            balance: of(5_000),
            transfer_fee_bp: 0,
            certificates_per_person: 3,
        };
        match template {
            Template::ClosedLoop => Some(closed_loop),
            Template::Cn43 if currency == Currency::CNY => {
                Some(Self { verified_day: of(20_000), balance: of(200_000), ..closed_loop })
            }
            Template::EuSca if currency == Currency::EUR => {
                Some(Self { tap_each: Minor::ZERO, tap_day: Minor::ZERO, ..closed_loop })
            }
            Template::Cn43 | Template::EuSca => None,
        }
    }
}
