//! Routing as a service: the table in use, its changes, decisions by it, and trials.

/// Call history by caller, cached in memory.
pub mod callers;
/// Changes of routes.
mod changes;
/// The snapshot of the routing table for a start without the database.
pub mod last_good;
/// The decisions of the last calls.
mod recent;
/// Changes of what routes share.
mod shared;
/// The routing table with what its routes share.
pub mod tables;
/// Dry runs of routes, on one call and on past ones.
pub mod trials;

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use tokio::sync::Notify;

use self::callers::Callers;
use self::last_good::LastGood;
use self::recent::RecentDecisions;
use self::tables::{LoadedTable, StoredTable};
use super::metrics::registry::Metrics;
use super::turns::Turns;
use crate::config::Config;
use crate::placetel::event::CallId;
use crate::routing::hours::HoursContext;
use crate::routing::incoming::Incoming;
use crate::routing::route::RouteContext;
use crate::routing::table::{CompileContext, Decision};
use crate::stats::derivation::Derivation;
use crate::store::{Db, StoreError, routes};

/// The routes in use, compiled, and what they decided.
pub struct Routing {
    /// The context in which hours of routes are parsed.
    pub hours: HoursContext,
    /// Notified when routes may have changed through another node.
    pub changed: Notify,
    db: Arc<Db>,
    derivation: Arc<Derivation>,
    metrics: Arc<Metrics>,
    last_good: LastGood,
    read: Turns,
    table: RwLock<Arc<LoadedTable>>,
    callers: Arc<Callers>,
    recent: Mutex<RecentDecisions>,
}

impl Routing {
    /// Compiles the stored routes.
    pub(in crate::service) fn new(
        config: &Config,
        db: Arc<Db>,
        derivation: Arc<Derivation>,
        metrics: Arc<Metrics>,
        stored: &StoredTable,
    ) -> Self {
        let hours = config.hours_context();
        let table = stored.compile(&derivation, &hours);
        Self {
            hours,
            changed: Notify::new(),
            db,
            derivation,
            metrics,
            last_good: LastGood::new(config),
            read: Turns::default(),
            table: RwLock::new(Arc::new(table)),
            callers: Arc::default(),
            recent: Mutex::default(),
        }
    }

    /// Marks the table in use as that of the last good snapshot, before anybody uses it.
    pub(in crate::service) fn is_of_last_good(&mut self) {
        let table = self.table.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = Arc::get_mut(table) {
            table.is_last_good = true;
        }
    }

    /// Writes the routes to the last good snapshot. A failure is only logged.
    pub(in crate::service) async fn keep(&self, stored: StoredTable) {
        let last_good = self.last_good.clone();
        let kept = tokio::task::spawn_blocking(move || last_good.keep(&stored)).await;
        if let Err(error) = kept.map_err(std::io::Error::other).flatten() {
            let file = self.last_good.path().display();
            tracing::warn!(%file, %error, "the routes could not be kept for a start without the database");
        }
    }

    /// Returns the routing table in use.
    pub fn table(&self) -> Arc<LoadedTable> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reloads and compiles the stored routes, if they differ from those in use.
    ///
    /// # Errors
    /// When the database does not answer; the loaded routes stay in use.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let Some(turn) = self.read.turn(&self.db).await else { return Ok(()) };
        let now = self.table();
        let may_be_same = turn.has_same_server() && !now.is_last_good;
        if !may_be_same || routes::routes_version(&self.db).await? != now.version {
            let stored = StoredTable::load(&self.db).await?;
            let (derivation, hours) = (self.derivation.clone(), self.hours.clone());
            let compiling = move || (stored.compile_unless(&now, &derivation, &hours), stored);
            // If it panics, that is logged, and it is tried again.
            let Ok((loaded, stored)) = tokio::task::spawn_blocking(compiling).await else { return Ok(()) };
            if let Some(loaded) = loaded {
                *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
                self.keep(stored).await;
            }
        }
        turn.end();
        Ok(())
    }

    /// Returns the context in which routes are parsed, refreshed from the database.
    pub async fn route_context(&self) -> Result<RouteContext<'_>, StoreError> {
        self.refresh().await?;
        Ok(RouteContext::new(&self.hours, &self.table().shared))
    }

    /// Returns the context in which routes in use or on trial are compiled.
    pub fn compile_context<'a>(&'a self, loaded: &'a LoadedTable) -> CompileContext<'a> {
        CompileContext { numbering: &self.derivation.numbering, hours: &self.hours, shared: &loaded.shared }
    }

    /// Returns the call history by caller.
    pub fn callers(&self) -> &Arc<Callers> {
        &self.callers
    }

    /// Refreshes the call history by caller, as far as routes ask for it and others have stored it.
    ///
    /// # Errors
    /// When the database does not answer; the cache stays as it is.
    pub async fn refresh_callers(&self) -> Result<(), StoreError> {
        self.callers.refresh(&self.db, self.table().table.last_peer_days()).await
    }

    /// Returns until when the company is closed by the switch; `None` if it is not.
    pub fn closed_until(&self, now_ms: i64) -> Option<i64> {
        self.table().shared.closed.filter(|closed| closed.holds(now_ms)).map(|closed| closed.until_ms)
    }

    /// Returns the answer to an IncomingCall: the one its call got before (idempotent), else what the routes say now.
    pub fn decide(&self, call_id: &CallId, from: Option<&str>, to: Option<&str>, at_ms: i64) -> Decision {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(decision) = recent.by_call.get(call_id) {
            return decision.clone();
        }
        let call = Incoming { call_id: call_id.as_str(), from, to, at_ms };
        let (started, table) = (Instant::now(), self.table());
        let mut decision = table.table.decide(&call, &self.callers.history());
        let took = started.elapsed();
        decision.revision = table.revision;
        decision.took_us = i64::try_from(took.as_micros()).ok();
        self.metrics.decided(took);
        recent.keep(call_id.clone(), decision.clone());
        decision
    }

    /// Remembers the stored decision that holds for a call, which may be older than ours.
    pub fn settle(&self, call_id: &CallId, decision: &Decision) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.by_call.get(call_id).is_some_and(|ours| ours != decision) {
            recent.by_call.insert(call_id.clone(), decision.clone());
        }
    }
}
