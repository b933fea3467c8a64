//! The TLS of `yinxin serve`: from files that SIGHUP loads again, or under the local root and renewed by itself.

use crate::config;
use crate::door::tls;
use anyhow::Context as _;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use yinxin_core::Millis;
use yinxin_wallet::local_tls;
use yinxin_wallet::port::{Clock, SystemEntropy};

/// How often a local certificate is asked whether it is time: the machine may have slept, so no timer runs for months.
const LOOK_EVERY: Duration = Duration::from_hours(1);

/// Where certificate and key come from.
enum Source {
    Files { certificate: PathBuf, key: PathBuf },
    Local { data: PathBuf, hosts: Vec<String> },
}

/// What one look at the source gave.
struct Loaded {
    config: Arc<ServerConfig>,
    root: Option<Vec<u8>>,
    renew_at: Option<Millis>,
}

/// Certificate and key, and who wants to know when they change.
pub(super) struct Tls {
    source: Source,
    clock: Arc<dyn Clock>,
    newest: watch::Sender<Arc<ServerConfig>>,
    renew_at: Option<Millis>,
    lan_root: Option<Vec<u8>>,
}

impl Tls {
    /// Loads what the configuration names.
    pub(super) fn load(config: &config::Tls, data: &Path, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let source = match (&config.certificate, &config.key) {
            (Some(certificate), Some(key)) => {
                Source::Files { certificate: certificate.clone(), key: key.clone() }
            }
            (Some(_) | None, _) => Source::Local { data: data.to_owned(), hosts: config.local_hosts.clone() },
        };
        let loaded = source.load(clock.as_ref())?;
        Ok(Self {
            source,
            clock,
            newest: watch::Sender::new(loaded.config),
            renew_at: loaded.renew_at,
            lan_root: loaded.root,
        })
    }

    /// What new connections get, from now on.
    pub(super) fn newest(&self) -> watch::Receiver<Arc<ServerConfig>> {
        self.newest.subscribe()
    }

    /// The root that phones of the local network install, DER.
    pub(super) fn lan_root(&self) -> Option<Vec<u8>> {
        self.lan_root.clone()
    }

    /// Loads again; what cannot be loaded leaves everything as it is.
    fn load_again(&mut self) {
        match self.source.load(self.clock.as_ref()) {
            Ok(loaded) => {
                self.renew_at = loaded.renew_at;
                self.newest.send_replace(loaded.config);
                tracing::info!("certificate and key were loaded again; new connections get them");
            }
            Err(error) => {
                let why = format!("{error:#}");
                tracing::error!(error = why, "certificate and key were not loaded again: those in use stay");
            }
        }
    }

    async fn renew(&mut self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if self.renew_at.is_some_and(|at| self.clock.now() >= at) {
                self.load_again();
            }
        }
    }
}

impl Source {
    fn load(&self, clock: &dyn Clock) -> anyhow::Result<Loaded> {
        match self {
            Self::Files { certificate, key } => {
                Ok(Loaded { config: tls::from_files(certificate, key)?, root: None, renew_at: None })
            }
            Self::Local { data, hosts } => {
                let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
                let local = local_tls(data, &hosts, clock, &SystemEntropy)?;
                let key = PrivatePkcs8KeyDer::from(local.key.expose().to_vec());
                let chain = local.chain.map(CertificateDer::from).to_vec();
                Ok(Loaded {
                    config: tls::from_parts(chain, key.into())?,
                    root: Some(local.root),
                    renew_at: Some(local.renew_at),
                })
            }
        }
    }
}

/// Starts the loading again: at SIGHUP, and before a local certificate ends. Without TLS a SIGHUP changes nothing, and ends
/// nothing either.
pub(super) fn keep_fresh(tls: Option<Tls>) -> anyhow::Result<()> {
    let mut hangups = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    tokio::spawn(async move {
        let Some(mut tls) = tls else {
            while hangups.recv().await.is_some() {
                tracing::info!("SIGHUP: there is nothing to load again, a proxy speaks TLS");
            }
            return;
        };
        loop {
            tokio::select! {
                _ = hangups.recv() => tls.load_again(),
                () = tls.renew() => {}
            }
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, Ordering};
    use tokio::time::Instant;
    use yinxin_wallet::port::SystemClock;

    /// The machine's clock, moved by hand.
    struct Moved(AtomicI64);

    impl Clock for Moved {
        fn now(&self) -> Millis {
            SystemClock::new().now().plus(self.0.load(Ordering::Relaxed))
        }

        fn monotonic_ms(&self) -> i64 {
            SystemClock::new().monotonic_ms()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_local_certificate_is_renewed_a_month_before_its_end_and_no_sooner() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Moved(AtomicI64::new(0)));
        let hosts = config::Tls { certificate: None, key: None, local_hosts: vec!["pay.lan".to_owned()] };
        let mut tls = Tls::load(&hosts, folder.path(), Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
        let root = tls.lan_root().unwrap();
        let mut newest = tls.newest();
        newest.mark_unchanged();
        tokio::spawn(async move { tls.renew().await });
        clock.0.store(360 * Millis::DAY, Ordering::Relaxed);
        assert!(tokio::time::timeout(2 * LOOK_EVERY, newest.changed()).await.is_err(), "renewed too soon");
        clock.0.store(367 * Millis::DAY, Ordering::Relaxed);
        let began = Instant::now();
        newest.changed().await.unwrap();
        assert!(began.elapsed() <= LOOK_EVERY);
        let again = local_tls(folder.path(), &["pay.lan"], clock.as_ref(), &SystemEntropy).unwrap();
        assert_eq!(again.root, root, "phones need to install nothing");
    }
}
