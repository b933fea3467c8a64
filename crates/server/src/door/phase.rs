//! What a connection is doing, and until when it may: the time-outs that hyper does not have.
//!
//! ```text
//! accepted ──first byte──▶ head ──request parsed──▶ serving ──answer taken──▶ idle ──first byte──▶ head …
//!   10 s, TLS included      10 s    (body: 10 s of its own)                   5 min
//!            14 s in all                at any time: a peer that takes nothing, or no 16 KiB of an answer, for 10 s
//! ```

use axum::body::{Body, Bytes};
use hyper::body::{Body as _, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// From the connection to the first byte of a request, TLS included.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(10);
/// From the first byte of a request to the end of its head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// From the connection to the end of the first head: whoever uses up one time-out after the other ends here.
const OPENING_TIMEOUT: Duration = Duration::from_secs(14);
/// Between two requests: a new TLS connection costs as much as three payments.
const IDLE_TIMEOUT: Duration = Duration::from_mins(5);
/// A peer that reads nothing although something waits for it, or that takes no further piece of an answer. A tunnel takes
/// a phone away for as long; it asks again, and nothing is done twice.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// A piece of an answer: with its time-out the least rate, 1.6 KB/s; a bad mobile network has 5.
const PIECE_BYTES: usize = 16 * 1024;
/// Answers that one connection may drop before their end beyond those that it took. A browser that leaves a page drops a
/// few; a rapid reset drops thousands, and each has cost a handler.
const ABANDONED_MAX: u32 = 100;
/// How often the deadlines are looked at.
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
    /// The lock keeps the step to and from no request together with the deadline.
    requests: Mutex<Requests>,
}

#[derive(Default)]
struct Requests {
    /// Being served.
    serving: usize,
    /// So far.
    served: u64,
    /// Dropped by the peer before their answer's end, less those that it took.
    abandoned: u32,
    /// Answers whose next piece the peer has to take, and until when: at most one for each stream.
    owed: Vec<(u64, u64)>,
}

impl Phase {
    /// A connection that was accepted at `since` and carries one request at a time.
    pub(crate) fn new(since: Instant) -> Self {
        Self::with(since, false)
    }

    /// A connection that carries several requests at once (HTTP/2).
    pub(crate) fn new_multiplexed(since: Instant) -> Self {
        Self::with(since, true)
    }

    fn with(since: Instant, multiplexed: bool) -> Self {
        Self(Arc::new(Inner {
            since,
            multiplexed,
            read_deadline_ms: AtomicU64::new(millis(FIRST_BYTE_TIMEOUT)),
            write_deadline_ms: AtomicU64::new(NEVER),
            requests: Mutex::default(),
        }))
    }

    fn after(&self, delay: Duration) -> u64 {
        millis(self.0.since.elapsed()).saturating_add(millis(delay))
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.0.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request begins; it ends when the guard is dropped.
    pub(crate) fn begin(&self) -> Serving {
        let mut requests = self.requests();
        requests.serving += 1;
        requests.served += 1;
        self.0.read_deadline_ms.store(NEVER, Ordering::Relaxed);
        Serving { phase: self.clone(), number: requests.served, is_whole: false }
    }

    fn end(&self, number: u64, is_whole: bool) {
        let mut requests = self.requests();
        requests.settle(number);
        let abandoned = requests.abandoned;
        requests.abandoned = if is_whole { abandoned.saturating_sub(1) } else { abandoned.saturating_add(1) };
        requests.serving = requests.serving.saturating_sub(1);
        if requests.serving == 0 {
            self.0.read_deadline_ms.store(self.after(IDLE_TIMEOUT), Ordering::Relaxed);
        }
    }

    /// Bytes came: between requests they are the beginning of a head.
    fn received(&self) {
        let requests = self.requests();
        let is_first = requests.served == 0;
        if requests.serving > 0 || (self.0.multiplexed && !is_first) {
            return;
        }
        let deadline = self.0.read_deadline_ms.load(Ordering::Relaxed);
        let head = self.after(HEAD_TIMEOUT);
        // The first byte may come late; from then on only the first deadline counts, however often bytes come.
        let next = if is_first { head.min(millis(OPENING_TIMEOUT)) } else { deadline.min(head) };
        if !is_first || deadline == millis(FIRST_BYTE_TIMEOUT) {
            self.0.read_deadline_ms.store(next, Ordering::Relaxed);
        }
    }

    fn writing(&self, blocked: bool) {
        if !blocked {
            self.0.write_deadline_ms.store(NEVER, Ordering::Relaxed);
        } else if self.0.write_deadline_ms.load(Ordering::Relaxed) == NEVER {
            self.0.write_deadline_ms.store(self.after(ANSWER_TIMEOUT), Ordering::Relaxed);
        }
    }

    /// No request is being served and nothing waits to be written: the connection can end without anybody's loss.
    pub(crate) fn is_resting(&self) -> bool {
        self.requests().serving == 0 && self.0.write_deadline_ms.load(Ordering::Relaxed) == NEVER
    }

    /// Waits until a deadline has passed.
    pub(crate) async fn expired(&self) {
        loop {
            tokio::time::sleep(TICK).await;
            let read = self.0.read_deadline_ms.load(Ordering::Relaxed);
            let write = self.0.write_deadline_ms.load(Ordering::Relaxed);
            let requests = self.requests();
            let owed = requests.owed.iter().map(|(_, deadline)| *deadline).min().unwrap_or(NEVER);
            let is_over = millis(self.0.since.elapsed()) > read.min(write).min(owed);
            if is_over || requests.abandoned > ABANDONED_MAX {
                return;
            }
        }
    }
}

impl Requests {
    fn settle(&mut self, number: u64) {
        self.owed.retain(|(owed, _)| *owed != number);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NEVER)
}

/// A request that is being served.
pub(crate) struct Serving {
    phase: Phase,
    number: u64,
    /// The whole answer was taken.
    is_whole: bool,
}

impl Serving {
    /// A piece of the answer is in the peer's way: it has to take it.
    fn hand_over(&self) {
        let deadline = self.phase.after(ANSWER_TIMEOUT);
        let mut requests = self.phase.requests();
        requests.settle(self.number);
        requests.owed.push((self.number, deadline));
    }

    /// The peer has taken everything so far; the next piece is ours to make.
    fn settle(&self) {
        self.phase.requests().settle(self.number);
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.phase.end(self.number, self.is_whole);
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
        // TLS keeps what it cannot write and is blocked only here.
        let result = Pin::new(&mut self.stream).poll_flush(context);
        self.phase.writing(result.is_pending());
        result
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

/// A response's body that ends its request when the peer has taken it, or when it is dropped.
///
/// It goes out in pieces, and who asks for the next piece has taken the last one. An HTTP/2 library takes one piece as
/// soon as the peer's window has one byte, and would hold it for ever: so the last byte is a piece of its own, which waits
/// until the window has room for the whole answer.
pub(crate) struct PhaseBody {
    body: Body,
    rest: Bytes,
    serving: Serving,
}

impl PhaseBody {
    /// Ties `body` to the request that it answers.
    pub(crate) fn new(body: Body, serving: Serving) -> Self {
        serving.hand_over();
        let mut body = Self { body, rest: Bytes::new(), serving };
        body.serving.is_whole = body.is_end_stream();
        body
    }

    fn piece(&mut self) -> Bytes {
        let is_last = self.rest.len() <= PIECE_BYTES && self.body.is_end_stream();
        let keeps_one = is_last && self.serving.phase.0.multiplexed && self.rest.len() > 1;
        let length = if keeps_one { self.rest.len() - 1 } else { self.rest.len().min(PIECE_BYTES) };
        let piece = self.rest.split_to(length);
        self.serving.hand_over();
        self.serving.is_whole = self.is_end_stream();
        piece
    }
}

impl hyper::body::Body for PhaseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(self.piece()))));
        }
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(Ok(match frame.into_data() {
                Ok(data) => {
                    self.rest = data;
                    Frame::data(self.piece())
                }
                Err(other) => other,
            }))),
            Poll::Ready(end) => {
                self.serving.is_whole = true;
                Poll::Ready(end)
            }
            Poll::Pending => {
                self.serving.settle();
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (of_body, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(of_body.lower().saturating_add(rest));
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_ends_and_a_slow_head_does_not_move_its_own_deadline() {
        let start = Instant::now();
        Phase::new(Instant::now()).expired().await;
        assert!(start.elapsed() < Duration::from_secs(13), "{:?}", start.elapsed());

        let start = Instant::now();
        let phase = Phase::new(Instant::now());
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
        let phase = Phase::new(Instant::now());
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
        let phase = Phase::new(Instant::now());
        let _serving = phase.begin();
        assert!(tokio::time::timeout(Duration::from_hours(1), phase.expired()).await.is_err());
        phase.writing(true);
        assert!(tokio::time::timeout(Duration::from_secs(32), phase.expired()).await.is_ok());
    }
}
