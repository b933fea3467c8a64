//! The configuration of `yinxin serve`: a TOML file, then the environment. Unknown keys are refused.

use crate::telemetry::log::Format;
use anyhow::{Context as _, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use yinxin_wallet::{PasswordRules, Retention};

/// What `yinxin serve` is told. Every key can also come from the environment, which wins: see [`VARIABLES`].
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The data directory that `yinxin init` made.
    pub(crate) data: PathBuf,
    /// Where the books are, when they are in PostgreSQL and not in the data directory.
    pub(crate) database: Option<DatabaseUrl>,
    /// Address and port to listen on; beyond loopback only with TLS.
    #[serde(default = "default_listen")]
    pub(crate) listen: SocketAddr,
    /// TLS, when this program speaks it itself.
    pub(crate) tls: Option<Tls>,
    /// This node among several that share a database.
    pub(crate) nodes: Option<Nodes>,
    /// How text messages are sent.
    pub(crate) sms: Option<Sms>,
    /// Caps on connections.
    #[serde(default)]
    pub(crate) connections: Connections,
    /// The log.
    #[serde(default)]
    pub(crate) log: Log,
    /// The operator's listener.
    #[serde(default)]
    pub(crate) operator: Operator,
    /// Traces.
    #[serde(default)]
    pub(crate) telemetry: Traces,
    /// How long what is short-lived is kept.
    #[serde(default)]
    pub(crate) retention: Kept,
    /// What is demanded of passwords beside their strength.
    #[serde(default)]
    pub(crate) passwords: Passwords,
}

/// The log on standard error.
#[derive(Debug, Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    /// How a line looks.
    pub(crate) format: Format,
}

/// Metrics and health, for the operator alone.
#[derive(Debug, Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Operator {
    /// Address and port; nothing listens where it is left out.
    pub(crate) listen: Option<SocketAddr>,
}

/// Traces for an OpenTelemetry collector.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Traces {
    /// The collector, as <http://127.0.0.1:4318>; nothing is traced where it is left out.
    pub(crate) otlp_endpoint: Option<String>,
    /// How many of 100 requests are traced.
    pub(crate) sample_percent: u8,
}

/// What is demanded of passwords beside their strength.
#[derive(Debug, Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Passwords {
    /// Whether they age.
    pub(crate) rotation: Rotation,
    /// What they are made of.
    pub(crate) composition: Composition,
}

/// Whether passwords age.
#[derive(Debug, Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Rotation {
    /// They do not.
    #[default]
    Off,
    /// After 180 days a reminder.
    Remind,
    /// After 180 days they have to be changed.
    Force,
}

/// What passwords are made of.
#[derive(Debug, Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Composition {
    /// Anything.
    #[default]
    Off,
    /// At least three kinds of characters.
    Mixed,
}

impl From<Passwords> for PasswordRules {
    fn from(passwords: Passwords) -> Self {
        Self {
            rotation: match passwords.rotation {
                Rotation::Off => yinxin_wallet::Rotation::Off,
                Rotation::Remind => yinxin_wallet::Rotation::Remind,
                Rotation::Force => yinxin_wallet::Rotation::Force,
            },
            composition: match passwords.composition {
                Composition::Off => yinxin_wallet::Composition::Off,
                Composition::Mixed => yinxin_wallet::Composition::Mixed,
            },
        }
    }
}

/// How long rows that are short-lived are kept after their use.
#[derive(Debug, Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Kept {
    /// Sessions, after their last use.
    pub(crate) sessions_days: u32,
    /// Codes and challenges, after they expired.
    pub(crate) codes_hours: u32,
    /// Idempotency keys with their answers.
    pub(crate) keys_hours: u32,
}

impl Default for Kept {
    fn default() -> Self {
        Self { sessions_days: 90, codes_hours: 1, keys_hours: 24 }
    }
}

impl Kept {
    /// As the wallet takes it.
    pub(crate) fn hours(self) -> anyhow::Result<Retention> {
        let sessions = self.sessions_days.saturating_mul(24);
        Retention::of_hours(sessions, self.codes_hours, self.keys_hours).context("[retention]")
    }
}

impl Default for Traces {
    fn default() -> Self {
        Self { otlp_endpoint: None, sample_percent: 100 }
    }
}

/// An address of PostgreSQL. It may hold a password: it is shown nowhere.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub(crate) struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The address itself, for whoever connects.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseUrl")
    }
}

/// Certificate and key as files, or names for a certificate under a local root.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    /// PEM chain, leaf first.
    pub(crate) certificate: Option<PathBuf>,
    /// PEM private key.
    pub(crate) key: Option<PathBuf>,
    /// Host names and addresses in the local network: a root is made once, phones install `/pki/lan-root.cer`.
    #[serde(default)]
    pub(crate) local_hosts: Vec<String>,
}

/// The webhook for text messages.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sms {
    /// Its address.
    pub(crate) webhook: String,
    /// A file that holds the secret which signs each request.
    pub(crate) secret_file: PathBuf,
}

/// This node among several that share a database.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nodes {
    /// Address and port for the other nodes alone.
    pub(crate) listen: SocketAddr,
    /// Host and port where the other nodes reach it.
    pub(crate) address: String,
}

/// Caps on connections.
#[derive(Debug, Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Connections {
    /// In all.
    pub(crate) total: usize,
    /// From one address (an IPv6 /64 counts as one).
    pub(crate) per_address: usize,
}

impl Default for Connections {
    fn default() -> Self {
        Self { total: 8_192, per_address: 128 }
    }
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}

/// The prefix of the environment's variables.
const PREFIX: &str = "YINXIN_";

/// Environment variable and the key that it sets.
pub(crate) const VARIABLES: [(&str, &str); 21] = [
    ("YINXIN_DATA", "data"),
    ("YINXIN_DATABASE", "database"),
    ("YINXIN_LISTEN", "listen"),
    ("YINXIN_TLS_CERTIFICATE", "tls.certificate"),
    ("YINXIN_TLS_KEY", "tls.key"),
    ("YINXIN_TLS_LOCAL_HOSTS", "tls.local_hosts"),
    ("YINXIN_NODES_LISTEN", "nodes.listen"),
    ("YINXIN_NODES_ADDRESS", "nodes.address"),
    ("YINXIN_SMS_WEBHOOK", "sms.webhook"),
    ("YINXIN_SMS_SECRET_FILE", "sms.secret_file"),
    ("YINXIN_CONNECTIONS_TOTAL", "connections.total"),
    ("YINXIN_CONNECTIONS_PER_ADDRESS", "connections.per_address"),
    ("YINXIN_LOG_FORMAT", "log.format"),
    ("YINXIN_OPERATOR_LISTEN", "operator.listen"),
    ("YINXIN_TELEMETRY_OTLP_ENDPOINT", "telemetry.otlp_endpoint"),
    ("YINXIN_TELEMETRY_SAMPLE_PERCENT", "telemetry.sample_percent"),
    ("YINXIN_RETENTION_SESSIONS_DAYS", "retention.sessions_days"),
    ("YINXIN_RETENTION_CODES_HOURS", "retention.codes_hours"),
    ("YINXIN_RETENTION_KEYS_HOURS", "retention.keys_hours"),
    ("YINXIN_PASSWORDS_ROTATION", "passwords.rotation"),
    ("YINXIN_PASSWORDS_COMPOSITION", "passwords.composition"),
];
/// Variables of the other commands and of the log.
const OTHER_VARIABLES: [&str; 4] = ["YINXIN_LOG", "YINXIN_PASSWORD", "YINXIN_PIN", "YINXIN_KEY_PASSPHRASE"];

impl Config {
    /// Reads `file`, when there is one, and the environment.
    pub(crate) fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let text = match file {
            Some(file) => {
                std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?
            }
            None => String::new(),
        };
        let environment = std::env::vars().filter(|(name, _)| name.starts_with(PREFIX)).collect();
        Self::parse(&text, &environment)
            .with_context(|| file.map_or_else(|| "environment".to_owned(), |file| file.display().to_string()))
    }

    fn parse(text: &str, environment: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        // The file alone first: its errors carry the line. What it lacks may still come from the environment.
        if let Err(error) = toml::from_str::<Self>(text) {
            anyhow::ensure!(error.message().starts_with("missing field"), plain(&error));
        }
        let mut table: toml::Table = toml::from_str(text).map_err(|error| plain(&error))?;
        for (name, value) in environment {
            overlay(&mut table, name, value)?;
        }
        let config: Self = table.try_into().map_err(|error| plain(&error))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        if self.tls.is_none() && !self.listen.ip().is_loopback() {
            bail!(
                "listen = \"{}\" is beyond loopback and there is no [tls]: give it a certificate, or listen on \
                 loopback behind a proxy that speaks TLS",
                self.listen
            );
        }
        if self.nodes.is_some() && self.database.is_none() {
            bail!("[nodes] without database: several nodes share the books, files belong to one program");
        }
        if let Some(tls) = &self.tls {
            let files = (&tls.certificate, &tls.key);
            match (files, tls.local_hosts.is_empty()) {
                ((Some(_), Some(_)), true) | ((None, None), false) => {}
                ((None, None), true)
                | ((Some(_), None) | (None, Some(_)), _)
                | ((Some(_), Some(_)), false) => {
                    bail!("[tls] needs either certificate and key, or local_hosts");
                }
            }
        }
        self.check_operator()?;
        self.retention.hours()?;
        let traces = &self.telemetry;
        anyhow::ensure!(
            (1..=100).contains(&traces.sample_percent),
            "telemetry.sample_percent is a number from 1 to 100"
        );
        let endpoint = traces.otlp_endpoint.as_deref();
        anyhow::ensure!(
            endpoint.is_none_or(|address| address.starts_with("http://") || address.starts_with("https://")),
            "telemetry.otlp_endpoint begins with http:// or https://"
        );
        Ok(())
    }

    /// What it shows is for the operator: an address that strangers can reach is refused.
    fn check_operator(&self) -> anyhow::Result<()> {
        let Some(listen) = self.operator.listen else { return Ok(()) };
        let is_inside = match listen.ip().to_canonical() {
            IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
            IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
        };
        anyhow::ensure!(
            is_inside && listen != self.listen,
            "operator.listen = \"{listen}\": metrics stay on loopback or on a private address, beside the public listener"
        );
        Ok(())
    }
}

fn overlay(table: &mut toml::Table, name: &str, value: &str) -> anyhow::Result<()> {
    if OTHER_VARIABLES.contains(&name) {
        return Ok(());
    }
    let Some((_, key)) = VARIABLES.iter().find(|(variable, _)| *variable == name) else {
        let known = VARIABLES.map(|(variable, _)| variable).join(", ");
        bail!("{name} is no variable of this program; it knows {known}");
    };
    let value = match *key {
        "tls.local_hosts" => {
            value.split(',').map(|host| toml::Value::from(host.trim())).collect::<Vec<_>>().into()
        }
        "connections.total"
        | "connections.per_address"
        | "telemetry.sample_percent"
        | "retention.sessions_days"
        | "retention.codes_hours"
        | "retention.keys_hours" => {
            toml::Value::from(value.parse::<i64>().with_context(|| format!("{name} is not a number"))?)
        }
        _ => toml::Value::from(value),
    };
    match key.split_once('.') {
        None => table.insert((*key).to_owned(), value),
        Some((section, key)) => {
            let section = table.entry(section).or_insert_with(|| toml::Table::new().into());
            section.as_table_mut().and_then(|section| section.insert(key.to_owned(), value))
        }
    };
    Ok(())
}

/// The parser's message, which shows the line; not its debug form.
fn plain(error: &toml::de::Error) -> anyhow::Error {
    anyhow::anyhow!("{}", error.to_string().trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, &BTreeMap::new()).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let error = parse("data = \"/d\"\nlisten = \"127.0.0.1:1\"\nlissten = 1\n").unwrap_err();
        assert!(error.contains("line 3") && error.contains("lissten"), "{error}");
        let error =
            parse("data = \"/d\"\n\n[tls]\ncertificate = \"c\"\nkey = \"k\"\nchiphers = \"\"\n").unwrap_err();
        assert!(error.contains("line 6") && error.contains("chiphers"), "{error}");
        let error = parse("data = \"/d\"\nlisten = \"nowhere\"\n").unwrap_err();
        assert!(error.contains("line 2"), "{error}");
        let error = parse("data = \n").unwrap_err();
        assert!(error.contains("line 1"), "{error}");
        let error = parse("typo = 1\n").unwrap_err();
        assert!(error.contains("line 1") && error.contains("typo"), "{error}");
        assert!(parse("listen = \"127.0.0.1:1\"").unwrap_err().contains("data"));
    }

    #[test]
    fn the_environment_wins_and_its_unknown_names_are_refused() {
        let environment: BTreeMap<String, String> = [
            ("YINXIN_DATA", "/other"),
            ("YINXIN_TLS_LOCAL_HOSTS", "pay.lan, 192.168.1.5"),
            ("YINXIN_LISTEN", "0.0.0.0:443"),
            ("YINXIN_CONNECTIONS_TOTAL", "9"),
            ("YINXIN_LOG", "debug"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let config = Config::parse("listen = \"127.0.0.1:1\"", &environment).unwrap();
        assert_eq!(config.data, PathBuf::from("/other"));
        assert_eq!(config.listen.port(), 443);
        assert_eq!(config.tls.unwrap().local_hosts, ["pay.lan", "192.168.1.5"]);
        assert_eq!(config.connections, Connections { total: 9, ..Connections::default() });
        let unknown = [("YINXIN_LISTENN".to_owned(), "x".to_owned())].into();
        let error = Config::parse("data = \"/d\"", &unknown).unwrap_err().to_string();
        assert!(error.contains("YINXIN_LISTENN"), "{error}");
    }

    #[test]
    fn metrics_stay_inside_and_traces_go_to_an_address() {
        let with = |section: &str| parse(&format!("data = \"/d\"\nlisten = \"127.0.0.1:1\"\n{section}\n"));
        for listen in ["127.0.0.1:9464", "10.0.0.7:9464", "[fd00::1]:9464"] {
            assert!(with(&format!("[operator]\nlisten = \"{listen}\"")).is_ok(), "{listen}");
        }
        for listen in ["0.0.0.0:9464", "203.0.113.7:9464", "[::]:9464", "127.0.0.1:1"] {
            assert!(with(&format!("[operator]\nlisten = \"{listen}\"")).unwrap_err().contains("private"));
        }
        let json = with("[log]\nformat = \"json\"").unwrap();
        assert_eq!((json.log.format, json.telemetry.sample_percent), (Format::Json, 100));
        assert!(with("[telemetry]\notlp_endpoint = \"collector:4318\"").is_err());
        assert!(with("[telemetry]\nsample_percent = 0").is_err());
        assert!(with("[retention]\nkeys_hours = 23").unwrap_err().contains("24 hours"));
        assert_eq!(with("[retention]\nsessions_days = 30").unwrap().retention.sessions_days, 30);
    }

    #[test]
    fn several_nodes_need_a_database() {
        let nodes = "[nodes]\nlisten = \"10.0.0.5:7443\"\naddress = \"node1.internal:7443\"";
        assert!(parse(&format!("data = \"/d\"\n{nodes}")).unwrap_err().contains("without database"));
        let config = parse(&format!("data = \"/d\"\ndatabase = \"postgres://h/b\"\n{nodes}")).unwrap();
        assert_eq!(config.nodes.unwrap().address, "node1.internal:7443");
        assert!(parse("data = \"/d\"\ndatabase = \"postgres://h/b\"\n[nodes]\nlisten = \"[::]:1\"").is_err());
    }

    #[test]
    fn the_address_of_the_database_is_shown_nowhere() {
        let config = parse("data = \"/d\"\ndatabase = \"postgres://u:hunter2@localhost/books\"").unwrap();
        assert_eq!(config.database.as_ref().unwrap().expose(), "postgres://u:hunter2@localhost/books");
        assert!(!format!("{config:?}").contains("hunter2"));
        let environment = [("YINXIN_DATABASE".to_owned(), "postgres://h/b".to_owned())].into();
        let config = Config::parse("data = \"/d\"\ndatabase = \"postgres://other/b\"", &environment).unwrap();
        assert_eq!(config.database.unwrap().expose(), "postgres://h/b");
    }

    #[test]
    fn plain_http_stays_on_loopback_and_tls_is_files_or_local() {
        assert!(parse("data = \"/d\"\nlisten = \"0.0.0.0:80\"").unwrap_err().contains("beyond loopback"));
        assert!(parse("data = \"/d\"\nlisten = \"[::1]:80\"").is_ok());
        assert!(parse("data = \"/d\"\n[tls]\ncertificate = \"c\"").unwrap_err().contains("either"));
        assert!(
            parse("data = \"/d\"\n[tls]\nlocal_hosts = [\"a\"]\nkey = \"k\"").unwrap_err().contains("either")
        );
        assert!(
            parse("data = \"/d\"\nlisten = \"0.0.0.0:443\"\n[tls]\ncertificate = \"c\"\nkey = \"k\"").is_ok()
        );
    }
}
