//! Moving SQLite's write-ahead log into the database from the background: done by the writer itself it
//! would stall every caller who waits for it.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqlitePool;
use tokio::task::JoinHandle;

use super::Db;

const EVERY: Duration = Duration::from_secs(1);
/// Pages of 4 KiB in the log beyond which writing has to wait for it to begin anew, or it would grow without end
/// under load. Not many: writing over what is there is cheaper than growing a file.
const MAX_PAGES: i64 = 4_096;

impl Db {
    /// Takes checkpoints over from SQLite until aborted; PostgreSQL does that by itself.
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
        // A damaged file stays as it is.
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
