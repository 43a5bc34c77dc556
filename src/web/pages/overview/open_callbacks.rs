//! The open callbacks that a dashboard shows.

use crate::service::callbacks::{DEFAULT_DAYS, FIRST};
use crate::service::state::AppState;
use crate::stats::as_of::AsOf;
use crate::stats::filter::Lines;
use crate::store::callbacks::{Callback, open_callback_of, open_callbacks_of_lines};
use crate::web::error::Error;
use crate::web::pages::context::PageContext;

/// The open callbacks.
pub struct OpenCallbacks {
    /// The number of people to call back.
    pub count: i64,
    /// The people who have waited longest.
    pub first: Vec<Callback>,
}

/// Returns the open callbacks of all lines, or only of those that the user may see.
///
/// # Errors
/// When the database does not answer.
pub async fn owed(state: &AppState, lines: &Lines, as_of: AsOf) -> Result<OpenCallbacks, Error> {
    if let Some(lines) = lines {
        let mut first =
            open_callbacks_of_lines(&state.db, &state.derivation.numbering, as_of.days_ago_ms(DEFAULT_DAYS), lines)
                .await?;
        let count = i64::try_from(first.len()).unwrap_or(i64::MAX);
        first.truncate(FIRST);
        return Ok(OpenCallbacks { count, first });
    }
    let page = state.callbacks.first().await;
    let page = page.ok_or(Error::Unavailable("the database does not answer"))?;
    let named = i64::try_from(page.callbacks.len()).unwrap_or(i64::MAX);
    let count = match page.next {
        // The cached count may be older than the list, so the total is at least one more than the listed ones.
        Some(_) => state.callbacks.count().await.unwrap_or_default().max(named + 1),
        None => named,
    };
    Ok(OpenCallbacks { count, first: page.callbacks })
}

/// Returns the open callback of one number, if there is one.
///
/// # Errors
/// When the database does not answer.
pub async fn owed_to(state: &AppState, lines: &Lines, party: &str, as_of: AsOf) -> Result<Option<Callback>, Error> {
    let (db, numbering) = (&state.db, &state.derivation.numbering);
    if let Some(lines) = lines {
        let all = open_callbacks_of_lines(db, numbering, as_of.days_ago_ms(DEFAULT_DAYS), lines).await?;
        return Ok(all.into_iter().find(|callback| callback.party == party));
    }
    Ok(open_callback_of(db, numbering, as_of.days_ago_ms(DEFAULT_DAYS), party).await?)
}

/// Formats a time as `Fr 30.10. 12:22`; it needs no year, because open callbacks are less than a year old.
pub fn short_moment(at_ms: i64, state: &AppState, context: &PageContext) -> String {
    let (day, format) = (state.derivation.business.day(at_ms), &context.format);
    format!("{} {} {}", format.short_weekday(day), format.short_day(day), format.time(at_ms))
}
