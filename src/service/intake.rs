//! What came to the PBX's endpoint: the last event, and the last request that was turned away.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::metrics::registry::Metrics;
use super::refusal::{Refusal, RefusalReason};
use crate::clock::now_ms;
use crate::store::calls::events::has_events;
use crate::store::{Db, StoreError};

const NEVER: i64 = i64::MIN;

/// What came to the PBX's endpoint since the start.
pub struct Intake {
    db: Arc<Db>,
    metrics: Arc<Metrics>,
    refusal: Mutex<Option<Refusal>>,
    last_event_ms: AtomicI64,
    has_events: AtomicBool,
}

impl Intake {
    pub(super) fn new(db: Arc<Db>, metrics: Arc<Metrics>) -> Self {
        let (last_event_ms, has_events) = (AtomicI64::new(NEVER), AtomicBool::new(false));
        Self { db, metrics, refusal: Mutex::default(), last_event_ms, has_events }
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
}
