//! Traces for an OpenTelemetry collector: one span for each request, as OTLP over HTTP in JSON.
//!
//! Off unless an endpoint is configured, and never in a request's way: a span that finds the queue full is dropped and
//! counted. A `traceparent` from outside is not believed: whoever pays does not choose what the operator keeps.

use super::{Answered, metrics::known};
use anyhow::Context as _;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use yinxin_wallet::port::{Clock, Entropy, SystemClock, SystemEntropy};

/// Spans that wait; a collector that is slower loses some.
const QUEUE_MAX: usize = 4_096;
/// Spans of one export.
const BATCH_MAX: usize = 512;
/// How long the first span of an export waits for others.
const LINGER: Duration = Duration::from_millis(500);
/// One export, from the connection to the status.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);
/// `SPAN_KIND_SERVER`.
const KIND_SERVER: u8 = 2;
/// `STATUS_CODE_ERROR`.
const STATUS_ERROR: u8 = 2;

/// A request as a span.
pub(crate) struct Span {
    name: String,
    took: Duration,
    failed: bool,
    attributes: Vec<(&'static str, Value)>,
}

impl Span {
    /// The span of one request.
    pub(crate) fn of(answered: &Answered<'_>) -> Self {
        let text = |value: &str| json!({ "stringValue": value });
        // The JSON form of protobuf writes 64-bit integers as strings.
        let number = |value: u64| json!({ "intValue": value.to_string() });
        let method = known(answered.method);
        let mut attributes = vec![
            ("http.request.method", text(method)),
            ("http.route", text(answered.route)),
            ("http.response.status_code", number(answered.status.into())),
            ("yinxin.reference", text(answered.reference)),
        ];
        attributes.extend(answered.code.map(|code| ("yinxin.problem", text(code))));
        if let Some(times) = answered.times {
            attributes.push(("yinxin.verification_us", number(times.verification_us)));
            attributes.push(("yinxin.queue_us", number(times.queue_us)));
            attributes.push(("yinxin.commit_us", number(times.commit_us)));
        }
        Self {
            name: format!("{method} {}", answered.route),
            took: answered.took,
            failed: answered.status >= 500,
            attributes,
        }
    }

    fn json(self, end_ns: u128, ids: [u8; 24]) -> Value {
        let (trace, span) = ids.split_at(16);
        let attributes: Vec<Value> =
            self.attributes.into_iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        let status = if self.failed { json!({ "code": STATUS_ERROR }) } else { json!({}) };
        json!({
            "traceId": HEXLOWER.encode(trace),
            "spanId": HEXLOWER.encode(span),
            "name": self.name,
            "kind": KIND_SERVER,
            "startTimeUnixNano": end_ns.saturating_sub(self.took.as_nanos()).to_string(),
            "endTimeUnixNano": end_ns.to_string(),
            "attributes": attributes,
            "status": status,
        })
    }
}

enum Message {
    Span(Box<Span>, u128),
    Flush(oneshot::Sender<()>),
}

/// Hands spans to the task that exports them.
pub(crate) struct Exporter {
    queue: mpsc::Sender<Message>,
    dropped: Arc<AtomicU64>,
    clock: SystemClock,
    sample_percent: u8,
    seen: AtomicU64,
}

impl Exporter {
    /// Starts the task; needs a tokio runtime. `endpoint` is the collector's, without `/v1/traces`.
    pub(crate) fn start(endpoint: &str, sample_percent: u8) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(EXPORT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let url = reqwest::Url::parse(&url).context("telemetry.otlp_endpoint is not an address")?;
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        tokio::spawn(Sender { client, url, dropped: Arc::clone(&dropped), failing: false }.run(waiting));
        Ok(Self { queue, dropped, clock: SystemClock::new(), sample_percent, seen: AtomicU64::new(0) })
    }

    /// Exports what `span` makes, when it is this one's turn.
    pub(crate) fn take(&self, span: impl FnOnce() -> Span) {
        // Evenly, not by chance: of 100 requests exactly the configured share is kept.
        let turn = self.seen.fetch_add(1, Ordering::Relaxed) % 100;
        if turn * u64::from(self.sample_percent) % 100 >= u64::from(self.sample_percent) {
            return;
        }
        let end_ns = u128::try_from(self.clock.now().0).unwrap_or(0) * 1_000_000;
        if self.queue.try_send(Message::Span(Box::new(span()), end_ns)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many spans were lost.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits until what was taken before is exported, or has failed.
    pub(crate) async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.queue.send(Message::Flush(done)).await.is_ok() {
            let _ = tokio::time::timeout(EXPORT_TIMEOUT, flushed).await;
        }
    }
}

struct Sender {
    client: reqwest::Client,
    url: reqwest::Url,
    dropped: Arc<AtomicU64>,
    failing: bool,
}

impl Sender {
    async fn run(mut self, mut waiting: mpsc::Receiver<Message>) {
        let mut spans = Vec::new();
        let mut flushes = Vec::new();
        while let Some(first) = waiting.recv().await {
            sort(first, &mut spans, &mut flushes);
            let full = tokio::time::sleep(LINGER);
            tokio::pin!(full);
            while spans.len() < BATCH_MAX && flushes.is_empty() {
                tokio::select! {
                    more = waiting.recv() => match more {
                        Some(message) => sort(message, &mut spans, &mut flushes),
                        None => break,
                    },
                    () = &mut full => break,
                }
            }
            if !spans.is_empty() {
                self.export(std::mem::take(&mut spans)).await;
            }
            for done in flushes.drain(..) {
                let _: Result<(), ()> = done.send(());
            }
        }
    }

    async fn export(&mut self, spans: Vec<Value>) {
        let lost = u64::try_from(spans.len()).unwrap_or(0);
        let attributes = json!([
            { "key": "service.name", "value": { "stringValue": "yinxin" } },
            { "key": "service.version", "value": { "stringValue": env!("CARGO_PKG_VERSION") } },
        ]);
        let scope = json!({ "name": "yinxin", "version": env!("CARGO_PKG_VERSION") });
        let body = json!({ "resourceSpans": [{
            "resource": { "attributes": attributes },
            "scopeSpans": [{ "scope": scope, "spans": spans }],
        }] });
        let sent = self.client.post(self.url.clone()).json(&body).send().await;
        match sent.and_then(reqwest::Response::error_for_status) {
            Ok(_) => self.failing = false,
            Err(error) => {
                self.dropped.fetch_add(lost, Ordering::Relaxed);
                // Once for each outage: a collector that is away must not fill the log.
                if !self.failing {
                    tracing::warn!(error = %error.without_url(), "the traces were not taken by the collector");
                }
                self.failing = true;
            }
        }
    }
}

fn sort(message: Message, spans: &mut Vec<Value>, flushes: &mut Vec<oneshot::Sender<()>>) {
    match message {
        Message::Span(span, end_ns) => {
            let mut ids = [0; 24];
            SystemEntropy.fill(&mut ids);
            spans.push(span.json(end_ns, ids));
        }
        Message::Flush(done) => flushes.push(done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Method;
    use axum::routing::post;
    use axum::{Json, Router};
    use yinxin_wallet::Times;

    fn answered<'a>(status: u16, times: Option<Times>) -> Answered<'a> {
        Answered {
            method: &Method::POST,
            route: "/api/v1/payments",
            status,
            took: Duration::from_micros(1_500),
            reference: "a4dqobyh",
            code: (status >= 400).then_some("service.busy"),
            detail: None,
            times,
        }
    }

    /// A collector on loopback that keeps what it is sent.
    async fn collector() -> (String, mpsc::Receiver<Value>, tokio::sync::watch::Sender<bool>) {
        let (sent, received) = mpsc::channel(8);
        let keep = move |Json(body): Json<Value>| async move { drop(sent.send(body).await) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/v1/traces", post(keep));
        let (stopper, stop) = tokio::sync::watch::channel(false);
        let caps = crate::door::caps::Caps::new(8, 8);
        tokio::spawn(
            crate::door::Door { listener, tls: None, routes: Arc::new(router.into()), caps }.serve(stop),
        );
        (format!("http://{address}/"), received, stopper)
    }

    /// An exporter; the program installs its cryptography at its start, a test that runs alone has to.
    fn start(endpoint: &str, percent: u8) -> Exporter {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Exporter::start(endpoint, percent).unwrap()
    }

    fn attribute<'v>(span: &'v Value, key: &str) -> &'v Value {
        let found = span["attributes"].as_array().unwrap().iter().find(|one| one["key"] == key);
        found.map_or(&Value::Null, |one| &one["value"])
    }

    #[tokio::test]
    async fn a_collector_hears_of_each_request_as_a_span() {
        let (endpoint, mut received, _stopper) = collector().await;
        let exporter = start(&endpoint, 100);
        let times = Times { verification_us: 61, queue_us: 12, commit_us: 300 };
        exporter.take(|| Span::of(&answered(201, Some(times))));
        exporter.take(|| Span::of(&answered(503, None)));
        exporter.flush().await;
        let body = received.recv().await.unwrap();
        let resource = &body["resourceSpans"][0];
        assert_eq!(resource["resource"]["attributes"][0]["value"]["stringValue"], "yinxin");
        let spans = resource["scopeSpans"][0]["spans"].as_array().unwrap();
        assert_eq!(spans.len(), 2);
        let (paid, failed) = (&spans[0], &spans[1]);
        assert_eq!((&paid["name"], &paid["kind"]), (&json!("POST /api/v1/payments"), &json!(2)));
        let number = |key: &str| paid[key].as_str().unwrap().parse::<u128>().unwrap();
        assert_eq!(number("endTimeUnixNano") - number("startTimeUnixNano"), 1_500_000);
        let ids = |span: &Value| ["traceId", "spanId"].map(|key| span[key].as_str().unwrap().to_owned());
        assert_eq!(ids(paid).map(|id| id.len()), [32, 16]);
        assert_ne!(ids(paid), ids(failed));
        assert_eq!(attribute(paid, "http.response.status_code")["intValue"], "201");
        assert_eq!(attribute(paid, "yinxin.commit_us")["intValue"], "300");
        assert_eq!(attribute(failed, "yinxin.problem")["stringValue"], "service.busy");
        assert_eq!((&paid["status"], &failed["status"]["code"]), (&json!({}), &json!(2)));
        assert_eq!(exporter.dropped(), 0);
    }

    #[tokio::test]
    async fn a_collector_that_is_away_costs_traces_and_nothing_else() {
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let exporter = start(&format!("http://{gone}"), 100);
        for _ in 0..3 {
            exporter.take(|| Span::of(&answered(200, None)));
        }
        exporter.flush().await;
        assert_eq!(exporter.dropped(), 3);
    }

    #[tokio::test]
    async fn of_a_hundred_requests_the_configured_share_is_traced() {
        for percent in [1, 33, 100] {
            let exporter = start("http://127.0.0.1:9", percent);
            let mut made = 0;
            for _ in 0..200 {
                exporter.take(|| {
                    made += 1;
                    Span::of(&answered(200, None))
                });
            }
            assert_eq!(made, 2 * u32::from(percent));
        }
    }
}
