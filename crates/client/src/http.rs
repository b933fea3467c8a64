//! One origin over HTTP: time-outs, bounded bodies, cookies, problems. The HTTP library stays in here.

use crate::cookies::Jar;
use crate::error::{ClientError, Problem};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderValue, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Method, Response, Url};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a whole answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// Idle connections are kept as long as the server keeps them: a new TLS connection costs as much as three payments.
const IDLE_TIMEOUT: Duration = Duration::from_mins(5);
/// The largest answer that is read: a page of 100 payments takes about 100 KB.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// A pool of connections that any number of people may share.
#[derive(Clone)]
pub(crate) struct Pool(reqwest::Client);

impl Pool {
    /// A pool; `extra_root_pem` is trusted beside the machine's roots, for a server in a local network.
    pub(crate) fn new(extra_root_pem: Option<&[u8]>) -> Result<Self, ClientError> {
        // Whoever was first has installed the same provider.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let failed = |error: reqwest::Error| ClientError::Connection(error.to_string());
        let mut builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .user_agent(concat!("yinxin-client/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = extra_root_pem {
            builder = builder.add_root_certificate(reqwest::Certificate::from_pem(pem).map_err(failed)?);
        }
        builder.build().map(Self).map_err(failed)
    }
}

/// What is asked.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    /// From `/` on, with the query.
    pub(crate) path: &'a str,
    pub(crate) body: Option<Vec<u8>>,
    /// The Idempotency-Key of a mutation.
    pub(crate) key: Option<&'a str>,
    /// A merchant's key.
    pub(crate) bearer: Option<&'a str>,
}

/// One origin, as one person or merchant sees it.
pub(crate) struct Http {
    pool: Pool,
    origin: Url,
    jar: Mutex<Jar>,
}

impl Http {
    /// The origin `https://host[:port]`, or `http` where the host is this machine.
    pub(crate) fn new(pool: Pool, origin: &str) -> Result<Self, ClientError> {
        let bad = || ClientError::Address(origin.to_owned());
        let url = Url::parse(origin).map_err(|_| bad())?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let named = url.username().is_empty() && url.password().is_none();
        if !bare || !named || !is_safe(&url) {
            return Err(bad());
        }
        Ok(Self { pool, origin: url, jar: Mutex::default() })
    }

    /// The same origin and connections for somebody else: no cookies.
    pub(crate) fn for_another(&self) -> Self {
        Self { pool: self.pool.clone(), origin: self.origin.clone(), jar: Mutex::default() }
    }

    /// The origin, without a slash at its end.
    pub(crate) fn origin(&self) -> &str {
        self.origin.as_str().trim_end_matches('/')
    }

    /// Asks and reads the whole answer.
    pub(crate) async fn call(&self, call: Call<'_>) -> Result<Vec<u8>, ClientError> {
        let send = async {
            let response = self.send(&call).await?;
            let status = response.status().as_u16();
            let body = read(response).await?;
            if (200..300).contains(&status) { Ok(body) } else { Err(problem(status, &body)) }
        };
        within(ANSWER_TIMEOUT, send).await
    }

    /// Opens a stream of events.
    pub(crate) async fn stream(&self, path: &str) -> Result<Response, ClientError> {
        let call = Call { method: Method::GET, path, body: None, key: None, bearer: None };
        let response = within(ANSWER_TIMEOUT, self.send(&call)).await?;
        let status = response.status().as_u16();
        if status == 200 {
            return Ok(response);
        }
        let body = within(ANSWER_TIMEOUT, read(response)).await?;
        Err(problem(status, &body))
    }

    /// Posts JSON to another origin, without cookies: the demonstration's shop.
    pub(crate) async fn post_elsewhere(&self, url: &str, body: Vec<u8>) -> Result<Vec<u8>, ClientError> {
        let bad = || ClientError::Address(url.to_owned());
        let url = Url::parse(url).map_err(|_| bad())?;
        if !is_safe(&url) {
            return Err(bad());
        }
        let send = async {
            let request = self
                .pool
                .0
                .post(url)
                .header(CONTENT_TYPE, "application/json")
                .header(ACCEPT, "application/json");
            let response = request.body(body).send().await.map_err(|error| unreachable(&error))?;
            let status = response.status().as_u16();
            let body = read(response).await?;
            if (200..300).contains(&status) {
                Ok(body)
            } else {
                Err(ClientError::Answer("the shop's status"))
            }
        };
        within(ANSWER_TIMEOUT, send).await
    }

    /// The cookie by which the server knows this device.
    pub(crate) fn device(&self) -> Option<Zeroizing<String>> {
        self.jar().device().map(|value| Zeroizing::new(value.to_owned()))
    }

    /// Is the device of this cookie.
    pub(crate) fn set_device(&self, value: &str) {
        self.jar().set_device(value);
    }

    /// Forgets the session's cookie.
    pub(crate) fn end_session(&self) {
        self.jar().end_session();
    }

    async fn send(&self, call: &Call<'_>) -> Result<Response, ClientError> {
        let url = self.origin.join(call.path).map_err(|_| ClientError::Address(call.path.to_owned()))?;
        let mut request = self.pool.0.request(call.method.clone(), url);
        if let Some(cookies) = self.jar().header() {
            request = request.header(COOKIE, secret_header(&cookies)?);
        }
        if let Some(bearer) = call.bearer {
            request = request.header(AUTHORIZATION, secret_header(&format!("Bearer {bearer}"))?);
        }
        if let Some(key) = call.key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        let mut jar = self.jar();
        for header in response.headers().get_all(SET_COOKIE) {
            if let Ok(header) = header.to_str() {
                jar.set(header);
            }
        }
        Ok(response)
    }

    fn jar(&self) -> std::sync::MutexGuard<'_, Jar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether secrets may travel there: encrypted, or not leaving this machine.
fn is_safe(url: &Url) -> bool {
    let loopback = || {
        let host = url.host_str().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
        host == "localhost"
            || host.ends_with(".localhost")
            || address.is_ok_and(|address| address.is_loopback())
    };
    url.has_host() && (url.scheme() == "https" || url.scheme() == "http" && loopback())
}

fn secret_header(text: &str) -> Result<HeaderValue, ClientError> {
    let mut value =
        HeaderValue::from_str(text).map_err(|_| ClientError::Refused("a secret with control characters"))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    let late = || Err(ClientError::Unreachable("no whole answer in time".to_owned()));
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| late())
}

async fn read(mut response: Response) -> Result<Vec<u8>, ClientError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(ClientError::Answer("larger than 1 MiB"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A problem document; something else with an error status, as a proxy sends it, gets no code of ours.
fn problem(status: u16, body: &[u8]) -> ClientError {
    let unnamed = || Problem {
        status,
        code: format!("http.{status}"),
        money_moved: None,
        reference: String::new(),
        params: serde_json::Map::new(),
        acceptance: None,
    };
    ClientError::Problem(Box::new(serde_json::from_slice(body).unwrap_or_else(|_| unnamed())))
}

pub(crate) fn unreachable(error: &reqwest::Error) -> ClientError {
    use std::error::Error as _;
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        reason = format!("{reason}: {cause}");
        source = cause.source();
    }
    ClientError::Unreachable(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(origin: &str) -> Result<Http, ClientError> {
        Http::new(Pool::new(None).unwrap(), origin)
    }

    #[test]
    fn secrets_travel_encrypted_or_not_at_all() {
        for good in [
            "https://wallet.example",
            "http://localhost:8088",
            "http://127.0.0.1:1",
            "http://[::1]:1/",
            "http://a.localhost",
        ] {
            assert!(http(good).is_ok(), "{good}");
        }
        for bad in [
            "http://wallet.example",
            "http://192.168.1.7:8088",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "ftp://localhost",
            "https://wallet.example/path",
            "https://wallet.example?x",
            "https://user@wallet.example",
            "wallet.example",
            "",
        ] {
            assert!(http(bad).is_err(), "{bad}");
        }
        assert_eq!(http("http://localhost:8088/").unwrap().origin(), "http://localhost:8088");
    }

    #[test]
    fn an_error_that_is_no_problem_document_keeps_its_status() {
        let error = problem(502, b"<html>");
        assert_eq!(error.code(), Some("http.502"));
        assert!(error.is_uncertain());
        let body = br#"{"type":"x","status":422,"code":"payment.self","money_moved":false,"reference":"r","params":{}}"#;
        let error = problem(422, body);
        assert_eq!(error.code(), Some("payment.self"));
        assert!(!error.is_uncertain());
    }
}
