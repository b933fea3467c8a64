//! One deployment as routes: API, pages, documents, behind the guard.

use crate::api;
use crate::app::App;
use crate::door::Routes;
use crate::door::guard::{Guard, Guarded, guard};
use crate::door::idempotency;
use crate::problem::{Code, Problem};
use crate::web::{self, Frames};
use axum::Router;
use axum::middleware::from_fn_with_state;
use std::sync::Arc;

/// Every route of the deployment as a door serves them. With an `access` code nobody from outside this machine gets in
/// without it.
pub(crate) fn routes(app: &App, access: Option<Arc<str>>) -> Arc<Routes> {
    let guard = Guard { guarded: Guarded::App(app.clone()), access: access.clone() };
    Arc::new(Routes::guarded(router(app, access), guard))
}

/// The same as one router.
fn router(app: &App, access: Option<Arc<str>>) -> Router {
    let frames = app.demo.as_ref().map_or(Frames::None, |demo| Frames::Demo { shop: demo.shop_origin() });
    let once = || from_fn_with_state(app.clone(), idempotency::once);
    let mut routes =
        axum::Router::from(api::plain()).merge(axum::Router::from(api::kept()).route_layer(once()));
    if app.demo.is_some() {
        routes = routes.merge(axum::Router::from(api::demo_router()).route_layer(once()));
    }
    let site = routes
        .with_state(app.clone())
        .merge(web::docs_router())
        .method_not_allowed_fallback(|| async { Problem::new(Code::RequestMethod) })
        .fallback_service(Router::new().fallback(web::serve).with_state(Arc::new(frames)));
    let guarded = Guard { guarded: Guarded::App(app.clone()), access };
    site.layer(from_fn_with_state(guarded, guard))
}

#[cfg(test)]
mod tests;
