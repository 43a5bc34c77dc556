//! A SQLite transaction whose `begin` and `commit` are sent in one text with other statements, because each trip to
//! SQLite's thread and back costs more than some rows. The pool knows nothing of it, so its connection goes back only
//! when it is over.

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{Sqlite, SqliteConnection};

use super::engine::Pools;
use super::error::StoreError;

/// The writing connection with one such transaction.
pub(in crate::store) struct PipelinedTransaction {
    connection: PoolConnection<Sqlite>,
    is_over: bool,
}

impl PipelinedTransaction {
    /// Acquires the only connection that writes.
    pub(in crate::store) async fn new(pools: &Pools<Sqlite>) -> Result<Self, StoreError> {
        let connection = pools.write.acquire().await.map_err(StoreError::of_connecting)?;
        Ok(Self { connection, is_over: false })
    }

    pub(in crate::store) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// Ends the transaction and returns `done`; a failed transaction is rolled back first.
    pub(in crate::store) async fn end<T>(mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        self.is_over = match &done {
            Ok(_) => true,
            Err(error) if error.is_of_connection() => false,
            Err(error) => {
                let undone = sqlx::query("rollback").execute(&mut *self.connection).await;
                // If `begin` failed because another process was writing, there is nothing to roll back.
                undone.is_ok() || matches!(error, StoreError::Unavailable(_))
            }
        };
        done
    }
}

impl Drop for PipelinedTransaction {
    /// Closes the connection if the transaction may still be open, as after cancellation.
    fn drop(&mut self) {
        if !self.is_over {
            self.connection.close_on_drop();
        }
    }
}
