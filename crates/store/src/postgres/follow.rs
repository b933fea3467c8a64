//! Hearing of appends: a connection that listens, and the newest size it heard of.

use super::journal::CHANNEL;
use super::{Postgres, block_on};
use std::future::poll_fn;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::sync::watch;
use tokio_postgres::AsyncMessage;

/// How long after a lost connection the next one is tried; meanwhile whoever waits looks for themselves.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Listens from the first time that somebody waits.
#[derive(Default)]
pub(crate) struct Ear(OnceLock<watch::Receiver<u64>>);

impl Ear {
    /// Parks this thread until a size above `size` was heard of, or `patience` is over.
    pub(crate) fn wait_beyond(&self, postgres: &Postgres, size: u64, patience: Duration) {
        let mut heard = self.0.get_or_init(|| listen(postgres)).clone();
        // Whether it was heard, missed or late: the caller looks for itself.
        drop(block_on(postgres.handle(), patience, heard.wait_for(|heard| *heard > size)));
    }
}

fn listen(postgres: &Postgres) -> watch::Receiver<u64> {
    let (tell, heard) = watch::channel(0);
    // The task holds no handle to the runtime that it runs on, so that this can end.
    let dial = postgres.dial();
    postgres.handle().spawn(async move {
        while !tell.is_closed() {
            if let Ok((client, mut connection)) = dial.connect().await {
                let ask = tokio::spawn(async move {
                    let listening = client.batch_execute(&format!("LISTEN {CHANNEL}")).await;
                    // The client lives as long as its connection.
                    std::future::pending::<()>().await;
                    listening
                });
                while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                    if let AsyncMessage::Notification(said) = message {
                        let size = said.payload().parse().unwrap_or(0);
                        tell.send_if_modified(|known| std::mem::replace(known, size.max(*known)) < size);
                    }
                }
                ask.abort();
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    });
    heard
}
