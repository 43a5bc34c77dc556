use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::accounts::Accounts;
use super::cached::Cached;
use super::callbacks::Callbacks;
use super::directory::Directory;
use super::directory::names::Names;
use super::health::Health;
use super::intake::Intake;
use super::live::stream::Live;
use super::metrics::registry::Metrics;
use super::routing::Routing;
use super::routing::callers::Callers;
use super::routing::tables::StoredTable;
use super::shares::Questions;
use super::statistics::Statistics;
use crate::calls::forgetting::Retention;
use crate::clock::watch::WatchedClock;
use crate::config::Config;
use crate::stats::derivation::Derivation;
use crate::stats::totals::Totals;
use crate::store::Db;
use crate::store::db::outage::LogThrottle;
use crate::store::ingest::changes::{Changes, Observer};
use crate::store::ingest::writer::Writer;

/// All services, as they are wired: what handlers, jobs and commands ask.
pub struct AppState {
    /// The settings.
    pub config: Config,
    /// The database.
    pub db: Arc<Db>,
    /// The settings by which calls and cells are derived.
    pub derivation: Arc<Derivation>,
    /// The writer of events.
    pub writer: Writer,
    /// The system clock, and whether its time is trusted.
    pub clock: Arc<WatchedClock>,
    /// The routes in use, and what they decide.
    pub routing: Routing,
    /// Names of numbers and agents.
    pub directory: Arc<Directory>,
    /// Accounts, tokens and sessions.
    pub accounts: Arc<Accounts>,
    /// Figures of calls.
    pub statistics: Arc<Statistics>,
    /// Missed callers who wait for a call.
    pub callbacks: Callbacks,
    /// The cached figures of the calls of each route, by its id.
    pub route_figures: Cached<Arc<HashMap<String, Totals>>>,
    /// What came to the PBX's endpoint.
    pub intake: Intake,
    /// Whether the database answers and takes events.
    pub health: Health,
    /// The concurrency limits of requests that read.
    pub questions: Arc<Questions>,
    /// The live stream of changes.
    pub live: Arc<Live>,
    /// The metrics.
    pub metrics: Arc<Metrics>,
}

impl AppState {
    pub(super) fn new(
        config: Config,
        db: Arc<Db>,
        derivation: Arc<Derivation>,
        writer: Writer,
        stored: &StoredTable,
        names: Names,
    ) -> Self {
        let live = Arc::new(Live::new(config.live.clone(), db.has_nodes()));
        let metrics = Arc::<Metrics>::default();
        let routing = Routing::new(&config, db.clone(), derivation.clone(), metrics.clone(), stored);
        let (live_too, metrics_too, callers) = (live.clone(), metrics.clone(), routing.callers().clone());
        writer.observe(Arc::new(Watch { left_out: Mutex::default(), live: live_too, metrics: metrics_too, callers }));
        let directory = Arc::new(Directory::new(db.clone(), names));
        let statistics = Arc::new(Statistics::new(&config, db.clone(), derivation.clone(), directory.clone()));
        let questions = Arc::<Questions>::default();
        Self {
            clock: Arc::new(WatchedClock::new(config.clock.clone(), config.retention != Retention::default())),
            routing,
            accounts: Arc::new(Accounts::new(db.clone(), config.is_unprotected())),
            callbacks: Callbacks::new(
                db.clone(),
                derivation.clone(),
                statistics.clone(),
                questions.clone(),
                config.limits,
            ),
            statistics,
            route_figures: Cached::default(),
            intake: Intake::new(db.clone(), metrics.clone()),
            health: Health::new(db.clone(), writer.clone()),
            questions,
            directory,
            live,
            metrics,
            config,
            db,
            derivation,
            writer,
        }
    }
}

/// The observer of commits: updates metrics, caller history and live stream.
struct Watch {
    /// Limits the rate of the warning that events were left out.
    left_out: Mutex<LogThrottle>,
    live: Arc<Live>,
    metrics: Arc<Metrics>,
    callers: Arc<Callers>,
}

impl Observer for Watch {
    fn committed(&self, changes: &Changes, took: Duration) {
        self.metrics.committed(changes, took);
        let left_out: u32 = changes.left_out.iter().sum();
        if left_out > 0 && self.left_out.lock().unwrap_or_else(PoisonError::into_inner).is_due(Instant::now()) {
            tracing::warn!(events = left_out, "events were left out: those of their calls are deleted already");
        }
        self.callers.note(&changes.calls);
        self.live.changed(changes.calls.iter().map(|change| change.after.key));
    }
}
