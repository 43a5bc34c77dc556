use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use super::rows::{CallRow, call_rows};
use crate::i18n::{CallLogTexts, CallsTexts};
use crate::service::state::AppState;
use crate::service::statistics::reports::report;
use crate::stats::report::Source;
use crate::store::calls::find::{CallPage, Cursor};
use crate::store::stats::spans::list::{list_calls, list_newer_calls};
use crate::web::error::Error;
use crate::web::extract::calls_request::CallsRequest;
use crate::web::extract::query;
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::filter::{FilterView, PageFilter, unusable};
use crate::web::pages::layout::new_calls::NewCallsNotice;
use crate::web::pages::layout::no_calls::{NoCalls, no_calls};
use crate::web::pages::page;

const CALLS_PER_PAGE: usize = 50;
/// The longest range whose calls are counted, in days: counting more would take longer than the list itself.
const MOST_COUNTED_DAYS: i64 = 92;
/// The query parameter of the cursor that leads to newer calls; `cursor` leads to older ones.
const NEWER: &str = "newer";

#[derive(Template)]
#[template(path = "pages/calls.html")]
struct CallsPage {
    context: PageContext,
    t: &'static CallsTexts,
    calls_t: &'static CallsTexts,
    log_t: &'static CallLogTexts,
    filter: FilterView,
    search: String,
    kept: Vec<(&'static str, String)>,
    count: Option<String>,
    rows: Vec<CallRow>,
    newest: Option<String>,
    newer: Option<String>,
    older: Option<String>,
    csv: String,
    csv_excel: String,
    none: Option<NoCalls>,
    fresh: Option<NewCallsNotice>,
}

/// Handles `GET /calls`: shows the call log with keyset pagination.
pub async fn list(
    request: CallsRequest,
    mut context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let mut asked = PageFilter::read(&request, &state, &context);
    let t = &context.texts.calls;
    let mut cursor = |name: &str| {
        query::cursor(&request.parameters, name).unwrap_or_else(|error| {
            let notice = unusable(&context, error, "");
            asked.notice.get_or_insert(format!("{notice} {}", t.wrong_cursor));
            None
        })
    };
    let (newer, older) = (cursor(NEWER), cursor("cursor"));
    let shown = shown(&state, &asked, newer, older).await?;
    context.has_found = !shown.calls.calls.is_empty();
    let to = |name: &str, cursor: Cursor| asked.words.url_with("/calls", &[(name, &cursor.encode())]);
    let none =
        if shown.calls.calls.is_empty() { Some(no_calls(&asked, &request, &state, &context).await?) } else { None };
    page(&CallsPage {
        t,
        calls_t: t,
        log_t: &context.texts.call_log,
        filter: asked.view("/calls", &state, &context),
        search: asked.words.get("q").to_owned(),
        kept: kept(&asked),
        count: count(&asked, &state, &context).await?,
        rows: call_rows(&shown.calls.calls, &state, &context),
        fresh: NewCallsNotice::of(&asked, &context).filter(|_| shown.newer.is_none() && older.is_none()),
        newest: shown.newer.map(|_| asked.words.url("/calls")),
        newer: shown.newer.map(|newer| to(NEWER, newer)),
        older: shown.calls.next.map(|older| to("cursor", older)),
        csv: asked.words.url("/calls.csv"),
        csv_excel: asked.words.url_with("/calls.csv", &[("dialect", "excel-de")]),
        none,
        context,
    })
}

/// One page of the log; `newer` is the cursor of the previous page, `next` that of the following one.
struct Shown {
    calls: CallPage,
    newer: Option<Cursor>,
}

async fn shown(
    state: &AppState,
    asked: &PageFilter,
    newer: Option<Cursor>,
    older: Option<Cursor>,
) -> Result<Shown, Error> {
    let query = state.statistics.query(&asked.calls);
    if let Some(cursor) = newer {
        let page = list_newer_calls(&state.db, &query, cursor, CALLS_PER_PAGE).await?;
        // With less than a full page of newer calls the first page is shown instead: it contains them and is full.
        if let (Some(_), Some(last)) = (page.next, page.calls.last()) {
            let older = Some(Cursor::after(last));
            return Ok(Shown { newer: page.next, calls: CallPage { next: older, ..page } });
        }
    }
    let older = older.filter(|_| newer.is_none());
    let calls = list_calls(&state.db, &query, older, CALLS_PER_PAGE).await?;
    let first = calls.calls.first().filter(|_| older.is_some());
    Ok(Shown { newer: first.map(Cursor::after), calls })
}

/// Returns the filter parameters that a new text search keeps.
fn kept(asked: &PageFilter) -> Vec<(&'static str, String)> {
    asked.words.iter().filter(|(name, _)| *name != "q").map(|(name, value)| (name, value.to_owned())).collect()
}

/// Returns the total number of calls as a text, if it is cheap to count.
async fn count(asked: &PageFilter, state: &AppState, context: &PageContext) -> Result<Option<String>, Error> {
    if Source::of(asked.filter(), None) == Source::Calls || asked.filter().days.len() > MOST_COUNTED_DAYS {
        return Ok(None);
    }
    let calls = report(&state.statistics, &asked.calls, None, 1).await?.totals.calls;
    Ok(Some((context.texts.calls.count)(calls, context.format.number(calls))))
}
