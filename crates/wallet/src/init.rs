//! Making a data directory.

pub(crate) mod unfinished;

use crate::authority::{self, Authority, RootKey};
use crate::ledger::Ledger;
use crate::log_origin::{LogOrigin, head_signer};
use crate::open::{DEPLOYMENT_FILE, DeploymentFile, TimeZones, stamp_word};
use crate::port::{Clock, Entropy, random};
use crate::start::{DataDir, StartError};
use crate::writer::{self, Parts};
use crate::{Home, Wallet};
use std::path::PathBuf;
use std::sync::Arc;
use yinxin_core::policy::{Policy, Template};
use yinxin_core::{AccountId, Action, Command, CommandId, Currency, Stamp};
use yinxin_store::{Store, StoreError};

/// What `init` and `demo` choose once for a data directory.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Its origin, as `https://pay.example`.
    pub origin: String,
    /// The operator's name, as people see it.
    pub operator: String,
    /// Demonstration or live.
    pub stamp: Stamp,
    /// Its one currency.
    pub currency: Currency,
    /// IANA name of the operator's time zone.
    pub time_zone: String,
    /// The first policy.
    pub template: Template,
    /// Where the encrypted root key goes; outside the data directory for a live deployment.
    pub root_key: PathBuf,
}

/// What `init` has to tell.
pub struct Initialised {
    /// Where the root key is.
    pub root_key: PathBuf,
    /// What opens it; shown once, kept nowhere.
    pub passphrase: String,
}

impl Setup {
    fn policy(&self) -> Result<Policy, StartError> {
        if jiff::tz::TimeZone::get(&self.time_zone).is_err() {
            return Err(StartError::Stamp(format!("{} is not a time zone", self.time_zone)));
        }
        Policy::from_template(self.template, self.currency, &self.time_zone)
            .ok_or_else(|| StartError::Stamp(format!("the template has no limits in {}", self.currency)))
    }
}

impl Wallet {
    /// Makes a data directory: keys, authorities, and the first record. Refuses one that is there.
    pub fn init(
        home: impl Into<Home>,
        setup: &Setup,
        clock: &Arc<dyn Clock>,
        entropy: &Arc<dyn Entropy>,
    ) -> Result<Initialised, StartError> {
        let home = home.into();
        let path = home.path();
        if Self::exists(path) {
            return Err(StartError::Stamp(format!("{} holds a deployment already", path.display())));
        }
        let policy = setup.policy()?;
        let dir = DataDir::create(path).map_err(|error| StartError::file(path, error))?;
        let _lock = dir.lock()?;
        unfinished::clear(&home, &dir, &setup.origin)?;
        let store = home.store(dir.files())?;
        home.check_empty(&store)?;
        unfinished::begin(&dir, &setup.root_key)?;
        let about = (setup.operator.as_str(), setup.origin.as_str(), setup.stamp);
        let RootKey { path: root_key, passphrase } =
            Authority::create(&dir, about, &setup.root_key, entropy.as_ref(), clock.now())?;
        // Durable before the first record, whose head their key signs.
        dir.sync_names()?;
        write_genesis((&home, &dir, store), setup, policy, clock, entropy)?;
        let file = DeploymentFile {
            version: 1,
            stamp: stamp_word(setup.stamp).to_owned(),
            origin: setup.origin.clone(),
            operator: setup.operator.clone(),
            currency: setup.currency.to_string(),
            time_zone: setup.time_zone.clone(),
            books: home.engine(),
        };
        let text = serde_json::to_vec_pretty(&file).unwrap_or_default();
        // Last of all, and only when the rest is durable: with it the deployment exists.
        dir.sync_names()?;
        authority::write(&dir.path().join(DEPLOYMENT_FILE), &text)?;
        dir.sync_names()?;
        unfinished::end(&dir)?;
        Ok(Initialised { root_key, passphrase })
    }
}

fn write_genesis(
    (home, dir, store): (&Home, &DataDir, Store),
    setup: &Setup,
    policy: Policy,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Result<(), StartError> {
    let authority = Authority::load(dir, &setup.origin)?;
    let log = LogOrigin::load(dir, &setup.origin, &authority)?;
    let (epoch, lease) = (home.claim(&store)?, Arc::clone(&store.lease));
    let parts = Parts {
        ledger: Ledger::empty(),
        journal: store.writer(epoch)?,
        reader: store.journal,
        clock: Arc::clone(clock),
        entropy: Arc::clone(entropy),
        calendar: Arc::new(TimeZones),
        log_name: log.key.name().to_owned(),
        log_since: 0,
        sign_head: head_signer(&log.key, &authority.log)?,
        accept_clock: false,
        disk: Arc::default(),
    };
    let genesis = Command {
        id: CommandId::from_bytes(random(entropy.as_ref())),
        action: Action::Genesis {
            stamp: setup.stamp,
            origin: setup.origin.clone(),
            issuance: AccountId::from_bytes(random(entropy.as_ref())),
            fees: AccountId::from_bytes(random(entropy.as_ref())),
            policy,
        },
        evidence: Vec::new(),
    };
    let written = writer::write_one(parts, genesis).map(|_| ());
    // Whoever opens the deployment need not wait for the end of this lease.
    lease.release(epoch)?;
    written.map_err(|error| StartError::Store(StoreError::Failed(error.to_string())))
}
