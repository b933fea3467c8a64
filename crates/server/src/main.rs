//! The program `yinxin`.
mod api;
mod app;
mod problem;
fn main() {
    use std::io::Write as _;
    let _ = write!(std::io::stdout(), "{}", api::document::document_json());
}
