//! How much one visitor gets: connections and event streams.

use crate::ALONE;
use crate::ending::person;
use crate::program::{Live, Program, free_port};
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use yinxin_client::Connection;
use yinxin_core::Minor;

/// A connection from `address`; a small window is one that a slow reader has.
pub(crate) async fn connect_from(address: Ipv4Addr, to: SocketAddr, has_small_window: bool) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    if has_small_window {
        socket.set_recv_buffer_size(4_096).unwrap();
    }
    socket.bind(SocketAddr::new(IpAddr::V4(address), 0)).unwrap();
    socket.connect(to).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_gets_128_connections_and_all_together_no_more_than_is_configured() {
    let _alone = ALONE.lock().await;
    let live = Live::init();
    let program = Program::serve(&live, &[("YINXIN_CONNECTIONS_TOTAL", "200")]);
    let (loud, other) = (Ipv4Addr::new(127, 9, 9, 9), Ipv4Addr::new(127, 9, 9, 8));
    let mut held = Vec::new();
    for _ in 0..128 {
        held.push(connect_from(loud, program.address(), false).await);
    }
    let mut byte = [0; 1];
    let mut refused = connect_from(loud, program.address(), false).await;
    assert_eq!(refused.read(&mut byte).await.unwrap_or(0), 0, "one too many from one address");
    let health = b"GET /healthz HTTP/1.1\r\nHost: any\r\n\r\n";
    for _ in held.len()..200 {
        let mut served = connect_from(other, program.address(), false).await;
        served.write_all(health).await.unwrap();
        assert_eq!(served.read(&mut byte).await.unwrap(), 1, "another address has its own places");
        held.push(served);
    }
    let mut refused = program.connect();
    assert_eq!(refused.read(&mut byte).unwrap_or(0), 0, "one too many in all");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_stream_ends_with_its_session_and_a_visitor_has_32_streams_of_orders() {
    let _alone = ALONE.lock().await;
    let data = tempfile::tempdir().unwrap();
    let program = Program::demo(&data.path().join("data"), free_port());
    let origin = format!("http://localhost:{}", program.port);
    let connection = Connection::new(None).unwrap();
    let person = person(&connection, &origin, 1).await;
    let mut events = person.api().events().await.unwrap();
    person.api().top_up(Minor::new(1).unwrap()).await.unwrap();
    assert!(events.next().await.unwrap().is_some(), "a stream tells of a change");
    person.api().log_out().await.unwrap();
    let rest = async { while matches!(events.next().await, Ok(Some(_))) {} };
    tokio::time::timeout(Duration::from_secs(5), rest).await.expect("the stream outlives its session");

    let shop = person.api().demo_state().await.unwrap().shop_url;
    let order = person.api().shop(&shop, "jasmine").await.unwrap().order;
    let ask =
        format!("GET /api/v1/orders/{order}/events HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", program.port);
    let mut streams = Vec::new();
    let mut status = [0; 12];
    for number in 0..40 {
        let from = Ipv4Addr::new(127, 8, 8, 8);
        let mut stream = connect_from(from, program.address(), false).await;
        stream.write_all(ask.as_bytes()).await.unwrap();
        stream.read_exact(&mut status).await.unwrap();
        let expected = if number < 32 { "HTTP/1.1 200" } else { "HTTP/1.1 503" };
        assert_eq!(String::from_utf8_lossy(&status), expected, "stream {number}");
        streams.push(stream);
    }
}
