//! The live stream of one node: its clients, and the changes that wait to be published.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::{Notify, watch};

use super::hub::{Hub, NoPlace, Subscribed, Taken};
use crate::config::LivePace;

/// Maximum number of changed calls that wait to be published; beyond it clients are told to reload.
const MOST_WAITING: usize = 5_000;

/// The live stream, and the changes that wait to be published. It costs next to nothing while nobody reads it.
pub struct Live {
    pub(super) pace: LivePace,
    /// The random id of this node.
    node: String,
    hub: Mutex<Hub>,
    pub(super) waiting: Mutex<Waiting>,
    pub(super) wake: Notify,
    /// Whether anybody reads the stream, or did a moment ago.
    is_watched: AtomicBool,
    /// Whether there can be other nodes to notify.
    has_nodes: bool,
    /// The number of commits while nobody read the stream: whoever comes back must reload.
    unseen: AtomicU64,
}

/// Keys of changed calls that wait to be published.
#[derive(Default)]
pub(super) struct Waiting {
    /// Changed by this node: the others are to be notified.
    pub(super) own: BTreeSet<i64>,
    /// Changed by another node.
    pub(super) heard: BTreeSet<i64>,
    pub(super) is_too_much: bool,
}

impl Live {
    /// Creates a stream that nobody reads yet.
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

    /// Queues calls that this node changed.
    pub fn changed(&self, keys: impl Iterator<Item = i64>) {
        if self.has_nodes || self.is_watched() {
            self.wait(keys, |waiting| &mut waiting.own);
        } else {
            self.unseen.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Queues calls that another node changed.
    pub(super) fn heard(&self, keys: impl Iterator<Item = i64>) {
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

    /// Tells all clients to reload, because it is not known what changed.
    pub(super) fn lost(&self) {
        self.hub().reset();
    }

    /// Returns how many clients read the stream.
    pub fn clients(&self) -> usize {
        self.hub().clients()
    }

    /// Returns the id of the last event: a page that was made after asking for it misses nothing after it.
    pub fn mark(&self) -> String {
        self.hub().mark()
    }

    /// Adds a client that saw everything up to `since`, if that is given.
    ///
    /// # Errors
    /// When the maximum number of clients is reached or the service is stopping.
    pub fn subscribe(self: &Arc<Self>, since: Option<&str>) -> Result<Reader, NoPlace> {
        let mut hub = self.hub();
        let subscribed = hub.subscribe(since);
        // Under the lock: no change that the client has not seen goes unnoticed.
        self.is_watched.store(true, Ordering::Relaxed);
        drop(hub);
        self.wake.notify_one();
        let Subscribed { client, first, news } = subscribed?;
        Ok(Reader { live: self.clone(), client, first: Some(first), news })
    }

    /// Ends all streams, so that a shutdown does not wait for them.
    pub fn close(&self) {
        self.hub().close();
    }

    pub(super) fn node(&self) -> &str {
        &self.node
    }

    pub(super) fn is_watched(&self) -> bool {
        self.is_watched.load(Ordering::Relaxed)
    }

    /// Clears the log when nobody has read for a while; returns whether somebody reads or did a moment ago.
    pub(super) fn stays_awake(&self, now: Instant) -> bool {
        let mut hub = self.hub();
        let is_watched = hub.is_watched(now);
        if !is_watched {
            hub.forget();
        }
        self.is_watched.store(is_watched, Ordering::Relaxed);
        is_watched
    }

    pub(super) fn hub(&self) -> MutexGuard<'_, Hub> {
        let mut hub = lock(&self.hub);
        if self.unseen.swap(0, Ordering::Relaxed) > 0 {
            hub.reset();
        }
        hub
    }
}

/// A client's subscription to the stream, ended on drop.
pub struct Reader {
    live: Arc<Live>,
    client: u64,
    first: Option<Bytes>,
    news: watch::Receiver<()>,
}

impl Reader {
    /// Returns what comes next; `None` at the end, which comes early for clients that are too slow.
    pub async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        loop {
            // Before looking: what comes meanwhile is not missed.
            self.news.mark_unchanged();
            // A statement of its own, so that the hub is not locked during the wait.
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

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
