//! The health of the service: whether the database answers and takes events.

use std::sync::Arc;
use std::time::Duration;

use super::looks::Looks;
use crate::store::Db;
use crate::store::db::outage::Outage;
use crate::store::ingest::writer::Writer;

/// Timeout of the database ping.
const PATIENCE: Duration = Duration::from_secs(1);

/// The health of the service.
pub struct Health {
    db: Arc<Db>,
    writer: Writer,
    /// Pings of the database, shared by concurrent requests.
    pings: Arc<Looks>,
    /// The outage of the reads that run every second, if there is one.
    pub unreachable: Outage,
}

impl Health {
    pub(super) fn new(db: Arc<Db>, writer: Writer) -> Self {
        Self { db, writer, pings: Arc::default(), unreachable: Outage::default() }
    }

    /// Returns whether the service is ready: the database answers, takes events, and is not known to be damaged.
    pub async fn is_ready(&self) -> bool {
        let db = self.db.clone();
        let answers = self.pings.share(PATIENCE, async move { db.ping().await.is_ok() }).await;
        answers && self.is_database_well()
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
}
