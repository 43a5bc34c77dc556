use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::{DateTime, Datelike, NaiveDateTime};

use super::words::answer as answer_in_words;
use super::words::capitalised;
use crate::fields::Errors;
use crate::i18n::reasons::why;
use crate::i18n::{RouteTexts, RouteTrialTexts, RoutesTexts, problems};
use crate::placetel::reply::{MAX_NUMBER_CHARS, indented};
use crate::routing::explain::{Explanation, Passed, Reason};
use crate::service::routing::trials::{MadeUpCall, explain_now};
use crate::service::state::AppState;
use crate::store::routes::find_route;
use crate::web::error::Error;
use crate::web::extract::query::parameters;
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::form_state::FormState;
use crate::web::pages::page_with;

/// The maximum number of reasons to show.
const MOST_REASONS: usize = 50;

#[derive(Template)]
#[template(path = "pages/route_test.html")]
struct RouteTestPage {
    context: PageContext,
    t: &'static RouteTrialTexts,
    route_t: &'static RouteTexts,
    routes_t: &'static RoutesTexts,
    form: FormState,
    result: Option<TestResult>,
}

/// The answer that a call would get.
struct TestResult {
    title: String,
    href: Option<String>,
    answer: String,
    at: String,
    xml: String,
    reasons: Vec<ReasonView>,
    more: Vec<String>,
}

struct ReasonView {
    name: String,
    href: String,
    why: String,
}

/// Handles `GET /routes/test`: tests a call against the routes. It stores nothing, so it may be a link.
pub async fn show(request: HttpRequest, context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let parameters = parameters(&request);
    let mut form = FormState::read(&parameters);
    // A form that was sent has all inputs, a link only those that it knows.
    let is_sent = ["to", "from", "at"].iter().all(|name| parameters.iter().any(|(given, _)| given == name));
    let asked = if is_sent { read(&mut form, &context, &state) } else { None };
    let result = match asked {
        Some(call) => {
            let explanation = explain_now(&state, call).await?;
            Some(result(explanation, &context, &state).await?)
        }
        None => None,
    };
    let status = if form.errors().is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let texts = context.texts;
    let (t, route_t, routes_t) = (&texts.route_trial, &texts.route, &texts.routes);
    page_with(status, &RouteTestPage { t, route_t, routes_t, form, result, context })
}

/// Returns the call that a form describes, or notes what is wrong with it.
fn read(form: &mut FormState, context: &PageContext, state: &AppState) -> Option<MadeUpCall> {
    let mut wrong = Errors::default();
    let mut number = |name: &str| {
        let value = serde_json::Value::from(form.value(name));
        crate::fields::text(name, &value, MAX_NUMBER_CHARS, &mut wrong)
    };
    let (to, from) = (number("to"), number("from"));
    let t = &context.texts.route_trial;
    for error in wrong.or::<()>(None).err().into_iter().flatten() {
        let (input, label) = if error.field == "to" { ("to", t.to) } else { ("from", t.from) };
        form.note(input, label, capitalised(&problems::text(&error.problem, context.lang)));
    }
    let at_ms = match form.value("at").trim() {
        "" => Some(context.now_ms),
        text => instant(text, state),
    };
    if at_ms.is_none() {
        form.note("at", t.at, t.at_wrong);
    }
    Some(MadeUpCall { from: from?, to: to?, at_ms: at_ms? })
}

/// Parses `2026-11-23T14:30` in business time, or an RFC 3339 timestamp.
fn instant(text: &str, state: &AppState) -> Option<i64> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.timestamp_millis());
    }
    let text = text.replace(' ', "T");
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
    let local = local.iter().find_map(|format| NaiveDateTime::parse_from_str(&text, format).ok());
    let local = local.filter(|local| (1970..10_000).contains(&local.year()))?;
    Some(state.derivation.business.instant_ms(local))
}

async fn result(explanation: Explanation, context: &PageContext, state: &AppState) -> Result<TestResult, Error> {
    let (t, texts) = (&context.texts.route_trial, &context.texts.routes);
    let Explanation { decision, passed } = explanation;
    let route = match decision.route_id {
        Some(id) => find_route(&state.db, id).await?,
        None => None,
    };
    let named =
        |raw: &String| context.names.any(raw, &state.derivation.numbering).map_or(raw.clone(), |name| name.to_string());
    let (reasons, more) = reasons(passed, context);
    Ok(TestResult {
        title: decision.route_name.map_or(t.answered_by_none.to_owned(), |name| (t.answered_by)(&name)),
        href: decision.route_id.map(path_of),
        answer: match (&route, decision.route_id) {
            (Some(route), _) => answer_in_words(&route.reply, &named, texts, &context.texts.hours),
            (None, Some(_)) => String::new(),
            (None, None) => super::list::otherwise(state, texts).0.to_owned(),
        },
        at: context.format.moment(decision.decided_ms),
        xml: indented(&decision.xml),
        reasons,
        more,
    })
}

/// Returns the reasons to show, and notes on how many routes are left out. Among very many routes, those for other
/// numbers are left out because they explain nothing.
fn reasons(passed: Vec<Passed>, context: &PageContext) -> (Vec<ReasonView>, Vec<String>) {
    let t = &context.texts.route_trial;
    let written = |n: usize| context.format.number(i64::try_from(n).unwrap_or(i64::MAX));
    let (mut more, mut shown) = (Vec::new(), passed);
    if shown.len() > MOST_REASONS {
        let before = shown.len();
        shown.retain(|passed| !matches!(passed.reason, Reason::To { .. }));
        let others = before - shown.len();
        if others > 0 {
            more.push((t.other_numbers)(others, &written(others)));
        }
    }
    if shown.len() > MOST_REASONS {
        let rest = shown.len() - MOST_REASONS;
        more.insert(0, (t.more)(rest, &written(rest)));
        shown.truncate(MOST_REASONS);
    }
    let view = |passed: Passed| ReasonView {
        href: path_of(passed.route_id),
        why: why(&passed.reason, context.lang, &|at_ms| context.format.moment(at_ms)),
        name: passed.route_name,
    };
    (shown.into_iter().map(view).collect(), more)
}

fn path_of(id: i64) -> String {
    format!("/routes/{id}")
}
