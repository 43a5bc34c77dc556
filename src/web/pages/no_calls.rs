//! Where a list of calls is empty: which filter hides them, and a link that shows some.

use chrono::NaiveDate;

use super::context::PageContext;
use super::filter::{PageFilter, shown};
use super::filter_query::FilterQuery;
use crate::stats::filter::{Filter, Lines};
use crate::stats::period::DayRange;
use crate::stats::report::{GroupBy, MAX_GROUPS, Source};
use crate::store::calls::list_calls;
use crate::web::api;
use crate::web::error::Error;
use crate::web::reports::report;
use crate::web::state::AppState;

/// So far back calls are looked for.
const WITHIN_DAYS: u64 = 365;

/// What an empty list of calls says.
pub struct NoCalls {
    /// Whether there are calls at all.
    pub has_events: bool,
    /// Filters without which there are calls: what to say, and where it leads.
    pub hides: Vec<(String, String)>,
    /// When the newest call was that only the period hides, and where it leads.
    pub newest: Option<(String, String)>,
    /// The same search over more than the period.
    pub longer: Option<String>,
    /// Whether only several filters together hide everything.
    pub is_together: bool,
}

/// Finds out why there are none.
pub async fn no_calls(asked: &PageFilter, state: &AppState, context: &PageContext) -> Result<NoCalls, Error> {
    let has_events = state.has_events().await?;
    let mut none = NoCalls { has_events, hides: Vec::new(), newest: None, longer: None, is_together: false };
    if !has_events {
        return Ok(none);
    }
    for (name, value) in asked.words.narrowing() {
        let words = asked.words.clone().without(name);
        if has_calls(&words, state, context.lines()).await? {
            let field = (context.texts.filter.field)(name);
            let text = (context.texts.call_log.without)(field, &shown(name, value, context));
            none.hides.push((text, words.url("/calls")));
        }
    }
    let year = DayRange::ending(state.today(), WITHIN_DAYS);
    let is_longer = year.len() > asked.filter.days.len();
    let of_days = |days: DayRange| {
        let words = asked.words.clone().any_time();
        words.with("start", days.start.to_string()).with("end", days.end.to_string()).url("/calls")
    };
    // Text is looked for in every call: over a year only on demand.
    if asked.filter.search.is_some() {
        none.longer = is_longer.then(|| of_days(year));
    } else if let Some(day) = newest_day(&Filter { days: year, period: None, ..asked.filter.clone() }, state).await? {
        let text = format!("{}, {}", context.format.weekday(day), context.format.day(day));
        none.newest = Some(((context.texts.call_log.newest_was)(&text), of_days(DayRange::one(day))));
    }
    let narrows = asked.words.narrowing().count();
    none.is_together = narrows > 1 && none.hides.is_empty() && none.newest.is_none();
    Ok(none)
}

async fn has_calls(words: &FilterQuery, state: &AppState, lines: Lines) -> Result<bool, Error> {
    let parameters = words.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let filter = api::filter(&parameters, state, lines)?;
    if Source::of(&filter, None) == Source::Calls {
        return Ok(!list_calls(&state.db, &state.query(&filter), None, 1).await?.calls.is_empty());
    }
    Ok(report(state, &filter, None, 1).await?.totals.calls > 0)
}

/// The last day with such a call.
async fn newest_day(filter: &Filter, state: &AppState) -> Result<Option<NaiveDate>, Error> {
    if Source::of(filter, Some(GroupBy::Day)) == Source::Calls {
        let page = list_calls(&state.db, &state.query(filter), None, 1).await?;
        return Ok(page.calls.first().map(|stored| state.derivation.business.day(stored.call.started_ms)));
    }
    let days = report(state, filter, Some(GroupBy::Day), MAX_GROUPS).await?.groups.unwrap_or_default();
    let last = days.iter().rfind(|day| day.totals.calls > 0);
    Ok(last.and_then(|day| day.key.as_deref()?.parse().ok()))
}
