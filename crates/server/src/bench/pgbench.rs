//! `bench pgbench`: signed payments over HTTPS beside PostgreSQL's own TPC-B, which signs nothing and encrypts nothing.

use super::Load;
use super::machine::Setting;
use super::postgres::Postgres;
use super::report::{Good, Ratio, Tell, fail_on_others, median, say};
use super::side::Side;
use super::world::World;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Serialize)]
struct Measured {
    #[serde(flatten)]
    setting: Setting,
    clients: u32,
    people: u32,
    seconds: f64,
    rounds: u32,
    postgres: String,
    pgbench_per_s: f64,
    payments_per_s: f64,
    outcomes: BTreeMap<String, u64>,
    ratios: Vec<Ratio>,
}

/// Measures and tells.
pub(crate) fn pgbench(load: &Load, tell: &Tell) -> anyhow::Result<()> {
    load.check()?;
    let postgres = Postgres::start()?;
    postgres.fill()?;
    let world = World::prepare(load.data.as_deref(), load.database.as_deref())?;
    let people = world.fill(load.people, load.preload, load.people)?;
    let mut side = Side::start(world, people, load.clients)?;
    let length = Duration::from_secs_f64(load.seconds);
    side.round(length / 4)?;
    postgres.tpc_b(length / 4)?;
    let (mut theirs, mut ours, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    let mut outcomes = BTreeMap::new();
    for number in 1..=load.rounds {
        let tpc_b = postgres.tpc_b(length)?;
        let round = side.round(length)?;
        let rate = round.per_second();
        say(&format!("round {number}: {rate:>8.0} payments/s, {tpc_b:>8.0} TPC-B transactions/s"));
        for (outcome, count) in &round.tally.outcomes {
            *outcomes.entry(outcome.clone()).or_insert(0) += count;
        }
        theirs.push(tpc_b);
        ours.push(rate);
        shares.push(rate / tpc_b);
    }
    side.finish()?;
    let measured = Measured {
        setting: Setting::of("pgbench"),
        clients: load.clients,
        people: load.people,
        seconds: load.seconds,
        rounds: load.rounds,
        postgres: postgres.version()?,
        pgbench_per_s: median(theirs),
        payments_per_s: median(ours),
        outcomes,
        ratios: vec![Ratio::new("payments ÷ pgbench TPC-B -c 16", median(shares), Good::More, 3.0, 4.0)],
    };
    say("");
    for ratio in &measured.ratios {
        say(&ratio.line());
    }
    tell.result(&measured)?;
    fail_on_others(&measured.outcomes)
}
