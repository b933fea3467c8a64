//! How the nodes of one deployment speak to one another: HTTP/2 with mutual TLS on a listener of its own, bytes in, bytes out.
//!
//! Both sides show a short-lived certificate of the nodes' authority and accept nothing else. Nothing but nodes' questions is
//! served there, and none of it can be reached through the public listener.

mod identity;
mod listener;
mod peers;

pub(crate) use identity::Credentials;
pub(crate) use listener::serve;
pub(crate) use peers::TlsPeers;

/// The largest question or answer: a signed text with its order and context is a few kilobytes.
const MESSAGE_MAX_BYTES: usize = 256 * 1024;
/// The one path.
const PATH: &str = "/work";

#[cfg(test)]
mod tests;
