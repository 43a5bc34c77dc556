//! Who is to be rung back, as far as a dashboard says it.

use crate::store::callbacks::{Callback, open_callback_of};
use crate::web::error::Error;
use crate::web::owed::{DEFAULT_DAYS, days_ago_ms};
use crate::web::pages::visit::Visit;
use crate::web::state::State;

/// Who is to be rung back.
pub struct Owed {
    /// How many people.
    pub count: i64,
    /// Who has waited longest.
    pub first: Vec<Callback>,
}

/// Those who are owed a call.
///
/// # Errors
/// When the database does not answer.
pub async fn owed(state: &State) -> Result<Owed, Error> {
    let page = state.owed.first(&state.db, &state.derivation.numbering).await;
    let page = page.ok_or(Error::Unavailable("the database does not answer"))?;
    let named = i64::try_from(page.callbacks.len()).unwrap_or(i64::MAX);
    let count = match page.next {
        // What was counted a moment ago may be behind the list.
        Some(_) => state.callbacks_owed().await.unwrap_or_default().max(named + 1),
        None => named,
    };
    Ok(Owed { count, first: page.callbacks })
}

/// What is owed to one number, if anything.
///
/// # Errors
/// When the database does not answer.
pub async fn owed_to(state: &State, party: &str) -> Result<Option<Callback>, Error> {
    let (db, numbering) = (&state.db, &state.derivation.numbering);
    Ok(open_callback_of(db, numbering, days_ago_ms(DEFAULT_DAYS), party).await?)
}

/// `Fr 30.10. 12:22`: calls that are owed are not a year old.
pub fn short_moment(at_ms: i64, state: &State, visit: &Visit) -> String {
    let (day, format) = (state.derivation.business.day(at_ms), &visit.format);
    format!("{} {} {}", format.short_weekday(day), format.short_day(day), format.time(at_ms))
}
