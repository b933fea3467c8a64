//! Opening a data directory.

use crate::authority::Authority;
use crate::events::Events;
use crate::init::unfinished;
use crate::ledger::Ledger;
use crate::log_origin::{LogOrigin, head_signer};
use crate::nodes::{DatabaseLease, LeaseDoor, Membership, Standing};
use crate::notices::Teller;
use crate::passwords::Passwords;
use crate::payments::CertificateCache;
use crate::port::{Clock, Entropy, SmsSender, random};
use crate::projector::Projector;
use crate::recent::{self, Recent};
use crate::start::{DataDir, From, StartError, load_ledger, reconcile_views, take_tail};
use crate::writer::{Calendar, Company, Parts, Seat};
use crate::{Home, Inner, Settings, Wallet, writer};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::sync::{mpsc, watch};
use yinxin_core::{Action, Command, CommandId, Day, Millis, Stamp};
use yinxin_store::{Journal, Store};

/// What the wallet needs from outside.
pub type Ports = (Arc<dyn Clock>, Arc<dyn Entropy>, Arc<dyn SmsSender>);

/// How to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenOptions {
    /// What the program expects to find: `serve` refuses a demonstration, `demo` refuses live books.
    pub stamp: Stamp,
    /// Go on although the clock is behind the last record; recorded.
    pub accept_clock: bool,
}

/// `deployment.json` of a data directory.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeploymentFile {
    pub(crate) version: u8,
    pub(crate) stamp: String,
    pub(crate) origin: String,
    pub(crate) operator: String,
    pub(crate) currency: String,
    pub(crate) time_zone: String,
    /// Where the books are, when they are not in the directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) books: Option<String>,
}

pub(crate) const DEPLOYMENT_FILE: &str = "deployment.json";

/// jiff's own copy of the time zone database.
pub(crate) struct TimeZones;

impl Calendar for TimeZones {
    fn day(&self, at: Millis, time_zone: &str) -> Day {
        let zone = jiff::tz::TimeZone::get(time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let epoch = jiff::civil::date(1970, 1, 1);
        let days = jiff::Timestamp::from_millisecond(at.0)
            .and_then(|time| time.to_zoned(zone).date().since((jiff::Unit::Day, epoch)))
            .map_or(0, |span| span.get_days());
        Day(days)
    }
}

/// When the local day after that of `at` begins.
pub(crate) fn next_midnight(at: Millis, time_zone: &str) -> Option<Millis> {
    let zone = jiff::tz::TimeZone::get(time_zone).ok()?;
    let now = jiff::Timestamp::from_millisecond(at.0).ok()?.to_zoned(zone);
    let midnight = now.tomorrow().ok()?.start_of_day().ok()?;
    Some(Millis(midnight.timestamp().as_millisecond()))
}

fn host_of(origin: &str) -> String {
    let rest = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest).to_owned()
}

pub(crate) fn read_deployment(dir: &DataDir) -> Result<DeploymentFile, StartError> {
    let path = dir.path().join(DEPLOYMENT_FILE);
    let bytes = std::fs::read(&path).map_err(|error| StartError::file(&path, error))?;
    let file: DeploymentFile = serde_json::from_slice(&bytes)
        .map_err(|error| StartError::Stamp(format!("{}: {error}", path.display())))?;
    if file.version == 1 {
        Ok(file)
    } else {
        Err(StartError::Stamp(format!("{} is of a newer version", path.display())))
    }
}

pub(crate) fn stamp_word(stamp: Stamp) -> &'static str {
    match stamp {
        Stamp::Demo => "demo",
        Stamp::Live => "live",
    }
}

impl Wallet {
    /// Whether a data directory was made at `path`.
    #[must_use]
    pub fn exists(path: &Path) -> bool {
        path.join(DEPLOYMENT_FILE).exists()
    }

    /// What the data directory at `path` was made for, without opening it: its origin and stamp.
    pub fn inspect(path: &Path) -> Result<(String, Stamp), StartError> {
        let file = read_deployment(&DataDir::create(path).map_err(|error| StartError::file(path, error))?)?;
        let stamp = if file.stamp == "demo" { Stamp::Demo } else { Stamp::Live };
        Ok((file.origin, stamp))
    }

    /// Opens a data directory and starts the writer and the projector; needs a tokio runtime. This process alone writes.
    pub fn open(home: impl Into<Home>, options: OpenOptions, ports: Ports) -> Result<Self, StartError> {
        Self::open_with(home, options, ports, |journal| journal)
    }

    /// Opens with a journal that `wrap` makes of the real one.
    pub(crate) fn open_with(
        home: impl Into<Home>,
        options: OpenOptions,
        ports: Ports,
        wrap: impl FnOnce(Box<dyn Journal>) -> Box<dyn Journal>,
    ) -> Result<Self, StartError> {
        let home = home.into();
        let (mut parts, rest) = gather(&home, options, ports)?;
        // Claimed when everything is loaded: whatever another writer appended meanwhile is final now, and read.
        let epoch = home.claim(&rest.store)?;
        take_tail(&mut parts.ledger, &rest.store.journal, &rest.log.key)?;
        reconcile_views(&rest.store, &parts.ledger, epoch)?;
        parts.journal = wrap(rest.store.writer(epoch)?);
        let seat = home.database().map(|_| Seat {
            lease: Box::new(DatabaseLease::claimed(&rest.store, home.node(), epoch)),
            log: rest.log.key.clone(),
            company: Company::Nobody,
        });
        Self::assemble(parts, seat, rest)
    }

    /// Opens one of several nodes that share a database: it takes turns with the others. Needs a tokio runtime.
    ///
    /// # Errors
    /// `Stamp` where the books are files: nobody shares them.
    pub fn open_node(
        home: impl Into<Home>,
        options: OpenOptions,
        ports: Ports,
        membership: Membership,
    ) -> Result<Self, StartError> {
        Self::open_node_with(home, options, ports, membership, |lease| lease)
    }

    /// Opens a node with a lease that `wrap` makes of the real one.
    pub(crate) fn open_node_with(
        home: impl Into<Home>,
        options: OpenOptions,
        ports: Ports,
        membership: Membership,
        wrap: impl FnOnce(Box<dyn LeaseDoor>) -> Box<dyn LeaseDoor>,
    ) -> Result<Self, StartError> {
        let home = home.into();
        if home.database().is_none() {
            let shown = home.path().display();
            return Err(StartError::Stamp(format!(
                "the books of {shown} are files: several nodes need a database"
            )));
        }
        let (parts, rest) = gather(&home, options, ports)?;
        let Membership { address, peers } = membership;
        let lease = DatabaseLease::of(&rest.store, home.node(), address);
        let (lease, log) = (wrap(Box::new(lease)), rest.log.key.clone());
        Self::assemble(parts, Some(Seat { lease, log, company: Company::Nodes(peers) }), rest)
    }

    fn assemble(parts: Parts, seat: Option<Seat>, rest: Assembly) -> Result<Self, StartError> {
        let Assembly { file, dir, lock, store, authority, log, sms } = rest;
        let (clock, entropy) = (Arc::clone(&parts.clock), Arc::clone(&parts.entropy));
        let accept_clock = parts.accept_clock;
        let (writer, _thread) =
            writer::start(parts, seat).map_err(|error| StartError::file(dir.path(), error))?;
        let session_ms = if writer.is_shared() { recent::SESSION_MS } else { recent::SESSION_ALONE_MS };
        let (projected, mark) = watch::channel(store.views.mark()?);
        let passwords = Passwords::start().map_err(|error| StartError::file(dir.path(), error))?;
        let events = Events::default();
        let (views, journal) = (Arc::clone(&store.views), Arc::clone(&store.journal));
        let (published, sizes) = (writer.published(), writer.sizes());
        let (told, hears) = mpsc::unbounded_channel();
        let projector = Projector { published, views, journal, events: events.clone(), projected, told };
        projector.start(sizes, writer.standings()).map_err(|error| StartError::file(dir.path(), error))?;
        let stamp = if file.stamp == "demo" { Stamp::Demo } else { Stamp::Live };
        let currency =
            file.currency.parse().map_err(|_| StartError::Stamp("an unknown currency".to_owned()))?;
        let settings = Settings {
            host: host_of(&file.origin),
            origin: file.origin,
            operator: file.operator,
            stamp,
            currency,
            time_zone: file.time_zone,
            log_key: log.key.to_string(),
            previous_logs: log.previous,
        };
        let wallet = Self {
            inner: Arc::new(Inner {
                settings,
                store,
                writer,
                clock,
                entropy,
                sms,
                pepper: authority.pepper,
                authority,
                passwords,
                certificates: CertificateCache::default(),
                events,
                sessions: Recent::kept_for(session_ms),
                payees: Recent::kept_for(recent::NAME_MS),
                device_names: Recent::kept_for(recent::NAME_MS),
                projected: mark,
                messages_owed: Arc::default(),
                bulk: AtomicBool::new(false),
                dir,
                retention: std::sync::Mutex::default(),
                password_rules: std::sync::Mutex::default(),
                _lock: lock,
            }),
        };
        wallet.start_jobs();
        tokio::spawn(Teller::new(hears).run(Arc::downgrade(&wallet.inner)));
        if accept_clock {
            tokio::spawn(wallet.clone().record_accepted_clock());
        }
        Ok(wallet)
    }

    async fn record_accepted_clock(self) {
        // Where several nodes share a journal, the one that was told so records it when its turn comes.
        let mut standing = self.inner.writer.standings();
        if standing.wait_for(|standing| *standing == Standing::Leading).await.is_err() {
            return;
        }
        if let Err(error) = self.submit_own(Action::AcceptClock).await {
            tracing::error!(%error, "the accepted clock was not recorded");
        }
    }

    /// Records a command that the deployment itself decides on.
    pub(crate) async fn submit_own(&self, action: Action) -> Result<writer::Committed, writer::WriterError> {
        let id = CommandId::from_bytes(random(self.inner.entropy.as_ref()));
        self.inner.writer.submit(Command { id, action, evidence: Vec::new() }).await
    }
}

/// Opens and checks everything but the views; nobody leads yet.
fn gather(
    home: &Home,
    options: OpenOptions,
    (clock, entropy, sms): Ports,
) -> Result<(Parts, Assembly), StartError> {
    let path = home.path();
    let dir = DataDir::create(path).map_err(|error| StartError::file(path, error))?;
    let lock = dir.lock()?;
    let file = read_deployment(&dir)?;
    if file.stamp != stamp_word(options.stamp) {
        let (found, wanted) = (&file.stamp, stamp_word(options.stamp));
        return Err(StartError::Stamp(format!("{} holds {found} data, not {wanted}", path.display())));
    }
    let mut authority = Authority::load(&dir, &file.origin)?;
    let log = LogOrigin::load(&dir, &file.origin, &authority)?;
    home.check(file.books.as_deref())?;
    dir.convert_journal()?;
    let store = home.store(dir.files())?;
    let ledger = load_ledger(&dir, &store.journal, &log.key, From::Snapshot, |_, _| ())?;
    authority.restored = log.check(&store.journal)?;
    check_deployment(&ledger, &file)?;
    check_clock(&ledger, clock.now(), options)?;
    // Where `init` was cut off in its last line.
    unfinished::end(&dir)?;
    let parts = Parts {
        ledger,
        journal: Box::new(writer::NotLeading),
        reader: Arc::clone(&store.journal),
        clock,
        entropy,
        calendar: Arc::new(TimeZones),
        log_name: log.key.name().to_owned(),
        log_since: log.since,
        sign_head: head_signer(&log.key, &authority.log)?,
        accept_clock: options.accept_clock,
        disk: store.desk.disk(),
    };
    Ok((parts, Assembly { file, dir, lock, store, authority, log, sms }))
}

/// What `assemble` puts beside the writer.
struct Assembly {
    file: DeploymentFile,
    dir: DataDir,
    lock: std::fs::File,
    store: Store,
    authority: Authority,
    log: LogOrigin,
    sms: Arc<dyn SmsSender>,
}

fn check_deployment(ledger: &Ledger, file: &DeploymentFile) -> Result<(), StartError> {
    let matches = ledger.book.deployment().is_some_and(|deployment| {
        deployment.origin == file.origin && stamp_word(deployment.stamp) == file.stamp
    });
    if matches {
        Ok(())
    } else {
        Err(StartError::Stamp(format!("{DEPLOYMENT_FILE} is not what the journal's first record says")))
    }
}

fn check_clock(ledger: &Ledger, clock: Millis, options: OpenOptions) -> Result<(), StartError> {
    let behind_ms = ledger.book.at().since(clock);
    if behind_ms > writer::CLOCK_JUMP_MS && !options.accept_clock {
        return Err(StartError::Clock { behind_ms });
    }
    Ok(())
}
