//! Payments: from the signed text to the recorded outcome with its proof.

use crate::ledger::{Tiles, hashes};
use crate::projector;
use crate::verification::VerificationProof;
use crate::writer::Committed;
use crate::{PaymentLine, SessionContext, SignedText, Wallet, WalletError, WriterError};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use yinxin_core::codec::Codec;
use yinxin_core::command::PaymentEvidence;
use yinxin_core::text::{PayText, PayeeName, TYP_PAY, is_displayable, memo_commitment, name_commitment};
use yinxin_core::{
    Action, Authorisation, CertificateId, Context, Digest, Entry, Millis, Outcome, PaymentKind,
    PaymentNumber, PersonId, Refusal, Thumbprint,
};
use yinxin_pki::{Certificate, Jws, PublicKey};
use yinxin_store::desk::{DisclosureRow, Opening};
use yinxin_tlog::inclusion_proof;

/// How long a read waits for the views to show what the caller wrote (house, law 12).
const READ_WAIT_MS: u64 = 2_000;
/// Certificates whose keys are kept parsed.
const CACHE_MAX: usize = 100_000;
/// Characters of a memo.
const MEMO_MAX_CHARS: usize = 40;

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
}

/// What a void came to.
#[derive(Debug, Clone)]
pub enum Voided {
    /// The number is closed; new text may be signed.
    Closed,
    /// The authorisation had been recorded.
    Recorded(Box<Acceptance>),
}

/// A certificate's immutable facts.
#[derive(Clone)]
pub(crate) struct KnownCertificate {
    pub(crate) id: CertificateId,
    pub(crate) person: PersonId,
    pub(crate) key: PublicKey,
}

/// Immutable facts of certificates by thumbprint, parsed when first used. Their state is never kept here.
#[derive(Default)]
pub(crate) struct CertificateCache(RwLock<HashMap<Thumbprint, Arc<KnownCertificate>>>);

impl Wallet {
    /// Takes an authorisation: checks the signature, lets the book decide, answers with the proof. The same bytes again get
    /// the same answer. A recorded refusal is an [`Acceptance`] with its reason; an unrecorded one is an error.
    pub async fn pay(&self, session: &SessionContext, new: NewPayment) -> Result<Acceptance, WalletError> {
        let jws = new.authorisation.read(TYP_PAY)?.normalised();
        let known = self.known_certificate(Thumbprint::from_bytes(jws.header().thumbprint)).await?;
        if known.person != session.person {
            return Err(WalletError::CertificateForeign);
        }
        jws.verify(&known.key)?;
        let text = PayText::parse(jws.payload())?;
        if text.audience != self.inner.settings.origin {
            return Err(WalletError::AudienceMismatch);
        }
        let authorisation = match self.authorisation(session, &known, &jws, &text, &new) {
            Ok(authorisation) => authorisation,
            Err(error) => return self.as_before(session, &text, &jws).await?.ok_or(error),
        };
        match self.inner.writer.pay(authorisation).await {
            Ok(committed) => self.proven(session, &committed).await,
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
        self.settle_all().await?;
        let row =
            self.inner.store.views.payment(&session.account, &number)?.ok_or(WalletError::PaymentUnseen)?;
        let committed = self.inner.writer.load(row.index)?.ok_or(WalletError::PaymentUnseen)?;
        self.acceptance(session, &committed).await
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
        self.settle_all().await?;
        if self.inner.store.views.payment(&session.account, &number)?.is_some() {
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

    /// The certificate with this thumbprint: its immutable facts, from memory after the first use.
    pub(crate) async fn known_certificate(
        &self,
        thumbprint: Thumbprint,
    ) -> Result<Arc<KnownCertificate>, WalletError> {
        let cache = &self.inner.certificates.0;
        if let Some(known) = cache.read().unwrap_or_else(PoisonError::into_inner).get(&thumbprint) {
            return Ok(Arc::clone(known));
        }
        let found = self.inner.writer.book(|book| {
            let id = *book.certificate_by_thumbprint(&thumbprint)?;
            book.certificate(&id).map(|certificate| (id, certificate.person))
        });
        let Some((id, person)) = found else {
            let merchants = self.inner.store.desk.read(|desk| desk.merchant_by_thumbprint(thumbprint))?;
            return Err(
                merchants.map_or(WalletError::CertificateUnknown, |_| WalletError::CertificateWrongPurpose)
            );
        };
        let certificate = self.signed_certificate(id).await?;
        // The book names the certificate; a changed row must not put another key in its place.
        if certificate.thumbprint() != *thumbprint.as_bytes() {
            return Err(WalletError::Failed("a certificate is not the one that the book names".to_owned()));
        }
        let known = Arc::new(KnownCertificate { id, person, key: certificate.public_key().clone() });
        let mut kept = cache.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= CACHE_MAX {
            kept.clear();
        }
        kept.insert(thumbprint, Arc::clone(&known));
        Ok(known)
    }

    /// A certificate as it was signed: the evidence of the record that says so.
    pub(crate) async fn signed_certificate(&self, id: CertificateId) -> Result<Certificate, WalletError> {
        let mut issued = self.inner.store.views.issued(&id)?;
        if issued.is_none() {
            self.settle_all().await?;
            issued = self.inner.store.views.issued(&id)?;
        }
        let (index, _) = issued.ok_or(WalletError::CertificateUnknown)?;
        let evidence = self.inner.store.journal.evidence(index)?.ok_or(WalletError::CertificateUnknown)?;
        Certificate::parse(&evidence.bytes).map_err(|error| WalletError::Failed(error.to_string()))
    }

    /// Waits until the views show record `index`.
    pub(crate) async fn settle(&self, index: u64) -> Result<(), WalletError> {
        let reached = projector::reached(&self.inner.projected, index.saturating_add(1), READ_WAIT_MS).await;
        if reached { Ok(()) } else { Err(WalletError::Busy) }
    }

    /// Waits until the views show everything that is committed now.
    pub(crate) async fn settle_all(&self) -> Result<(), WalletError> {
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
        self.settle_all().await?;
        let Some(row) = self.inner.store.views.payment(&session.account, &text.number)? else {
            return Ok(None);
        };
        let Some(committed) = self.inner.writer.load(row.index)? else { return Ok(None) };
        let same =
            committed.facts.payment().is_some_and(|found| found.hash.as_bytes() == &jws.signing_input_hash());
        if same {
            return self.proven(session, &committed).await.map(Some);
        }
        Err(WalletError::Refused(Refusal::NumberReused))
    }

    fn authorisation(
        &self,
        session: &SessionContext,
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
        self.check_place(session, known, text, hash)?;
        self.check_disclosures(text, new)?;
        let verification = match &new.verification {
            Some(proof) => Some(self.verify_text(known.id, hash, proof)?),
            None => None,
        };
        let context = Context { person: session.person, verification, entry };
        let authorisation = jws.to_compact();
        let evidence =
            PaymentEvidence { version: 1, authorisation, order, context: context.clone() }.to_bytes();
        Ok(Authorisation {
            certificate: known.id,
            hash,
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
        })
    }

    /// Refuses cheaply, before anything is kept, what is not the next text of its certificate, and a number used before.
    fn check_place(
        &self,
        session: &SessionContext,
        known: &KnownCertificate,
        text: &PayText,
        hash: Digest,
    ) -> Result<(), WalletError> {
        let last =
            self.inner.writer.book(|book| book.certificate(&known.id).map(|certificate| certificate.last));
        let last = last.ok_or(WalletError::CertificateUnknown)?;
        let next = text.seq == last.seq.saturating_add(1) && text.prev == last.hash;
        // Equal to the last: the same bytes again, or a fork, which the book records.
        if !next && text.seq != last.seq {
            let behind = text.seq < last.seq;
            let refusal = if behind { Refusal::SequenceBehind } else { Refusal::SequenceAhead };
            return Err(WalletError::Refused(refusal));
        }
        let before = self.inner.store.views.payment(&session.account, &text.number)?;
        match before.and_then(|row| self.inner.writer.load(row.index).ok().flatten()) {
            Some(found) if found.facts.payment().is_some_and(|payment| payment.hash != hash) => {
                Err(WalletError::Refused(Refusal::NumberReused))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The names and the memo that were committed to are the ones that people see, and are kept on the desk.
    fn check_disclosures(&self, text: &PayText, new: &NewPayment) -> Result<(), WalletError> {
        let payee = self.payee(text.payee)?;
        let shown = payee.as_ref().map(|payee| payee.display_name.as_str());
        match (&text.payee_name, &new.payee_name) {
            (PayeeName::Merchant(name), None) => {
                if shown.is_some_and(|shown| shown != name) {
                    return Err(WalletError::Refused(Refusal::PayeeMismatch));
                }
            }
            (PayeeName::Person(commitment), Some(opening)) => {
                if name_commitment(&opening.salt, &opening.text) != *commitment {
                    return Err(WalletError::DisclosureMismatch);
                }
                if shown.is_some_and(|shown| shown != opening.text) {
                    return Err(WalletError::Refused(Refusal::PayeeMismatch));
                }
            }
            (PayeeName::Merchant(_), Some(_)) | (PayeeName::Person(_), None) => {
                return Err(WalletError::DisclosureMismatch);
            }
        }
        let memo_fits = match (&text.memo, &new.memo) {
            (None, None) => true,
            (Some(commitment), Some(opening)) => {
                is_displayable(&opening.text)
                    && opening.text.chars().count() <= MEMO_MAX_CHARS
                    && memo_commitment(&opening.salt, &opening.text) == *commitment
            }
            (None, Some(_)) | (Some(_), None) => false,
        };
        if memo_fits { self.keep_disclosures(text.number, new) } else { Err(WalletError::DisclosureMismatch) }
    }

    fn keep_disclosures(&self, number: PaymentNumber, new: &NewPayment) -> Result<(), WalletError> {
        let opening =
            |disclosure: &Disclosure| Opening { salt: disclosure.salt, text: disclosure.text.clone() };
        let row = DisclosureRow {
            payment: number,
            payee_name: new.payee_name.as_ref().map(opening),
            memo: new.memo.as_ref().map(opening),
        };
        let empty = row.payee_name.is_none() && row.memo.is_none();
        let kept = match self.inner.store.desk.read(|desk| desk.disclosure(number))? {
            Some(known) => known == row,
            None if empty => true,
            None => self.inner.store.desk.write(|desk| match desk.disclosure(number)? {
                Some(known) => Ok(known == row),
                None => desk.insert_disclosure(&row).map(|()| true),
            })?,
        };
        if kept { Ok(()) } else { Err(WalletError::Refused(Refusal::NumberReused)) }
    }

    /// The answer to what is recorded. Whatever fails now, the record stands: its answer is only not known yet.
    async fn proven(
        &self,
        session: &SessionContext,
        committed: &Committed,
    ) -> Result<Acceptance, WalletError> {
        self.acceptance(session, committed).await.map_err(|error| {
            tracing::warn!(%error, index = committed.index, "a recorded payment was not answered");
            WalletError::ResultPending
        })
    }

    async fn acceptance(
        &self,
        session: &SessionContext,
        committed: &Committed,
    ) -> Result<Acceptance, WalletError> {
        let facts = committed.facts.payment().ok_or(WalletError::PaymentUnseen)?;
        let payer = facts.payer == session.account;
        let index = committed.index;
        let balance = match (payer, committed.balance) {
            (false, _) => None,
            (true, Some(balance)) => Some(balance),
            (true, None) => {
                self.settle(index).await?;
                self.inner.store.views.payment_at(index)?.and_then(|row| row.payer_balance)
            }
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
            payment: self.line_of(session, committed, facts)?,
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
        })
    }
}
