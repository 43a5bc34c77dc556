use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::asked::{Asked, FilterView, unusable};
use super::call_rows::{CallRow, call_rows};
use super::page;
use super::visit::Visit;
use crate::stats::report::Source;
use crate::store::calls::list_calls;
use crate::store::events::has_events;
use crate::web::api;
use crate::web::error::Error;
use crate::web::i18n::CallsTexts;
use crate::web::reports::report;
use crate::web::state::State;

const CALLS_PER_PAGE: usize = 50;

#[derive(Template)]
#[template(path = "pages/calls.html")]
struct CallsPage {
    visit: Visit,
    t: &'static CallsTexts,
    calls_t: &'static CallsTexts,
    filter: FilterView,
    count: Option<String>,
    rows: Vec<CallRow>,
    older: Option<String>,
    newest: Option<String>,
    csv: String,
    csv_excel: String,
    has_events: bool,
}

/// `GET /calls`
pub async fn list(request: HttpRequest, visit: Visit, state: Data<State>) -> Result<HttpResponse, Error> {
    let mut asked = Asked::read(&request, &state, &visit);
    let t = &visit.texts.calls;
    let cursor = api::calls::cursor(&api::parameters(&request)).unwrap_or_else(|error| {
        let notice = unusable(&visit, error, "");
        asked.notice.get_or_insert(format!("{notice} {}", t.wrong_cursor));
        None
    });
    let calls = list_calls(&state.db, &state.query(&asked.filter), cursor, CALLS_PER_PAGE).await?;
    let older = calls.next.map(|next| asked.words.url_with("/calls", &[("cursor", &next.encode())]));
    page(&CallsPage {
        t,
        calls_t: t,
        filter: asked.view("/calls", &visit),
        count: count(&asked, &state, &visit).await?,
        rows: call_rows(&calls.calls, &state, &visit),
        older,
        newest: cursor.map(|_| asked.words.url("/calls")),
        csv: asked.words.url("/calls.csv"),
        csv_excel: asked.words.url_with("/calls.csv", &[("dialect", "excel-de")]),
        has_events: !calls.calls.is_empty() || has_events(&state.db).await?,
        visit,
    })
}

/// How many calls there are in all, where that is cheap to tell.
async fn count(asked: &Asked, state: &State, visit: &Visit) -> Result<Option<String>, Error> {
    if Source::of(&asked.filter, None) == Source::Calls {
        return Ok(None);
    }
    let calls = report(state, &asked.filter, None, 1).await?.totals.calls;
    Ok(Some((visit.texts.calls.count)(calls, visit.format.number(calls))))
}
