//! What changes on my account, as it happens.

use super::orders::{OrderEvent, OrderState};
use crate::app::App;
use crate::door::streams::StreamSeat;
use crate::door::who::Session;
use crate::problem::{Code, Problem};
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, KeepAliveStream, Sse};
use futures_core::Stream;
use serde::Serialize;
use std::convert::Infallible;
use std::hash::{BuildHasher as _, RandomState};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;
use utoipa::ToSchema;
use yinxin_core::OrderId;
use yinxin_wallet::{Listener, Missed, SessionContext, Topic, Visitor, Wallet, What};

/// How often a silent stream says that it is there, so that proxies keep it.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Events that wait for a slow reader; a slower one is let go and reads everything again.
const WAITING_MAX: usize = 32;
/// How often a stream asks whether its session is still one, beside every change that concerns it: sessions also end by
/// themselves, and on other machines.
const SESSION_LOOK: Duration = Duration::from_secs(20);
/// When a browser comes back after the server has ended its stream, in milliseconds: at least, and spread over so much
/// more that not all come at once.
const RETRY_MS: (u64, u64) = (1_000, 4_000);

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Changed {
    /// A payment was recorded.
    Payment,
    /// A certificate changed its state.
    Certificate,
    /// The balance changed.
    Balance,
    /// A setting or a session changed.
    Settings,
    /// A notice came, or was read.
    Notice,
}

/// The data of a `changed` event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountEvent {
    /// The place in the journal.
    pub(crate) index: u64,
    /// What changed.
    pub(crate) what: Changed,
}

/// Streams what changes on my account.
#[utoipa::path(get, path = "/api/v1/events", operation_id = "stream_account", tag = "people",
    security(("session" = [])),
    responses((status = 200, description = "Server-sent events named `changed`", body = AccountEvent, content_type = "text/event-stream")))]
pub(super) async fn stream_account(
    State(app): State<App>,
    Session(session): Session,
) -> Result<Streaming, Problem> {
    let seat = app.streams().of_account(session.account).ok_or_else(|| Problem::new(Code::ServiceBusy))?;
    let changes = app.wallet.events().listen(Topic::Account(session.account));
    let (sender, events) = mpsc::channel(WAITING_MAX);
    tokio::spawn(tell_account(app.wallet.clone(), session, changes, sender));
    Ok(stream(&app, events, seat))
}

/// Tells of the changes on the session's account for as long as the session is one.
async fn tell_account(
    wallet: Wallet,
    session: SessionContext,
    mut changes: Listener,
    sender: mpsc::Sender<Event>,
) {
    let mut look = tokio::time::interval(SESSION_LOOK);
    loop {
        let change = tokio::select! {
            change = changes.next() => Some(change),
            _ = look.tick() => None,
            () = sender.closed() => return,
        };
        let event = match change {
            Some(Ok(change)) => Some(AccountEvent { index: change.index, what: change.what.into() }),
            // Too slow: something was missed, so everything may have changed.
            Some(Err(Missed)) => Some(AccountEvent { index: 0, what: Changed::Balance }),
            None => None,
        };
        if !wallet.is_session_open(&session).unwrap_or(false) {
            return;
        }
        if event.is_some_and(|event| sender.try_send(written("changed", &event)).is_err()) {
            return;
        }
    }
}

/// A stream of server-sent events.
pub(super) type Streaming = Sse<KeepAliveStream<Events>>;

/// The events of one stream.
pub(super) struct Events(mpsc::Receiver<Event>);

impl Stream for Events {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|event| event.map(Ok))
    }
}

/// The state of an order, now and after each change, until it is final.
pub(super) fn of_order(app: &App, visitor: &Visitor, id: OrderId) -> Result<Streaming, Problem> {
    let seat = app.streams().of_visitor(visitor.address).ok_or_else(|| Problem::new(Code::ServiceBusy))?;
    let mut changes = app.wallet.events().listen(Topic::Order(id));
    let mut last: OrderState = app.wallet.order(id)?.state.into();
    let expires = app.wallet.order(id)?.text.expires;
    let (sender, events) = mpsc::channel(WAITING_MAX);
    let wallet = app.wallet.clone();
    tokio::spawn(async move {
        let _ = sender.try_send(written("order", &OrderEvent { state: last }));
        while last == OrderState::Open {
            let left_ms = expires.since(wallet.now()).saturating_add(1_000);
            let expiry = tokio::time::sleep(Duration::from_millis(u64::try_from(left_ms).unwrap_or(0)));
            tokio::select! {
                _ = changes.next() => {}
                () = expiry => {}
                () = sender.closed() => return,
            }
            let Ok(order) = wallet.order(id) else { return };
            let state = order.state.into();
            if state != last && sender.try_send(written("order", &OrderEvent { state })).is_err() {
                return;
            }
            last = state;
        }
        // The state is final; an open stream without news keeps the browser from asking again.
        sender.closed().await;
    });
    Ok(stream(app, events, seat))
}

fn stream(app: &App, mut events: mpsc::Receiver<Event>, seat: StreamSeat) -> Streaming {
    let (sender, open) = mpsc::channel(WAITING_MAX);
    let mut stop = app.stop.clone();
    tokio::spawn(async move {
        let _seat = seat;
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                _ = stop.wait_for(|stop| *stop) => {
                    let _ = sender.try_send(Event::default().retry(retry_after()));
                    return;
                }
                () = sender.closed() => return,
            };
            let Some(event) = event else { return };
            if sender.try_send(event).is_err() {
                return;
            }
        }
    });
    Sse::new(Events(open)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

fn retry_after() -> Duration {
    let (least, spread) = RETRY_MS;
    Duration::from_millis(least + RandomState::new().hash_one(()) % spread)
}

fn written(name: &str, data: &impl Serialize) -> Event {
    Event::default().event(name).data(serde_json::to_string(data).unwrap_or_default())
}

impl From<What> for Changed {
    fn from(what: What) -> Self {
        match what {
            What::Payment => Self::Payment,
            What::Certificate => Self::Certificate,
            What::Balance => Self::Balance,
            What::Person | What::Order => Self::Settings,
            What::Notice => Self::Notice,
        }
    }
}
