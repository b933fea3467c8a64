//! The devices on which a person is known, and signing them out from afar.
//!
//! The record ends the sessions everywhere at once: each is compared with the epoch of its device in the book.

use crate::codes::DeviceKind;
use crate::sessions::{IDLE_MS, SessionContext};
use crate::{Wallet, WalletError};
use yinxin_core::certificate::{Certificate, State};
use yinxin_core::{Action, DeviceId, Digest, Millis, PersonId};
use yinxin_store::desk::DeviceUse;

/// Certificates of one person that are looked through; nobody has so many.
const LOOKED_AT_MAX: u32 = 100;

/// A device as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceView {
    /// Its id.
    pub device: DeviceId,
    /// What it calls itself.
    pub kind: DeviceKind,
    /// Since when the person is known there.
    pub known_at: Millis,
    /// When it was last used by somebody who is signed in there; none when nobody is.
    pub seen_at: Option<Millis>,
    /// It is the one that asks.
    pub is_this: bool,
}

impl Wallet {
    /// The devices on which I am known, the one last used first.
    pub fn devices(&self, session: &SessionContext) -> Result<Vec<DeviceView>, WalletError> {
        let view = |used: DeviceUse| DeviceView {
            device: used.device,
            kind: used.kind,
            known_at: used.known_at,
            seen_at: used.seen_at,
            is_this: used.device == session.device,
        };
        Ok(self.known_devices(session)?.into_iter().map(view).collect())
    }

    /// Signs me out on one other device: its sessions end with the record, and the next log-in there needs a second factor;
    /// unless it holds a certificate and the device that asks has none that speaks for me.
    ///
    /// # Errors
    /// `NotFound` for a device on which I am not known, and for the one that asks.
    pub async fn sign_out_device(
        &self,
        session: &SessionContext,
        device: DeviceId,
        intention: Digest,
    ) -> Result<(), WalletError> {
        let known = self.known_devices(session)?;
        if device == session.device || !known.iter().any(|used| used.device == device) {
            return Err(WalletError::NotFound);
        }
        self.end_device(session, device, intention).await
    }

    /// Signs me out on every other device.
    pub async fn sign_out_others(
        &self,
        session: &SessionContext,
        intention: Digest,
    ) -> Result<(), WalletError> {
        for used in self.known_devices(session)? {
            if used.device != session.device {
                self.end_device(session, used.device, intention).await?;
            }
        }
        Ok(())
    }

    fn known_devices(&self, session: &SessionContext) -> Result<Vec<DeviceUse>, WalletError> {
        let since = self.now().plus(-IDLE_MS);
        Ok(self.inner.store.desk.read(|desk| desk.devices_of(session.person, since))?)
    }

    /// Whether this device holds a certificate that speaks for its person: active, and past the protection of a reissue.
    /// Password and code alone must not be able to end a good phone (rules § 4).
    pub(crate) fn is_at_hand(&self, session: &SessionContext) -> Result<bool, WalletError> {
        let now = self.now();
        let here = self.living_on(session.person, session.device)?;
        Ok(here.iter().any(|held| {
            held.is_active() && (held.route.supersedes_at_once() || held.protection(now).is_none())
        }))
    }

    /// The payment certificates of a person on a device that pay, or could again.
    pub(crate) fn living_on(
        &self,
        person: PersonId,
        device: DeviceId,
    ) -> Result<Vec<Certificate>, WalletError> {
        let rows = self.inner.store.desk.read(|desk| desk.issuances_of_person(person, LOOKED_AT_MAX))?;
        Ok(self.inner.writer.book(|book| {
            let here = rows.iter().filter(|row| row.device == device);
            let found = here.filter_map(|row| book.certificate(&row.certificate));
            found
                .filter(|found| matches!(found.state, State::Active { .. } | State::Suspended { .. }))
                .cloned()
                .collect()
        }))
    }

    async fn end_device(
        &self,
        session: &SessionContext,
        device: DeviceId,
        intention: Digest,
    ) -> Result<(), WalletError> {
        let person = session.person;
        let action = Action::EndDeviceSessions { person, device };
        let evidence = format!(r#"{{"v":1,"person":"{person}","device":"{}"}}"#, session.device).into_bytes();
        self.submit(&[b"sign-out", device.as_bytes(), intention.as_bytes()], action, evidence).await?;
        // A stranger's session must not make the owner's good phone wait for a text message.
        let stays_known = !self.is_at_hand(session)? && !self.living_on(person, device)?.is_empty();
        self.inner.store.desk.write(|tx| {
            tx.delete_sessions_on(person, device)?;
            if stays_known { Ok(()) } else { tx.forget_device(person, device) }
        })?;
        self.inner.sessions.forget_where(|known| known.on(person, device));
        self.tell_session_ended(session.account);
        Ok(())
    }
}
