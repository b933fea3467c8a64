//! `bench pay`: how fast signed payments become durable, against the bare verification of as many signatures.

use super::machine::Setting;
use super::memory::Memory;
use super::report::{Good, Ratio, Tell, fail_on_others, median, say};
use super::side::{Round, Side};
use super::verify::{Bare, bare};
use super::world::World;
use super::{Load, float};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Records in a batch of what is only appended.
const APPENDED: u32 = 64;

/// The result, as it is told and recorded.
#[derive(Serialize)]
struct Measured {
    #[serde(flatten)]
    setting: Setting,
    #[serde(flatten)]
    figures: Figures,
    server_started_in_ms: f64,
    server_resident_mib: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sqlite_payments_per_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postgres_appends_per_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sqlite_appends_per_s: Option<f64>,
    #[serde(rename = "memory_bytes")]
    memory: Memory,
    ratios: Vec<Ratio>,
}

/// Medians of rounds of one server.
#[derive(Serialize)]
pub(super) struct Figures {
    clients: u32,
    people: u32,
    preload: u64,
    seconds: f64,
    rounds: u32,
    bare_verify_per_s: f64,
    verify_us: f64,
    /// Payments a second.
    pub(super) payments_per_s: f64,
    server_cpu_us_per_payment: f64,
    writer_cpu_us_per_payment: f64,
    generator_cpu_us_per_payment: f64,
    thread_cpu_us_per_payment: BTreeMap<String, f64>,
    p50_ms: f64,
    p99_ms: f64,
    /// Answers by outcome.
    pub(super) outcomes: BTreeMap<String, u64>,
}

/// Measures and tells; fails when more than one in a thousand was not posted.
pub(crate) fn pay(load: &Load, tell: &Tell) -> anyhow::Result<()> {
    load.check()?;
    // First: a process that did nothing else yet.
    let memory = Memory::measure()?;
    let world = World::prepare(load.data.as_deref(), load.database.as_deref())?;
    let people = world.fill(load.people, load.preload, load.people)?;
    say(&format!("{} people, {} payments before the first round", load.people, load.preload));
    let mut side = Side::start(world, people, load.clients)?;
    say(&format!("server {} ready in {} ms", side.server.id(), side.server.started_in.as_millis()));
    let mut files = load.database.as_ref().map(|_| beside(load)).transpose()?;
    let (rounds, on_files) = measure(&mut side, files.as_mut(), load)?;
    let (figures, mut ratios) = (Figures::of(load, &rounds), ratios(&rounds));
    if !on_files.is_empty() {
        let shares = rounds.iter().zip(&on_files).map(|((_, round), files)| round.per_second() / files);
        ratios.push(Ratio::new("PostgreSQL's payments ÷ SQLite's", median(shares), Good::More, 0.7, 0.9));
    }
    let server_started_in_ms = side.server.started_in.as_secs_f64() * 1e3;
    let server_resident_mib = float(side.server.resident()) / 1024.0 / 1024.0;
    let sqlite_payments_per_s = files.is_some().then(|| median(on_files));
    let (world, files) = (side.finish()?, files.map(Side::finish).transpose()?);
    let (postgres_appends_per_s, sqlite_appends_per_s) =
        files.filter(|_| load.data.is_none()).map(|files| appends(&world, &files, load)).transpose()?.unzip();
    let measured = Measured {
        setting: Setting::of("pay"),
        figures,
        server_started_in_ms,
        server_resident_mib,
        sqlite_payments_per_s,
        postgres_appends_per_s,
        sqlite_appends_per_s,
        memory,
        ratios,
    };
    measured.say();
    tell.result(&measured)?;
    fail_on_others(&measured.figures.outcomes)
}

/// Each round with the bare run before it, and the rates of the rounds on files beside them.
type Rounds = (Vec<(Bare, Round)>, Vec<f64>);

/// A round that is not counted, then `load.rounds` that are, each after a bare run of a quarter of its length and before
/// one on files where the books are in PostgreSQL; answers those rates too.
fn measure(side: &mut Side, mut files: Option<&mut Side>, load: &Load) -> anyhow::Result<Rounds> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let length = Duration::from_secs_f64(load.seconds);
    side.round(length / 4)?;
    if let Some(files) = files.as_mut() {
        files.round(length / 4)?;
    }
    let (mut rounds, mut on_files) = (Vec::new(), Vec::new());
    for number in 1..=load.rounds {
        let bare = bare(threads, length / 4)?;
        let round = side.round(length)?;
        let (rate, of) = (round.per_second(), bare.per_second);
        say(&format!("round {number}: {rate:>8.0} payments/s, {of:>8.0} bare verifications/s"));
        rounds.push((bare, round));
        if let Some(files) = files.as_mut() {
            let rate = files.round(length)?.per_second();
            say(&format!("         {rate:>8.0} payments/s on files"));
            on_files.push(rate);
        }
    }
    Ok((rounds, on_files))
}

/// Records a second that PostgreSQL's and SQLite's journal take in batches of [`APPENDED`], with nothing decided: medians.
fn appends(postgres: &World, files: &World, load: &Load) -> anyhow::Result<(f64, f64)> {
    let length = Duration::from_secs_f64(load.seconds / 2.0);
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..load.rounds {
        theirs.push(postgres.ruin_by_appending(APPENDED, length)?);
        ours.push(files.ruin_by_appending(APPENDED, length)?);
    }
    Ok((median(theirs), median(ours)))
}

/// The same load on files, for the rounds between those on PostgreSQL.
fn beside(load: &Load) -> anyhow::Result<Side> {
    let world = World::prepare(None, None)?;
    let people = world.fill(load.people, load.preload, load.people)?;
    Side::start(world, people, load.clients)
}

impl Figures {
    /// The medians of `rounds`.
    pub(super) fn of(load: &Load, rounds: &[(Bare, Round)]) -> Self {
        let middle = |value: &dyn Fn(&Bare, &Round) -> f64| {
            median(rounds.iter().map(|(bare, round)| value(bare, round)))
        };
        let mut threads = BTreeMap::new();
        for name in rounds.iter().flat_map(|(_, round)| round.usage.ns_by_thread.keys()) {
            threads
                .entry(name.clone())
                .or_insert_with(|| middle(&|_, round| round.us_each(round.usage.of(name))));
        }
        let mut outcomes = BTreeMap::new();
        for (outcome, count) in rounds.iter().flat_map(|(_, round)| &round.tally.outcomes) {
            *outcomes.entry(outcome.clone()).or_insert(0) += count;
        }
        Self {
            clients: load.clients,
            people: load.people,
            preload: load.preload,
            seconds: load.seconds,
            rounds: load.rounds,
            bare_verify_per_s: middle(&|bare, _| bare.per_second),
            verify_us: middle(&|bare, _| bare.us_each),
            payments_per_s: middle(&|_, round| round.per_second()),
            server_cpu_us_per_payment: middle(&|_, round| round.us_each(round.usage.total_ns())),
            writer_cpu_us_per_payment: middle(&|_, round| round.us_each(round.usage.of("writer"))),
            generator_cpu_us_per_payment: middle(&|_, round| round.us_each(round.generator_ns)),
            thread_cpu_us_per_payment: threads,
            p50_ms: middle(&|_, round| round.tally.quantile_ms(0.5)),
            p99_ms: middle(&|_, round| round.tally.quantile_ms(0.99)),
            outcomes,
        }
    }
}

/// The ratios to bare verification; each is taken within its round.
fn ratios(rounds: &[(Bare, Round)]) -> Vec<Ratio> {
    let middle =
        |value: &dyn Fn(&Bare, &Round) -> f64| median(rounds.iter().map(|(bare, round)| value(bare, round)));
    let in_verifications =
        |ns: fn(&Round) -> u64| middle(&|bare: &Bare, round: &Round| round.us_each(ns(round)) / bare.us_each);
    let rate = middle(&|bare, round| round.per_second() / bare.per_second);
    let server = in_verifications(|round| round.usage.total_ns());
    let writer = in_verifications(|round| round.usage.of("writer"));
    vec![
        Ratio::new("payments ÷ bare verifications", rate, Good::More, 0.45, 0.55),
        Ratio::new("server CPU per payment ÷ one verification", server, Good::Less, 1.75, 1.5),
        Ratio::new("writer per payment ÷ one verification", writer, Good::Less, 0.2, 0.1),
    ]
}

impl Measured {
    fn say(&self) {
        let Self { figures, memory, .. } = self;
        say("");
        let (bare, each, cores) = (figures.bare_verify_per_s, figures.verify_us, self.setting.machine.cores);
        say(&format!("bare verification      {bare:>9.0} /s on {cores} cores, {each:.1} µs each"));
        let (rate, p50, p99) = (figures.payments_per_s, figures.p50_ms, figures.p99_ms);
        say(&format!("payments               {rate:>9.0} /s   p50 {p50:.2} ms   p99 {p99:.2} ms"));
        say(&format!("server CPU a payment   {:>9.1} µs", figures.server_cpu_us_per_payment));
        for (name, us) in figures.thread_cpu_us_per_payment.iter().filter(|(_, us)| **us >= 0.05) {
            say(&format!("    {name:<18} {us:>9.1} µs"));
        }
        say(&format!("generator              {:>9.1} µs", figures.generator_cpu_us_per_payment));
        if let (Some(theirs), Some(ours)) = (self.postgres_appends_per_s, self.sqlite_appends_per_s) {
            say(&format!(
                "appended by {APPENDED}         {theirs:>9.0} records/s to PostgreSQL, {ours:.0} to SQLite"
            ));
        }
        let Memory { person, certificate, command } = memory;
        say(&format!(
            "memory in one book     {person:>9.0} B a person, {certificate:.0} B a certificate, \
             {command:.0} B a command for a day"
        ));
        say(&format!("outcomes               {:?}", figures.outcomes));
        say("");
        for ratio in &self.ratios {
            say(&ratio.line());
        }
    }
}
