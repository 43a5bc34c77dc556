//! Background checkpoints of SQLite's write-ahead log into the database: done by the writer itself they would stall
//! every caller who waits for it.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqlitePool;
use tokio::task::JoinHandle;

use super::engine::Db;

const EVERY: Duration = Duration::from_secs(1);
/// The number of pages of 4 KiB in the write-ahead log beyond which a RESTART checkpoint makes writing wait, or the log
/// would grow without end under load. Not many: writing over what is there is cheaper than growing a file.
const MAX_PAGES: i64 = 4_096;

impl Db {
    /// Starts the task that runs SQLite's checkpoints until aborted; PostgreSQL does that by itself.
    pub fn checkpoint_in_background(self: &Arc<Self>) -> Option<JoinHandle<()>> {
        match &**self {
            Self::Sqlite(_) => Some(tokio::spawn(run(self.clone()))),
            Self::Postgres(_) => None,
        }
    }
}

async fn run(db: Arc<Db>) {
    let Db::Sqlite(pools) = &*db else { return };
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // A damaged file is left untouched.
        if pools.condition.may_write().is_err() {
            continue;
        }
        if let Err(error) = checkpoint(&pools.aside).await {
            tracing::debug!(%error, "no checkpoint this time");
        }
    }
}

async fn checkpoint(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    let (_, pages, _): (i64, i64, i64) = sqlx::query_as("pragma wal_checkpoint(passive)").fetch_one(pool).await?;
    if pages > MAX_PAGES {
        sqlx::query("pragma wal_checkpoint(restart)").execute(pool).await?;
    }
    Ok(())
}
