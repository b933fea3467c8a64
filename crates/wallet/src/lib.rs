//! The services of the wallet: one function for each use case, and the writer loop.
//!
//! Here rules, keys and books meet, and nowhere else. Nothing in this crate knows of HTTP: a handler, the command line, a
//! job and a test call the same functions.

mod approval;
mod authority;
mod backup;
mod bulk;
mod certificates;
mod codes;
mod devices;
mod enrolment;
mod error;
mod events;
mod factors;
mod guessing;
mod history;
mod home;
mod idempotency;
mod init;
mod jobs;
mod kits;
mod ledger;
mod local_tls;
mod log_origin;
mod me;
mod merchants;
mod meters;
mod nodes;
mod notices;
mod open;
mod orders;
mod password_change;
mod passwords;
mod payees;
mod payments;
mod people;
mod phone_change;
mod pins;
pub mod port;
mod projector;
mod protection;
mod quotes;
mod rebuild;
mod recent;
mod records;
mod reissue;
mod resumption;
mod retention;
mod seed;
mod sessions;
mod settings;
mod snapshot;
mod start;
mod suspension;
mod verification;
mod writer;

#[cfg(test)]
mod tests;

pub use approval::Approval;
pub use authority::{Authority, PublicFile};
pub use backup::*;
pub use bulk::{Applicant, BulkAppend, BulkPayment, BulkPerson, BulkSeed};
pub use certificates::*;
pub use codes::*;
pub use devices::DeviceView;
pub use enrolment::*;
pub use error::{Param, WalletError};
pub use events::{Change, Events, Listener, Missed, Topic, What};
pub use factors::{
    LoginFactors, LoginPasskey, PasskeyAnswer, PasskeyOffer, PasskeyQuestion, PasskeyRegistration,
    StrongFactors, TotpOffer,
};
pub use history::LineKind;
pub use home::Home;
pub use idempotency::*;
pub use init::{Initialised, Setup};
pub use kits::*;
pub use local_tls::{LocalTls, local_tls};
pub use log_origin::PreviousLog;
pub use me::*;
pub use merchants::MerchantCredentials;
pub use meters::{Buckets, Lease, PaymentOutcome, Readings, Times};
pub use nodes::{Membership, NodeIdentities, NodeIdentity, Standing};
pub use notices::{NoticeKind, NoticeRow, Notices};
pub use open::{OpenOptions, Ports};
pub use orders::*;
pub use password_change::{Composition, PasswordAdvice, PasswordRules, Rotation};
pub use passwords::{Password, Weakness};
pub use payees::*;
pub use payments::*;
pub use people::*;
pub use phone_change::PhoneChange;
pub use pins::*;
pub use protection::ProtectionNow;
pub use quotes::*;
pub use rebuild::rebuild;
pub use records::*;
pub use reissue::{
    ReissueOffer, ReissueQuestion, ReissueStated, ReissueView, ReissueWay, ReissueWish, VetoForm,
};
pub use resumption::*;
pub use retention::{Retention, RetentionError};
pub use sessions::*;
pub use start::{DataDir, StartError};
pub use verification::VerificationProof;
pub use writer::{Committed, Handle, WriterError};
pub use yinxin_store::desk::ContactFacts;

use port::{Clock, Entropy, SmsSender};
use recent::Recent;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::sync::{Notify, watch};
use yinxin_core::{AccountId, CertificateId, Currency, Digest, Millis, Stamp};
use yinxin_store::Store;

/// What a deployment is, fixed by its data directory.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its origin, as `https://pay.example`; signed texts and passkeys are bound to it.
    pub origin: String,
    /// The origin's host: the relying party of passkeys.
    pub host: String,
    /// The operator's name, as people see it.
    pub operator: String,
    /// Demonstration or live.
    pub stamp: Stamp,
    /// Its one currency.
    pub currency: Currency,
    /// IANA name of the operator's time zone.
    pub time_zone: String,
    /// The log's name and key as a signed-note verifier key (C2SP).
    pub log_key: String,
    /// The logs that this one continues, oldest first; restored deployments have some.
    pub previous_logs: Vec<PreviousLog>,
}

/// Whether a wallet can post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It can.
    Serving,
    /// It leads several nodes.
    Leading,
    /// It follows a leading node and sends it what is to be posted.
    Following,
    /// No node leads, or the database does not answer.
    Leaderless,
    /// Not until the clock is right or an operator accepts it.
    ClockWrong,
    /// Not until there is room on the disk; reads go on.
    DiskFull,
    /// The writer has ended; the process must too.
    Ended,
}

/// The wallet: every use case is a method. Cheap to clone.
#[derive(Clone)]
pub struct Wallet {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) writer: Handle,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) sms: Arc<dyn SmsSender>,
    pub(crate) authority: Authority,
    /// 32 bytes that key the hashes of short secrets on the desk.
    pub(crate) pepper: [u8; 32],
    pub(crate) passwords: passwords::Passwords,
    pub(crate) certificates: payments::CertificateCache,
    pub(crate) events: Events,
    /// Sessions by the hash of their cookie.
    pub(crate) sessions: Recent<Digest, sessions::KnownSession>,
    pub(crate) payees: Recent<AccountId, Payee>,
    /// What people call the devices of their certificates.
    pub(crate) device_names: Recent<CertificateId, String>,
    pub(crate) projected: watch::Receiver<u64>,
    /// Wakes the job that hands notices' messages over.
    pub(crate) messages_owed: Arc<Notify>,
    /// People were made in bulk here: their records tell nobody anything.
    pub(crate) bulk: AtomicBool,
    pub(crate) dir: DataDir,
    pub(crate) retention: std::sync::Mutex<Retention>,
    pub(crate) password_rules: std::sync::Mutex<PasswordRules>,
    /// Nobody else works on the directory while this is open.
    pub(crate) _lock: std::fs::File,
}

impl Wallet {
    /// What this deployment is.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The server's time.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.inner.clock.now()
    }

    /// The changes that people and pages listen to.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.inner.events
    }

    /// Whether the wallet can post, as a supervisor asks.
    #[must_use]
    pub fn health(&self) -> Health {
        let writer = &self.inner.writer;
        if !writer.is_running() {
            return Health::Ended;
        }
        match (self.inner.store.desk.disk().is_full(), writer.clock_is_right(), writer.standing()) {
            (true, _, _) => Health::DiskFull,
            (false, false, _) => Health::ClockWrong,
            (false, true, Standing::Leading) if writer.is_shared() => Health::Leading,
            (false, true, Standing::Leading) => Health::Serving,
            (false, true, Standing::Following { .. }) => Health::Following,
            (false, true, Standing::Leaderless) => Health::Leaderless,
        }
    }

    /// Waits until the writer has ended: the disk did not make a batch durable. The process must end, and verify at its start.
    pub async fn ended(&self) {
        let mut sizes = self.inner.writer.sizes();
        while sizes.changed().await.is_ok() {}
    }

    /// The number of committed records.
    #[must_use]
    pub fn records(&self) -> u64 {
        *self.inner.writer.sizes().borrow()
    }
}
