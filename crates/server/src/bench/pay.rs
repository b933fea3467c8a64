//! `bench pay`: how fast signed payments become durable, against the bare verification of as many signatures.

use super::load::{Phone, Tally, closed_loop, payers, phones, sign_ahead};
use super::machine::Machine;
use super::payer::Town;
use super::process::{Server, Usage};
use super::report::{Good, Ratio, median};
use super::verify::{Bare, bare};
use super::wire::Dialler;
use super::world::{People, World};
use super::{Load, float};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// Other outcomes than `posted` that are forgiven, of all.
const OTHERS_MAX: f64 = 0.001;
/// Payments a second that are signed ahead before any rate is known.
const RATE_GUESS: f64 = 8_000.0;
/// Signed ahead beyond the rate of the last round.
const RATE_MARGIN: f64 = 1.3;

/// What one round came to.
struct Round {
    bare: Bare,
    tally: Tally,
    took: Duration,
    usage: Usage,
}

/// The result, as it is told and recorded.
#[derive(Serialize)]
struct Measured {
    bench: &'static str,
    version: &'static str,
    commit: String,
    command: String,
    machine: Machine,
    clients: u32,
    people: u32,
    preload: u64,
    seconds: f64,
    rounds: u32,
    bare_verify_per_s: f64,
    verify_us: f64,
    payments_per_s: f64,
    server_cpu_us_per_payment: f64,
    writer_cpu_us_per_payment: f64,
    thread_cpu_us_per_payment: BTreeMap<String, f64>,
    p50_ms: f64,
    p99_ms: f64,
    outcomes: BTreeMap<String, u64>,
    server_started_in_ms: f64,
    server_resident_mib: f64,
    ratios: Vec<Ratio>,
}

/// Measures and tells; fails when more than one in a thousand was not posted.
pub(crate) fn pay(load: &Load, json: bool) -> anyhow::Result<()> {
    anyhow::ensure!(load.people >= 2 && load.clients >= 1 && load.rounds >= 1, "too few to pay one another");
    let world = World::prepare(load.data.as_deref())?;
    let People { town, payers: all } = world.fill(load.people, load.preload, load.people)?;
    say(&format!("{} people, {} payments in the books", load.people, load.preload));
    let server = Server::start(&world.path)?;
    say(&format!("server {} ready in {} ms", server.id(), server.started_in.as_millis()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let dialler = Dialler::new(&town.origin, &server.root)?;
    let open = runtime.block_on(phones(&dialler, all, load.clients))?;
    let (open, rounds) = measure(&runtime, &server, open, &town, load)?;
    let measured = sum_up(load, &server, rounds);
    server.stop()?;
    world.check(&payers(open))?;
    tell(&measured, json)?;
    let all: u64 = measured.outcomes.values().sum();
    let posted = measured.outcomes.get("posted").copied().unwrap_or(0);
    let others = all.saturating_sub(posted);
    anyhow::ensure!(
        float(others) <= float(all) * OTHERS_MAX && posted > 0,
        "{others} of {all} payments were not posted: {:?}",
        measured.outcomes
    );
    Ok(())
}

/// A round that is not counted, then `load.rounds` that are, each after a bare run of a quarter of its length.
fn measure(
    runtime: &tokio::runtime::Runtime,
    server: &Server,
    mut open: Vec<Phone>,
    town: &Arc<Town>,
    load: &Load,
) -> anyhow::Result<(Vec<Phone>, Vec<Round>)> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let length = Duration::from_secs_f64(load.seconds);
    let mut rate = RATE_GUESS;
    let mut rounds = Vec::new();
    for number in 0..=load.rounds {
        let length = if number == 0 { length / 4 } else { length };
        let bare = bare(threads, length / 4)?;
        let each = (rate * length.as_secs_f64() * RATE_MARGIN / f64::from(load.people)).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small positive number"
        )]
        sign_ahead(&mut open, town, each as usize)?;
        let before = server.usage()?;
        let (phones, tally, took) = runtime.block_on(closed_loop(open, town, length))?;
        let usage = server.usage()?.since(&before);
        open = phones;
        rate = float(tally.posted()) / took.as_secs_f64();
        if number > 0 {
            say(&format!(
                "round {number}: {rate:>8.0} payments/s, {:>8.0} bare verifications/s",
                bare.per_second
            ));
            rounds.push(Round { bare, tally, took, usage });
        }
    }
    Ok((open, rounds))
}

fn sum_up(load: &Load, server: &Server, mut rounds: Vec<Round>) -> Measured {
    let of = |rounds: &[Round], value: &dyn Fn(&Round) -> f64| median(rounds.iter().map(value));
    let rate = |round: &Round| float(round.tally.posted()) / round.took.as_secs_f64();
    let us_each = |ns: u64, round: &Round| float(ns) / 1e3 / float(round.tally.posted().max(1));
    let server_us = |round: &Round| us_each(round.usage.total_ns(), round);
    let writer_us = |round: &Round| us_each(round.usage.of("writer"), round);
    let ratios = vec![
        Ratio::new(
            "payments ÷ bare verifications",
            of(&rounds, &|round| rate(round) / round.bare.per_second),
            Good::More,
            0.45,
            0.55,
        ),
        Ratio::new(
            "server CPU per payment ÷ one verification",
            of(&rounds, &|round| server_us(round) / round.bare.us_each),
            Good::Less,
            1.75,
            1.5,
        ),
        Ratio::new(
            "writer per payment ÷ one verification",
            of(&rounds, &|round| writer_us(round) / round.bare.us_each),
            Good::Less,
            0.2,
            0.1,
        ),
    ];
    let mut threads = BTreeMap::new();
    for name in rounds.iter().flat_map(|round| round.usage.ns_by_thread.keys()) {
        threads
            .entry(name.clone())
            .or_insert_with(|| of(&rounds, &|round| us_each(round.usage.of(name), round)));
    }
    let mut outcomes = BTreeMap::new();
    for (outcome, count) in rounds.iter().flat_map(|round| &round.tally.outcomes) {
        *outcomes.entry(outcome.clone()).or_insert(0) += count;
    }
    let (bare_verify_per_s, verify_us) =
        (of(&rounds, &|round| round.bare.per_second), of(&rounds, &|round| round.bare.us_each));
    let (payments_per_s, server_cpu, writer_cpu) =
        (of(&rounds, &rate), of(&rounds, &server_us), of(&rounds, &writer_us));
    Measured {
        bench: "pay",
        version: env!("CARGO_PKG_VERSION"),
        commit: std::env::var("YINXIN_COMMIT").unwrap_or_default(),
        command: std::env::args().skip(1).collect::<Vec<_>>().join(" "),
        machine: Machine::this(),
        clients: load.clients,
        people: load.people,
        preload: load.preload,
        seconds: load.seconds,
        rounds: load.rounds,
        bare_verify_per_s,
        verify_us,
        payments_per_s,
        server_cpu_us_per_payment: server_cpu,
        writer_cpu_us_per_payment: writer_cpu,
        thread_cpu_us_per_payment: threads,
        p50_ms: median(rounds.iter_mut().map(|round| round.tally.quantile_ms(0.5))),
        p99_ms: median(rounds.iter_mut().map(|round| round.tally.quantile_ms(0.99))),
        outcomes,
        server_started_in_ms: server.started_in.as_secs_f64() * 1e3,
        server_resident_mib: float(server.resident()) / 1024.0 / 1024.0,
        ratios,
    }
}

fn tell(measured: &Measured, json: bool) -> anyhow::Result<()> {
    say("");
    say(&format!(
        "bare verification      {:>9.0} /s on {} cores, {:.1} µs each",
        measured.bare_verify_per_s, measured.machine.cores, measured.verify_us
    ));
    say(&format!(
        "payments               {:>9.0} /s   p50 {:.2} ms   p99 {:.2} ms",
        measured.payments_per_s, measured.p50_ms, measured.p99_ms
    ));
    say(&format!("server CPU a payment   {:>9.1} µs", measured.server_cpu_us_per_payment));
    for (name, us) in &measured.thread_cpu_us_per_payment {
        say(&format!("    {name:<18} {us:>9.1} µs"));
    }
    say(&format!("outcomes               {:?}", measured.outcomes));
    say("");
    for ratio in &measured.ratios {
        say(&ratio.line());
    }
    if json {
        say(&serde_json::to_string(measured)?);
    }
    Ok(())
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
