//! Who asks: a person with a session, a merchant with a key, or a visitor.

use crate::app::App;
use crate::door::{Peer, cookies};
use crate::problem::{Code, Problem};
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use std::net::{IpAddr, Ipv4Addr};
use yinxin_wallet::{SessionContext, Visitor};

/// A person with a session.
pub(crate) struct Session(pub(crate) SessionContext);

impl FromRequestParts<App> for Session {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        session(&parts.headers, app).map(Self)
    }
}

/// The session that the request's cookie stands for.
pub(crate) fn session(headers: &HeaderMap, app: &App) -> Result<SessionContext, Problem> {
    let token =
        cookies::read(headers, cookies::SESSION).ok_or_else(|| Problem::new(Code::SessionRequired))?;
    Ok(app.wallet.session(token)?)
}

/// A merchant's API key, which some merchant has.
pub(crate) struct MerchantKey(pub(crate) String);

impl FromRequestParts<App> for MerchantKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let key = merchant_key(&parts.headers).ok_or_else(|| Problem::new(Code::MerchantUnauthorised))?;
        app.wallet.merchant(&key)?;
        Ok(Self(key))
    }
}

/// The bearer token of a request.
pub(crate) fn merchant_key(headers: &HeaderMap) -> Option<String> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim().to_owned())
}

/// Somebody, as far as the connection can tell.
pub(crate) struct Guest(pub(crate) Visitor);

impl FromRequestParts<App> for Guest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
        let device_token = cookies::read(&parts.headers, cookies::DEVICE).map(str::to_owned);
        Ok(Self(Visitor { address: address(peer, &parts.headers, app.behind_proxy), device_token }))
    }
}

/// The visitor's address. Only a proxy on this machine is believed when it names another, and only its own last word.
fn address(peer: IpAddr, headers: &HeaderMap, behind_proxy: bool) -> IpAddr {
    if !behind_proxy || !peer.is_loopback() {
        return peer;
    }
    let named = headers.get_all("x-forwarded-for").iter().next_back().and_then(|line| line.to_str().ok());
    named.and_then(|line| line.rsplit(',').next()).and_then(|last| last.trim().parse().ok()).unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_on_this_machine_names_the_visitor() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "198.51.100.7, 203.0.113.9".parse().unwrap());
        let (local, far): (IpAddr, IpAddr) = ("127.0.0.1".parse().unwrap(), "192.0.2.1".parse().unwrap());
        assert_eq!(address(local, &headers, true), "203.0.113.9".parse::<IpAddr>().unwrap());
        assert_eq!(address(local, &headers, false), local);
        assert_eq!(address(far, &headers, true), far);
        headers.insert("x-forwarded-for", "nonsense".parse().unwrap());
        assert_eq!(address(local, &headers, true), local);
    }

    #[test]
    fn a_bearer_key_is_read_whatever_the_case_of_its_scheme() {
        let mut headers = HeaderMap::new();
        assert_eq!(merchant_key(&headers), None);
        headers.insert(AUTHORIZATION, "bearer sk_1".parse().unwrap());
        assert_eq!(merchant_key(&headers).as_deref(), Some("sk_1"));
        headers.insert(AUTHORIZATION, "Basic abc".parse().unwrap());
        assert_eq!(merchant_key(&headers), None);
    }
}
