//! Statistics as a service: the figures behind dashboard, API and live view.

/// The setting that switches off figures by agent.
pub mod agent_figures;
/// Who calls most often.
pub mod callers;
/// Calls in the form that statistics count.
pub mod counted;
/// Rankings, heat map and shares of a period.
mod details;
/// The figures of the dashboard.
pub mod figures;
/// Data quality: how complete the events were that the figures rest on.
pub mod quality;
/// The figures behind API and pages.
pub mod reports;
/// The sheet that cells and calls are added up on.
mod sheet;

use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;

use super::directory::Directory;
use crate::clock::now_ms;
use crate::config::Config;
use crate::stats::as_of::{AsOf, FilterAsOf};
use crate::stats::derivation::Derivation;
use crate::store::Db;
use crate::store::calls::find::CallQuery;

/// Where statistics come from, and the settings by which they are shown.
pub struct Statistics {
    db: Arc<Db>,
    derivation: Arc<Derivation>,
    directory: Arc<Directory>,
    service_level_seconds: u32,
    hangup_timeout: Duration,
    agent_figures: bool,
}

impl Statistics {
    pub(super) fn new(config: &Config, db: Arc<Db>, derivation: Arc<Derivation>, directory: Arc<Directory>) -> Self {
        Self {
            db,
            derivation,
            directory,
            service_level_seconds: config.service_level_seconds,
            hangup_timeout: config.hangup_timeout,
            agent_figures: config.agent_figures,
        }
    }

    /// Reads the clock: once for each answer.
    pub fn now(&self) -> AsOf {
        AsOf::new(now_ms(), &self.derivation.business)
    }

    /// Returns today's date in business time, for those who ask for no calls.
    pub fn today(&self) -> NaiveDate {
        self.now().today
    }

    /// Returns `--hangup-timeout`, in milliseconds.
    pub fn hangup_timeout_ms(&self) -> i64 {
        i64::try_from(self.hangup_timeout.as_millis()).unwrap_or(i64::MAX)
    }

    /// Translates a question into a query of the store.
    pub fn query(&self, FilterAsOf { filter, as_of }: &FilterAsOf) -> CallQuery {
        let open_after_ms = as_of.now_ms.saturating_sub(self.hangup_timeout_ms());
        let query = CallQuery::new(filter, &self.derivation.business, &self.derivation.numbering, open_after_ms);
        let query = match &filter.search {
            Some(text) => query.or_named(&self.directory.names().meant(text)),
            None => query,
        };
        if self.agent_figures { query } else { query.without_agents() }
    }
}
