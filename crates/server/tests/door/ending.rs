//! Told to stop, and told to load the certificate again.

use crate::ALONE;
use crate::newcomer::enrol;
use crate::program::{Live, PATIENCE, Program, free_port};
use data_encoding::BASE64;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use yinxin_client::{Connection, Person, Transfer};
use yinxin_core::Minor;
use yinxin_wallet::port::{SystemClock, SystemEntropy};
use yinxin_wallet::{LocalTls, local_tls};

/// What is left of a request whose first half is being read.
const REST: &str = "ter\"}";

/// A request that any demonstration answers with 202, half of it: the program has read its head and waits for the rest.
fn half_asked(program: &Program) -> TcpStream {
    let half = "{\"phone\":\"13800138000\",\"purpose\":\"regis";
    let head = format!(
        "POST /api/v1/sms-codes HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: application/json\r\n\
         Idempotency-Key: half\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        program.port,
        half.len() + REST.len()
    );
    let mut stream = program.connect();
    stream.write_all(head.as_bytes()).unwrap();
    read_until(&mut stream, "100 Continue\r\n\r\n");
    stream.write_all(half.as_bytes()).unwrap();
    stream
}

fn read_until(stream: &mut TcpStream, words: &str) -> String {
    let (mut read, mut byte) = (String::new(), [0; 1]);
    while !read.contains(words) && stream.read(&mut byte).unwrap() == 1 {
        read.push(char::from(byte[0]));
    }
    read
}

fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Until nobody listens any more.
fn wait_until_closed(program: &Program) {
    while TcpStream::connect(program.address()).is_ok() {}
}

#[test]
fn told_to_stop_it_answers_what_is_open_sends_streams_away_and_ends_well() {
    let _alone = ALONE.blocking_lock();
    let data = tempfile::tempdir().unwrap();
    let mut program = Program::demo(&data.path().join("data"), free_port());
    let port = program.port;
    let shop = program.ask(&format!(
        "GET /api/v1/demo/state HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
    ));
    let shop_port: u16 = between(&shop, "\"shop_url\":\"http://localhost:", "/").parse().unwrap();
    let order = order_at(shop_port);
    let mut stream = program.connect();
    let ask = format!("GET /api/v1/orders/{order}/events HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
    stream.write_all(ask.as_bytes()).unwrap();
    read_until(&mut stream, "\"open\"");
    let mut idle = program.connect();
    let mut open = half_asked(&program);

    program.signal("TERM");
    wait_until_closed(&program);
    let told = read_all(&mut stream);
    assert!(told.contains("retry:"), "a stream says when to come back: {told}");
    assert_eq!(read_all(&mut idle), "", "who asks nothing is let go");
    open.write_all(REST.as_bytes()).unwrap();
    let answer = read_all(&mut open);
    assert!(answer.starts_with("HTTP/1.1 202"), "an open request is answered: {answer}");
    let (status, said) = program.ended();
    assert!(status.success(), "{said}");
}

#[test]
fn told_twice_to_stop_it_ends_at_once() {
    let _alone = ALONE.blocking_lock();
    let data = tempfile::tempdir().unwrap();
    let mut program = Program::demo(&data.path().join("data"), free_port());
    let mut open = half_asked(&program);
    program.signal("TERM");
    wait_until_closed(&program);
    program.signal("INT");
    let (status, said) = program.ended();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("twice"), "{said}");
    assert!(!read_all(&mut open).contains("202"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_payment_that_was_accepted_before_the_end_has_its_answer() {
    const PAYERS: usize = 4;
    let _alone = ALONE.lock().await;
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join("data");
    let mut program = Program::demo(&path, free_port());
    let origin = format!("http://localhost:{}", program.port);
    let connection = Connection::new(None).unwrap();
    let mut people = Vec::new();
    for number in 0..=PAYERS {
        people.push(person(&connection, &origin, number).await);
    }
    let payee = people.pop().unwrap();
    let payee = payee.api().me().await.unwrap();
    let mut paying = Vec::new();
    let (paid, mut seen) = tokio::sync::watch::channel(0);
    let (over, is_over) = tokio::sync::watch::channel(false);
    for mut payer in people {
        let (account, paid, is_over) = (payee.account.to_string(), paid.clone(), is_over.clone());
        let payee = payer.find_payee(&account).await.unwrap();
        paying.push(tokio::spawn(async move {
            let transfer = Transfer { payee: &payee, amount: Minor::new(1).unwrap(), memo: None };
            while !*is_over.borrow() && payer.transfer(&transfer, None).await.is_ok() {
                paid.send_modify(|paid| *paid += 1);
            }
            payer
        }));
    }
    seen.wait_for(|paid| *paid > 20).await.unwrap();
    program.signal("TERM");
    let (status, said) = program.ended();
    assert!(status.success(), "{said}");
    over.send_replace(true);
    let again = Program::demo(&path, program.port);
    for payer in paying {
        let payer = payer.await.unwrap();
        if let Some(outstanding) = payer.outbox().outstanding() {
            let found = payer.api().payment(outstanding.number).await.unwrap();
            assert!(found.is_none(), "it was recorded and its payer never heard of it");
        }
    }
    drop(again);
}

pub(crate) async fn person(connection: &Connection, origin: &str, number: usize) -> Person {
    let (person, _) = enrol(connection, origin, &format!("+861390002{number:04}")).await;
    person.top_up(Minor::new(100_000).unwrap()).await.unwrap();
    person
}

#[test]
fn told_by_sighup_it_loads_its_certificate_again_and_keeps_the_old_one_when_the_file_is_bad() {
    let _alone = ALONE.blocking_lock();
    let live = Live::init();
    let folder = live.place.path();
    let (certificate, key) = (folder.join("chain.pem"), folder.join("key.pem"));
    let [first, second] = [(); 2].map(|()| certificate_of(folder));
    write_pem(&first, &certificate, &key);
    let [certificate_text, key_text] = [&certificate, &key].map(|path| path.to_str().unwrap().to_owned());
    let mut program = Program::serve(
        &live,
        &[("YINXIN_TLS_CERTIFICATE", &certificate_text), ("YINXIN_TLS_KEY", &key_text)],
    );
    let mut kept = greet(&program, &first.root);
    assert_eq!(shown(&kept.0), first.chain[0]);

    write_pem(&second, &certificate, &key);
    program.signal("HUP");
    program.says("loaded again; new connections get them");
    assert_eq!(shown(&greet(&program, &first.root).0), second.chain[0]);

    std::fs::write(&certificate, "not a certificate").unwrap();
    program.signal("HUP");
    let said = program.says("were not loaded again");
    assert!(said.contains("chain.pem"), "it says what is wrong: {said}");
    assert_eq!(shown(&greet(&program, &first.root).0), second.chain[0], "the old one stays");

    let answer = ask_over(&mut kept, live.port);
    assert!(answer.starts_with("HTTP/1.1 200"), "an open connection is not disturbed: {answer}");
    program.signal("TERM");
    assert!(program.ended().0.success());
}

#[test]
fn behind_a_proxy_a_sighup_ends_nothing() {
    let _alone = ALONE.blocking_lock();
    let live = Live::init();
    let mut program = Program::serve(&live, &[]);
    program.signal("HUP");
    program.says("nothing to load again");
    program.signal("TERM");
    assert!(program.ended().0.success());
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).and_then(|(_, rest)| rest.split_once(end)).map(|(found, _)| found).unwrap()
}

fn order_at(shop: u16) -> String {
    let body = "{\"ware\":\"jasmine\"}";
    let request = format!(
        "POST /orders HTTP/1.1\r\nHost: localhost:{shop}\r\nConnection: close\r\nAccept: application/json\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(("127.0.0.1", shop)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    between(&read_all(&mut stream), "\"order\":\"", "\"").to_owned()
}

/// A certificate for localhost; all of them under one root.
fn certificate_of(folder: &Path) -> LocalTls {
    local_tls(&folder.join("tls"), &["localhost"], &SystemClock::new(), &SystemEntropy).unwrap()
}

fn write_pem(tls: &LocalTls, certificate: &Path, key: &Path) {
    let pem = |kind: &str, der: &[u8]| {
        format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", BASE64.encode(der))
    };
    let chain: String = tls.chain.iter().map(|der| pem("CERTIFICATE", der)).collect();
    std::fs::write(certificate, chain).unwrap();
    std::fs::write(key, pem("PRIVATE KEY", tls.key.expose())).unwrap();
}

/// Shakes hands with the program, which must show a certificate under `root`.
fn greet(program: &Program, root: &[u8]) -> (ClientConnection, TcpStream) {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(root.to_vec())).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = program.connect();
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).unwrap();
    }
    (connection, stream)
}

fn shown(connection: &ClientConnection) -> Vec<u8> {
    connection.peer_certificates().unwrap()[0].to_vec()
}

fn ask_over((connection, stream): &mut (ClientConnection, TcpStream), port: u16) -> String {
    let mut stream = Stream::new(connection, stream);
    let ask =
        format!("GET /api/v1/deployment HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}
