//! One server under load: its books, its process, the phones that pay there. Rounds of several sides can be interleaved.

use super::float;
use super::load::{Phone, Tally, closed_loop, payers, phones, sign_ahead};
use super::open::arrivals;
use super::payer::Town;
use super::process::{Server, Usage, own_thread_ns};
use super::wire::Dialler;
use super::world::{People, World};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Payments a second that are signed ahead before any rate is known.
const RATE_GUESS: f64 = 8_000.0;
/// Signed ahead beyond the rate of the last round.
const RATE_MARGIN: f64 = 1.3;

/// Answers that are looked at in one turn: more than there are connections.
const LOOKED_AT_ONCE: u32 = 1_024;

/// One server with its load.
pub(super) struct Side {
    world: World,
    /// The running server.
    pub(super) server: Server,
    town: Arc<Town>,
    phones: Vec<Phone>,
    runtime: Runtime,
    rate: f64,
}

/// What a round came to.
pub(super) struct Round {
    /// Outcomes and latencies.
    pub(super) tally: Tally,
    /// How long it took.
    pub(super) took: Duration,
    /// Processor time of the server.
    pub(super) usage: Usage,
    /// Processor time of the generator.
    pub(super) generator_ns: u64,
}

impl Side {
    /// Starts a server on `world` and opens `clients` connections for `people`.
    pub(super) fn start(world: World, people: People, clients: u32) -> anyhow::Result<Self> {
        let server = world.serve()?;
        // One thread: the generator leaves the cores to the server.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .event_interval(LOOKED_AT_ONCE)
            .build()?;
        let dialler = Dialler::new(&people.town.origin, &server.root)?;
        let phones = runtime.block_on(phones(&dialler, people.payers, clients))?;
        Ok(Self { world, server, town: people.town, phones, runtime, rate: RATE_GUESS })
    }

    /// Lets everybody pay for `length`, as fast as answers come; what is sent was signed before.
    pub(super) fn round(&mut self, length: Duration) -> anyhow::Result<Round> {
        self.sign_ahead(self.rate * length.as_secs_f64() * RATE_MARGIN)?;
        let (before, own_before) = (self.server.usage()?, own_thread_ns());
        let phones = std::mem::take(&mut self.phones);
        let (phones, tally, took) = self.runtime.block_on(closed_loop(phones, &self.town, length))?;
        let usage = self.server.usage()?.since(&before);
        self.phones = phones;
        let round = Round { tally, took, usage, generator_ns: own_thread_ns().saturating_sub(own_before) };
        self.rate = round.per_second();
        Ok(round)
    }

    /// Lets `rate` payments a second come by chance for `length`; latencies count from when each should have been sent.
    pub(super) fn open_round(
        &mut self,
        rate: f64,
        length: Duration,
        seed: u64,
    ) -> anyhow::Result<(Tally, Duration)> {
        self.sign_ahead(rate * length.as_secs_f64() * RATE_MARGIN)?;
        let phones = std::mem::take(&mut self.phones);
        let (phones, tally, took) =
            self.runtime.block_on(arrivals(phones, &self.town, (rate, length, seed)))?;
        self.phones = phones;
        Ok((tally, took))
    }

    fn sign_ahead(&mut self, requests: f64) -> anyhow::Result<()> {
        let payers: usize = self.phones.iter().map(Phone::payers).sum();
        let each = (requests / float(u64::try_from(payers)?.max(1))).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small positive number"
        )]
        sign_ahead(&mut self.phones, &self.town, each as usize)
    }

    /// Ends the server, and compares what it answered with what its books have.
    pub(super) fn finish(self) -> anyhow::Result<World> {
        self.server.stop()?;
        self.world.check(&payers(self.phones))?;
        Ok(self.world)
    }
}

impl Round {
    /// Payments a second.
    pub(super) fn per_second(&self) -> f64 {
        float(self.tally.posted()) / self.took.as_secs_f64()
    }

    /// Microseconds of processor time a payment.
    pub(super) fn us_each(&self, ns: u64) -> f64 {
        float(ns) / 1e3 / float(self.tally.posted().max(1))
    }
}
