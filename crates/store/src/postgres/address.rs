//! An address of PostgreSQL, understood once: hosts, database, user, password, and how TLS is spoken.

use super::dial::Dial;
use super::tls::Tls;
use crate::error::StoreError;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// Understood, with the password inside; so no `Debug`.
pub(super) struct Address {
    dial: Arc<Dial>,
    shown: String,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        let wrong = |what: &str| StoreError::Failed(format!("the database's address: {what}"));
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(wrong("it begins with postgres://"));
        }
        let (url, mode, root) = take_tls(url);
        // The driver's own words would repeat the address, and with it the password.
        let mut config: Config = url.parse().map_err(|_| wrong("it is not understood"))?;
        if config.get_dbname().is_none() {
            return Err(wrong("it names no database"));
        }
        if config.get_hosts().is_empty() {
            return Err(wrong("it names no host"));
        }
        let local =
            config.get_hosts().iter().all(is_local) && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
        let verified = match mode.as_deref() {
            None | Some("prefer" | "allow") => !local || root.is_some(),
            Some("disable") if local => false,
            Some("disable") => return Err(wrong("sslmode=disable is for this machine alone")),
            Some("require" | "verify-ca" | "verify-full") => true,
            Some(_) => return Err(wrong("sslmode is disable or verify-full")),
        };
        let tls = match (verified, root) {
            (false, _) => Tls::none(),
            (true, Some(root)) => Tls::trusting(&root)?,
            (true, None) => {
                return Err(wrong("TLS needs sslrootcert=FILE, the certificate that signed the server's"));
            }
        };
        config.ssl_mode(if verified { SslMode::Require } else { SslMode::Disable });
        Ok(Self { shown: shown(&config), dial: Arc::new(Dial::new(&config, tls)) })
    }

    /// Hosts and database, without user and password.
    pub(super) fn shown(&self) -> String {
        self.shown.clone()
    }

    /// The way to its hosts.
    pub(super) fn dial(&self) -> Arc<Dial> {
        Arc::clone(&self.dial)
    }
}

/// The parameters of TLS, which the driver does not know in full, taken out of the address.
fn take_tls(url: &str) -> (String, Option<String>, Option<PathBuf>) {
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), None, None) };
    let (mut mode, mut root, mut rest) = (None, None, Vec::new());
    for parameter in query.split('&') {
        match parameter.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value.to_owned()),
            Some(("sslrootcert", value)) => root = Some(PathBuf::from(value.replace("%2F", "/"))),
            Some(_) | None => rest.push(parameter),
        }
    }
    let query = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
    (format!("{base}{query}"), mode, root)
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn shown(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(at, host)| {
        let port = ports.get(at).or_else(|| ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(path) => format!("{}:{port}", path.display()),
        }
    });
    let hosts: Vec<String> = hosts.collect();
    format!("{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        Address::parse(url).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn an_address_is_shown_without_user_and_password() {
        let address = Address::parse("postgres://wallet:hunter2@127.0.0.1:5433/books").unwrap();
        assert_eq!(address.shown(), "127.0.0.1:5433/books");
        let socket = Address::parse("postgres://wallet:hunter2@%2Frun%2Fpostgresql/books").unwrap();
        assert_eq!(socket.shown(), "/run/postgresql:5432/books");
    }

    #[test]
    fn a_wrong_address_is_refused_without_its_password() {
        for url in [
            "mysql://wallet:hunter2@127.0.0.1/books",
            "postgres://wallet:hunter2@127.0.0.1:port/books",
            "postgres://wallet:hunter2@127.0.0.1",
            "postgres://wallet:hunter2@127.0.0.1/books?unknown=1",
            "postgres://wallet:hunter2@db.example/books",
            "postgres://wallet:hunter2@db.example/books?sslmode=disable",
            "postgres://wallet:hunter2@db.example/books?sslmode=require",
            "postgres://wallet:hunter2@db.example/books?sslmode=verify-full&sslrootcert=/nowhere",
        ] {
            let refusal = refusal(url);
            assert!(!refusal.is_empty() && !refusal.contains("hunter2"), "{url}: {refusal}");
        }
    }
}
