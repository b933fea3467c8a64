//! Recent answers of the desk: what one payment after another asks again and again.
//!
//! A change made by this process is seen at once ([`Recent::forget`] after the change is durable); one made by another node
//! when the answer has aged. What decides about money is never kept here: status, limits, sequence and balance are read from
//! the book.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

/// How long a session is believed where other nodes may end it: "effective everywhere" may take a second (mission, row S06).
pub(crate) const SESSION_MS: i64 = 1_000;
/// The same where this process alone writes to the desk: each change is seen at once, this bounds what a mistake could cost.
pub(crate) const SESSION_ALONE_MS: i64 = 60_000;
/// How long a name is good that people see and nothing depends on.
pub(crate) const NAME_MS: i64 = 10_000;
/// Answers kept: a full map is emptied, most of it is stale by then.
const KEPT_MAX: usize = 100_000;

/// Recent answers by what was asked.
pub(crate) struct Recent<K, V> {
    fresh_ms: i64,
    kept: RwLock<Kept<K, V>>,
}

struct Kept<K, V> {
    answers: HashMap<K, (i64, V)>,
    /// Raised by every change: an answer that was read before a change is not kept after it.
    changes: u64,
}

impl<K: Hash + Eq, V: Clone> Recent<K, V> {
    /// Keeps answers for `fresh_ms`.
    pub(crate) fn kept_for(fresh_ms: i64) -> Self {
        Self { fresh_ms, kept: RwLock::new(Kept { answers: HashMap::new(), changes: 0 }) }
    }

    /// The kept answer, or what `ask` says now. `now_ms` is of the clock that never jumps. Errors are not kept.
    pub(crate) fn get<E>(&self, key: K, now_ms: i64, ask: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
        let changes = {
            let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
            match kept.answers.get(&key) {
                Some((until_ms, answer)) if now_ms < *until_ms => return Ok(answer.clone()),
                Some(_) | None => kept.changes,
            }
        };
        let answer = ask()?;
        let mut kept = self.change();
        if kept.changes == changes {
            if kept.answers.len() >= KEPT_MAX {
                kept.answers.clear();
            }
            kept.answers.insert(key, (now_ms.saturating_add(self.fresh_ms), answer.clone()));
        }
        Ok(answer)
    }

    /// Forgets the answer to `key`: it was changed just now.
    pub(crate) fn forget(&self, key: &K) {
        let mut kept = self.change();
        kept.changes = kept.changes.wrapping_add(1);
        kept.answers.remove(key);
    }

    /// Forgets every answer that `is_changed` names.
    pub(crate) fn forget_where(&self, is_changed: impl Fn(&V) -> bool) {
        let mut kept = self.change();
        kept.changes = kept.changes.wrapping_add(1);
        kept.answers.retain(|_, (_, answer)| !is_changed(answer));
    }

    fn change(&self) -> RwLockWriteGuard<'_, Kept<K, V>> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(answer: u32) -> impl FnOnce() -> Result<u32, &'static str> {
        move || Ok(answer)
    }

    #[test]
    fn an_answer_is_good_for_a_second_and_an_error_for_no_time() {
        let recent = Recent::kept_for(SESSION_MS);
        assert_eq!(recent.get("a", 0, || Err("busy")), Err("busy"));
        assert_eq!(recent.get("a", 0, says(1)), Ok(1));
        assert_eq!(recent.get("a", 999, says(2)), Ok(1));
        assert_eq!(recent.get("a", 1_000, says(2)), Ok(2));
    }

    #[test]
    fn what_was_changed_is_asked_again_at_once() {
        let recent = Recent::kept_for(SESSION_MS);
        assert_eq!(recent.get("a", 0, says(1)), Ok(1));
        assert_eq!(recent.get("b", 0, says(5)), Ok(5));
        recent.forget(&"a");
        assert_eq!(recent.get("a", 0, says(2)), Ok(2));
        recent.forget_where(|answer| *answer == 5);
        assert_eq!(recent.get("b", 0, says(6)), Ok(6));
        assert_eq!(recent.get("a", 0, says(9)), Ok(2));
    }

    #[test]
    fn an_answer_that_was_read_before_a_change_is_not_kept_after_it() {
        let recent = Recent::kept_for(SESSION_MS);
        let read_before = recent.get("a", 0, || {
            recent.forget(&"a");
            Ok::<_, ()>(1)
        });
        assert_eq!(read_before, Ok(1));
        assert_eq!(recent.get("a", 0, says(2)), Ok(2));
    }
}
