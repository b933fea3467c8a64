//! How long the writer waits for a fuller batch.

use std::time::Duration;

/// How long the writer lets commands gather after a batch of at least so many: a commit costs the same disk synchronisation
/// and one signed head however many it carries, and whoever waits for it is not served sooner by a commit of his own. In a
/// quiet time nothing waits.
const LINGER: [(usize, Duration); 3] =
    [(48, Duration::from_millis(2)), (12, Duration::from_millis(1)), (4, Duration::from_micros(300))];

/// Lets commands gather, after a batch of `before`. Waiting for each one would wake this thread for every command, which costs
/// more than it saves.
#[expect(clippy::disallowed_methods, reason = "what is waited for is time: that more commands come")]
pub(super) fn gather(before: usize) {
    if let Some((_, linger)) = LINGER.iter().find(|(from, _)| before >= *from) {
        std::thread::sleep(*linger);
    }
}
