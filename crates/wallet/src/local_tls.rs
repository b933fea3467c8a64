//! TLS for a server in a local network: a root of its own, made once, that a phone is told to trust; a new server
//! certificate at each start.

use crate::authority;
use crate::port::{Clock, Entropy};
use crate::{DataDir, StartError};
use std::io::Write as _;
use std::path::Path;
use yinxin_core::Millis;
use yinxin_pki::{Certificate, FileSigner, Secret, Serial, tls};

/// The root's private key in the data directory. It vouches for this server alone, never for payments.
const ROOT_KEY_FILE: &str = "lan-root.key";
/// The root's certificate.
const ROOT_FILE: &str = "lan-root.cer";
/// A server's certificate is replaced this long before its end.
const RENEW_BEFORE_MS: i64 = 30 * Millis::DAY;

/// What a server speaks TLS with in a local network.
pub struct LocalTls {
    /// The server's certificate and the root's, DER.
    pub chain: [Vec<u8>; 2],
    /// The server's private key, PKCS#8 DER.
    pub key: Secret,
    /// The root that phones install, DER.
    pub root: Vec<u8>,
    /// When the server should ask for another one.
    pub renew_at: Millis,
}

/// Makes a server certificate for `hosts` under the local root of the data directory at `data`; the root is made where
/// there is none.
///
/// # Errors
/// `Keys` for a host that is neither a name nor an address, and for keys that do not read back; `File`.
pub fn local_tls(
    data: &Path,
    hosts: &[&str],
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<LocalTls, StartError> {
    let unusable = |error: yinxin_pki::Error| StartError::Keys(format!("the local root: {error}"));
    let file = |error: std::io::Error| StartError::File { path: data.display().to_string(), source: error };
    let dir = DataDir::create(data).map_err(file)?;
    let (key_path, root_path) = (dir.keys().join(ROOT_KEY_FILE), dir.ca().join(ROOT_FILE));
    let label: String = hosts.first().copied().unwrap_or_default().chars().take(40).collect();
    if !root_path.exists() {
        let signer = FileSigner::generate(&draw(entropy)).map_err(unusable)?;
        let serial = Serial::from_random(draw(entropy));
        let root = tls::local_root(&signer, &label, &serial, clock.now().0).map_err(unusable)?;
        // The key first: a root whose key was never written would be trusted for nothing.
        // A key without its root was left by a crash and signed nothing: it is replaced.
        let pem = signer.to_pkcs8_pem().map_err(unusable)?;
        let write = |mut out: std::fs::File| out.write_all(pem.expose()).and_then(|()| out.sync_all());
        authority::create_private(&key_path).and_then(write).map_err(file)?;
        dir.sync_names()?;
        authority::write(&root_path, root.der())?;
        dir.sync_names()?;
    }
    let signer = FileSigner::from_pkcs8_pem(&std::fs::read(&key_path).map_err(file)?).map_err(unusable)?;
    let root = Certificate::parse(&std::fs::read(&root_path).map_err(file)?).map_err(unusable)?;
    let server = FileSigner::generate(&draw(entropy)).map_err(unusable)?;
    let key = server.public_key().map_err(unusable)?;
    let serial = Serial::from_random(draw(entropy));
    let certificate =
        tls::local_server(&signer, &root, &key, hosts, &serial, clock.now().0).map_err(unusable)?;
    Ok(LocalTls {
        chain: [certificate.der().to_vec(), root.der().to_vec()],
        key: server.to_pkcs8_der().map_err(unusable)?,
        root: root.der().to_vec(),
        renew_at: Millis(certificate.not_after_ms()).plus(-RENEW_BEFORE_MS),
    })
}

fn draw<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{SystemClock, SystemEntropy};

    #[test]
    fn the_root_stays_and_each_start_has_a_certificate_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let make = |hosts: &[&str]| local_tls(folder.path(), hosts, &SystemClock::new(), &SystemEntropy);
        let (first, second) = (make(&["pay.lan", "192.168.1.5"]).unwrap(), make(&["pay.lan"]).unwrap());
        assert_eq!(first.root, second.root);
        assert_ne!(first.chain[0], second.chain[0]);
        assert_eq!([&first.chain[1], &second.chain[1]], [&first.root, &first.root]);
        assert!(make(&["not a host"]).is_err());
        assert!(make(&[]).is_err());
    }
    #[test]
    fn a_key_that_a_crash_left_without_its_root_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let make = || local_tls(folder.path(), &["pay.lan"], &SystemClock::new(), &SystemEntropy).unwrap();
        let first = make();
        std::fs::remove_file(folder.path().join("ca").join(ROOT_FILE)).unwrap();
        let second = make();
        assert_ne!(first.root, second.root);
        assert_eq!(make().root, second.root);
    }
}
