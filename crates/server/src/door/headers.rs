//! The headers that every answer carries, and the content security policy of each kind of page.

use axum::http::HeaderMap;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};

/// What a browser's features may be used by.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(self), camera=(self), \
    display-capture=(), encrypted-media=(), fullscreen=(self), geolocation=(), gyroscope=(), magnetometer=(), \
    microphone=(), midi=(), payment=(), publickey-credentials-create=(self), publickey-credentials-get=(self), \
    screen-wake-lock=(self), usb=(), xr-spatial-tracking=()";
/// One year; not for sub-domains, which are not ours.
static HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");
static NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
static NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
/// What every answer has, made once.
static FIXED: [(HeaderName, HeaderValue); 6] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS)),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP_DATA)),
];

/// What may run and load in a page (web.md, the security of the page).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Csp {
    /// Beside `'self'`: the QR worker compiles `WebAssembly`.
    pub(crate) wasm: bool,
    /// Who may show the page in a frame.
    pub(crate) frame_ancestors: String,
    /// What the page may show in frames; empty for nothing.
    pub(crate) frame_src: String,
    /// Where the page's forms may go.
    pub(crate) form_action: String,
}

impl Csp {
    /// A page that nobody may frame, that frames nothing and has no forms.
    pub(crate) fn page() -> Self {
        Self {
            wasm: false,
            frame_ancestors: "'none'".to_owned(),
            frame_src: String::new(),
            form_action: "'none'".to_owned(),
        }
    }

    /// The header's text.
    pub(crate) fn text(&self) -> String {
        let wasm = if self.wasm { " 'wasm-unsafe-eval'" } else { "" };
        let frames =
            if self.frame_src.is_empty() { String::new() } else { format!("frame-src {}; ", self.frame_src) };
        format!(
            "default-src 'none'; script-src 'self'{wasm}; style-src 'self'; img-src 'self' data: blob:; \
             font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; \
             media-src 'self' blob:; {frames}base-uri 'none'; form-action {}; frame-ancestors {}; \
             require-trusted-types-for 'script'; trusted-types vue yinxin",
            self.form_action, self.frame_ancestors
        )
    }
}

/// The policy of an answer that is no page: nothing at all.
const CSP_DATA: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Adds what is missing; a handler that set a header itself is left alone.
pub(crate) fn complete(headers: &mut HeaderMap, is_api: bool, is_https: bool) {
    headers.reserve(FIXED.len() + 2);
    for (name, value) in &FIXED {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    if is_https {
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert_with(|| HSTS.clone());
    }
    let default_cache = if is_api { &NO_STORE } else { &NO_CACHE };
    headers.entry(CACHE_CONTROL).or_insert_with(|| default_cache.clone());
}
