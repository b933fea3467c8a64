//! Many people and payments at once, for measurements on a demonstration's data; no route leads here.
//!
//! ```text
//! policy raised ─▶ people: opened, certificate requested ─▶ signed by the real authority ─▶ issued, active, tap, money
//!                                                             └─▶ desk rows of a finished enrolment, one transaction
//! payments: real signed texts ─▶ the same writer, decided by the same book (signature and session are not looked at)
//! ```
//!
//! Everything that is random elsewhere is drawn from one seed here, so that an interrupted filling goes on where it stopped.

mod append;
mod authority;
mod payments;
mod people;

pub use append::BulkAppend;
pub use payments::BulkPayment;
pub use people::Applicant;

use crate::sessions::Token;
use crate::{Wallet, WalletError, WriterError, display_name};
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Poll;
use yinxin_core::certificate::{Certificate, State};
use yinxin_core::money::AMOUNT_MAX_MINOR;
use yinxin_core::policy::Policy;
use yinxin_core::text::sha256;
use yinxin_core::{
    AccountId, Action, CertificateId, DeviceId, Digest, EnrolmentId, Minor, PersonId, Stamp, Thumbprint,
};

/// What each person begins with, in minor units: enough for more payments than a measurement makes.
const FUNDS_MINOR: u64 = 1_000_000_000;

/// What people made in bulk are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkSeed(pub [u8; 32]);

impl BulkSeed {
    /// The bytes of `what` of person `number`; the same every time.
    #[must_use]
    pub fn draw<const N: usize>(&self, what: &str, number: u32) -> [u8; N] {
        let digest = sha256(&[b"yx/bulk/v1\0", &self.0, what.as_bytes(), b"\0", &number.to_be_bytes()]);
        let mut bytes = [0; N];
        for (byte, drawn) in bytes.iter_mut().zip(digest.as_bytes()) {
            *byte = *drawn;
        }
        bytes
    }

    fn person(&self, number: u32) -> PersonId {
        PersonId::from_bytes(self.draw("person", number))
    }

    fn account(&self, number: u32) -> AccountId {
        AccountId::from_bytes(self.draw("account", number))
    }

    fn certificate(&self, number: u32) -> CertificateId {
        CertificateId::from_bytes(self.draw("certificate", number))
    }

    fn device(&self, number: u32) -> DeviceId {
        DeviceId::from_bytes(self.draw("device", number))
    }

    fn enrolment(&self, number: u32) -> EnrolmentId {
        EnrolmentId::from_bytes(self.draw("enrolment", number))
    }

    fn session(&self, number: u32) -> Token {
        Token::of(&self.draw("session", number))
    }

    fn name(&self, number: u32) -> String {
        const FAMILY: [&str; 16] =
            ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林"];
        const GIVEN: [&str; 16] =
            ["伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明"];
        let [family, first, second] = self.draw::<3>("name", number).map(|byte| usize::from(byte % 16));
        let pick = |list: &[&'static str; 16], at: usize| list.get(at).copied().unwrap_or("林");
        [pick(&FAMILY, family), pick(&GIVEN, first), pick(&GIVEN, second)].concat()
    }
}

/// A person made in bulk, ready to pay.
pub struct BulkPerson {
    /// The person.
    pub person: PersonId,
    /// Their account.
    pub account: AccountId,
    /// Their certificate.
    pub certificate: CertificateId,
    /// SHA-256 of it.
    pub thumbprint: Thumbprint,
    /// The name that payers are shown.
    pub display_name: String,
    /// The cookie of their session.
    pub session: Token,
    /// `seq` of the last text.
    pub seq: u64,
    /// Hash of the last text.
    pub head: Digest,
}

impl Wallet {
    /// Raises every limit of the policy as far as amounts go, by a record.
    ///
    /// # Errors
    /// `NotFound` on live books, as everything here.
    pub async fn bulk_policy(&self) -> Result<(), WalletError> {
        self.refuse_live()?;
        let most = Minor::new(AMOUNT_MAX_MINOR).unwrap_or_default();
        let raised = self.inner.writer.book(|book| {
            book.policy().map(|policy| Policy {
                tap_each: most,
                tap_day: most,
                verified_day: most,
                static_code_day: most,
                protection_each: most,
                protection_day: most,
                balance: most,
                ..policy.clone()
            })
        });
        let policy = raised.ok_or(WalletError::NotFound)?;
        self.submit_own(Action::SetPolicy { policy }).await?;
        Ok(())
    }

    /// Person `number`, when they can pay.
    pub fn bulk_person(&self, seed: &BulkSeed, number: u32) -> Result<Option<BulkPerson>, WalletError> {
        self.refuse_live()?;
        let (person, certificate) = (seed.person(number), seed.certificate(number));
        let found = self.inner.writer.book(|book| book.certificate(&certificate).cloned());
        let Some(found) = found.filter(is_active) else { return Ok(None) };
        Ok(found.thumbprint().map(|thumbprint| BulkPerson {
            person,
            account: found.account,
            certificate,
            thumbprint,
            display_name: display_name(&seed.name(number)),
            session: seed.session(number),
            seq: found.last.seq,
            head: found.last.hash,
        }))
    }

    /// Waits until the views show everything, however long that takes.
    pub async fn bulk_settle(&self) -> Result<(), WalletError> {
        self.refuse_live()?;
        let mut projected = self.inner.projected.clone();
        let records = self.records();
        projected.wait_for(|mark| *mark >= records).await.map_err(|_| WalletError::Busy)?;
        Ok(())
    }

    fn refuse_live(&self) -> Result<(), WalletError> {
        if self.inner.settings.stamp == Stamp::Demo { Ok(()) } else { Err(WalletError::NotFound) }
    }
}

fn is_active(certificate: &Certificate) -> bool {
    matches!(certificate.state, State::Active { .. })
}

/// Polls all once, in order, so that what they ask waits in that order; then waits for each.
async fn in_order<T, F: Future<Output = Result<T, WriterError>>>(
    asked: Vec<F>,
) -> Result<Vec<T>, WriterError> {
    let mut asked: Vec<Pin<Box<F>>> = asked.into_iter().map(Box::pin).collect();
    let mut early: Vec<Option<Result<T, WriterError>>> = Vec::with_capacity(asked.len());
    std::future::poll_fn(|context| {
        for future in asked.iter_mut().skip(early.len()) {
            early.push(match future.as_mut().poll(context) {
                Poll::Ready(answer) => Some(answer),
                Poll::Pending => None,
            });
        }
        Poll::Ready(())
    })
    .await;
    let mut answers = Vec::with_capacity(asked.len());
    for (future, early) in asked.into_iter().zip(early) {
        answers.push(match early {
            Some(answer) => answer?,
            None => pin!(future).await?,
        });
    }
    Ok(answers)
}
