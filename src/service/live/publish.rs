use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

use super::stats;
use super::stream::{Live, Waiting, lock};
use crate::clock::now_ms;
use crate::log_throttle::throttled;
use crate::service::directory::names::Names;
use crate::service::state::AppState;
use crate::stats::as_of::FilterAsOf;
use crate::stats::business::next_day;
use crate::stats::filter::Filter;
use crate::stats::period::DayRange;
use crate::store::StoreError;
use crate::store::calls::find::StoredCall;
use crate::store::calls::live::calls_with_keys;
use crate::store::db::notify::{Notification, NotificationReader};
use crate::store::stats::spans::list::list_calls;
use crate::wire::CallJson;

/// Number of the newest calls that are polled for changes without a notification.
const POLLED: usize = 200;
/// Number of changed calls that are read at once (batch).
const AT_ONCE: usize = 200;
/// Number of calls whose last sent state is remembered.
const REMEMBERED: usize = 5_000;
/// Figures are computed anew without a changed call after so many times their interval.
const LOOK_AGAIN: u32 = 5;
/// Pause before another try to listen for notifications of other nodes.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// Publishes changed calls and figures on the stream, until aborted.
pub async fn publish(state: Arc<AppState>) {
    let pace = &state.config.live;
    let (mut heartbeat, mut figures, mut poll) = (every(pace.heartbeat), every(pace.stats), every(pace.poll));
    let mut publisher = Publisher::new(&state);
    loop {
        tokio::select! {
            () = state.live.wake.notified() => {
                sleep(pace.gather).await;
                publisher.pass_on().await;
            }
            _ = heartbeat.tick() => publisher.beat(),
            _ = poll.tick() => publisher.look_around().await,
            _ = figures.tick() => publisher.send_figures().await,
        }
    }
}

fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// The last known state of a call.
struct Seen {
    /// The hash that tells it from another state: thousands of whole calls may take much memory.
    print: u64,
    /// Whether clients were sent this state; otherwise it was only noted when the first of them came.
    is_sent: bool,
}

/// Returns a hash of a call's state, the same for the same state within this run of the program.
fn print(call: &StoredCall) -> u64 {
    struct Hashed(DefaultHasher);
    impl fmt::Write for Hashed {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    let mut hashed = Hashed(DefaultHasher::new());
    // Hashing does not fail.
    let _ = fmt::write(&mut hashed, format_args!("{call:?}"));
    hashed.0.finish()
}

/// How a change of a call became known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// By a commit of this node or a notification of another.
    Told,
    /// By polling the newest calls.
    Found,
}

/// A call as clients receive it, with names.
#[derive(Serialize)]
struct NamedCall {
    #[serde(flatten)]
    call: CallJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    party_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer_name: Option<String>,
}

impl NamedCall {
    fn new(stored: StoredCall, now_ms: i64, timeout_ms: i64, names: &Names) -> Self {
        let call = &stored.call;
        let named = |raw: &Option<String>, of: fn(&Names, &str) -> Option<Arc<str>>| {
            raw.as_deref().and_then(|raw| of(names, raw)).map(|name| name.to_string())
        };
        Self {
            party_name: named(&call.party, Names::contact),
            number_name: named(&call.number, Names::line),
            peer_name: named(&call.peer, Names::agent),
            call: CallJson::new(stored, now_ms, timeout_ms),
        }
    }
}

struct Publisher<'a> {
    state: &'a AppState,
    live: &'a Live,
    /// The last known states of calls, by key. `None`: nothing read yet.
    seen: Option<BTreeMap<i64, Seen>>,
    /// Whether the figures may differ from those sent last.
    are_figures_old: bool,
    figures: String,
    figures_sent: Option<Instant>,
}

impl<'a> Publisher<'a> {
    fn new(state: &'a AppState) -> Self {
        let live = &state.live;
        Self { state, live, seen: None, are_figures_old: false, figures: String::new(), figures_sent: None }
    }

    /// Returns whether anybody reads the stream; if not, forgets what was sent.
    fn is_watched(&mut self) -> bool {
        let is_watched = self.live.is_watched() && self.live.stays_awake(Instant::now());
        if !is_watched {
            self.seen = None;
            self.figures.clear();
        }
        is_watched
    }

    /// Publishes what changed: to the other nodes what changed here, to the clients everything.
    async fn pass_on(&mut self) {
        let Waiting { own, heard, is_too_much } = std::mem::take(&mut *lock(&self.live.waiting));
        let keys: Vec<i64> = own.iter().copied().collect();
        let told = self.state.db.notify(self.live.node(), (!is_too_much).then_some(&keys)).await;
        if let Err(error) = told {
            tracing::debug!(%error, "other nodes were not told of changes: they look for themselves");
        }
        let keys: Vec<i64> = own.union(&heard).copied().collect();
        let is_watched = self.is_watched();
        self.are_figures_old |= is_too_much || !keys.is_empty();
        if is_too_much || (!is_watched && !keys.is_empty()) {
            self.live.lost();
        } else if is_watched {
            self.learn().await;
            for keys in keys.chunks(AT_ONCE) {
                match calls_with_keys(&self.state.db, keys).await {
                    Ok(calls) => self.send(calls, Source::Told),
                    Err(error) => self.fail(&error),
                }
            }
        }
        self.send_figures().await;
    }

    /// Polls for changes without a notification: notifications get lost, and other programs write, too.
    async fn look_around(&mut self) {
        if !self.is_watched() || self.learn().await {
            return;
        }
        match self.newest().await {
            Ok(calls) => self.send(calls, Source::Found),
            Err(error) => self.fail(&error),
        }
    }

    /// Notes the newest calls as a baseline when the first client comes; returns whether that was now.
    async fn learn(&mut self) -> bool {
        if self.seen.is_some() {
            return false;
        }
        match self.newest().await {
            Ok(calls) => {
                let seen = calls.iter().map(|call| (call.key, Seen { print: print(call), is_sent: false }));
                self.seen = Some(seen.collect());
            }
            Err(error) => self.fail(&error),
        }
        true
    }

    async fn newest(&self) -> Result<Vec<StoredCall>, StoreError> {
        let as_of = self.state.statistics.now();
        let days = DayRange { start: as_of.today.pred_opt().unwrap_or(as_of.today), end: next_day(as_of.today) };
        let query = self.state.statistics.query(&FilterAsOf { filter: Filter::all(days), as_of });
        Ok(list_calls(&self.state.db, &query, None, POLLED).await?.calls)
    }

    fn fail(&mut self, error: &StoreError) {
        tracing::debug!(%error, "changed calls could not be read for the live stream");
        self.live.lost();
    }

    /// Sends the calls whose state changed, and those told as changed whose state was only noted; no state is sent
    /// twice.
    fn send(&mut self, mut calls: Vec<StoredCall>, source: Source) {
        let seen = self.seen.get_or_insert_default();
        calls.retain(|call| match seen.get(&call.key) {
            Some(last) => last.print != print(call) || (source == Source::Told && !last.is_sent),
            None => true,
        });
        calls.sort_by_key(|call| (call.call.started_ms, call.key));
        if calls.is_empty() {
            return;
        }
        seen.extend(calls.iter().map(|call| (call.key, Seen { print: print(call), is_sent: true })));
        while seen.len() > REMEMBERED {
            seen.pop_first();
        }
        self.are_figures_old = true;
        let (now_ms, timeout_ms) = (now_ms(), self.state.statistics.hangup_timeout_ms());
        let names = self.state.directory.names();
        let texts = calls.into_iter().map(|call| NamedCall::new(call, now_ms, timeout_ms, &names));
        let texts = texts.filter_map(|call| serde_json::to_string(&call).ok());
        let slow = self.live.hub().send("call", texts);
        self.note_slow(slow);
    }

    /// Sends the figures of today, if they changed and were not sent just now.
    async fn send_figures(&mut self) {
        let (pace, since) = (self.live.pace.stats, self.figures_sent.map(|sent| sent.elapsed()));
        let is_early = since.is_some_and(|since| since < pace);
        // Days end, and callbacks are done, without a call that changes.
        let is_due = self.are_figures_old || since.is_some_and(|since| since >= pace * LOOK_AGAIN);
        if !is_due || is_early || !self.is_watched() {
            return;
        }
        match stats::figures(self.state).await {
            Ok(figures) => {
                self.are_figures_old = false;
                self.figures_sent = Some(Instant::now());
                if figures != self.figures {
                    let slow = self.live.hub().send_passing("stats", &figures);
                    self.note_slow(slow);
                    self.figures = figures;
                }
            }
            Err(error) => tracing::debug!(%error, "the figures of today could not be read for the live stream"),
        }
    }

    fn beat(&mut self) {
        let slow = self.live.hub().beat();
        self.note_slow(slow);
    }

    fn note_slow(&self, slow: usize) {
        self.state.metrics.dropped_live(slow);
    }
}

/// Listens for notifications of other nodes, until aborted or if there cannot be any. After a loss of the connection
/// some may be missing.
pub async fn listen(state: Arc<AppState>) {
    let mut failing = false;
    loop {
        match state.db.listen_for_notifications().await {
            Ok(None) => return,
            Ok(Some(reader)) => {
                if failing {
                    state.live.lost();
                    tracing::info!("news of other nodes arrive again");
                }
                failing = true;
                // Routes may have changed, too, before it listened.
                state.routing.changed.notify_one();
                let error = hear(&state, reader).await;
                throttled!(warn, error, "news of other nodes do not arrive; it is tried again");
                state.live.lost();
            }
            Err(error) if !failing => {
                failing = true;
                throttled!(warn, error, "news of other nodes do not arrive; it is tried again");
            }
            Err(_) => {}
        }
        sleep(LISTEN_AGAIN).await;
    }
}

async fn hear(state: &AppState, mut reader: NotificationReader) -> StoreError {
    let live = &state.live;
    loop {
        match reader.next().await {
            Ok(Some(Notification::Routes)) => state.routing.changed.notify_one(),
            Ok(Some(Notification::Calls(news))) if news.node == live.node() => {}
            Ok(Some(Notification::Calls(news))) => match news.keys {
                Some(keys) => live.heard(keys.into_iter()),
                None => live.lost(),
            },
            Ok(None) => {
                live.lost();
                state.routing.changed.notify_one();
            }
            Err(error) => return error,
        }
    }
}
