//! One phone's connection: HTTP/1.1 over TLS, kept alive, with as little work as a generator on the same cores should do.

use anyhow::{Context as _, bail};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The largest answer that is read.
const ANSWER_MAX_BYTES: usize = 1024 * 1024;
/// Bytes read at once: an answer fits.
const READ_BYTES: usize = 16 * 1024;

/// Opens connections to one server.
#[derive(Clone)]
pub(super) struct Dialler {
    connector: TlsConnector,
    address: SocketAddr,
}

impl Dialler {
    /// For the server of `origin`, on this machine, whose certificate leads to `root`.
    pub(super) fn new(origin: &str, root: &[u8]) -> anyhow::Result<Self> {
        let port = origin.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let port: u16 = port.with_context(|| format!("the origin {origin} has no port"))?;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(root.to_vec()))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            address: SocketAddr::from(([127, 0, 0, 1], port)),
        })
    }

    /// Opens one.
    pub(super) async fn dial(&self) -> anyhow::Result<Line> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let stream = self.connector.connect(ServerName::try_from("localhost")?, stream).await?;
        Ok(Line { stream, buffer: Vec::with_capacity(READ_BYTES) })
    }
}

/// A connection.
pub(super) struct Line {
    stream: TlsStream<TcpStream>,
    buffer: Vec<u8>,
}

/// An answer, as long as the next one is not asked for.
pub(super) struct Answer<'l> {
    /// The status code.
    pub(super) status: u16,
    /// The body.
    pub(super) body: &'l [u8],
}

impl Line {
    /// Sends a whole request and reads its whole answer.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.ask(request).await?;
        self.answer().await
    }

    /// Sends a whole request.
    pub(super) async fn ask(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.stream.write_all(request).await?;
        Ok(self.stream.flush().await?)
    }

    /// Reads the whole answer to the last request.
    pub(super) async fn answer(&mut self) -> anyhow::Result<Answer<'_>> {
        self.buffer.clear();
        let (status, begin, end) = loop {
            self.read_more().await?;
            if let Some(head) = read_head(&self.buffer)? {
                break head;
            }
        };
        while self.buffer.len() < end {
            self.read_more().await?;
        }
        anyhow::ensure!(self.buffer.len() == end, "more was answered than was asked");
        Ok(Answer { status, body: self.buffer.get(begin..end).unwrap_or_default() })
    }

    async fn read_more(&mut self) -> anyhow::Result<()> {
        anyhow::ensure!(self.buffer.len() <= ANSWER_MAX_BYTES, "an answer without end");
        self.buffer.reserve(READ_BYTES);
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => bail!("the server closed the connection"),
            _ => Ok(()),
        }
    }
}

/// Status, begin and end of the body, once the head is there.
fn read_head(bytes: &[u8]) -> anyhow::Result<Option<(u16, usize, usize)>> {
    const END: &[u8] = b"\r\n\r\n";
    let Some(end) = bytes.windows(END.len()).position(|window| window == END) else { return Ok(None) };
    let head = std::str::from_utf8(bytes.get(..end).unwrap_or_default())?;
    let status =
        head.split(' ').nth(1).and_then(|word| word.parse().ok()).context("an answer without status")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let begin = end + END.len();
    Ok(Some((status, begin, begin + length.context("an answer without its length")?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let answer = b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\nContent-Length: 2\r\n\r\n{}";
        for cut in 0..answer.len() - 2 {
            assert_eq!(read_head(&answer[..cut]).unwrap(), None, "{cut}");
        }
        assert_eq!(read_head(answer).unwrap(), Some((201, answer.len() - 2, answer.len())));
        assert!(read_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err(), "no length");
    }
}
