//! Checking what the server recorded against what was signed.
//!
//! ```text
//! record's facts = signed text ─▶ leaf entry ─▶ inclusion proof ─▶ root of the checkpoint ─▶ signature of the pinned log key
//! ```

use crate::answers::Acceptance;
use crate::signing::SignedText;
use crate::watch::{Continuity, LogWatch, WatchError};
use yinxin_core::codec::Codec;
use yinxin_core::text::{PayText, TYP_PAY};
use yinxin_core::{Body, CertificateId, Facts, Millis, OrderId, Outcome, PaymentFacts};
use yinxin_pki::{Certificate, Jws};
use yinxin_tlog::{Checkpoint, Hash, VerifyError, leaf_entry, leaf_hash, verify_inclusion};

/// What the record must say, because it was signed.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The signed text as it was sent.
    pub authorisation: &'a SignedText,
    /// The certificate whose key signed.
    pub certificate: CertificateId,
    /// The order, when one is paid.
    pub order: Option<OrderId>,
}

/// Why a record is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The record's bytes are not those of a payment.
    #[error("the record is not a payment")]
    Record,
    /// The signed text kept on this device does not read back.
    #[error("the signed text does not read back")]
    Text,
    /// The signature is not by the given certificate's key.
    #[error("the payer's signature does not hold")]
    Signature,
    /// The record says something else than what was signed; names the first difference.
    #[error("the record differs from what was signed: {0}")]
    Differs(&'static str),
    /// The record is not proven to be in the log.
    #[error("the record is not in the log: {0}")]
    NotIncluded(VerifyError),
    /// The checkpoint is not the pinned log's.
    #[error(transparent)]
    Checkpoint(#[from] WatchError),
}

/// A recorded payment, checked on this device.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// What the payer signed.
    pub authorisation: SignedText,
    /// What the server answered.
    pub acceptance: Acceptance,
    /// Record time.
    pub at: Millis,
    /// What the record says.
    pub facts: PaymentFacts,
    /// The tree head that covers it.
    pub checkpoint: Checkpoint,
    /// How that head is connected to the one known before; filled in by [`crate::Person`].
    pub continuity: Continuity,
}

impl Receipt {
    /// Whether money moved.
    #[must_use]
    pub fn is_posted(&self) -> bool {
        match self.facts.outcome {
            Outcome::Posted { .. } => true,
            Outcome::Refused { .. } => false,
        }
    }

    /// Why the payment was refused: the server's code.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        if self.is_posted() {
            None
        } else {
            Some(self.acceptance.payment.code.as_deref().unwrap_or("refused"))
        }
    }
}

impl Receipt {
    /// Checks the receipt from its parts alone, as somebody would who was not there: the payer's signature under
    /// `certificate`, the record, the inclusion proof, and the checkpoint under the log's key.
    pub fn verify(&self, certificate: &Certificate, log: &LogWatch) -> Result<(), ReceiptError> {
        let text = &self.authorisation;
        let jws = Jws::from_parts(&text.protected, &text.payload, &text.signature, TYP_PAY)
            .map_err(|_| ReceiptError::Text)?;
        let named = jws.header().thumbprint == certificate.thumbprint();
        if !named || jws.verify(certificate.public_key()).is_err() {
            return Err(ReceiptError::Signature);
        }
        let (certificate, order) = (self.facts.certificate, self.facts.order);
        check(self.acceptance.clone(), &Expected { authorisation: text, certificate, order }, log)?;
        Ok(())
    }
}

/// Checks an acceptance against what was signed and against the pinned log. Nothing is kept.
pub fn check(
    acceptance: Acceptance,
    expected: &Expected<'_>,
    log: &LogWatch,
) -> Result<Receipt, ReceiptError> {
    let record = Facts::from_bytes_exact(&acceptance.record.0).map_err(|_| ReceiptError::Record)?;
    let Body::Payment { payment: facts } = record.body else { return Err(ReceiptError::Record) };
    compare(&facts, expected)?;
    let checkpoint = log.open(&acceptance.checkpoint)?;
    let entry = leaf_entry(
        acceptance.opening.as_bytes(),
        &acceptance.record.0,
        acceptance.evidence_digest.as_bytes(),
    );
    let proof: Vec<Hash> = acceptance.proof.iter().map(|hash| Hash(*hash.as_bytes())).collect();
    verify_inclusion(&leaf_hash(&entry), acceptance.index, checkpoint.size, &proof, &checkpoint.root)
        .map_err(ReceiptError::NotIncluded)?;
    Ok(Receipt {
        authorisation: expected.authorisation.clone(),
        acceptance,
        at: record.at,
        facts,
        checkpoint,
        continuity: Continuity::Unproven,
    })
}

fn compare(facts: &PaymentFacts, expected: &Expected<'_>) -> Result<(), ReceiptError> {
    let text = PayText::parse(&expected.authorisation.payload_bytes()).map_err(|_| ReceiptError::Text)?;
    let same = [
        ("number", facts.number == text.number),
        ("text", facts.hash == expected.authorisation.hash()),
        ("certificate", facts.certificate == expected.certificate),
        ("sequence", facts.seq == text.seq),
        ("kind", facts.kind == text.kind),
        ("payer", facts.payer == text.payer),
        ("payee", facts.payee == text.payee),
        ("amount", facts.amount == text.amount),
        ("fee", facts.fee == text.fee),
        ("order", facts.order == expected.order),
    ];
    match same.iter().find(|(_, same)| !same) {
        Some((what, _)) => Err(ReceiptError::Differs(what)),
        None => Ok(()),
    }
}
