//! Closing of months: a month that is over is summed up once.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::now_ms;
use crate::stats::derivation::Derivation;
use crate::store::Db;
use crate::store::stats::months::close_months;

/// Interval of checks whether a month is over, or was reopened by a late event.
const LOOK_EVERY: Duration = Duration::from_secs(600);

/// Closes months periodically, beginning at the start.
pub async fn close(db: Arc<Db>, derivation: Arc<Derivation>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let today = derivation.business.day(now_ms());
        match close_months(&db, &derivation.business, today).await {
            Ok(0) => {}
            Ok(months) => tracing::debug!(months, "months that are over were summed up"),
            // An unreachable database is already reported elsewhere.
            Err(error) if error.is_passing() => db.condition().note(&error),
            Err(error) => tracing::error!(%error, "a month that is over could not be summed up: run `fernamt check`"),
        }
    }
}
