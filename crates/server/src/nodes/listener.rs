//! The listener of a node: other nodes' questions, and nothing else.

use super::{Credentials, MESSAGE_MAX_BYTES, PATH};
use axum::http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use yinxin_wallet::Wallet;

/// Connections at once: a deployment has a handful of nodes, each with one.
const CONNECTIONS_MAX: usize = 64;
/// Questions at once on one connection: as many commands as may wait for the writer.
const STREAMS_MAX: u32 = 4_096;
/// A handshake between two machines of one network.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a silent connection is asked whether it is there, and how long it may take to say so.
const PING_EVERY: Duration = Duration::from_secs(2);
const PING_TIMEOUT: Duration = Duration::from_secs(4);
/// A full table of files: wait this long before accepting again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves other nodes until `stop` turns true.
pub(crate) async fn serve(
    listener: TcpListener,
    credentials: Arc<Credentials>,
    wallet: Wallet,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let acceptor = TlsAcceptor::from(credentials.server()?);
    let seats = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else { continue };
        let (acceptor, wallet, stop) = (acceptor.clone(), wallet.clone(), stop.clone());
        tokio::spawn(async move {
            connection(stream, &acceptor, wallet, stop).await;
            drop(seat);
        });
    }
}

async fn connection(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    wallet: Wallet,
    mut stop: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream));
    let Ok(Ok(stream)) = handshake.await else { return };
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let wallet = wallet.clone();
        async move { Ok::<_, Infallible>(answer(&wallet, request).await) }
    });
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    drop(connection.await);
}

async fn answer(wallet: &Wallet, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let status = |status: StatusCode| {
        let mut response = Response::new(Full::new(Bytes::new()));
        *response.status_mut() = status;
        response
    };
    if request.method() != Method::POST || request.uri().path() != PATH {
        return status(StatusCode::NOT_FOUND);
    }
    match Limited::new(request.into_body(), MESSAGE_MAX_BYTES).collect().await {
        Ok(question) => Response::new(Full::new(wallet.answer_node(&question.to_bytes()).await.into())),
        Err(_) => status(StatusCode::PAYLOAD_TOO_LARGE),
    }
}
