//! Filling books: people in bulk, then payments straight to the writer, signed by their payers.

use super::float;
use super::payer::{Neighbour, Payer, Town, key_of};
use super::report::say;
use anyhow::Context as _;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use yinxin_client::clock::Clocks;
use yinxin_wallet::{Applicant, BulkPayment, BulkSeed, Disclosure, SignedText, Wallet};

/// People opened together; four records of each wait in the writer's queue.
const PEOPLE_AT_ONCE: u32 = 300;
/// Groups of people that are under way at once.
const UNDER_WAY: usize = 3;
/// People who pay in turn until each has paid their share.
const PAYERS_AT_ONCE: u32 = 1_000;
/// How often a long filling says how far it is.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Books that are being filled.
pub(super) struct Filling<'w> {
    /// The books.
    pub(super) wallet: &'w Wallet,
    /// What everybody is drawn from.
    pub(super) seed: BulkSeed,
    /// How many people there will be.
    pub(super) people: u32,
    /// How many of them can pay over HTTPS: the first ones have a session.
    pub(super) payers: u32,
}

impl Filling<'_> {
    /// Raises the limits and opens whoever is missing.
    pub(super) async fn open_people(&self) -> anyhow::Result<()> {
        let mut number = 0;
        while number < self.people && self.wallet.bulk_person(&self.seed, number)?.is_some() {
            number += 1;
        }
        if number == 0 {
            self.wallet.bulk_policy().await?;
        }
        let mut progress = Progress::new("people", u64::from(number), u64::from(self.people));
        let mut under_way = JoinSet::new();
        while number < self.people || !under_way.is_empty() {
            if number < self.people && under_way.len() < UNDER_WAY {
                let end = number.saturating_add(PEOPLE_AT_ONCE).min(self.people);
                under_way.spawn(open(self.wallet.clone(), self.seed, number..end, self.payers));
                number = end;
                continue;
            }
            if let Some(done) = under_way.join_next().await {
                progress.more(done??);
            }
        }
        Ok(())
    }

    /// What everybody knows of everybody.
    pub(super) fn town(&self) -> anyhow::Result<Arc<Town>> {
        let mut neighbours = Vec::new();
        for number in 0..self.people {
            let person = self.wallet.bulk_person(&self.seed, number)?.context("a person is missing")?;
            neighbours.push(Neighbour { account: person.account, name: person.display_name });
        }
        let settings = self.wallet.settings();
        Ok(Arc::new(Town { origin: settings.origin.clone(), currency: settings.currency, neighbours }))
    }

    /// How many payments everybody has made.
    pub(super) fn payments(&self) -> anyhow::Result<u64> {
        let mut all = 0;
        for number in 0..self.people {
            let person = self.wallet.bulk_person(&self.seed, number)?.context("a person is missing")?;
            // Everybody's sequence begins at their number.
            all += person.seq.saturating_sub(u64::from(number));
        }
        Ok(all)
    }

    /// Person `number` with their device and their session.
    pub(super) fn payer(&self, number: u32) -> anyhow::Result<Payer> {
        let person = self.wallet.bulk_person(&self.seed, number)?.context("a person is missing")?;
        let session = self.wallet.session(person.session.expose());
        session.context("these books were filled for fewer payers: take fewer, or other books")?;
        Payer::new(&self.seed, number, &person)
    }

    /// Lets everybody pay until they have paid `share` times.
    pub(super) async fn preload(&self, town: &Arc<Town>, share: u64) -> anyhow::Result<()> {
        if share == 0 {
            return Ok(());
        }
        let all = share.saturating_mul(u64::from(self.people));
        let mut progress = Progress::new("payments", 0, all);
        let mut under_way = JoinSet::new();
        let mut number = 0;
        while number < self.people || !under_way.is_empty() {
            if number < self.people && under_way.len() < UNDER_WAY {
                let end = number.saturating_add(PAYERS_AT_ONCE).min(self.people);
                let (wallet, town, seed) = (self.wallet.clone(), Arc::clone(town), self.seed);
                under_way.spawn(pay(wallet, town, seed, number..end, share));
                number = end;
                continue;
            }
            if let Some(done) = under_way.join_next().await {
                progress.more(done??);
            }
        }
        Ok(())
    }
}

fn payer(wallet: &Wallet, seed: &BulkSeed, number: u32) -> anyhow::Result<Payer> {
    let person = wallet.bulk_person(seed, number)?.context("a person is missing")?;
    Payer::new(seed, number, &person)
}

/// Opens a group of people; answers how many.
async fn open(wallet: Wallet, seed: BulkSeed, numbers: Range<u32>, payers: u32) -> anyhow::Result<u64> {
    let mut applicants = Vec::new();
    for number in numbers {
        let key = key_of(&seed, number)?.spki().to_vec();
        applicants.push(Applicant { number, key, signed_in: number < payers });
    }
    wallet.bulk_open(&seed, &applicants).await?;
    Ok(u64::try_from(applicants.len())?)
}

/// Lets a group of people pay in turn; answers how many payments they have made in all.
async fn pay(
    wallet: Wallet,
    town: Arc<Town>,
    seed: BulkSeed,
    numbers: Range<u32>,
    share: u64,
) -> anyhow::Result<u64> {
    let wanted = u64::from(numbers.end - numbers.start).saturating_mul(share);
    let mut payers =
        numbers.map(|number| payer(&wallet, &seed, number)).collect::<anyhow::Result<Vec<Payer>>>()?;
    loop {
        let mut batch = Vec::with_capacity(payers.len());
        for payer in payers.iter_mut().filter(|payer| payer.paid() < share) {
            let signed = payer.sign(&town, wallet.now())?;
            payer.accept_text(&signed);
            let (person, certificate) = payer.identity();
            let (salt, text) = signed.payee_name;
            let payee_name = Disclosure { salt, text };
            let text = signed.text;
            let text =
                SignedText { protected: text.protected, payload: text.payload, signature: text.signature };
            batch.push(BulkPayment { person, certificate, text, payee_name });
        }
        if batch.is_empty() {
            return Ok(wanted);
        }
        let count = batch.len();
        let posted = wallet.bulk_pay(batch).await?;
        anyhow::ensure!(posted == count, "{posted} of {count} payments were posted");
    }
}

/// Says now and then how far a filling is.
struct Progress {
    what: &'static str,
    began_with: u64,
    done: u64,
    all: u64,
    began: Duration,
    said: Duration,
}

impl Progress {
    fn new(what: &'static str, done: u64, all: u64) -> Self {
        let now = (Clocks::system().elapsed)();
        Self { what, began_with: done, done, all, began: now, said: now }
    }

    fn more(&mut self, more: u64) {
        self.done += more;
        let now = (Clocks::system().elapsed)();
        if now.saturating_sub(self.said) < SAY_EVERY {
            return;
        }
        self.said = now;
        let rate = float(self.done - self.began_with) / now.saturating_sub(self.began).as_secs_f64();
        say(&format!("{} of {} {}, {rate:.0} a second", self.done, self.all, self.what));
    }
}
