//! Where a certificate stands, and every step from one state to the next.

use super::{RevocationReason, SuspendedBy};
use crate::codec::record_enum;
use crate::id::Thumbprint;
use crate::refusal::Refusal;
use crate::time::Millis;

record_enum! {
    /// Where a certificate stands; each variant holds what is true in it only.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum State {
        /// The serial is reserved and what will be signed is on record.
        1 => Requested,
        /// Signed; the device has not proved that it holds the key.
        2 => Issued {
            /// SHA-256 of the certificate.
            thumbprint: Thumbprint
        },
        /// May sign what its purpose allows.
        3 => Active {
            /// SHA-256 of the certificate.
            thumbprint: Thumbprint
        },
        /// May sign nothing that moves money.
        4 => Suspended {
            /// SHA-256 of the certificate.
            thumbprint: Thumbprint,
            /// Who did it.
            by: SuspendedBy,
            /// Since when.
            since: Millis
        },
        /// Final.
        5 => Revoked {
            /// SHA-256 of the certificate.
            thumbprint: Thumbprint,
            /// Why.
            reason: RevocationReason,
            /// Since when.
            since: Millis
        },
        /// Never came into use.
        6 => Abandoned,
        /// Its validity passed.
        7 => Expired {
            /// SHA-256 of the certificate.
            thumbprint: Thumbprint,
            /// Who had suspended it, where it ended suspended: no period of grace lifts that.
            held: Option<SuspendedBy>
        },
        /// Its successor took its place.
        8 => Superseded {
            /// SHA-256 of the certificate.
            thumbprint: Thumbprint,
            /// Since when.
            since: Millis
        },
    }
}

impl State {
    /// After the certificate was signed.
    pub const fn issued(self, thumbprint: Thumbprint) -> Result<Self, Refusal> {
        match self {
            Self::Requested => Ok(Self::Issued { thumbprint }),
            Self::Issued { .. }
            | Self::Active { .. }
            | Self::Suspended { .. }
            | Self::Revoked { .. }
            | Self::Abandoned
            | Self::Expired { .. }
            | Self::Superseded { .. } => Err(Refusal::CertificateState),
        }
    }

    /// After the device signed its test challenge.
    pub const fn activated(self) -> Result<Self, Refusal> {
        match self {
            Self::Issued { thumbprint } => Ok(Self::Active { thumbprint }),
            Self::Requested
            | Self::Active { .. }
            | Self::Suspended { .. }
            | Self::Revoked { .. }
            | Self::Abandoned
            | Self::Expired { .. }
            | Self::Superseded { .. } => Err(Refusal::CertificateState),
        }
    }

    /// After nobody fetched or proved it.
    pub const fn abandoned(self) -> Result<Self, Refusal> {
        match self {
            Self::Requested | Self::Issued { .. } => Ok(Self::Abandoned),
            Self::Active { .. }
            | Self::Suspended { .. }
            | Self::Revoked { .. }
            | Self::Abandoned
            | Self::Expired { .. }
            | Self::Superseded { .. } => Err(Refusal::CertificateState),
        }
    }

    /// After a suspension.
    pub const fn suspended(self, by: SuspendedBy, since: Millis) -> Result<Self, Refusal> {
        match self {
            Self::Active { thumbprint } => Ok(Self::Suspended { thumbprint, by, since }),
            Self::Suspended { .. } => Err(Refusal::CertificateSuspended),
            Self::Revoked { .. } => Err(Refusal::CertificateRevoked),
            Self::Superseded { .. } => Err(Refusal::CertificateSuperseded),
            Self::Expired { .. } => Err(Refusal::CertificateExpired),
            Self::Requested | Self::Issued { .. } | Self::Abandoned => Err(Refusal::CertificateNotActive),
        }
    }

    /// After its owner proved again who they are, where the reason of the suspension lets them.
    pub const fn resumed(self) -> Result<Self, Refusal> {
        match self {
            Self::Suspended { thumbprint, by, .. } if by.is_lifted_by_the_person() => {
                Ok(Self::Active { thumbprint })
            }
            Self::Suspended { .. } => Err(Refusal::CertificateSuspended),
            Self::Requested
            | Self::Issued { .. }
            | Self::Active { .. }
            | Self::Revoked { .. }
            | Self::Abandoned
            | Self::Expired { .. }
            | Self::Superseded { .. } => self.restored(),
        }
    }

    /// After somebody else decided that it may sign again, whatever the suspension's reason: an operator, or a veto.
    pub const fn restored(self) -> Result<Self, Refusal> {
        match self {
            Self::Suspended { thumbprint, .. } => Ok(Self::Active { thumbprint }),
            Self::Revoked { .. } => Err(Refusal::CertificateRevoked),
            Self::Superseded { .. } => Err(Refusal::CertificateSuperseded),
            Self::Expired { .. } => Err(Refusal::CertificateExpired),
            Self::Requested | Self::Issued { .. } | Self::Active { .. } | Self::Abandoned => {
                Err(Refusal::CertificateState)
            }
        }
    }

    /// After a revocation.
    pub const fn revoked(self, reason: RevocationReason, since: Millis) -> Result<Self, Refusal> {
        match self {
            Self::Issued { thumbprint }
            | Self::Active { thumbprint }
            | Self::Suspended { thumbprint, .. } => Ok(Self::Revoked { thumbprint, reason, since }),
            Self::Revoked { .. } => Err(Refusal::CertificateRevoked),
            Self::Superseded { .. } => Err(Refusal::CertificateSuperseded),
            Self::Expired { .. } => Err(Refusal::CertificateExpired),
            Self::Requested | Self::Abandoned => Err(Refusal::CertificateState),
        }
    }

    /// After `notAfter`.
    pub const fn expired(self) -> Result<Self, Refusal> {
        match self {
            Self::Issued { thumbprint } | Self::Active { thumbprint } => {
                Ok(Self::Expired { thumbprint, held: None })
            }
            Self::Suspended { thumbprint, by, .. } => Ok(Self::Expired { thumbprint, held: Some(by) }),
            Self::Requested
            | Self::Revoked { .. }
            | Self::Abandoned
            | Self::Expired { .. }
            | Self::Superseded { .. } => Err(Refusal::CertificateState),
        }
    }

    /// After its successor became active.
    pub const fn superseded(self, since: Millis) -> Result<Self, Refusal> {
        match self {
            Self::Active { thumbprint }
            | Self::Suspended { thumbprint, .. }
            | Self::Expired { thumbprint, .. } => Ok(Self::Superseded { thumbprint, since }),
            Self::Revoked { .. } => Err(Refusal::CertificateRevoked),
            Self::Superseded { .. } => Err(Refusal::CertificateSuperseded),
            Self::Requested | Self::Issued { .. } | Self::Abandoned => Err(Refusal::CertificateState),
        }
    }
}
