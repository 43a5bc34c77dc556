//! Callbacks: the list of missed callers, who is marked as rung back, and the report.

use std::sync::Arc;

use super::aside::aside;
use super::cached::Cached;
use super::error::ServiceError;
use super::shares::Questions;
use super::statistics::Statistics;
use crate::accounts::action::{Action, Actor, Entry, Subject, Verb};
use crate::config::Limits;
use crate::stats::as_of::FilterAsOf;
use crate::stats::callbacks::CallbackReport;
use crate::stats::derivation::Derivation;
use crate::stats::filter::Lines;
use crate::store::callbacks::marks::{mark_done, undo_done};
use crate::store::callbacks::report::missed_streaks;
use crate::store::callbacks::{CallbackCursor, CallbackPage, count_open, open_callbacks, open_callbacks_of_lines};
use crate::store::{Db, StoreError};

/// How many days back missed calls are listed; older ones only if asked for.
pub const DEFAULT_DAYS: i64 = 30;
/// The number of longest waiting callbacks that pages show.
pub const FIRST: usize = 3;

/// Missed callers who wait for a call.
pub struct Callbacks {
    db: Arc<Db>,
    derivation: Arc<Derivation>,
    statistics: Arc<Statistics>,
    questions: Arc<Questions>,
    limits: Limits,
    count: Cached<i64>,
    first: Cached<CallbackPage>,
}

impl Callbacks {
    pub(super) fn new(
        db: Arc<Db>,
        derivation: Arc<Derivation>,
        statistics: Arc<Statistics>,
        questions: Arc<Questions>,
        limits: Limits,
    ) -> Self {
        let (count, first) = (Cached::default(), Cached::default());
        Self { db, derivation, statistics, questions, limits, count, first }
    }

    /// Returns how many people wait for a callback, at most a few seconds old; `None` while the database does not
    /// answer.
    pub async fn count(&self) -> Option<i64> {
        let ask = count_open(&self.db, &self.derivation.numbering, self.usual_since_ms());
        self.questions.of_all(self.limits).ask(self.count.get(ask)).await
    }

    /// Returns those that have waited longest, at most a few seconds old; `None` while the database does not answer.
    pub async fn first(&self) -> Option<CallbackPage> {
        let ask = open_callbacks(&self.db, &self.derivation.numbering, self.usual_since_ms(), None, FIRST);
        self.questions.of_all(self.limits).ask(self.first.get(ask)).await
    }

    /// Returns since when missed calls are listed, if nobody asks for others.
    fn usual_since_ms(&self) -> i64 {
        self.statistics.now().days_ago_ms(DEFAULT_DAYS)
    }

    /// Returns a page of the open callbacks, restricted to `lines`, those that the requester may see.
    pub async fn page(
        &self,
        lines: &Lines,
        since_ms: i64,
        cursor: Option<CallbackCursor>,
        limit: usize,
    ) -> Result<CallbackPage, StoreError> {
        let (db, numbering) = (&self.db, &self.derivation.numbering);
        match lines {
            None => open_callbacks(db, numbering, since_ms, cursor, limit).await,
            Some(lines) => {
                let open = open_callbacks_of_lines(db, numbering, since_ms, lines).await?;
                Ok(CallbackPage::of(open, cursor, limit))
            }
        }
    }

    /// Builds the report on what became of the missed callers of a question.
    pub async fn report(&self, asked: &FilterAsOf) -> Result<CallbackReport, ServiceError> {
        let query = self.statistics.query(asked);
        let streaks = missed_streaks(&self.db, &self.derivation.numbering, &query).await?;
        aside(move || CallbackReport::of(streaks)).await
    }

    /// Marks a number, in any notation, as rung back; returns the number in E.164.
    ///
    /// # Errors
    /// When it is no valid number, or the database does not answer.
    pub async fn mark(&self, party: &str, by: &Actor) -> Result<String, ServiceError> {
        const MARKED: Action = (Subject::Callback, Verb::Marked);
        let party = self.valid(party)?;
        mark_done(&self.db, &party, &Entry::new(by, MARKED).on(&party)).await?;
        self.forget().await;
        Ok(party)
    }

    /// Removes the last mark of a number; returns whether there was one.
    ///
    /// # Errors
    /// When it is no valid number, or the database does not answer.
    pub async fn unmark(&self, party: &str, by: &Actor) -> Result<bool, ServiceError> {
        const TAKEN_BACK: Action = (Subject::Callback, Verb::TakenBack);
        let party = self.valid(party)?;
        let undone = undo_done(&self.db, &party, &Entry::new(by, TAKEN_BACK).on(&party)).await?;
        self.forget().await;
        Ok(undone)
    }

    /// Invalidates what is cached, because callbacks changed.
    async fn forget(&self) {
        self.count.forget().await;
        self.first.forget().await;
    }

    fn valid(&self, party: &str) -> Result<String, ServiceError> {
        let number = self.derivation.numbering.e164(party);
        number.ok_or(ServiceError::Invalid { field: "party", expected: "expected a valid telephone number" })
    }
}
