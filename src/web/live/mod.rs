//! What changes, as it changes: the stream of `GET /events`, and how nodes tell each other.

/// `GET /events`.
mod endpoint;
/// What is sent, and to whom.
mod hub;
/// From changed calls to the stream.
mod publish;
/// The figures of today.
mod stats;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use actix_web::web::Bytes;
use tokio::sync::{Notify, watch};

pub use self::endpoint::events;
use self::hub::{Hub, Subscribed, Taken};
pub use self::publish::{listen, publish};
use crate::config::LivePace;

/// Changed calls that may wait to be shown; beyond it clients look for themselves.
const MOST_WAITING: usize = 5_000;

/// A client was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// There are as many as there may be.
    Full,
    /// The service is stopping.
    Stopping,
}

/// The stream, and what waits to be sent on it. Costs next to nothing while nobody reads it.
pub struct Live {
    pace: LivePace,
    /// Names this node.
    node: String,
    hub: Mutex<Hub>,
    waiting: Mutex<Waiting>,
    wake: Notify,
    /// Whether anybody reads the stream, or did a moment ago.
    is_watched: AtomicBool,
    /// Whether other nodes want to know.
    has_nodes: bool,
    /// Changes that nobody was there to see: whoever comes back must look for themselves.
    unseen: AtomicU64,
}

/// Keys of changed calls.
#[derive(Default)]
struct Waiting {
    /// Changed by this node: to be told to the others.
    own: BTreeSet<i64>,
    /// Changed by another.
    heard: BTreeSet<i64>,
    is_too_much: bool,
}

impl Live {
    /// Nobody reads yet.
    pub fn new(pace: LivePace, has_nodes: bool) -> Self {
        let node = format!("{:012x}", rand::random::<u64>() >> 16);
        Self {
            hub: Mutex::new(Hub::new(&node, &pace)),
            node,
            pace,
            waiting: Mutex::default(),
            wake: Notify::new(),
            is_watched: AtomicBool::new(false),
            has_nodes,
            unseen: AtomicU64::new(0),
        }
    }

    /// Calls that this node changed.
    pub fn changed(&self, keys: impl Iterator<Item = i64>) {
        if self.has_nodes || self.is_watched() {
            self.wait(keys, |waiting| &mut waiting.own);
        } else {
            self.unseen.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Calls that another node changed.
    fn heard(&self, keys: impl Iterator<Item = i64>) {
        self.wait(keys, |waiting| &mut waiting.heard);
    }

    fn wait(&self, keys: impl Iterator<Item = i64>, which: fn(&mut Waiting) -> &mut BTreeSet<i64>) {
        let mut waiting = lock(&self.waiting);
        which(&mut waiting).extend(keys);
        if waiting.own.len() + waiting.heard.len() > MOST_WAITING {
            *waiting = Waiting { is_too_much: true, ..Waiting::default() };
        }
        drop(waiting);
        self.wake.notify_one();
    }

    /// Something changed, and nobody can say what: whoever reads must look for themselves.
    fn lost(&self) {
        self.hub().reset();
    }

    /// How many clients read the stream.
    pub fn clients(&self) -> usize {
        self.hub().clients()
    }

    /// The id of the last event: a page that was made after asking for it misses nothing after it.
    pub fn mark(&self) -> String {
        self.hub().mark()
    }

    /// A new client, who saw everything up to `since`, if that is told.
    ///
    /// # Errors
    /// When there is no place.
    fn subscribe(self: &Arc<Self>, since: Option<&str>) -> Result<Reader, NoPlace> {
        let mut hub = self.hub();
        let subscribed = hub.subscribe(since);
        // Before anybody else can change what the client has not seen.
        self.is_watched.store(true, Ordering::Relaxed);
        drop(hub);
        self.wake.notify_one();
        let Subscribed { client, first, news } = subscribed?;
        Ok(Reader { live: self.clone(), client, first: Some(first), news })
    }

    /// Ends all streams: a stop does not wait for them.
    pub fn close(&self) {
        self.hub().close();
    }

    fn node(&self) -> &str {
        &self.node
    }

    fn is_watched(&self) -> bool {
        self.is_watched.load(Ordering::Relaxed)
    }

    /// Goes to sleep when nobody has read for a while; whether somebody reads or did a moment ago.
    fn stays_awake(&self, now: Instant) -> bool {
        let mut hub = self.hub();
        let is_watched = hub.is_watched(now);
        if !is_watched {
            hub.forget();
        }
        self.is_watched.store(is_watched, Ordering::Relaxed);
        is_watched
    }

    fn hub(&self) -> MutexGuard<'_, Hub> {
        let mut hub = lock(&self.hub);
        if self.unseen.swap(0, Ordering::Relaxed) > 0 {
            hub.reset();
        }
        hub
    }
}

/// Somebody who reads the stream, until this is dropped.
struct Reader {
    live: Arc<Live>,
    client: u64,
    first: Option<Bytes>,
    news: watch::Receiver<()>,
}

impl Reader {
    /// What comes next; `None` at the end, which comes early for those who are too slow.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        loop {
            // Before looking: what comes meanwhile is not missed.
            self.news.mark_unchanged();
            // A statement of its own: nobody waits with the hub locked.
            let taken = lock(&self.live.hub).take(self.client);
            match taken {
                Taken::Piece(piece) => return Some(piece),
                Taken::Gone => return None,
                Taken::Nothing => self.news.changed().await.ok()?,
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        lock(&self.live.hub).leave(self.client);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
