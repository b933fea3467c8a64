//! Telling systemd how the program is: one datagram to the socket that it names (`sd_notify`).

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// What a supervisor is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Now {
    /// It serves.
    Ready,
    /// It is ending.
    Stopping,
}

/// Tells the supervisor, where there is one.
pub(super) fn tell(now: Now) {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let state: &[u8] = match now {
        Now::Ready => b"READY=1",
        Now::Stopping => b"STOPPING=1",
    };
    // A name that begins with @ is one of Linux' abstract ones.
    let address = match socket.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(&socket),
    };
    let sent = address.and_then(|address| UnixDatagram::unbound()?.send_to_addr(state, &address));
    if let Err(error) = sent {
        tracing::warn!(%error, "the supervisor was not told");
    }
}
