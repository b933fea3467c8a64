//! The six-digit PIN and what the device makes of it. The server counts its tries; it never leaves the device in clear.

use yinxin_pki::symmetric::{hkdf_sha256, hmac_sha256};
use zeroize::Zeroizing;

/// Digits of a PIN.
const DIGITS: usize = 6;

/// Why a PIN is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// Not six digits.
    #[error("a PIN is six digits")]
    Form,
    /// Among the first that anybody tries.
    #[error("this PIN is too easy to guess")]
    Easy,
}

/// Six digits, wiped on drop. No `Debug`.
pub struct Pin(Zeroizing<String>);

impl Pin {
    /// A PIN that the person chooses; easy ones are refused here, since the server cannot see them.
    pub fn choose(digits: &str) -> Result<Self, PinError> {
        let pin = Self::enter(digits)?;
        if is_easy(digits.as_bytes()) { Err(PinError::Easy) } else { Ok(pin) }
    }

    /// A PIN that the person types.
    pub fn enter(digits: &str) -> Result<Self, PinError> {
        if digits.len() != DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PinError::Form);
        }
        Ok(Self(Zeroizing::new(digits.to_owned())))
    }

    /// HMAC-SHA-256(device secret, "yx/pin/v1" ‖ 0 ‖ PIN).
    #[must_use]
    pub fn mac(&self, device_secret: &[u8; 32]) -> [u8; 32] {
        let message = Zeroizing::new([b"yx/pin/v1\0", self.0.as_bytes()].concat());
        hmac_sha256(device_secret, &message)
    }
}

/// What proves the device to the server: HKDF-SHA-256(device secret, info "yx/device/v1").
pub(crate) fn device_proof(device_secret: &[u8; 32]) -> Result<[u8; 32], yinxin_pki::Error> {
    hkdf_sha256(device_secret, &[], b"yx/device/v1")
}

/// A run, one digit, or a short pattern repeated.
fn is_easy(digits: &[u8]) -> bool {
    let steps = |by: i16| digits.windows(2).all(|pair| i16::from(pair[1]) - i16::from(pair[0]) == by);
    let repeats = |width: usize| digits.chunks(width).all(|chunk| chunk == &digits[..width]);
    steps(1) || steps(-1) || repeats(1) || repeats(2) || repeats(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easy_pins_are_refused_when_chosen_only() {
        for easy in ["000000", "123456", "654321", "121212", "123123", "345678"] {
            assert_eq!(Pin::choose(easy).err(), Some(PinError::Easy), "{easy}");
            assert!(Pin::enter(easy).is_ok());
        }
        assert!(Pin::choose("507318").is_ok());
        for form in ["", "12345", "1234567", "12345a", "１２３４５６", " 50731"] {
            assert_eq!(Pin::choose(form).err(), Some(PinError::Form), "{form}");
        }
    }

    #[test]
    fn the_mac_depends_on_pin_and_device() {
        let pin = Pin::enter("507318").unwrap();
        assert_eq!(pin.mac(&[1; 32]), hmac_sha256(&[1; 32], b"yx/pin/v1\x00507318"));
        assert_ne!(pin.mac(&[1; 32]), pin.mac(&[2; 32]));
        assert_ne!(pin.mac(&[1; 32]), Pin::enter("507319").unwrap().mac(&[1; 32]));
    }
}
