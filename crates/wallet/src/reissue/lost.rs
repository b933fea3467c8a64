//! What follows a reissue of a lost phone once its protection is over: nobody stays signed in on that phone.

use crate::{Wallet, WalletError};
use yinxin_core::certificate::{RevocationReason, State};
use yinxin_core::{Action, CertificateId, DeviceId, Millis, PersonId};

impl Wallet {
    /// Signs the people out on their lost phones, which are strangers' from then on. The book revokes the certificate by itself
    /// and knows no device; whoever finds the phone again later and proves themselves there is left alone.
    pub(crate) async fn leave_lost_phones(&self) -> Result<(), WalletError> {
        let revoked: Vec<(PersonId, CertificateId, Millis)> = self.inner.writer.book(|book| {
            let olds =
                book.reissues_done().flat_map(|(person, case)| case.olds.iter().map(move |id| (person, *id)));
            olds.filter_map(|(person, id)| match book.certificate(&id)?.state {
                State::Revoked { reason: RevocationReason::KeyCompromise, since, .. } => {
                    Some((person, id, since))
                }
                State::Revoked { .. }
                | State::Requested
                | State::Issued { .. }
                | State::Active { .. }
                | State::Suspended { .. }
                | State::Abandoned
                | State::Expired { .. }
                | State::Superseded { .. } => None,
            })
            .collect()
        });
        for (person, certificate, since) in revoked {
            let known = self.inner.store.desk.read(|tx| {
                let Some(row) = tx.issuance(certificate)? else { return Ok(None) };
                Ok(tx.known_since(person, row.device)?.filter(|at| *at <= since).map(|_| row.device))
            })?;
            if let Some(device) = known
                && self.living_on(person, device)?.is_empty()
            {
                self.leave_lost_phone(person, certificate, device).await?;
            }
        }
        Ok(())
    }

    async fn leave_lost_phone(
        &self,
        person: PersonId,
        certificate: CertificateId,
        device: DeviceId,
    ) -> Result<(), WalletError> {
        let action = Action::EndDeviceSessions { person, device };
        self.submit(&[b"lost-phone", certificate.as_bytes()], action, Vec::new()).await?;
        self.inner.store.desk.write(|tx| {
            tx.delete_sessions_on(person, device)?;
            tx.forget_device(person, device)
        })?;
        self.inner.sessions.forget_where(|known| known.on(person, device));
        if let Some(account) = self.inner.writer.book(|book| book.person(&person).map(|found| found.account))
        {
            self.tell_session_ended(account);
        }
        Ok(())
    }
}
