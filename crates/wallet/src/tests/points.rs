//! A crash at every line between an intention and its record: whatever was durable then, the repeated requests of the
//! same person end in exactly one effect each, and nothing is left open.
//!
//! Only what was written makes one crash different from another. So the walk ends the story at every row that the desk
//! writes (a trigger in the desk's file counts them) and at every commit of the journal, before and after it reached the
//! disk; then it starts again and repeats what had no answer.

use super::faults::FailingJournal;
use super::world::{ADDRESS, Closed, Engine, ORIGIN, Phone, World, options, order_text};
use crate::port::{SystemEntropy, random};
use crate::{
    CertificateRequest, CustodyOffer, Enrolment, Issued, MerchantCredentials, NewPayment, Password,
    Registration, SessionContext, Visitor, Wallet, WalletError,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use yinxin_core::certificate::State;
use yinxin_core::codec::Codec;
use yinxin_core::text::{CertificatePurpose, CertificateText, OrderText, TYP_CERTIFICATE, sha256};
use yinxin_core::{
    AccountId, Body, CertificateId, CommandId, Digest, EnrolmentId, Facts, Minor, Outcome, PaymentNumber,
    PersonId,
};
use yinxin_pki::{CertificationRequest, FileSigner};
use yinxin_store::desk::{DeviceKind, IssuanceState};
use zeroize::Zeroizing;

const PHONE: &str = "13800000009";
/// More rows and commits than the story has.
const NEVER: u64 = 1_000_000;

/// A deployment before the story: a payee, a shop, and a code on its way to somebody who will register.
struct Base {
    closed: Closed,
    payee: AccountId,
    shop: Arc<MerchantCredentials>,
    code: String,
}

impl Base {
    async fn new() -> Self {
        let world = World::new();
        let shop = world.wallet.seed_demo().await.unwrap();
        let payee = world.phone("13800000002", 0).await.session.account;
        world.wallet.request_code(PHONE, Some(DeviceKind::Android), ADDRESS).await.unwrap();
        let code = world.last_code();
        world.wallet.finish_intentions().await.unwrap();
        world.wallet.sweep_desk().unwrap();
        Self { closed: world.close().await, payee, shop: Arc::new(shop), code }
    }
}

/// What the person's phone and the shop keep between their requests, and so across a crash of the server.
struct Story {
    code: String,
    payee: AccountId,
    shop: Arc<MerchantCredentials>,
    intention: Digest,
    signer: FileSigner,
    request: Vec<u8>,
    device_key: [u8; 32],
    top_up: CommandId,
    void: PaymentNumber,
    order: Option<(OrderText, String)>,
    session: Option<SessionContext>,
    enrolment: Option<EnrolmentId>,
    issued: Option<Issued>,
    payment: Option<NewPayment>,
    next_signer: FileSigner,
    next_request: Vec<u8>,
    renewal: Option<Enrolment>,
    renewed: Option<Issued>,
    late_payment: Option<NewPayment>,
    /// Steps that were answered.
    done: usize,
}

const STEPS: usize = 14;

impl Story {
    fn new(base: &Base) -> Self {
        let signer = FileSigner::generate(&random(&SystemEntropy)).unwrap();
        let next_signer = FileSigner::generate(&random(&SystemEntropy)).unwrap();
        Self {
            code: base.code.clone(),
            payee: base.payee,
            shop: Arc::clone(&base.shop),
            intention: Digest::from_bytes(random(&SystemEntropy)),
            request: CertificationRequest::create(&signer).unwrap(),
            signer,
            device_key: random(&SystemEntropy),
            top_up: CommandId::from_bytes(random(&SystemEntropy)),
            void: PaymentNumber::from_bytes(random(&SystemEntropy)),
            order: None,
            session: None,
            enrolment: None,
            issued: None,
            payment: None,
            next_request: CertificationRequest::create(&next_signer).unwrap(),
            next_signer,
            renewal: None,
            renewed: None,
            late_payment: None,
            done: 0,
        }
    }

    /// Goes on until the end, or until something fails.
    async fn go_on(&mut self, world: &World) -> Result<(), WalletError> {
        while self.done < STEPS {
            self.step(world).await?;
            self.done += 1;
        }
        Ok(())
    }

    fn session(&self) -> SessionContext {
        self.session.clone().unwrap()
    }

    async fn step(&mut self, world: &World) -> Result<(), WalletError> {
        let wallet = &world.wallet;
        match self.done {
            0 => self.register(wallet).await,
            1 => {
                self.enrolment = Some(wallet.begin_enrolment(&self.session(), None).await?.id);
                Ok(())
            }
            2 => self.request(wallet).await,
            3 => self.activate(world).await,
            4 => wallet.top_up(&self.session(), self.top_up, Minor::new(10_000).unwrap()).await,
            5 => self.pay(world).await,
            6 => {
                let certificate = self.issued.as_ref().unwrap().certificate.id;
                wallet.void_payment(&self.session(), certificate, self.void).await.map(|_| ())
            }
            7 => {
                let order = self.order.get_or_insert_with(|| order_text(world, &self.shop, 500)).clone();
                wallet.create_order(&wallet.merchant(&self.api_key())?, &order.1).map(|_| ())
            }
            8 => {
                let id = self.order.as_ref().unwrap().0.id;
                wallet.cancel_order(&wallet.merchant(&self.api_key())?, id).await.map(|_| ())
            }
            9 => self.begin_renewal(world).await,
            10 => self.request_successor(wallet).await,
            11 => self.finish_renewal(world).await,
            12 => self.pay_with_the_successor(world).await,
            _ => {
                let certificate = self.renewed.as_ref().unwrap().certificate.id;
                wallet.suspend_certificate(&self.session(), certificate, self.intention).await.map(|_| ())
            }
        }
    }

    fn api_key(&self) -> String {
        String::from_utf8(self.shop.api_key.expose().to_vec()).unwrap()
    }

    async fn register(&mut self, wallet: &Wallet) -> Result<(), WalletError> {
        let form = Registration {
            phone: PHONE.to_owned(),
            code: self.code.clone(),
            password: Password::new("correct horse 77".to_owned()),
            name: "林小满".to_owned(),
            device: DeviceKind::Android,
        };
        let visitor = Visitor { address: ADDRESS, device_token: None };
        self.session = Some(wallet.register(&visitor, self.intention, form).await?.session);
        Ok(())
    }

    async fn request(&mut self, wallet: &Wallet) -> Result<(), WalletError> {
        let form = CertificateRequest {
            csr: self.request.clone(),
            device_name: "Test phone".to_owned(),
            custody: CustodyOffer::Pin {
                device_key: Zeroizing::new(self.device_key),
                pin_mac: Zeroizing::new([7; 32]),
            },
        };
        let enrolment = self.enrolment.unwrap();
        self.issued = Some(wallet.request_certificate(&self.session(), enrolment, &form).await?);
        Ok(())
    }

    fn phone(&self) -> Phone {
        let issued = self.issued.as_ref().unwrap();
        let thumbprint = yinxin_pki::Certificate::parse(&issued.chain[0]).unwrap().thumbprint();
        let signer = FileSigner::from_pkcs8_pem(self.signer.to_pkcs8_pem().unwrap().expose()).unwrap();
        Phone {
            session: self.session(),
            certificate: issued.certificate.id,
            thumbprint,
            signer,
            device_key: self.device_key,
            pin_mac: [7; 32],
        }
    }

    async fn activate(&mut self, world: &World) -> Result<(), WalletError> {
        let issued = self.issued.as_ref().unwrap();
        let text = CertificateText {
            audience: ORIGIN.to_owned(),
            purpose: CertificatePurpose::Activate { tap: true },
            certificate: issued.certificate.id,
            challenge: Digest::from_bytes(issued.challenge),
        };
        let signed = self.phone().sign(TYP_CERTIFICATE, world.wallet.now(), &text.to_bytes());
        world.wallet.activate(&self.session(), self.enrolment.unwrap(), &signed).await.map(|_| ())
    }

    async fn begin_renewal(&mut self, world: &World) -> Result<(), WalletError> {
        let old = self.issued.as_ref().unwrap().certificate.id;
        let from = world.wallet.inner.writer.book(|book| book.certificate(&old).unwrap().renewable_from());
        world.clock.pass(from.since(world.wallet.now()).max(0));
        self.renewal = Some(world.wallet.begin_renewal(&self.session(), old, None).await?);
        Ok(())
    }

    async fn request_successor(&mut self, wallet: &Wallet) -> Result<(), WalletError> {
        let renewal = self.renewal.as_ref().unwrap();
        let csr = self.next_request.clone();
        let request = sha256(&[&csr]);
        let phone = self.phone();
        let text = CertificateText {
            audience: ORIGIN.to_owned(),
            purpose: CertificatePurpose::Renew { request },
            certificate: phone.certificate,
            challenge: Digest::from_bytes(renewal.passkey.challenge),
        };
        let consent = phone.sign(TYP_CERTIFICATE, wallet.now(), &text.to_bytes());
        let custody = CustodyOffer::Kept { consent };
        let form = CertificateRequest { csr, device_name: String::new(), custody };
        self.renewed = Some(wallet.request_certificate(&self.session(), renewal.id, &form).await?);
        Ok(())
    }

    fn renewed_phone(&self) -> Phone {
        let renewed = self.renewed.as_ref().unwrap();
        let thumbprint = yinxin_pki::Certificate::parse(&renewed.chain[0]).unwrap().thumbprint();
        let signer = FileSigner::from_pkcs8_pem(self.next_signer.to_pkcs8_pem().unwrap().expose()).unwrap();
        Phone { certificate: renewed.certificate.id, thumbprint, signer, ..self.phone() }
    }

    async fn finish_renewal(&mut self, world: &World) -> Result<(), WalletError> {
        let renewed = self.renewed.as_ref().unwrap();
        let text = CertificateText {
            audience: ORIGIN.to_owned(),
            purpose: CertificatePurpose::Activate { tap: false },
            certificate: renewed.certificate.id,
            challenge: Digest::from_bytes(renewed.challenge),
        };
        let signed = self.renewed_phone().sign(TYP_CERTIFICATE, world.wallet.now(), &text.to_bytes());
        let renewal = self.renewal.as_ref().unwrap().id;
        world.wallet.activate(&self.session(), renewal, &signed).await.map(|_| ())
    }

    async fn pay_with_the_successor(&mut self, world: &World) -> Result<(), WalletError> {
        let outstanding = match &self.late_payment {
            Some(payment) => payment.clone(),
            None => self.renewed_phone().transfer(world, self.payee, 300),
        };
        self.late_payment = Some(outstanding.clone());
        let acceptance = world.wallet.pay(&self.session(), outstanding).await?;
        assert_eq!(acceptance.refusal, None);
        Ok(())
    }

    async fn pay(&mut self, world: &World) -> Result<(), WalletError> {
        // The phone keeps what it signed until it has an answer.
        let outstanding = match &self.payment {
            Some(payment) => payment.clone(),
            None => self.phone().transfer(world, self.payee, 700),
        };
        self.payment = Some(outstanding.clone());
        let acceptance = world.wallet.pay(&self.session(), outstanding).await?;
        assert_eq!(acceptance.refusal, None);
        Ok(())
    }
}

/// Counts down with every row that the desk writes; the row after the last one is refused, and its transaction with it.
fn end_after_rows(folder: &Path, rows: u64) {
    let desk = rusqlite::Connection::open(folder.join("desk.db")).unwrap();
    let tables: Vec<String> = desk
        .prepare(
            // People are told by a job at its own time; its crashes have a test of their own.
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
             AND name NOT IN ('notices', 'notice_messages', 'marks')",
        )
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    desk.execute_batch("CREATE TABLE points (left INTEGER NOT NULL) STRICT").unwrap();
    desk.execute("INSERT INTO points VALUES (?1)", [i64::try_from(rows).unwrap()]).unwrap();
    for table in tables {
        for change in ["INSERT", "UPDATE", "DELETE"] {
            let trigger = format!(
                "CREATE TRIGGER {table}_{change} BEFORE {change} ON {table} BEGIN
                   UPDATE points SET left = left - 1;
                   SELECT RAISE(ABORT, 'the process ends here') FROM points WHERE left < 0;
                 END"
            );
            desk.execute_batch(&trigger).unwrap();
        }
    }
}

fn end_no_more(folder: &Path) {
    let desk = rusqlite::Connection::open(folder.join("desk.db")).unwrap();
    desk.execute("UPDATE points SET left = ?1", [i64::try_from(NEVER).unwrap()]).unwrap();
}

/// Where a story ends before its time.
#[derive(Debug, Clone, Copy)]
enum Point {
    DeskRow(u64),
    JournalCommit { commit: u64, reaches_disk: bool },
}

/// A wallet that ends at `point`, and the commits that it made.
fn ending_at(point: Point, closed: Closed) -> (World, Arc<AtomicU64>) {
    let (rows, fail_at, reaches_disk) = match point {
        Point::DeskRow(rows) => (rows, NEVER, false),
        Point::JournalCommit { commit, reaches_disk } => (NEVER, commit, reaches_disk),
    };
    end_after_rows(closed.dir.path(), rows);
    let commits = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&commits);
    let wallet = Wallet::open_with(closed.dir.path(), options(), closed.ports(), |inner| {
        Box::new(FailingJournal { inner, commits: counted, fail_at, reaches_disk })
    })
    .unwrap();
    (closed.with(wallet), commits)
}

/// The next start, in which nothing ends any more.
async fn after_the_end(world: World) -> World {
    let closed = world.close().await;
    end_no_more(closed.dir.path());
    let wallet = closed.open(options()).unwrap();
    closed.with(wallet)
}

/// Seeds a demonstration with a crash at `point`; false when it was seeded before that.
async fn seed_with_a_crash_at(base: &Closed, point: Point) -> bool {
    let (world, _) = ending_at(point, base.copy());
    let crashed = world.wallet.seed_demo().await.is_err();
    let world = after_the_end(world).await;
    let wallet = &world.wallet;
    let (shop, again) = (wallet.seed_demo().await.unwrap(), wallet.seed_demo().await.unwrap());
    assert_eq!(shop.merchant, again.merchant);
    let api_key = String::from_utf8(shop.api_key.expose().to_vec()).unwrap();
    assert_eq!(wallet.merchant(&api_key).unwrap().merchant, shop.merchant, "{point:?}");
    let merchants = wallet.inner.store.desk.read(|desk| desk.merchants(10)).unwrap();
    assert_eq!(merchants.len(), 1, "{point:?}");
    let row = &merchants[0];
    assert_eq!((row.account, &row.certificate), (shop.account, &shop.certificate), "{point:?}");
    // Money's two ends, four people with the same gift, the shop.
    let mut balances = world.balances();
    balances.sort_unstable();
    assert_eq!(balances, [-120_000, 0, 0, 30_000, 30_000, 30_000, 30_000], "{point:?}");
    crashed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_anywhere_in_the_seeding_leaves_one_shop_with_an_account_and_its_keys() {
    let base = Closed::found(Engine::Files);
    let (mut rows, mut commit) = (0, 0);
    while seed_with_a_crash_at(&base, Point::DeskRow(rows)).await {
        rows += 1;
    }
    while seed_with_a_crash_at(&base, Point::JournalCommit { commit, reaches_disk: false }).await {
        assert!(seed_with_a_crash_at(&base, Point::JournalCommit { commit, reaches_disk: true }).await);
        commit += 1;
    }
    assert!(rows > 8 && commit > 8, "{rows} rows, {commit} commits");
}

/// Runs the story with a crash at `point`; false when the story was over before it.
async fn crash_at(base: &Base, point: Point) -> bool {
    let (world, commits) = ending_at(point, base.closed.copy());
    let mut story = Story::new(base);
    let crashed = story.go_on(&world).await.is_err();
    assert!(crashed || commits.load(Ordering::SeqCst) > 5, "the story wrote nothing");
    let world = after_the_end(world).await;
    // The start does this by itself; here the order is certain.
    world.wallet.finish_intentions().await.unwrap();
    if let Err(error) = story.go_on(&world).await {
        panic!("{point:?}, step {}: {error}", story.done);
    }
    check(&world, &story, point).await;
    crashed
}

/// Exactly one effect of each, and nothing left open.
async fn check(world: &World, story: &Story, point: Point) {
    let wallet = &world.wallet;
    wallet.finish_intentions().await.unwrap();
    wallet.settle_all().await.unwrap();
    let (person, account) = (story.session().person, story.session().account);
    let records = wallet.inner.store.journal.records(0, 10_000).unwrap();
    let bodies = records.iter().map(|record| Facts::from_bytes_exact(&record.facts).unwrap().body);
    let mut effects = [0; 7];
    let mut signed: Vec<CertificateId> = Vec::new();
    for body in bodies {
        if let Body::CertificateIssued { certificate, .. } = body {
            signed.push(certificate);
        }
        if let Some(at) = effect(&body, person, account, story) {
            effects[at] += 1;
        }
    }
    assert_eq!(effects, [1, 1, 1, 2, 1, 1, 1], "{point:?}");
    let issued = story.issued.as_ref().unwrap().certificate.id;
    let renewed = story.renewed.as_ref().unwrap().certificate.id;
    // Whatever the desk has a signature of, the journal has too.
    let kept = wallet.inner.store.desk.read(|desk| desk.issuances_of_person(person, 100)).unwrap();
    for row in kept.iter().filter(|row| row.der.is_some() && row.state == IssuanceState::Recorded) {
        assert!(signed.contains(&row.certificate), "{point:?}");
    }
    wallet.inner.writer.book(|book| {
        for (id, certificate) in book.certificates().filter(|(_, found)| found.person == person) {
            let state = &certificate.state;
            let right = match *id {
                id if id == issued => matches!(state, State::Superseded { .. }),
                id if id == renewed => matches!(state, State::Suspended { .. }),
                _ => matches!(state, State::Abandoned),
            };
            assert!(right, "{point:?} {state:?}");
        }
    });
    assert_eq!((world.balance(account), world.balance(story.payee)), (9_000, 1_000), "{point:?}");
    let open = wallet.inner.store.desk.read(|desk| {
        Ok((
            desk.issuances_unfinished(10)?.len(),
            desk.people_unopened(10)?.len(),
            desk.orders_cancelling(10)?.len(),
            desk.open_enrolment(person)?.map(|row| row.state),
        ))
    });
    assert_eq!(open.unwrap(), (0, 0, 0, None), "{point:?}");
}

fn effect(body: &Body, person: PersonId, account: AccountId, story: &Story) -> Option<usize> {
    let issued = story.issued.as_ref().unwrap().certificate.id;
    let order = story.order.as_ref().unwrap().0.id;
    let known = [
        matches!(body, Body::PersonOpened { person: opened, .. } if *opened == person),
        matches!(body, Body::CertificateActivated { certificate, .. } if *certificate == issued),
        matches!(body, Body::MoneyIssued { account: to, .. } if *to == account),
        matches!(body, Body::Payment { payment } if payment.payer == account
            && matches!(payment.outcome, Outcome::Posted { .. })),
        matches!(body, Body::PaymentVoided { number, .. } if *number == story.void),
        matches!(body, Body::OrderCancelled { order: withdrawn, .. } if *withdrawn == order),
        matches!(body, Body::CertificateSuperseded { certificate, .. } if *certificate == issued),
    ];
    known.iter().position(|is_it| *is_it)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_any_row_of_the_desk_leaves_one_effect_and_nothing_open() {
    let base = Base::new().await;
    let mut rows = 0;
    while crash_at(&base, Point::DeskRow(rows)).await {
        rows += 1;
    }
    assert!(rows > 15, "the story ended after {rows} rows");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_any_commit_of_the_journal_leaves_one_effect_and_nothing_open() {
    let base = Base::new().await;
    let mut commit = 0;
    while crash_at(&base, Point::JournalCommit { commit, reaches_disk: false }).await {
        assert!(crash_at(&base, Point::JournalCommit { commit, reaches_disk: true }).await);
        commit += 1;
    }
    assert!(commit > 8, "the story ended after {commit} commits");
}
