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
