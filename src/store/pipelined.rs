//! A transaction on SQLite that begins and ends with other statements in one text: each trip to SQLite's thread and back
//! costs more than some rows. The pool knows nothing of it, so its connection comes back only when it is over.

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{Sqlite, SqliteConnection};

use super::{Pools, StoreError};

/// A connection for one such transaction.
pub(super) struct PipelinedTransaction {
    connection: PoolConnection<Sqlite>,
    is_over: bool,
}

impl PipelinedTransaction {
    /// The only connection that writes.
    pub(super) async fn new(pools: &Pools<Sqlite>) -> Result<Self, StoreError> {
        let connection = pools.write.acquire().await.map_err(StoreError::of_connecting)?;
        Ok(Self { connection, is_over: false })
    }

    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// Hands `done` on; of what failed nothing is left.
    pub(super) async fn end<T>(mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        self.is_over = match &done {
            Ok(_) => true,
            Err(error) if error.is_of_connection() => false,
            Err(error) => {
                let undone = sqlx::query("rollback").execute(&mut *self.connection).await;
                // Another process wrote, so it had not begun.
                undone.is_ok() || matches!(error, StoreError::Unavailable(_))
            }
        };
        done
    }
}

impl Drop for PipelinedTransaction {
    /// Whoever is not heard of again may be in the transaction still.
    fn drop(&mut self) {
        if !self.is_over {
            self.connection.close_on_drop();
        }
    }
}
