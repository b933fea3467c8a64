//! A closed loop: every connection sends its next payment when the last was answered.

use super::payer::{Payer, Town};
use super::wire::{Answer, Dialler, Line};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use yinxin_client::clock::Clocks;

/// Where the outcome of an answer is looked for: its first member is the payment.
const LOOK_BYTES: usize = 512;

/// How often a closed loop looks at what was answered: a generator that shares the server's cores and wakes up for each answer
/// would take turns with the server ten thousand times a second, and the server would pay for the waking.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A phone: its connection, and the people who pay over it in turn.
pub(super) struct Phone {
    line: Line,
    payers: Vec<Payer>,
    turn: usize,
}

/// What a round came to.
#[derive(Default)]
pub(super) struct Tally {
    /// Answers by their outcome: `posted`, or a problem's code.
    pub(super) outcomes: BTreeMap<String, u64>,
    /// From the request to its answer, of what was posted.
    pub(super) latencies: Vec<Duration>,
}

impl Tally {
    /// Counts one answer.
    pub(super) fn count(&mut self, outcome: String, latency: Duration) {
        if outcome == "posted" {
            self.latencies.push(latency);
        }
        *self.outcomes.entry(outcome).or_insert(0) += 1;
    }

    /// Takes another's counts in.
    pub(super) fn add(&mut self, other: Self) {
        for (outcome, count) in other.outcomes {
            *self.outcomes.entry(outcome).or_insert(0) += count;
        }
        self.latencies.extend(other.latencies);
    }

    /// How many were posted.
    pub(super) fn posted(&self) -> u64 {
        self.outcomes.get("posted").copied().unwrap_or(0)
    }

    /// The latency below which `share` of the answers lie, in milliseconds.
    pub(super) fn quantile_ms(&self, share: f64) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        let at = (super::float(u64::try_from(last).unwrap_or(0)) * share).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index below the length"
        )]
        let at = at as usize;
        sorted.get(at).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
    }
}

/// Opens `count` connections and shares the payers out among them.
pub(super) async fn phones(
    dialler: &Dialler,
    mut payers: Vec<Payer>,
    count: u32,
) -> anyhow::Result<Vec<Phone>> {
    let count = usize::try_from(count)?.clamp(1, payers.len().max(1));
    let mut phones = Vec::with_capacity(count);
    for left in (1..=count).rev() {
        let share = payers.len() / left;
        let own = payers.split_off(payers.len() - share);
        phones.push(Phone { line: dialler.dial().await?, payers: own, turn: 0 });
    }
    Ok(phones)
}

/// Everybody who pays over `phones`.
pub(super) fn payers(phones: Vec<Phone>) -> Vec<Payer> {
    phones.into_iter().flat_map(|phone| phone.payers).collect()
}

/// Lets everybody sign ahead.
pub(super) fn sign_ahead(phones: &mut [Phone], town: &Town, each: usize) -> anyhow::Result<()> {
    let now = (Clocks::system().now)();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = phones.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let sign = |phones: &mut [Phone]| {
            phones
                .iter_mut()
                .flat_map(|phone| &mut phone.payers)
                .try_for_each(|payer| payer.sign_ahead(town, each, now))
        };
        let signing: Vec<_> =
            phones.chunks_mut(share).map(|phones| scope.spawn(move || sign(phones))).collect();
        for thread in signing {
            thread.join().map_err(|_| anyhow::anyhow!("signing ended early"))??;
        }
        Ok(())
    })
}

/// Pays for `length` over all phones at once; answers them, what came of it, and how long it really took.
pub(super) async fn closed_loop(
    phones: Vec<Phone>,
    town: &Arc<Town>,
    length: Duration,
) -> anyhow::Result<(Vec<Phone>, Tally, Duration)> {
    let clocks = Clocks::system();
    let began = (clocks.elapsed)();
    let mut paying = JoinSet::new();
    for phone in phones {
        paying.spawn(phone.pay_until(Arc::clone(town), began + length));
    }
    let (mut back, mut tally) = (Vec::new(), Tally::default());
    while !paying.is_empty() {
        look_up().await;
        while let Some(done) = paying.try_join_next() {
            let (phone, own) = done??;
            back.push(phone);
            tally.add(own);
        }
    }
    Ok((back, tally, (clocks.elapsed)().saturating_sub(began)))
}

/// Sleeps, then lets all phones see what has come. Only this thread sleeps: it is not waiting for its sockets meanwhile, so that
/// no answer wakes it.
#[expect(clippy::disallowed_methods, reason = "what is waited for is time: that more answers come")]
async fn look_up() {
    std::thread::sleep(LOOK_EVERY);
    // The runtime asks the sockets at the end of the first turn; in the second one the phones answer.
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
}

impl Phone {
    /// How many people pay over it.
    pub(super) fn payers(&self) -> usize {
        self.payers.len()
    }

    async fn pay_until(mut self, town: Arc<Town>, end: Duration) -> anyhow::Result<(Self, Tally)> {
        let clocks = Clocks::system();
        let mut tally = Tally::default();
        while (clocks.elapsed)() < end {
            let (outcome, latency) = self.pay(&town, (clocks.elapsed)()).await?;
            tally.count(outcome, latency);
        }
        Ok((self, tally))
    }

    /// Sends the next payment; answers its outcome, and how long after `since` it was known.
    pub(super) async fn pay(&mut self, town: &Town, since: Duration) -> anyhow::Result<(String, Duration)> {
        let clocks = Clocks::system();
        let turn = self.turn % self.payers.len().max(1);
        self.turn = turn + 1;
        let payer = self.payers.get_mut(turn).ok_or_else(|| anyhow::anyhow!("a phone without payer"))?;
        let request = payer.next_request(town, (clocks.now)())?;
        self.line.ask(&request.bytes).await?;
        let answer = self.line.answer().await?;
        let outcome = outcome(&answer, &request.number);
        let latency = (clocks.elapsed)().saturating_sub(since);
        if outcome == "posted" {
            payer.accept(&request);
        } else {
            payer.start_again();
        }
        Ok((outcome, latency))
    }
}

/// `posted` when the answer says so of this number; otherwise the problem's code.
fn outcome(answer: &Answer<'_>, number: &str) -> String {
    let begin = answer.body.get(..answer.body.len().min(LOOK_BYTES)).unwrap_or_default();
    let text = String::from_utf8_lossy(begin);
    if answer.status == 201 && text.contains(number) && text.contains(r#""outcome":"posted""#) {
        return "posted".to_owned();
    }
    let problem: Option<serde_json::Value> = serde_json::from_slice(answer.body).ok();
    let code = problem.as_ref().and_then(|problem| problem.get("code")?.as_str());
    code.map_or_else(|| format!("http.{}", answer.status), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_posted_only_when_it_says_so_of_this_number() {
        let of = |status, body: &str| outcome(&Answer { status, body: body.as_bytes() }, "n1");
        assert_eq!(of(201, r#"{"payment":{"number":"n1","outcome":"posted"}}"#), "posted");
        assert_eq!(of(201, r#"{"payment":{"number":"n2","outcome":"posted"}}"#), "http.201");
        assert_eq!(of(422, r#"{"code":"limit.day","number":"n1"}"#), "limit.day");
        assert_eq!(of(502, "<html>"), "http.502");
    }

    #[test]
    fn a_quantile_is_a_latency_that_was_seen() {
        let mut tally = Tally::default();
        for ms in (1..=101).rev() {
            tally.count("posted".to_owned(), Duration::from_millis(ms));
        }
        tally.count("limit.day".to_owned(), Duration::from_secs(9));
        assert!((tally.quantile_ms(0.5) - 51.0).abs() < 1e-9);
        assert!((tally.quantile_ms(0.99) - 100.0).abs() < 1e-9);
        assert_eq!(tally.posted(), 101);
        assert!(Tally::default().quantile_ms(0.5).abs() < 1e-9);
    }
}
