//! The front door: what a connection and a request must be before a handler sees them.
//!
//! `axum::serve` has no header, body or idle time-out, and hyper accepts a missing or a double `Host` (threats,
//! facts 2 and 3). So the accept loop, the connection's time-outs and the first middleware are our own.

mod access;
pub(crate) mod body;
pub(crate) mod caps;
pub(crate) mod cookies;
pub(crate) mod guard;
pub(crate) mod headers;
pub(crate) mod idempotency;
mod newcomers;
pub(crate) mod path;
pub(crate) mod phase;
mod routes;
mod seen;
pub(crate) mod streams;
mod terms;
pub(crate) mod tls;
pub(crate) mod version;
pub(crate) mod who;

use crate::door::caps::{Caps, Seat};
use crate::door::newcomers::{Newcomer, Newcomers};
use crate::door::phase::{Phase, PhaseBody, Watched};
pub(crate) use crate::door::routes::Routes;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

/// How long the open requests may take after the program was told to stop: longer than each time-out of a request.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(15);
/// How often a connection that is told to stop is asked whether it rests.
const DRAIN_TICK: Duration = Duration::from_millis(250);
/// A full table of connections or files: wait this long before accepting again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections let in before the others get their turn, so that whoever is in already does not wait for hundreds of them. With
/// [`ACCEPT_WINDOW`] still some thousands a second.
const ACCEPT_BURST: u32 = 4;
/// The same with TLS, whose handshake costs as much as three payments: a town that reconnects is in after some seconds.
const ACCEPT_BURST_TLS: u32 = 2;
/// One more for so many who wait: ten thousand are let in within two seconds, and their time-outs begin.
const WAITING_EACH: usize = 256;
/// Beyond them, those of whose address nobody waited before: who comes alone is not kept waiting by the many of another.
const ACCEPT_BURST_FIRST: u32 = 2;
/// How long that turn is, at least: the timer's own step.
const ACCEPT_WINDOW: Duration = Duration::from_millis(1);
/// A TLS handshake takes two round trips; ten seconds is a bad network, more is an attack.
const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Requests of one HTTP/2 connection at once: a page asks for twenty files.
const STREAMS_MAX: u32 = 64;
/// Lines in a request's head: browsers send about twenty, a proxy adds five.
pub(crate) const HEADERS_MAX: usize = 64;
/// Bytes of a request's head and of hyper's read buffer: four times what browsers send with our cookies.
const HEAD_MAX_BYTES: usize = 16 * 1024;
/// Bytes that one HTTP/2 request may send before somebody reads them; the largest body has one byte more.
const STREAM_WINDOW_BYTES: u32 = 65_535;
/// Bytes that all requests of one HTTP/2 connection may send before somebody reads them: four largest bodies.
const CONNECTION_WINDOW_BYTES: u32 = 256 * 1024;
/// Bytes of answers that one HTTP/2 request may have waiting: two pieces of an answer.
const SEND_BUFFER_BYTES: usize = 32 * 1024;
/// HTTP/2 requests that were reset before anybody looked at them, and errors of the peer that were answered by a reset:
/// beyond these the connection ends.
const RESETS_MAX: usize = 32;

/// Who is on the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// A listener with everything that its connections share.
pub(crate) struct Door {
    /// Accepts connections.
    pub(crate) listener: TcpListener,
    /// TLS, unless a proxy speaks it. Each new connection gets what is newest.
    pub(crate) tls: Option<watch::Receiver<Arc<rustls::ServerConfig>>>,
    /// The routes.
    pub(crate) routes: Arc<Routes>,
    /// How many connections.
    pub(crate) caps: Arc<Caps>,
}

impl Door {
    /// Serves until `stop` turns true, then lets open requests finish.
    pub(crate) async fn serve(self, mut stop: watch::Receiver<bool>) {
        let mut connections = JoinSet::new();
        let mut newcomers = Newcomers::new();
        let stopped = stop.clone();
        let most = if self.tls.is_some() { ACCEPT_BURST_TLS } else { ACCEPT_BURST };
        let mut pace = Pace { most, since: Instant::now(), let_in: 0 };
        loop {
            let accepted = tokio::select! {
                () = pace.step(&newcomers), if newcomers.len() > 0 => {
                    if let Some(newcomer) = newcomers.next() {
                        self.let_in(newcomer, &stopped, &mut connections);
                    }
                    continue;
                }
                accepted = self.listener.accept() => accepted,
                Some(_) = connections.join_next(), if !connections.is_empty() => continue,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let Ok((stream, address)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let Some(seat) = self.caps.take(address.ip()) else { continue };
            newcomers.push(address.ip(), Newcomer { stream, address, since: Instant::now(), seat });
        }
        drop((self.listener, newcomers));
        let _ =
            tokio::time::timeout(SHUTDOWN_GRACE, async { while connections.join_next().await.is_some() {} })
                .await;
    }

    fn let_in(&self, newcomer: Newcomer, stop: &watch::Receiver<bool>, connections: &mut JoinSet<()>) {
        let Newcomer { stream, address, since, seat } = newcomer;
        let acceptor = self.tls.as_ref().map(|tls| TlsAcceptor::from(Arc::clone(&tls.borrow())));
        let routes = Arc::clone(&self.routes);
        let connection = Connection { since, address, routes, stop: stop.clone(), _seat: seat };
        connections.spawn(connection.run(stream, acceptor));
    }
}

/// How fast connections are let in.
struct Pace {
    most: u32,
    since: Instant,
    let_in: u32,
}

impl Pace {
    /// Waits until one more may be let in, and counts it.
    async fn step(&mut self, newcomers: &Newcomers) {
        // Nobody waits for long: of thousands more are let in at once.
        let most = self.most.max(u32::try_from(newcomers.len() / WAITING_EACH).unwrap_or(u32::MAX));
        let most = if newcomers.is_first() { most.saturating_add(ACCEPT_BURST_FIRST) } else { most };
        if self.let_in >= most {
            tokio::time::sleep_until(self.since + ACCEPT_WINDOW).await;
        }
        if self.since.elapsed() >= ACCEPT_WINDOW {
            (self.since, self.let_in) = (Instant::now(), 0);
        }
        self.let_in += 1;
    }
}

struct Connection {
    since: Instant,
    address: SocketAddr,
    routes: Arc<Routes>,
    stop: watch::Receiver<bool>,
    _seat: Seat,
}

impl Connection {
    async fn run(mut self, stream: TcpStream, acceptor: Option<TlsAcceptor>) {
        let _ = stream.set_nodelay(true);
        let Some(acceptor) = acceptor else { return self.speak_http1(stream).await };
        let handshake = tokio::time::timeout(TLS_HANDSHAKE_TIMEOUT, acceptor.accept(stream));
        let stream = tokio::select! {
            shaken = handshake => shaken,
            _ = self.stop.wait_for(|stop| *stop) => return,
        };
        let Ok(Ok(stream)) = stream else { return };
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            self.speak_http2(stream).await;
        } else {
            self.speak_http1(stream).await;
        }
    }

    async fn speak_http1(mut self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let phase = Phase::new(self.since);
        let io = TokioIo::new(Watched::new(stream, phase.clone()));
        let service = self.service(phase.clone());
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(None)
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEAD_MAX_BYTES)
            .half_close(false)
            // An answer is small: one piece costs TLS less than two.
            .writev(false)
            .serve_connection(io, service);
        tokio::pin!(connection);
        tokio::select! {
            _ = connection.as_mut() => return,
            () = phase.expired() => return,
            _ = self.stop.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
        }
        tokio::select! { _ = connection => {} () = phase.expired() => {} () = rest(&phase) => {} }
    }

    async fn speak_http2(mut self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let phase = Phase::new_multiplexed(self.since);
        let io = TokioIo::new(Watched::new(stream, phase.clone()));
        let service = self.service(phase.clone());
        let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(u32::try_from(HEAD_MAX_BYTES).unwrap_or(u32::MAX))
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_send_buf_size(SEND_BUFFER_BYTES)
            .max_pending_accept_reset_streams(RESETS_MAX)
            .max_local_error_reset_streams(RESETS_MAX)
            .serve_connection(io, service);
        tokio::pin!(connection);
        tokio::select! {
            _ = connection.as_mut() => return,
            () = phase.expired() => return,
            _ = self.stop.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
        }
        tokio::select! { _ = connection => {} () = phase.expired() => {} () = rest(&phase) => {} }
    }

    fn service(
        &self,
        phase: Phase,
    ) -> impl hyper::service::Service<
        Request<Incoming>,
        Response = Response<PhaseBody>,
        Error = Infallible,
        Future: Send + 'static,
    > + use<> {
        let routes = Arc::clone(&self.routes);
        let peer = Peer(self.address.ip());
        hyper::service::service_fn(move |request: Request<Incoming>| {
            let serving = phase.begin();
            let routes = Arc::clone(&routes);
            async move {
                let response = routes.answer(request, peer).await;
                Ok::<_, Infallible>(response.map(|body| PhaseBody::new(body, serving)))
            }
        })
    }
}

/// Waits until a connection that was told to stop has nothing left to do: a peer that does not hang up is not waited for.
async fn rest(phase: &Phase) {
    loop {
        tokio::time::sleep(DRAIN_TICK).await;
        if phase.is_resting() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
