//! The authority's operations one by one, with nothing recorded: what each of them costs.

use super::{Applicant, BulkSeed};
use crate::{Wallet, WalletError};
use yinxin_core::Millis;
use yinxin_pki::{CrlContent, Reason, Revoked, Serial, ocsp};

impl Wallet {
    /// Lays a certificate out, checks it, signs it and reads it back; recorded nowhere. DER.
    pub fn bulk_issue(&self, seed: &BulkSeed, applicant: &Applicant) -> Result<Vec<u8>, WalletError> {
        self.refuse_live()?;
        let (_, issuance) = self.sign(self.lay_out(seed, applicant)?)?;
        Ok(issuance.der.unwrap_or_default())
    }

    /// An OCSP request about the certificate of person `number`, DER.
    pub fn bulk_status_request(&self, seed: &BulkSeed, number: u32) -> Result<Vec<u8>, WalletError> {
        self.refuse_live()?;
        let serial = Serial::from_random(seed.draw("serial", number));
        ocsp::request(self.inner.authority.payment().certificate(), &serial)
            .map_err(|error| WalletError::Failed(error.to_string()))
    }

    /// A revocation list of the payment CA with `entries` serial numbers that nobody has, DER.
    pub fn bulk_list(&self, entries: u32) -> Result<Vec<u8>, WalletError> {
        self.refuse_live()?;
        let seed = BulkSeed([0; 32]);
        let now = self.now();
        let revoked: Vec<Revoked> = (0..entries)
            .map(|number| Revoked {
                serial: Serial::from_random(seed.draw("revoked", number)),
                at_ms: now.0,
                reason: Reason::CessationOfOperation,
            })
            .collect();
        let content = CrlContent {
            number: 1,
            this_update_ms: now.0,
            next_update_ms: now.plus(Millis::DAY).0,
            revoked: &revoked,
        };
        let list = self.inner.authority.payment().crl(&content);
        list.map_err(|error| WalletError::Failed(error.to_string()))
    }
}
