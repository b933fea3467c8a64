//! The headers that every answer carries, and the content security policy of each kind of page.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Uri};

/// What a browser's features may be used by.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(self), camera=(self), \
    display-capture=(), encrypted-media=(), fullscreen=(self), geolocation=(), gyroscope=(), magnetometer=(), \
    microphone=(), midi=(), payment=(), publickey-credentials-create=(self), publickey-credentials-get=(self), \
    screen-wake-lock=(self), usb=(), xr-spatial-tracking=()";
/// One year; not for sub-domains, which are not ours.
const HSTS: &str = "max-age=31536000";

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
pub(crate) fn complete(headers: &mut HeaderMap, uri: &Uri, is_https: bool) {
    let fixed = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (CONTENT_SECURITY_POLICY, CSP_DATA),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if is_https {
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(HeaderValue::from_static(HSTS));
    }
    let default_cache = if uri.path().starts_with("/api/") { "no-store" } else { "no-cache" };
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static(default_cache));
}
