//! Timed events: what happens because a time came, never because somebody asked (house, law 6).

use super::{ApplyError, Book};
use crate::certificate::SuspendedBy;
use crate::id::CertificateId;
use crate::record::{Body, Facts};
use crate::time::{Millis, Now};

impl Book {
    /// The records of at most `most` timed events that are due at `now`.
    #[must_use]
    pub fn due(&self, now: Now, most: usize) -> Vec<Facts> {
        let expired = self
            .expiries
            .iter()
            .take_while(|(not_after, _)| *not_after < now.at)
            .map(|(_, certificate)| Body::CertificateExpired { certificate: *certificate });
        // What is past its validity expires; a record of each would continue the same one.
        let lives = |id: &CertificateId| {
            self.certificates.get(id).is_some_and(|certificate| certificate.not_after >= now.at)
        };
        let unused = self
            .idle
            .iter()
            .take_while(|(at, _)| *at < now.at)
            .filter(|(_, certificate)| lives(certificate))
            .map(|(_, certificate)| Body::CertificateSuspended {
                certificate: *certificate,
                by: SuspendedBy::Unused,
            });
        let mut bodies: Vec<Body> = expired.chain(unused).take(most).collect();
        // One case at a time, and alone: each of its records continues another certificate.
        if bodies.is_empty() {
            bodies = self.reissue_due(now).unwrap_or_default();
        }
        bodies.into_iter().map(|body| self.facts(body, None, now)).collect()
    }

    /// Counts a use of a certificate, and moves its timer. Every payment comes here: most certificates have no timer.
    pub(super) fn count_use(&mut self, id: CertificateId, at: Millis) -> Result<(), ApplyError> {
        let certificate = self.certificate_mut(id)?;
        let before = certificate.idle_at();
        certificate.used = at;
        let after = certificate.idle_at();
        if let Some(before) = before {
            self.idle.remove(&(before, id));
        }
        if let Some(after) = after {
            self.idle.insert((after, id));
        }
        Ok(())
    }

    /// Sets the timer of a certificate that nobody uses; most have none, their validity ends first.
    pub(super) fn arm(&mut self, id: CertificateId) -> Result<(), ApplyError> {
        if let Some(at) = self.certificate_mut(id)?.idle_at() {
            self.idle.insert((at, id));
        }
        Ok(())
    }

    /// Takes it away again.
    pub(super) fn disarm(&mut self, id: CertificateId) -> Result<(), ApplyError> {
        if let Some(at) = self.certificate_mut(id)?.idle_at() {
            self.idle.remove(&(at, id));
        }
        Ok(())
    }
}
