//! The books of a measurement: made once, filled in bulk, then served by a process of its own.

use super::filling::Filling;
use super::float;
use super::payer::{Payer, Town};
use super::process::Server;
use anyhow::Context as _;
use data_encoding::HEXLOWER;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use yinxin_client::clock::Clocks;
use yinxin_core::policy::Template;
use yinxin_core::{Currency, Stamp};
use yinxin_wallet::port::{Clock, Entropy, SystemClock, SystemEntropy};
use yinxin_wallet::{BulkAppend, BulkSeed, Home, OpenOptions, Setup, Wallet};

use crate::adapters::sms_tray::SmsTray;

/// The seed of everybody in the data directory.
const SEED_FILE: &str = "bench.seed";
/// Where the books are, and what removes them.
pub(super) struct World {
    /// The data directory.
    pub(super) path: PathBuf,
    /// The PostgreSQL that holds the books, where they are not files.
    database: Option<String>,
    seed: BulkSeed,
    _thrown_away: Option<TempDir>,
}

/// The people of a world.
pub(super) struct People {
    /// What everybody knows.
    pub(super) town: Arc<Town>,
    /// Those who pay.
    pub(super) payers: Vec<Payer>,
    /// Records in the journal.
    pub(super) records: u64,
    /// Payments among them.
    pub(super) payments: u64,
}

impl World {
    /// The books in `data`, or new ones that are thrown away; in PostgreSQL where `database` is its address.
    pub(super) fn prepare(data: Option<&Path>, database: Option<&str>) -> anyhow::Result<Self> {
        let thrown_away = match data {
            Some(_) => None,
            None => Some(TempDir::with_prefix("yinxin-bench-").context("no temporary directory")?),
        };
        let kept = data.map(Path::to_path_buf);
        let path = kept.or_else(|| thrown_away.as_ref().map(|folder| folder.path().join("data")));
        let path = path.context("no place for the books")?;
        if !Wallet::exists(&path) {
            init(&path, database)?;
        }
        let text = std::fs::read_to_string(path.join(SEED_FILE));
        let text = text.with_context(|| format!("{} was not made by a measurement", path.display()))?;
        let seed = HEXLOWER.decode(text.trim().as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        let seed = BulkSeed(seed.context("the seed does not read")?);
        let database = database.map(str::to_owned);
        Ok(Self { path, database, seed, _thrown_away: thrown_away })
    }

    /// Opens people until there are `people`, and lets them pay until each has paid their share of `payments`; goes on
    /// where an earlier filling stopped. Answers the first `payers` of them, ready to pay.
    pub(super) fn fill(&self, people: u32, payments: u64, payers: u32) -> anyhow::Result<People> {
        anyhow::ensure!(payers <= people, "more payers than people");
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let wallet = self.open()?;
            let filling = Filling { wallet: &wallet, seed: self.seed, people, payers };
            filling.open_people().await?;
            let town = filling.town()?;
            let share = payments.div_ceil(u64::from(people.max(1)));
            filling.preload(&town, share).await?;
            wallet.bulk_settle().await?;
            let payments = filling.payments()?;
            let numbers = 0..payers;
            let paying = numbers.map(|number| filling.payer(number)).collect::<anyhow::Result<_>>()?;
            wallet.close().await;
            // Its snapshot is a record too: the next start finds the views as they should be.
            wallet.bulk_settle().await?;
            Ok(People { town, payers: paying, records: wallet.records(), payments })
        })
    }

    /// Starts a server of these books.
    pub(super) fn serve(&self) -> anyhow::Result<Server> {
        Server::start(&self.path, self.database.as_deref())
    }

    /// What the books take on the disk.
    pub(super) fn disk_bytes(&self) -> u64 {
        let entries = std::fs::read_dir(&self.path).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
    }

    /// Opens the books in this process for as long as `look` takes.
    pub(super) fn with_wallet<T>(&self, look: impl FnOnce(&Wallet, &BulkSeed) -> T) -> anyhow::Result<T> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let _inside = runtime.enter();
        Ok(look(&self.open()?, &self.seed))
    }

    /// Compares where each payer's chain stands with what the books say.
    pub(super) fn check(&self, payers: &[Payer]) -> anyhow::Result<()> {
        self.with_wallet(|wallet, seed| {
            for payer in payers {
                let found = wallet.bulk_person(seed, payer.number)?.context("a payer is missing")?;
                let number = payer.number;
                let same = (found.seq, found.head) == payer.head();
                anyhow::ensure!(same, "the books do not have what was answered to payer {number}");
            }
            Ok(())
        })?
    }

    /// Durable appends alone, in batches of `records`, for about `length`: records a second. Nobody can open the books
    /// afterwards.
    pub(super) fn ruin_by_appending(&self, records: u32, length: Duration) -> anyhow::Result<f64> {
        let clocks = Clocks::system();
        let mut journal = BulkAppend::ruin(Home::at(&self.path, self.database.as_deref())?)?;
        let began = (clocks.elapsed)();
        let (mut appended, mut took) = (0_u64, Duration::ZERO);
        while took < length {
            journal.batch(records)?;
            appended += u64::from(records);
            took = (clocks.elapsed)().saturating_sub(began);
        }
        journal.end()?;
        Ok(float(appended) / took.as_secs_f64())
    }

    fn open(&self) -> anyhow::Result<Wallet> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let tray = SmsTray::new(Arc::clone(&clock));
        let options = OpenOptions { stamp: Stamp::Demo, accept_clock: false };
        let home = Home::at(&self.path, self.database.as_deref())?;
        Ok(Wallet::open(home, options, (clock, Arc::new(SystemEntropy), tray))?)
    }
}

fn init(path: &Path, database: Option<&str>) -> anyhow::Result<()> {
    // The origin holds the port: one that is free now.
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let setup = Setup {
        origin: format!("https://localhost:{port}"),
        operator: "印信 Yinxin".to_owned(),
        stamp: Stamp::Demo,
        currency: Currency::CNY,
        time_zone: "Asia/Shanghai".to_owned(),
        template: Template::ClosedLoop,
        root_key: path.join("demo-root.pem"),
    };
    Wallet::init(Home::at(path, database)?, &setup, &clock, &entropy)?;
    let mut seed = [0; 32];
    entropy.fill(&mut seed);
    std::fs::write(path.join(SEED_FILE), HEXLOWER.encode(&seed))?;
    Ok(())
}
