//! The line that tells when the newest call of all came, and so whether events still arrive.

use askama::Template;
use askama::filters::HtmlSafe;
use chrono::NaiveDate;

use crate::service::state::AppState;
use crate::stats::as_of::FilterAsOf;
use crate::stats::filter::Filter;
use crate::stats::period::DayRange;
use crate::store::calls::find::StoredCall;
use crate::store::stats::spans::list::list_calls;
use crate::web::error::Error;
use crate::web::pages::layout::context::PageContext;

/// The age of the newest call up to which the connection counts as working, in milliseconds.
const RECENT_MS: i64 = 4 * 24 * 3600 * 1000;

/// The time of the newest call of all.
#[derive(Template)]
#[template(path = "partials/dashboard/newest.html")]
pub struct Newest {
    /// The time alone.
    pub when: String,
    /// The time in a sentence.
    line: String,
    /// Whether the call is recent enough to show that the connection works.
    is_recent: bool,
}

/// The template of the line escapes its parts.
impl HtmlSafe for Newest {}

impl Newest {
    /// Fetches the newest call of all.
    pub async fn fetch(state: &AppState, context: &PageContext) -> Result<Option<Self>, Error> {
        let ever = DayRange { start: NaiveDate::default(), end: context.today };
        let query = state.statistics.query(&FilterAsOf { filter: Filter::all(ever), as_of: context.as_of() });
        let page = list_calls(&state.db, &query, None, 1).await?;
        Ok(page.calls.first().map(|newest| Self::of(newest, state, context)))
    }

    /// Describes the time of the newest call.
    pub fn of(newest: &StoredCall, state: &AppState, context: &PageContext) -> Self {
        let (at_ms, t) = (newest.call.started_ms, &context.texts.overview);
        let is_today = state.derivation.business.day(at_ms) == context.today;
        let when = if is_today { context.format.precise_time(at_ms) } else { context.format.moment(at_ms) };
        let is_recent = at_ms > context.now_ms - RECENT_MS;
        Self { line: if is_recent { (t.connected)(&when) } else { (t.newest)(&when) }, when, is_recent }
    }
}
