//! Keeps the openings of commitments on the desk before the record that needs them: one durable write for all that wait.
//!
//! Every transfer to a person brings one. Written one by one, each would cost a disk synchronisation of its own beside the
//! journal's, which is shared by a whole batch.

use crate::WalletError;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use tokio::sync::oneshot;
use yinxin_store::desk::{DeskError, DeskWrite, DisclosureRow};

/// Openings that may wait; a further payment is told to come back.
const QUEUE_MAX: usize = 4_096;
/// Openings kept in one write.
const BATCH_MAX: usize = 1_024;

/// How the openings of a payment fit what the desk has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// They are on the desk now.
    Same,
    /// Other openings were kept for this number before.
    Others,
}

struct Job {
    row: DisclosureRow,
    reply: oneshot::Sender<Result<Kept, DeskError>>,
}

/// The door to the thread that writes them. It ends with the last door.
pub(crate) struct Openings(SyncSender<Job>);

/// A durable write of several openings.
pub(crate) type Write = Box<dyn Fn(&[DisclosureRow]) -> Result<Vec<Kept>, DeskError> + Send>;

impl Openings {
    /// Starts the thread.
    pub(crate) fn start(write: Write) -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel(QUEUE_MAX);
        std::thread::Builder::new().name("openings".to_owned()).spawn(move || run(&waiting, &write))?;
        Ok(Self(jobs))
    }

    /// Keeps the openings of one payment; durable when it answers.
    pub(crate) async fn keep(&self, row: DisclosureRow) -> Result<Kept, WalletError> {
        let (reply, kept) = oneshot::channel();
        match self.0.try_send(Job { row, reply }) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => return Err(WalletError::Busy),
        }
        Ok(kept.await.map_err(|_| WalletError::Busy)??)
    }
}

/// Keeps the openings of several payments in one write; the first ones of a number stay.
pub(crate) fn keep_all(desk: &DeskWrite<'_>, rows: &[DisclosureRow]) -> Result<Vec<Kept>, DeskError> {
    rows.iter()
        .map(|row| match desk.disclosure(row.payment)? {
            Some(known) if known == *row => Ok(Kept::Same),
            Some(_) => Ok(Kept::Others),
            None => desk.insert_disclosure(row).map(|()| Kept::Same),
        })
        .collect()
}

fn run(waiting: &Receiver<Job>, write: &Write) {
    while let Ok(first) = waiting.recv() {
        let jobs = std::iter::once(first).chain(waiting.try_iter()).take(BATCH_MAX);
        let (rows, replies): (Vec<_>, Vec<_>) = jobs.map(|job| (job.row, job.reply)).unzip();
        let kept = write(&rows);
        for (at, reply) in replies.into_iter().enumerate() {
            let said = match &kept {
                Ok(kept) => kept.get(at).copied().ok_or(DeskError::Busy),
                Err(error) => Err(error.clone()),
            };
            // Whoever asked may have gone; what was kept stays, its sender may come back with the same bytes.
            drop(reply.send(said));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use yinxin_core::PaymentNumber;

    fn row(number: u8) -> DisclosureRow {
        DisclosureRow { payment: PaymentNumber::from_bytes([number; 16]), payee_name: None, memo: None }
    }

    #[tokio::test]
    async fn what_waits_while_one_write_runs_is_kept_by_the_next_one_together() {
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let (began, begun) = std::sync::mpsc::channel();
        let sizes = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&sizes);
        let openings = Openings::start(Box::new(move |rows| {
            seen.lock().unwrap().push(rows.len());
            began.send(()).unwrap();
            gate.recv().unwrap();
            Ok(rows.iter().map(|_| Kept::Same).collect())
        }))
        .unwrap();
        let first = ask(&openings, 0);
        let _begun =
            tokio::task::spawn_blocking(move || begun.recv().map(|()| begun)).await.unwrap().unwrap();
        let jobs: Vec<_> = (1..=9).map(|number| ask(&openings, number)).collect();
        go.send(()).unwrap();
        go.send(()).unwrap();
        assert_eq!(first.await.unwrap().unwrap(), Kept::Same);
        for job in jobs {
            assert_eq!(job.await.unwrap().unwrap(), Kept::Same);
        }
        assert_eq!(*sizes.lock().unwrap(), [1, 9]);
    }

    fn ask(openings: &Openings, number: u8) -> oneshot::Receiver<Result<Kept, DeskError>> {
        let (reply, kept) = oneshot::channel();
        assert!(openings.0.try_send(Job { row: row(number), reply }).is_ok());
        kept
    }

    #[tokio::test]
    async fn a_failed_write_fails_everything_that_waited_for_it() {
        let openings = Openings::start(Box::new(|_| Err(DeskError::Failed("full".to_owned())))).unwrap();
        assert!(openings.keep(row(1)).await.is_err());
    }
}
