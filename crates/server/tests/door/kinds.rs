//! The kinds of bad connections.

use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_rustls::TlsConnector;

/// Between two pieces of those that send slowly.
const DRIP: Duration = Duration::from_millis(500);

/// What is bad about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Silent,
    SlowHead,
    HalfHead,
    HalfBody,
    SlowBody,
    SlowReader,
    LongHead,
    ManyHeaders,
    LongBody,
    LengthAndChunks,
    ChunkExtension,
    TwoLengths,
    TwoHosts,
    NoHost,
    FoldedHeader,
    SpaceBeforeColon,
    BareReturn,
    Compressed,
    DeepJson,
    HalfHandshake,
    Http2Silent,
    Http2ZeroWindow,
    Http2RapidReset,
    Http2Continuation,
    Http2Settings,
}

/// Without TLS.
pub(crate) const PLAIN: &[Kind] = &[
    Kind::Silent,
    Kind::SlowHead,
    Kind::HalfHead,
    Kind::HalfBody,
    Kind::SlowBody,
    Kind::SlowReader,
    Kind::LongHead,
    Kind::ManyHeaders,
    Kind::LongBody,
    Kind::LengthAndChunks,
    Kind::ChunkExtension,
    Kind::TwoLengths,
    Kind::TwoHosts,
    Kind::NoHost,
    Kind::FoldedHeader,
    Kind::SpaceBeforeColon,
    Kind::BareReturn,
    Kind::Compressed,
    Kind::DeepJson,
];

/// Over TLS.
pub(crate) const OVER_TLS: &[Kind] = &[
    Kind::HalfHandshake,
    Kind::Http2Silent,
    Kind::Http2ZeroWindow,
    Kind::Http2RapidReset,
    Kind::Http2Continuation,
    Kind::Http2Settings,
];

/// What a kind does: bytes at once, then other bytes again and again, and the status that it has to get.
struct Script {
    first: Vec<u8>,
    again: Vec<u8>,
    status: Option<&'static str>,
}

impl Kind {
    /// The answer is never read.
    pub(crate) fn reads_nothing(self) -> bool {
        self == Self::SlowReader
    }

    /// It is told what is wrong, before the connection ends.
    pub(crate) fn is_answered(self) -> bool {
        self.script(0).status.is_some()
    }

    /// Behaves badly until the program has closed the connection, and says whether it was answered; `opening` is given back
    /// once it is open and has said what it says at once.
    pub(crate) async fn attack(
        self,
        stream: TcpStream,
        port: u16,
        tls: Option<TlsConnector>,
        opening: OwnedSemaphorePermit,
    ) -> bool {
        let script = self.script(port);
        match tls.filter(|_| self != Self::HalfHandshake) {
            None => self.play(stream, script, opening).await,
            Some(tls) => {
                let stream = tls.connect("localhost".try_into().unwrap(), stream).await.unwrap();
                self.play(stream, script, opening).await
            }
        }
    }

    async fn play(
        self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        script: Script,
        opening: OwnedSemaphorePermit,
    ) -> bool {
        // Who is answered before all is said may find the connection closed.
        let said = stream.write_all(&script.first).await.is_ok() && stream.flush().await.is_ok();
        assert!(said || script.again.is_empty(), "{self:?} was closed before it was bad");
        drop(opening);
        let (mut answer, mut part) = (Vec::new(), vec![0; 4_096]);
        let mut tick = tokio::time::interval(DRIP);
        loop {
            tokio::select! {
                read = stream.read(&mut part), if !self.reads_nothing() => match read {
                    Ok(length) if length > 0 => answer.extend_from_slice(&part[..length]),
                    Ok(_) | Err(_) => break,
                },
                _ = tick.tick(), if !script.again.is_empty() => {
                    if stream.write_all(&script.again).await.is_err() || stream.flush().await.is_err() {
                        break;
                    }
                }
            }
        }
        // A connection that is reset may lose the answer; one that is not is answered once.
        let answer = String::from_utf8_lossy(&answer);
        if let Some(status) = script.status.filter(|_| !answer.is_empty()) {
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{self:?}: {answer}");
            assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{self:?}: {answer}");
        }
        !answer.is_empty()
    }

    fn script(self, port: u16) -> Script {
        let host = format!("Host: localhost:{port}\r\n");
        let post = |headers: &str, body: &str| {
            format!(
                "POST /api/v1/sessions HTTP/1.1\r\n{host}Idempotency-Key: k\r\nContent-Type: application/json\r\n\
                 {headers}\r\n{body}"
            )
        };
        let (first, again, status) = match self {
            Self::Silent => (String::new(), "", None),
            Self::SlowHead => (format!("GET /healthz HTTP/1.1\r\n{host}X-Slow: "), "a", None),
            Self::HalfHead => (format!("GET /healthz HTTP/1.1\r\n{host}"), "", None),
            Self::HalfBody => (post("Content-Length: 100\r\n", "{\"login\":"), "", Some("408")),
            Self::SlowBody => (post("Content-Length: 100\r\n", "{"), " ", Some("408")),
            Self::SlowReader => {
                (format!("GET /api/v1/openapi.json HTTP/1.1\r\n{host}\r\n").repeat(60), "\r\n", None)
            }
            Self::LongHead => (format!("GET / HTTP/1.1\r\n{host}X: {}", "a".repeat(40_000)), "", Some("431")),
            Self::ManyHeaders => {
                (format!("GET / HTTP/1.1\r\n{host}{}\r\n", "X: y\r\n".repeat(100)), "", Some("431"))
            }
            Self::LongBody => (post("Content-Length: 100000\r\n", &" ".repeat(70_000)), "", Some("413")),
            Self::LengthAndChunks => {
                let pair = "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n";
                (post(pair, "0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n"), "", Some("400"))
            }
            Self::ChunkExtension => {
                let chunk = format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "x".repeat(3_000));
                (post("Transfer-Encoding: chunked\r\n", &chunk), "", Some("400"))
            }
            Self::TwoLengths => (post("Content-Length: 2\r\nContent-Length: 3\r\n", "{} "), "", Some("400")),
            Self::TwoHosts => (format!("GET / HTTP/1.1\r\n{host}{host}\r\n"), "", Some("421")),
            Self::NoHost => ("GET / HTTP/1.1\r\n\r\n".to_owned(), "", Some("421")),
            Self::FoldedHeader => (format!("GET / HTTP/1.1\r\n{host}X: a\r\n b\r\n\r\n"), "", Some("400")),
            Self::SpaceBeforeColon => (format!("GET / HTTP/1.1\r\n{host}X : a\r\n\r\n"), "", Some("400")),
            Self::BareReturn => (format!("GET / HTTP/1.1\r\n{host}X: a\rY: b\r\n\r\n"), "", Some("400")),
            Self::Compressed => {
                (post("Content-Encoding: gzip\r\nContent-Length: 2\r\n", "{}"), "", Some("415"))
            }
            Self::DeepJson => {
                let body = format!("{{\"login\":{}", "[".repeat(30_000));
                let length = format!("Connection: close\r\nContent-Length: {}\r\n", body.len());
                (post(&length, &body), "", Some("400"))
            }
            Self::HalfHandshake
            | Self::Http2Silent
            | Self::Http2ZeroWindow
            | Self::Http2RapidReset
            | Self::Http2Continuation
            | Self::Http2Settings => return self.http2_script(port),
        };
        Script { first: first.into_bytes(), again: again.as_bytes().to_vec(), status }
    }

    fn http2_script(self, port: u16) -> Script {
        const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        let no_window = [0, 4, 0, 0, 0, 0];
        let hello = |settings: &[u8]| [PREFACE, &frame(SETTINGS, 0, 0, settings)].concat();
        let head = request_head(port);
        let (first, again): (Vec<u8>, Vec<u8>) = match self {
            // A record of a handshake that says it is longer.
            Self::HalfHandshake => (vec![0x16, 3, 1, 2, 0, 1], Vec::new()),
            Self::Http2ZeroWindow => {
                ([hello(&no_window), frame(HEADERS, END_STREAM | END_HEADERS, 1, &head)].concat(), Vec::new())
            }
            Self::Http2RapidReset => {
                let resets = (0..400_u32).map(|number| 1 + 2 * number).flat_map(|stream| {
                    let ask = frame(HEADERS, END_STREAM | END_HEADERS, stream, &head);
                    [ask, frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())].concat()
                });
                ([hello(&[]), resets.collect()].concat(), Vec::new())
            }
            Self::Http2Continuation => {
                let begun = [hello(&[]), frame(HEADERS, END_STREAM, 1, &head)].concat();
                // Literal fields without a name in the table, each new.
                let more = [&[0_u8, 1, b'x', 100][..], &[b'y'; 100]].concat().repeat(20);
                (begun, frame(CONTINUATION, 0, 1, &more))
            }
            Self::Http2Settings => (hello(&[]), frame(SETTINGS, 0, 0, &[]).repeat(50)),
            Self::Silent
            | Self::SlowHead
            | Self::HalfHead
            | Self::HalfBody
            | Self::SlowBody
            | Self::SlowReader
            | Self::LongHead
            | Self::ManyHeaders
            | Self::LongBody
            | Self::LengthAndChunks
            | Self::ChunkExtension
            | Self::TwoLengths
            | Self::TwoHosts
            | Self::NoHost
            | Self::FoldedHeader
            | Self::SpaceBeforeColon
            | Self::BareReturn
            | Self::Compressed
            | Self::DeepJson
            | Self::Http2Silent => (Vec::new(), Vec::new()),
        };
        Script { first, again, status: None }
    }
}

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// `GET /api/v1/openapi.json` in HPACK: the method and the scheme from the static table, the rest literally.
fn request_head(port: u16) -> Vec<u8> {
    let literal =
        |name: u8, value: &str| [&[name, u8::try_from(value.len()).unwrap()], value.as_bytes()].concat();
    let authority = format!("localhost:{port}");
    [&[0x82, 0x87][..], &literal(0x04, "/api/v1/openapi.json"), &literal(0x01, &authority)].concat()
}
