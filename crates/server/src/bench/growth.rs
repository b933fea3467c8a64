//! `bench growth`: whether the engine is as fast with full books as with empty ones, and how soon it is back.

use super::machine::Setting;
use super::report::{Good, Ratio, Tell, fail_on_others, median, say};
use super::side::Side;
use super::wire::Dialler;
use super::world::World;
use super::{Load, float};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use yinxin_client::clock::Clocks;

/// Starts of the full books that are timed.
const STARTS: u32 = 3;
/// A restart with full books is ready within this, in milliseconds.
const READY_MS: f64 = 2_000.0;

/// How full.
pub(crate) struct Growth {
    /// The load of a round; its people are those who pay during the rounds.
    pub(crate) load: Load,
    /// People in the full books.
    pub(crate) people: u32,
    /// Payments in the full books.
    pub(crate) payments: u64,
}

#[derive(Serialize)]
struct Measured {
    #[serde(flatten)]
    setting: Setting,
    clients: u32,
    payers: u32,
    seconds: f64,
    rounds: u32,
    people: u32,
    payments: u64,
    records: u64,
    full_payments_per_s: f64,
    empty_payments_per_s: f64,
    full_p99_ms: f64,
    empty_p99_ms: f64,
    ready_ms: f64,
    full_resident_mib: f64,
    empty_resident_mib: f64,
    resident_bytes_per_person: f64,
    disk_mib: f64,
    outcomes: BTreeMap<String, u64>,
    ratios: Vec<Ratio>,
}

/// Fills, or goes on filling, then measures and tells.
pub(crate) fn growth(growth: &Growth, tell: &Tell) -> anyhow::Result<()> {
    let load = &growth.load;
    load.check()?;
    let full_world = World::prepare(load.data.as_deref(), load.database.as_deref())?;
    let full_people = full_world.fill(growth.people, growth.payments, load.people)?;
    let (records, payments) = (full_people.records, full_people.payments);
    let disk = full_world.disk_bytes();
    let ready = restarts(&full_world, &full_people.town.origin)?;
    say(&format!("ready with {records} records: {ready:.0} ms, the median of {STARTS} starts"));
    let empty_world = World::prepare(None, None)?;
    let empty_people = empty_world.fill(load.people, 0, load.people)?;
    let mut full = Side::start(full_world, full_people, load.clients)?;
    let mut empty = Side::start(empty_world, empty_people, load.clients)?;
    // Before any round: what the books take, and little else.
    let (full_resident, empty_resident) = (full.server.resident(), empty.server.resident());
    let length = Duration::from_secs_f64(load.seconds);
    full.round(length / 2)?;
    empty.round(length / 2)?;
    let mut rounds = Vec::new();
    for number in 1..=load.rounds {
        let pair = (full.round(length)?, empty.round(length)?);
        let (of_full, of_empty) = (pair.0.per_second(), pair.1.per_second());
        say(&format!("round {number}: {of_full:>8.0} payments/s full, {of_empty:>8.0} empty"));
        rounds.push(pair);
    }
    full.finish()?;
    empty.finish()?;
    let mut outcomes = BTreeMap::new();
    for (outcome, count) in
        rounds.iter().flat_map(|(full, empty)| full.tally.outcomes.iter().chain(&empty.tally.outcomes))
    {
        *outcomes.entry(outcome.clone()).or_insert(0) += count;
    }
    let share = median(rounds.iter().map(|(full, empty)| full.per_second() / empty.per_second()));
    let mib = |bytes: u64| float(bytes) / 1024.0 / 1024.0;
    let measured = Measured {
        setting: Setting::of("growth"),
        clients: load.clients,
        payers: load.people,
        seconds: load.seconds,
        rounds: load.rounds,
        people: growth.people,
        payments,
        records,
        full_payments_per_s: median(rounds.iter().map(|(full, _)| full.per_second())),
        empty_payments_per_s: median(rounds.iter().map(|(_, empty)| empty.per_second())),
        full_p99_ms: median(rounds.iter().map(|(full, _)| full.tally.quantile_ms(0.99))),
        empty_p99_ms: median(rounds.iter().map(|(_, empty)| empty.tally.quantile_ms(0.99))),
        ready_ms: ready,
        full_resident_mib: mib(full_resident),
        empty_resident_mib: mib(empty_resident),
        resident_bytes_per_person: float(full_resident.saturating_sub(empty_resident))
            / f64::from(growth.people.saturating_sub(load.people).max(1)),
        disk_mib: mib(disk),
        outcomes,
        ratios: vec![
            Ratio::new("rate when full ÷ rate when empty", share, Good::More, 0.9, 0.98),
            Ratio::new("restart with full books, ms", ready, Good::Less, READY_MS, READY_MS),
        ],
    };
    measured.say();
    tell.result(&measured)?;
    fail_on_others(&measured.outcomes)
}

/// The median time from the start of the process to its first healthy answer, in milliseconds.
fn restarts(world: &World, origin: &str) -> anyhow::Result<f64> {
    let clocks = Clocks::system();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let began = (clocks.elapsed)();
        let server = world.serve()?;
        let dialler = Dialler::new(origin, &server.root)?;
        let status = runtime.block_on(async {
            let (_, authority) = origin.split_once("://").unwrap_or_default();
            let request = format!("GET /healthz HTTP/1.1\r\nhost: {authority}\r\n\r\n");
            let mut line = dialler.dial().await?;
            line.exchange(request.as_bytes()).await.map(|answer| answer.status)
        })?;
        anyhow::ensure!(status == 200, "the server is not healthy: {status}");
        times.push((clocks.elapsed)().saturating_sub(began).as_secs_f64() * 1e3);
        server.stop()?;
    }
    Ok(median(times))
}

impl Measured {
    fn say(&self) {
        say("");
        say(&format!(
            "memory of the server   {:>9.0} MiB full, {:.0} MiB empty: {:.0} B a person with certificate",
            self.full_resident_mib, self.empty_resident_mib, self.resident_bytes_per_person
        ));
        say(&format!("on the disk            {:>9.0} MiB", self.disk_mib));
        let (full, empty) = (self.full_p99_ms, self.empty_p99_ms);
        say(&format!("p99                    {full:>9.2} ms full, {empty:.2} ms empty"));
        say("");
        for ratio in &self.ratios {
            say(&ratio.line());
        }
    }
}
