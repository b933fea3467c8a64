//! Challenges: random bytes that a device signs, each for one purpose, once.

use super::fields::{Fields, words};
use super::{DeskError, DeskRead, DeskWrite};
use crate::sql::params;
use yinxin_core::{CertificateId, Millis};

const TABLE: &str = "challenges";

words! {
    /// What a challenge is for.
    ChallengePurpose {
        /// Lifting a suspension.
        Resume = "resume",
        /// Switching payment by one tap.
        Tap = "tap",
        /// Changing how the person logs in.
        Setting = "setting",
        /// Making a recovery kit.
        Kit = "kit",
        /// Trying a recovery kit.
        KitDrill = "kit_drill",
        /// Suspending with a recovery kit.
        KitSuspend = "kit_suspend",
    }
}

/// One challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChallengeRow {
    /// The random bytes.
    pub challenge: [u8; 32],
    /// What it is for.
    pub purpose: ChallengePurpose,
    /// The certificate that is to sign it.
    pub certificate: CertificateId,
    /// When it ends.
    pub expires_at: Millis,
    /// When it was used.
    pub consumed_at: Option<Millis>,
}

fn read(fields: &Fields<'_>) -> Result<ChallengeRow, DeskError> {
    Ok(ChallengeRow {
        challenge: fields.id("challenge")?,
        purpose: fields.word("purpose", ChallengePurpose::from_word)?,
        certificate: fields.id("certificate")?,
        expires_at: fields.time("expires_at")?,
        consumed_at: fields.maybe_time("consumed_at")?,
    })
}

impl DeskRead<'_> {
    /// The challenge of these bytes.
    pub fn challenge(&self, challenge: &[u8; 32]) -> Result<Option<ChallengeRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM challenges WHERE challenge = ?1", params![challenge], read)
    }
}

impl DeskWrite<'_> {
    /// Writes a challenge down.
    pub fn insert_challenge(&self, challenge: &ChallengeRow) -> Result<(), DeskError> {
        self.execute(
            "INSERT INTO challenges (challenge, purpose, certificate, expires_at) VALUES (?1, ?2, ?3, ?4)",
            params![
                challenge.challenge,
                challenge.purpose.word(),
                challenge.certificate.as_bytes(),
                challenge.expires_at.0
            ],
        )?;
        Ok(())
    }

    /// Uses a challenge up; `false` when it is unknown, expired, used, or for something else.
    pub fn consume_challenge(
        &self,
        challenge: &[u8; 32],
        purpose: ChallengePurpose,
        certificate: CertificateId,
        now: Millis,
    ) -> Result<bool, DeskError> {
        let sql = "UPDATE challenges SET consumed_at = ?4 WHERE challenge = ?1 AND purpose = ?2 AND certificate = ?3
                   AND expires_at > ?4 AND consumed_at IS NULL";
        let changed = self.execute(sql, params![challenge, purpose.word(), certificate.as_bytes(), now.0])?;
        Ok(changed == 1)
    }
}
