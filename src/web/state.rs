use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use tokio::sync::Notify;

use super::accounts::Accounts;
use super::callers::Callers;
use super::clock::now_ms;
use super::extract::budget::Bodies;
use super::last_good::LastGood;
use super::live::stream::Live;
use super::looks::Looks;
use super::metrics::registry::Metrics;
use super::names::Names;
use super::open_callbacks::{Cached, OpenCallbacks};
use super::refusal::{Refusal, RefusalReason};
use super::shares::Questions;
use super::tables::{LoadedTable, StoredTable};
use super::turns::Turns;
use crate::calls::forgetting::Retention;
use crate::clock::watch::WatchedClock;
use crate::config::Config;
use crate::placetel::event::CallId;
use crate::routing::hours::HoursContext;
use crate::routing::incoming::Incoming;
use crate::routing::route::RouteContext;
use crate::routing::table::{CompileContext, Decision};
use crate::stats::derivation::Derivation;
use crate::stats::filter::Filter;
use crate::stats::totals::Totals;
use crate::store::calls::CallQuery;
use crate::store::changes::{Changes, Observer};
use crate::store::events::has_events;
use crate::store::outage::{LogThrottle, Outage};
use crate::store::writer::Writer;
use crate::store::{Db, StoreError, routes};

/// Number of decisions that are remembered for repetitions that come before the first is stored. From 3,585 on, a hash
/// map with as many removals as insertions takes four times the memory.
const RECENT_DECISIONS: usize = 3_500;

/// Timeout of the check whether accounts changed; after it, the cached ones are used. With the queue for password
/// hashing and the hashing itself, a login is answered within a second.
const ACCOUNTS_PATIENCE: Duration = Duration::from_millis(300);

const NEVER: i64 = i64::MIN;

/// The application state that all handlers share.
pub struct AppState {
    /// The settings.
    pub config: Config,
    /// The database.
    pub db: Arc<Db>,
    /// The settings by which calls and cells are derived.
    pub derivation: Arc<Derivation>,
    /// The context in which hours of routes are parsed.
    pub hours: HoursContext,
    /// The writer of events.
    pub writer: Writer,
    /// Accounts, tokens and sessions.
    pub accounts: Accounts,
    /// The memory budget for request bodies.
    pub bodies: Bodies,
    /// The concurrency limits of requests that read.
    pub questions: Questions,
    /// The cached open callbacks.
    pub open_callbacks: OpenCallbacks,
    /// The cached figures of the calls of each route, by its id.
    pub route_figures: Cached<Arc<HashMap<String, Totals>>>,
    /// The live stream of changes.
    pub live: Arc<Live>,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// Notified when routes may have changed through another node.
    pub routes_changed: Notify,
    /// Pings of the database, shared by concurrent requests.
    pub pings: Arc<Looks>,
    /// The system clock, and whether its time is trusted.
    pub clock: Arc<WatchedClock>,
    /// The outage of the reads that run every second, if there is one.
    pub unreachable: Outage,
    last_good: LastGood,
    routes_read: Turns,
    names_read: Turns,
    pub(super) table: RwLock<Arc<LoadedTable>>,
    names: RwLock<Arc<Names>>,
    callers: Arc<Callers>,
    recent: Mutex<RecentDecisions>,
    refusal: Mutex<Option<Refusal>>,
    last_event_ms: AtomicI64,
    has_events: AtomicBool,
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
        let hours = config.hours_context();
        let table = stored.compile(&derivation, &hours);
        let live = Arc::new(Live::new(config.live.clone(), db.has_nodes()));
        let metrics = Arc::<Metrics>::default();
        let callers = Arc::<Callers>::default();
        let left_out = Mutex::default();
        let watch = Watch { left_out, live: live.clone(), metrics: metrics.clone(), callers: callers.clone() };
        writer.observe(Arc::new(watch));
        Self {
            live,
            metrics,
            routes_changed: Notify::new(),
            clock: Arc::new(WatchedClock::new(config.clock.clone(), config.retention != Retention::default())),
            unreachable: Outage::default(),
            pings: Arc::default(),
            last_good: LastGood::new(&config),
            routes_read: Turns::default(),
            names_read: Turns::default(),
            bodies: Bodies::new(config.limits.bodies),
            config,
            db,
            derivation,
            hours,
            writer,
            accounts: Accounts::default(),
            questions: Questions::default(),
            open_callbacks: OpenCallbacks::default(),
            route_figures: Cached::default(),
            table: RwLock::new(Arc::new(table)),
            names: RwLock::new(Arc::new(names)),
            callers,
            recent: Mutex::default(),
            refusal: Mutex::default(),
            last_event_ms: AtomicI64::new(NEVER),
            has_events: AtomicBool::new(false),
        }
    }

    /// Writes the routes to the last good snapshot. A failure is only logged.
    pub(super) async fn keep(&self, stored: StoredTable) {
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
    pub async fn refresh_routes(&self) -> Result<(), StoreError> {
        let Some(turn) = self.routes_read.turn(&self.db).await else { return Ok(()) };
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
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn route_context(&self) -> Result<RouteContext<'_>, StoreError> {
        self.refresh_routes().await?;
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

    /// Returns the current names of numbers and agents.
    pub fn names(&self) -> Arc<Names> {
        self.names.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reloads the stored names, if they differ from those in memory.
    ///
    /// # Errors
    /// When the database does not answer; the loaded names stay in use.
    pub async fn refresh_names(&self) -> Result<(), StoreError> {
        let Some(turn) = self.names_read.turn(&self.db).await else { return Ok(()) };
        let version = turn.has_same_server().then(|| self.names().version());
        if let Some(loaded) = Names::load(&self.db, version).await? {
            *self.names.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
        }
        turn.end();
        Ok(())
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

    /// Notes that a request to the PBX's endpoint was turned away.
    pub fn note_refusal(&self, reason: RefusalReason) {
        self.metrics.refused(reason);
        let refusal = Refusal { at_ms: now_ms(), reason };
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
    }

    /// Notes that the PBX's endpoint took an event.
    pub fn note_event(&self, at_ms: i64) {
        self.last_event_ms.store(at_ms, Ordering::Relaxed);
    }

    /// Returns whether any event was ever received. Once true, that is cached: calls stay.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn has_events(&self) -> Result<bool, StoreError> {
        if !self.has_events.load(Ordering::Relaxed) {
            self.has_events.store(has_events(&self.db).await?, Ordering::Relaxed);
        }
        Ok(self.has_events.load(Ordering::Relaxed))
    }

    /// Returns when the PBX's endpoint last took an event since the start, in milliseconds since 1970 UTC.
    pub fn last_event_ms(&self) -> Option<i64> {
        Some(self.last_event_ms.load(Ordering::Relaxed)).filter(|&at_ms| at_ms != NEVER)
    }

    /// Returns the last request to the PBX's endpoint that was turned away.
    pub fn last_refusal(&self) -> Option<Refusal> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns today's date in business time.
    pub fn today(&self) -> NaiveDate {
        self.derivation.business.day(now_ms())
    }

    /// Returns `--hangup-timeout`, in milliseconds.
    pub fn hangup_timeout_ms(&self) -> i64 {
        i64::try_from(self.config.hangup_timeout.as_millis()).unwrap_or(i64::MAX)
    }

    /// Translates a filter into a query of the store, as of now.
    pub fn query(&self, filter: &Filter) -> CallQuery {
        let open_after_ms = now_ms().saturating_sub(self.hangup_timeout_ms());
        let query = CallQuery::new(filter, &self.derivation.business, &self.derivation.numbering, open_after_ms);
        let query = match &filter.search {
            Some(text) => query.or_named(&self.names().meant(text)),
            None => query,
        };
        if self.config.agent_figures { query } else { query.without_agents() }
    }

    /// Returns how many people wait for a callback, at most a few seconds old; `None` while the database does not
    /// answer.
    pub async fn open_callback_count(&self) -> Option<i64> {
        let ask = self.open_callbacks.count(&self.db, &self.derivation.numbering);
        self.questions.of_all(self.config.limits).ask(ask).await
    }

    /// Returns since when the database takes or tells nothing, in milliseconds since 1970 UTC; `None` while it works.
    pub fn outage_since_ms(&self) -> Option<i64> {
        let troubled_since_ms = self.db.condition().trouble_since_ms();
        self.writer.outage_since_ms().into_iter().chain(self.unreachable.since_ms()).chain(troubled_since_ms).min()
    }

    /// Returns whether the database takes events, as far as is known.
    pub fn is_database_well(&self) -> bool {
        !self.writer.is_database_away() && self.db.condition().trouble().is_none()
    }

    /// Returns how many events are acknowledged or answered, but not in the database yet.
    pub fn waiting_events(&self) -> u64 {
        let in_spool = self.writer.spool().events();
        if self.outage_since_ms().is_some() { in_spool + self.writer.queued() as u64 } else { in_spool }
    }

    /// Returns whether local mode is on: anybody on this machine may do everything, to try it out, until there is an
    /// account.
    pub fn is_local_mode(&self) -> bool {
        self.config.is_unprotected() && self.accounts.known().is_some_and(|known| known.users().is_empty())
    }

    /// Refreshes the accounts, together with concurrent requests; returns whether a read that began after this call
    /// succeeded. If not, the cached accounts stay in use.
    pub async fn look_at_accounts(self: &Arc<Self>) -> bool {
        let state = self.clone();
        // Boxed, because every request waits for one: otherwise its size would add to every future that does.
        let look = Box::pin(async move {
            let told = state.refresh_accounts().await;
            told.inspect_err(|error| tracing::debug!(%error, "who may come in could not be read")).is_ok()
        });
        self.accounts.looks.share(ACCOUNTS_PATIENCE, look).await
    }

    /// Reloads accounts and tokens, if others have changed them. Tells the log how to make the first account where one
    /// is needed.
    ///
    /// # Errors
    /// When the database does not answer; the cached accounts stay in use.
    pub async fn refresh_accounts(&self) -> Result<(), StoreError> {
        self.accounts.refresh(&self.db).await?;
        let has_accounts = self.accounts.known().is_some_and(|known| !known.users().is_empty());
        if has_accounts || self.config.is_unprotected() {
            return Ok(());
        }
        // Only the first account needs the code, and it is tried again in a second.
        if let Err(error) = self.accounts.tell_code(&self.db).await {
            tracing::debug!(%error, "the code that makes the first account could not be told yet");
        }
        Ok(())
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

#[derive(Default)]
struct RecentDecisions {
    by_call: HashMap<CallId, Decision>,
    order: VecDeque<CallId>,
}

impl RecentDecisions {
    fn keep(&mut self, call_id: CallId, decision: Decision) {
        if self.order.len() >= RECENT_DECISIONS
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_call.remove(&oldest);
        }
        self.order.push_back(call_id.clone());
        self.by_call.insert(call_id, decision);
    }
}
