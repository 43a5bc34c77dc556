//! Packing of calls in columns, for statistics by line, by agent and their combinations.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::now_ms;
use crate::stats::derivation::Derivation;
use crate::store::stats::spans::pack::{Thoroughness, drop_incomplete, pack_next};
use crate::store::{Db, StoreError};

/// Interval of checks whether calls are to be packed.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How many checks there are for each that also looks at small changes.
const THOROUGH_EVERY: u64 = 20;
/// The pause after each span, so that others get at the database while there are many.
const PAUSE: Duration = Duration::from_millis(100);

/// Packs calls periodically, beginning at the start.
pub async fn pack(db: Arc<Db>, derivation: Arc<Derivation>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut is_clean = false;
    for look in 0_u64.. {
        ticks.tick().await;
        let thoroughness =
            if look.is_multiple_of(THOROUGH_EVERY) { Thoroughness::AnyChange } else { Thoroughness::ManyChanges };
        let packed = async {
            if !is_clean {
                drop_incomplete(&db).await?;
                is_clean = true;
            }
            pack_all(&db, &derivation, thoroughness).await
        };
        match packed.await {
            Ok(0) => {}
            Ok(spans) => tracing::debug!(spans, "calls were packed for statistics"),
            // An unreachable database is already reported elsewhere.
            Err(error) if error.is_passing() => db.condition().note(&error),
            Err(error) => tracing::error!(%error, "calls could not be packed for statistics: run `fernamt check`"),
        }
    }
}

/// Packs as long as there is something to pack; returns how many spans were.
pub async fn pack_all(db: &Db, derivation: &Derivation, thoroughness: Thoroughness) -> Result<u64, StoreError> {
    let mut spans = 0;
    while pack_next(db, &derivation.business, derivation.business.day(now_ms()), thoroughness).await? {
        spans += 1;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(spans)
}
