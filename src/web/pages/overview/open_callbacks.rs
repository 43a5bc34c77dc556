//! Who is to be rung back, as far as a dashboard says it.

use crate::stats::filter::Lines;
use crate::store::callbacks::{Callback, open_callback_of, open_callbacks_of_lines};
use crate::web::error::Error;
use crate::web::open_callbacks::{DEFAULT_DAYS, FIRST, days_ago_ms};
use crate::web::pages::context::PageContext;
use crate::web::state::AppState;

/// Who is to be rung back.
pub struct OpenCallbacks {
    /// How many people.
    pub count: i64,
    /// Who has waited longest.
    pub first: Vec<Callback>,
}

/// Those who are owed a call.
///
/// # Errors
/// When the database does not answer.
pub async fn owed(state: &AppState, lines: &Lines) -> Result<OpenCallbacks, Error> {
    if let Some(lines) = lines {
        let mut first =
            open_callbacks_of_lines(&state.db, &state.derivation.numbering, days_ago_ms(DEFAULT_DAYS), lines).await?;
        let count = i64::try_from(first.len()).unwrap_or(i64::MAX);
        first.truncate(FIRST);
        return Ok(OpenCallbacks { count, first });
    }
    let ask = state.open_callbacks.first(&state.db, &state.derivation.numbering);
    let page = state.questions.of_all(state.config.limits).ask(ask).await;
    let page = page.ok_or(Error::Unavailable("the database does not answer"))?;
    let named = i64::try_from(page.callbacks.len()).unwrap_or(i64::MAX);
    let count = match page.next {
        // What was counted a moment ago may be behind the list.
        Some(_) => state.open_callback_count().await.unwrap_or_default().max(named + 1),
        None => named,
    };
    Ok(OpenCallbacks { count, first: page.callbacks })
}

/// What is owed to one number, if anything.
///
/// # Errors
/// When the database does not answer.
pub async fn owed_to(state: &AppState, lines: &Lines, party: &str) -> Result<Option<Callback>, Error> {
    let (db, numbering) = (&state.db, &state.derivation.numbering);
    if let Some(lines) = lines {
        let all = open_callbacks_of_lines(db, numbering, days_ago_ms(DEFAULT_DAYS), lines).await?;
        return Ok(all.into_iter().find(|callback| callback.party == party));
    }
    Ok(open_callback_of(db, numbering, days_ago_ms(DEFAULT_DAYS), party).await?)
}

/// `Fr 30.10. 12:22`: calls that are owed are not a year old.
pub fn short_moment(at_ms: i64, state: &AppState, context: &PageContext) -> String {
    let (day, format) = (state.derivation.business.day(at_ms), &context.format);
    format!("{} {} {}", format.short_weekday(day), format.short_day(day), format.time(at_ms))
}
