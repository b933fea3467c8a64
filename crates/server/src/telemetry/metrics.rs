//! The metrics: requests counted here, everything else read from the wallet's meters when somebody asks.

use super::{Answered, Telemetry};
use crate::door::caps::Caps;
use axum::http::Method;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;
use yinxin_wallet::{Buckets, Health, Readings, Wallet};

/// Upper bounds of a request's duration, in seconds.
const DURATIONS_S: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

/// The requests: how many, and how long they took.
#[derive(Clone)]
pub(crate) struct Requests {
    answers: Family<Answer, Counter>,
    durations: Family<Route, Histogram, fn() -> Histogram>,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            answers: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(DURATIONS_S)),
        }
    }
}

impl Requests {
    /// Counts one request. Routes are patterns and methods are known ones: a stranger cannot make new series.
    pub(crate) fn count(&self, answered: &Answered<'_>) {
        let route = answered.route.to_owned();
        let labels = Answer { method: known(answered.method), route, status: answered.status };
        self.answers.get_or_create(&labels).inc();
        let route = Route { route: labels.route };
        self.durations.get_or_create(&route).observe(answered.took.as_secs_f64());
    }
}

/// The method, where it is one that a route could have.
pub(super) fn known(method: &Method) -> &'static str {
    let all = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    all.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// What the metrics are read from.
#[derive(Clone)]
pub(crate) struct Sources {
    /// The wallet's meters.
    pub(crate) wallet: Wallet,
    /// The public listener's connections.
    pub(crate) caps: Arc<Caps>,
    /// Requests and traces.
    pub(crate) telemetry: Arc<Telemetry>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sources")
    }
}

/// Everything that can be read, in the text format of Prometheus (`OpenMetrics` 1.0).
pub(crate) fn registry(sources: Sources) -> Registry {
    let mut registry = Registry::default();
    let requests = sources.telemetry.requests.clone();
    registry.register("yinxin_http_requests", "Requests answered", requests.answers);
    registry.register(
        "yinxin_http_request_seconds",
        "Time from a request's head to its answer's",
        requests.durations,
    );
    registry.register_collector(Box::new(sources));
    registry
}

/// Writes what `registry` holds.
pub(crate) fn render(registry: &Registry) -> Result<String, fmt::Error> {
    let mut page = String::new();
    text::encode(&mut page, registry)?;
    Ok(page)
}

impl Collector for Sources {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let readings = self.wallet.readings();
        let mut page = Page(encoder);
        page.payments(&readings)?;
        page.journal(&readings)?;
        page.memory(&readings)?;
        let (open, refused) = (self.caps.open(), self.caps.refused());
        page.gauge("yinxin_connections_open", "Connections of the public listener", size(open))?;
        page.counter(
            "yinxin_connections_refused",
            "Connections refused because too many were open",
            refused,
        )?;
        let dropped = self.telemetry.traces.as_ref().map_or(0, super::otlp::Exporter::dropped);
        page.counter("yinxin_traces_dropped", "Traces that could not be exported", dropped)?;
        let mut build =
            page.0.encode_descriptor("yinxin_build", "The running version", None, MetricType::Info)?;
        build.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])
    }
}

/// The page that is being written.
struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    fn gauge(&mut self, name: &str, help: &str, value: i64) -> Result<(), fmt::Error> {
        self.0.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> Result<(), fmt::Error> {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        metric.encode_counter::<NoLabelSet, _, u64>(&value, None)
    }

    /// A histogram whose values are `scale` of the unit in its name.
    fn histogram(&mut self, name: &str, help: &str, read: &Buckets, scale: f64) -> Result<(), fmt::Error> {
        let bounded = read.bounded.iter().map(|(bound, count)| (float(*bound) * scale, *count));
        let buckets: Vec<(f64, u64)> = bounded.chain([(f64::INFINITY, read.beyond)]).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        metric.encode_histogram::<NoLabelSet>(float(read.sum) * scale, count, &buckets, None)
    }

    fn payments(&mut self, readings: &Readings) -> Result<(), fmt::Error> {
        let help = "Payments that reached the writer, by outcome";
        let mut metric = self.0.encode_descriptor("yinxin_payments", help, None, MetricType::Counter)?;
        for (outcome, count) in &readings.payments {
            let labels = [("outcome", outcome.word())];
            metric.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(count, None)?;
        }
        self.gauge("yinxin_writer_queue", "Commands that wait for the writer", signed(readings.waiting))?;
        let (passwords, sms) = (signed(readings.passwords_waiting), signed(readings.sms_waiting));
        self.gauge("yinxin_password_queue", "Passwords that wait or are being hashed", passwords)?;
        self.gauge("yinxin_sms_queue", "Text messages that wait for the webhook", sms)
    }

    fn journal(&mut self, readings: &Readings) -> Result<(), fmt::Error> {
        let serves = matches!(readings.health, Health::Serving | Health::Leading | Health::Following);
        let serving = i64::from(serves);
        self.gauge("yinxin_serving", "1 while payments are taken", serving)?;
        self.counter("yinxin_records", "Records in the journal", readings.records)?;
        self.histogram("yinxin_batch_records", "Records of one durable commit", &readings.batches, 1.0)?;
        self.histogram("yinxin_commit_seconds", "Time of one durable commit", &readings.commits, 1e-6)?;
        let failed = readings.failed_commits;
        self.counter("yinxin_commits_failed", "Commits that failed or whose result was lost", failed)?;
        let wal = signed(readings.wal_bytes.unwrap_or(0));
        self.gauge("yinxin_wal_bytes", "Size of the write-ahead logs of desk and views", wal)?;
        let lag = signed(readings.records.saturating_sub(readings.projected));
        self.gauge(
            "yinxin_projection_lag_records",
            "Records that screens and statements do not show yet",
            lag,
        )?;
        self.gauge("yinxin_lease_epoch", "Epoch of the writer's lease", signed(readings.lease.epoch))?;
        self.gauge("yinxin_lease_held", "1 while this process writes", i64::from(readings.lease.held))
    }

    fn memory(&mut self, readings: &Readings) -> Result<(), fmt::Error> {
        let (accounts, people) = (signed(readings.accounts), signed(readings.people));
        self.gauge("yinxin_book_accounts", "Accounts in the book", accounts)?;
        self.gauge("yinxin_book_people", "People in the book", people)?;
        let certificates = signed(readings.certificates);
        self.gauge("yinxin_book_certificates", "Certificates in the book, in any state", certificates)?;
        let resident = signed(resident_bytes().unwrap_or(0));
        self.gauge("yinxin_resident_bytes", "Memory of the process", resident)?;
        let each = resident.checked_div(accounts).unwrap_or(0);
        self.gauge("yinxin_memory_bytes_per_account", "Memory of the process by accounts", each)
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn size(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "a graph needs no 53 bits")]
fn float(value: u64) -> f64 {
    value as f64
}

/// Resident memory, as Linux tells it.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
