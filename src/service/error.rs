//! The error type of services: what HTTP answers with a status and commands with an exit code.

use crate::stats::filter::FilterError;
use crate::store::StoreError;

/// The reason why a service did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A value cannot be used.
    #[error("{field}: {expected}")]
    Invalid {
        /// The name of the field.
        field: &'static str,
        /// What would be right.
        expected: &'static str,
    },
    /// A filter cannot be used.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The asker has too many questions running already.
    #[error("too many questions at once")]
    Crowded,
    /// No capacity is left, because others ask too much.
    #[error("too much is asked at once")]
    Full,
    /// A temporary failure; says what is overloaded.
    #[error("{0}")]
    Busy(&'static str),
    /// The database does not answer, or refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An internal error, for the log.
    #[error("{0}")]
    Internal(String),
}
