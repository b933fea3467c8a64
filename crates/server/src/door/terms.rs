//! The terms of the API: an app that is not too old, a key for each mutation, and a node that shows what the sender has seen.

use crate::app::App;
use crate::door::{idempotency, seen, version};
use crate::problem::Problem;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::response::Response;

/// A request that meets the terms, and what its answer owes for it.
pub(super) struct Met {
    /// The newest record that the sender of a mutation has seen; nothing for a question.
    changes: Option<Option<u64>>,
}

/// What a request says before its body.
pub(super) type Head<'r> = (&'r Method, &'r Uri, &'r HeaderMap);

/// Waits until the terms are met. What is not of the API has none.
pub(super) async fn meet(app: &App, (method, uri, headers): Head<'_>) -> Result<Met, Problem> {
    if !uri.path().starts_with("/api/") {
        return Ok(Met { changes: None });
    }
    let is_question = matches!(*method, Method::GET | Method::HEAD);
    version::check(headers)?;
    if !is_question {
        idempotency::demand(headers)?;
    }
    let seen = seen::meet(app, headers).await?;
    Ok(Met { changes: (!is_question).then_some(seen) })
}

impl Met {
    /// Says in the answer to a mutation which record it has seen.
    pub(super) fn settle(&self, app: &App, response: &mut Response) {
        let Some((before, now)) = self.changes.zip(app.wallet.records().checked_sub(1)) else { return };
        let headers = response.headers_mut();
        headers.insert(seen::INDEX, HeaderValue::from(now));
        seen::remember(app, headers, before, now);
    }
}
