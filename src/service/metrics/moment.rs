use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::labels::Gauges;
use crate::clock::now_ms;

/// The gauges that are read at each scrape.
pub struct Moment {
    pub(super) active: Gauges<1>,
    pub(super) queued: Gauge,
    pub(super) spooled: Gauge,
    pub(super) spool_bytes: Gauge,
    pub(super) routes: Gauges<1>,
    pub(super) database_up: Gauge,
    pub(super) live_clients: Gauge,
    pub(super) clock_believed: Gauge,
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
}
