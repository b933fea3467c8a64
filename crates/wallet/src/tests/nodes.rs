//! Several nodes over one journal: who appends, what the others answer, and what a fail-over must not lose.

use super::world::{Closed, Engine, World, code, options};
use crate::nodes::LeaseDoor;
use crate::people::AccountNumber;
use crate::port::{Asking, PeerError, Peers, SystemEntropy, random};
use crate::{Home, Inner, Membership, NewPayment, Standing, Wallet, WalletError};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tokio::task::JoinSet;
use yinxin_core::codec::Codec;
use yinxin_core::{AccountId, Action, DeviceId, Digest, Minor, PersonId};
use yinxin_store::desk::PersonRow;
use yinxin_store::test_postgres::TestDatabase;
use yinxin_store::{Batch, Journal, StoreError};

/// What goes wrong at one node.
#[derive(Default)]
struct Faults {
    /// The next append's answer is lost after it was committed.
    lose_answer: AtomicBool,
    /// It hears nothing of the lease any more and believes what it believed; its appends still arrive.
    cut_off: AtomicBool,
}

impl Faults {
    fn is_cut_off(&self) -> bool {
        self.cut_off.load(Ordering::SeqCst)
    }
}

/// The real lease and the real journal, with the faults that the test asks for.
struct Door {
    inner: Box<dyn LeaseDoor>,
    faults: Arc<Faults>,
}

impl LeaseDoor for Door {
    fn claim(&mut self) -> Result<bool, StoreError> {
        if self.faults.is_cut_off() { Ok(false) } else { self.inner.claim() }
    }
    fn renew(&mut self) -> Result<bool, StoreError> {
        if self.faults.is_cut_off() { Ok(true) } else { self.inner.renew() }
    }
    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }
    fn release(&mut self) -> Result<(), StoreError> {
        if self.faults.is_cut_off() { Ok(()) } else { self.inner.release() }
    }
    fn leader(&mut self) -> Result<Option<String>, StoreError> {
        if self.faults.is_cut_off() { Ok(None) } else { self.inner.leader() }
    }
    fn journal(&mut self) -> Result<Box<dyn Journal>, StoreError> {
        Ok(Box::new(Faulty { inner: self.inner.journal()?, faults: Arc::clone(&self.faults) }))
    }
    fn wait_beyond(&mut self, records: u64) -> Result<(), StoreError> {
        self.inner.wait_beyond(records)
    }
}

struct Faulty {
    inner: Box<dyn Journal>,
    faults: Arc<Faults>,
}

impl Journal for Faulty {
    fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.inner.append(batch)?;
        if self.faults.lose_answer.swap(false, Ordering::SeqCst) {
            return Err(StoreError::Failed("the answer is lost".to_owned()));
        }
        Ok(())
    }
    fn erase_disclosures(&mut self, index: u64) -> Result<(), StoreError> {
        self.inner.erase_disclosures(index)
    }
    fn tidy(&mut self) -> Result<(), StoreError> {
        if self.faults.is_cut_off() { Ok(()) } else { self.inner.tidy() }
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

/// Nodes `a`, `b`, … of one deployment in a real PostgreSQL, of which `a` was the first to lead.
struct Nodes {
    wire: Arc<Wire>,
    worlds: Vec<World>,
    faults: Vec<Arc<Faults>>,
    founded: Closed,
}

impl Nodes {
    async fn start(count: usize) -> Self {
        let founded = Closed::found(Engine::Postgres);
        let mut nodes = Self { wire: Arc::default(), worlds: Vec::new(), faults: Vec::new(), founded };
        for _ in 0..count {
            nodes.join().await;
        }
        nodes
    }

    /// One more node.
    async fn join(&mut self) {
        let closed = self.founded.twin();
        let name = ["a", "b", "c"][self.worlds.len()].to_owned();
        let faults = Arc::<Faults>::default();
        let membership = Membership { address: name.clone(), peers: self.wire.clone() };
        let wrapped = Arc::clone(&faults);
        let url = self.founded.database.as_ref().map(TestDatabase::url);
        let home = Home::at(closed.dir.path(), url.as_deref()).unwrap();
        let wallet = Wallet::open_node_with(home, options(), closed.ports(), membership, |inner| {
            Box::new(Door { inner, faults: wrapped })
        })
        .unwrap();
        self.wire.nodes.lock().unwrap().insert(name, Arc::downgrade(&wallet.inner));
        let wanted = if self.worlds.is_empty() {
            Standing::Leading
        } else {
            Standing::Following { leader: "a".to_owned() }
        };
        stands(&wallet, &wanted).await;
        self.worlds.push(closed.with(wallet));
        self.faults.push(faults);
    }

    /// Runs statements in the database, as an intruder would.
    fn tamper(&self, sql: &str) {
        self.founded.database.as_ref().unwrap().execute(sql).unwrap();
    }

    /// Cuts the holder off: its lease runs out, another node takes it, and the old one does not hear of it.
    async fn cut_off(&self, old: usize) -> usize {
        self.faults[old].cut_off.store(true, Ordering::SeqCst);
        self.tamper("UPDATE journal.lease SET until = '-infinity'");
        let mut heirs = JoinSet::new();
        for (heir, world) in self.worlds.iter().enumerate().filter(|(heir, _)| *heir != old) {
            let wallet = world.wallet.clone();
            heirs.spawn(async move {
                stands(&wallet, &Standing::Leading).await;
                heir
            });
        }
        let heir = heirs.join_next().await.unwrap().unwrap();
        assert_eq!(self.worlds[old].wallet.standing(), Standing::Leading, "it has not heard of it");
        heir
    }

    /// The highest epoch under which one of the nodes led.
    fn epoch(&self) -> u64 {
        self.worlds.iter().map(|world| world.wallet.inner.writer.control().epoch()).max().unwrap()
    }

    /// Every node has the same book, to the byte.
    async fn agree(&self) {
        let records = self.worlds.iter().map(|world| world.wallet.records()).max().unwrap();
        for world in &self.worlds {
            let mut sizes = world.wallet.inner.writer.sizes();
            let arrival = sizes.wait_for(|size| *size >= records);
            tokio::time::timeout(Duration::from_secs(20), arrival).await.expect("in time").unwrap();
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
    insist_on(&world.wallet, session, wish).await
}

async fn insist_on(wallet: &Wallet, session: &crate::SessionContext, wish: &NewPayment) -> crate::Acceptance {
    loop {
        match wallet.pay(session, wish.clone()).await {
            Ok(acceptance) => return acceptance,
            Err(WalletError::ResultPending | WalletError::Busy) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_certificate_pays_at_once_through_a_node_that_does_not_lead() {
    let nodes = Nodes::start(2).await;
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
    let nodes = Nodes::start(2).await;
    let [a, b] = &nodes.worlds[..] else { panic!() };
    let (payer, payee) = (a.phone("13800000001", 50_000).await, a.phone("13800000002", 0).await);
    let wish = payer.transfer(a, payee.session.account, 100);
    let mut answers = JoinSet::new();
    for turn in 0..32 {
        let wallet = if turn % 2 == 0 { a.wallet.clone() } else { b.wallet.clone() };
        let (session, wish) = (payer.session.clone(), wish.clone());
        answers.spawn(async move { insist_on(&wallet, &session, &wish).await });
    }
    let mut seen = Vec::new();
    while let Some(answer) = answers.join_next().await {
        let answer = answer.unwrap();
        assert_eq!((answer.refusal, answer.balance), (None, Some(49_900)));
        seen.push((answer.index, answer.record, answer.opening, answer.checkpoint, answer.proof));
    }
    assert!(seen.iter().all(|answer| *answer == seen[0]));
    assert_eq!(a.balance(payee.session.account), 100);
    nodes.agree().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_writers_append_fails_and_nothing_of_it_is_seen() {
    let nodes = Nodes::start(2).await;
    let [a, b] = &nodes.worlds[..] else { panic!() };
    let (payer, payee) = (a.phone("13800000001", 50_000).await, a.phone("13800000002", 0).await);
    let wish = payer.transfer(a, payee.session.account, 100);
    let before = a.wallet.records();
    nodes.cut_off(0).await;
    assert_eq!(code(&a.wallet.pay(&payer.session, wish.clone()).await), Some("payment.result_pending"));
    assert_eq!(a.balance(payee.session.account), 0);
    assert_eq!(a.wallet.inner.store.journal.size().unwrap(), before);
    nodes.faults[0].cut_off.store(false, Ordering::SeqCst);
    stands(&a.wallet, &Standing::Following { leader: "b".to_owned() }).await;
    let answer = insist(a, &payer.session, &wish).await;
    assert_eq!((answer.index, answer.balance), (before, Some(49_900)));
    assert_eq!(insist(b, &payer.session, &wish).await.record, answer.record);
    nodes.agree().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_while_the_lease_moves_has_one_effect() {
    let nodes = Nodes::start(2).await;
    let [a, b] = &nodes.worlds[..] else { panic!() };
    let (payer, payee) = (a.phone("13800000001", 50_000).await, a.phone("13800000002", 0).await);
    let wish = payer.transfer(a, payee.session.account, 100);
    let epoch = nodes.epoch();
    nodes.faults[0].lose_answer.store(true, Ordering::SeqCst);
    assert_eq!(code(&a.wallet.pay(&payer.session, wish.clone()).await), Some("payment.result_pending"));
    let (one, other) = (insist(a, &payer.session, &wish).await, insist(b, &payer.session, &wish).await);
    assert_eq!((one.index, &one.record, &one.checkpoint), (other.index, &other.record, &other.checkpoint));
    assert_eq!(b.balance(payee.session.account), 100);
    assert_eq!(nodes.epoch(), epoch + 1, "the lease was given back and claimed again");
    nodes.agree().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leading_nodes_answer_that_is_lost_on_the_way_leaves_the_result_pending() {
    let nodes = Nodes::start(2).await;
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
    let mut nodes = Nodes::start(3).await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_of_an_unknown_version_ends_a_node_that_follows_and_says_why() {
    let nodes = Nodes::start(2).await;
    let b = &nodes.worlds[1];
    let first = b.wallet.records();
    nodes.tamper(&format!("INSERT INTO journal.records VALUES ({first}, '\\x63', decode(repeat('01', 32), 'hex'), decode(repeat('02', 32), 'hex'))"));
    tokio::time::timeout(Duration::from_secs(10), b.wallet.ended()).await.expect("in time");
    let reason = b.wallet.end_reason().unwrap();
    assert!(reason.contains(&format!("record {first}")), "{reason}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_follows_makes_each_named_snapshot_and_a_difference_ends_it() {
    let nodes = Nodes::start(2).await;
    let [a, b] = &nodes.worlds[..] else { panic!() };
    let payer = a.phone("13800000001", 50_000).await;
    a.wallet.take_snapshot().await.unwrap();
    let [own, copy] = [a, b].map(|world| world.dir.path().join("snapshots"));
    let name = std::fs::read_dir(&own).unwrap().next().unwrap().unwrap().file_name();
    while !copy.join(&name).exists() {
        tokio::task::yield_now().await;
    }
    assert_eq!(std::fs::read(own.join(&name)).unwrap(), std::fs::read(copy.join(&name)).unwrap());
    a.fund(&payer, 100).await;
    let wrong = Action::NameSnapshot { records: a.wallet.records(), hash: Digest::from_bytes([7; 32]) };
    a.wallet.submit_own(wrong).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), b.wallet.ended()).await.expect("in time");
    assert!(b.wallet.end_reason().unwrap().contains("snapshot"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_change_of_policy_and_a_fail_over_every_book_is_the_same_to_the_byte() {
    let nodes = Nodes::start(3).await;
    let [a, b, c] = &nodes.worlds[..] else { panic!() };
    let (payer, payee) = (a.phone("13800000001", 50_000).await, a.phone("13800000002", 0).await);
    let mut policy = a.wallet.inner.writer.book(|book| book.policy().unwrap().clone());
    policy.tap_each = Minor::new(150).unwrap();
    a.wallet.submit_own(Action::SetPolicy { policy }).await.unwrap();
    nodes.cut_off(0).await;
    nodes.faults[0].cut_off.store(false, Ordering::SeqCst);
    let wish = payer.transfer(c, payee.session.account, 200);
    let answer = insist(c, &payer.session, &wish).await;
    assert_eq!(answer.refusal.unwrap().code(), "payment.verification_required", "the new policy decides");
    insist(b, &payer.session, &payer.transfer(c, payee.session.account, 150)).await;
    nodes.agree().await;
    assert_eq!(c.balance(payee.session.account), 150);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_resume_one_intention_have_one_effect() {
    let nodes = Nodes::start(2).await;
    let [a, b] = &nodes.worlds[..] else { panic!() };
    let before = a.wallet.records();
    let entropy = SystemEntropy;
    // What a node leaves that dies between the desk and the journal.
    let person = PersonRow {
        person: PersonId::from_bytes(random(&entropy)),
        account: AccountId::from_bytes(random(&entropy)),
        account_number: AccountNumber::draw(&entropy).to_string(),
        phone: "+8613800000009".to_owned(),
        name: "林小满".to_owned(),
        password: String::new(),
        password_changed_at: a.wallet.now(),
        registration: Digest::from_bytes([9; 32]),
        sitting_until: a.wallet.now(),
        sitting_device: DeviceId::from_bytes(random(&entropy)),
        created_at: a.wallet.now(),
        opened_at: None,
    };
    a.wallet.inner.store.desk.write(|desk| desk.insert_person(&person)).unwrap();
    let (one, other) = tokio::join!(a.wallet.finish_intentions(), b.wallet.finish_intentions());
    assert_eq!((one, other), (Ok(()), Ok(())));
    nodes.agree().await;
    assert_eq!(a.wallet.records(), before + 1);
    assert_eq!(b.balance(person.account), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn views_that_are_not_the_journals_are_put_right_by_the_next_node_that_leads() {
    let nodes = Nodes::start(2).await;
    let [a, b] = &nodes.worlds[..] else { panic!() };
    let payer = a.phone("13800000001", 50_000).await;
    a.wallet.settle_all().await.unwrap();
    let issued = || b.wallet.inner.store.views.issued(&payer.certificate).unwrap().map(|row| row.index);
    let before = issued();
    nodes.tamper("UPDATE views_2.certificates SET issued_idx = 0; UPDATE views_2.mark SET digest = NULL");
    assert_ne!(issued(), before);
    nodes.cut_off(0).await;
    nodes.faults[0].cut_off.store(false, Ordering::SeqCst);
    b.fund(&payer, 100).await;
    b.wallet.settle_all().await.unwrap();
    assert_eq!(issued(), before);
}
