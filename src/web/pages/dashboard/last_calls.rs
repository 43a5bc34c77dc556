//! The last calls of a dashboard.

use askama::Template;
use askama::filters::HtmlSafe;

use super::address::{Address, Scope};
use super::newest::Newest;
use crate::i18n::{CallsTexts, OverviewTexts};
use crate::service::state::AppState;
use crate::store::stats::spans::list::list_calls;
use crate::web::error::Error;
use crate::web::pages::calls::rows::{CallRow, call_rows};
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::filter::PageFilter;

/// The number of calls that a dashboard lists.
const LAST_CALLS: usize = 8;
/// The number of calls that the dashboard of a caller lists.
const CALLS_OF_CALLER: usize = 50;

/// The last calls, and the link to all of them.
#[derive(Template)]
#[template(path = "partials/dashboard/last_calls.html")]
pub struct LastCalls {
    t: &'static OverviewTexts,
    calls_t: &'static CallsTexts,
    rows: Vec<CallRow>,
    all_calls: String,
}

/// The template of the box escapes its parts.
impl HtmlSafe for LastCalls {}

impl LastCalls {
    /// Fetches the last calls, `None` if there are none, and for the company the newest call of all, which may be the
    /// first of them.
    pub async fn fetch(
        asked: &PageFilter,
        address: &Address,
        state: &AppState,
        context: &PageContext,
    ) -> Result<(Option<Self>, Option<Newest>), Error> {
        let (filter, query) = (asked.filter(), state.statistics.query(&asked.calls));
        let limit = if matches!(address.scope, Scope::Caller(_)) { CALLS_OF_CALLER } else { LAST_CALLS };
        let tells_newest = address.scope == Scope::Company && !context.is_limited();
        // With this filter the list already begins with the newest call of all.
        let is_all_until_now = filter.is_of_all() && filter.days.end >= context.today;
        let calls = async { Ok::<_, Error>(list_calls(&state.db, &query, None, limit).await?.calls) };
        let newest =
            async { if tells_newest && !is_all_until_now { Newest::fetch(state, context).await } else { Ok(None) } };
        let (calls, mut newest) = tokio::try_join!(calls, newest)?;
        if tells_newest && is_all_until_now {
            newest = match calls.first() {
                Some(call) => Some(Newest::of(call, state, context)),
                None => Newest::fetch(state, context).await?,
            };
        }
        let shown = (!calls.is_empty()).then(|| Self {
            t: &context.texts.overview,
            calls_t: &context.texts.calls,
            rows: call_rows(&calls, state, context),
            all_calls: address.calls(asked.words.clone()),
        });
        Ok((shown, newest))
    }
}
