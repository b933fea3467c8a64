//! What the lower limits of a certificate allow at a moment, in words for its owner.

use yinxin_core::certificate::{Certificate, Payees, Protection};
use yinxin_core::{Book, Millis, Minor, Now};

/// The lower limits of a certificate at a moment: which rule, what is left of it, until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProtectionNow {
    /// No debit at all.
    Waits {
        /// Until then.
        until: Millis,
    },
    /// Only merchants that were paid before.
    PaidBefore {
        /// Up to this sum.
        left: Minor,
        /// Until then.
        until: Millis,
    },
    /// Up to a sum.
    Sum {
        /// What is left of it.
        left: Minor,
        /// Until then.
        until: Millis,
    },
    /// Up to an amount each and a sum a day.
    Day {
        /// What is left today.
        left: Minor,
        /// Until then.
        until: Millis,
    },
}

impl ProtectionNow {
    pub(crate) fn of(book: &Book, certificate: &Certificate, now: Now) -> Option<Self> {
        let policy = book.policy().filter(|_| certificate.is_active())?;
        match certificate.protection(now.at) {
            Some(Protection::Waiting { until }) => return Some(Self::Waits { until }),
            Some(Protection::Staged { number, stage, until }) => {
                let left = stage.sum.of(policy).left_after(certificate.spent_in(number));
                return Some(match stage.payees {
                    Payees::PaidBefore => Self::PaidBefore { left, until },
                    Payees::Any => Self::Sum { left, until },
                });
            }
            None => {}
        }
        let until = certificate.protected_until;
        let spent = if certificate.spent_day == now.day { certificate.spent } else { Minor::ZERO };
        let left = policy.protection_day.left_after(spent);
        (now.at < until).then_some(Self::Day { left, until })
    }
}
