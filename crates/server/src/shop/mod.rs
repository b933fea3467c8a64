//! The demonstration tea shop.
pub(crate) mod pages;
pub(crate) mod wares;
pub(crate) fn router(_o: &str, _u: &str, _c: &yinxin_wallet::MerchantCredentials, _a: Option<std::sync::Arc<str>>, _s: tokio::sync::watch::Receiver<bool>) -> anyhow::Result<axum::Router> { Ok(axum::Router::new()) }
