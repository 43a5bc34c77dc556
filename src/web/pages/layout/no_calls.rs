//! The empty state of a call list: tells which filter hides the calls and links to some.

use chrono::NaiveDate;

use super::context::PageContext;
use super::filter::{PageFilter, shown};
use super::filter_query::FilterQuery;
use crate::service::state::AppState;
use crate::service::statistics::reports::report;
use crate::stats::as_of::FilterAsOf;
use crate::stats::filter::Filter;
use crate::stats::period::DayRange;
use crate::stats::report::{GroupBy, MAX_GROUPS, Source};
use crate::store::stats::spans::list::list_calls;
use crate::web::error::Error;
use crate::web::extract::calls_request::CallsRequest;

/// The number of days that are searched for calls.
const WITHIN_DAYS: u64 = 365;

/// The content of an empty call list.
pub struct NoCalls {
    /// Whether there are any calls at all.
    pub has_events: bool,
    /// The filters whose removal would show calls, each as text and URL.
    pub hides: Vec<(String, String)>,
    /// The day of the newest call that only the period hides, as text and URL.
    pub newest: Option<(String, String)>,
    /// The URL of the same search over a longer period.
    pub longer: Option<String>,
    /// Whether only the combination of several filters hides all calls.
    pub is_together: bool,
}

/// Finds out why the list is empty.
pub async fn no_calls(
    asked: &PageFilter,
    request: &CallsRequest,
    state: &AppState,
    context: &PageContext,
) -> Result<NoCalls, Error> {
    let FilterAsOf { filter, as_of } = &asked.calls;
    let has_events = state.intake.has_events().await?;
    let mut none = NoCalls { has_events, hides: Vec::new(), newest: None, longer: None, is_together: false };
    if !has_events {
        return Ok(none);
    }
    for (name, value) in asked.words.narrowing() {
        let words = asked.words.clone().without(name);
        if has_calls(&words, request, state).await? {
            let field = (context.texts.filter.field)(name);
            let text = (context.texts.call_log.without)(field, &shown(name, value, context));
            none.hides.push((text, words.url("/calls")));
        }
    }
    let year = DayRange::ending(as_of.today, WITHIN_DAYS);
    let is_longer = year.len() > filter.days.len();
    let of_days = |days: DayRange| {
        let words = asked.words.clone().any_time();
        words.with("start", days.start.to_string()).with("end", days.end.to_string()).url("/calls")
    };
    // A text search scans every call, so it covers a whole year only on demand.
    if filter.search.is_some() {
        none.longer = is_longer.then(|| of_days(year));
    } else if let Some(day) = newest_day(&of_year(year, &asked.calls), state).await? {
        let text = format!("{}, {}", context.format.weekday(day), context.format.day(day));
        none.newest = Some(((context.texts.call_log.newest_was)(&text), of_days(DayRange::one(day))));
    }
    let narrows = asked.words.narrowing().count();
    none.is_together = narrows > 1 && none.hides.is_empty() && none.newest.is_none();
    Ok(none)
}

async fn has_calls(words: &FilterQuery, request: &CallsRequest, state: &AppState) -> Result<bool, Error> {
    let parameters = words.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let asked = request.filter_by(&parameters, state)?;
    if Source::of(&asked.filter, None) == Source::Calls {
        return Ok(!list_calls(&state.db, &state.statistics.query(&asked), None, 1).await?.calls.is_empty());
    }
    Ok(report(&state.statistics, &asked, None, 1).await?.totals.calls > 0)
}

/// Returns the same question about these days.
fn of_year(days: DayRange, FilterAsOf { filter, as_of }: &FilterAsOf) -> FilterAsOf {
    FilterAsOf { filter: Filter { days, period: None, ..filter.clone() }, as_of: *as_of }
}

/// Returns the last day that has calls of this filter.
async fn newest_day(asked: &FilterAsOf, state: &AppState) -> Result<Option<NaiveDate>, Error> {
    if Source::of(&asked.filter, Some(GroupBy::Day)) == Source::Calls {
        let page = list_calls(&state.db, &state.statistics.query(asked), None, 1).await?;
        return Ok(page.calls.first().map(|stored| state.derivation.business.day(stored.call.started_ms)));
    }
    let days = report(&state.statistics, asked, Some(GroupBy::Day), MAX_GROUPS).await?.groups.unwrap_or_default();
    let last = days.iter().rfind(|day| day.totals.calls > 0);
    Ok(last.and_then(|day| day.key.as_deref()?.parse().ok()))
}
