//! The deployment's origin, from which every address inside a certificate is made.

use core::net::Ipv6Addr;

use crate::x509::check_host_name;
use crate::{Error, Result};

/// `scheme://host[:port]`, lower case, without a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    text: String,
    host: String,
}

impl Origin {
    /// Parses an origin as a browser writes it (RFC 6454).
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let bad = Error::Refused("not an origin");
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or(bad)?;
        let (host, port) = if let Some(v6) = rest.strip_prefix('[') {
            let (address, port) = v6.split_once(']').ok_or(bad)?;
            let _: Ipv6Addr = address.parse().map_err(|_| bad)?;
            (format!("[{address}]"), port.strip_prefix(':').or(port.is_empty().then_some("")).ok_or(bad)?)
        } else {
            let (host, port) = rest.split_once(':').unwrap_or((rest, ""));
            check_host_name(host).map_err(|_| bad)?;
            (host.to_owned(), port)
        };
        let port_is_good = port.is_empty() && !rest.ends_with(':')
            || port.parse::<u16>().is_ok_and(|number| number.to_string() == port);
        if port_is_good { Ok(Self { text: text.to_owned(), host }) } else { Err(bad) }
    }

    /// A published file or service, `<origin>/pki/<name>`.
    pub(crate) fn pki(&self, name: &str) -> String {
        format!("{}/pki/{name}", self.text)
    }

    /// The identity of a subject, `https://<host>/id/<id>`: https even if a demo is served over http,
    /// because it is a name, not a link (and linters flag a `urn:uuid`).
    pub(crate) fn identity(&self, id: &str) -> String {
        format!("https://{}/id/{id}", self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_gives_the_addresses_of_a_certificate() {
        let origin = Origin::parse("http://localhost:8088").unwrap();
        assert_eq!(origin.pki("ocsp"), "http://localhost:8088/pki/ocsp");
        assert_eq!(origin.identity("acc_a"), "https://localhost/id/acc_a");
        assert_eq!(Origin::parse("https://[::1]:8443").unwrap().identity("a"), "https://[::1]/id/a");
    }

    #[test]
    fn what_is_not_an_origin_is_refused() {
        for bad in [
            "",
            "localhost",
            "ftp://a",
            "https://",
            "https://a/",
            "https://a:",
            "https://a:0x1",
            "https://a:070",
            "https://A",
            "https://a b",
            "https://u@h",
            "https://[::1",
            "https://[zz]",
            "https://[::1]x",
            "https://a?b",
        ] {
            assert!(Origin::parse(bad).is_err(), "{bad}");
        }
    }
}
