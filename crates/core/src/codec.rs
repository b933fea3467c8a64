//! The journal's versioned binary form: fixed-width big-endian integers, length-prefixed lists, tagged enums.
//!
//! One value has exactly one encoding and decoding is strict, so equal books are equal byte strings.

use std::collections::{BTreeMap, BTreeSet};

/// The longest list, map or string that a decoder accepts, in elements.
const LENGTH_CAP: u32 = 1 << 28;

/// Bytes that are not the encoding of the wanted value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid encoding: {0}")]
pub struct CodecError(pub &'static str);

/// Input of a decoder: the bytes not yet read.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A reader over `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], CodecError> {
        let (head, tail) = self.0.split_at_checked(count).ok_or(CodecError("ends early"))?;
        self.0 = tail;
        Ok(head)
    }

    /// Succeeds when nothing is left.
    pub fn end(self) -> Result<(), CodecError> {
        if self.0.is_empty() { Ok(()) } else { Err(CodecError("has bytes left over")) }
    }
}

/// A value with exactly one binary form.
pub trait Codec: Sized {
    /// Appends the binary form to `out`.
    fn encode(&self, out: &mut Vec<u8>);
    /// Reads one value.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError>;

    /// The binary form.
    fn to_bytes(&self) -> Vec<u8> {
        // Most values have less; growing from nothing costs more than the room.
        let mut out = Vec::with_capacity(256);
        self.encode(&mut out);
        out
    }

    /// Reads one value that fills `bytes` exactly.
    fn from_bytes_exact(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut reader = Reader::new(bytes);
        let value = Self::decode(&mut reader)?;
        reader.end()?;
        Ok(value)
    }
}

macro_rules! integers {
    ($($kind:ty),*) => {$(
        impl Codec for $kind {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }
            fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
                Ok(<$kind>::from_be_bytes(<[u8; size_of::<$kind>()]>::decode(reader)?))
            }
        }
    )*};
}
integers!(u16, u32, u64, i32, i64);

impl Codec for u8 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.take(1)?.first().copied().ok_or(CodecError("ends early"))
    }
}

impl Codec for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        match u8::decode(reader)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(CodecError("a truth value is 0 or 1")),
        }
    }
}

impl<const N: usize> Codec for [u8; N] {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.take(N)?.try_into().map_err(|_| CodecError("ends early"))
    }
}

fn encode_length(length: usize, out: &mut Vec<u8>) {
    u32::try_from(length).unwrap_or(u32::MAX).encode(out);
}

fn decode_length(reader: &mut Reader<'_>) -> Result<u32, CodecError> {
    let length = u32::decode(reader)?;
    if length > LENGTH_CAP { Err(CodecError("a list is too long")) } else { Ok(length) }
}

impl Codec for String {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_length(self.len(), out);
        out.extend_from_slice(self.as_bytes());
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let length = usize::try_from(decode_length(reader)?).map_err(|_| CodecError("a text is too long"))?;
        let bytes = reader.take(length)?.to_vec();
        String::from_utf8(bytes).map_err(|_| CodecError("a text is not UTF-8"))
    }
}

impl<T: Codec> Codec for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.is_some().encode(out);
        if let Some(value) = self {
            value.encode(out);
        }
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        if bool::decode(reader)? { T::decode(reader).map(Some) } else { Ok(None) }
    }
}

impl<T: Codec> Codec for Vec<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_length(self.len(), out);
        for value in self {
            value.encode(out);
        }
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        (0..decode_length(reader)?).map(|_| T::decode(reader)).collect()
    }
}

impl<K: Codec + Ord, V: Codec> Codec for BTreeMap<K, V> {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_length(self.len(), out);
        for (key, value) in self {
            key.encode(out);
            value.encode(out);
        }
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut entries: Vec<(K, V)> = Vec::new();
        for _ in 0..decode_length(reader)? {
            let key = K::decode(reader)?;
            if entries.last().is_some_and(|(last, _)| *last >= key) {
                return Err(CodecError("keys are out of order"));
            }
            entries.push((key, V::decode(reader)?));
        }
        // A tree that is built at once from what is in order costs a third of one that grows key by key.
        Ok(entries.into_iter().collect())
    }
}

impl<K: Codec + Ord> Codec for BTreeSet<K> {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_length(self.len(), out);
        for key in self {
            key.encode(out);
        }
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut keys: Vec<K> = Vec::new();
        for _ in 0..decode_length(reader)? {
            let key = K::decode(reader)?;
            if keys.last().is_some_and(|last| *last >= key) {
                return Err(CodecError("keys are out of order"));
            }
            keys.push(key);
        }
        Ok(keys.into_iter().collect())
    }
}

impl<A: Codec, B: Codec> Codec for (A, B) {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
        self.1.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok((A::decode(reader)?, B::decode(reader)?))
    }
}

/// Declares a struct whose binary form is its fields in order.
macro_rules! record_struct {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[$fmeta:meta])* $fvis:vis $field:ident : $kind:ty),* $(,)? }) => {
        $(#[$meta])*
        $vis struct $name { $($(#[$fmeta])* $fvis $field: $kind),* }
        impl $crate::codec::Codec for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                $($crate::codec::Codec::encode(&self.$field, out);)*
            }
            fn decode(reader: &mut $crate::codec::Reader<'_>) -> Result<Self, $crate::codec::CodecError> {
                Ok(Self { $($field: $crate::codec::Codec::decode(reader)?),* })
            }
        }
    };
}

/// Declares an enum whose binary form is a tag byte, then the variant's fields in order.
macro_rules! record_enum {
    ($(#[$meta:meta])* $vis:vis enum $name:ident {
        $($(#[$vmeta:meta])* $tag:literal => $variant:ident $({ $($(#[$fmeta:meta])* $field:ident : $kind:ty),* $(,)? })?),* $(,)?
    }) => {
        $(#[$meta])*
        $vis enum $name { $($(#[$vmeta])* $variant $({ $($(#[$fmeta])* $field: $kind),* })?),* }
        impl $crate::codec::Codec for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant $({ $($field),* })? => {
                        out.push($tag);
                        $($($crate::codec::Codec::encode($field, out);)*)?
                    })*
                }
            }
            fn decode(reader: &mut $crate::codec::Reader<'_>) -> Result<Self, $crate::codec::CodecError> {
                match <u8 as $crate::codec::Codec>::decode(reader)? {
                    $($tag => Ok(Self::$variant $({ $($field: $crate::codec::Codec::decode(reader)?),* })?),)*
                    _ => Err($crate::codec::CodecError(concat!(stringify!($name), " has an unknown tag"))),
                }
            }
        }
    };
}

pub(crate) use {record_enum, record_struct};
