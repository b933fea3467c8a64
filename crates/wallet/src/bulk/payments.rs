//! Payments straight to the writer: real texts, real decisions, the evidence of a phone's payment.

use super::in_order;
use crate::payments::{Disclosure, authorisation_of};
use crate::{SignedText, Wallet, WalletError};
use yinxin_core::command::{Disclosures, Opening};
use yinxin_core::text::{PayText, TYP_PAY};
use yinxin_core::{Authorisation, CertificateId, Context, Entry, PersonId};

/// A transfer that somebody signed.
pub struct BulkPayment {
    /// Who pays.
    pub person: PersonId,
    /// With which certificate.
    pub certificate: CertificateId,
    /// `yx-pay+jws`.
    pub text: SignedText,
    /// Opening of the payee's name.
    pub payee_name: Disclosure,
}

impl Wallet {
    /// Hands transfers to the writer together and waits for their records; answers how many were posted.
    ///
    /// # Errors
    /// `NotFound` on live books; an unrecorded refusal.
    pub async fn bulk_pay(&self, payments: Vec<BulkPayment>) -> Result<usize, WalletError> {
        self.refuse_live()?;
        let mut asked = Vec::with_capacity(payments.len());
        for payment in payments {
            asked.push(self.inner.writer.pay(read(payment)?));
        }
        let committed = in_order(asked).await?;
        Ok(committed.iter().filter(|committed| committed.balance.is_some()).count())
    }
}

fn read(payment: BulkPayment) -> Result<Authorisation, WalletError> {
    let jws = payment.text.read(TYP_PAY)?.normalised();
    let text = PayText::parse(jws.payload())?;
    let context = Context { person: payment.person, verification: None, entry: Entry::Account };
    let Disclosure { salt, text: name } = payment.payee_name;
    let disclosures = Disclosures { version: 1, payee_name: Some(Opening { salt, text: name }), memo: None };
    Ok(authorisation_of((&jws, &text), payment.certificate, context, None, Some(disclosures)))
}
