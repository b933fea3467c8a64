//! Serial numbers of certificates.

use data_encoding::HEXLOWER;
use x509_cert::serial_number::SerialNumber;

use crate::{Error, Result};

/// Most bytes of a serial number (RFC 5280 section 4.1.2.2).
const MAX_LENGTH: usize = 20;

/// A certificate's serial number: a positive integer, big-endian, without leading zeros.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(Vec<u8>);

impl Serial {
    /// From 16 fresh random bytes. Two bits are fixed, so that every serial has 16 bytes and is positive;
    /// 126 random bits are left.
    #[must_use]
    pub fn from_random(mut bytes: [u8; 16]) -> Self {
        bytes[0] = (bytes[0] & 0x3f) | 0x40;
        Self(bytes.to_vec())
    }

    /// From lower-case hexadecimal, as [`Serial::hex`] writes it.
    pub fn from_hex(hex: &str) -> Result<Self> {
        let bytes = HEXLOWER.decode(hex.as_bytes()).map_err(|_| Error::Malformed("serial number"))?;
        Self::from_bytes(&bytes)
    }

    /// Lower-case hexadecimal without separators.
    #[must_use]
    pub fn hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }

    /// The big-endian bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// From big-endian bytes, a sign byte allowed.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let significant = bytes.iter().position(|&b| b != 0).map(|start| &bytes[start..]);
        match significant {
            Some(bytes) if bytes.len() <= MAX_LENGTH => Ok(Self(bytes.to_vec())),
            Some(_) | None => Err(Error::Malformed("serial number")),
        }
    }

    /// From the DER type. A negative number, which no authority may issue, is malformed.
    pub(crate) fn from_x509(serial: &SerialNumber) -> Result<Self> {
        let bytes = serial.as_bytes();
        if bytes.first().is_some_and(|&b| b & 0x80 != 0) {
            return Err(Error::Malformed("serial number"));
        }
        Self::from_bytes(bytes)
    }

    pub(crate) fn to_x509(&self) -> Result<SerialNumber> {
        SerialNumber::new(&self.0).map_err(|_| Error::Malformed("serial number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_random_serial_is_positive_and_sixteen_bytes_long() {
        for bytes in [[0; 16], [0xff; 16], [0x80; 16]] {
            let serial = Serial::from_random(bytes);
            assert_eq!(serial.as_bytes().len(), 16);
            assert!(serial.as_bytes()[0] < 0x80 && serial.as_bytes()[0] > 0);
            assert_eq!(Serial::from_x509(&serial.to_x509().unwrap()).unwrap(), serial);
            assert_eq!(Serial::from_hex(&serial.hex()).unwrap(), serial);
        }
    }

    #[test]
    fn zero_and_too_long_are_malformed() {
        assert!(Serial::from_hex("").is_err());
        assert!(Serial::from_hex("0000").is_err());
        assert!(Serial::from_hex(&"11".repeat(21)).is_err());
        assert!(Serial::from_hex("0G").is_err());
        assert_eq!(Serial::from_hex("0011").unwrap().hex(), "11");
    }
}
