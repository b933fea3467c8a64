//! Telemetry: what the operator sees of the running program. One line, one count and, where it is configured, one trace
//! for each request; the meters of the wallet on a listener of their own.
//!
//! Nothing here holds a phone number, a name, a token or a key, and no raw path: an id in a path is somebody's.

pub(crate) mod log;
pub(crate) mod metrics;
pub(crate) mod operator;
pub(crate) mod otlp;

use crate::telemetry::metrics::Requests;
use crate::telemetry::otlp::{Exporter, Span};
use axum::http::Method;
use std::time::Duration;
use yinxin_wallet::Times;

/// One answered request.
pub(crate) struct Answered<'a> {
    /// Its method.
    pub(crate) method: &'a Method,
    /// The pattern of its route; `-` where no route is behind it.
    pub(crate) route: &'a str,
    /// Its status.
    pub(crate) status: u16,
    /// From its head to the head of the answer.
    pub(crate) took: Duration,
    /// What names the answer in the log and on the person's screen.
    pub(crate) reference: &'a str,
    /// The problem's code.
    pub(crate) code: Option<&'a str>,
    /// The problem's reason, for the log alone.
    pub(crate) detail: Option<&'a str>,
    /// Where a payment's time went.
    pub(crate) times: Option<Times>,
}

/// Counts, logs and traces requests.
#[derive(Default)]
pub(crate) struct Telemetry {
    /// The counts.
    pub(crate) requests: Requests,
    /// Where traces go.
    pub(crate) traces: Option<Exporter>,
}

impl Telemetry {
    /// Hears of one request.
    pub(crate) fn answered(&self, answered: &Answered<'_>) {
        write_line(answered);
        self.requests.count(answered);
        if let Some(traces) = &self.traces {
            traces.take(|| Span::of(answered));
        }
    }
}

/// The one line of a request.
fn write_line(answered: &Answered<'_>) {
    let Answered { method, route, status, reference, .. } = answered;
    let duration_us = u64::try_from(answered.took.as_micros()).unwrap_or(u64::MAX);
    let (code, detail) = (answered.code.unwrap_or("-"), answered.detail.unwrap_or("-"));
    let verification_us = answered.times.map(|times| times.verification_us);
    let queue_us = answered.times.map(|times| times.queue_us);
    let commit_us = answered.times.map(|times| times.commit_us);
    if *status >= 500 {
        tracing::warn!(http.method = %method, http.route = route, http.status = status, http.duration_us = duration_us, request.reference = reference, problem.code = code, problem.detail = detail, payment.verification_us = verification_us, payment.queue_us = queue_us, payment.commit_us = commit_us, "a request could not be served");
    } else {
        tracing::info!(http.method = %method, http.route = route, http.status = status, http.duration_us = duration_us, request.reference = reference, problem.code = code, problem.detail = detail, payment.verification_us = verification_us, payment.queue_us = queue_us, payment.commit_us = commit_us, "a request was answered");
    }
}
