//! Nightly retention: pseudonymises numbers and deletes events that are older than the settings allow.

use std::sync::Arc;
use std::time::Duration;

use crate::calls::forgetting::Retention;
use crate::clock::watch::{Verdict, WatchedClock};
use crate::stats::derivation::Derivation;
use crate::store::privacy::forgetting::{apply, claim};
use crate::store::{Db, StoreError};

/// Interval of checks whether retention is due, and of retries after an error.
const LOOK_EVERY: Duration = Duration::from_secs(600);
/// Time of the nightly run, in milliseconds after midnight of the business time zone: few people call then.
const NIGHT_MS: i64 = 3 * 3_600_000;

/// Applies `retention` at the start, then every night, on one of the nodes of a database. An interrupted run goes on at
/// the next start. While the clock is not believed nothing is done; the rest follows once somebody has confirmed the
/// clock, or the night after it was set right.
pub async fn keep(clock: Arc<WatchedClock>, db: Arc<Db>, derivation: Arc<Derivation>, retention: Retention) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut verdicts = clock.subscribe();
    let (mut is_due, mut doubted) = (true, None);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = verdicts.changed() => {}
        }
        // The result of this check is handled below; only later changes of the verdict must wake the loop.
        let looked = clock.look(&db).await;
        verdicts.mark_unchanged();
        let done = match looked {
            // Without retention settings there is nothing to do at night, only unfinished work at a start.
            Ok((_, Verdict::Doubted(..))) if retention == Retention::default() && !is_due => continue,
            Ok((_, Verdict::Doubted(confirmed, _))) if retention != Retention::default() => {
                // Calls that begin under a wrong clock may have any time: they should be over before retention goes on.
                (is_due, doubted) = (false, Some(confirmed));
                continue;
            }
            Ok((now_ms, Verdict::Believed(confirmed))) => {
                is_due |= doubted.take().is_some_and(|before| confirmed > before);
                once(&db, &derivation, retention, now_ms, is_due).await
            }
            Ok((now_ms, _)) => once(&db, &derivation, retention, now_ms, is_due).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => is_due = false,
            Err(error) => {
                is_due = true;
                db.condition().note(&error);
                // An unreachable database is already reported elsewhere.
                if !error.is_passing() {
                    tracing::error!(%error, "what is old could not be deleted; it is tried again");
                }
            }
        }
    }
}

/// Applies retention if it is due. `is_due` forces it, whatever another node did; otherwise one node claims the night.
async fn once(
    db: &Db,
    derivation: &Derivation,
    retention: Retention,
    now_ms: i64,
    is_due: bool,
) -> Result<(), StoreError> {
    let today = derivation.business.day(now_ms);
    let is_night = now_ms >= derivation.business.day_start_ms(today) + NIGHT_MS;
    let is_ours = is_due || is_night && claim(db, &today.to_string()).await?;
    if !is_ours {
        return Ok(());
    }
    let forgotten = apply(db, derivation, retention, now_ms).await?;
    if forgotten.calls > 0 || forgotten.events > 0 {
        tracing::info!(calls = forgotten.calls, events = forgotten.events, "what is old was deleted");
    }
    Ok(())
}
