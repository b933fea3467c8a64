//! The cookies that the wallet knows, by the rules of their `__Host-` prefix (RFC 6265bis section 4.1.3.2).
//!
//! A jar belongs to one origin, so it has neither domains nor paths. Whether `Secure` cookies may travel is decided once,
//! by the address: https, or http to this very machine.

use std::collections::BTreeMap;

/// The cookies that are kept; every other one is ignored.
const KNOWN: [&str; 3] = ["__Host-yx-session", DEVICE, "__Host-yx-seen"];
/// The cookie of a known device.
const DEVICE: &str = "__Host-yx-device";
/// The longest value that is kept.
const VALUE_BYTES_MAX: usize = 1_024;

/// The cookies of one person at one origin. No `Debug`: they are secrets.
#[derive(Default, Clone)]
pub(crate) struct Jar(BTreeMap<&'static str, String>);

impl Jar {
    /// Takes in one `Set-Cookie` header; what breaks a rule is ignored, as a browser does.
    pub(crate) fn set(&mut self, header: &str) {
        let mut parts = header.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let Some(&known) = KNOWN.iter().find(|known| **known == name) else { return };
        let attributes: Vec<(String, &str)> = parts
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
            .collect();
        let find =
            |name: &str| attributes.iter().rev().find(|(found, _)| found == name).map(|(_, value)| *value);
        if find("secure").is_none() || find("domain").is_some() || find("path") != Some("/") {
            return;
        }
        let ends = find("max-age").is_some_and(|age| age.parse::<i64>().is_ok_and(|seconds| seconds <= 0));
        if ends || value.is_empty() {
            self.0.remove(known);
        } else if value.len() <= VALUE_BYTES_MAX && value.bytes().all(is_cookie_byte) {
            self.0.insert(known, value.to_owned());
        }
    }

    /// The `Cookie` header, or `None` without cookies.
    pub(crate) fn header(&self) -> Option<String> {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// The device's cookie.
    pub(crate) fn device(&self) -> Option<&str> {
        self.0.get(DEVICE).map(String::as_str)
    }

    /// Is this device again.
    pub(crate) fn set_device(&mut self, value: &str) {
        if !value.is_empty() && value.len() <= VALUE_BYTES_MAX && value.bytes().all(is_cookie_byte) {
            self.0.insert(DEVICE, value.to_owned());
        }
    }

    /// Forgets the session; the device stays known.
    pub(crate) fn end_session(&mut self) {
        self.0.remove("__Host-yx-session");
    }
}

/// `cookie-octet` of RFC 6265 section 4.1.1.
fn is_cookie_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(headers: &[&str]) -> Option<String> {
        let mut jar = Jar::default();
        for header in headers {
            jar.set(header);
        }
        jar.header()
    }

    #[test]
    fn the_two_cookies_come_back_and_no_other() {
        let session = "__Host-yx-session=abc; HttpOnly; Secure; SameSite=Strict; Path=/";
        let device = "__Host-yx-device=def; Max-Age=34560000; HttpOnly; Secure; SameSite=Strict; Path=/";
        assert_eq!(after(&[session, device]).unwrap(), "__Host-yx-device=def; __Host-yx-session=abc");
        assert_eq!(after(&["tracker=1; Secure; Path=/"]), None);
        assert_eq!(after(&["__host-yx-session=abc; Secure; Path=/"]), None, "names are case-sensitive");
    }

    #[test]
    fn a_cookie_that_breaks_its_prefix_is_ignored() {
        for header in [
            "__Host-yx-session=abc; Path=/",
            "__Host-yx-session=abc; Secure",
            "__Host-yx-session=abc; Secure; Path=/api",
            "__Host-yx-session=abc; Secure; Path=/; Domain=localhost",
            "__Host-yx-session=abc; Secure; Path=/; domain=",
            "__Host-yx-session=abc; Secure; Path=/; Path=/api",
            "__Host-yx-session=a b; Secure; Path=/",
            "__Host-yx-session=\"abc\"; Secure; Path=/",
            "__Host-yx-session; Secure; Path=/",
            "",
        ] {
            assert_eq!(after(&[header]), None, "{header}");
        }
    }

    #[test]
    fn the_server_ends_a_cookie() {
        let set = "__Host-yx-session=abc; Secure; Path=/";
        for end in ["__Host-yx-session=; Secure; Path=/", "__Host-yx-session=abc; Max-Age=0; Secure; Path=/"]
        {
            assert_eq!(after(&[set, end]), None);
        }
        assert_eq!(after(&[set, "__Host-yx-session=; Path=/"]).unwrap(), "__Host-yx-session=abc");
    }
}
