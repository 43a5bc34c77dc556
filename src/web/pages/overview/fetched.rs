//! The data that a dashboard shows beside its figures.

use super::address::{Address, Scope};
use super::bar::Offered;
use super::morning::{LastDays, last_days};
use super::open_callbacks::{OpenCallbacks, owed, owed_to};
use super::tables::callers_shown;
use super::welcome::{Newest, newest};
use crate::service::state::AppState;
use crate::service::statistics::figures::{CountingPlan, PeriodFigures};
use crate::stats::business::{day_number, next_day};
use crate::stats::filter::Filter;
use crate::stats::people::CountsByName;
use crate::store::callbacks::Callback;
use crate::store::calls::{StoredCall, TopCaller, lines_and_peers, list_calls, top_callers};
use crate::web::error::Error;
use crate::web::pages::context::PageContext;
use crate::web::pages::filter::PageFilter;

/// The number of calls that a dashboard lists.
pub const LAST_CALLS: usize = 8;
/// The number of calls that the dashboard of a caller lists.
const CALLS_OF_CALLER: usize = 50;
/// The number of newest calls among which the most frequent callers are counted: counting all of a year takes a second.
pub const NEWEST_COUNTED: i64 = 2_000;

/// The data that a dashboard fetches beside its figures.
pub struct Fetched {
    pub calls: Vec<StoredCall>,
    pub owed: Option<OpenCallbacks>,
    pub owed_to: Option<Callback>,
    pub days: Option<LastDays>,
    pub callers: Vec<TopCaller>,
    pub newest: Option<Newest>,
}

/// Fetches the data with concurrent queries.
///
/// # Errors
/// When the database does not answer.
pub async fn fetch(
    state: &AppState,
    plan: CountingPlan,
    asked: &PageFilter,
    address: &Address,
    context: &PageContext,
) -> Result<Fetched, Error> {
    let (filter, query) = (asked.filter(), state.statistics.query(&asked.calls));
    let is_company = address.scope == Scope::Company;
    let limit = if matches!(address.scope, Scope::Caller(_)) { CALLS_OF_CALLER } else { LAST_CALLS };
    let counted = if callers_shown(address.options) > LAST_CALLS { i64::MAX } else { NEWEST_COUNTED };
    let callers = async {
        if filter.party.is_some() || plan == CountingPlan::Subject {
            return Ok(Vec::new());
        }
        let mut callers = top_callers(&state.db, &query, counted, callers_shown(address.options)).await?;
        callers.retain(|caller| state.statistics.may_count(&caller.party));
        Ok::<_, Error>(callers)
    };
    let lines = context.lines();
    let owed = async { if is_company { owed(state, &lines, context.as_of()).await.map(Some) } else { Ok(None) } };
    let owed_to = async {
        match &address.scope {
            Scope::Caller(party) => owed_to(state, &lines, party, context.as_of()).await,
            _ => Ok(None),
        }
    };
    let days = async { if is_company { last_days(state, &lines, context.as_of()).await.map(Some) } else { Ok(None) } };
    let tells_newest = is_company && lines.is_none();
    // With this filter the listed calls already begin with the newest call of all.
    let is_all_until_now = filter.is_of_all() && filter.days.end >= context.today;
    let newest_of_all =
        async { if tells_newest && !is_all_until_now { newest(state, context).await } else { Ok(None) } };
    let calls = async { Ok::<_, Error>(list_calls(&state.db, &query, None, limit).await?.calls) };
    let (calls, owed, owed_to, days, callers, mut newest) =
        tokio::try_join!(calls, owed, owed_to, days, callers, newest_of_all)?;
    if tells_newest && is_all_until_now {
        newest = match calls.first() {
            Some(call) => Some(Newest::of(call, state, context)),
            None => self::newest(state, context).await?,
        };
    }
    Ok(Fetched { calls, owed, owed_to, days, callers, newest })
}

/// Returns the lines and agents of the period, as options of the filter bar.
///
/// # Errors
/// When the database does not answer.
pub async fn offered(
    state: &AppState,
    plan: CountingPlan,
    filter: &Filter,
    figures: &PeriodFigures,
) -> Result<Offered, Error> {
    if let (true, Some(details)) = (plan == CountingPlan::Cells || filter.lines.is_some(), &figures.details) {
        let names = |shares: &CountsByName| {
            let mut names: Vec<_> = shares.ranked(|share| share.calls).into_iter().map(|(n, _)| n.to_owned()).collect();
            names.sort();
            names
        };
        return Ok(Offered { lines: names(&details.lines), agents: names(&details.agents) });
    }
    let days = day_number(filter.days.start)..day_number(next_day(filter.days.end));
    let (mut lines, agents) = lines_and_peers(&state.db, days).await?;
    lines.retain(|line| state.statistics.may_count(line));
    Ok(Offered { lines, agents })
}
