//! A demonstration wallet in a temporary folder, a clock that tests move, and phones that sign.

use crate::port::{Clock, Entropy, Sending, SmsMessage, SmsSender, SystemEntropy, random};
use crate::start::DataDir;
use crate::{
    Acceptance, CertificateRequest, CustodyOffer, Disclosure, Home, MerchantCredentials, NewPayment,
    OpenOptions, Password, PinProof, Ports, Registration, SessionContext, Setup, SignedText, StartError,
    VerificationProof, Visitor, Wallet, WalletError,
};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use yinxin_core::book::Owner;
use yinxin_core::policy::Template;
use yinxin_core::text::{
    CertificatePurpose, CertificateText, OrderItem, OrderText, PayText, PayeeName, TYP_CERTIFICATE,
    TYP_ORDER, TYP_PAY, name_commitment,
};
use yinxin_core::{
    AccountId, Action, CertificateId, CommandId, Currency, Digest, Millis, Minor, OrderId, PaymentKind,
    PaymentNumber, Serial, Stamp, Thumbprint,
};
use yinxin_pki::{CertificationRequest, FileSigner, Issuance, Jws, Profile, Signer};
use yinxin_store::desk::DeviceKind;
use yinxin_store::test_postgres::TestDatabase;
use zeroize::Zeroizing;

pub(super) const ORIGIN: &str = "http://localhost:8088";
pub(super) const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// 2026-11-23T00:00:00Z.
const START: i64 = 1_795_392_000_000;

/// A clock that stands still until a test moves it.
pub(super) struct TestClock {
    wall: AtomicI64,
    monotonic: AtomicI64,
}

impl TestClock {
    /// A clock that stands at `wall`.
    pub(super) fn at(wall: i64) -> Arc<Self> {
        Arc::new(Self { wall: AtomicI64::new(wall), monotonic: AtomicI64::new(0) })
    }

    pub(super) fn pass(&self, ms: i64) {
        self.wall.fetch_add(ms, Ordering::SeqCst);
        self.monotonic.fetch_add(ms, Ordering::SeqCst);
    }

    /// Somebody sets the wall clock.
    pub(super) fn jump(&self, ms: i64) {
        self.wall.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Millis {
        Millis(self.wall.load(Ordering::SeqCst))
    }
    fn monotonic_ms(&self) -> i64 {
        self.monotonic.load(Ordering::SeqCst)
    }
}

/// Keeps the messages that were sent.
#[derive(Default)]
pub(super) struct Tray(Mutex<Vec<SmsMessage>>);

impl SmsSender for Tray {
    fn send(&self, message: SmsMessage) -> Sending<'_> {
        self.0.lock().unwrap().push(message);
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Tray {
    fn last_code(&self) -> String {
        self.0.lock().unwrap().iter().rev().find_map(|message| message.code.clone()).unwrap()
    }
}

impl Closed {
    /// Each message that told of something, whoever it went to.
    pub(super) fn notices_sent(&self) -> usize {
        self.tray.0.lock().unwrap().iter().filter(|message| message.code.is_none()).count()
    }
}

/// Where the books of a test are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    Files,
    Postgres,
}

/// Makes each function a test on files and a test on PostgreSQL.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod on_files {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() { super::$name(crate::tests::world::Engine::Files).await; }
            )*
        }
        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() { super::$name(crate::tests::world::Engine::Postgres).await; }
            )*
        }
    };
}
pub(super) use on_both_engines;

/// One of the databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Journal,
    Views,
}

pub(super) struct World {
    pub(super) dir: TempDir,
    pub(super) clock: Arc<TestClock>,
    tray: Arc<Tray>,
    pub(super) wallet: Wallet,
    pub(super) database: Option<TestDatabase>,
}

/// A world whose wallet has ended.
pub(super) struct Closed {
    pub(super) dir: TempDir,
    pub(super) clock: Arc<TestClock>,
    pub(super) tray: Arc<Tray>,
    pub(super) database: Option<TestDatabase>,
}

/// The data directory, and the database where there is one.
fn home(dir: &TempDir, database: Option<&TestDatabase>) -> Home {
    Home::at(dir.path(), database.map(TestDatabase::url).as_deref()).unwrap()
}

fn setup(path: &Path) -> Setup {
    Setup {
        origin: ORIGIN.to_owned(),
        operator: "Test".to_owned(),
        stamp: Stamp::Demo,
        currency: Currency::CNY,
        time_zone: "Asia/Shanghai".to_owned(),
        template: Template::ClosedLoop,
        root_key: path.join("root.key"),
    }
}

impl Closed {
    /// A deployment that nobody has opened yet.
    pub(super) fn found(engine: Engine) -> Self {
        let database = (engine == Engine::Postgres).then(TestDatabase::new);
        let closed = Self { database, ..Self::empty(tempfile::tempdir().unwrap()) };
        closed.init(&closed.home()).unwrap();
        closed
    }

    /// No deployment yet.
    pub(super) fn empty(dir: TempDir) -> Self {
        Self { dir, clock: TestClock::at(START), tray: Arc::default(), database: None }
    }

    /// Another node's directory: the keys and authorities of this deployment, and nothing else.
    pub(super) fn twin(&self) -> Self {
        let (dir, from) = (tempfile::tempdir().unwrap(), self.dir.path());
        std::fs::copy(from.join("deployment.json"), dir.path().join("deployment.json")).unwrap();
        for name in ["keys", "ca"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
            copy_folder(&from.join(name), &dir.path().join(name));
        }
        Self { dir, clock: self.clock.clone(), tray: self.tray.clone(), database: None }
    }

    pub(super) fn home(&self) -> Home {
        home(&self.dir, self.database.as_ref())
    }

    pub(super) fn init(&self, home: &Home) -> Result<(), StartError> {
        let clock: Arc<dyn Clock> = self.clock.clone();
        Wallet::init(home.clone(), &setup(home.path()), &clock, &entropy()).map(drop)
    }

    pub(super) fn ports(&self) -> Ports {
        (self.clock.clone(), entropy(), self.tray.clone())
    }

    pub(super) fn open(&self, options: OpenOptions) -> Result<Wallet, StartError> {
        Wallet::open(self.home(), options, self.ports())
    }

    /// The same folder again, with a clock of its own.
    pub(super) fn copy(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        copy_folder(self.dir.path(), dir.path());
        let (wall, monotonic) = (self.clock.now().0, self.clock.monotonic_ms());
        let clock = TestClock { wall: AtomicI64::new(wall), monotonic: AtomicI64::new(monotonic) };
        Self { dir, clock: Arc::new(clock), tray: Arc::clone(&self.tray), database: None }
    }

    pub(super) fn with(self, wallet: Wallet) -> World {
        World { dir: self.dir, clock: self.clock, tray: self.tray, wallet, database: self.database }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub(super) fn options() -> OpenOptions {
    OpenOptions { stamp: Stamp::Demo, accept_clock: false }
}

/// What a wallet is opened with where there is no world around it.
pub(super) fn ports_at(clock: Arc<TestClock>) -> Ports {
    (clock, entropy(), Arc::new(Tray::default()))
}

fn entropy() -> Arc<dyn Entropy> {
    Arc::new(SystemEntropy)
}

impl World {
    pub(super) fn new() -> Self {
        Self::on(Engine::Files)
    }

    pub(super) fn on(engine: Engine) -> Self {
        let closed = Closed::found(engine);
        let wallet = closed.open(options()).unwrap();
        closed.with(wallet)
    }

    pub(super) fn home(&self) -> Home {
        home(&self.dir, self.database.as_ref())
    }

    /// Changes rows behind the wallet's back.
    pub(super) fn tamper(&self, part: Part, sql: &str) {
        if let Some(database) = &self.database {
            let schema = match part {
                Part::Journal => "journal",
                Part::Views => "views_2",
            };
            database.execute(&format!("SET search_path = {schema}; {sql}")).unwrap();
            return;
        }
        assert_eq!(part, Part::Views, "the journal of files is no database");
        let file = crate::DataDir::create(self.dir.path()).unwrap().views();
        rusqlite::Connection::open(file).unwrap().execute_batch(sql).unwrap();
    }

    /// What another wallet in this world is opened with.
    pub(super) fn ports(&self) -> Ports {
        (self.clock.clone(), entropy(), self.tray.clone())
    }

    /// Another wallet of this world: the same clock, the same text messages.
    pub(super) fn with_another(&self, wallet: Wallet) -> Self {
        let (clock, tray) = (self.clock.clone(), self.tray.clone());
        Self { dir: tempfile::tempdir().unwrap(), clock, tray, wallet, database: None }
    }

    /// Ends the wallet, so that its folder can be opened again.
    pub(super) async fn close(self) -> Closed {
        let Self { dir, clock, tray, wallet, database } = self;
        let last = Arc::downgrade(&wallet.inner);
        drop(wallet);
        while last.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
        // The last owner may still be dropping it on another thread: the directory is free when its lock is.
        while DataDir::at(dir.path()).lock().is_err() {
            tokio::task::yield_now().await;
        }
        // Writer and projector end on threads of their own. SQLite takes the log beside a file away with its last connection.
        let logs = ["views.db-wal", "desk.db-wal"].map(|name| dir.path().join(name));
        let lock = std::fs::File::open(DataDir::at(dir.path()).journal().join("lock")).ok();
        let is_held = || lock.as_ref().is_some_and(|lock| lock.try_lock().is_err());
        while logs.iter().any(|log| log.exists()) || is_held() {
            tokio::task::yield_now().await;
        }
        Closed { dir, clock, tray, database }
    }

    /// A person with `amount` in the account, on a phone with an active certificate that is past its protection.
    pub(super) async fn phone(&self, phone: &str, amount: u64) -> Phone {
        let wallet = &self.wallet;
        self.clock.pass(61_000);
        wallet.request_code(phone, Some(DeviceKind::Android), ADDRESS).await.unwrap();
        let visitor = Visitor { address: ADDRESS, device_token: None };
        let form = Registration {
            phone: phone.to_owned(),
            code: self.tray.last_code(),
            password: Password::new("correct horse 77".to_owned()),
            name: "林小满".to_owned(),
            device: DeviceKind::Android,
        };
        let intention = Digest::from_bytes(random(&SystemEntropy));
        let session = wallet.register(&visitor, intention, form).await.unwrap().session;
        let enrolment = wallet.begin_enrolment(&session, None).await.unwrap();
        let signer = FileSigner::generate(&random(&SystemEntropy)).unwrap();
        let (device_key, pin_mac) = (random::<32>(&SystemEntropy), random::<32>(&SystemEntropy));
        let form = CertificateRequest {
            csr: CertificationRequest::create(&signer).unwrap(),
            device_name: "Test phone".to_owned(),
            custody: CustodyOffer::Pin {
                device_key: Zeroizing::new(device_key),
                pin_mac: Zeroizing::new(pin_mac),
            },
        };
        let issued = wallet.request_certificate(&session, enrolment.id, &form).await.unwrap();
        let again = wallet.request_certificate(&session, enrolment.id, &form).await.unwrap();
        assert_eq!(issued.certificate.id, again.certificate.id, "a repeated request is one certificate");
        let certificate = yinxin_pki::Certificate::parse(&issued.chain[0]).unwrap();
        let phone = Phone {
            session,
            certificate: issued.certificate.id,
            thumbprint: certificate.thumbprint(),
            signer,
            device_key,
            pin_mac,
        };
        let text = CertificateText {
            audience: ORIGIN.to_owned(),
            purpose: CertificatePurpose::Activate { tap: true },
            certificate: phone.certificate,
            challenge: Digest::from_bytes(issued.challenge),
        };
        let signed = phone.sign(TYP_CERTIFICATE, self.wallet.now(), &text.to_bytes());
        wallet.activate(&phone.session, enrolment.id, &signed).await.unwrap();
        self.fund(&phone, amount).await;
        self.clock.pass(Millis::DAY + 1_000);
        phone
    }

    /// The code of the last text message.
    pub(super) fn last_code(&self) -> String {
        self.tray.last_code()
    }

    pub(super) async fn fund(&self, phone: &Phone, amount: u64) {
        if amount > 0 {
            let id = CommandId::from_bytes(random(&SystemEntropy));
            self.wallet.top_up(&phone.session, id, Minor::new(amount).unwrap()).await.unwrap();
        }
    }

    /// A further device of the same person; enrolment itself gives a person one.
    pub(super) async fn another_device(&self, phone: &Phone) -> Phone {
        let signer = FileSigner::generate(&random(&SystemEntropy)).unwrap();
        let certificate = CertificateId::from_bytes(random(&SystemEntropy));
        let mut serial = random::<16>(&SystemEntropy);
        serial[0] = serial[0] & 0x7f | 0x40;
        let now = self.wallet.now();
        let issuer = self.wallet.inner.authority.payment();
        let prepared = issuer
            .prepare(&Issuance {
                profile: Profile::Payment,
                serial: yinxin_pki::Serial::from_random(serial),
                subject_id: &phone.session.account.to_string(),
                key: &signer.public_key().unwrap(),
                not_before_ms: now.plus(-60_000).0,
                not_after_ms: now.plus(300 * Millis::DAY).0,
            })
            .unwrap();
        self.wallet
            .submit_own(Action::RequestCertificate {
                certificate,
                person: phone.session.person,
                serial: Serial::from_bytes(serial),
                to_be_signed: Digest::from_bytes(prepared.digest()),
                custody: yinxin_core::certificate::Custody::Software,
                not_before: now.plus(-60_000),
                not_after: now.plus(300 * Millis::DAY),
                first_seq: 10,
                first_prev: Digest::from_bytes([1; 32]),
            })
            .await
            .unwrap();
        let signed = issuer.sign(prepared).unwrap();
        let thumbprint = Thumbprint::from_bytes(signed.thumbprint());
        let id = CommandId::from_bytes(random(&SystemEntropy));
        let action = Action::RecordIssued { certificate, thumbprint };
        let evidence = signed.der().to_vec();
        self.wallet.inner.writer.submit(yinxin_core::Command { id, action, evidence }).await.unwrap();
        self.wallet.submit_own(Action::Activate { certificate }).await.unwrap();
        Phone {
            session: phone.session.clone(),
            certificate,
            thumbprint: signed.thumbprint(),
            signer,
            device_key: phone.device_key,
            pin_mac: phone.pin_mac,
        }
    }

    /// The sum of all balances and everybody's own, by id.
    pub(super) fn balances(&self) -> Vec<i64> {
        self.wallet.inner.writer.book(|book| {
            book.check().unwrap();
            book.accounts().map(|(_, account)| account.balance).collect()
        })
    }

    /// What the statement of each person and merchant adds up to, by account.
    pub(super) fn statements(&self) -> Vec<i64> {
        let holders = self.holders();
        let of = |account: AccountId| {
            let (mut sum, mut before) = (0, None);
            loop {
                let (rows, next) = self.wallet.lines(account, before, 1_000).unwrap();
                for row in rows.iter().filter(|row| row.code.is_none()) {
                    let paid = (row.payer == account).then_some(row.amount.get() + row.fee.get());
                    let received = (row.payee == account).then_some(row.amount.get());
                    sum += i64::try_from(received.unwrap_or(0)).unwrap();
                    sum -= i64::try_from(paid.unwrap_or(0)).unwrap();
                }
                before = next;
                if before.is_none() {
                    return sum;
                }
            }
        };
        holders.into_iter().map(|(account, _)| of(account)).collect()
    }

    /// The accounts of people and merchants with their balances, by id.
    pub(super) fn holders(&self) -> Vec<(AccountId, i64)> {
        self.wallet.inner.writer.book(|book| {
            let accounts = book.accounts();
            let holders =
                accounts.filter(|(_, account)| !matches!(account.owner, Owner::Issuance | Owner::Fees));
            holders.map(|(id, account)| (*id, account.balance)).collect()
        })
    }

    pub(super) fn balance(&self, account: AccountId) -> i64 {
        self.wallet.inner.writer.book(|book| book.account(&account).unwrap().balance)
    }
}

/// A phone: a session, a certificate and its key.
pub(super) struct Phone {
    pub(super) session: SessionContext,
    pub(super) certificate: CertificateId,
    pub(super) thumbprint: [u8; 32],
    pub(super) signer: FileSigner,
    pub(super) device_key: [u8; 32],
    pub(super) pin_mac: [u8; 32],
}

impl Phone {
    pub(super) fn sign(&self, typ: &str, issued: Millis, payload: &[u8]) -> SignedText {
        let jws =
            Jws::sign(&self.signer as &dyn Signer, typ, issued.seconds(), &self.thumbprint, payload).unwrap();
        SignedText {
            protected: jws.protected_part().to_owned(),
            payload: jws.payload_part().to_owned(),
            signature: jws.signature_part(),
        }
    }

    /// A transfer of `amount` to a person, as this phone would write it now.
    pub(super) fn text(&self, world: &World, payee: AccountId, amount: u64) -> (PayText, Disclosure) {
        let (seq, prev) = world.wallet.inner.writer.book(|book| {
            let last = book.certificate(&self.certificate).unwrap().last;
            (last.seq + 1, last.hash)
        });
        let shown =
            world.wallet.payee(payee).unwrap().map_or("林*满".to_owned(), |payee| payee.display_name);
        let opening = Disclosure { salt: random(&SystemEntropy), text: shown };
        let text = PayText {
            audience: ORIGIN.to_owned(),
            number: PaymentNumber::from_bytes(random(&SystemEntropy)),
            seq,
            prev,
            kind: PaymentKind::Transfer,
            payer: self.session.account,
            payee,
            payee_name: PayeeName::Person(name_commitment(&opening.salt, &opening.text)),
            currency: Currency::CNY,
            amount: Minor::new(amount).unwrap(),
            fee: Minor::ZERO,
            order: None,
            memo: None,
            expires: Millis::from_seconds(world.wallet.now().seconds()).plus(120_000),
        };
        (text, opening)
    }

    pub(super) fn seal(&self, world: &World, text: &PayText, opening: Disclosure) -> NewPayment {
        NewPayment {
            authorisation: self.sign(
                TYP_PAY,
                Millis::from_seconds(world.wallet.now().seconds()),
                &text.to_bytes(),
            ),
            payee_name: Some(opening),
            memo: None,
            verification: None,
        }
    }

    pub(super) fn transfer(&self, world: &World, payee: AccountId, amount: u64) -> NewPayment {
        let (text, opening) = self.text(world, payee, amount);
        self.seal(world, &text, opening)
    }

    /// Proves the PIN for this payment.
    pub(super) async fn verify(&self, world: &World, mut payment: NewPayment) -> NewPayment {
        let jws = payment.authorisation.read(TYP_PAY).unwrap();
        let proof = PinProof {
            device_key: Zeroizing::new(self.device_key),
            pin_mac: Zeroizing::new(self.pin_mac),
            text_hash: Some(Digest::from_bytes(jws.signing_input_hash())),
        };
        world.wallet.prove_pin(&self.session, self.certificate, &proof).await.unwrap();
        payment.verification = Some(VerificationProof::Pin);
        payment
    }

    pub(super) async fn wrong_pin(&self, world: &World) -> WalletError {
        let proof = PinProof {
            device_key: Zeroizing::new(self.device_key),
            pin_mac: Zeroizing::new([0; 32]),
            text_hash: None,
        };
        world.wallet.prove_pin(&self.session, self.certificate, &proof).await.err().unwrap()
    }
}

/// The outcome's code; none when it was posted.
pub(super) fn code(outcome: &Result<Acceptance, WalletError>) -> Option<&'static str> {
    match outcome {
        Ok(acceptance) => acceptance.refusal.as_ref().map(yinxin_core::Refusal::code),
        Err(error) => Some(error.code()),
    }
}

pub(super) fn order_id() -> OrderId {
    OrderId::from_bytes(random(&SystemEntropy))
}

/// An order of the shop, and its compact text.
pub(super) fn order_text(world: &World, shop: &MerchantCredentials, amount: u64) -> (OrderText, String) {
    let text = OrderText {
        audience: ORIGIN.to_owned(),
        id: order_id(),
        merchant: shop.merchant,
        account: shop.account,
        name: shop.name.clone(),
        currency: Currency::CNY,
        amount: Minor::new(amount).unwrap(),
        items: vec![OrderItem {
            name: "龙井".to_owned(), quantity: 1, amount: Minor::new(amount).unwrap()
        }],
        expires: Millis::from_seconds(world.wallet.now().seconds()).plus(300_000),
        return_url: "http://localhost:8089/orders/1".to_owned(),
        verification_required: false,
    };
    let signer = FileSigner::from_pkcs8_pem(shop.signing_key.expose()).unwrap();
    let thumbprint = yinxin_pki::Certificate::parse(&shop.certificate).unwrap().thumbprint();
    let jws =
        Jws::sign(&signer, TYP_ORDER, world.wallet.now().seconds(), &thumbprint, &text.to_bytes()).unwrap();
    (text, jws.to_compact())
}
