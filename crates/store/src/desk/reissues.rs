//! Reissues: what an enrolment on a further or a new device rests on beside password and code, and people who have to
//! change their password.

use super::fields::{Fields, words};
use super::{DeskError, DeskRead, DeskWrite};
use crate::sql::params;
use yinxin_core::{CertificateId, Digest, EnrolmentId, Millis, PersonId};

const TABLE: &str = "reissues";

words! {
    /// What is to prove the person.
    ReissueWay {
        /// Password and SMS code.
        Secrets = "secrets",
        /// A device at hand, by moving codes.
        Device = "device",
        /// Another live device, for a phone whose key is gone.
        Vouch = "vouch",
        /// The passkey that had sealed the key that is gone.
        Passkey = "passkey",
        /// The recovery kit, beside password and code.
        Kit = "kit",
    }
}

words! {
    /// What the person says about the old phone.
    ReissueStated {
        /// Nothing.
        Nothing = "nothing",
        /// Lost or stolen.
        Lost = "lost",
    }
}

/// What one reissue rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReissueRow {
    /// The enrolment on the new device.
    pub enrolment: EnrolmentId,
    /// Whose.
    pub person: PersonId,
    /// What is to prove the person.
    pub way: ReissueWay,
    /// What the person says about the old phone.
    pub stated: ReissueStated,
    /// The certificate that the new one takes the place of.
    pub replaces: Option<CertificateId>,
    /// What the new device shows, or a passkey signs.
    pub nonce: [u8; 32],
    /// SHA-256 of the request that a device consented to.
    pub request_hash: Option<Digest>,
    /// The hash of that consent.
    pub consent_hash: Option<Digest>,
    /// The consent, flattened JWS.
    pub consent: Option<String>,
    /// When it began.
    pub created_at: Millis,
}

/// What a device at hand consented to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReissueConsent {
    /// SHA-256 of the other device's request.
    pub request_hash: Digest,
    /// The hash of the consent.
    pub consent_hash: Digest,
    /// The consent, flattened JWS.
    pub consent: String,
    /// The certificate that the new one takes the place of.
    pub replaces: Option<CertificateId>,
}

fn read(fields: &Fields<'_>) -> Result<ReissueRow, DeskError> {
    Ok(ReissueRow {
        enrolment: fields.id("enrolment")?,
        person: fields.id("person")?,
        way: fields.word("way", ReissueWay::from_word)?,
        stated: fields.word("stated", ReissueStated::from_word)?,
        replaces: fields.maybe_id("replaces")?,
        nonce: fields.id("nonce")?,
        request_hash: fields.maybe_id("request_hash")?,
        consent_hash: fields.maybe_id("consent_hash")?,
        consent: fields.maybe_text("consent")?,
        created_at: fields.time("created_at")?,
    })
}

impl DeskRead<'_> {
    /// What the enrolment rests on, where it is a reissue.
    pub fn reissue(&self, enrolment: EnrolmentId) -> Result<Option<ReissueRow>, DeskError> {
        self.one(TABLE, "SELECT * FROM reissues WHERE enrolment = ?1", params![enrolment.as_bytes()], read)
    }

    /// Since when a person has to change the password: somebody else knows it.
    pub fn password_order(&self, person: PersonId) -> Result<Option<Millis>, DeskError> {
        let sql = "SELECT * FROM password_orders WHERE person = ?1";
        self.one("password_orders", sql, params![person.as_bytes()], |fields| fields.time("ordered_at"))
    }
}

impl DeskWrite<'_> {
    /// Writes down what an enrolment rests on.
    pub fn insert_reissue(&self, reissue: &ReissueRow) -> Result<(), DeskError> {
        self.execute(
            "INSERT INTO reissues (enrolment, person, way, stated, replaces, nonce, request_hash, consent_hash, consent,
               created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                reissue.enrolment.as_bytes(),
                reissue.person.as_bytes(),
                reissue.way.word(),
                reissue.stated.word(),
                reissue.replaces.as_ref().map(CertificateId::as_bytes),
                reissue.nonce,
                reissue.request_hash.as_ref().map(Digest::as_bytes),
                reissue.consent_hash.as_ref().map(Digest::as_bytes),
                reissue.consent,
                reissue.created_at.0,
            ],
        )?;
        Ok(())
    }

    /// Keeps a device's consent; only the first, `false` for another one.
    pub fn consent_to_reissue(
        &self,
        enrolment: EnrolmentId,
        consent: &ReissueConsent,
    ) -> Result<bool, DeskError> {
        let sql = "UPDATE reissues SET request_hash = ?2, consent_hash = ?3, consent = ?4, replaces = ?5
                   WHERE enrolment = ?1 AND (consent_hash IS NULL OR consent_hash = ?3)";
        let changed = self.execute(
            sql,
            params![
                enrolment.as_bytes(),
                consent.request_hash.as_bytes(),
                consent.consent_hash.as_bytes(),
                consent.consent,
                consent.replaces.as_ref().map(CertificateId::as_bytes),
            ],
        )?;
        Ok(changed == 1)
    }

    /// Keeps which certificate the new one takes the place of.
    pub fn replace_by_reissue(
        &self,
        enrolment: EnrolmentId,
        replaces: Option<CertificateId>,
    ) -> Result<(), DeskError> {
        let sql = "UPDATE reissues SET replaces = ?2 WHERE enrolment = ?1";
        self.execute(sql, params![enrolment.as_bytes(), replaces.as_ref().map(CertificateId::as_bytes)])?;
        Ok(())
    }

    /// Somebody else knows the password: it has to be changed. The first time counts.
    pub fn order_password_change(&self, person: PersonId, at: Millis) -> Result<(), DeskError> {
        let sql = "INSERT INTO password_orders (person, ordered_at) VALUES (?1, ?2) ON CONFLICT (person) DO NOTHING";
        self.execute(sql, params![person.as_bytes(), at.0])?;
        Ok(())
    }

    /// The password was changed.
    pub fn lift_password_order(&self, person: PersonId) -> Result<(), DeskError> {
        self.execute("DELETE FROM password_orders WHERE person = ?1", params![person.as_bytes()])?;
        Ok(())
    }
}
