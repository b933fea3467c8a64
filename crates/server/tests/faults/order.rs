//! What the operating system sees of one payment (strace): the answer leaves after the sync of the journal, never before.

use crate::people::Town;
use crate::program::{Home, Program};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

/// A program under strace: both end together.
struct Traced {
    tracer: Option<Program>,
    number: PathBuf,
}

impl Drop for Traced {
    fn drop(&mut self) {
        // Killing the tracer alone would set the program free.
        let number = std::fs::read_to_string(&self.number).unwrap();
        assert!(Command::new("kill").args(["-KILL", number.trim()]).status().unwrap().success());
        self.tracer.take().unwrap().ended();
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// Bytes for the journal.
    Written,
    /// The journal is synced.
    Synced,
    /// An answer of success begins to leave.
    Answered,
}

/// The events of a trace, in order. A sync counts when it returns, everything else when it begins.
fn events(trace: &str) -> Vec<Event> {
    let mut syncing = BTreeSet::new();
    let mut events = Vec::new();
    for line in trace.lines() {
        let Some((process, call)) = line.trim().split_once(' ') else { continue };
        let call = call.trim();
        // The thread that makes the next segment gives it this name when it is full of zeros.
        let of_journal = call.contains(".segment>");
        if call.starts_with("fsync(") || call.starts_with("fdatasync(") {
            if of_journal && call.ends_with("<unfinished ...>") {
                syncing.insert(process);
            } else if of_journal && call.ends_with("= 0") {
                events.push(Event::Synced);
            }
        } else if call.starts_with("<... fsync resumed>") || call.starts_with("<... fdatasync resumed>") {
            if syncing.remove(process) && call.ends_with("= 0") {
                events.push(Event::Synced);
            }
        } else if of_journal && call.starts_with(['w', 'p']) {
            events.push(Event::Written);
        } else if call.contains("\"HTTP/1.1 2") && !call.starts_with('r') {
            events.push(Event::Answered);
        }
    }
    events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_to_a_payment_leaves_after_the_sync_of_the_journal() {
    let home = Home::new();
    let (trace, number) = (home.beside("trace"), home.beside("number"));
    let calls = "trace=fsync,fdatasync,write,writev,pwrite64,pwritev,sendto,sendmsg";
    let note = format!("echo $$ > '{}'; exec \"$@\"", number.display());
    let tool = [
        "strace",
        "-f",
        "-y",
        "-s",
        "32",
        "-e",
        calls,
        "-o",
        trace.to_str().unwrap(),
        "sh",
        "-c",
        &note,
        "sh",
    ];
    let traced = Traced { tracer: Some(home.start_under(&tool)), number };
    let mut town = Town::found(&home.origin()).await;
    let payees = town.payees.clone();
    // Whatever came before is settled: the person's own reads have been answered.
    let before = std::fs::read_to_string(&trace).unwrap().len();
    for payee in 1..4 {
        town.payers[0].pay(&payees, payee, 5).await.unwrap();
    }
    drop(traced);
    let events = events(&std::fs::read_to_string(&trace).unwrap()[before..]);
    let payments: Vec<_> =
        events.split(|event| *event == Event::Answered).filter(|part| !part.is_empty()).collect();
    let recorded = payments.iter().filter(|part| part.contains(&Event::Written)).count();
    assert!(recorded >= 3, "{events:?}");
    for part in payments {
        assert_eq!(part.last(), Some(&Event::Synced), "an answer left before the sync: {events:?}");
    }
}

#[test]
fn an_answer_before_the_sync_is_seen_in_a_trace() {
    let line = |text: &str| format!("7 {text}\n");
    let written = line("pwrite64(5</d/journal/00000001.segment>, \"x\"..., 32, 0) = 32");
    let answered = line("sendto(9<socket:[1]>, \"HTTP/1.1 201 Created\"..., 900, 0, NULL, 0) = 900");
    let (begun, ended) = (
        line("fdatasync(5</d/journal/00000001.segment> <unfinished ...>"),
        line("<... fdatasync resumed>) = 0"),
    );
    let trace = [written.as_str(), &begun, &answered, &ended].concat();
    assert_eq!(events(&trace), [Event::Written, Event::Answered, Event::Synced]);
}
