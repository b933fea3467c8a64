//! Listening, and being told to stop.

use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use yinxin_wallet::{Health, Wallet};

/// Connections that wait to be accepted: as many as Linux keeps by default. Beyond them a visitor waits a second for the
/// next try, so a flood of connections must not fill the queue.
const BACKLOG: u32 = 4_096;

/// What the system holds of the answers on one connection. Left to itself Linux let it grow to 2.7 MiB: 500 peers that read
/// nothing took so much of the system's memory for sockets that everybody's writes slowed down, their own end included. On a
/// way of 100 ms it is still more than a megabyte a second.
const SEND_BUFFER_BYTES: u32 = 128 * 1024;

/// Binds `address`.
pub(super) fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    // A connection inherits it.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Binds the first free port from `address` on, looking at `tries` of them.
pub(super) fn bind_next(address: SocketAddr, tries: u16) -> std::io::Result<TcpListener> {
    let mut last = None;
    for step in 0..tries {
        let Some(port) = address.port().checked_add(step) else { break };
        match bind(SocketAddr::new(address.ip(), port)) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| std::io::Error::other("no port to try")))
}

/// How the program is told to end: SIGINT or SIGTERM, or a disk that can no longer be trusted.
pub(super) struct Ending {
    stop: watch::Receiver<bool>,
    at_once: watch::Receiver<bool>,
}

impl Ending {
    /// Listens from now on.
    pub(super) fn on_signal(wallet: Wallet) -> std::io::Result<Self> {
        let (first, stop) = watch::channel(false);
        let (second, at_once) = watch::channel(false);
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::spawn(async move {
            tokio::select! { _ = interrupt.recv() => {} _ = terminate.recv() => {} () = wallet.ended() => {} }
            tracing::info!("told to stop: open requests are finished, no new ones are taken");
            let _ = first.send(true);
            tokio::select! { _ = interrupt.recv() => {} _ = terminate.recv() => {} }
            let _ = second.send(true);
            // Held open: a closed channel would look like a signal to whoever waits.
            std::future::pending::<()>().await;
        });
        Ok(Self { stop, at_once })
    }

    /// Turns true when the program is told to end.
    pub(super) fn stop(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }

    /// Waits for what was told to stop and finishes what is open; whoever tells it twice does not want to wait.
    pub(super) async fn unless_told_twice(
        mut self,
        served: impl Future<Output = anyhow::Result<()>>,
    ) -> anyhow::Result<()> {
        tokio::select! {
            done = served => done,
            _ = self.at_once.wait_for(|at_once| *at_once) => {
                anyhow::bail!("told to stop twice: ended at once, some requests have no answer")
            }
        }
    }
}

/// Ends a wallet that was served: an error when it ended by itself, so that a supervisor starts it again and it verifies.
pub(super) async fn close(wallet: &Wallet) -> anyhow::Result<()> {
    if let Some(reason) = wallet.end_reason() {
        anyhow::bail!("this node cannot go on: {reason}");
    }
    if wallet.health() == Health::Ended {
        anyhow::bail!(
            "the journal could not be written; start again: the start verifies what is on the disk"
        );
    }
    wallet.close().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_moves_on_to_the_next_free_one() {
        let taken = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = taken.local_addr().unwrap();
        assert!(bind(address).is_err());
        let next = bind_next(address, 50).unwrap();
        assert_ne!(next.local_addr().unwrap().port(), address.port());
    }
}
