//! Quotes: what a payment would need and whether it would pass now. Advice only; the writer decides.

use crate::payees::Payee;
use crate::{SessionContext, Wallet, WalletError};
use yinxin_core::command::{Method, Verification};
use yinxin_core::{
    AccountId, Authorisation, Book, CertificateId, Context, Decision, Digest, Entry, Millis, Minor, Now,
    OrderId, Outcome, PaymentKind, PaymentNumber, Refusal,
};

/// How long a quote's challenge is good for (rules § 2).
const CHALLENGE_MS: i64 = 120 * Millis::SECOND;

/// What a person asks to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// An order.
    Order(OrderId),
    /// A transfer.
    Transfer {
        /// To whom.
        payee: AccountId,
        /// How much.
        amount: Minor,
    },
}

/// What a payment would need.
#[derive(Debug, Clone)]
pub struct Quote {
    /// The challenge: `iat` of the signed text.
    pub issued: Millis,
    /// `exp` of the signed text.
    pub expires: Millis,
    /// `seq` of the signed text: one more than the certificate's last.
    pub seq: u64,
    /// `prev` of the signed text.
    pub prev: Digest,
    /// The fee.
    pub fee: Minor,
    /// Whether the person must be verified for it.
    pub verification_required: bool,
    /// Who is paid.
    pub payee: Payee,
    /// The payer's account.
    pub payer: AccountId,
    /// What it holds, in minor units.
    pub balance: i64,
    /// Why it would be refused now.
    pub refusal: Option<Refusal>,
}

impl Wallet {
    /// What a payment with this certificate would need.
    pub fn quote(
        &self,
        session: &SessionContext,
        certificate: CertificateId,
        ask: Ask,
    ) -> Result<Quote, WalletError> {
        let now = self.inner.writer.now(self.now());
        let (entry, payee, amount, kind, order) = match ask {
            Ask::Transfer { payee, amount } => (Entry::Account, payee, amount, PaymentKind::Transfer, None),
            Ask::Order(id) => {
                let hash = self.order_row(id)?.hash;
                let (terms, _) = self.order_terms(hash)?;
                let (payee, amount) = (terms.payee, terms.amount);
                (Entry::Order { terms }, payee, amount, PaymentKind::Pay, Some(hash))
            }
        };
        let shown = self.payee(payee)?.ok_or(WalletError::PayeeUnknown)?;
        self.inner.writer.book(|book| {
            let found = book.certificate(&certificate).ok_or(WalletError::CertificateUnknown)?;
            if found.person != session.person {
                return Err(WalletError::CertificateForeign);
            }
            let policy = book.policy().ok_or(WalletError::Busy)?;
            let issued = Millis::from_seconds(now.at.seconds());
            let context = Context { person: session.person, verification: None, entry };
            let fee = policy.fee(kind, amount);
            let draft = Authorisation {
                certificate,
                hash: Digest::from_bytes([0; 32]),
                number: PaymentNumber::from_bytes([0; 16]),
                seq: found.last.seq.saturating_add(1),
                prev: found.last.hash,
                kind,
                payer: found.account,
                payee,
                currency: policy.currency,
                amount,
                fee,
                order,
                issued,
                expires: issued.plus(CHALLENGE_MS),
                context,
                evidence: Vec::new(),
                disclosures: None,
            };
            let (verification_required, refusal) = foresee(book, &draft, now);
            Ok(Quote {
                issued,
                expires: draft.expires,
                seq: draft.seq,
                prev: found.last.hash,
                fee,
                verification_required,
                payee: shown,
                payer: found.account,
                balance: book.account(&found.account).map_or(0, |account| account.balance),
                // What the payee holds is the payee's to know.
                refusal: refusal.filter(|refusal| *refusal != Refusal::LimitBalance),
            })
        })
    }
}

/// Asks the rules what they would say: first to a tap, then to a verified payment.
fn foresee(book: &Book, draft: &Authorisation, now: Now) -> (bool, Option<Refusal>) {
    let refusal = |decision: Decision| match decision {
        Decision::Record(records) => {
            match records.first().and_then(|facts| facts.payment()).map(|payment| &payment.outcome) {
                Some(Outcome::Refused { refusal }) => Some(refusal.clone()),
                Some(Outcome::Posted { .. }) | None => None,
            }
        }
        Decision::Refused(refusal) => Some(refusal),
        Decision::Same(_) => None,
    };
    match refusal(book.decide_payment(draft, now)) {
        Some(Refusal::VerificationRequired | Refusal::LimitTapDay { .. }) => {
            let mut verified = draft.clone();
            verified.context.verification = Some(Verification { method: Method::Passkey, at: now.at });
            (true, refusal(book.decide_payment(&verified, now)))
        }
        other => (false, other),
    }
}
