//! The real program, killed again and again while people pay: nothing acknowledged is lost, nothing happens twice.
//!
//! `YINXIN_KILLS=50 cargo test -p yinxin-server --test kills` kills it more often.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tokio::sync::watch;
use yinxin_client::answers::{Me, Payee};
use yinxin_client::clock::Clocks;

use yinxin_client::{
    ClientError, Connection, DeviceKey, DeviceKind, Person, Pin, Receipt, Registration, Transfer, tour,
};
use yinxin_core::{Minor, PaymentNumber};

const PEOPLE: usize = 6;
/// What everybody begins with, in minor units.
const FUNDS: u64 = 100_000;
/// Kills of an ordinary run.
const KILLS: u64 = 10;

/// The program on a data directory and a port of its own; killed without a word when dropped.
struct Program(Child);

impl Program {
    fn start(data: &Path, port: u16, shop: u16) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_yinxin"))
            .args([
                "demo",
                "--listen",
                &format!("127.0.0.1:{port}"),
                "--shop-listen",
                &format!("127.0.0.1:{shop}"),
            ])
            .arg("--data")
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It says where it listens as soon as it is ready.
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = format!("http://localhost:{port}/demo");
        assert!(said.any(|line| line.unwrap().contains(&ready)), "the program did not start");
        Self(child)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A person who pays, and what the server acknowledged.
struct Payer {
    person: Person,
    me: Me,
    acknowledged: BTreeMap<PaymentNumber, (u64, usize, u64)>,
}

impl Payer {
    async fn enrol(connection: &Connection, origin: &str, number: usize) -> Self {
        let mut person = Person::arrive(connection.api(origin).unwrap(), Clocks::system()).await.unwrap();
        let phone = format!("+861390001{number:04}");
        person.api().send_code(&phone).await.unwrap();
        let code = tour::code_for(person.api(), &phone).await.unwrap();
        let registration = Registration {
            phone: &phone,
            code: &code,
            password: "correct horse battery",
            name: "林小满",
            device_kind: DeviceKind::Android,
        };
        person.register(&registration).await.unwrap();
        let enrolment = person.begin_enrolment(None).await.unwrap();
        let pin = Pin::choose("284917").unwrap();
        let issued = person.enrol(enrolment.id, DeviceKey::generate().unwrap(), "phone", &pin).await.unwrap();
        person.activate(enrolment.id, &issued, true).await.unwrap();
        let me = person.top_up(Minor::new(FUNDS).unwrap()).await.unwrap();
        Self { person, me, acknowledged: BTreeMap::new() }
    }

    fn acknowledge(&mut self, receipt: &Receipt, payee: usize, amount: u64) {
        assert_eq!(receipt.refusal(), None);
        let seen = (receipt.acceptance.index, payee, amount);
        let before = self.acknowledged.insert(receipt.facts.number, seen);
        assert!(before.is_none_or(|before| before == seen), "two answers to one authorisation");
    }

    /// Pays others until the last kill is over; resends the same bytes after every one.
    async fn pay_on(
        mut self,
        own: usize,
        payees: Arc<Vec<Payee>>,
        seen: watch::Sender<u64>,
        over: watch::Receiver<bool>,
    ) -> Self {
        let mut round = own;
        while !*over.borrow() {
            round += 1;
            let (payee, amount) = ((own + 1 + round % (PEOPLE - 1)) % PEOPLE, 1 + (round % 7) as u64);
            let transfer =
                Transfer { payee: &payees[payee], amount: Minor::new(amount).unwrap(), memo: None };
            let mut paid = self.person.transfer(&transfer, None).await;
            // Dead or dying: the outstanding bytes are sent again until somebody answers.
            while paid.as_ref().is_err_and(ClientError::is_uncertain)
                && self.person.outbox().outstanding().is_some()
            {
                paid = self.person.retry(None).await.map(|receipt| receipt.unwrap());
            }
            match paid {
                Ok(receipt) => {
                    self.acknowledge(&receipt, payee, amount);
                    seen.send_modify(|seen| *seen += 1);
                }
                Err(error) => assert!(error.is_uncertain(), "{error}"),
            }
        }
        self
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_killed_while_people_pay_loses_and_doubles_nothing() {
    let kills = std::env::var("YINXIN_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let data = tempfile::tempdir().unwrap();
    let (port, shop) = (free_port(), free_port());
    let origin = format!("http://localhost:{port}");
    let mut program = Program::start(data.path(), port, shop);
    let connection = Connection::new(None).unwrap();
    let mut payers = Vec::new();
    for number in 0..PEOPLE {
        payers.push(Payer::enrol(&connection, &origin, number).await);
    }
    let mut payees = Vec::new();
    for number in 0..PEOPLE {
        let account = payers[number].me.account.to_string();
        payees.push(payers[(number + 1) % PEOPLE].person.find_payee(&account).await.unwrap());
    }
    let payees = Arc::new(payees);
    let (seen, mut count) = watch::channel(0);
    let (end, over) = watch::channel(false);
    let paying: Vec<_> = payers
        .into_iter()
        .enumerate()
        .map(|(own, payer)| tokio::spawn(payer.pay_on(own, Arc::clone(&payees), seen.clone(), over.clone())))
        .collect();
    for kill in 0..kills {
        // At another moment of the traffic every time.
        let until = *count.borrow() + 20 + kill * 37 % 61;
        count.wait_for(|seen| *seen >= until).await.unwrap();
        drop(program);
        program = Program::start(data.path(), port, shop);
    }
    end.send_replace(true);
    let mut payers = Vec::new();
    for task in paying {
        payers.push(task.await.unwrap());
    }
    check(&mut payers).await;
    drop(program);
}

/// What was acknowledged is there, once; what was not acknowledged is closed; the sums are exact.
async fn check(payers: &mut [Payer]) {
    for payer in payers.iter_mut() {
        let Some(outstanding) = payer.person.outbox().outstanding().cloned() else { continue };
        if let Some(receipt) = payer.person.close_outstanding().await.unwrap() {
            // Recorded although the answer was lost: the record says to whom and how much.
            assert_eq!(receipt.facts.number, outstanding.number);
            payer.acknowledged.insert(receipt.facts.number, (receipt.acceptance.index, usize::MAX, 0));
        }
    }
    let accounts: Vec<_> = payers.iter().map(|payer| payer.me.account).collect();
    let mut expected = [i128::from(FUNDS); PEOPLE];
    for (own, payer) in payers.iter().enumerate() {
        for (number, (index, payee, amount)) in &payer.acknowledged {
            let found =
                payer.person.api().payment(*number).await.unwrap().expect("an acknowledged payment was lost");
            assert_eq!(found.index, *index);
            let to = accounts.iter().position(|account| Some(*account) == found.payment.counterparty.account);
            let minor = found.payment.amount.minor.get();
            assert!(*payee == usize::MAX || (to, minor) == (Some(*payee), *amount));
            expected[own] -= i128::from(minor);
            expected[to.unwrap()] += i128::from(minor);
        }
    }
    let mut total = 0;
    for (own, payer) in payers.iter().enumerate() {
        let balance = i128::from(payer.person.api().me().await.unwrap().balance.minor.get());
        assert_eq!(balance, expected[own], "person {own}");
        total += balance;
    }
    assert_eq!(total, i128::from(FUNDS) * i128::try_from(PEOPLE).unwrap());
    let paid: usize = payers.iter().map(|payer| payer.acknowledged.len()).sum();
    assert!(paid > 100, "only {paid} were paid");
}
