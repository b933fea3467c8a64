//! `bench open`: latency when payments come by chance, at half of what the server can do.
//!
//! Measured from the moment when a payment should have been sent: one that waits behind others waits on the clock
//! (no coordinated omission).

use super::chance::Chance;
use super::load::{Phone, Tally};
use super::machine::Setting;
use super::payer::Town;
use super::report::{Good, Ratio, Tell, fail_on_others, median, say};
use super::side::Side;
use super::world::World;
use super::{Load, float};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use yinxin_client::clock::Clocks;

/// The share of saturation at which latency is measured.
const SHARE: f64 = 0.5;

#[derive(Serialize)]
struct Measured {
    #[serde(flatten)]
    setting: Setting,
    clients: u32,
    people: u32,
    seconds: f64,
    rounds: u32,
    saturation_per_s: f64,
    offered_per_s: f64,
    payments_per_s: f64,
    p50_ms: f64,
    p90_ms: f64,
    p99_ms: f64,
    p999_ms: f64,
    outcomes: BTreeMap<String, u64>,
    ratios: Vec<Ratio>,
}

/// Measures and tells.
pub(crate) fn open(load: &Load, tell: &Tell) -> anyhow::Result<()> {
    load.check()?;
    let world = World::prepare(load.data.as_deref(), load.database.as_deref())?;
    let people = world.fill(load.people, load.preload, load.people)?;
    let mut side = Side::start(world, people, load.clients)?;
    let length = Duration::from_secs_f64(load.seconds);
    side.round(length / 4)?;
    let saturated = [side.round(length / 2)?, side.round(length / 2)?];
    let saturation = median(saturated.iter().map(super::side::Round::per_second));
    let rate = saturation * SHARE;
    say(&format!("{saturation:.0} payments/s at most; {rate:.0} of them come by chance now"));
    let mut rounds = Vec::new();
    for number in 1..=load.rounds {
        let (tally, took) = side.open_round(rate, length, u64::from(number))?;
        let (p50, p99) = (tally.quantile_ms(0.5), tally.quantile_ms(0.99));
        say(&format!("round {number}: {:>8} posted   p50 {p50:.2} ms   p99 {p99:.2} ms", tally.posted()));
        rounds.push((tally, took));
    }
    side.finish()?;
    let quantile = |share: f64| median(rounds.iter().map(|(tally, _)| tally.quantile_ms(share)));
    let mut outcomes = BTreeMap::new();
    for (outcome, count) in rounds.iter().flat_map(|(tally, _)| &tally.outcomes) {
        *outcomes.entry(outcome.clone()).or_insert(0) += count;
    }
    let (p50_ms, p99_ms) = (quantile(0.5), quantile(0.99));
    let measured = Measured {
        setting: Setting::of("open"),
        clients: load.clients,
        people: load.people,
        seconds: load.seconds,
        rounds: load.rounds,
        saturation_per_s: saturation,
        offered_per_s: rate,
        payments_per_s: median(rounds.iter().map(|(tally, took)| float(tally.posted()) / took.as_secs_f64())),
        p50_ms,
        p90_ms: quantile(0.9),
        p99_ms,
        p999_ms: quantile(0.999),
        outcomes,
        ratios: vec![
            Ratio::new("open loop at half of saturation: p50, ms", p50_ms, Good::Less, 2.0, 2.0),
            Ratio::new("open loop at half of saturation: p99, ms", p99_ms, Good::Less, 15.0, 8.0),
        ],
    };
    say("");
    for ratio in &measured.ratios {
        say(&ratio.line());
    }
    tell.result(&measured)?;
    fail_on_others(&measured.outcomes)
}

/// Lets payments come for `length`, `rate` a second, to whichever phone has waited longest; answers when the last is answered.
pub(super) async fn arrivals(
    phones: Vec<Phone>,
    town: &Arc<Town>,
    (rate, length, seed): (f64, Duration, u64),
) -> anyhow::Result<(Vec<Phone>, Tally, Duration)> {
    let clocks = Clocks::system();
    let (sender, receiver) = mpsc::unbounded_channel();
    // The lock is handed on in the order of asking: every phone has its turn.
    let receiver = Arc::new(Mutex::new(receiver));
    let began = (clocks.elapsed)();
    // A thread of its own: the runtime's timer is as coarse as what is measured.
    let clock = std::thread::Builder::new().name("arrivals".to_owned()).spawn(move || {
        let mut chance = Chance::new(seed);
        let mut next = Duration::ZERO;
        loop {
            next += Duration::from_secs_f64(chance.wait_s(rate));
            if next > length {
                return;
            }
            wait_until(began + next);
            if sender.send(began + next).is_err() {
                return;
            }
        }
    })?;
    let mut paying = JoinSet::new();
    for phone in phones {
        paying.spawn(answer_arrivals(phone, Arc::clone(town), Arc::clone(&receiver)));
    }
    let (mut back, mut tally) = (Vec::new(), Tally::default());
    while let Some(done) = paying.join_next().await {
        let (phone, own) = done??;
        back.push(phone);
        tally.add(own);
    }
    clock.join().map_err(|_| anyhow::anyhow!("the arrivals ended early"))?;
    Ok((back, tally, (clocks.elapsed)().saturating_sub(began)))
}

async fn answer_arrivals(
    mut phone: Phone,
    town: Arc<Town>,
    arrivals: Arc<Mutex<mpsc::UnboundedReceiver<Duration>>>,
) -> anyhow::Result<(Phone, Tally)> {
    let mut tally = Tally::default();
    loop {
        let arrival = arrivals.lock().await.recv().await;
        let Some(intended) = arrival else { return Ok((phone, tally)) };
        let (outcome, latency) = phone.pay(&town, intended).await?;
        tally.count(outcome, latency);
    }
}

/// Waits with the precision of the kernel's timers.
fn wait_until(moment: Duration) {
    let clocks = Clocks::system();
    loop {
        let left = moment.saturating_sub((clocks.elapsed)());
        if left.is_zero() {
            return;
        }
        std::thread::park_timeout(left);
    }
}
