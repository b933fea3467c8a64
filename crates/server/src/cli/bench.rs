//! `yinxin bench`: what the engine does on this machine, in ratios that can be compared.

use crate::bench;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Measure the engine on this machine.
#[derive(Args)]
pub(super) struct Bench {
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Subcommand)]
enum Scenario {
    /// Signed payments over HTTPS against bare signature verification.
    Pay(Pay),
    /// Latency of payments that come by chance, at half of saturation.
    Open(Pay),
    /// Signed payments beside PostgreSQL's own TPC-B.
    Pgbench(Pay),
    /// Full books against empty ones, and how soon a server of full books is ready.
    Growth(Growth),
    /// What one operation with a certificate costs.
    Pki(Pki),
    /// Serve a data directory of a measurement; what the others measure.
    #[command(hide = true)]
    Host(Host),
}

/// A measurement under load.
#[derive(Args)]
struct Pay {
    #[command(flatten)]
    load: Load,
    #[command(flatten)]
    report: Report,
}

/// How much load, on which books.
#[derive(Args)]
struct Load {
    /// Connections that pay at once.
    #[arg(long, default_value_t = 128)]
    clients: u32,
    /// Length of a round.
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// Rounds; the medians are told.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// People with a certificate.
    #[arg(long, default_value_t = 1_000)]
    people: u32,
    /// Payments in the books before the first round.
    #[arg(long, default_value_t = 0)]
    preload: u64,
    /// Keep the books in this directory; without it they are thrown away.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Put the books into this PostgreSQL, `postgres://user:password@host:port/database`, whose database is empty.
    #[arg(long)]
    database: Option<String>,
}

/// Full books against empty ones.
#[derive(Args)]
struct Growth {
    /// Connections that pay at once.
    #[arg(long, default_value_t = 128)]
    clients: u32,
    /// Length of a round.
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// Rounds; the medians are told.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// People in the full books.
    #[arg(long, default_value_t = 1_000_000)]
    people: u32,
    /// Payments in the full books.
    #[arg(long, default_value_t = 10_000_000)]
    payments: u64,
    /// People who pay during the rounds.
    #[arg(long, default_value_t = 10_000)]
    payers: u32,
    /// Where the full books are kept; a filling that was interrupted goes on.
    #[arg(long, default_value = "bench/data")]
    data: PathBuf,
    #[command(flatten)]
    report: Report,
}

/// What one operation with a certificate costs.
#[derive(Args)]
struct Pki {
    /// Time for each operation.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    #[command(flatten)]
    report: Report,
}

/// How the result is told.
#[derive(Args)]
struct Report {
    /// The last line is the result as one JSON object.
    #[arg(long)]
    json: bool,
    /// Keep the result in this file, as JSON.
    #[arg(long)]
    record: Option<PathBuf>,
}

/// Serve a data directory of a measurement.
#[derive(Args)]
struct Host {
    /// The data directory.
    #[arg(long)]
    data: PathBuf,
    /// The PostgreSQL that holds the books.
    #[arg(long)]
    database: Option<String>,
}

impl Load {
    fn plan(&self) -> bench::Load {
        bench::Load {
            clients: self.clients,
            seconds: self.seconds,
            rounds: self.rounds,
            people: self.people,
            preload: self.preload,
            data: self.data.clone(),
            database: self.database.clone(),
        }
    }
}

impl Growth {
    fn plan(&self) -> bench::Growth {
        let load = bench::Load {
            clients: self.clients,
            seconds: self.seconds,
            rounds: self.rounds,
            people: self.payers,
            preload: 0,
            data: Some(self.data.clone()),
            database: None,
        };
        bench::Growth { load, people: self.people, payments: self.payments }
    }
}

impl Report {
    fn tell(self) -> bench::Tell {
        bench::Tell { json: self.json, record: self.record }
    }
}

impl Bench {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self.scenario {
            Scenario::Pay(pay) => bench::pay(&pay.load.plan(), &pay.report.tell()),
            Scenario::Open(open) => bench::open(&open.load.plan(), &open.report.tell()),
            Scenario::Pgbench(pgbench) => bench::pgbench(&pgbench.load.plan(), &pgbench.report.tell()),
            Scenario::Growth(growth) => bench::growth(&growth.plan(), &growth.report.tell()),
            Scenario::Pki(pki) => bench::pki(pki.seconds, &pki.report.tell()),
            Scenario::Host(host) => bench::host(&host.data, host.database.as_deref()),
        }
    }
}
