//! What the key of a recovery kit may be used for, and from when.

use crate::certificate::{Certificate, Purpose, State};
use crate::codec::record_enum;
use crate::refusal::Refusal;
use crate::time::Millis;

record_enum! {
    /// A use of a recovery key. None moves money.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum KitUse {
        /// Its holder showed that the file opens.
        1 => Drill,
        /// It put payment certificates on hold.
        2 => Suspend,
        /// It spoke for a new device's request, beside password and code.
        3 => Reissue,
    }
}

/// A kit counts as a proof this long after it came into use (rules § 5): whoever holds the phone for a moment has made no way back.
pub const PROOF_AFTER_MS: i64 = 24 * Millis::HOUR;

impl Certificate {
    /// From when a kit counts as a proof.
    #[must_use]
    pub const fn proof_from(&self) -> Millis {
        self.activated.plus(PROOF_AFTER_MS)
    }

    /// Whether a recovery key may be used so at `now`; the reason when it may not.
    pub fn may_recover(&self, used_for: KitUse, now: Millis) -> Result<(), Refusal> {
        if self.purpose != Purpose::Recovery {
            return Err(Refusal::CertificateWrongPurpose);
        }
        match self.state {
            State::Requested | State::Issued { .. } | State::Abandoned => Err(Refusal::CertificateNotActive),
            State::Suspended { .. } => Err(Refusal::CertificateSuspended),
            State::Revoked { .. } => Err(Refusal::CertificateRevoked),
            State::Superseded { .. } => Err(Refusal::CertificateSuperseded),
            State::Expired { .. } => Err(Refusal::CertificateExpired),
            State::Active { .. } if now > self.not_after => Err(Refusal::CertificateExpired),
            State::Active { .. } => match used_for {
                KitUse::Reissue if now < self.proof_from() => {
                    Err(Refusal::KitYoung { until: self.proof_from() })
                }
                KitUse::Drill | KitUse::Suspend | KitUse::Reissue => Ok(()),
            },
        }
    }
}
