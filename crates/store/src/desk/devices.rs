//! Devices: browsers that once gave a second factor, each known by the hash of its cookie.

use super::fields::{Fields, words};
use super::{DeskError, DeskRead, DeskWrite};
use crate::sql::params;
use yinxin_core::{DeviceId, Digest, Millis, PersonId};

const TABLE: &str = "devices";

words! {
    /// What a device calls itself: a closed list, because SMS texts name it.
    DeviceKind {
        /// An iPhone.
        Iphone = "iphone",
        /// An Android phone.
        Android = "android",
        /// A computer with Windows.
        Windows = "windows",
        /// A Mac.
        Mac = "mac",
        /// A computer with Linux.
        Linux = "linux",
        /// Anything else.
        Other = "other",
    }
}

/// One browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    /// The device.
    pub device: DeviceId,
    /// SHA-256 of its cookie.
    pub token_hash: Digest,
    /// What it calls itself.
    pub kind: DeviceKind,
    /// When it was first seen.
    pub created_at: Millis,
}

fn read(fields: &Fields<'_>) -> Result<DeviceRow, DeskError> {
    Ok(DeviceRow {
        device: fields.id("device")?,
        token_hash: fields.id("token_hash")?,
        kind: fields.word("kind", DeviceKind::from_word)?,
        created_at: fields.time("created_at")?,
    })
}

/// A device on which a person is known, and how it was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceUse {
    /// The device.
    pub device: DeviceId,
    /// What it calls itself.
    pub kind: DeviceKind,
    /// Since when the person is known there.
    pub known_at: Millis,
    /// Sessions there.
    pub sessions: u32,
    /// When one of them was last used.
    pub seen_at: Option<Millis>,
}

/// Devices that a list shows, the latest used first.
const LISTED_MAX: u32 = 50;

impl DeskRead<'_> {
    /// The devices on which `person` is known, with the sessions last used after `since`.
    pub fn devices_of(&self, person: PersonId, since: Millis) -> Result<Vec<DeviceUse>, DeskError> {
        let sql = "SELECT devices.device AS device, devices.kind AS kind, known_devices.known_at AS known_at,
                     count(sessions.token_hash) AS sessions, max(sessions.seen_at) AS seen_at
                   FROM known_devices JOIN devices ON devices.device = known_devices.device
                   LEFT JOIN sessions ON sessions.person = known_devices.person
                     AND sessions.device = known_devices.device AND sessions.seen_at > ?2
                   WHERE known_devices.person = ?1
                   GROUP BY devices.device, devices.kind, known_devices.known_at
                   ORDER BY coalesce(max(sessions.seen_at), known_devices.known_at) DESC, devices.device LIMIT ?3";
        self.all("known_devices", sql, params![person.as_bytes(), since.0, LISTED_MAX], |fields| {
            Ok(DeviceUse {
                device: fields.id("device")?,
                kind: fields.word("kind", DeviceKind::from_word)?,
                known_at: fields.time("known_at")?,
                sessions: fields.integer("sessions")?,
                seen_at: fields.maybe_time("seen_at")?,
            })
        })
    }

    /// The device with this id.
    pub fn device(&self, device: DeviceId) -> Result<Option<DeviceRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM devices WHERE device = ?1", params![device.as_bytes()], read)
    }

    /// The device whose cookie has this hash.
    pub fn device_by_token(&self, token_hash: Digest) -> Result<Option<DeviceRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM devices WHERE token_hash = ?1", params![token_hash.as_bytes()], read)
    }

    /// Since when `person` is known on `device`.
    pub fn known_since(&self, person: PersonId, device: DeviceId) -> Result<Option<Millis>, DeskError> {
        let sql = "SELECT person, known_at FROM known_devices WHERE person = ?1 AND device = ?2";
        let (person, device) = (person.as_bytes(), device.as_bytes());
        self.one("known_devices", sql, params![person, device], |fields| fields.time("known_at"))
    }
}

impl DeskWrite<'_> {
    /// Writes a new device down.
    pub fn insert_device(&self, device: &DeviceRow) -> Result<(), DeskError> {
        self.execute(
            "INSERT INTO devices (device, token_hash, kind, created_at) VALUES (?1, ?2, ?3, ?4)",
            params![
                device.device.as_bytes(),
                device.token_hash.as_bytes(),
                device.kind.word(),
                device.created_at.0
            ],
        )?;
        Ok(())
    }

    /// Gives a device a new cookie; the old one is forgotten.
    pub fn set_device_token(&self, device: DeviceId, token_hash: Digest) -> Result<(), DeskError> {
        let sql = "UPDATE devices SET token_hash = ?2 WHERE device = ?1";
        self.execute(sql, params![device.as_bytes(), token_hash.as_bytes()])?;
        Ok(())
    }

    /// Makes `device` known for `person`; the first time counts.
    pub fn know_device(&self, person: PersonId, device: DeviceId, at: Millis) -> Result<(), DeskError> {
        self.execute(
            "INSERT INTO known_devices (person, device, known_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (person, device) DO NOTHING",
            params![person.as_bytes(), device.as_bytes(), at.0],
        )?;
        Ok(())
    }

    /// Makes `device` unknown for `person`: the next log-in there needs a second factor.
    pub fn forget_device(&self, person: PersonId, device: DeviceId) -> Result<(), DeskError> {
        let sql = "DELETE FROM known_devices WHERE person = ?1 AND device = ?2";
        self.execute(sql, params![person.as_bytes(), device.as_bytes()])?;
        Ok(())
    }
}
