//! Payments: from the signed text to the recorded outcome with its proof.

mod checks;
mod known;

pub(crate) use known::{CertificateCache, KnownCertificate};

use crate::ledger::{Tiles, hashes};
use crate::meters::{Times, micros_since};
use crate::projector;
use crate::records::Memo;
use crate::verification::VerificationProof;
use crate::writer::Committed;
use crate::{PaymentLine, SessionContext, SignedText, Wallet, WalletError, WriterError};
use tokio::time::Instant;
use yinxin_core::codec::Codec;
use yinxin_core::command::{Disclosures, PaymentEvidence};
use yinxin_core::text::{PayText, TYP_PAY};
use yinxin_core::{
    Action, Authorisation, CertificateId, Context, Digest, Entry, Millis, Outcome, PaymentKind,
    PaymentNumber, Refusal, Thumbprint,
};
use yinxin_pki::Jws;
use yinxin_tlog::inclusion_proof;

/// How long a read waits for the views to show what the caller wrote (house, law 12).
const READ_WAIT_MS: u64 = 2_000;

/// The opening of a commitment, as sent beside the signed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// 32 random bytes.
    pub salt: [u8; 32],
    /// The text.
    pub text: String,
}

/// An authorisation as the phone sends it.
#[derive(Debug, Clone)]
pub struct NewPayment {
    /// `yx-pay+jws`.
    pub authorisation: SignedText,
    /// Opening of a person's name.
    pub payee_name: Option<Disclosure>,
    /// Opening of the memo.
    pub memo: Option<Disclosure>,
    /// User verification of this text.
    pub verification: Option<VerificationProof>,
}

/// A recorded outcome with everything that proves it.
#[derive(Debug, Clone)]
pub struct Acceptance {
    /// The payment as its payer sees it.
    pub payment: PaymentLine,
    /// Why it was refused; none when it was posted.
    pub refusal: Option<Refusal>,
    /// Index of the record.
    pub index: u64,
    /// The record's facts, as the leaf commits to them.
    pub record: Vec<u8>,
    /// H(salt ‖ evidence).
    pub evidence_digest: [u8; 32],
    /// The leaf's opening `r`.
    pub opening: [u8; 32],
    /// The evidence's salt, until it is erased.
    pub salt: Option<[u8; 32]>,
    /// The signed checkpoint of the record's batch.
    pub checkpoint: String,
    /// The inclusion proof against that checkpoint.
    pub proof: Vec<[u8; 32]>,
    /// The payer's balance after it, in minor units; none where nothing moved.
    pub balance: Option<i64>,
    /// Where the time of this answer went; nothing where the record is older.
    pub times: Times,
}

/// What a void came to.
#[derive(Debug, Clone)]
pub enum Voided {
    /// The number is closed; new text may be signed.
    Closed,
    /// The authorisation had been recorded.
    Recorded(Box<Acceptance>),
}

/// What the writer decides: a signed text, what the server knew of it, and what is kept beside the record.
pub(crate) fn authorisation_of(
    (jws, text): (&Jws, &PayText),
    certificate: CertificateId,
    context: Context,
    order: Option<String>,
    disclosures: Option<Disclosures>,
) -> Authorisation {
    let authorisation = jws.to_compact();
    let evidence = PaymentEvidence { version: 1, authorisation, order, context: context.clone() }.to_bytes();
    Authorisation {
        certificate,
        hash: Digest::from_bytes(jws.signing_input_hash()),
        number: text.number,
        seq: text.seq,
        prev: text.prev,
        kind: text.kind,
        payer: text.payer,
        payee: text.payee,
        currency: text.currency,
        amount: text.amount,
        fee: text.fee,
        order: text.order,
        issued: Millis::from_seconds(jws.header().iat_s),
        expires: text.expires,
        context,
        evidence,
        disclosures,
    }
}

impl Wallet {
    /// Takes an authorisation: checks the signature, lets the book decide, answers with the proof. The same bytes again get
    /// the same answer. A recorded refusal is an [`Acceptance`] with its reason; an unrecorded one is an error.
    pub async fn pay(&self, session: &SessionContext, new: NewPayment) -> Result<Acceptance, WalletError> {
        let jws = new.authorisation.read(TYP_PAY)?.normalised();
        let known = self.known_certificate(Thumbprint::from_bytes(jws.header().thumbprint)).await?;
        if known.person != session.person {
            return Err(WalletError::CertificateForeign);
        }
        let began = Instant::now();
        jws.verify(&known.key)?;
        let verification_us = micros_since(began);
        let text = PayText::parse(jws.payload())?;
        if text.audience != self.inner.settings.origin {
            return Err(WalletError::AudienceMismatch);
        }
        let authorisation = match self.authorisation(&known, &jws, &text, &new).await {
            Ok(authorisation) => authorisation,
            Err(error) => return self.as_before(session, &text, &jws).await?.ok_or(error),
        };
        match self.inner.writer.pay(authorisation).await {
            Ok(mut committed) => {
                committed.times.verification_us = verification_us;
                let memo = new.memo.map(|opening| opening.text);
                self.proven(session, &committed, Memo::Given(memo))
            }
            // Nothing was recorded now; these bytes may have been recorded before.
            Err(WriterError::Refused(refusal)) => {
                self.as_before(session, &text, &jws).await?.ok_or(WalletError::Refused(refusal))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The final state of a payment number of mine.
    pub async fn payment(
        &self,
        session: &SessionContext,
        number: PaymentNumber,
    ) -> Result<Acceptance, WalletError> {
        self.shown().await?;
        let row = self.payment_row(&session.account, &number)?.ok_or(WalletError::PaymentUnseen)?;
        let committed = self.inner.writer.load(row.index)?.ok_or(WalletError::PaymentUnseen)?;
        self.acceptance(session, &committed, Memo::Kept)
    }

    /// Closes a number of mine that was never seen, so that new text may be signed.
    pub async fn void_payment(
        &self,
        session: &SessionContext,
        certificate: CertificateId,
        number: PaymentNumber,
    ) -> Result<Voided, WalletError> {
        let mine = self
            .inner
            .writer
            .book(|book| book.certificate(&certificate).is_some_and(|c| c.person == session.person));
        if !mine {
            return Err(WalletError::CertificateUnknown);
        }
        self.shown().await?;
        if self.payment_row(&session.account, &number)?.is_some() {
            return self.payment(session, number).await.map(|found| Voided::Recorded(Box::new(found)));
        }
        let action = Action::VoidPayment { certificate, number };
        let intention: [&[u8]; 3] = [b"void", certificate.as_bytes(), number.as_bytes()];
        match self.submit(&intention, action, Vec::new()).await {
            Ok(_) => Ok(Voided::Closed),
            Err(WalletError::Refused(_)) => {
                self.payment(session, number).await.map(|found| Voided::Recorded(Box::new(found)))
            }
            Err(error) => Err(error),
        }
    }

    /// Waits until the views show record `index`.
    pub(crate) async fn settle(&self, index: u64) -> Result<(), WalletError> {
        let reached = projector::reached(&self.inner.projected, index.saturating_add(1), READ_WAIT_MS).await;
        if reached { Ok(()) } else { Err(WalletError::Busy) }
    }

    /// As [`Wallet::settle_all`], where the answer may be a payment that is posted: late views leave it open.
    async fn shown(&self) -> Result<(), WalletError> {
        self.settle_all().await.map_err(|_| WalletError::ResultPending)
    }

    /// Waits until the views show everything that is committed now.
    pub(crate) async fn settle_all(&self) -> Result<(), WalletError> {
        // What another node has recorded counts too.
        self.inner.writer.meet_tail().await?;
        match self.records() {
            0 => Ok(()),
            records => self.settle(records - 1).await,
        }
    }

    /// The answer that these bytes got when they were recorded.
    async fn as_before(
        &self,
        session: &SessionContext,
        text: &PayText,
        jws: &Jws,
    ) -> Result<Option<Acceptance>, WalletError> {
        self.shown().await?;
        let Some(row) = self.payment_row(&session.account, &text.number)? else {
            return Ok(None);
        };
        let Some(committed) = self.inner.writer.load(row.index)? else { return Ok(None) };
        let same =
            committed.facts.payment().is_some_and(|found| found.hash.as_bytes() == &jws.signing_input_hash());
        if same {
            return self.proven(session, &committed, Memo::Kept).map(Some);
        }
        Err(WalletError::Refused(Refusal::NumberReused))
    }

    async fn authorisation(
        &self,
        known: &KnownCertificate,
        jws: &Jws,
        text: &PayText,
        new: &NewPayment,
    ) -> Result<Authorisation, WalletError> {
        let hash = Digest::from_bytes(jws.signing_input_hash());
        let (entry, order) = match (text.kind, text.order) {
            (PaymentKind::Pay, Some(order)) => {
                let (terms, jws) = self.order_terms(order)?;
                (Entry::Order { terms }, Some(jws))
            }
            (PaymentKind::Pay, None) => return Err(WalletError::OrderUnknown),
            (PaymentKind::Transfer, _) => (Entry::Account, None),
        };
        self.check_place(known, text).await?;
        let disclosures = self.check_disclosures(text, new)?;
        let verification = match &new.verification {
            Some(proof) => Some(self.verify_text(known.id, hash, proof)?),
            None => None,
        };
        let context = Context { person: known.person, verification, entry };
        Ok(authorisation_of((jws, text), known.id, context, order, disclosures))
    }

    /// The answer to what is recorded. Whatever fails now, the record stands: its answer is only not known yet.
    fn proven(
        &self,
        session: &SessionContext,
        committed: &Committed,
        memo: Memo,
    ) -> Result<Acceptance, WalletError> {
        self.acceptance(session, committed, memo).map_err(|error| {
            tracing::warn!(%error, index = committed.index, "a recorded payment was not answered");
            WalletError::ResultPending
        })
    }

    fn acceptance(
        &self,
        session: &SessionContext,
        committed: &Committed,
        memo: Memo,
    ) -> Result<Acceptance, WalletError> {
        let facts = committed.facts.payment().ok_or(WalletError::PaymentUnseen)?;
        let index = committed.index;
        let moved = facts.payer == session.account && matches!(facts.outcome, Outcome::Posted { .. });
        let balance = match committed.balance.filter(|_| moved) {
            None if moved => self.balance_after(&facts.payer, index)?,
            balance => balance,
        };
        let proof = self.inner.writer.ledger(|ledger| {
            inclusion_proof(&ledger.tree, &Tiles(&self.inner.store.journal), index, committed.head.size)
        });
        let proof = proof.map_err(|error| WalletError::Failed(error.to_string()))?;
        let salt = match committed.salt {
            Some(salt) => Some(salt),
            None => self.inner.store.journal.evidence(index)?.map(|evidence| evidence.salt),
        };
        Ok(Acceptance {
            payment: self.line_of(session, committed, facts, memo)?,
            refusal: match &facts.outcome {
                Outcome::Posted { .. } => None,
                Outcome::Refused { refusal } => Some(refusal.clone()),
            },
            index,
            record: committed.encoded.clone(),
            evidence_digest: committed.digest,
            opening: committed.opening,
            salt,
            checkpoint: committed.head.note.clone(),
            proof: hashes(proof),
            balance,
            times: committed.times,
        })
    }
}
