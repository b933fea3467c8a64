//! The embedded web files: the wallet, the checkout, the demonstration's page and the readable API document.

mod docs;

use crate::door::headers::Csp;
use crate::problem::{Code, Problem};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderValue, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(crate) use docs::router as docs_router;

include!(concat!(env!("OUT_DIR"), "/web.rs"));

/// One file of an app, with its compressed siblings.
struct File {
    app: &'static str,
    path: &'static str,
    tag: &'static str,
    plain: &'static [u8],
    br: Option<&'static [u8]>,
    gz: Option<&'static [u8]>,
}

const HTML: &str = "text/html; charset=utf-8";
/// A year, for files whose name holds their hash.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// First segments that never are a page of the wallet.
const NOT_PAGES: [&str; 7] = ["api", "pki", "checkout", "demo", "docs", "problems", "healthz"];
/// Workers that compile `WebAssembly`; a worker takes the policy of its own file.
const WASM_WORKER: &str = "qr-worker";

/// What the pages of this deployment may be framed by and frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frames {
    /// A live deployment: nothing.
    None,
    /// A demonstration: its `/demo` page shows the wallet and the shop of this origin.
    Demo {
        /// The shop's origin.
        shop: String,
    },
}

impl Frames {
    fn page(&self) -> Csp {
        match self {
            Self::None => Csp::page(),
            Self::Demo { .. } => Csp { frame_ancestors: "'self'".to_owned(), ..Csp::page() },
        }
    }

    fn demo(&self) -> Option<Csp> {
        match self {
            Self::None => None,
            Self::Demo { shop } => Some(Csp { frame_src: format!("'self' {shop}"), ..Csp::page() }),
        }
    }
}

/// Whether the apps were built when the program was; else there is one stub page for each.
pub(crate) fn is_built() -> bool {
    FILES.iter().filter(|file| file.path != "index.html").map(|file| file.app).collect::<BTreeSet<_>>().len()
        == 2
}

/// Answers everything that is no route: a file, a page of an app, or 404.
pub(crate) async fn serve(State(frames): State<Arc<Frames>>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Problem::new(Code::RequestNotFound).into_response();
    }
    let path = request.uri().path();
    let found = find(path, request.headers(), &frames);
    found.map_or_else(
        || Problem::new(Code::RequestNotFound).into_response(),
        |(file, csp)| send(file, &csp, &request),
    )
}

fn find(path: &str, headers: &HeaderMap, frames: &Frames) -> Option<(&'static File, Csp)> {
    let path = path.strip_prefix('/')?;
    if path == "demo" || path == "demo/" {
        return Some((file("checkout", "demo.html")?, frames.demo()?));
    }
    if let Some(inner) = path.strip_prefix("checkout/") {
        if is_asset(inner) {
            return Some((file("checkout", inner)?, frames.page()));
        }
        return is_page(inner, headers)
            .then(|| Some((file("checkout", "index.html")?, frames.page())))
            .flatten();
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    if is_asset(path) {
        let csp = Csp { wasm: name.starts_with(WASM_WORKER), ..frames.page() };
        return Some((file("wallet", path)?, csp));
    }
    let first = path.split('/').next().unwrap_or_default();
    let is_wallet = is_page(path, headers) && !NOT_PAGES.contains(&first);
    is_wallet.then(|| Some((file("wallet", "index.html")?, frames.page()))).flatten()
}

fn file(app: &str, path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.app == app && file.path == path)
}

/// A file has a dot in its name; a page never does. The pages' own documents are no files to ask for.
fn is_asset(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.contains('.')) && content_type(path) != HTML
}

/// A browser that navigates asks for HTML.
fn is_page(path: &str, headers: &HeaderMap) -> bool {
    let wants_html = headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    wants_html && !path.contains('.')
}

fn send(file: &'static File, csp: &Csp, request: &Request) -> Response {
    let asked = request.headers();
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.insert(ETAG, HeaderValue::from_static(file.tag));
    let cache = if file.path.starts_with("assets/") { IMMUTABLE } else { "no-cache" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(file.path)));
    if let Ok(csp) = HeaderValue::from_str(&csp.text()) {
        headers.insert(CONTENT_SECURITY_POLICY, csp);
    }
    let is_known = asked
        .get(IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok())
        .is_some_and(|tags| tags.contains(file.tag));
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    let (encoding, bytes) = pick(file, asked);
    if let Some(encoding) = encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    *response.body_mut() = Body::from(Bytes::from_static(bytes));
    response
}

/// The smallest form that the browser reads.
fn pick(file: &'static File, asked: &HeaderMap) -> (Option<&'static str>, &'static [u8]) {
    let accepts = asked.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let reads = |name: &str| {
        accepts.split(',').any(|part| {
            let mut halves = part.split(';').map(str::trim);
            halves.next() == Some(name) && !halves.any(|weight| weight == "q=0")
        })
    };
    match (file.br, file.gz) {
        (Some(br), _) if reads("br") => (Some("br"), br),
        (_, Some(gz)) if reads("gzip") => (Some("gzip"), gz),
        _ => (None, file.plain),
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => HTML,
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(path: &str, accept: &str, frames: &Frames) -> Option<(&'static str, &'static str, Csp)> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
        find(path, &headers, frames).map(|(file, csp)| (file.app, file.path, csp))
    }

    const NAVIGATION: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

    #[test]
    fn a_page_of_the_app_gets_the_app_and_a_missing_file_gets_nothing() {
        for page in ["/", "/welcome", "/pay/ord_a4dqobyha4dqobyh", "/Q/CIA4DQ", "/q/cia4dq", "/security"] {
            assert_eq!(
                ask(page, NAVIGATION, &Frames::None).map(|found| (found.0, found.1)),
                Some(("wallet", "index.html"))
            );
            assert_eq!(ask(page, "*/*", &Frames::None), None, "{page}: only a navigation gets a page");
        }
        for missing in [
            "/assets/missing.js",
            "/missing.png",
            "/index.html",
            "/api/v2/none",
            "/pki/none",
            "/docs/none",
            "/demo",
            "/checkout/assets/missing.js",
            "/../Cargo.toml",
            "/assets/../index.html",
        ] {
            assert_eq!(ask(missing, NAVIGATION, &Frames::None), None, "{missing}");
        }
        let checkout = ask("/checkout/ord_a4dqobyha4dqobyh", HTML, &Frames::None).unwrap();
        assert_eq!((checkout.0, checkout.1), ("checkout", "index.html"));
    }

    #[test]
    fn only_a_demonstration_is_framed_and_only_by_itself() {
        let demo = Frames::Demo { shop: "http://localhost:8089".to_owned() };
        assert!(ask("/", NAVIGATION, &Frames::None).unwrap().2.text().contains("frame-ancestors 'none'"));
        let page = ask("/", NAVIGATION, &demo).unwrap().2.text();
        assert!(page.contains("frame-ancestors 'self'") && !page.contains("frame-src"));
        if let Some((_, _, csp)) = ask("/demo", NAVIGATION, &demo) {
            assert!(csp.text().contains("frame-src 'self' http://localhost:8089;"));
            assert!(csp.text().contains("frame-ancestors 'none'"));
        }
    }

    #[test]
    fn the_smallest_form_that_the_browser_reads_is_sent() {
        static FILE: File = File {
            app: "wallet",
            path: "assets/a.js",
            tag: "\"1\"",
            plain: b"plain",
            br: Some(b"br"),
            gz: Some(b"gz"),
        };
        let pick_for = |accepts: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepts));
            pick(&FILE, &headers)
        };
        assert_eq!(pick_for("gzip, deflate, br"), (Some("br"), b"br".as_slice()));
        assert_eq!(pick_for("gzip, br;q=0"), (Some("gzip"), b"gz".as_slice()));
        assert_eq!(pick_for("identity"), (None, b"plain".as_slice()));
    }

    #[tokio::test]
    async fn hashed_files_are_kept_for_ever_and_pages_are_asked_for_again() {
        static ASSET: File =
            File { app: "wallet", path: "assets/a-1.js", tag: "\"1\"", plain: b"x", br: None, gz: None };
        static PAGE: File =
            File { app: "wallet", path: "sw.js", tag: "\"2\"", plain: b"x", br: None, gz: None };
        let request = Request::builder().header(IF_NONE_MATCH, "\"2\"").body(Body::empty()).unwrap();
        let asset = send(&ASSET, &Csp::page(), &request);
        assert_eq!(asset.headers()[CACHE_CONTROL], IMMUTABLE);
        assert_eq!(asset.headers()[CONTENT_TYPE], "text/javascript; charset=utf-8");
        let page = send(&PAGE, &Csp::page(), &request);
        assert_eq!(page.headers()[CACHE_CONTROL], "no-cache");
        assert_eq!(page.status(), StatusCode::NOT_MODIFIED);
    }
}
