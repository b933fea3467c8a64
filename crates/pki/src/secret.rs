//! Bytes that must not be shown.

use zeroize::Zeroizing;

/// Secret bytes: no `Debug`, no `Display`, wiped on drop.
///
/// Holds a PKCS#8 key (DER, or PEM as ASCII), a symmetric key or an opened text.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes over the bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the one place that writes or uses them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}
