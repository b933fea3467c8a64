//! Read your writes, where several nodes serve (house, law 12): whoever changed something hears which record that was, and
//! the next request waits, on whatever node it arrives, until that node shows the record.
//!
//! Browsers and our own client carry it as a cookie; a merchant's program may send the answer's `Yx-Index` back.

use crate::app::App;
use crate::door::cookies;
use crate::problem::Problem;
use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// The header, in answers and in questions.
const INDEX: &str = "yx-index";

/// Lets the request wait for what its sender has seen, and remembers what it sees now.
pub(crate) async fn meet(State(app): State<App>, request: Request, next: Next) -> Response {
    if !app.wallet.has_peers() || !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let seen = seen(request.headers());
    if let Some(index) = seen
        && let Err(error) = app.wallet.meet(index).await
    {
        return Problem::from(error).into_response();
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = next.run(request).await;
    let now =
        app.wallet.records().checked_sub(1).filter(|now| changes && seen.is_none_or(|seen| seen < *now));
    if let Some(line) = now.and_then(|now| cookies::set(cookies::SEEN, &now.to_string(), None)) {
        response.headers_mut().append(SET_COOKIE, line);
    }
    response
}

/// The highest record that the sender has seen, as far as it says.
fn seen(headers: &HeaderMap) -> Option<u64> {
    let cookie = cookies::read(headers, cookies::SEEN);
    let header = headers.get(INDEX).and_then(|line| line.to_str().ok());
    cookie.into_iter().chain(header).filter_map(|text| text.parse().ok()).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use axum::http::header::COOKIE;

    #[test]
    fn the_highest_record_counts_and_nonsense_does_not() {
        let mut headers = HeaderMap::new();
        assert_eq!(seen(&headers), None);
        headers.insert(INDEX, HeaderValue::from_static("7"));
        assert_eq!(seen(&headers), Some(7));
        headers.insert(COOKIE, HeaderValue::from_static("__Host-yx-seen=12"));
        assert_eq!(seen(&headers), Some(12));
        headers.insert(COOKIE, HeaderValue::from_static("__Host-yx-seen=-1; a=b"));
        assert_eq!(seen(&headers), Some(7));
    }
}
