//! Random bytes from the operating system: the one place of this crate that asks for them.

use crate::error::ClientError;

/// `N` fresh random bytes.
#[expect(clippy::disallowed_methods, reason = "a device makes its own keys and salts; this is its entropy")]
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], ClientError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| ClientError::Entropy)?;
    Ok(bytes)
}
