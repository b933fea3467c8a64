//! The version of the app that asks: one that is older than the server can serve is told so.

use crate::problem::{Code, Problem};
use axum::http::HeaderMap;

/// The oldest app that this server still serves.
pub(crate) const APP_VERSION_MIN: &str = "0.1.0";
/// The header by which an app says its version; a program that sends none is served.
const HEADER: &str = "yx-version";

/// Refuses an app that is too old, or whose version is none.
pub(super) fn check(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(HEADER) {
        Some(version) if !version.to_str().is_ok_and(is_served) => Err(Problem::new(Code::DeviceVersion)),
        Some(_) | None => Ok(()),
    }
}

fn is_served(version: &str) -> bool {
    numbers(version).is_some_and(|version| numbers(APP_VERSION_MIN).is_some_and(|least| version >= least))
}

/// Three dotted numbers; what follows a dash does not count.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split('-').next()?.split('.').map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_older_than_the_oldest_that_is_served_is_refused() {
        for served in [APP_VERSION_MIN, "0.1.1", "0.10.0", "1.0.0", "0.1.0-dev"] {
            assert!(is_served(served), "{served}");
        }
        for refused in ["0.0.9", "0.1", "", "one", "0.1.0.0", "-1.0.0"] {
            assert!(!is_served(refused), "{refused}");
        }
    }
}
