//! Identifiers: every kind is its own type, so that a payee passed as a payer does not compile.

use crate::codec::{Codec, CodecError, Reader};
use data_encoding::{BASE64URL_NOPAD, Encoding, Specification};
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

/// Text that is not an identifier of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this kind")]
pub struct IdError;

/// Lower-case RFC 4648 base32 without padding.
static BASE32: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification.encoding().ok()
});

fn to_base32(bytes: &[u8]) -> String {
    BASE32.as_ref().map(|encoding| encoding.encode(bytes)).unwrap_or_default()
}

fn from_base32<const N: usize>(text: &str) -> Result<[u8; N], IdError> {
    let encoding = BASE32.as_ref().ok_or(IdError)?;
    encoding.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(IdError)
}

macro_rules! identifiers {
    ($($(#[$meta:meta])* $name:ident, $size:literal, $to:expr, $from:expr;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $size]);

        impl $name {
            /// The size in bytes.
            pub const SIZE: usize = $size;
            /// From its bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $size]) -> Self { Self(bytes) }
            /// Its bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $size] { &self.0 }
            /// From a slice of exactly the right length.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> { bytes.try_into().ok().map(Self) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let write: fn(&[u8]) -> String = $to;
                f.write_str(&write(&self.0))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let read: fn(&str) -> Result<[u8; $size], IdError> = $from;
                read(text).map(Self)
            }
        }
        impl Codec for $name {
            fn encode(&self, out: &mut Vec<u8>) { self.0.encode(out); }
            fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> { <[u8; $size]>::decode(reader).map(Self) }
        }
    )*};
}

macro_rules! prefixed {
    ($prefix:literal) => {
        |bytes| format!(concat!($prefix, "{}"), to_base32(bytes))
    };
    (from $prefix:literal) => {
        |text| from_base32(text.strip_prefix($prefix).ok_or(IdError)?)
    };
}

fn to_base64url(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

fn from_base64url<const N: usize>(text: &str) -> Result<[u8; N], IdError> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(IdError)
}

identifiers! {
    /// A person; wire form `per_…`.
    PersonId, 10, prefixed!("per_"), prefixed!(from "per_");
    /// An account of the ledger; wire form `acc_…`.
    AccountId, 10, prefixed!("acc_"), prefixed!(from "acc_");
    /// A merchant; wire form `mer_…`.
    MerchantId, 6, prefixed!("mer_"), prefixed!(from "mer_");
    /// An order; wire form `ord_…`.
    OrderId, 10, prefixed!("ord_"), prefixed!(from "ord_");
    /// A certificate, from its request on; wire form `crt_…`.
    CertificateId, 10, prefixed!("crt_"), prefixed!(from "crt_");
    /// One sitting of an enrolment; wire form `enr_…`.
    EnrolmentId, 10, prefixed!("enr_"), prefixed!(from "enr_");
    /// A known device; wire form `dev_…`.
    DeviceId, 10, prefixed!("dev_"), prefixed!(from "dev_");
    /// The number of one authorisation (`transaction_id`); wire form base64url.
    PaymentNumber, 16, to_base64url, from_base64url;
    /// The id of a command that is not a payment; makes it happen once.
    CommandId, 16, to_base64url, from_base64url;
    /// SHA-256 of a certificate's DER form.
    Thumbprint, 32, to_base64url, from_base64url;
    /// SHA-256 of something signed or committed to.
    Digest, 32, to_base64url, from_base64url;
    /// A certificate's serial number: 16 random bytes, the first bit clear; wire form hexadecimal.
    Serial, 16, |bytes| data_encoding::HEXLOWER.encode(bytes), |text| {
        data_encoding::HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(IdError)
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_from_its_wire_form_and_from_no_other_kind() {
        let account = AccountId::from_bytes([7; 10]);
        assert_eq!(account.to_string(), "acc_a4dqobyha4dqobyh");
        assert_eq!(account.to_string().parse(), Ok(account));
        assert_eq!(account.to_string().parse::<PersonId>(), Err(IdError));
        assert_eq!("acc_A4DQOBYHA4DQOBYH".parse::<AccountId>(), Err(IdError));
        let number = PaymentNumber::from_bytes([255; 16]);
        assert_eq!(number.to_string().parse(), Ok(number));
        assert_eq!("_____________________x".parse::<PaymentNumber>(), Err(IdError), "trailing bits");
    }
}
