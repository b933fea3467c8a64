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

/// The longest wire form: 32 bytes in hexadecimal.
const TEXT_MAX: usize = 64;

/// Writes `bytes` in `encoding`, with nothing taken from the heap: an answer to a payment has thirty of them.
fn write_encoded(f: &mut fmt::Formatter<'_>, encoding: &Encoding, bytes: &[u8]) -> fmt::Result {
    let mut text = [0; TEXT_MAX];
    let text = text.get_mut(..encoding.encode_len(bytes.len())).ok_or(fmt::Error)?;
    encoding.encode_mut(bytes, text);
    f.write_str(std::str::from_utf8(text).map_err(|_| fmt::Error)?)
}

fn write_base32(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    write_encoded(f, BASE32.as_ref().ok_or(fmt::Error)?, bytes)
}

fn read_encoded<const N: usize>(encoding: &Encoding, text: &str) -> Result<[u8; N], IdError> {
    let mut bytes = [0; N];
    if encoding.decode_len(text.len()) != Ok(N) {
        return Err(IdError);
    }
    match encoding.decode_mut(text.as_bytes(), &mut bytes) {
        Ok(length) if length == N => Ok(bytes),
        Ok(_) | Err(_) => Err(IdError),
    }
}

fn from_base32<const N: usize>(text: &str) -> Result<[u8; N], IdError> {
    read_encoded(BASE32.as_ref().ok_or(IdError)?, text)
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
                let write: fn(&mut fmt::Formatter<'_>, &[u8]) -> fmt::Result = $to;
                write(f, &self.0)
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
        |f, bytes| {
            f.write_str($prefix)?;
            write_base32(f, bytes)
        }
    };
    (from $prefix:literal) => {
        |text| from_base32(text.strip_prefix($prefix).ok_or(IdError)?)
    };
}

fn to_base64url(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    write_encoded(f, &BASE64URL_NOPAD, bytes)
}

fn from_base64url<const N: usize>(text: &str) -> Result<[u8; N], IdError> {
    read_encoded(&BASE64URL_NOPAD, text)
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
    Serial, 16, |f, bytes| write_encoded(f, &data_encoding::HEXLOWER, bytes), |text| {
        read_encoded(&data_encoding::HEXLOWER, text)
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
