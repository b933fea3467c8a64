//! The books of a measurement: made once, filled in bulk, then served by a process of its own.

use super::payer::{Neighbour, Payer, Town, key_of};
use anyhow::Context as _;
use data_encoding::HEXLOWER;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::task::JoinSet;
use yinxin_core::policy::Template;
use yinxin_core::{Currency, Stamp};
use yinxin_wallet::port::{Clock, Entropy, SystemClock, SystemEntropy};
use yinxin_wallet::{Applicant, BulkPayment, BulkSeed, Disclosure, OpenOptions, Setup, SignedText, Wallet};

use crate::adapters::sms_tray::SmsTray;

/// The seed of everybody in the data directory.
const SEED_FILE: &str = "bench.seed";
/// People opened together; four records of each wait in the writer's queue.
const PEOPLE_AT_ONCE: u32 = 300;
/// Batches of people, or of payments, that are under way at once.
const UNDER_WAY: usize = 3;
/// Payments handed to the writer together.
const PAYMENTS_AT_ONCE: usize = 1_000;

/// Where the books are, and what removes them.
pub(super) struct World {
    /// The data directory.
    pub(super) path: PathBuf,
    seed: BulkSeed,
    _thrown_away: Option<TempDir>,
}

/// The people of a world.
pub(super) struct People {
    /// What everybody knows.
    pub(super) town: Arc<Town>,
    /// Those who pay.
    pub(super) payers: Vec<Payer>,
}

impl World {
    /// The books in `data`, or new ones that are thrown away.
    pub(super) fn prepare(data: Option<&Path>) -> anyhow::Result<Self> {
        let thrown_away = match data {
            Some(_) => None,
            None => Some(TempDir::with_prefix("yinxin-bench-").context("no temporary directory")?),
        };
        let kept = data.map(Path::to_path_buf);
        let path = kept.or_else(|| thrown_away.as_ref().map(|folder| folder.path().join("data")));
        let path = path.context("no place for the books")?;
        if !Wallet::exists(&path) {
            init(&path)?;
        }
        let text = std::fs::read_to_string(path.join(SEED_FILE));
        let text = text.with_context(|| format!("{} was not made by a measurement", path.display()))?;
        let seed = HEXLOWER.decode(text.trim().as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        let seed = BulkSeed(seed.context("the seed does not read")?);
        Ok(Self { path, seed, _thrown_away: thrown_away })
    }

    /// Opens people until there are `people`, and lets them pay until `payments` more are recorded; answers the payers.
    pub(super) fn fill(&self, people: u32, payments: u64, payers: u32) -> anyhow::Result<People> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let wallet = self.open()?;
            wallet.bulk_policy().await?;
            open_people(&wallet, self.seed, people).await?;
            let mut all = self.people(&wallet, people, payers)?;
            all = preload(&wallet, all, payments).await?;
            wallet.close().await;
            Ok(all)
        })
    }

    /// Compares where each payer's chain stands with what the books say.
    pub(super) fn check(&self, payers: &[Payer]) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let wallet = self.open()?;
            for payer in payers {
                let found = wallet.bulk_person(&self.seed, payer.number)?.context("a payer is missing")?;
                anyhow::ensure!(
                    (found.seq, found.head) == payer.head(),
                    "the books do not have what was answered to payer {}",
                    payer.number
                );
            }
            Ok(())
        })
    }

    fn open(&self) -> anyhow::Result<Wallet> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let tray = SmsTray::new(Arc::clone(&clock));
        let options = OpenOptions { stamp: Stamp::Demo, accept_clock: false };
        Ok(Wallet::open(&self.path, options, (clock, Arc::new(SystemEntropy), tray))?)
    }

    fn people(&self, wallet: &Wallet, people: u32, payers: u32) -> anyhow::Result<People> {
        let mut neighbours = Vec::new();
        let mut paying = Vec::new();
        for number in 0..people {
            let person = wallet.bulk_person(&self.seed, number)?.context("a person is missing")?;
            if number < payers {
                paying.push(Payer::new(&self.seed, number, &person)?);
            }
            neighbours.push(Neighbour { account: person.account, name: person.display_name });
        }
        let settings = wallet.settings();
        let town = Town { origin: settings.origin.clone(), currency: settings.currency, neighbours };
        Ok(People { town: Arc::new(town), payers: paying })
    }
}

fn init(path: &Path) -> anyhow::Result<()> {
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
    Wallet::init(path, &setup, &clock, &entropy)?;
    let mut seed = [0; 32];
    entropy.fill(&mut seed);
    std::fs::write(path.join(SEED_FILE), HEXLOWER.encode(&seed))?;
    Ok(())
}

async fn open_people(wallet: &Wallet, seed: BulkSeed, people: u32) -> anyhow::Result<()> {
    let mut number = 0;
    while number < people && wallet.bulk_person(&seed, number)?.is_some() {
        number += 1;
    }
    let mut under_way = JoinSet::new();
    while number < people {
        let end = number.saturating_add(PEOPLE_AT_ONCE).min(people);
        let (wallet, numbers) = (wallet.clone(), number..end);
        under_way.spawn(async move {
            let mut applicants = Vec::new();
            for number in numbers {
                applicants.push(Applicant { number, key: key_of(&seed, number)?.spki().to_vec() });
            }
            anyhow::Ok(wallet.bulk_open(&seed, &applicants).await?)
        });
        number = end;
        if under_way.len() >= UNDER_WAY {
            under_way.join_next().await.transpose()?.transpose()?;
        }
    }
    while let Some(done) = under_way.join_next().await {
        done??;
    }
    Ok(())
}

/// Lets the payers pay, in turn, straight to the writer.
async fn preload(wallet: &Wallet, people: People, payments: u64) -> anyhow::Result<People> {
    let People { town, payers } = people;
    let share = payers.len().div_ceil(UNDER_WAY).max(1);
    let each = payments.div_ceil(u64::try_from(payers.len())?.max(1));
    let mut under_way = JoinSet::new();
    let mut rest = payers;
    while !rest.is_empty() {
        let some = rest.split_off(rest.len().saturating_sub(share));
        let (wallet, town) = (wallet.clone(), Arc::clone(&town));
        under_way.spawn(async move { pay_rounds(&wallet, &town, some, each).await });
    }
    let mut back = Vec::new();
    while let Some(done) = under_way.join_next().await {
        back.extend(done??);
    }
    back.sort_by_key(|payer| payer.number);
    Ok(People { town, payers: back })
}

async fn pay_rounds(
    wallet: &Wallet,
    town: &Town,
    mut payers: Vec<Payer>,
    rounds: u64,
) -> anyhow::Result<Vec<Payer>> {
    for _ in 0..rounds {
        for some in payers.chunks_mut(PAYMENTS_AT_ONCE) {
            let mut batch = Vec::with_capacity(some.len());
            for payer in some.iter_mut() {
                let signed = payer.sign(town, wallet.now())?;
                payer.accept_text(&signed);
                let (person, certificate) = payer.identity();
                let (salt, name) = signed.payee_name;
                let text = signed.text;
                let text = SignedText {
                    protected: text.protected,
                    payload: text.payload,
                    signature: text.signature,
                };
                batch.push(BulkPayment {
                    person,
                    certificate,
                    text,
                    payee_name: Disclosure { salt, text: name },
                });
            }
            let count = batch.len();
            let posted = wallet.bulk_pay(batch).await?;
            anyhow::ensure!(posted == count, "{posted} of {count} payments were posted");
        }
    }
    Ok(payers)
}
