//! Times: integer milliseconds UTC, and the operator's local day. No clock lives here.

use crate::codec::{Codec, CodecError, Reader};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millis(pub i64);

impl Millis {
    /// One second.
    pub const SECOND: i64 = 1_000;
    /// One minute.
    pub const MINUTE: i64 = 60_000;
    /// One hour.
    pub const HOUR: i64 = 3_600_000;
    /// One day of 24 hours.
    pub const DAY: i64 = 86_400_000;

    /// This time moved by `delta_ms`; the far ends of time stay where they are.
    #[must_use]
    pub const fn plus(self, delta_ms: i64) -> Self {
        Self(self.0.saturating_add(delta_ms))
    }

    /// Milliseconds from `earlier` to this time; negative when it is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(Self::SECOND)
    }

    /// From whole seconds since 1970.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(Self::SECOND))
    }
}

/// A local day of the operator's time zone: days since 1970-01-01 in that zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Day(pub i32);

/// When a decision is made: the record time and the local day it falls on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Record time, never before the last record's.
    pub at: Millis,
    /// The local day of `at` in the operator's time zone.
    pub day: Day,
}

impl Codec for Millis {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        i64::decode(reader).map(Self)
    }
}

impl Codec for Day {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        i32::decode(reader).map(Self)
    }
}
