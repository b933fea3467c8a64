//! Several nodes over one journal: who appends, what the others answer, and what a fail-over must not lose.

use super::world::{Closed, World, code, options, twin};
use crate::nodes::LeaseDoor;
use crate::port::{Asking, PeerError, Peers};
use crate::{Inner, NewPayment, Standing, Wallet, WalletError};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tokio::task::JoinSet;
use yinxin_core::codec::Codec;
use yinxin_store::{Batch, Journal, SqliteJournal, StoreError};

/// One lease and one journal's file for all nodes of a test, with the faults that the test asks for.
#[derive(Default)]
struct House {
    epoch: u64,
    holder: Option<String>,
    faults: Faults,
}

#[derive(Default)]
struct Faults {
    /// The next append's answer is lost after it reached the disk.
    lose_answer: bool,
    /// The holder is cut off: it can neither renew nor release, and the next claim succeeds.
    cut_off: Option<String>,
}

#[derive(Clone)]
struct Door {
    house: Arc<Mutex<House>>,
    files: std::path::PathBuf,
    name: String,
    epoch: u64,
}

impl Door {
    fn is_cut_off(&self, house: &House) -> bool {
        house.faults.cut_off.as_ref() == Some(&self.name)
    }
}

impl LeaseDoor for Door {
    fn claim(&mut self) -> Result<bool, StoreError> {
        let mut house = self.house.lock().unwrap();
        if house.holder.is_some() || self.is_cut_off(&house) {
            return Ok(false);
        }
        house.epoch += 1;
        house.holder = Some(self.name.clone());
        self.epoch = house.epoch;
        Ok(true)
    }
    fn renew(&mut self) -> Result<bool, StoreError> {
        let house = self.house.lock().unwrap();
        Ok(house.epoch == self.epoch)
    }
    fn epoch(&self) -> u64 {
        self.epoch
    }
    fn release(&mut self) -> Result<(), StoreError> {
        let mut house = self.house.lock().unwrap();
        if house.epoch == self.epoch && !self.is_cut_off(&house) {
            house.holder = None;
        }
        Ok(())
    }
    fn leader(&mut self) -> Result<Option<String>, StoreError> {
        let house = self.house.lock().unwrap();
        Ok(house.holder.clone().filter(|_| !self.is_cut_off(&house)))
    }
    fn journal(&mut self) -> Result<Box<dyn Journal>, StoreError> {
        let inner = SqliteJournal::open(&self.files.join("journal.db"))?;
        Ok(Box::new(Fenced { inner, house: Arc::clone(&self.house), epoch: self.epoch }))
    }
    fn wait_beyond(&mut self, _: u64) -> Result<(), StoreError> {
        std::thread::park_timeout(Duration::from_millis(2));
        Ok(())
    }
}

/// Appends while its epoch is in force, as the database does in one transaction.
struct Fenced {
    inner: SqliteJournal,
    house: Arc<Mutex<House>>,
    epoch: u64,
}

impl Journal for Fenced {
    fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let mut house = self.house.lock().unwrap();
        if house.epoch != self.epoch {
            return Err(StoreError::Failed("another epoch".to_owned()));
        }
        self.inner.append(batch)?;
        if std::mem::take(&mut house.faults.lose_answer) {
            return Err(StoreError::Failed("the answer is lost".to_owned()));
        }
        Ok(())
    }
    fn tidy(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
    fn has_room(&mut self) -> bool {
        self.inner.has_room()
    }
}

/// Questions from node to node without a network.
#[derive(Default)]
struct Wire {
    nodes: Mutex<HashMap<String, Weak<Inner>>>,
    /// The next answer does not arrive, although the question did.
    lose_answer: AtomicBool,
}

impl Peers for Wire {
    fn ask<'a>(&'a self, address: &'a str, question: Vec<u8>) -> Asking<'a> {
        let node = self.nodes.lock().unwrap().get(address).and_then(Weak::upgrade);
        Box::pin(async move {
            let node = Wallet { inner: node.ok_or(PeerError::Unreached)? };
            let answer = node.answer_node(&question).await;
            let lost = self.lose_answer.swap(false, Ordering::SeqCst);
            if lost { Err(PeerError::Unanswered) } else { Ok(answer) }
        })
    }
}

/// Nodes `a`, `b`, … of one deployment, of which `a` was the first to lead.
struct Nodes {
    house: Arc<Mutex<House>>,
    wire: Arc<Wire>,
    worlds: Vec<World>,
    files: Closed,
}

impl Nodes {
    /// Opens `count` nodes over the databases that `world` made; keys and authorities are copied.
    async fn of(world: World, count: usize) -> Self {
        let files = world.close().await;
        let (house, wire) = (Arc::<Mutex<House>>::default(), Arc::<Wire>::default());
        let mut nodes = Self { house, wire, worlds: Vec::new(), files };
        for _ in 0..count {
            nodes.join().await;
        }
        nodes
    }

    /// One more node.
    async fn join(&mut self) {
        let files = self.files.dir.path();
        let dir = twin(files);
        let name = ["a", "b", "c"][self.worlds.len()].to_owned();
        let house = Arc::clone(&self.house);
        let door = Door { house, files: files.to_owned(), name: name.clone(), epoch: 0 };
        let closed =
            Closed { dir, clock: self.files.clock.clone(), tray: self.files.tray.clone(), database: None };
        let lease = (Box::new(door) as Box<dyn LeaseDoor>, self.wire.clone() as Arc<dyn Peers>);
        let wallet = Wallet::open_node(closed.dir.path(), files, options(), closed.ports(), lease).unwrap();
        self.wire.nodes.lock().unwrap().insert(name.clone(), Arc::downgrade(&wallet.inner));
        let wanted = if self.worlds.is_empty() {
            Standing::Leading
        } else {
            Standing::Following { leader: "a".to_owned() }
        };
        stands(&wallet, &wanted).await;
        self.worlds.push(closed.with(wallet));
    }

    /// Cuts the holder off: its lease runs out, another node takes it, and the old one does not hear of it.
    async fn cut_off(&self, old: usize, new: usize) {
        {
            let mut house = self.house.lock().unwrap();
            house.faults.cut_off = house.holder.take();
        }
        stands(&self.worlds[new].wallet, &Standing::Leading).await;
        assert_eq!(self.worlds[old].wallet.standing(), Standing::Leading, "it has not heard of it");
    }

    /// Every node has the same book, to the byte.
    async fn agree(&self) {
        let records = self.worlds.iter().map(|world| world.wallet.records()).max().unwrap();
        for world in &self.worlds {
            assert!(world.wallet.inner.writer.covers(records).await);
        }
        let bytes = |world: &World| world.wallet.inner.writer.book(Codec::to_bytes);
        assert!(self.worlds.iter().all(|world| bytes(world) == bytes(&self.worlds[0])));
    }
}

async fn stands(wallet: &Wallet, wanted: &Standing) {
    let mut standing = wallet.inner.writer.standings();
    let reached = standing.wait_for(|standing| standing == wanted);
    tokio::time::timeout(Duration::from_secs(10), reached).await.expect("in time").unwrap();
}

/// Sends the same bytes through `world` until there is an answer, as a phone does.
async fn insist(world: &World, session: &crate::SessionContext, wish: &NewPayment) -> crate::Acceptance {
    loop {
        match world.wallet.pay(session, wish.clone()).await {
            Ok(acceptance) => return acceptance,
            Err(WalletError::ResultPending | WalletError::Busy) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_certificate_pays_at_once_through_a_node_that_does_not_lead() {
    let nodes = Nodes::of(World::new(), 2).await;
    let [a, b] = &nodes.worlds[..] else { panic!() };
    // Enrolled through one, paid through the other.
    let (payer, payee) = (a.phone("13800000001", 50_000).await, b.phone("13800000002", 0).await);
    let first = b.wallet.pay(&payer.session, payer.transfer(a, payee.session.account, 100)).await.unwrap();
    assert_eq!((first.refusal.clone(), first.balance), (None, Some(49_900)));
    let second = a.wallet.pay(&payer.session, payer.transfer(b, payee.session.account, 200)).await.unwrap();
    assert_eq!((second.refusal, second.balance), (None, Some(49_700)));
    let again = a.wallet.payment(&payer.session, first.payment.number.unwrap()).await.unwrap();
    assert_eq!((again.index, again.record), (first.index, first.record));
    assert_eq!(a.balance(payee.session.account), 300);
    nodes.agree().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_authorisation_sent_through_two_nodes_at_once_has_one_effect_and_equal_answers() {
    let nodes = Nodes::of(World::new(), 2).await;
    let [a, b] = &nodes.worlds[..] else { panic!() };
    let (payer, payee) = (a.phone("13800000001", 50_000).await, a.phone("13800000002", 0).await);
    let wish = payer.transfer(a, payee.session.account, 100);
    let mut answers = JoinSet::new();
    for turn in 0..32 {
        let wallet = if turn % 2 == 0 { a.wallet.clone() } else { b.wallet.clone() };
        let (session, wish) = (payer.session.clone(), wish.clone());
        answers.spawn(async move { wallet.pay(&session, wish).await });
    }
    let mut seen = Vec::new();
    while let Some(answer) = answers.join_next().await {
        let answer = answer.unwrap().unwrap();
        assert_eq!((answer.refusal, answer.balance), (None, Some(49_900)));
        seen.push((answer.index, answer.record, answer.opening, answer.checkpoint, answer.proof));
    }
    assert!(seen.iter().all(|answer| *answer == seen[0]));
    assert_eq!(a.balance(payee.session.account), 100);
    nodes.agree().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_writers_append_fails_and_nothing_of_it_is_seen() {
    let nodes = Nodes::of(World::new(), 2).await;
    let [a, b] = &nodes.worlds[..] else { panic!() };
    let (payer, payee) = (a.phone("13800000001", 50_000).await, a.phone("13800000002", 0).await);
    let wish = payer.transfer(a, payee.session.account, 100);
    let before = a.wallet.records();
    nodes.cut_off(0, 1).await;
    assert_eq!(code(&a.wallet.pay(&payer.session, wish.clone()).await), Some("payment.result_pending"));
    assert_eq!(a.balance(payee.session.account), 0);
    assert_eq!(a.wallet.inner.store.journal.size().unwrap(), before);
    nodes.house.lock().unwrap().faults.cut_off = None;
    stands(&a.wallet, &Standing::Following { leader: "b".to_owned() }).await;
    let answer = insist(a, &payer.session, &wish).await;
    assert_eq!((answer.index, answer.balance), (before, Some(49_900)));
    assert_eq!(insist(b, &payer.session, &wish).await.record, answer.record);
    nodes.agree().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_while_the_lease_moves_has_one_effect() {
    let nodes = Nodes::of(World::new(), 2).await;
    let [a, b] = &nodes.worlds[..] else { panic!() };
    let (payer, payee) = (a.phone("13800000001", 50_000).await, a.phone("13800000002", 0).await);
    let wish = payer.transfer(a, payee.session.account, 100);
    nodes.house.lock().unwrap().faults.lose_answer = true;
    assert_eq!(code(&a.wallet.pay(&payer.session, wish.clone()).await), Some("payment.result_pending"));
    let (one, other) = (insist(a, &payer.session, &wish).await, insist(b, &payer.session, &wish).await);
    assert_eq!((one.index, &one.record, &one.checkpoint), (other.index, &other.record, &other.checkpoint));
    assert_eq!(b.balance(payee.session.account), 100);
    assert_eq!(nodes.house.lock().unwrap().epoch, 2, "the lease was given back and claimed again");
    nodes.agree().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leading_nodes_answer_that_is_lost_on_the_way_leaves_the_result_pending() {
    let nodes = Nodes::of(World::new(), 2).await;
    let [a, b] = &nodes.worlds[..] else { panic!() };
    let (payer, payee) = (a.phone("13800000001", 50_000).await, a.phone("13800000002", 0).await);
    let wish = payer.transfer(a, payee.session.account, 100);
    nodes.wire.lose_answer.store(true, Ordering::SeqCst);
    assert_eq!(code(&b.wallet.pay(&payer.session, wish.clone()).await), Some("payment.result_pending"));
    let answer = insist(b, &payer.session, &wish).await;
    assert_eq!((answer.refusal, answer.balance), (None, Some(49_900)));
    assert_eq!(a.balance(payee.session.account), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_ends_gives_the_lease_back_and_the_next_one_goes_on() {
    let mut nodes = Nodes::of(World::new(), 3).await;
    let (payer, payee) = {
        let a = &nodes.worlds[0];
        (a.phone("13800000001", 50_000).await, a.phone("13800000002", 0).await)
    };
    let old = nodes.worlds.remove(0);
    nodes.wire.nodes.lock().unwrap().remove("a");
    old.wallet.close().await;
    let [b, c] = &nodes.worlds[..] else { panic!() };
    let wish = payer.transfer(b, payee.session.account, 100);
    let answer = insist(c, &payer.session, &wish).await;
    assert_eq!((answer.refusal, answer.balance), (None, Some(49_900)));
    assert_eq!(insist(b, &payer.session, &wish).await.index, answer.index);
    nodes.agree().await;
}
