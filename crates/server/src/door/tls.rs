//! TLS from files.

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;

/// TLS 1.2 and 1.3 with the chain and key of two PEM files; HTTP/2 and HTTP/1.1 by ALPN.
pub(crate) fn from_files(certificate: &Path, key: &Path) -> anyhow::Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| {
        format!("tls.certificate: {} is not a PEM certificate chain", certificate.display())
    })?;
    anyhow::ensure!(!chain.is_empty(), "tls.certificate: {} holds no certificate", certificate.display());
    let key = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("tls.key: {} is not a PEM private key", key.display()))?;
    from_parts(chain, key)
}

/// TLS with a chain, leaf first, and its key.
pub(crate) fn from_parts(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> anyhow::Result<Arc<ServerConfig>> {
    anyhow::ensure!(!chain.is_empty(), "the certificate chain is empty");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("the certificate and the key do not belong together")?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::Door;
    use crate::door::caps::Caps;
    use axum::Router;
    use axum::routing::get;
    use rustls::pki_types::{PrivatePkcs8KeyDer, ServerName};
    use rustls::{ClientConfig, RootCertStore};
    use std::time::Duration;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::watch;
    use yinxin_wallet::local_tls;
    use yinxin_wallet::port::{SystemClock, SystemEntropy};

    #[tokio::test]
    async fn under_the_local_root_a_phone_speaks_http2_or_http1_and_a_silent_handshake_ends() {
        let folder = tempfile::tempdir().unwrap();
        let local = local_tls(folder.path(), &["pay.lan"], &SystemClock::new(), &SystemEntropy).unwrap();
        let key = PrivatePkcs8KeyDer::from(local.key.expose().to_vec());
        let tls = from_parts(local.chain.map(CertificateDer::from).to_vec(), key.into()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "over TLS" }));
        let (_stop, stopped) = watch::channel(false);
        tokio::spawn(
            Door {
                listener,
                tls: Some(watch::channel(tls).1),
                routes: Arc::new(router.into()),
                caps: Caps::new(8, 8),
            }
            .serve(stopped),
        );

        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(local.root)).unwrap();
        for (alpn, expected) in [(b"h2".to_vec(), "h2"), (b"http/1.1".to_vec(), "http/1.1")] {
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let mut config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots.clone())
                .with_no_client_auth();
            config.alpn_protocols = vec![alpn];
            let stream = TcpStream::connect(address).await.unwrap();
            let name = ServerName::try_from("pay.lan").unwrap();
            let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
            let mut stream = connector.connect(name, stream).await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(expected.as_bytes()));
            if expected == "http/1.1" {
                stream
                    .write_all(b"GET / HTTP/1.1\r\nHost: pay.lan\r\nConnection: close\r\n\r\n")
                    .await
                    .unwrap();
                let mut answer = Vec::new();
                let _ = stream.read_to_end(&mut answer).await;
                assert!(String::from_utf8_lossy(&answer).ends_with("over TLS"));
            }
        }
        let mut silent = TcpStream::connect(address).await.unwrap();
        let mut byte = [0; 1];
        let ended = tokio::time::timeout(Duration::from_secs(15), silent.read(&mut byte)).await;
        assert!(matches!(ended, Ok(Ok(0) | Err(_))), "{ended:?}");
    }
}
