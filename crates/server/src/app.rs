//! What every handler shares.
#[derive(Clone)]
pub(crate) struct App {}
