//! Bodies: at most 64 KiB, within ten seconds, JSON objects only.

use crate::problem::{Code, Problem};
use axum::body::{Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::BytesMut;
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use std::fmt::Display;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// The largest body: ten times the longest signed text with its order.
pub(crate) const BODY_MAX_BYTES: usize = 64 * 1024;
/// From the head to the body's last byte.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The whole body.
pub(crate) async fn read<B>(body: B) -> Result<Bytes, Problem>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Display,
{
    let mut whole = pin!(collect(body));
    // What came with the head is there at the second look: the first one asks the connection for it. Only who waits longer
    // needs a timer.
    let mut looks = 0;
    let soon = poll_fn(|context| match whole.as_mut().poll(context) {
        Poll::Ready(whole) => Poll::Ready(Some(whole)),
        Poll::Pending if looks > 0 => Poll::Ready(None),
        Poll::Pending => {
            looks += 1;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    });
    match soon.await {
        Some(whole) => whole,
        None => tokio::time::timeout(BODY_TIMEOUT, whole)
            .await
            .unwrap_or_else(|_| Err(Problem::new(Code::RequestTimeout))),
    }
}

/// All pieces of a body; a single one is not copied.
async fn collect<B>(body: B) -> Result<Bytes, Problem>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Display,
{
    let mut body = pin!(body);
    // Whoever says that it is too large is not listened to.
    if body.size_hint().lower() > BODY_MAX_BYTES as u64 {
        return Err(Problem::new(Code::RequestTooLarge));
    }
    let mut whole = Bytes::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Problem::new(Code::RequestMalformed).because(&error))?;
        let Ok(piece) = frame.into_data() else { continue };
        if whole.len() + piece.len() > BODY_MAX_BYTES {
            return Err(Problem::new(Code::RequestTooLarge));
        }
        whole = if whole.is_empty() { piece } else { joined(whole, &piece) };
    }
    Ok(whole)
}

/// `begin` grows in place as long as nobody else holds it.
fn joined(begin: Bytes, piece: &Bytes) -> Bytes {
    let mut whole = BytesMut::from(begin);
    whole.extend_from_slice(piece);
    whole.freeze()
}

/// The JSON object of a request with these headers.
pub(crate) async fn json<T, B>(headers: &HeaderMap, body: B) -> Result<T, Problem>
where
    T: DeserializeOwned,
    B: HttpBody<Data = Bytes>,
    B::Error: Display,
{
    if !is_json(headers) {
        return Err(Problem::new(Code::RequestMediaType));
    }
    parse(&read(body).await?)
}

/// A JSON object parsed into `T`.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        json(&parts.headers, body).await.map(Self)
    }
}

/// Parses a JSON object; arrays in its place and control characters in its strings are refused (threats, fact 4).
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'{') || escapes_control_character(bytes) {
        return Err(Problem::new(Code::RequestMalformed));
    }
    // The parser's words quote the value, which may be a phone number or a code: only the place is told.
    serde_json::from_slice(bytes).map_err(|error| {
        let place = format!("{:?} at {}:{}", error.classify(), error.line(), error.column());
        Problem::new(Code::RequestMalformed).because(&place)
    })
}

/// Whether some string holds a control character; unescaped ones are refused by the parser already.
fn escapes_control_character(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    // Nearly all have none, and this look is quicker.
    if !bytes.contains(&b'\\') {
        return false;
    }
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let escape = rest.get(at + 1..).unwrap_or_default();
        let is_control = matches!(
            escape,
            [b'b' | b'f' | b'n' | b'r' | b't', ..]
                | [b'u', b'0', b'0', b'0' | b'1' | b'8' | b'9', ..]
                | [b'u', b'0', b'0', b'7', b'f' | b'F', ..]
        );
        if is_control {
            return true;
        }
        rest = escape.get(1..).unwrap_or_default();
    }
    false
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        a: String,
    }

    #[test]
    fn only_an_object_without_control_characters_duplicates_and_unknown_members_gets_in() {
        assert_eq!(parse::<Sample>(br#" {"a":"\u4e2d\\n\/"}"#).unwrap().a, "中\\n/");
        for refused in [
            r#"["x"]"#,
            r#"{"a":"\u0000"}"#,
            r#"{"a":"line\nbreak"}"#,
            r#"{"a":"\u007F"}"#,
            r#"{"a":"\u0085"}"#,
            "{\"a\":\"raw\ttab\"}",
            r#"{"a":"1","a":"2"}"#,
            r#"{"a":"1","b":"2"}"#,
            r#"{"a":1}"#,
            "",
            "{",
            "nonsense",
        ] {
            assert_eq!(
                parse::<Sample>(refused.as_bytes()).unwrap_err().code(),
                Code::RequestMalformed,
                "{refused}"
            );
        }
    }

    #[test]
    fn only_json_is_json() {
        let mut headers = HeaderMap::new();
        assert!(!is_json(&headers));
        headers.insert(CONTENT_TYPE, "application/json; charset=utf-8".parse().unwrap());
        assert!(is_json(&headers));
        for other in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
            headers.insert(CONTENT_TYPE, other.parse().unwrap());
            assert!(!is_json(&headers));
        }
    }
}
