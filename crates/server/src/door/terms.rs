//! The terms of the API: an app that is not too old, a key for each mutation, and a node that shows what the sender has seen.

use crate::app::App;
use crate::door::{idempotency, seen, version};
use crate::problem::Problem;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::response::Response;

/// A request that meets the terms, and what its answer owes for it.
pub(super) enum Met {
    /// A question, or nothing of the API: the answer owes nothing.
    Question,
    /// A mutation, whose sender hears which record the answer has seen.
    Mutation {
        /// The newest record that the sender had seen before.
        seen: Option<u64>,
    },
}

/// What a request says before its body.
pub(super) type Head<'r> = (&'r Method, &'r Uri, &'r HeaderMap);

/// Waits until the terms are met. What is not of the API has none.
pub(super) async fn meet(app: &App, (method, uri, headers): Head<'_>) -> Result<Met, Problem> {
    if !uri.path().starts_with("/api/") {
        return Ok(Met::Question);
    }
    let is_question = matches!(*method, Method::GET | Method::HEAD);
    version::check(headers)?;
    if !is_question {
        idempotency::demand(headers)?;
    }
    let seen = seen::meet(app, headers).await?;
    Ok(if is_question { Met::Question } else { Met::Mutation { seen } })
}

impl Met {
    /// Says in the answer to a mutation which record it has seen.
    pub(super) fn settle(&self, app: &App, response: &mut Response) {
        let seen = match self {
            Self::Question => return,
            Self::Mutation { seen } => *seen,
        };
        if let Some(now) = app.wallet.records().checked_sub(1) {
            let headers = response.headers_mut();
            headers.insert(seen::INDEX, HeaderValue::from(now));
            seen::remember(app, headers, seen, now);
        }
    }
}
