//! The first middleware: one allowed host, no smuggling, no foreign origin; then headers, problems and the log.

use crate::app::App;
use crate::door::{HEADERS_MAX, access, headers, terms};
use crate::problem::{Code, Problem};
use crate::telemetry::{Answered, Telemetry};
use axum::body::Body;
use axum::extract::{MatchedPath, State};
use axum::http::header::{CONNECTION, CONTENT_ENCODING, HOST, HeaderValue, ORIGIN, TRANSFER_ENCODING};
use axum::http::{HeaderMap, Method, Request, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use data_encoding::BASE32_NOPAD;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::Instant;
use yinxin_core::Currency;
use yinxin_wallet::Times;

/// The path that answers whatever the host: a load balancer asks by address.
const HEALTH: &str = "/healthz";

/// One origin and who it is.
pub(crate) struct Site {
    /// `https://pay.example` or `http://localhost:8088`.
    pub(crate) origin: String,
    /// The deployment's one currency.
    pub(crate) currency: Currency,
    references: References,
    telemetry: Arc<Telemetry>,
}

impl Site {
    /// The site of `origin`.
    pub(crate) fn new(origin: &str, currency: Currency) -> Arc<Self> {
        Self::observed(origin, currency, Arc::default())
    }

    /// The site of `origin`, whose requests `telemetry` hears of.
    pub(crate) fn observed(origin: &str, currency: Currency, telemetry: Arc<Telemetry>) -> Arc<Self> {
        Arc::new(Self { origin: origin.to_owned(), currency, references: References::default(), telemetry })
    }

    /// Whether browsers reach it by TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.origin.starts_with("https://")
    }

    /// Host and port as a browser sends them.
    pub(crate) fn authority(&self) -> &str {
        self.origin.split_once("://").map_or("", |(_, authority)| authority)
    }
}

/// Short names of answers, unguessable and different for each.
#[derive(Default)]
struct References {
    keys: RandomState,
    count: AtomicU64,
}

impl References {
    fn next(&self) -> String {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let mut name = BASE32_NOPAD.encode(&self.keys.hash_one(number).to_be_bytes());
        name.make_ascii_lowercase();
        name.truncate(8);
        name
    }
}

/// What a site's one layer knows.
#[derive(Clone)]
pub(crate) struct Guard {
    /// Whose routes they are.
    pub(crate) guarded: Guarded,
    /// Nobody from outside this machine gets in without it.
    pub(crate) access: Option<Arc<str>>,
}

/// Whose routes are guarded.
#[derive(Clone)]
pub(crate) enum Guarded {
    /// The deployment's.
    App(App),
    /// Another site's: it has no API of ours.
    Site(Arc<Site>),
}

impl Guarded {
    fn site(&self) -> &Site {
        match self {
            Self::App(app) => &app.site,
            Self::Site(site) => site,
        }
    }
}

impl Guard {
    /// Lets `next` answer a request of `route`, when it may come in; completes the answer and writes one line to the log.
    pub(crate) async fn pass<B, F>(
        &self,
        route: &str,
        request: Request<B>,
        next: impl FnOnce(Request<B>) -> F,
    ) -> Response
    where
        F: Future<Output = Response>,
    {
        let began = Instant::now();
        let site = self.guarded.site();
        let reference = site.references.next();
        let method = request.method().clone();
        let is_api = request.uri().path().starts_with("/api/");
        let mut response = self.answer(request, next).await;
        let problem = response.extensions_mut().remove::<Arc<Problem>>();
        if let Some(problem) = &problem {
            response = problem.render(response, site, &reference);
        }
        headers::complete(response.headers_mut(), is_api, site.is_https());
        site.telemetry.answered(&Answered {
            method: &method,
            route,
            status: response.status().as_u16(),
            took: began.elapsed(),
            reference: &reference,
            code: problem.as_ref().map(|problem| problem.code().text()),
            detail: problem.as_ref().and_then(|problem| problem.detail()),
            times: response.extensions_mut().remove::<Times>(),
        });
        response
    }

    async fn answer<B, F>(&self, request: Request<B>, next: impl FnOnce(Request<B>) -> F) -> Response
    where
        F: Future<Output = Response>,
    {
        if let Err(problem) = admit(self.guarded.site(), &request) {
            return refuse(problem, request.version());
        }
        if let Some(asked) = self.access.as_deref().and_then(|code| access::ask(code, &request)) {
            return asked;
        }
        let app = match &self.guarded {
            Guarded::App(app) => app,
            Guarded::Site(_) => return next(request).await,
        };
        let head = (request.method(), request.uri(), request.headers());
        let met = match terms::meet(app, head).await {
            Ok(met) => met,
            Err(problem) => return problem.into_response(),
        };
        let mut response = next(request).await;
        met.settle(app, &mut response);
        response
    }
}

/// Whoever sends what may not come in says nothing more on this connection.
fn refuse(problem: Problem, version: Version) -> Response {
    let mut response = problem.into_response();
    if version < Version::HTTP_2 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The one layer of a site: each further one would copy the request, and all layers below it, once more.
pub(crate) async fn guard(State(guard): State<Guard>, request: Request<Body>, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("-", MatchedPath::as_str);
    guard.pass(route, request, |request| next.run(request)).await
}

fn admit<B>(site: &Site, request: &Request<B>) -> Result<(), Problem> {
    let headers = request.headers();
    // hyper drops a Content-Length that stands beside Transfer-Encoding, so the pair itself cannot be seen any more:
    // no client of ours needs a chunked request, and without chunks there is nothing to smuggle.
    if headers.contains_key(TRANSFER_ENCODING) {
        return Err(Problem::new(Code::RequestMalformed));
    }
    // HTTP/2 bounds the bytes of a head alone. Nothing unpacks a body: a bomb is refused before it is read.
    if headers.len() > HEADERS_MAX {
        return Err(Problem::new(Code::RequestTooLarge));
    }
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(Problem::new(Code::RequestMediaType));
    }
    if request.uri().path() == HEALTH && headers.get_all(HOST).iter().count() <= 1 {
        return Ok(());
    }
    check_host(site, request)?;
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    check_source(&site.origin, headers)
}

/// Exactly one host, and it is ours. HTTP/2 names it in `:authority`, HTTP/1 in `Host`.
fn check_host<B>(site: &Site, request: &Request<B>) -> Result<(), Problem> {
    let mut lines = request.headers().get_all(HOST).iter();
    let line = lines.next();
    let authority = request.uri().authority().map(axum::http::uri::Authority::as_str);
    let is_ours = |host: &str| host.eq_ignore_ascii_case(site.authority());
    let line_is_ours = line.is_some_and(|line| line.to_str().is_ok_and(is_ours));
    let is_named = if request.version() == Version::HTTP_2 {
        authority.is_some_and(is_ours) && (line.is_none() || line_is_ours)
    } else {
        line_is_ours && authority.is_none_or(is_ours)
    };
    if is_named && lines.next().is_none() { Ok(()) } else { Err(Problem::new(Code::RequestHost)) }
}

/// A mutation comes from our own pages, or from a program that is no browser.
fn check_source(origin: &str, headers: &HeaderMap) -> Result<(), Problem> {
    let origin_is_ours = headers.get_all(ORIGIN).iter().all(|value| value.as_bytes() == origin.as_bytes());
    let site_is_ours = headers
        .get_all("sec-fetch-site")
        .iter()
        .all(|value| matches!(value.as_bytes(), b"same-origin" | b"none"));
    if origin_is_ours && site_is_ours { Ok(()) } else { Err(Problem::new(Code::RequestOrigin)) }
}
