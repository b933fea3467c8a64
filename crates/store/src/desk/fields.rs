//! Reading a row: every value is checked, and corruption names table, column and row.

use super::DeskError;
use crate::sql::{Cell, Row};
use yinxin_core::{
    AccountId, CertificateId, DeviceId, Digest, EnrolmentId, MerchantId, Millis, OrderId, PaymentNumber,
    PersonId, Serial, Thumbprint,
};

/// An identifier as the desk keeps it: its bytes.
pub(super) trait Id: Sized {
    /// From exactly the right number of bytes.
    fn read(bytes: &[u8]) -> Option<Self>;
}

macro_rules! ids {
    ($($name:ident),*) => {$(
        impl Id for $name {
            fn read(bytes: &[u8]) -> Option<Self> { Self::from_slice(bytes) }
        }
    )*};
}

ids!(
    AccountId,
    CertificateId,
    DeviceId,
    Digest,
    EnrolmentId,
    MerchantId,
    OrderId,
    PaymentNumber,
    PersonId,
    Serial,
    Thumbprint
);

impl<const N: usize> Id for [u8; N] {
    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok()
    }
}

/// A closed set of words in a text column.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every value.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word that stands for it on the desk and on the wire.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The value that `word` stands for.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.word() == word)
            }
        }
    };
}
pub(super) use words;

/// One row of one table.
pub(super) struct Fields<'r> {
    pub(super) row: &'r Row<'r>,
    pub(super) table: &'static str,
}

impl Fields<'_> {
    /// An id or hash of a fixed length.
    pub(super) fn id<T: Id>(&self, column: &'static str) -> Result<T, DeskError> {
        self.maybe_id(column)?.ok_or_else(|| self.corrupt(column, "a value"))
    }

    /// An id or hash of a fixed length, or nothing.
    pub(super) fn maybe_id<T: Id>(&self, column: &'static str) -> Result<Option<T>, DeskError> {
        match self.value(column)? {
            Cell::Null => Ok(None),
            Cell::Bytes(bytes) => {
                T::read(bytes).map(Some).ok_or_else(|| self.corrupt(column, "bytes of the right length"))
            }
            Cell::Integer(_) | Cell::Text(_) | Cell::Other => Err(self.corrupt(column, "bytes")),
        }
    }

    /// Bytes of any length.
    pub(super) fn bytes(&self, column: &'static str) -> Result<Vec<u8>, DeskError> {
        self.maybe_bytes(column)?.ok_or_else(|| self.corrupt(column, "a value"))
    }

    /// Bytes of any length, or nothing.
    pub(super) fn maybe_bytes(&self, column: &'static str) -> Result<Option<Vec<u8>>, DeskError> {
        match self.value(column)? {
            Cell::Null => Ok(None),
            Cell::Bytes(bytes) => Ok(Some(bytes.to_vec())),
            Cell::Integer(_) | Cell::Text(_) | Cell::Other => Err(self.corrupt(column, "bytes")),
        }
    }

    /// Text.
    pub(super) fn text(&self, column: &'static str) -> Result<String, DeskError> {
        self.maybe_text(column)?.ok_or_else(|| self.corrupt(column, "a value"))
    }

    /// Text, or nothing.
    pub(super) fn maybe_text(&self, column: &'static str) -> Result<Option<String>, DeskError> {
        match self.value(column)? {
            Cell::Null => Ok(None),
            Cell::Text(bytes) => {
                let text = std::str::from_utf8(bytes).map_err(|_| self.corrupt(column, "UTF-8"))?;
                Ok(Some(text.to_owned()))
            }
            Cell::Integer(_) | Cell::Bytes(_) | Cell::Other => Err(self.corrupt(column, "text")),
        }
    }

    /// One word of a closed set.
    pub(super) fn word<T>(&self, column: &'static str, read: fn(&str) -> Option<T>) -> Result<T, DeskError> {
        read(&self.text(column)?).ok_or_else(|| self.corrupt(column, "a known word"))
    }

    /// An integer of the wanted width.
    pub(super) fn integer<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, DeskError> {
        self.maybe_integer(column)?.ok_or_else(|| self.corrupt(column, "a value"))
    }

    /// An integer of the wanted width, or nothing.
    pub(super) fn maybe_integer<T: TryFrom<i64>>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, DeskError> {
        match self.value(column)? {
            Cell::Null => Ok(None),
            Cell::Integer(value) => {
                T::try_from(value).map(Some).map_err(|_| self.corrupt(column, "an integer in range"))
            }
            Cell::Text(_) | Cell::Bytes(_) | Cell::Other => Err(self.corrupt(column, "an integer")),
        }
    }

    /// A time.
    pub(super) fn time(&self, column: &'static str) -> Result<Millis, DeskError> {
        self.integer::<i64>(column).map(Millis)
    }

    /// A time, or nothing.
    pub(super) fn maybe_time(&self, column: &'static str) -> Result<Option<Millis>, DeskError> {
        self.maybe_integer::<i64>(column).map(|time| time.map(Millis))
    }

    /// The error that names this row and `column`.
    pub(super) fn corrupt(&self, column: &'static str, reason: &'static str) -> DeskError {
        DeskError::Corrupt { table: self.table, column, row: self.name(), reason }
    }

    fn value(&self, column: &'static str) -> Result<Cell<'_>, DeskError> {
        self.row.cell(column).map_err(|_| self.corrupt(column, "the column"))
    }

    /// The row's name: its first column, in hexadecimal where it is bytes.
    fn name(&self) -> String {
        use std::fmt::Write as _;
        match self.row.cell_at(0) {
            Ok(Cell::Bytes(bytes)) => bytes.iter().fold(String::new(), |mut name, byte| {
                let _ = write!(name, "{byte:02x}");
                name
            }),
            Ok(Cell::Integer(value)) => value.to_string(),
            // A text key may be personal (a phone number): an error must not carry it.
            Ok(Cell::Text(_)) => "(text key)".to_owned(),
            Ok(Cell::Null | Cell::Other) | Err(_) => "(no key)".to_owned(),
        }
    }
}
