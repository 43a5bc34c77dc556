use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::dashboard::Scope;
use super::layout::context::PageContext;
use super::layout::filter::{FilterView, PageFilter};
use super::layout::filter_query::FilterQuery;
use super::layout::named::Named;
use super::{form_body, form_value, page, see_other};
use crate::i18n::CallbacksTexts;
use crate::i18n::format::{Format, NOTHING};
use crate::service::callbacks::DEFAULT_DAYS;
use crate::service::state::AppState;
use crate::stats::callbacks::CallbackReport;
use crate::store::callbacks::marks::{Mark, recent_marks};
use crate::store::callbacks::{Callback, CallbackCursor, count_open, open_callbacks_of_lines};
use crate::web::access::principal::author;
use crate::web::error::Error;
use crate::web::extract::callbacks::{cursor, within_days};
use crate::web::extract::calls_request::CallsRequest;
use crate::web::extract::query::{Parameters, parameter};

const LIST: &str = "/callbacks";
const CALLBACKS_PER_PAGE: usize = 25;
const CHOICES: [i64; 4] = [7, 30, 90, 365];
const MARKS: i64 = 10;
const MARKS_DAYS: i64 = 7;

#[derive(Template)]
#[template(path = "pages/callbacks.html")]
struct CallbacksPage {
    context: PageContext,
    t: &'static CallbacksTexts,
    notice: Option<&'static str>,
    waiting: String,
    within: Vec<Within>,
    here: String,
    rows: Vec<CallbackRow>,
    more: Option<String>,
    oldest: Option<String>,
    just_done: Option<(String, String)>,
    marks: Vec<MarkRow>,
    csv: String,
    filter: FilterView,
    figures: Vec<Figure>,
}

/// A link that chooses how many days back the list goes.
struct Within {
    href: String,
    name: String,
    is_chosen: bool,
}

/// The table row of an open callback.
struct CallbackRow {
    party: String,
    named: Named,
    dial: String,
    done: String,
    missed: String,
    first: Option<String>,
    last: String,
    lines: Vec<Named>,
    calls: String,
}

/// The table row of a callback that was marked as done.
struct MarkRow {
    party: String,
    named: Named,
    what: String,
    undo: String,
}

/// A figure of the callback report, and its explanation.
struct Figure {
    class: &'static str,
    name: &'static str,
    value: String,
    more: String,
    what: &'static str,
}

/// Handles `GET /callbacks`: shows the open callbacks and the report.
pub async fn list(
    request: CallsRequest,
    mut context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let t = &context.texts.callbacks;
    let CallsRequest { parameters, lines, as_of } = &request;
    let (days, mut notice) = match within_days(parameters) {
        Ok(days) => (days, None),
        Err(_) => (DEFAULT_DAYS, Some(t.wrong_days)),
    };
    let cursor = cursor(parameters).unwrap_or_else(|_| {
        notice.get_or_insert(t.wrong_cursor);
        None
    });
    let (db, numbering, since_ms) = (&state.db, &state.derivation.numbering, as_of.days_ago_ms(days));
    let open = state.callbacks.page(lines, since_ms, cursor.clone(), CALLBACKS_PER_PAGE).await?;
    let owed = if lines.is_none() { state.callbacks.count().await } else { None };
    let count = match (&cursor, &open.next, owed) {
        (None, None, _) => i64::try_from(open.callbacks.len()).unwrap_or(i64::MAX),
        (.., Some(owed)) if days == DEFAULT_DAYS => owed,
        _ => match lines {
            None => count_open(db, numbering, since_ms).await?,
            Some(lines) => {
                let all = open_callbacks_of_lines(db, numbering, since_ms, lines).await?;
                i64::try_from(all.len()).unwrap_or(i64::MAX)
            }
        },
    };
    if days == DEFAULT_DAYS {
        context.owe(Some(count));
    }
    // Marks do not name a line, so users who are limited to some lines see none.
    let marks = match lines {
        None => recent_marks(db, as_of.days_ago_ms(MARKS_DAYS), MARKS).await?,
        Some(_) => Vec::new(),
    };
    let asked = PageFilter::read(&request, &state, &context);
    let report = state.callbacks.report(&asked.calls).await?;
    let listed = |days: i64, cursor: Option<&CallbackCursor>| url(&asked.words, days, cursor);
    page(&CallbacksPage {
        t,
        notice,
        waiting: (t.waiting)(count, &context.format.number(count)),
        within: within(days, |days| listed(days, None), t),
        here: listed(days, cursor.as_ref()),
        rows: open.callbacks.iter().map(|callback| row(callback, &state, &context)).collect(),
        more: open.next.as_ref().map(|next| listed(days, Some(next))),
        oldest: cursor.as_ref().map(|_| listed(days, None)),
        just_done: just_done(parameters, &marks, &context),
        marks: marks.into_iter().map(|mark| mark_row(mark, &context)).collect(),
        csv: format!("/callbacks.csv?within_days={days}"),
        filter: periods(&asked, days, &state, &context),
        figures: figures(&report, &context),
        context,
    })
}

/// Returns the choices of how many days back the list goes, including the chosen one if it is not a standard choice.
fn within(chosen: i64, href: impl Fn(i64) -> String, t: &CallbacksTexts) -> Vec<Within> {
    let other = Some(chosen).filter(|days| !CHOICES.contains(days));
    let choices = CHOICES.into_iter().chain(other);
    choices.map(|days| Within { href: href(days), name: (t.within_days)(days), is_chosen: days == chosen }).collect()
}

/// Handles `POST /callbacks/done`: marks a callback as done.
pub async fn done(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let form = form_body(&request, payload).await?;
    let party = state.callbacks.mark(form_value(&form, "party"), &author(&request)).await?;
    Ok(see_other(&back(&form, Some(&party))))
}

/// Handles `POST /callbacks/undo`: removes the mark.
pub async fn undo(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let form = form_body(&request, payload).await?;
    state.callbacks.unmark(form_value(&form, "party"), &author(&request)).await?;
    Ok(see_other(&back(&form, None)))
}

fn url(words: &FilterQuery, days: i64, cursor: Option<&CallbackCursor>) -> String {
    let (days, cursor) = (days.to_string(), cursor.map(CallbackCursor::encode));
    let mut more = vec![("within_days", days.as_str())];
    more.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
    words.url_with(LIST, &more)
}

/// Returns the redirect target: the callback list with the query of the `back` field, which cannot lead elsewhere.
fn back(form: &Parameters, just_done: Option<&str>) -> String {
    let query = form_value(form, "back").strip_prefix(LIST).and_then(|rest| rest.strip_prefix('?')).unwrap_or_default();
    let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "done");
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(kept).extend_pairs(just_done.map(|party| ("done", party)));
    match query.finish() {
        query if query.is_empty() => LIST.to_owned(),
        query => format!("{LIST}?{query}"),
    }
}

/// Returns the number that was just marked as done, and the confirmation.
fn just_done(parameters: &Parameters, marks: &[Mark], context: &PageContext) -> Option<(String, String)> {
    let party = parameter(parameters, "done")?;
    let mark = marks.iter().find(|mark| mark.party == party)?;
    Some((mark.party.clone(), (context.texts.callbacks.marked)(Named::party(&*mark.party, context).short())))
}

fn row(callback: &Callback, state: &AppState, context: &PageContext) -> CallbackRow {
    let (t, format) = (&context.texts.callbacks, &context.format);
    let named = Named::party(&*callback.party, context);
    let line = |number: &String| Scope::Line(number.clone()).link(Named::line(number, &context.names), state);
    let first_day = state.derivation.business.day(callback.first_missed_ms);
    let calls = FilterQuery::default()
        .with("party", &callback.party)
        .with("start", first_day.to_string())
        .with("end", context.today.max(first_day).to_string());
    CallbackRow {
        dial: (t.dial)(&named.both()),
        done: (t.done_party)(&named.both()),
        missed: (t.missed)(callback.missed_calls, &format.number(callback.missed_calls)),
        first: (callback.missed_calls > 1).then(|| format.moment(callback.first_missed_ms)),
        last: format.moment(callback.last_missed_ms),
        lines: callback.numbers.iter().map(line).collect(),
        calls: calls.url("/calls"),
        party: callback.party.clone(),
        named,
    }
}

fn mark_row(mark: Mark, context: &PageContext) -> MarkRow {
    let t = &context.texts.callbacks;
    let named = Named::party(&*mark.party, context);
    MarkRow {
        what: (t.marked_at)(&context.format.moment(mark.done_ms), mark.done_by.as_deref()),
        undo: (t.undo_party)(&named.both()),
        named: named.to(Scope::Caller(mark.party.clone()).path()),
        party: mark.party,
    }
}

/// Returns the period filter of the report; its links keep the number of days of the list.
fn periods(asked: &PageFilter, days: i64, state: &AppState, context: &PageContext) -> FilterView {
    let mut filter = asked.view(LIST, state, context);
    for pill in &mut filter.pills {
        pill.value += &format!("&within_days={days}#report");
    }
    filter
}

fn figures(report: &CallbackReport, context: &PageContext) -> Vec<Figure> {
    if report.missed_callers == 0 {
        return Vec::new();
    }
    let (t, format) = (&context.texts.callbacks, &context.format);
    let figure = |class, name, value, more, what| Figure { class, name, value, more, what };
    let counted = |class, name, count: i64, what| {
        let share = format.share(count, report.missed_callers);
        figure(class, name, format.number(count), share, what)
    };
    let wait = |seconds: Option<i64>| seconds.map_or(NOTHING.to_owned(), |seconds| wait(seconds, t, format));
    let p90 = report.p90_seconds.map_or(String::new(), |seconds| (t.waited_p90)(&wait(Some(seconds))));
    let owed_class = if report.still_owed > 0 { "missed" } else { "" };
    vec![
        figure("", t.missed_callers, format.number(report.missed_callers), String::new(), t.missed_callers_what),
        counted("accepted", t.reached, report.reached, t.reached_what),
        counted("", t.settled, report.done, t.settled_what),
        counted(owed_class, t.still_owed, report.still_owed, t.still_owed_what),
        figure("", t.waited, wait(report.median_seconds), p90, t.waited_what),
    ]
}

/// Formats the wait for a callback, longer than for calls: without seconds from an hour on, minutes from two days on.
fn wait(seconds: i64, t: &CallbacksTexts, format: &Format) -> String {
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match hours {
        ..1 => format.duration(seconds),
        1..48 => (t.hours)(hours, minutes),
        _ => (t.days)(hours / 24, hours % 24),
    }
}
