//! Log-ins by the hundred, while somebody pays.

use crate::ALONE;
use crate::caps::connect_from;
use crate::ending::person;
use crate::program::{Program, free_port};
use crate::timing::{Samples, timed};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;
use yinxin_client::answers::Payee;
use yinxin_client::{Connection, Person, Transfer};
use yinxin_core::Minor;

/// Attackers, each with a log-in ten times a second: thirty times what one core hashes, and more than can wait.
const ATTACKERS: u8 = 120;
const EVERY: Duration = Duration::from_millis(100);
/// Payments of one round.
const PAYMENTS: usize = 60;
/// Rounds until passwords were compared and others sent away.
const ROUNDS_MAX: usize = 20;
/// What a debug build on a busy machine may take in any case.
const FLOOR: Duration = Duration::from_millis(120);
/// What the program may grow by: the connections, and a hash on each of the threads that have made none so far; not one hash
/// for each that waits.
fn growth_max_kib() -> u64 {
    let cores = std::thread::available_parallelism().unwrap().get() as u64;
    16 * 1024 + 20 * 1024 * cores
}

/// What the flood was told.
#[derive(Debug, Default)]
struct Told {
    wrong: AtomicU32,
    busy: AtomicU32,
    full: AtomicU32,
}

async fn flood(
    number: u8,
    program: (std::net::SocketAddr, String),
    told: Arc<Told>,
    over: watch::Receiver<bool>,
) {
    let (to, login) = program;
    let mut stream = connect_from(Ipv4Addr::new(127, 7, 7, number), to, false).await;
    let mut tick = tokio::time::interval(EVERY);
    let mut part = vec![0; 4_096];
    for attempt in 0_u32.. {
        tick.tick().await;
        if *over.borrow() {
            return;
        }
        // Some guess at somebody who is there, the others at nobody: known and unknown cost the same.
        let login =
            if number.is_multiple_of(8) { login.clone() } else { format!("nobody-{number}-{attempt}") };
        let body = format!(r#"{{"login":"{login}","password":"wrong horse","device_kind":"other"}}"#);
        let ask = format!(
            "POST /api/v1/sessions HTTP/1.1\r\nHost: localhost:{}\r\nIdempotency-Key: {number}-{attempt}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            to.port(),
            body.len()
        );
        stream.write_all(ask.as_bytes()).await.unwrap();
        let length = stream.read(&mut part).await.unwrap();
        let answer = String::from_utf8_lossy(&part[..length]);
        match answer.split(' ').nth(1) {
            Some("401") => told.wrong.fetch_add(1, Ordering::Relaxed),
            Some("429") => told.full.fetch_add(1, Ordering::Relaxed),
            Some("503") => {
                assert!(answer.contains("retry-after:"), "{answer}");
                told.busy.fetch_add(1, Ordering::Relaxed)
            }
            other => panic!("{other:?}: {answer}"),
        };
    }
}

async fn pay(payer: &mut Person, payee: &Payee) -> Samples {
    let mut samples = Samples::default();
    for _ in 0..PAYMENTS {
        let transfer = Transfer { payee, amount: Minor::new(1).unwrap(), memo: None };
        samples.add(timed(async { drop(payer.transfer(&transfer, None).await.unwrap()) }).await);
    }
    samples
}

/// The most memory that the program ever had, KiB.
fn peak_kib(program: &Program) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_log_ins_does_not_starve_payments_nor_eat_the_memory() {
    let _alone = ALONE.lock().await;
    let data = tempfile::tempdir().unwrap();
    let program = Program::demo(&data.path().join("data"), free_port());
    let origin = format!("http://localhost:{}", program.port);
    let connection = Connection::new(None).unwrap();
    let mut payer = person(&connection, &origin, 1).await;
    let payee = person(&connection, &origin, 2).await.api().me().await.unwrap();
    let payee = payer.find_payee(&payee.account.to_string()).await.unwrap();
    pay(&mut payer, &payee).await;
    let (before, memory) = (pay(&mut payer, &payee).await, peak_kib(&program));

    let (told, (end, over)) = (Arc::new(Told::default()), watch::channel(false));
    let login = payer.api().me().await.unwrap().account_number;
    let mut attackers = tokio::task::JoinSet::new();
    for number in 1..=ATTACKERS {
        let program = (program.address(), login.clone());
        attackers.spawn(flood(number, program, Arc::clone(&told), over.clone()));
    }
    let mut during = pay(&mut payer, &payee).await;
    let full = || told.busy.load(Ordering::Relaxed) > 0 && told.wrong.load(Ordering::Relaxed) > 0;
    for _ in 0..ROUNDS_MAX {
        if full() {
            break;
        }
        during = pay(&mut payer, &payee).await;
    }
    assert!(full(), "it was no flood: {told:?}");
    end.send_replace(true);
    while let Some(ended) = attackers.join_next().await {
        ended.unwrap();
    }
    let after = pay(&mut payer, &payee).await;

    let quiet = before.percentile(90).max(after.percentile(90));
    let grown = peak_kib(&program).saturating_sub(memory);
    println!(
        "log-ins: {:?} wrong, {:?} refused by budget, {:?} sent away; a payment (p90): {quiet:?} quiet, {:?} in the flood; \
         memory grew by {grown} KiB",
        told.wrong,
        told.full,
        told.busy,
        during.percentile(90)
    );
    assert!(during.percentile(90) <= (3 * quiet).max(FLOOR), "{:?}, quiet {quiet:?}", during.percentile(90));
    assert!(grown < growth_max_kib(), "{grown} KiB more");
}
