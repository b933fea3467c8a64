//! What PostgreSQL says when it refuses. Never a value: its details, which may carry a row, are left behind.

use tokio_postgres::error::SqlState;

/// Raised by `hold_lease` when another epoch holds it.
pub(crate) const FENCED: &str = "YX001";

/// Why a statement has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Somebody else was in the way; the same transaction may succeed when it runs again.
    Busy,
    /// A value that must be unique is there already: the name of the index that says so.
    Taken(String),
    /// The lease is another's.
    Fenced,
    /// No space is left.
    Full(String),
    /// The statement was refused.
    Refused(String),
    /// There is no answer; whether the statement took effect is not known.
    Lost(String),
}

impl Failure {
    pub(crate) fn lost(what: &str) -> Self {
        Self::Lost(format!("PostgreSQL: {what}"))
    }

    #[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
    pub(crate) fn of(error: tokio_postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else {
            // The chain names the socket's error; a password is in neither.
            let mut text = error.to_string();
            if let Some(source) = std::error::Error::source(&error) {
                text = format!("{text}: {source}");
            }
            return Self::lost(&text);
        };
        let code = said.code();
        let text = || format!("PostgreSQL {}: {}", code.code(), said.message());
        if *code == SqlState::T_R_SERIALIZATION_FAILURE
            || *code == SqlState::T_R_DEADLOCK_DETECTED
            || *code == SqlState::LOCK_NOT_AVAILABLE
        {
            Self::Busy
        } else if *code == SqlState::UNIQUE_VIOLATION {
            Self::Taken(said.constraint().unwrap_or("an index").to_owned())
        } else if code.code() == FENCED {
            Self::Fenced
        } else if *code == SqlState::DISK_FULL {
            Self::Full(text())
        } else {
            Self::Refused(text())
        }
    }
}
