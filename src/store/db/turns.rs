//! The write lock: transactions that write run one after the other, on all nodes.

use std::time::Duration;

use sqlx::{Connection, PgConnection, Postgres, Sqlite, SqliteConnection, Transaction};

/// The key of the advisory lock whose holder may write: any number that nothing else in the database uses.
const WRITE_LOCK: i64 = 0x0066_6572_6e61_6d74;
/// PostgreSQL's error code of a lock timeout.
pub(super) const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Begins a transaction that alone may write. Read-then-write must begin like this, or SQLite fails under load.
pub(in crate::store) async fn begin_sqlite(
    connection: &mut SqliteConnection,
    _: Duration,
) -> Result<Transaction<'_, Sqlite>, sqlx::Error> {
    connection.begin_with("begin immediate").await
}

/// Begins a transaction that alone may write, on all nodes, under an advisory lock: every batch touches the cells of
/// the current hour anyway, and so nothing can deadlock. After a lock timeout it queues again: a node that is suspended
/// must not get its turn. The caller's time budget ends the waiting, too. No statement may work longer than `within`:
/// the server would go on with what nobody waits for, and keep all others waiting.
pub(in crate::store) async fn begin_postgres(
    connection: &mut PgConnection,
    within: Duration,
) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    loop {
        let lock = sqlx::query("select pg_advisory_xact_lock($1), set_config('statement_timeout', $2, true)")
            .bind(WRITE_LOCK)
            .bind(within.as_millis().to_string());
        match lock.execute(&mut *transaction).await {
            Ok(_) => return Ok(transaction),
            Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| code == LOCK_NOT_AVAILABLE) => {
                sqlx::raw_sql("rollback; begin").execute(&mut *transaction).await?;
            }
            Err(error) => return Err(error),
        }
    }
}
