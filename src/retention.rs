//! What goes every night, because it may be kept no longer.

use std::sync::Arc;
use std::time::Duration;

use crate::store::forgetting::{Retention, apply, claim};
use crate::store::record::Derivation;
use crate::store::{Db, StoreError};
use crate::web::clock::now_ms;

/// How often it is looked whether it is time; and how long after trouble it is tried again.
const LOOK_EVERY: Duration = Duration::from_secs(600);
/// When few people call: so long after midnight, by the business time zone.
const NIGHT_MS: i64 = 3 * 3_600_000;

/// Does what `retention` says at once, then every night, on one of the nodes of a database.
pub async fn keep(db: Arc<Db>, derivation: Arc<Derivation>, retention: Retention) {
    if retention.is_for_ever() {
        return;
    }
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut is_first, mut is_mine) = (true, false);
    loop {
        ticks.tick().await;
        match once(&db, &derivation, retention, is_first, &mut is_mine).await {
            Ok(()) => is_first = false,
            Err(error) => tracing::error!(%error, "what is old could not be deleted; it is tried again"),
        }
    }
}

/// `is_mine` stays true until what this node has claimed is done.
async fn once(
    db: &Db,
    derivation: &Derivation,
    retention: Retention,
    is_first: bool,
    is_mine: &mut bool,
) -> Result<(), StoreError> {
    let now_ms = now_ms();
    let today = derivation.business.day(now_ms);
    let is_time = is_first || now_ms >= derivation.business.day_start_ms(today) + NIGHT_MS;
    if !*is_mine && is_time {
        let days = |days: Option<u32>| days.map_or_else(|| "-".to_owned(), |days| days.to_string());
        // Whoever changes the setting does not wait for the night.
        let purpose = format!("{today} {} {}", days(retention.numbers_days), days(retention.events_days));
        *is_mine = claim(db, &purpose).await?;
    }
    if *is_mine {
        let forgotten = apply(db, derivation, retention, now_ms).await?;
        *is_mine = false;
        tracing::info!(calls = forgotten.calls, events = forgotten.events, "what is old was deleted");
    }
    Ok(())
}
