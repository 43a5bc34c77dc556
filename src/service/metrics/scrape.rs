//! The scrape of all metrics, as text for Prometheus.

use std::time::Duration;

use prometheus_client::encoding::text::encode;

use super::moment::Moment;
use crate::clock::now_ms;
use crate::service::error::ServiceError;
use crate::service::state::AppState;
use crate::store::calls::live::count_running;

/// Timeout of the database at a scrape.
const PATIENCE: Duration = Duration::from_secs(1);

/// Returns all metrics as text, in the format of OpenMetrics 1.0.
///
/// # Errors
/// When the text cannot be written.
pub async fn scrape(state: &AppState) -> Result<String, ServiceError> {
    look(&state.metrics.moment, state).await;
    let mut text = String::new();
    encode(&mut text, &state.metrics.registry).map_err(|error| ServiceError::Internal(error.to_string()))?;
    Ok(text)
}

/// Reads the gauges.
async fn look(moment: &Moment, state: &AppState) {
    let gauge = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
    moment.queued.set(gauge(state.writer.queued()));
    let spool = state.writer.spool();
    moment.spooled.set(i64::try_from(spool.events()).unwrap_or(i64::MAX));
    moment.spool_bytes.set(i64::try_from(spool.bytes()).unwrap_or(i64::MAX));
    moment.live_clients.set(gauge(state.live.clients()));
    moment.clock_believed.set(state.clock.doubt().is_none().into());
    let loaded = state.routing.table();
    moment.routes.get_or_create(&[("state", "usable")]).set(gauge(loaded.table.len()));
    moment.routes.get_or_create(&[("state", "unusable")]).set(gauge(loaded.unusable.len()));
    let open_after_ms = now_ms().saturating_sub(state.statistics.hangup_timeout_ms());
    let counted = tokio::time::timeout(PATIENCE, count_running(&state.db, open_after_ms)).await;
    if let Ok(Ok(running)) = counted {
        moment.active.get_or_create(&[("state", "ringing")]).set(running.ringing);
        moment.active.get_or_create(&[("state", "talking")]).set(running.talking);
    } else {
        // An old figure would look like a new one.
        moment.active.clear();
    }
    let is_up = matches!(counted, Ok(Ok(_))) && state.health.is_database_well();
    moment.database_up.set(is_up.into());
}
