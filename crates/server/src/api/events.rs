//! What changes on my account, as it happens.

use super::orders::{OrderEvent, OrderState};
use crate::app::App;
use crate::door::who::Session;
use crate::problem::Problem;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, KeepAliveStream, Sse};
use futures_core::Stream;
use serde::Serialize;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use utoipa::ToSchema;
use yinxin_core::OrderId;
use yinxin_wallet::What;

/// How often a silent stream says that it is there, so that proxies keep it.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Events that wait for a slow reader; a slower one is let go and reads everything again.
const WAITING_MAX: usize = 32;

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
    let mut changes = app.wallet.events().listen();
    let (sender, events) = mpsc::channel(WAITING_MAX);
    tokio::spawn(async move {
        loop {
            let change = tokio::select! {
                change = changes.recv() => change,
                () = sender.closed() => return,
            };
            let event = match change {
                Ok(change) if change.accounts.contains(&session.account) => {
                    AccountEvent { index: change.index, what: change.what.into() }
                }
                Ok(_) => continue,
                // Too slow: something was missed, so everything may have changed.
                Err(RecvError::Lagged(_)) => AccountEvent { index: 0, what: Changed::Balance },
                Err(RecvError::Closed) => return,
            };
            if sender.try_send(written("changed", &event)).is_err() {
                return;
            }
        }
    });
    Ok(stream(&app, events))
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
pub(super) fn of_order(app: &App, id: OrderId) -> Result<Streaming, Problem> {
    let mut changes = app.wallet.events().listen();
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
                change = changes.recv() => match change {
                    Ok(change) if change.order != Some(id) => continue,
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
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
    Ok(stream(app, events))
}

fn stream(app: &App, mut events: mpsc::Receiver<Event>) -> Streaming {
    let (sender, open) = mpsc::channel(WAITING_MAX);
    let mut stop = app.stop.clone();
    tokio::spawn(async move {
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                _ = stop.wait_for(|stop| *stop) => return,
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
        }
    }
}
