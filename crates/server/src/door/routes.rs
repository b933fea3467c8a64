//! What a connection's requests meet: the routes, and one short way to the one that is asked for all day.

use crate::api::payments;
use crate::app::App;
use crate::door::Peer;
use crate::door::guard::{Guard, Guarded};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use axum::response::Response;
use hyper::body::Incoming;
use tower::ServiceExt as _;

/// Routes behind a door.
#[derive(Clone)]
pub(crate) struct Routes {
    router: Router,
    payments: Option<Payments>,
}

/// The way of a payment: the same guard and the same handler that its route has, without the router's copies between them.
#[derive(Clone)]
struct Payments {
    guard: Guard,
    app: App,
}

impl Routes {
    /// The routes of `router`, whose one layer is `guard`.
    pub(crate) fn guarded(router: Router, guard: Guard) -> Self {
        let payments = match &guard.guarded {
            Guarded::App(app) => Some(Payments { app: app.clone(), guard }),
            Guarded::Site(_) => None,
        };
        Self { router, payments }
    }

    /// Answers a request of `peer`.
    pub(super) async fn answer(&self, mut request: Request<Incoming>, peer: Peer) -> Response {
        request.extensions_mut().insert(peer);
        match &self.payments {
            Some(payments) if is_payment(&request) => {
                let Payments { guard, app } = payments;
                guard.pass(payments::PATH, request, |request| payments::pay(app, request)).await
            }
            Some(_) | None => {
                let Ok(response) = self.router.clone().oneshot(request.map(Body::new)).await;
                response
            }
        }
    }
}

fn is_payment(request: &Request<Incoming>) -> bool {
    request.method() == Method::POST && request.uri().path() == payments::PATH
}

impl From<Router> for Routes {
    fn from(router: Router) -> Self {
        Self { router, payments: None }
    }
}
