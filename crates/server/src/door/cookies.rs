//! Cookies: read from a request, written with the attributes of `__Host-`.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

/// The session.
pub(crate) const SESSION: &str = "__Host-yx-session";
/// The known device.
pub(crate) const DEVICE: &str = "__Host-yx-device";
/// The highest record that this client has seen, where several nodes serve.
pub(crate) const SEEN: &str = "__Host-yx-seen";
/// The access code of a demonstration that listens beyond this machine.
pub(crate) const ACCESS: &str = "__Host-yx-access";
/// 400 days: the longest that browsers keep a cookie.
pub(crate) const DEVICE_MAX_AGE_S: u32 = 400 * 86_400;

/// The value of the cookie `name`, when there is exactly one.
pub(crate) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// A `Set-Cookie` line; without `max_age_s` the cookie ends with the browser's session.
pub(crate) fn set(name: &str, value: &str, max_age_s: Option<u32>) -> Option<HeaderValue> {
    let age = max_age_s.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    HeaderValue::from_str(&format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict{age}")).ok()
}

/// A `Set-Cookie` line that removes the cookie.
pub(crate) fn clear(name: &str) -> Option<HeaderValue> {
    set(name, "", Some(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_sent_twice_is_no_cookie() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; __Host-yx-session=x; b=2"));
        assert_eq!(read(&headers, SESSION), Some("x"));
        headers.append(COOKIE, HeaderValue::from_static("__Host-yx-session=y"));
        assert_eq!(read(&headers, SESSION), None);
    }

    #[test]
    fn a_cookie_has_what_its_prefix_demands() {
        let line = set(SESSION, "abc", None).unwrap();
        assert_eq!(line, "__Host-yx-session=abc; Path=/; Secure; HttpOnly; SameSite=Strict");
        assert!(clear(SESSION).unwrap().to_str().unwrap().ends_with("Max-Age=0"));
    }
}
