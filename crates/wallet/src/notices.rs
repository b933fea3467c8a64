//! Telling people (rules § 8): in the app, and by SMS for what they must know even without it.
//!
//! ```text
//! record ─▶ projected ─▶ job: notice + message owed + mark, one write ─▶ list in the app, event     (what a record says)
//! desk write ─▶ the same write: notice + message owed ────────────────▶ list in the app, event     (what only the desk knows)
//!                                            message owed ─▶ handed over ─▶ settled
//! ```
//!
//! A notice's id is a hash of who is told and why: however often a crash makes a cause be seen again, it is told once. A
//! message that was handed over in the moment of a crash may be handed over again; none is lost. Kinds and devices come from
//! closed lists: nothing that anybody typed, and no link, is ever in a text message.

mod record;
mod teller;
mod texts;

pub use yinxin_store::desk::{NoticeKind, NoticeRow};

pub(crate) use record::is_told;
pub(crate) use teller::Teller;

use crate::codes::DeviceKind;
use crate::events::{Change, What};
use crate::people::Phone;
use crate::{SessionContext, Wallet, WalletError};
use yinxin_core::text::sha256;
use yinxin_core::{AccountId, CertificateId, Digest, Millis, PersonId};
use yinxin_store::desk::{DeskError, DeskWrite, PersonRow};

/// Notices that a list shows, newest first.
const LISTED_MAX: u32 = 100;
/// Beyond this the number of unread notices is "many".
pub(crate) const UNREAD_MAX: u32 = 99;

/// Something that a person is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    kind: NoticeKind,
    /// What makes it this one and no other; the same cause is told once.
    cause: Digest,
    certificate: Option<CertificateId>,
    device_kind: Option<DeviceKind>,
    due_at: Option<Millis>,
    /// A number that the person had, or is to have, beside the one on the desk.
    also_to: Option<Phone>,
}

impl Notice {
    /// A notice of this kind because of `cause`: an intention, a challenge, a record's index, whatever happens once.
    pub(crate) fn because(kind: NoticeKind, cause: &[u8]) -> Self {
        let cause = sha256(&[b"yx/notice/v1\0", kind.word().as_bytes(), b"\0", cause]);
        Self { kind, cause, certificate: None, device_kind: None, due_at: None, also_to: None }
    }

    /// It is about this certificate.
    #[must_use]
    pub(crate) fn about(self, certificate: CertificateId) -> Self {
        Self { certificate: Some(certificate), ..self }
    }

    /// It happened on a device of this kind.
    #[must_use]
    pub(crate) fn on(self, device: DeviceKind) -> Self {
        Self { device_kind: Some(device), ..self }
    }

    /// It holds until, or from, this time.
    #[must_use]
    #[expect(dead_code, reason = "reissue, renewal and changes of a phone number name a time")]
    pub(crate) fn due(self, at: Millis) -> Self {
        Self { due_at: Some(at), ..self }
    }

    /// It goes to this number too.
    #[must_use]
    pub(crate) fn also_to(self, phone: Phone) -> Self {
        Self { also_to: Some(phone), ..self }
    }
}

/// Notices as their reader sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notices {
    /// Newest first.
    pub notices: Vec<NoticeRow>,
    /// How many were not read; 99 stands for more.
    pub unread: u32,
}

impl Wallet {
    /// What I was told, newest first.
    pub fn notices(&self, session: &SessionContext) -> Result<Notices, WalletError> {
        Ok(self.inner.store.desk.read(|desk| {
            let notices = desk.notices_of(session.person, LISTED_MAX)?;
            Ok(Notices { notices, unread: desk.notices_unread(session.person, UNREAD_MAX)? })
        })?)
    }

    /// I have seen the notice `newest` and those that were told before it.
    ///
    /// # Errors
    /// `NotFound` when it is not one of mine.
    pub fn read_notices(&self, session: &SessionContext, newest: Digest) -> Result<(), WalletError> {
        let now = self.now();
        let read = self.inner.store.desk.write(|tx| {
            let Some(row) = tx.notice(newest)?.filter(|row| row.person == session.person) else {
                return Ok(None);
            };
            tx.read_notices(session.person, row.told_at, now).map(Some)
        })?;
        if read.ok_or(WalletError::NotFound)? > 0 {
            self.notice_changed(session.account);
        }
        Ok(())
    }

    /// Tells a person of something that is done already and that no later crash can undo. What belongs to a change of the
    /// desk is told inside its write, by [`tell_in`]; what a record says is told by itself.
    #[cfg_attr(not(test), expect(dead_code, reason = "for what was decided elsewhere than on the desk"))]
    pub(crate) fn tell(&self, person: PersonId, notice: &Notice) -> Result<(), WalletError> {
        let now = self.now();
        let told = self.inner.store.desk.write(|tx| match tx.person(person)? {
            Some(row) => tell_in(tx, &row, notice, now).map(|told| told.then_some(row.account)),
            None => Ok(None),
        })?;
        if let Some(account) = told {
            self.notice_changed(account);
        }
        Ok(())
    }

    /// Wakes whoever listens on `account`, and the job that hands messages over; after the write that told.
    pub(crate) fn notice_changed(&self, account: AccountId) {
        let index = self.records().saturating_sub(1);
        self.inner.events.tell(Some(Change {
            index,
            what: What::Notice,
            accounts: vec![account],
            order: None,
        }));
        self.inner.messages_owed.notify_one();
    }
}

/// Tells a person inside the write of what they are told; `false` when they were told before. Call
/// [`Wallet::notice_changed`] when the write is done.
pub(crate) fn tell_in(
    tx: &DeskWrite<'_>,
    person: &PersonRow,
    notice: &Notice,
    now: Millis,
) -> Result<bool, DeskError> {
    let row = NoticeRow {
        notice: sha256(&[b"yx/told/v1\0", person.person.as_bytes(), notice.cause.as_bytes()]),
        person: person.person,
        kind: notice.kind,
        certificate: notice.certificate,
        device_kind: notice.device_kind,
        due_at: notice.due_at,
        told_at: now,
        read_at: None,
    };
    if !tx.insert_notice(&row)? {
        return Ok(false);
    }
    if texts::has_message(notice.kind) {
        tx.owe_message(row.notice, &person.phone, now)?;
        if let Some(other) = &notice.also_to {
            tx.owe_message(row.notice, other.as_str(), now)?;
        }
    }
    Ok(true)
}
