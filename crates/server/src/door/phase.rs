//! What a connection is doing, and until when it may: the time-outs that hyper does not have.
//!
//! ```text
//! new ──first byte──▶ head ──request parsed──▶ serving ──body sent──▶ idle ──first byte──▶ head …
//!  10 s                10 s        (body: its own time-out)            5 min
//!         at any time: a peer that takes nothing for 30 s
//! ```

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// From the connection to its first byte.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(10);
/// From the first byte of a request to the end of its head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two requests: a new TLS connection costs as much as three payments.
const IDLE_TIMEOUT: Duration = Duration::from_mins(5);
/// A peer that reads nothing although something waits for it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How often the deadline is looked at.
const TICK: Duration = Duration::from_secs(1);
/// No deadline.
const NEVER: u64 = u64::MAX;

/// The phase of one connection, shared by its stream, its requests and its watchdog.
#[derive(Clone)]
pub(crate) struct Phase(Arc<Inner>);

struct Inner {
    since: Instant,
    multiplexed: bool,
    /// Milliseconds after `since`; reading side.
    read_deadline_ms: AtomicU64,
    /// Milliseconds after `since`; writing side.
    write_deadline_ms: AtomicU64,
    /// Requests being served; the lock keeps the step to and from zero together with the deadline.
    serving: Mutex<usize>,
    /// Requests so far.
    served: AtomicUsize,
}

impl Phase {
    /// A connection that carries one request at a time.
    pub(crate) fn new() -> Self {
        Self::with(false)
    }

    /// A connection that carries several requests at once (HTTP/2).
    pub(crate) fn new_multiplexed() -> Self {
        Self::with(true)
    }

    fn with(multiplexed: bool) -> Self {
        Self(Arc::new(Inner {
            since: Instant::now(),
            multiplexed,
            read_deadline_ms: AtomicU64::new(millis(FIRST_BYTE_TIMEOUT)),
            write_deadline_ms: AtomicU64::new(NEVER),
            serving: Mutex::new(0),
            served: AtomicUsize::new(0),
        }))
    }

    fn after(&self, delay: Duration) -> u64 {
        millis(self.0.since.elapsed()).saturating_add(millis(delay))
    }

    /// A request begins; it ends when the guard is dropped.
    pub(crate) fn begin(&self) -> Serving {
        let mut serving = self.0.serving.lock().unwrap_or_else(PoisonError::into_inner);
        *serving += 1;
        self.0.served.fetch_add(1, Ordering::Relaxed);
        self.0.read_deadline_ms.store(NEVER, Ordering::Relaxed);
        Serving(self.clone())
    }

    fn end(&self) {
        let mut serving = self.0.serving.lock().unwrap_or_else(PoisonError::into_inner);
        *serving = serving.saturating_sub(1);
        if *serving == 0 {
            self.0.read_deadline_ms.store(self.after(IDLE_TIMEOUT), Ordering::Relaxed);
        }
    }

    /// Bytes came: between requests they are the beginning of a head.
    fn received(&self) {
        let served = self.0.served.load(Ordering::Relaxed);
        if self.0.multiplexed && served > 0 {
            return;
        }
        let serving = self.0.serving.lock().unwrap_or_else(PoisonError::into_inner);
        let deadline = self.0.read_deadline_ms.load(Ordering::Relaxed);
        let head = self.after(HEAD_TIMEOUT);
        if *serving == 0 && (served == 0 || deadline > head) {
            self.0.read_deadline_ms.store(deadline.min(head), Ordering::Relaxed);
        }
    }

    fn writing(&self, blocked: bool) {
        if !blocked {
            self.0.write_deadline_ms.store(NEVER, Ordering::Relaxed);
        } else if self.0.write_deadline_ms.load(Ordering::Relaxed) == NEVER {
            self.0.write_deadline_ms.store(self.after(WRITE_TIMEOUT), Ordering::Relaxed);
        }
    }

    /// Waits until a deadline has passed.
    pub(crate) async fn expired(&self) {
        loop {
            tokio::time::sleep(TICK).await;
            let now = millis(self.0.since.elapsed());
            let read = self.0.read_deadline_ms.load(Ordering::Relaxed);
            let write = self.0.write_deadline_ms.load(Ordering::Relaxed);
            if now > read.min(write) {
                return;
            }
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NEVER)
}

/// A request that is being served.
pub(crate) struct Serving(Phase);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// A stream that tells its phase what it sees.
pub(crate) struct Watched<S> {
    stream: S,
    phase: Phase,
}

impl<S> Watched<S> {
    /// Watches `stream`.
    pub(crate) fn new(stream: S, phase: Phase) -> Self {
        Self { stream, phase }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if result.is_ready() && buffer.filled().len() > before {
            self.phase.received();
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.phase.writing(result.is_pending());
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.phase.writing(result.is_pending());
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// A response's body that ends its request when it is sent or dropped.
pub(crate) struct PhaseBody {
    body: Body,
    _serving: Serving,
}

impl PhaseBody {
    /// Ties `body` to the request that it answers.
    pub(crate) fn new(body: Body, serving: Serving) -> Self {
        Self { body, _serving: serving }
    }
}

impl hyper::body::Body for PhaseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_ends_and_a_slow_head_does_not_move_its_own_deadline() {
        let start = Instant::now();
        Phase::new().expired().await;
        assert!(start.elapsed() < Duration::from_secs(13), "{:?}", start.elapsed());

        let start = Instant::now();
        let phase = Phase::new();
        let dripping = phase.clone();
        let drip = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(500)).await;
                dripping.received();
            }
        });
        phase.expired().await;
        drip.abort();
        assert!(start.elapsed() < Duration::from_secs(13), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn between_requests_a_connection_may_rest_for_minutes_but_a_begun_head_may_not() {
        let phase = Phase::new();
        phase.received();
        drop(phase.begin());
        let resting = tokio::time::timeout(Duration::from_secs(290), phase.expired()).await;
        assert!(resting.is_err(), "an idle connection is kept");
        phase.received();
        let start = Instant::now();
        phase.expired().await;
        assert!(start.elapsed() < Duration::from_secs(13), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_served_has_no_deadline_but_a_peer_that_takes_nothing_does() {
        let phase = Phase::new();
        let _serving = phase.begin();
        assert!(tokio::time::timeout(Duration::from_hours(1), phase.expired()).await.is_err());
        phase.writing(true);
        assert!(tokio::time::timeout(Duration::from_secs(32), phase.expired()).await.is_ok());
    }
}
