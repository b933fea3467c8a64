//! The door on a real socket.

use super::*;
use crate::door::guard::{Guard, Guarded, Site, guard};
use crate::door::headers::Csp;
use crate::problem::{Code, Problem};
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

async fn echo(body::Json(value): body::Json<std::collections::BTreeMap<String, String>>) -> String {
    value.get("a").cloned().unwrap_or_default()
}

async fn start(total_max: usize) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let site = Site::new(&format!("http://localhost:{}", address.port()), yinxin_core::Currency::CNY);
    let router = Router::new()
        .route("/api/v1/echo", post(echo))
        .route("/healthz", get(|| async { "ok" }))
        .route("/page", get(|| async { ([("content-security-policy", Csp::page().text())], "page") }))
        .route("/api/v1/made", post(|| async { Problem::new(Code::RequestMalformed) }).head(|| async { "" }))
        .method_not_allowed_fallback(|| async { Problem::new(Code::RequestMethod) })
        .fallback(|| async { Problem::new(Code::RequestNotFound) })
        .layer(from_fn_with_state(Guard { guarded: Guarded::Site(site), access: None }, guard));
    let (stop, stopped) = watch::channel(false);
    let door = Door { listener, tls: None, routes: Arc::new(router.into()), caps: Caps::new(total_max, 4) };
    Running { address, stop, task: tokio::spawn(door.serve(stopped)) }
}

impl Running {
    fn host(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    async fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.replace("HOST", &self.host()).as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn status(&self, request: &str) -> u16 {
        let answer = self.ask(request).await;
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    async fn post(&self, headers: &str, body: &str) -> String {
        self.ask(&format!(
            "POST /api/v1/echo HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        ))
        .await
    }
}

const JSON: &str = "Content-Type: application/json\r\n";

#[tokio::test]
async fn exactly_one_allowed_host_gets_in() {
    let server = start(100).await;
    let close = "Connection: close\r\n\r\n";
    assert_eq!(server.status(&format!("GET /page HTTP/1.1\r\nHost: HOST\r\n{close}")).await, 200);
    for refused in [
        format!("GET /page HTTP/1.1\r\n{close}"),
        format!("GET /page HTTP/1.1\r\nHost: evil.example\r\n{close}"),
        format!("GET /page HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n{close}"),
        format!("GET /page HTTP/1.1\r\nHost: HOST\r\nHost: evil.example\r\n{close}"),
        format!("GET http://evil.example/page HTTP/1.1\r\nHost: HOST\r\n{close}"),
        "GET /page HTTP/1.0\r\n\r\n".to_owned(),
    ] {
        assert_eq!(server.status(&refused).await, 421, "{refused}");
    }
    let health = format!("GET /healthz HTTP/1.1\r\nHost: 10.0.0.9\r\n{close}");
    assert_eq!(server.status(&health).await, 200, "a load balancer asks by address");
}

#[tokio::test]
async fn the_smuggling_pair_is_refused_and_the_connection_ends() {
    let server = start(100).await;
    for pair in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
        "Transfer-Encoding: chunked",
    ] {
        let smuggled = format!(
            "POST /api/v1/echo HTTP/1.1\r\nHost: HOST\r\n{JSON}{pair}\r\n\r\n0\r\n\r\nGET /page HTTP/1.1\r\nHost: HOST\r\n\r\n"
        );
        let answer = server.ask(&smuggled).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "the second request is never read: {answer}");
    }
    let lengths =
        "POST /api/v1/echo HTTP/1.1\r\nHost: HOST\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde";
    assert_eq!(server.status(lengths).await, 400);
}

#[tokio::test]
async fn a_mutation_from_another_origin_is_refused() {
    let server = start(100).await;
    let body = r#"{"a":"yes"}"#;
    let origin = format!("{JSON}Origin: http://{}\r\nSec-Fetch-Site: same-origin\r\n", server.host());
    assert!(server.post(&origin, body).await.ends_with("yes"));
    assert!(server.post(JSON, body).await.ends_with("yes"), "a program sends neither");
    for foreign in [
        "Origin: http://evil.example\r\n",
        "Origin: null\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
    ] {
        let answer = server.post(&format!("{JSON}{foreign}"), body).await;
        assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("request.origin"), "{answer}");
    }
}

#[tokio::test]
async fn only_small_json_is_read() {
    let server = start(100).await;
    let answer = server.post("Content-Type: text/plain\r\n", r#"{"a":"x"}"#).await;
    assert!(answer.starts_with("HTTP/1.1 415") && answer.contains("request.media_type"), "{answer}");
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(body::BODY_MAX_BYTES));
    let answer = server.post(JSON, &large).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("request.too_large"), "{answer}");
    let answer = server.post(JSON, "[]").await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("\"money_moved\":false"), "{answer}");
}

#[tokio::test]
async fn every_answer_carries_the_strict_headers() {
    let server = start(100).await;
    for path in ["/page", "/api/v1/echo", "/nothing"] {
        let answer =
            server.ask(&format!("GET {path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n")).await;
        for header in [
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cross-origin-opener-policy: same-origin",
            "cross-origin-resource-policy: same-origin",
            "camera=(self)",
            "publickey-credentials-create=(self)",
            "content-security-policy: default-src 'none';",
            "frame-ancestors 'none'",
        ] {
            assert!(answer.contains(header), "{path} lacks {header}: {answer}");
        }
        assert!(!answer.contains("strict-transport-security"), "plain HTTP promises no TLS");
        assert_eq!(
            path.starts_with("/api"),
            answer.contains("cache-control: no-store") && path != "/nothing"
        );
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let server = start(100).await;
    let head = format!("POST /api/v1/echo HTTP/1.1\r\nHost: HOST\r\n{JSON}Content-Length: 10\r\n\r\n{{");
    let answer = server.ask(&head).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn five_hundred_silent_and_slow_connections_end_while_others_are_served() {
    let server = start(1_000).await;
    let mut streams = Vec::new();
    for number in 0..500 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        if number % 2 == 0 {
            stream.write_all(b"GET /page HTTP/1.1\r\nX-Slow: ").await.unwrap();
        }
        streams.push(stream);
    }
    let page = "GET /page HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n";
    assert_eq!(server.status(page).await, 200);
    let closed = tokio::time::timeout(Duration::from_secs(15), async {
        for stream in &mut streams {
            let mut byte = [0; 1];
            let ended = stream.read(&mut byte).await;
            assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
        }
    });
    assert!(closed.await.is_ok(), "some were kept longer than 15 s");
    assert_eq!(server.status(page).await, 200);
}

#[tokio::test]
async fn a_connection_too_many_is_closed_at_once() {
    let server = start(2).await;
    let _first = TcpStream::connect(server.address).await.unwrap();
    let _second = TcpStream::connect(server.address).await.unwrap();
    let mut third = TcpStream::connect(server.address).await.unwrap();
    let mut byte = [0; 1];
    assert_eq!(third.read(&mut byte).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn told_to_stop_the_door_closes() {
    let server = start(10).await;
    let idle = TcpStream::connect(server.address).await.unwrap();
    server.stop.send(true).unwrap();
    tokio::time::timeout(SHUTDOWN_GRACE + Duration::from_secs(1), server.task).await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
    drop(idle);
}

#[tokio::test]
async fn a_status_of_a_problem_is_the_status_of_its_code() {
    assert_eq!(Code::PaymentInsufficientFunds.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let server = start(10).await;
    let answer = server.ask("GET /nothing HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(answer.contains("application/problem+json"));
    assert!(answer.contains(&format!("\"type\":\"http://{}/problems/request.not_found\"", server.host())));
}

#[tokio::test]
async fn a_problem_is_sent_whole_whatever_was_measured_before() {
    let server = start(10).await;
    for (method, status) in [("GET", 405), ("POST", 400), ("DELETE", 405), ("HEAD", 200), ("OPTIONS", 405)] {
        for path in ["/api/v1/made", "/nothing"] {
            let request = format!(
                "{method} {path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            );
            let answer = server.ask(&request).await;
            let expected = if path == "/nothing" { 404 } else { status };
            assert!(answer.starts_with(&format!("HTTP/1.1 {expected}")), "{method} {path}: {answer}");
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            let length: usize =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
            assert!(method == "HEAD" || length == body.len(), "{method} {path}: {answer}");
        }
    }
}
