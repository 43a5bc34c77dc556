//! The open callbacks of all callers, which more than one box of a dashboard shows.

use crate::service::callbacks::{DEFAULT_DAYS, FIRST};
use crate::service::state::AppState;
use crate::store::callbacks::{Callback, open_callbacks_of_lines};
use crate::web::error::Error;
use crate::web::pages::layout::context::PageContext;

/// The open callbacks.
pub struct OpenCallbacks {
    /// The number of people to call back.
    pub count: i64,
    /// The people who have waited longest.
    pub first: Vec<Callback>,
}

impl OpenCallbacks {
    /// Fetches the open callbacks of all lines, or only of those that the user may see.
    pub async fn fetch(state: &AppState, context: &PageContext) -> Result<Self, Error> {
        if let Some(lines) = context.lines() {
            let since_ms = context.as_of().days_ago_ms(DEFAULT_DAYS);
            let mut first = open_callbacks_of_lines(&state.db, &state.derivation.numbering, since_ms, &lines).await?;
            let count = i64::try_from(first.len()).unwrap_or(i64::MAX);
            first.truncate(FIRST);
            return Ok(Self { count, first });
        }
        let page = state.callbacks.first().await;
        let page = page.ok_or(Error::Unavailable("the database does not answer"))?;
        let named = i64::try_from(page.callbacks.len()).unwrap_or(i64::MAX);
        let count = match page.next {
            // The cached count may be older than the list, so the total is at least one more than the listed ones.
            Some(_) => state.callbacks.count().await.unwrap_or_default().max(named + 1),
            None => named,
        };
        Ok(Self { count, first: page.callbacks })
    }
}

/// Returns how often and when last a caller was missed.
pub fn tried(callback: &Callback, state: &AppState, context: &PageContext) -> String {
    let last = short_moment(callback.last_missed_ms, state, context);
    (context.texts.dashboard.tried)(callback.missed_calls, &context.format.number(callback.missed_calls), &last)
}

/// Formats a time as `Fr 30.10. 12:22`; it needs no year, because open callbacks are less than a year old.
fn short_moment(at_ms: i64, state: &AppState, context: &PageContext) -> String {
    let (day, format) = (state.derivation.business.day(at_ms), &context.format);
    format!("{} {} {}", format.short_weekday(day), format.short_day(day), format.time(at_ms))
}
