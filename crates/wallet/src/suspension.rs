//! Suspension from anywhere, with account and password: no text message, no certificate, no device at hand (rules § 1).

use crate::approval::payment_certificates;
use crate::passwords::Password;
use crate::sessions::Visitor;
use crate::{Wallet, WalletError};
use yinxin_core::certificate::{State, SuspendedBy};
use yinxin_core::{Action, CertificateId, Digest, Refusal};

impl Wallet {
    /// Suspends every payment certificate of whoever these are the account and the password of, at once; how many it suspended.
    /// Tries are counted as those of a log-in are, and an unknown account is answered as a wrong password is.
    ///
    /// # Errors
    /// `Wrong`, `TooManyTries`.
    pub async fn suspend_everything(
        &self,
        visitor: &Visitor,
        login: &str,
        password: &Password,
        intention: Digest,
    ) -> Result<usize, WalletError> {
        let proved = self.prove_password(visitor, login, password).await?;
        let person = proved.person.person;
        let active: Vec<CertificateId> = self.inner.writer.book(|book| {
            payment_certificates(book, &person)
                .filter(|(_, state)| matches!(state, State::Active { .. }))
                .map(|(id, _)| id)
                .collect()
        });
        let mut suspended = 0;
        for certificate in active {
            let action = Action::Suspend { certificate, by: SuspendedBy::Password };
            let evidence = format!(r#"{{"v":1,"person":"{person}","by":"password"}}"#).into_bytes();
            let parts: [&[u8]; 3] = [b"suspend-password", certificate.as_bytes(), intention.as_bytes()];
            match self.submit(&parts, action, evidence).await {
                Ok(_) => suspended += 1,
                // Somebody was faster.
                Err(WalletError::Refused(Refusal::CertificateSuspended | Refusal::CertificateRevoked)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(suspended)
    }
}
