//! Bodies: at most 64 KiB, within ten seconds, JSON objects only.

use crate::problem::{Code, Problem};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The largest body: ten times the longest signed text with its order.
pub(crate) const BODY_MAX_BYTES: usize = 64 * 1024;
/// From the head to the body's last byte.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The whole body.
pub(crate) async fn read(body: Body) -> Result<Bytes, Problem> {
    let whole = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, BODY_MAX_BYTES).collect()).await;
    match whole {
        Err(_) => Err(Problem::new(Code::RequestTimeout)),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::new(Code::RequestTooLarge)),
        Ok(Err(error)) => Err(Problem::new(Code::RequestMalformed).because(&error)),
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
    }
}

/// A JSON object parsed into `T`.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(Code::RequestMediaType));
        }
        parse(&read(request.into_body()).await?).map(Self)
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
