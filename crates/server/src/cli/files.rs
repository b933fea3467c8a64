//! Open files: each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files beside the connections: databases and their readers, the listeners, the connections of text messages.
const BESIDE: u64 = 256;

/// Allows as many open files as the machine lets this program have; says so when `connections` need more.
pub(super) fn allow(connections: usize) {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let needed = (connections as u64).saturating_add(BESIDE);
    if let Some(most) = current.filter(|most| *most < needed) {
        tracing::warn!(
            files.most = most,
            files.needed = needed,
            "fewer open files are allowed than connections: raise LimitNOFILE"
        );
    }
}
