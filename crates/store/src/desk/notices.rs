//! Notices: what a person was told, the text messages that this still owes, and how far the telling has come.

use super::devices::DeviceKind;
use super::fields::{Fields, words};
use super::{DeskError, DeskRead, DeskWrite};
use crate::sql::params;
use yinxin_core::{CertificateId, Digest, Millis, PersonId};

const TABLE: &str = "notices";
const MESSAGES: &str = "notice_messages";

words! {
    /// What a notice is about. A closed list: no text that anybody typed is in a notice.
    NoticeKind {
        /// A new certificate.
        CertificateIssued = "certificate_issued",
        /// A certificate was renewed.
        CertificateRenewed = "certificate_renewed",
        /// A certificate was replaced by its successor.
        CertificateSuperseded = "certificate_superseded",
        /// The person suspended a certificate.
        CertificateSuspended = "certificate_suspended",
        /// Wrong PINs suspended a certificate.
        CertificateSuspendedPin = "certificate_suspended_pin",
        /// An operator suspended a certificate.
        CertificateSuspendedOperator = "certificate_suspended_operator",
        /// A copied key suspended a certificate.
        CertificateSuspendedFork = "certificate_suspended_fork",
        /// A rule about risk suspended a certificate.
        CertificateSuspendedRisk = "certificate_suspended_risk",
        /// A certificate that was not used for long was suspended.
        CertificateSuspendedUnused = "certificate_suspended_unused",
        /// A veto against a reissue suspended a certificate.
        CertificateSuspendedVeto = "certificate_suspended_veto",
        /// A certificate was resumed.
        CertificateResumed = "certificate_resumed",
        /// A certificate was revoked.
        CertificateRevoked = "certificate_revoked",
        /// A certificate expires soon.
        CertificateExpiring = "certificate_expiring",
        /// A certificate has expired.
        CertificateExpired = "certificate_expired",
        /// Somebody asked for a reissue.
        ReissueRequested = "reissue_requested",
        /// A reissue gave a new certificate.
        ReissueIssued = "reissue_issued",
        /// The protection after a reissue has ended.
        ReissueEnded = "reissue_ended",
        /// A reissue was given up.
        ReissueCancelled = "reissue_cancelled",
        /// An old device said no to a reissue.
        ReissueVetoed = "reissue_vetoed",
        /// A certificate moved to another device.
        DeviceMoved = "device_moved",
        /// A recovery kit was made.
        KitMade = "kit_made",
        /// A recovery kit was made invalid.
        KitInvalidated = "kit_invalidated",
        /// A recovery kit was used.
        KitUsed = "kit_used",
        /// A recovery kit was never tried, or not for long.
        KitReminder = "kit_reminder",
        /// Somebody logged in on a device that was not known.
        DeviceNew = "device_new",
        /// Devices were signed out from afar.
        DeviceSignedOut = "device_signed_out",
        /// The password was changed.
        PasswordChanged = "password_changed",
        /// Somebody asked to set the password anew.
        PasswordResetRequested = "password_reset_requested",
        /// The password must be changed.
        PasswordMustChange = "password_must_change",
        /// The phone number was changed.
        PhoneChanged = "phone_changed",
        /// Somebody asked to change the phone number.
        PhoneChangeRequested = "phone_change_requested",
        /// A change of password or phone number was given up or vetoed.
        ContactChangeCancelled = "contact_change_cancelled",
        /// An authenticator app became a second factor.
        TotpAdded = "totp_added",
        /// The authenticator app is no second factor any more.
        TotpRemoved = "totp_removed",
        /// A passkey became a second factor.
        PasskeyAdded = "passkey_added",
        /// A passkey is no second factor any more.
        PasskeyRemoved = "passkey_removed",
        /// Recovery codes were made; earlier ones are void.
        RecoveryCodesMade = "recovery_codes_made",
        /// A recovery code was used to log in.
        RecoveryCodeUsed = "recovery_code_used",
        /// Payment by one tap was switched on.
        TapOn = "tap_on",
        /// Payment by one tap was switched off.
        TapOff = "tap_off",
    }
}

/// One notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    /// A hash of who is told and why: the same cause again is the same notice.
    pub notice: Digest,
    /// Who is told.
    pub person: PersonId,
    /// What.
    pub kind: NoticeKind,
    /// The certificate that it is about.
    pub certificate: Option<CertificateId>,
    /// The kind of device that it is about.
    pub device_kind: Option<DeviceKind>,
    /// Until or from when what is told holds.
    pub due_at: Option<Millis>,
    /// When it was told.
    pub told_at: Millis,
    /// When the person saw it.
    pub read_at: Option<Millis>,
}

/// A text message that is still owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeMessage {
    /// The notice.
    pub notice: NoticeRow,
    /// Where to (E.164).
    pub phone: String,
    /// Since when.
    pub written_at: Millis,
}

fn read(fields: &Fields<'_>) -> Result<NoticeRow, DeskError> {
    let device = fields.maybe_text("device_kind")?;
    let device_kind = device.as_deref().map(DeviceKind::from_word);
    Ok(NoticeRow {
        notice: fields.id("notice")?,
        person: fields.id("person")?,
        kind: fields.word("kind", NoticeKind::from_word)?,
        certificate: fields.maybe_id("certificate")?,
        device_kind: match device_kind {
            Some(None) => return Err(fields.corrupt("device_kind", "a known word")),
            Some(known) => known,
            None => None,
        },
        due_at: fields.maybe_time("due_at")?,
        told_at: fields.time("told_at")?,
        read_at: fields.maybe_time("read_at")?,
    })
}

impl DeskRead<'_> {
    /// The notice with this id.
    pub fn notice(&self, notice: Digest) -> Result<Option<NoticeRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM notices WHERE notice = ?1", params![notice.as_bytes()], read)
    }

    /// What a person was told, newest first.
    pub fn notices_of(&self, person: PersonId, limit: u32) -> Result<Vec<NoticeRow>, DeskError> {
        let sql = "SELECT * FROM notices WHERE person = ?1 ORDER BY told_at DESC, notice LIMIT ?2";
        self.all(TABLE, sql, params![person.as_bytes(), limit], read)
    }

    /// How many notices of a person were not seen; at most `limit` are counted.
    pub fn notices_unread(&self, person: PersonId, limit: u32) -> Result<u32, DeskError> {
        let sql = "SELECT count(*) AS unread FROM
                     (SELECT 1 AS one FROM notices WHERE person = ?1 AND read_at IS NULL LIMIT ?2) AS unseen";
        let found =
            self.one(TABLE, sql, params![person.as_bytes(), limit], |fields| fields.integer("unread"))?;
        Ok(found.unwrap_or(0))
    }

    /// Text messages that are owed, oldest first.
    pub fn notice_messages(&self, limit: u32) -> Result<Vec<NoticeMessage>, DeskError> {
        let sql = "SELECT notices.*, notice_messages.phone AS phone, notice_messages.written_at AS written_at
                   FROM notice_messages JOIN notices ON notices.notice = notice_messages.notice
                   ORDER BY notice_messages.written_at LIMIT ?1";
        self.all(MESSAGES, sql, params![limit], |fields| {
            let (phone, written_at) = (fields.text("phone")?, fields.time("written_at")?);
            Ok(NoticeMessage { notice: read(fields)?, phone, written_at })
        })
    }

    /// Records of the journal that the job `name` has done.
    pub fn job_mark(&self, name: &str) -> Result<Option<u64>, DeskError> {
        let sql = "SELECT * FROM marks WHERE name = ?1";
        self.one("marks", sql, params![name], |fields| fields.integer("records"))
    }
}

impl DeskWrite<'_> {
    /// Writes a notice down; `false` when it was told before.
    pub fn insert_notice(&self, notice: &NoticeRow) -> Result<bool, DeskError> {
        let written = self.execute(
            "INSERT INTO notices (notice, person, kind, certificate, device_kind, due_at, told_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (notice) DO NOTHING",
            params![
                notice.notice.as_bytes(),
                notice.person.as_bytes(),
                notice.kind.word(),
                notice.certificate.as_ref().map(CertificateId::as_bytes),
                notice.device_kind.map(DeviceKind::word),
                notice.due_at.map(|time| time.0),
                notice.told_at.0,
            ],
        )?;
        Ok(written == 1)
    }

    /// Writes down that a notice is to be sent to a phone.
    pub fn owe_message(&self, notice: Digest, phone: &str, at: Millis) -> Result<(), DeskError> {
        let sql = "INSERT INTO notice_messages (notice, phone, written_at) VALUES (?1, ?2, ?3)
                   ON CONFLICT (notice, phone) DO NOTHING";
        self.execute(sql, params![notice.as_bytes(), phone, at.0])?;
        Ok(())
    }

    /// The message was handed over, or is too old to be of use.
    pub fn settle_message(&self, notice: Digest, phone: &str) -> Result<(), DeskError> {
        let sql = "DELETE FROM notice_messages WHERE notice = ?1 AND phone = ?2";
        self.execute(sql, params![notice.as_bytes(), phone])?;
        Ok(())
    }

    /// The person saw every notice told until `until`.
    pub fn read_notices(&self, person: PersonId, until: Millis, at: Millis) -> Result<usize, DeskError> {
        let sql = "UPDATE notices SET read_at = ?3 WHERE person = ?1 AND told_at <= ?2 AND read_at IS NULL";
        self.execute(sql, params![person.as_bytes(), until.0, at.0])
    }

    /// The job `name` has done so many records; the mark only rises.
    pub fn raise_job_mark(&self, name: &str, records: u64) -> Result<(), DeskError> {
        let records = i64::try_from(records).unwrap_or(i64::MAX);
        let sql = "INSERT INTO marks (name, records) VALUES (?1, ?2)
                   ON CONFLICT (name) DO UPDATE SET records = ?2 WHERE marks.records < ?2";
        self.execute(sql, params![name, records])?;
        Ok(())
    }
}
