use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::i18n::NamesTexts;
use crate::service::directory::names::{MAX_NAME_CHARS, is_subject};
use crate::service::state::AppState;
use crate::stats::business::day_number;
use crate::store::calls::find::lines_and_peers;
use crate::store::names::{Kind, OwnName, list_own_names};
use crate::web::access::principal::author;
use crate::web::error::Error;
use crate::web::extract::query::{Parameters, parameter, parameters};
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::{form_body, page, page_with, see_other};

const SAVED: &str = "/settings/names?saved=1";
const SEEN_WITHIN_DAYS: i64 = 366;
/// The maximum number of rows in the form, because more are not edited by hand.
const MOST_ROWS: usize = 500;

#[derive(Template)]
#[template(path = "pages/names.html")]
struct NamesPage {
    context: PageContext,
    t: &'static NamesTexts,
    sections: [Section; 2],
    is_saved: bool,
    has_errors: bool,
}

/// One section of the form: lines or agents.
struct Section {
    field: &'static str,
    title: &'static str,
    what: &'static str,
    subject: &'static str,
    none: &'static str,
    rows: Vec<Row>,
    more: Option<String>,
}

struct Row {
    subject: String,
    name: String,
    label: String,
    error: Option<String>,
}

/// Handles `GET /settings/names`: shows the form.
pub async fn show(request: HttpRequest, context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let names = known(&state).await?;
    let is_saved = parameter(&parameters(&request), "saved").is_some();
    page(&names_page(context, &names, is_saved))
}

/// Handles `POST /settings/names`: saves all names.
pub async fn save(
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let names = read(&form_body(&request, payload).await?)?;
    if names.iter().any(|name| !is_usable(&name.name)) {
        return page_with(StatusCode::BAD_REQUEST, &names_page(context, &names, false));
    }
    state.directory.change_names(&names, &author(&request)).await?;
    Ok(see_other(SAVED))
}

/// Returns the lines and agents of recent calls, and all that have a name.
async fn known(state: &AppState) -> Result<Vec<OwnName>, Error> {
    let today = day_number(state.statistics.today());
    let (lines, agents) = lines_and_peers(&state.db, today - SEEN_WITHIN_DAYS..today + 1).await?;
    let seen = [(Kind::Line, lines), (Kind::Agent, agents)];
    let unnamed =
        seen.into_iter().flat_map(|(kind, subjects)| subjects.into_iter().map(move |subject| (kind, subject)));
    // Event bodies may contain any text, so unusable subjects are skipped.
    let nameable = unnamed.filter(|(_, subject)| is_subject(subject));
    let mut names: BTreeMap<(Kind, String), String> = nameable.map(|key| (key, String::new())).collect();
    names.extend(list_own_names(&state.db).await?.into_iter().map(|own| ((own.kind, own.subject), own.name)));
    Ok(names.into_iter().map(|((kind, subject), name)| OwnName { kind, subject, name }).collect())
}

/// Reads the form, in which each subject is followed by its name.
fn read(form: &Parameters) -> Result<Vec<OwnName>, Error> {
    let (mut names, mut seen) = (Vec::new(), BTreeSet::new());
    for pair in form.chunks(2) {
        let [(field, subject), (name_field, name)] = pair else { return Err(unreadable()) };
        let kind = match (field.as_str(), name_field.as_str()) {
            ("line", "line_name") => Kind::Line,
            ("agent", "agent_name") => Kind::Agent,
            _ => return Err(unreadable()),
        };
        if !is_subject(subject) || !seen.insert((kind, subject.clone())) {
            return Err(unreadable());
        }
        names.push(OwnName { kind, subject: subject.clone(), name: name.trim().to_owned() });
    }
    Ok(names)
}

fn unreadable() -> Error {
    Error::BadRequest("expected pairs of line and line_name, or agent and agent_name".into())
}

fn is_usable(name: &str) -> bool {
    name.chars().count() <= MAX_NAME_CHARS
        && !name.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
}

fn names_page(context: PageContext, names: &[OwnName], is_saved: bool) -> NamesPage {
    let t = &context.texts.names;
    let row = |own: &OwnName| Row {
        subject: own.subject.clone(),
        name: own.name.clone(),
        label: (t.name_of)(&own.subject),
        error: (!is_usable(&own.name)).then(|| (t.unusable)(MAX_NAME_CHARS)),
    };
    let rows = |kind: Kind| names.iter().filter(|own| own.kind == kind).take(MOST_ROWS).map(row).collect();
    let more = |kind: Kind| {
        let count = names.iter().filter(|own| own.kind == kind).count();
        (count > MOST_ROWS).then(|| (t.more)(MOST_ROWS))
    };
    let lines = Section {
        field: "line",
        title: t.lines,
        what: t.lines_what,
        subject: t.line,
        none: t.no_lines,
        rows: rows(Kind::Line),
        more: more(Kind::Line),
    };
    let agents = Section {
        field: "agent",
        title: t.agents,
        what: t.agents_what,
        subject: t.agent,
        none: t.no_agents,
        rows: rows(Kind::Agent),
        more: more(Kind::Agent),
    };
    let has_errors = names.iter().any(|own| !is_usable(&own.name));
    NamesPage { t, sections: [lines, agents], is_saved, has_errors, context }
}
