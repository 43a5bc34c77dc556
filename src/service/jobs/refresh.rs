//! Refreshing what is cached: routes, names, callers and accounts may be changed through another node.

use std::sync::Arc;
use std::time::Duration;

use crate::log_throttle;
use crate::service::state::AppState;
use crate::store::StoreError;

/// Refreshes what is cached at the interval `poll`, and routes as soon as they may have changed.
pub async fn refresh(state: Arc<AppState>, poll: Duration) {
    let mut ticks = tokio::time::interval(poll);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = state.routing.changed.notified() => {}
        }
        log_throttle::tell_rest();
        let shared = state
            .routing
            .refresh()
            .await
            .and(state.directory.refresh().await)
            .and(state.routing.refresh_callers().await);
        let result = shared.and(state.accounts.refresh().await);
        if let Err(error) = &result {
            state.db.condition().note(error);
        }
        if let (Err(error), false) = (&result, failing) {
            tracing::warn!(%error, "routes, names, callers and accounts could not be refreshed; the last ones go on");
        }
        failing = result.is_err();
        if matches!(result, Err(StoreError::Unavailable(_) | StoreError::TooLong)) {
            state.health.unreachable.begin();
        } else {
            state.health.unreachable.end();
        }
    }
}
