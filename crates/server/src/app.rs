//! What every handler shares: the wallet, the site, and what only a demonstration has.

use crate::adapters::sms_tray::SmsTray;
use crate::door::guard::Site;
use crate::door::streams::Streams;
use std::ops::Deref;
use std::sync::Arc;
use tokio::sync::watch;
use yinxin_core::Minor;
use yinxin_wallet::Wallet;

use crate::api::wire::Amount;

/// Shared by all requests; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

struct Shared {
    parts: Parts,
    streams: Streams,
}

/// What [`App`] holds.
pub(crate) struct Parts {
    /// The use cases.
    pub(crate) wallet: Wallet,
    /// The origin.
    pub(crate) site: Arc<Site>,
    /// What only a demonstration has.
    pub(crate) demo: Option<Demo>,
    /// The root of the local network's TLS, DER, where this program made one.
    pub(crate) lan_root: Option<Vec<u8>>,
    /// A proxy on loopback speaks TLS and names the visitor's address.
    pub(crate) behind_proxy: bool,
    /// Turns true when the program ends: streams end with it.
    pub(crate) stop: watch::Receiver<bool>,
}

/// What only a demonstration has.
pub(crate) struct Demo {
    /// Its text messages.
    pub(crate) tray: Arc<SmsTray>,
    /// The tea shop's address.
    pub(crate) shop_url: String,
}

impl App {
    /// Shares `parts`.
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(Shared { parts, streams: Streams::new() }))
    }

    /// The places for event streams.
    pub(crate) fn streams(&self) -> &Streams {
        &self.0.streams
    }

    /// `minor` units of the deployment's currency, as the wire writes money.
    pub(crate) fn amount(&self, minor: Minor) -> Amount {
        Amount::new(minor.get(), self.site.currency)
    }

    /// A balance: never negative for a person or a merchant.
    pub(crate) fn balance(&self, minor: i64) -> Amount {
        Amount::new(u64::try_from(minor).unwrap_or(0), self.site.currency)
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

impl Demo {
    /// The shop's address without its path.
    pub(crate) fn shop_origin(&self) -> String {
        self.shop_url.trim_end_matches('/').to_owned()
    }
}
