//! The routes over a real wallet in a temporary directory.

use super::*;
use crate::adapters::sms_tray::SmsTray;
use crate::api::document::{document, operations};
use crate::app::{Demo, Parts};
use crate::door::guard::Site;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt as _;
use utoipa::openapi::HttpMethod;
use yinxin_core::policy::Template;
use yinxin_core::{Currency, Stamp};
use yinxin_wallet::port::{Clock, Entropy, SystemClock, SystemEntropy};
use yinxin_wallet::{OpenOptions, Setup, Wallet};

const ORIGIN: &str = "http://localhost:8088";

struct Deployment {
    router: Router,
    tray: Arc<SmsTray>,
    _folder: TempDir,
    _stop: watch::Sender<bool>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Deployment {
    fn start(stamp: Stamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let setup = Setup {
            origin: ORIGIN.to_owned(),
            operator: "Test".to_owned(),
            stamp,
            currency: Currency::CNY,
            time_zone: "Asia/Shanghai".to_owned(),
            template: Template::ClosedLoop,
            root_key: folder.path().join("root.pem"),
        };
        Wallet::init(&path, &setup, &clock, &entropy).unwrap();
        let tray = SmsTray::new(Arc::clone(&clock));
        let options = OpenOptions { stamp, accept_clock: false };
        let wallet = Wallet::open(&path, options, (clock, entropy, tray.clone())).unwrap();
        let (sender, stop) = watch::channel(false);
        let shop_url = "http://localhost:8089/".to_owned();
        let app = App::new(Parts {
            site: Site::new(ORIGIN, Currency::CNY),
            wallet,
            demo: (stamp == Stamp::Demo).then(|| Demo { tray: tray.clone(), shop_url }),
            lan_root: None,
            behind_proxy: false,
            stop,
        });
        Self { router: router(&app, None), tray, _folder: folder, _stop: sender }
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(HOST, "localhost:8088");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn post(&self, path: &str, key: &str, cookie: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, &[("idempotency-key", key), (COOKIE.as_str(), cookie)], Some(body)).await
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.ask(Method::GET, path, &[(COOKIE.as_str(), cookie)], None).await
    }

    /// Registers a person; answers the cookies.
    async fn register(&self) -> String {
        let sms = json!({"phone": "13800138000", "purpose": "register"});
        let sent = self.post("/api/v1/sms-codes", "sms", "", sms).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
        let code = self.tray.messages()[0].message.code.clone();
        let form = json!({"phone": "13800138000", "code": code, "password": "correct horse 9", "name": "林小满", "device_kind": "android"});
        let registered = self.post("/api/v1/people", "person", "", form).await;
        assert_eq!(registered.status, StatusCode::CREATED, "{}", registered.body);
        assert_eq!(registered.body["name"], "林小满");
        registered.cookies()
    }
}

impl Answer {
    fn cookies(&self) -> String {
        let lines = self.headers.get_all(SET_COOKIE).iter().map(|line| line.to_str().unwrap());
        lines.map(|line| line.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
    }

    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// Who may call each operation: read from the router, compared with what was decided.
#[test]
fn the_table_of_who_may_is_what_the_router_says() {
    let mut table = String::new();
    for (path, item) in &document().paths.paths {
        for (method, operation) in operations(item) {
            let who = operation.security.as_ref().map_or("everybody".to_owned(), |security| {
                let value = serde_json::to_value(security).unwrap();
                value[0].as_object().unwrap().keys().next().unwrap().clone()
            });
            let _ = writeln!(table, "{who:9} {} {path}", name(&method));
        }
    }
    let mut lines: Vec<_> = table.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines.join("\n"), WHO_MAY.trim());
}

const WHO_MAY: &str = "
everybody GET /api/v1/demo/sms
everybody GET /api/v1/demo/state
everybody GET /api/v1/deployment
everybody GET /api/v1/log/checkpoint
everybody GET /api/v1/log/consistency
everybody GET /api/v1/orders/{id}
everybody GET /api/v1/orders/{id}/events
everybody GET /healthz
everybody GET /pki/ocsp/{request}
everybody GET /pki/{file}
everybody POST /api/v1/kit-challenges
everybody POST /api/v1/kit-suspensions
everybody POST /api/v1/people
everybody POST /api/v1/sessions
everybody POST /api/v1/sessions/passkey-challenges
everybody POST /api/v1/sms-codes
everybody POST /api/v1/suspensions
everybody POST /pki/ocsp
merchant  GET /api/v1/merchant
merchant  POST /api/v1/orders
merchant  POST /api/v1/orders/{id}/cancellation
session   DELETE /api/v1/devices
session   DELETE /api/v1/devices/{id}
session   DELETE /api/v1/me/password-reminder
session   DELETE /api/v1/sessions/current
session   GET /api/v1/certificates
session   GET /api/v1/certificates/{id}
session   GET /api/v1/certificates/{id}/file
session   GET /api/v1/devices
session   GET /api/v1/enrolments/current
session   GET /api/v1/events
session   GET /api/v1/kit
session   GET /api/v1/me
session   GET /api/v1/me/login
session   GET /api/v1/notices
session   GET /api/v1/payments
session   GET /api/v1/payments/{number}
session   GET /api/v1/reissue-questions
session   GET /api/v1/reissues/{id}
session   PATCH /api/v1/certificates/{id}
session   POST /api/v1/certificates/{id}/pin-proofs
session   POST /api/v1/certificates/{id}/renewals
session   POST /api/v1/certificates/{id}/resumption
session   POST /api/v1/certificates/{id}/resumption-codes
session   POST /api/v1/certificates/{id}/revocation
session   POST /api/v1/certificates/{id}/suspension
session   POST /api/v1/demo/top-ups
session   POST /api/v1/enrolments
session   POST /api/v1/enrolments/{id}/activation
session   POST /api/v1/enrolments/{id}/code
session   POST /api/v1/enrolments/{id}/request
session   POST /api/v1/kit/challenges
session   POST /api/v1/kit/drills
session   POST /api/v1/kit/invalidation
session   POST /api/v1/me/passkey-offers
session   POST /api/v1/me/passkeys
session   POST /api/v1/me/passkeys/removal
session   POST /api/v1/me/phone-codes
session   POST /api/v1/me/recovery-codes
session   POST /api/v1/me/totp-offers
session   POST /api/v1/me/totp/removal
session   POST /api/v1/payees/find
session   POST /api/v1/payments
session   POST /api/v1/payments/{number}/void
session   POST /api/v1/quotes
session   POST /api/v1/reissues
session   POST /api/v1/reissues/{id}/acknowledgement
session   POST /api/v1/reissues/{id}/confirmation
session   POST /api/v1/reissues/{id}/consent
session   POST /api/v1/reissues/{id}/kit
session   POST /api/v1/reissues/{id}/passkey
session   POST /api/v1/reissues/{id}/veto
session   POST /api/v1/settings/challenges
session   POST /api/v1/settings/tap-challenges
session   PUT /api/v1/kit
session   PUT /api/v1/me/password
session   PUT /api/v1/me/phone
session   PUT /api/v1/me/totp
session   PUT /api/v1/notices/read
session   PUT /api/v1/settings/tap
";

fn name(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Post => "POST",
        HttpMethod::Put => "PUT",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Head | HttpMethod::Options | HttpMethod::Trace => "other",
    }
}

#[tokio::test]
async fn nobody_gets_in_where_a_session_or_a_merchants_key_is_needed() {
    let deployment = Deployment::start(Stamp::Demo);
    let ids = BTreeMap::from([
        ("/enrolments/{id}", "/enrolments/enr_a4dqobyha4dqobyh"),
        ("/reissues/{id}", "/reissues/enr_a4dqobyha4dqobyh"),
        ("/certificates/{id}", "/certificates/crt_a4dqobyha4dqobyh"),
        ("/devices/{id}", "/devices/dev_a4dqobyha4dqobyh"),
        ("/orders/{id}", "/orders/ord_a4dqobyha4dqobyh"),
        ("{number}", "BwcHBwcHBwcHBwcHBwcHBw"),
    ]);
    let headers = [
        ("idempotency-key", "k"),
        ("cookie", "__Host-yx-session=nonsense"),
        ("authorization", "Bearer sk_no"),
    ];
    for (path, item) in &document().paths.paths {
        let address = ids.iter().fold(path.clone(), |path, (from, to)| path.replace(from, to));
        for (method, operation) in operations(item).filter(|(_, operation)| operation.security.is_some()) {
            let method: Method = name(&method).parse().unwrap();
            let body = (method != Method::GET && method != Method::DELETE).then(|| json!({}));
            for headers in [&headers[..1], &headers[..]] {
                let answer = deployment.ask(method.clone(), &address, headers, body.clone()).await;
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}: {}", answer.body);
                assert_eq!(answer.body["money_moved"], false);
                assert!(!operation.responses.responses.is_empty());
            }
        }
    }
}

#[tokio::test]
async fn a_person_registers_signs_out_and_in_again_with_host_cookies() {
    let deployment = Deployment::start(Stamp::Demo);
    let cookies = deployment.register().await;
    assert!(cookies.contains("__Host-yx-session=") && cookies.contains("__Host-yx-device="), "{cookies}");
    let me = deployment.get("/api/v1/me", &cookies).await;
    assert_eq!(me.status, StatusCode::OK, "{}", me.body);
    assert_eq!(me.headers["cache-control"], "no-store");
    let out = deployment
        .ask(
            Method::DELETE,
            "/api/v1/sessions/current",
            &[("idempotency-key", "out"), ("cookie", &cookies)],
            None,
        )
        .await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert_eq!(deployment.get("/api/v1/me", &cookies).await.code(), "session.required");
    let device = cookies.split("; ").find(|cookie| cookie.starts_with("__Host-yx-device")).unwrap();
    let login =
        json!({"login": me.body["account_number"], "password": "correct horse 9", "device_kind": "android"});
    let back = deployment.post("/api/v1/sessions", "in", device, login).await;
    assert_eq!(back.status, StatusCode::CREATED, "a known device needs no code: {}", back.body);
    let wrong = json!({"login": "13800138000", "password": "wrong password", "device_kind": "android"});
    let unknown = json!({"login": "13911112222", "password": "wrong password", "device_kind": "android"});
    for form in [wrong, unknown] {
        let refused = deployment.post("/api/v1/sessions", "wrong", "", form).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::UNAUTHORIZED, "verify.wrong"));
    }
}

#[tokio::test]
async fn one_key_gives_one_top_up_and_another_body_under_it_is_refused() {
    let deployment = Deployment::start(Stamp::Demo);
    let cookies = deployment.register().await;
    let topped = |amount: u64, key: &'static str| {
        let (deployment, cookies) = (&deployment, &cookies);
        async move { deployment.post("/api/v1/demo/top-ups", key, cookies, json!({"amount": amount})).await }
    };
    let (first, second) = tokio::join!(topped(10_000, "once"), topped(10_000, "once"));
    assert_eq!(first.body["balance"]["minor"], 10_000, "{}", first.body);
    assert_eq!(first.body, second.body);
    assert!(first.headers.contains_key("yx-index"));
    let other = topped(20_000, "once").await;
    assert_eq!((other.status, other.code()), (StatusCode::UNPROCESSABLE_ENTITY, "idempotency.conflict"));
    let me = deployment.get("/api/v1/me", &cookies).await;
    assert_eq!(me.body["balance"]["minor"], 10_000);
    let listed = deployment.get("/api/v1/payments?limit=5", &cookies).await;
    assert_eq!(listed.body["payments"][0]["kind"], "top_up", "{}", listed.body);
    assert_eq!(listed.body["payments"][0]["number"], Value::Null);
}

#[tokio::test]
async fn a_mutation_without_a_key_or_with_a_strange_one_is_refused() {
    let deployment = Deployment::start(Stamp::Demo);
    let body = Some(json!({"phone": "13800138000", "purpose": "register"}));
    let long = "x".repeat(65);
    for headers in
        [&[][..], &[("idempotency-key", "")], &[("idempotency-key", "a b")], &[("idempotency-key", &long)]]
    {
        let refused = deployment.ask(Method::POST, "/api/v1/sms-codes", headers, body.clone()).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::BAD_REQUEST, "request.malformed"));
    }
    assert!(deployment.tray.messages().is_empty());
}

#[tokio::test]
async fn an_app_that_is_too_old_is_asked_to_update_and_still_gets_its_files() {
    let deployment = Deployment::start(Stamp::Demo);
    let old = [("yx-version", "0.0.1"), ("accept", "text/html")];
    let refused = deployment.ask(Method::GET, "/api/v1/deployment", &old, None).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::UPGRADE_REQUIRED, "device.version"));
    assert_eq!(deployment.ask(Method::GET, "/", &old, None).await.status, StatusCode::OK);
    let new = [("yx-version", env!("CARGO_PKG_VERSION"))];
    assert_eq!(deployment.ask(Method::GET, "/api/v1/deployment", &new, None).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_strange_address_method_or_id_is_a_problem_with_its_own_code() {
    let deployment = Deployment::start(Stamp::Demo);
    let cookies = deployment.register().await;
    let cases = [
        (Method::GET, "/api/v1/nothing", StatusCode::NOT_FOUND, "request.not_found"),
        (Method::PUT, "/api/v1/me", StatusCode::METHOD_NOT_ALLOWED, "request.method"),
        (Method::GET, "/api/v1/orders/ord_a4dqobyha4dqobyh", StatusCode::NOT_FOUND, "order.unknown"),
        (Method::GET, "/api/v1/orders/per_a4dqobyha4dqobyh", StatusCode::NOT_FOUND, "request.not_found"),
        (Method::GET, "/api/v1/payments?limit=1000", StatusCode::BAD_REQUEST, "request.malformed"),
        (Method::GET, "/api/v1/payments?before=x", StatusCode::BAD_REQUEST, "request.malformed"),
        (Method::GET, "/api/v1/payments?unknown=1", StatusCode::BAD_REQUEST, "request.malformed"),
        (Method::GET, "/api/v1/payments/BwcHBwcHBwcHBwcHBwcHBw", StatusCode::NOT_FOUND, "payment.unseen"),
        (Method::GET, "/pki/secret.key", StatusCode::NOT_FOUND, "request.not_found"),
        (Method::GET, "/pki/ocsp/%FF", StatusCode::NOT_FOUND, "request.not_found"),
        (Method::GET, "/pki/ocsp/nonsense!", StatusCode::BAD_REQUEST, "request.malformed"),
    ];
    for (method, path, status, code) in cases {
        let headers = [("idempotency-key", "k"), ("cookie", cookies.as_str())];
        let answer = deployment.ask(method, path, &headers, None).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{path}");
        assert!(answer.body["reference"].as_str().is_some_and(|reference| reference.len() == 8));
    }
}

#[tokio::test]
async fn the_demonstrations_routes_do_not_exist_on_a_live_deployment() {
    let deployment = Deployment::start(Stamp::Live);
    for path in ["/api/v1/demo/sms", "/api/v1/demo/state"] {
        assert_eq!(deployment.get(path, "").await.status, StatusCode::NOT_FOUND);
    }
    let topped = deployment.post("/api/v1/demo/top-ups", "k", "", json!({"amount": 1})).await;
    assert_eq!(topped.status, StatusCode::NOT_FOUND);
    let page = deployment.ask(Method::GET, "/demo", &[("accept", "text/html")], None).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    let described = deployment.get("/api/v1/deployment", "").await;
    assert_eq!(described.body["stamp"], "live");
}

#[tokio::test]
async fn public_files_and_the_checkpoint_are_for_everybody() {
    let deployment = Deployment::start(Stamp::Live);
    for (file, kind) in [
        ("root.cer", "application/pkix-cert"),
        ("root.pem", "application/x-pem-file"),
        ("root.crl", "application/pkix-crl"),
        ("payment-ca.cer", "application/pkix-cert"),
        ("payment-ca.crl", "application/pkix-crl"),
        ("merchant-ca.pem", "application/x-pem-file"),
        ("merchant-ca.crl", "application/pkix-crl"),
    ] {
        let answer = deployment.get(&format!("/pki/{file}"), "").await;
        assert_eq!(
            (answer.status, &answer.headers[CONTENT_TYPE]),
            (StatusCode::OK, &kind.parse().unwrap()),
            "{file}"
        );
    }
    assert_eq!(deployment.get("/api/v1/log/checkpoint", "").await.status, StatusCode::OK);
    let page = deployment.get("/docs/api", "").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(deployment.get("/api/v1/openapi.json", "").await.body["openapi"], "3.1.0");
}
