//! The welcome page of the first start, which shows whether events arrive.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::NaiveDate;

use crate::service::state::AppState;
use crate::stats::as_of::FilterAsOf;
use crate::stats::filter::Filter;
use crate::stats::period::DayRange;
use crate::store::calls::{StoredCall, list_calls};
use crate::web::error::Error;
use crate::web::pages::context::PageContext;
use crate::web::pages::guide::Guide;
use crate::web::pages::page;

/// The age of the newest call up to which the connection counts as working, in milliseconds.
const RECENT_MS: i64 = 4 * 24 * 3600 * 1000;

#[derive(Template)]
#[template(path = "pages/welcome.html")]
struct WelcomePage {
    context: PageContext,
    guide: Guide,
    arrived: Option<String>,
    refused: Option<(String, &'static str)>,
}

/// The time of the newest call of all.
pub struct Newest {
    when: String,
    /// The time in a sentence.
    pub line: String,
    /// Whether the call is recent enough to show that the connection works.
    pub is_recent: bool,
}

/// Shows the welcome page, which waits for the first event and reports its arrival.
pub fn welcome(
    request: &HttpRequest,
    context: PageContext,
    state: &AppState,
    newest: Option<Newest>,
) -> Result<HttpResponse, Error> {
    let t = &context.texts.welcome;
    let refusal = state.intake.last_refusal().filter(|_| newest.is_none());
    page(&WelcomePage {
        guide: Guide::new(request, state, &context),
        arrived: newest.map(|newest| (t.arrived)(&newest.when)),
        refused: refusal.map(|refusal| {
            let time = context.format.time(refusal.at_ms);
            ((t.refused)((t.refusal)(refusal.reason), &time), (t.refusal_help)(refusal.reason))
        }),
        context,
    })
}

/// Returns the time of the newest call of all.
///
/// # Errors
/// When the database does not answer.
pub async fn newest(state: &AppState, context: &PageContext) -> Result<Option<Newest>, Error> {
    let ever = DayRange { start: NaiveDate::default(), end: context.today };
    let query = state.statistics.query(&FilterAsOf { filter: Filter::all(ever), as_of: context.as_of() });
    let page = list_calls(&state.db, &query, None, 1).await?;
    Ok(page.calls.first().map(|newest| Newest::of(newest, state, context)))
}

impl Newest {
    /// Describes the time of the newest call.
    pub fn of(newest: &StoredCall, state: &AppState, context: &PageContext) -> Self {
        let (at_ms, today) = (newest.call.started_ms, context.today);
        let is_today = state.derivation.business.day(at_ms) == today;
        let when = if is_today { context.format.precise_time(at_ms) } else { context.format.moment(at_ms) };
        let (is_recent, t) = (at_ms > context.now_ms - RECENT_MS, &context.texts.overview);
        Self { line: if is_recent { (t.connected)(&when) } else { (t.newest)(&when) }, when, is_recent }
    }
}
