//! Which accounts and which certificate a record continues.

use super::Book;
use crate::id::{AccountId, CertificateId};
use crate::money::Minor;
use crate::record::{Body, Outcome};

/// The accounts and the certificate whose chain of records a record continues.
pub(super) struct Touched {
    pub(super) accounts: Vec<AccountId>,
    pub(super) certificate: Option<CertificateId>,
}

impl Touched {
    const fn certificate(id: CertificateId) -> Self {
        Self { accounts: Vec::new(), certificate: Some(id) }
    }
}

impl Book {
    pub(super) fn touched(&self, body: &Body) -> Touched {
        match body {
            Body::Payment { payment } => match payment.outcome {
                Outcome::Posted { .. } => {
                    let fees = self.deployment.as_ref().filter(|_| payment.fee > Minor::ZERO).map(|d| d.fees);
                    Touched {
                        accounts: [payment.payer, payment.payee].into_iter().chain(fees).collect(),
                        certificate: Some(payment.certificate),
                    }
                }
                Outcome::Refused { .. } => Touched::certificate(payment.certificate),
            },
            Body::MoneyIssued { account, .. } => Touched {
                accounts: self.deployment.iter().map(|d| d.issuance).chain([*account]).collect(),
                certificate: None,
            },
            Body::CertificateRequested { certificate, .. }
            | Body::CertificateIssued { certificate, .. }
            | Body::CertificateActivated { certificate, .. }
            | Body::CertificateAbandoned { certificate }
            | Body::CertificateSuspended { certificate, .. }
            | Body::CertificateResumed { certificate, .. }
            | Body::CertificateRevoked { certificate, .. }
            | Body::CertificateExpired { certificate }
            | Body::SuccessorRequested { certificate, .. }
            | Body::CertificateSuperseded { certificate, .. }
            | Body::CertificateRevokedOnDevice { certificate, .. }
            | Body::KitUsed { certificate, .. }
            | Body::PinCounted { certificate, .. }
            | Body::PinAccepted { certificate }
            | Body::PaymentVoided { certificate, .. } => Touched::certificate(*certificate),
            Body::Genesis { .. }
            | Body::PolicySet { .. }
            | Body::SnapshotTaken { .. }
            | Body::ClockAccepted
            | Body::LogContinued { .. }
            | Body::PersonOpened { .. }
            | Body::MerchantOpened { .. }
            | Body::SessionsEnded { .. }
            | Body::DeviceSessionsEnded { .. }
            | Body::ReissueOpened { .. }
            | Body::ReissueVetoed { .. }
            | Body::ReissueAcknowledged { .. }
            | Body::ReissueEnded { .. }
            | Body::ReissueGivenUp { .. }
            | Body::TapSet { .. }
            | Body::OrderCancelled { .. } => Touched { accounts: Vec::new(), certificate: None },
        }
    }
}
