//! A deployment in memory: authorities, a merchant, a log. It records what it is sent, honestly or not.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use yinxin_client::signing::{self, SignedText};
use yinxin_client::{DeviceKey, Holding};
use yinxin_core::codec::Codec;
use yinxin_core::text::{OrderItem, OrderText, PayText, TYP_ORDER, TYP_PAY};
use yinxin_core::{
    AccountId, Body, CertificateId, Currency, Day, Digest, Facts, MerchantId, Millis, Minor, OrderId,
    Outcome, PaymentFacts, PaymentKind, VerificationLevel,
};
use yinxin_pki::ceremony::{Ceremony, CeremonyInput, Stamp, perform};
use yinxin_pki::{
    Certificate, FileSigner, Issuance, Issuer, Jws, LogKey, Profile, PublicKey, Serial, Signer,
};
use yinxin_tlog::{
    Checkpoint, TileSource, Tree, VerifierKey, consistency_proof, inclusion_proof, leaf_entry,
};

/// What the server does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    /// Nothing.
    None,
    /// Records the payment and loses the first answer.
    LosesFirstAnswer,
    /// Never sees a payment.
    NeverAnswers,
    /// Refuses without a record.
    RefusesUnrecorded,
    /// Records a refusal.
    RefusesRecorded,
    /// Records another amount.
    OtherAmount,
    /// Records another payee.
    OtherPayee,
    /// Records the hash of another text.
    OtherText,
    /// Answers with a record that is not in the tree.
    NotInLog,
    /// Answers another index.
    OtherIndex,
    /// Signs the checkpoint with another key.
    OtherLogKey,
    /// Tells a history that began differently.
    OtherHistory,
    /// Quotes another payee.
    QuotesOtherPayee,
    /// Quotes a place in the chain that this device does not know.
    QuotesOtherChain,
    /// Shows an order with another amount than the merchant signed.
    ShowsOtherAmount,
    /// Shows an order signed by somebody else.
    OrderByStranger,
    /// Shows an order whose merchant certificate is for payments.
    OrderByPerson,
}

pub(crate) const NOW: Millis = Millis(1_764_000_000_000);
pub(crate) const PAYER: AccountId = AccountId::from_bytes([1; 10]);
pub(crate) const FRIEND: AccountId = AccountId::from_bytes([2; 10]);
pub(crate) const SHOP: AccountId = AccountId::from_bytes([3; 10]);
pub(crate) const ORDER: OrderId = OrderId::from_bytes([4; 10]);
const CERTIFICATE: CertificateId = CertificateId::from_bytes([5; 10]);
const MERCHANT: MerchantId = MerchantId::from_bytes([6; 6]);
const SHOP_NAME: &str = "山间茶铺";

/// No tile is ever full here.
struct NoTiles;

impl TileSource for NoTiles {
    type Error = Infallible;
    fn tile(&self, _: u8, _: u64) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(None)
    }
}

pub(crate) struct Books {
    pub(crate) lie: Lie,
    /// The bodies of `POST payments`, as received.
    pub(crate) received: Vec<String>,
    pub(crate) voided: Vec<String>,
    tree: Tree,
    seq: u64,
    prev: Digest,
    recorded: HashMap<String, Value>,
}

pub(crate) struct World {
    pub(crate) origin: String,
    pub(crate) root: Certificate,
    payment_ca: Certificate,
    payer: Mutex<Option<Certificate>>,
    issuer: Issuer,
    merchant: Certificate,
    merchant_ca: Certificate,
    merchant_key: Arc<FileSigner>,
    log: LogKey,
    books: Mutex<Books>,
}

fn signer(seed: u8) -> Arc<FileSigner> {
    Arc::new(FileSigner::generate(&[seed; 32]).unwrap())
}

fn public(signer: &FileSigner) -> PublicKey {
    PublicKey::from_spki_der(signer.spki()).unwrap()
}

fn serial(byte: u8) -> Serial {
    Serial::from_random([byte; 16])
}

fn issue(
    issuer: &Issuer,
    profile: Profile<'_>,
    subject_id: &str,
    key: &PublicKey,
    number: u8,
) -> Certificate {
    let day = Millis::DAY;
    let issuance = Issuance {
        profile,
        serial: serial(number),
        subject_id,
        key,
        not_before_ms: NOW.plus(-day / 24).0,
        not_after_ms: NOW.plus(30 * day).0,
    };
    issuer.sign(issuer.prepare(&issuance).unwrap()).unwrap()
}

impl World {
    /// Starts the deployment on a free port of this machine.
    pub(crate) async fn start(lie: Lie) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let (root_key, payment_key, merchant_ca_key, merchant_key) =
            (signer(1), signer(2), signer(3), signer(4));
        let Ceremony { root, payment, merchant: merchant_ca, .. } = perform(&CeremonyInput {
            operator: "Test",
            origin: &origin,
            stamp: Stamp::Demo,
            now_ms: NOW.plus(-2 * Millis::DAY).0,
            serials: [serial(10), serial(11), serial(12)],
            root: root_key.as_ref(),
            payment_key: &public(&payment_key),
            merchant_key: &public(&merchant_ca_key),
        })
        .unwrap();
        let issuer = Issuer::new(payment_key, payment.clone(), &origin).unwrap();
        let merchants = Issuer::new(merchant_ca_key, merchant_ca.clone(), &origin).unwrap();
        let profile = Profile::Merchant { name: SHOP_NAME };
        let merchant = issue(&merchants, profile, &MERCHANT.to_string(), &public(&merchant_key), 20);
        let mut tree = Tree::new();
        tree.push(&[u8::from(lie == Lie::OtherHistory); 33]);
        let books = Books {
            lie,
            received: Vec::new(),
            voided: Vec::new(),
            tree,
            seq: 41,
            prev: Digest::from_bytes([9; 32]),
            recorded: HashMap::new(),
        };
        let world = Arc::new(Self {
            origin,
            root,
            payment_ca: payment,
            payer: Mutex::default(),
            issuer,
            merchant,
            merchant_ca,
            merchant_key,
            log: LogKey::from_seed(&[7; 32]).unwrap(),
            books: Mutex::new(books),
        });
        let app = router().with_state(world.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        world
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A device key with a certificate of this deployment.
    pub(crate) fn device_key(&self) -> DeviceKey {
        let mut key = DeviceKey::generate().unwrap();
        let public = PublicKey::from_spki_der(key.spki()).unwrap();
        let leaf = issue(&self.issuer, Profile::Payment, &PAYER.to_string(), &public, 21);
        let chain = [&leaf, &self.payment_ca, &self.root].map(|certificate| certificate.der().to_vec());
        let holding = Holding {
            id: CERTIFICATE,
            chain,
            origin: self.origin.clone(),
            log_key: self.log_key().to_string(),
        };
        key.hold(holding, &PAYER.to_string(), NOW).unwrap();
        *self.payer.lock().unwrap() = Some(leaf);
        key
    }

    pub(crate) fn payer_certificate(&self) -> Certificate {
        self.payer.lock().unwrap().clone().unwrap()
    }

    /// The merchant's certificate and key.
    pub(crate) fn merchant(&self) -> (&Certificate, Box<dyn Signer>) {
        (&self.merchant, Box::new(FileSigner::generate(&[4; 32]).unwrap()))
    }

    fn log_name(&self) -> String {
        format!("{}/log", self.origin.trim_start_matches("http://"))
    }

    fn log_key(&self) -> VerifierKey {
        VerifierKey::new(&self.log_name(), self.log.public()).unwrap()
    }

    fn checkpoint(&self, books: &Books) -> String {
        let text = Checkpoint { origin: self.log_name(), size: books.tree.size(), root: books.tree.root() }
            .to_string();
        let stranger = LogKey::from_seed(&[8; 32]).unwrap();
        let key = if books.lie == Lie::OtherLogKey { &stranger } else { &self.log };
        yinxin_tlog::sign(&text, &self.log_name(), self.log_key().id(), |bytes| key.sign(bytes)).unwrap()
    }

    fn order(&self, lie: Lie) -> (SignedText, Certificate) {
        let amount = Minor::new(1_200).unwrap();
        let text = OrderText {
            audience: self.origin.clone(),
            id: ORDER,
            merchant: MERCHANT,
            account: SHOP,
            name: SHOP_NAME.to_owned(),
            currency: Currency::CNY,
            amount,
            items: vec![OrderItem { name: "茉莉花茶".to_owned(), quantity: 1, amount }],
            expires: NOW.plus(300_000),
            return_url: "http://localhost:8089/".to_owned(),
            verification_required: false,
        };
        let certificate =
            if lie == Lie::OrderByPerson { self.payer_certificate() } else { self.merchant.clone() };
        let stranger = signer(99);
        let key = if lie == Lie::OrderByStranger { &stranger } else { &self.merchant_key };
        let header = signing::header(TYP_ORDER, NOW.seconds(), &certificate.thumbprint());
        (signing::sign(key.as_ref(), &header, &text.to_bytes()).unwrap(), certificate)
    }

    /// Records an authorisation and answers with its proof.
    fn record(&self, books: &mut Books, body: &Value) -> Value {
        let signed: SignedText = serde_json::from_value(body["authorisation"].clone()).unwrap();
        let jws = Jws::from_parts(&signed.protected, &signed.payload, &signed.signature, TYP_PAY).unwrap();
        jws.verify(self.payer_certificate().public_key()).unwrap();
        let text = PayText::parse(jws.payload()).unwrap();
        if let Some(known) = books.recorded.get(&text.number.to_string()) {
            return known.clone();
        }
        assert_eq!((text.seq, text.prev), (books.seq + 1, books.prev), "the chain goes on");
        let refused = books.lie == Lie::RefusesRecorded;
        let payment = PaymentFacts {
            number: text.number,
            certificate: CERTIFICATE,
            seq: text.seq,
            hash: if books.lie == Lie::OtherText { Digest::from_bytes([0; 32]) } else { signed.hash() },
            kind: text.kind,
            payer: text.payer,
            payee: if books.lie == Lie::OtherPayee { PAYER } else { text.payee },
            amount: if books.lie == Lie::OtherAmount { Minor::new(9_900).unwrap() } else { text.amount },
            fee: text.fee,
            order: (text.kind == PaymentKind::Pay).then_some(ORDER),
            order_expires: None,
            outcome: if refused {
                Outcome::Refused { refusal: yinxin_core::Refusal::PayeeUnknown }
            } else {
                Outcome::Posted { level: VerificationLevel::C }
            },
        };
        let body = Body::Payment { payment };
        let facts =
            Facts { at: NOW, day: Day(20_000), policy: 1, command: None, previous: vec![0], body }.to_bytes();
        let (opening, digest) = ([11; 32], [12; 32]);
        let leaf = leaf_entry(&opening, if books.lie == Lie::NotInLog { b"other" } else { &facts }, &digest);
        let index = books.tree.push(&leaf);
        (books.seq, books.prev) = (text.seq, signed.hash());
        let answer = self.acceptance(books, &text, index, &facts, &opening, &digest);
        books.recorded.insert(text.number.to_string(), answer.clone());
        answer
    }

    fn acceptance(
        &self,
        books: &Books,
        text: &PayText,
        index: u64,
        facts: &[u8],
        opening: &[u8; 32],
        digest: &[u8; 32],
    ) -> Value {
        let proof = inclusion_proof(&books.tree, &NoTiles, index, books.tree.size()).unwrap();
        let proof: Vec<String> = proof.iter().map(|hash| BASE64URL_NOPAD.encode(hash.as_bytes())).collect();
        let refused = books.lie == Lie::RefusesRecorded;
        let index = if books.lie == Lie::OtherIndex { index - 1 } else { index };
        json!({
            "payment": {
                "number": text.number.to_string(), "kind": "transfer", "direction": "out",
                "outcome": if refused { "refused" } else { "posted" },
                "code": if refused { json!("payment.payee_unknown") } else { Value::Null },
                "amount": amount(text.amount.get()), "fee": amount(0),
                "counterparty": { "account": text.payee.to_string(), "name": "林*", "kind": "person" },
                "memo": null, "order": null, "certificate": CERTIFICATE.to_string(), "device_name": "x",
                "level": "C", "at": "2025-11-24T16:00:00.000Z", "index": index,
            },
            "index": index, "record": BASE64URL_NOPAD.encode(facts),
            "evidence_digest": BASE64URL_NOPAD.encode(digest), "opening": BASE64URL_NOPAD.encode(opening),
            "salt": BASE64URL_NOPAD.encode(&[13; 32]), "checkpoint": self.checkpoint(books), "proof": proof,
            "balance": amount(5_000),
        })
    }
}

fn amount(minor: u64) -> Value {
    json!({ "minor": minor, "currency": "CNY" })
}

fn payee(account: &str, lie: Lie) -> Value {
    let shop = account == SHOP.to_string();
    let name = if lie == Lie::QuotesOtherPayee {
        "王*"
    } else if shop {
        SHOP_NAME
    } else {
        "林*"
    };
    let kind = if shop { "merchant" } else { "person" };
    json!({ "account": account, "kind": kind, "display_name": name, "name_state": "self_declared", "verified": shop })
}

fn problem(status: u16, code: &str, acceptance: Option<Value>) -> Response {
    let mut body = json!({
        "type": code, "status": status, "code": code, "money_moved": false, "reference": "r", "params": {},
    });
    if let Some(acceptance) = acceptance {
        body["acceptance"] = acceptance;
    }
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

type Shared = State<Arc<World>>;

fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/api/v1/deployment", get(deployment))
        .route("/api/v1/quotes", post(quote))
        .route("/api/v1/payees/find", post(find))
        .route("/api/v1/payments", post(pay))
        .route("/api/v1/payments/{number}", get(payment))
        .route("/api/v1/payments/{number}/void", post(void))
        .route("/api/v1/merchant", get(merchant))
        .route("/api/v1/orders", post(create_order))
        .route("/api/v1/orders/{id}", get(order))
        .route("/api/v1/orders/{id}/events", get(order_events))
        .route("/api/v1/orders/{id}/cancellation", post(cancel_order))
        .route("/api/v1/log/consistency", get(consistency))
        .route("/api/v1/certificates/{id}/pin-proofs", post(pin))
}

async fn deployment(State(world): Shared) -> Json<Value> {
    Json(json!({
        "origin": world.origin, "name": "Test", "stamp": "demo", "version": "0", "min_version": "0",
        "time_zone": "Asia/Shanghai", "now": "2025-11-24T16:00:00.000Z", "currency": { "code": "CNY", "exponent": 2 },
        "limits": { "tap_each": 20000, "tap_day": 1, "verified_day": 1, "protection_each": 1, "protection_day": 1, "balance": 1 },
        "log": { "name": world.log_name(), "key": world.log_key().to_string() },
    }))
}

async fn find(Json(body): Json<Value>) -> Json<Value> {
    Json(payee(body["query"].as_str().unwrap(), Lie::None))
}

async fn quote(State(world): Shared, Json(body): Json<Value>) -> Json<Value> {
    let books = world.books();
    let account = body["payee"].as_str().map_or_else(|| SHOP.to_string(), str::to_owned);
    let ahead = if books.lie == Lie::QuotesOtherChain { 5 } else { 0 };
    let level = if body["amount"].as_u64() > Some(20_000) { "verified" } else { "tap" };
    Json(json!({
        "iat": NOW.seconds(), "exp": NOW.seconds() + 120, "seq": books.seq + 1 + ahead, "prev": books.prev.to_string(),
        "fee": amount(0), "level": level, "payee": payee(&account, books.lie), "account": PAYER.to_string(),
        "balance": amount(5_000), "refusal": null, "refusal_params": null,
    }))
}

async fn pay(State(world): Shared, text: String) -> Response {
    let mut books = world.books();
    books.received.push(text.clone());
    let body: Value = serde_json::from_str(&text).unwrap();
    let first = books.received.len() == 1;
    if books.lie == Lie::NeverAnswers {
        return problem(503, "service.busy", None);
    }
    if books.lie == Lie::RefusesUnrecorded {
        return problem(422, "payment.fee_mismatch", None);
    }
    let acceptance = world.record(&mut books, &body);
    if books.lie == Lie::LosesFirstAnswer && first {
        problem(503, "payment.result_pending", None)
    } else if books.lie == Lie::RefusesRecorded {
        problem(422, "payment.payee_unknown", Some(acceptance))
    } else {
        (StatusCode::CREATED, Json(acceptance)).into_response()
    }
}

async fn payment(State(world): Shared, Path(number): Path<String>) -> Response {
    match world.books().recorded.get(&number) {
        Some(acceptance) => Json(acceptance.clone()).into_response(),
        None => problem(404, "payment.unseen", None),
    }
}

async fn void(State(world): Shared, Path(number): Path<String>) -> Json<Value> {
    world.books().voided.push(number);
    Json(json!({ "state": "voided" }))
}

async fn pin() -> Json<Value> {
    Json(json!({ "share": BASE64URL_NOPAD.encode(&[0; 32]) }))
}

async fn order(State(world): Shared) -> Json<Value> {
    let lie = world.books().lie;
    let (signed, certificate) = world.order(lie);
    let shown = if lie == Lie::ShowsOtherAmount { 200 } else { 1_200 };
    Json(json!({
        "id": ORDER.to_string(), "state": "open", "jws": signed.to_compact(), "hash": signed.hash().to_string(),
        "merchant": {
            "id": MERCHANT.to_string(), "account": SHOP.to_string(), "name": SHOP_NAME, "verified": true,
            "certificate": BASE64URL_NOPAD.encode(certificate.der()),
            "issuer": BASE64URL_NOPAD.encode(world.merchant_ca.der()),
        },
        "amount": amount(shown), "items": [], "expires_at": "x", "qr": "x", "app_link": "x", "return_url": "x", "now": "x",
    }))
}

/// The key that the merchant's requests carry.
pub(crate) const MERCHANT_KEY: &str = "merchant-key";

fn is_merchant(headers: &HeaderMap) -> bool {
    headers.get("authorization").is_some_and(|value| value == &format!("Bearer {MERCHANT_KEY}"))
}

async fn merchant(headers: HeaderMap) -> Response {
    if !is_merchant(&headers) {
        return problem(401, "merchant.unauthorised", None);
    }
    let id = MERCHANT.to_string();
    let body = json!({ "id": id, "account": SHOP.to_string(), "name": SHOP_NAME, "verified": true, "balance": amount(0) });
    Json(body).into_response()
}

async fn create_order(State(world): Shared, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let jws = Jws::parse_compact(body["jws"].as_str().unwrap(), TYP_ORDER).unwrap();
    jws.verify(world.merchant.public_key()).unwrap();
    let text = OrderText::parse(jws.payload()).unwrap();
    if !is_merchant(&headers) || headers["idempotency-key"] != *text.id.to_string() {
        return problem(401, "merchant.unauthorised", None);
    }
    let mut view = order(State(world)).await.0;
    view["id"] = json!(text.id.to_string());
    view["hash"] = json!(BASE64URL_NOPAD.encode(&jws.signing_input_hash()));
    view["amount"] = amount(text.amount.get());
    view["checkout_url"] = json!("http://localhost/checkout");
    (StatusCode::CREATED, Json(view)).into_response()
}

async fn cancel_order(State(world): Shared) -> Json<Value> {
    let mut view = order(State(world)).await.0;
    view["state"] = json!("cancelled");
    Json(view)
}

async fn order_events() -> Response {
    let events =
        ": here\n\nevent: order\ndata: {\"state\":\"open\"}\n\nevent: order\ndata: {\"state\":\"paid\"}\n\n";
    ([("content-type", "text/event-stream")], events).into_response()
}

async fn consistency(State(world): Shared, Query(sizes): Query<HashMap<String, u64>>) -> Json<Value> {
    let proof = consistency_proof(&world.books().tree, &NoTiles, sizes["old"], sizes["new"]).unwrap();
    let proof: Vec<String> = proof.iter().map(|hash| BASE64URL_NOPAD.encode(hash.as_bytes())).collect();
    Json(json!({ "proof": proof }))
}
