use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::Gauges;
use crate::store::live::count_running;
use crate::web::clock::now_ms;
use crate::web::error::Error;
use crate::web::state::AppState;

/// Timeout of the database at a scrape.
const PATIENCE: Duration = Duration::from_secs(1);
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The gauges that are read at each scrape.
pub struct Moment {
    active: Gauges<1>,
    queued: Gauge,
    spooled: Gauge,
    spool_bytes: Gauge,
    routes: Gauges<1>,
    database_up: Gauge,
    live_clients: Gauge,
    clock_believed: Gauge,
}

impl Moment {
    pub fn new(registry: &mut Registry) -> Self {
        fn gauge(registry: &mut Registry, name: &str, help: &str) -> Gauge {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        }
        let (active, routes) = (Gauges::default(), Gauges::default());
        registry.register("fernamt_calls_active", "Calls that are running, on all nodes", active.clone());
        registry.register("fernamt_routes", "Enabled routes that are loaded", routes.clone());
        let started = Gauge::<i64>::default();
        started.set(now_ms() / 1000);
        registry.register_with_unit("process_start_time", "When the process started", Unit::Seconds, started);
        Self {
            active,
            queued: gauge(registry, "fernamt_write_queue_events", "Events that wait in memory for the database"),
            spooled: gauge(registry, "fernamt_spool_events", "Events that wait in the spool for the database"),
            spool_bytes: gauge(registry, "fernamt_spool_bytes", "Bytes that wait in the spool"),
            routes,
            database_up: gauge(registry, "fernamt_database_up", "Whether the database answers and takes events"),
            live_clients: gauge(registry, "fernamt_live_clients", "Clients of the live stream"),
            clock_believed: gauge(
                registry,
                "fernamt_clock_believed",
                "Whether the clock agrees with what the database saw last, where anything is forgotten or deleted by it",
            ),
        }
    }

    async fn look(&self, state: &AppState) {
        let gauge = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
        self.queued.set(gauge(state.writer.queued()));
        let spool = state.writer.spool();
        self.spooled.set(i64::try_from(spool.events()).unwrap_or(i64::MAX));
        self.spool_bytes.set(i64::try_from(spool.bytes()).unwrap_or(i64::MAX));
        self.live_clients.set(gauge(state.live.clients()));
        self.clock_believed.set(state.clock.doubt().is_none().into());
        let loaded = state.table();
        self.routes.get_or_create(&[("state", "usable")]).set(gauge(loaded.table.len()));
        self.routes.get_or_create(&[("state", "unusable")]).set(gauge(loaded.unusable.len()));
        let open_after_ms = now_ms().saturating_sub(state.hangup_timeout_ms());
        let counted = tokio::time::timeout(PATIENCE, count_running(&state.db, open_after_ms)).await;
        if let Ok(Ok(running)) = counted {
            self.active.get_or_create(&[("state", "ringing")]).set(running.ringing);
            self.active.get_or_create(&[("state", "talking")]).set(running.talking);
        } else {
            // An old figure would look like a new one.
            self.active.clear();
        }
        let is_up = matches!(counted, Ok(Ok(_))) && state.is_database_well();
        self.database_up.set(is_up.into());
    }
}

/// Handler of `GET /metrics`.
pub async fn show(state: Data<AppState>) -> Result<HttpResponse, Error> {
    state.metrics.moment.look(&state).await;
    let mut text = String::new();
    encode(&mut text, &state.metrics.registry).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(HttpResponse::Ok().content_type(CONTENT_TYPE).body(text))
}
