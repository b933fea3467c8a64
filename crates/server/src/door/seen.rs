//! Read your writes, where several nodes serve (house, law 12): whoever changed something hears which record that was, and
//! the next request waits, on whatever node it arrives, until that node shows the record.
//!
//! Browsers and our own client carry it as a cookie; a merchant's program may send the answer's `Yx-Index` back.

use crate::app::App;
use crate::door::cookies;
use crate::problem::Problem;
use axum::http::HeaderMap;
use axum::http::header::{HeaderName, SET_COOKIE};

/// The header, in answers and in questions.
pub(super) const INDEX: HeaderName = HeaderName::from_static("yx-index");

/// Waits until this node shows what the sender has seen; answers which record that is. One node alone shows everything.
pub(super) async fn meet(app: &App, headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let seen = if app.wallet.has_peers() { seen(headers) } else { None };
    if let Some(index) = seen {
        app.wallet.meet(index).await?;
    }
    Ok(seen)
}

/// Gives the sender of a mutation, who had seen `before`, the record that it sees `now` to remember.
pub(super) fn remember(app: &App, headers: &mut HeaderMap, before: Option<u64>, now: u64) {
    if !app.wallet.has_peers() || before.is_some_and(|before| before >= now) {
        return;
    }
    if let Some(line) = cookies::set(cookies::SEEN, &now.to_string(), None) {
        headers.append(SET_COOKIE, line);
    }
}

/// The highest record that the sender has seen, as far as it says.
fn seen(headers: &HeaderMap) -> Option<u64> {
    let cookie = cookies::read(headers, cookies::SEEN);
    let header = headers.get(&INDEX).and_then(|line| line.to_str().ok());
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
