//! Many accounts paying one another straight through the writer: sums, limits and states hold while everything happens at once.
//!
//! The signatures were verified before the writer; here they are left out, the chains are not. Longer by the environment:
//! `YINXIN_BANK=1000000 YINXIN_TIMERS=100000 cargo test -p yinxin-wallet bank -- --nocapture`.

use super::world::{Engine, World, code, on_both_engines, options};
use crate::port::{SystemEntropy, random};
use crate::writer::{Handle, WriterError};
use crate::{Wallet, WalletError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use yinxin_core::certificate::{Custody, State, SuspendedBy};
use yinxin_core::codec::Codec;
use yinxin_core::{
    AccountId, Action, Authorisation, Body, CertificateId, Command, CommandId, Context, Currency, Digest,
    Entry, Facts, Millis, Minor, Outcome, PaymentKind, PaymentNumber, PersonId, Serial, Thumbprint,
};

/// What everybody begins with, in minor units: too little for what everybody wants to pay.
const FUNDS: u64 = 1_000;

fn drawn<const N: usize>() -> [u8; N] {
    random(&SystemEntropy)
}

fn rounds(variable: &str, ordinary: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(ordinary)
}

/// An account with a certificate whose chain somebody continues.
#[derive(Clone)]
struct Payer {
    person: PersonId,
    account: AccountId,
    certificate: CertificateId,
    seq: u64,
    head: Digest,
}

async fn tell(writer: &Handle, action: Action) -> u64 {
    let command = Command { id: CommandId::from_bytes(drawn()), action, evidence: Vec::new() };
    writer.submit(command).await.unwrap().index
}

async fn certificate(wallet: &Wallet, person: PersonId, until: Millis) -> (CertificateId, u64, Digest) {
    let writer = &wallet.inner.writer;
    let (certificate, head) = (CertificateId::from_bytes(drawn()), Digest::from_bytes(drawn()));
    let mut serial = drawn::<16>();
    serial[0] = serial[0] & 0x7f | 0x40;
    let request = Action::RequestCertificate {
        certificate,
        person,
        serial: Serial::from_bytes(serial),
        to_be_signed: Digest::from_bytes(drawn()),
        custody: Custody::Pin,
        not_before: wallet.now().plus(-60_000),
        not_after: until,
        first_seq: 7,
        first_prev: head,
    };
    tell(writer, request).await;
    tell(writer, Action::RecordIssued { certificate, thumbprint: Thumbprint::from_bytes(drawn()) }).await;
    tell(writer, Action::Activate { certificate }).await;
    (certificate, 7, head)
}

async fn person(wallet: &Wallet) -> (PersonId, AccountId) {
    let (person, account) = (PersonId::from_bytes(drawn()), AccountId::from_bytes(drawn()));
    tell(&wallet.inner.writer, Action::OpenPerson { person, account }).await;
    (person, account)
}

impl Payer {
    async fn open(wallet: &Wallet) -> Self {
        let (person, account) = person(wallet).await;
        let until = wallet.now().plus(365 * Millis::DAY);
        let (certificate, seq, head) = certificate(wallet, person, until).await;
        let writer = &wallet.inner.writer;
        tell(writer, Action::SetTap { person, enabled: true }).await;
        tell(writer, Action::IssueMoney { account, amount: Minor::new(FUNDS).unwrap() }).await;
        Self { person, account, certificate, seq, head }
    }

    fn wish(&self, now: Millis, payee: AccountId, amount: u64) -> Authorisation {
        Authorisation {
            certificate: self.certificate,
            hash: Digest::from_bytes(drawn()),
            number: PaymentNumber::from_bytes(drawn()),
            seq: self.seq + 1,
            prev: self.head,
            kind: PaymentKind::Transfer,
            payer: self.account,
            payee,
            currency: Currency::CNY,
            amount: Minor::new(amount).unwrap(),
            fee: Minor::ZERO,
            order: None,
            issued: now,
            expires: now.plus(120_000),
            context: Context { person: self.person, verification: None, entry: Entry::Account },
            evidence: b"evidence".to_vec(),
            disclosures: None,
        }
    }

    /// Pays, and continues the chain when that was recorded: where it stands and whether money moved.
    async fn pay(&mut self, wallet: &Wallet, payee: AccountId, amount: u64) -> Option<(u64, bool)> {
        let wish = self.wish(wallet.now(), payee, amount);
        let (seq, hash) = (wish.seq, wish.hash);
        match wallet.inner.writer.pay(wish).await {
            Ok(committed) => {
                (self.seq, self.head) = (seq, hash);
                let outcome = &committed.facts.payment().unwrap().outcome;
                Some((committed.index, matches!(outcome, Outcome::Posted { .. })))
            }
            // Beyond the refusals that an hour keeps, nothing is recorded.
            Err(WriterError::Refused(_)) => None,
            Err(error) => panic!("{error}"),
        }
    }
}

struct Bank {
    world: World,
    payers: Vec<Payer>,
}

impl Bank {
    async fn open(accounts: usize) -> Self {
        Self::open_on(Engine::Files, accounts).await
    }

    async fn open_on(engine: Engine, accounts: usize) -> Self {
        let world = World::on(engine);
        world.wallet.bulk_policy().await.unwrap();
        let mut payers = Vec::new();
        for _ in 0..accounts {
            payers.push(Payer::open(&world.wallet).await);
        }
        // Past the protection of new certificates.
        world.clock.pass(Millis::DAY + 1_000);
        Self { world, payers }
    }

    fn accounts(&self) -> Vec<AccountId> {
        self.payers.iter().map(|payer| payer.account).collect()
    }
}

/// Looks at the book until it is over: every snapshot of it sums to nothing, with what was issued on the other side, and nobody
/// but the issuer is below zero.
fn watch(wallet: Wallet, over: Arc<AtomicBool>, constant: i64) -> std::thread::JoinHandle<usize> {
    std::thread::spawn(move || {
        let mut snapshots = 0;
        while !over.load(Ordering::Relaxed) {
            let balances: Vec<i64> = wallet.inner.writer.book(|book| {
                book.check().unwrap();
                book.accounts().map(|(_, account)| account.balance).collect()
            });
            assert_eq!(balances.iter().sum::<i64>(), 0);
            let held: i64 = balances.iter().filter(|balance| **balance >= 0).sum();
            assert_eq!(held, constant, "somebody but the issuer is below zero");
            snapshots += 1;
        }
        snapshots
    })
}

on_both_engines!(
    bank_transfers_between_a_hundred_accounts_keep_every_snapshot_at_the_constant,
    a_suspension_that_was_acknowledged_is_followed_by_no_payment,
    one_authorisation_sent_sixty_four_times_at_once_has_one_effect_and_one_answer,
);

async fn bank_transfers_between_a_hundred_accounts_keep_every_snapshot_at_the_constant(engine: Engine) {
    const CLIENTS: usize = 32;
    let mut bank = Bank::open_on(engine, 100).await;
    let transfers = rounds("YINXIN_BANK", if engine == Engine::Files { 10_000 } else { 4_000 });
    let began = tokio::time::Instant::now();
    let accounts = bank.accounts();
    let wallet = bank.world.wallet.clone();
    wallet.settle_all().await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let constant = i64::try_from(FUNDS).unwrap() * 100;
    let watching = watch(wallet.clone(), Arc::clone(&over), constant);
    let mut clients: Vec<Vec<Payer>> = vec![Vec::new(); CLIENTS];
    for (at, payer) in bank.payers.drain(..).enumerate() {
        clients[at % CLIENTS].push(payer);
    }
    let tasks = clients.into_iter().map(|mut own| {
        let (wallet, accounts) = (wallet.clone(), accounts.clone());
        tokio::spawn(async move {
            let (mut posted, mut refused) = (0, 0);
            for round in 0..transfers / CLIENTS {
                let [to, from, amount, _] = drawn::<4>();
                let at = usize::from(from) % own.len();
                let to = accounts[usize::from(to) % accounts.len()];
                let to = if to == own[at].account { accounts[(round + 1) % accounts.len()] } else { to };
                match own[at].pay(&wallet, to, 1 + u64::from(amount)).await {
                    Some((_, true)) => posted += 1,
                    Some((_, false)) | None => refused += 1,
                }
            }
            (posted, refused)
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let (mut posted, mut refused) = (0, 0);
    for task in tasks {
        let (more, less) = task.await.unwrap();
        posted += more;
        refused += less;
    }
    over.store(true, Ordering::Relaxed);
    let snapshots = watching.join().unwrap();
    eprintln!("{engine:?}: {posted} posted, {refused} refused, {snapshots} snapshots, {:?}", began.elapsed());
    assert!(snapshots > 10 && posted > transfers / 2 && refused > 0, "{snapshots} {posted} {refused}");
    while matches!(wallet.settle_all().await, Err(WalletError::Busy)) {}
    let of_book = bank.world.balances();
    let held: Vec<i64> = bank.world.holders().into_iter().map(|(_, balance)| balance).collect();
    assert_eq!(bank.world.statements(), held, "every statement adds up to its balance");
    drop(wallet);
    let again = bank.world.close().await.open(options()).unwrap();
    let replayed: Vec<i64> =
        again.inner.writer.book(|book| book.accounts().map(|(_, account)| account.balance).collect());
    assert_eq!(replayed, of_book);
}

async fn a_suspension_that_was_acknowledged_is_followed_by_no_payment(engine: Engine) {
    // A thousand races, side by side: each payer against the suspension of its own certificate.
    let (payers, rounds) = if engine == Engine::Files { (40, 25) } else { (8, 5) };
    let bank = Bank::open_on(engine, payers + 1).await;
    let payee = bank.payers[payers].account;
    let races: Vec<_> = bank.payers[..payers]
        .iter()
        .map(|payer| {
            tokio::spawn(race_against_a_suspension(bank.world.wallet.clone(), payer.clone(), payee, rounds))
        })
        .collect();
    for race in races {
        race.await.unwrap();
    }
}

async fn race_against_a_suspension(wallet: Wallet, mut payer: Payer, payee: AccountId, rounds: u64) {
    let certificate = payer.certificate;
    for round in 0..rounds {
        let paying = tokio::spawn({
            let wallet = wallet.clone();
            async move {
                let mut last_posted = 0;
                // Until the suspension is felt.
                while let Some((index, true)) = payer.pay(&wallet, payee, 1).await {
                    last_posted = index;
                }
                (payer, last_posted)
            }
        });
        let mut sizes = wallet.inner.writer.sizes();
        let size = *sizes.borrow() + 3 + round % 5;
        sizes.wait_for(|now| *now >= size).await.unwrap();
        let suspended =
            tell(&wallet.inner.writer, Action::Suspend { certificate, by: SuspendedBy::Person }).await;
        let (continued, last_posted) = paying.await.unwrap();
        assert!(last_posted < suspended, "posted at {last_posted}, suspended at {suspended}");
        tell(&wallet.inner.writer, Action::Resume { certificate }).await;
        payer = continued;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_was_acknowledged_governs_every_later_payment() {
    let bank = Bank::open(2).await;
    let wallet = bank.world.wallet.clone();
    let (mut payer, payee) = (bank.payers[0].clone(), bank.payers[1].account);
    let raised = wallet.inner.writer.book(|book| book.policy().unwrap().clone());
    for round in 0..20 {
        let paying = tokio::spawn({
            let wallet = wallet.clone();
            async move {
                let mut last_posted = 0;
                while let Some((index, true)) = payer.pay(&wallet, payee, 2).await {
                    last_posted = index;
                }
                (payer, last_posted)
            }
        });
        let mut sizes = wallet.inner.writer.sizes();
        let size = *sizes.borrow() + 3 + round % 5;
        sizes.wait_for(|now| *now >= size).await.unwrap();
        let mut lower = raised.clone();
        lower.tap_each = Minor::new(1).unwrap();
        let lowered = tell(&wallet.inner.writer, Action::SetPolicy { policy: lower }).await;
        let (continued, last_posted) = paying.await.unwrap();
        assert!(last_posted < lowered, "posted at {last_posted}, lowered at {lowered}");
        tell(&wallet.inner.writer, Action::SetPolicy { policy: raised.clone() }).await;
        payer = continued;
    }
}

async fn one_authorisation_sent_sixty_four_times_at_once_has_one_effect_and_one_answer(engine: Engine) {
    let bank = Bank::open_on(engine, 2).await;
    let wallet = bank.world.wallet.clone();
    let wish = bank.payers[0].wish(wallet.now(), bank.payers[1].account, 300);
    let sent: Vec<_> = (0..64)
        .map(|_| {
            let (writer, wish) = (wallet.inner.writer.clone(), wish.clone());
            tokio::spawn(async move { writer.pay(wish).await.unwrap() })
        })
        .collect();
    let mut answers = Vec::new();
    for answer in sent {
        let answer = answer.await.unwrap();
        answers.push((answer.index, answer.encoded));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    assert_eq!(bank.world.balance(bank.payers[1].account), i64::try_from(FUNDS).unwrap() + 300);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_go_on_while_the_projector_stands_still_and_reads_refuse_politely() {
    let bank = Bank::open(2).await;
    let reader = bank.world.phone("13800000001", 0).await;
    let wallet = bank.world.wallet.clone();
    wallet.settle_all().await.unwrap();
    let state = || wallet.inner.writer.book(|book| book.to_bytes().len());
    let before = state();
    // The gate: somebody else holds the views' file. What a minute under load brings comes as fast as it can.
    let gate = rusqlite::Connection::open(bank.world.dir.path().join("views.db")).unwrap();
    gate.execute_batch("BEGIN IMMEDIATE").unwrap();
    let accounts = bank.accounts();
    let records = wallet.records();
    let mut payers = bank.payers.clone();
    for round in 0..rounds("YINXIN_UNPROJECTED", 2_000) {
        let (from, to) = (round % 2, (round + 1) % 2);
        assert!(payers[from].pay(&wallet, accounts[to], 1).await.unwrap().1);
    }
    assert!(wallet.records() >= records + 2_000);
    // What waits for the projector waits in the journal, not in memory.
    assert!(state() <= before + 64, "the book grew from {before} to {} bytes", state());
    let refused = wallet.payments(&reader.session, None, None).await.unwrap_err();
    assert_eq!(refused.code(), "service.busy");
    gate.execute_batch("ROLLBACK").unwrap();
    while wallet.payments(&reader.session, None, None).await.is_err() {}
    let held: Vec<i64> = bank.world.holders().into_iter().map(|(_, balance)| balance).collect();
    assert_eq!(bank.world.statements(), held);
    assert_eq!(
        code(&wallet.pay(&reader.session, reader.transfer(&bank.world, accounts[0], 1)).await),
        Some("payment.insufficient_funds")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timers_that_are_due_at_once_leave_room_for_commands_between_them() {
    const PER_PERSON: usize = 50;
    const PER_BATCH: usize = 256;
    let timers = rounds("YINXIN_TIMERS", 1_500);
    let bank = Bank::open(2).await;
    let wallet = bank.world.wallet.clone();
    let mut policy = wallet.inner.writer.book(|book| book.policy().unwrap().clone());
    policy.certificates_per_person = 1_000;
    tell(&wallet.inner.writer, Action::SetPolicy { policy }).await;
    let until = wallet.now().plus(Millis::HOUR);
    let tasks: Vec<_> = (0..timers / PER_PERSON)
        .map(|_| {
            let wallet = wallet.clone();
            tokio::spawn(async move {
                let (owner, _) = person(&wallet).await;
                for _ in 0..PER_PERSON {
                    certificate(&wallet, owner, until).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let first = wallet.records();
    bank.world.clock.pass(Millis::HOUR + 1_000);
    let (mut payer, payee) = (bank.payers[0].clone(), bank.payers[1].account);
    let is_over = || {
        wallet.inner.writer.book(|book| {
            book.certificates().filter(|(_, found)| matches!(found.state, State::Expired { .. })).count()
        }) == timers / PER_PERSON * PER_PERSON
    };
    let mut times = Vec::new();
    while !is_over() {
        let asked = tokio::time::Instant::now();
        assert!(payer.pay(&wallet, payee, 1).await.unwrap().1);
        times.push(asked.elapsed());
    }
    let commands = times.len();
    times.sort_unstable();
    eprintln!(
        "{timers} timers, {commands} commands between them: p50 {:?}, p99 {:?}, slowest {:?}",
        times[commands / 2],
        times[commands * 99 / 100],
        times[commands - 1]
    );
    // A command waits for no more timers than one batch has.
    let mut run = 0;
    let mut expired = 0;
    for index in first..wallet.records() {
        let record = wallet.inner.store.journal.record(index).unwrap().unwrap();
        let is_timer =
            matches!(Facts::from_bytes_exact(&record.facts).unwrap().body, Body::CertificateExpired { .. });
        run = if is_timer { run + 1 } else { 0 };
        expired += usize::from(is_timer);
        // Idle batches of the writer may come between two commands of a slow machine.
        assert!(run <= 2 * PER_BATCH, "{run} timers in a row");
    }
    assert_eq!(expired, timers / PER_PERSON * PER_PERSON);
    assert!(commands >= expired / PER_BATCH / 2, "{commands}");
}
