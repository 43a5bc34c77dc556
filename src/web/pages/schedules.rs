use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::{Map, Value};

use super::context::PageContext;
use super::inputs::Inputs;
use super::named_shared::{Subject, names, note_errors, path_of, routes_by_key, save as save_item};
use super::{form_body, form_value, page, page_with, see_other};
use crate::accounts::action::Actor;
use crate::i18n::{SchedulesTexts, SharedTexts};
use crate::routing::named::{ClosedDays, Key, MAX_CLOSED, Schedule};
use crate::service::state::AppState;
use crate::store::shared::{RouteName, SharedError, Versioned, find_named, list_named};
use crate::web::access::principal::author;
use crate::web::error::Error;
use crate::web::extract::query::{Parameters, parameter, parameters};

const LIST: &str = "/routes/schedules";
/// The number of empty rows for further closing times.
const SPARE_ROWS: usize = 3;
/// The inputs of one closing time.
const ROW: [&str; 3] = ["start", "end", "name"];

#[derive(Template)]
#[template(path = "pages/schedules.html")]
struct SchedulesPage {
    context: PageContext,
    s: &'static SharedTexts,
    t: &'static SchedulesTexts,
    schedules: Vec<Row>,
}

struct Row {
    name: String,
    href: String,
    hours: String,
    closed: String,
    routes: Vec<RouteName>,
}

#[derive(Template)]
#[template(path = "pages/schedule.html")]
struct SchedulePage {
    context: PageContext,
    s: &'static SharedTexts,
    t: &'static SchedulesTexts,
    title: String,
    path: String,
    form: Inputs,
    subject: Subject,
    rows: usize,
}

/// Handles `GET /routes/schedules`: shows all schedules.
pub async fn list(context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let t = &context.texts.shared.schedules;
    let mut uses = routes_by_key::<Schedule>(&state).await?;
    let row = |Versioned { item, .. }: Versioned<Schedule>| Row {
        href: path_of(LIST, &item.name),
        closed: closed_words(&item, &context, &state),
        routes: Key::parse(&item.name).and_then(|key| uses.remove(&key)).unwrap_or_default(),
        hours: item.hours.unwrap_or_else(|| t.always.to_owned()),
        name: item.name,
    };
    let schedules = list_named(&state.db).await?.into_iter().map(row).collect();
    page(&SchedulesPage { s: &context.texts.shared, t, schedules, context })
}

/// Describes how many closing times a schedule has, and the next one.
fn closed_words(schedule: &Schedule, context: &PageContext, state: &AppState) -> String {
    let t = &context.texts.shared.schedules;
    let today = state.statistics.today();
    let next = schedule.closed.iter().filter(|days| days.end >= today).min_by_key(|days| days.start);
    let days = |days: &ClosedDays| {
        let first = context.format.day(days.start);
        let span = if days.start == days.end { first } else { format!("{first} – {}", context.format.day(days.end)) };
        days.name.as_ref().map_or(span.clone(), |name| format!("{span} ({name})"))
    };
    let count = (t.closed_count)(schedule.closed.len());
    next.map_or(count.clone(), |next| format!("{count}, {}", (t.next_closed)(&days(next))))
}

/// Handles `GET /routes/new-schedule`: shows the empty form.
pub async fn new(context: PageContext) -> Result<HttpResponse, Error> {
    page(&SchedulePage::new(context, Inputs::default(), Subject::default()))
}

/// Handles `GET /routes/schedules/{name}`: shows the form of a stored schedule.
pub async fn edit(
    request: HttpRequest,
    path: Path<String>,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let stored = found(&state, &path).await?;
    let saved = parameter(&parameters(&request), "saved").map(|_| context.texts.shared.saved.to_owned());
    let subject = Subject { saved, ..subject_of(&stored) };
    page(&SchedulePage::new(context, inputs_of(&stored.item), subject))
}

/// Handles `POST /routes/schedules`: creates a schedule.
pub async fn create(
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let form = form_body(&request, payload).await?;
    store(&form, Subject::default(), context, &state, &author(&request)).await
}

/// Handles `POST /routes/schedules/{name}`: saves a changed schedule.
pub async fn save(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let form = form_body(&request, payload).await?;
    let mut subject = subject_of(&found(&state, &path).await?);
    subject.version = form_value(&form, "version").to_owned();
    store(&form, subject, context, &state, &author(&request)).await
}

/// Handles `POST /routes/schedules/{name}/delete`: deletes a schedule that no route uses.
pub async fn remove(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    mut context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    form_body(&request, payload).await?;
    match state.routing.remove_named::<Schedule>(&path, &author(&request)).await {
        Ok(()) => Ok(see_other(LIST)),
        Err(SharedError::Used(routes)) => {
            let stored = found(&state, &path).await?;
            let in_use = Some((context.texts.shared.in_use)(&names(&routes)));
            let subject = Subject { in_use, ..subject_of(&stored) };
            context.here = path_of(LIST, &stored.item.name);
            page_with(StatusCode::CONFLICT, &SchedulePage::new(context, inputs_of(&stored.item), subject))
        }
        Err(error) => Err(error.into()),
    }
}

async fn store(
    form: &Parameters,
    mut subject: Subject,
    context: PageContext,
    state: &AppState,
    by: &Actor,
) -> Result<HttpResponse, Error> {
    let mut inputs = closed_up(form);
    let name = subject.name.clone().unwrap_or_else(|| inputs.value("name").trim().trim_start_matches('@').to_owned());
    let schedule = match Schedule::from_json(&name, &to_json(&inputs), &state.routing.hours) {
        Ok(schedule) => schedule,
        Err(errors) => {
            note_errors(&mut inputs, &errors, &context, |field| label(field, &context));
            return page_with(StatusCode::BAD_REQUEST, &SchedulePage::new(context, inputs, subject));
        }
    };
    match save_item(state, &schedule, &mut inputs, &mut subject, &context, by).await? {
        Some(status) => page_with(status, &SchedulePage::new(context, inputs, subject)),
        None => Ok(see_other(&format!("{}?saved=1", path_of(LIST, &schedule.name)))),
    }
}

async fn found(state: &AppState, path: &str) -> Result<Versioned<Schedule>, Error> {
    let key = Key::parse(path).ok_or(Error::NotFound)?;
    find_named(&state.db, &key).await?.ok_or(Error::NotFound)
}

fn subject_of(stored: &Versioned<Schedule>) -> Subject {
    Subject { name: Some(stored.item.name.clone()), version: stored.version.to_string(), ..Subject::default() }
}

fn row_input(row: usize, name: &str) -> String {
    format!("closed[{row}].{name}")
}

fn inputs_of(schedule: &Schedule) -> Inputs {
    let mut inputs = Inputs::default();
    inputs.set("hours", schedule.hours.clone().unwrap_or_default());
    for (row, days) in schedule.closed.iter().enumerate() {
        inputs.set(row_input(row, "start"), days.start.to_string());
        inputs.set(row_input(row, "end"), days.end.to_string());
        inputs.set(row_input(row, "name"), days.name.clone().unwrap_or_default());
    }
    inputs
}

fn filled_rows(inputs: &Inputs) -> impl Iterator<Item = usize> + '_ {
    let is_filled = move |row: &usize| ROW.iter().any(|name| !inputs.value(&row_input(*row, name)).trim().is_empty());
    // One row more than allowed is read, so that the validation reports too many.
    (0..=MAX_CLOSED).filter(is_filled)
}

/// Reads the submitted inputs without empty rows between filled ones.
fn closed_up(form: &Parameters) -> Inputs {
    let sent = Inputs::read(form);
    let mut inputs = Inputs::default();
    for name in ["name", "hours", "overwrite"] {
        inputs.set(name, sent.value(name));
    }
    for (to, from) in filled_rows(&sent).enumerate() {
        for name in ROW {
            inputs.set(row_input(to, name), sent.value(&row_input(from, name)).trim());
        }
    }
    inputs
}

/// Converts the form to the JSON that the API takes.
fn to_json(inputs: &Inputs) -> Value {
    let some = |value: &str| if value.is_empty() { Value::Null } else { Value::from(value) };
    let row = |row: usize| {
        let field = |name: &&str| ((*name).to_owned(), some(inputs.value(&row_input(row, name))));
        Value::Object(ROW.iter().map(field).collect())
    };
    let mut json = Map::new();
    json.insert("hours".into(), some(inputs.value("hours").trim()));
    json.insert("closed".into(), filled_rows(inputs).map(row).collect());
    Value::Object(json)
}

fn label(field: &str, context: &PageContext) -> String {
    let (s, t) = (&context.texts.shared, &context.texts.shared.schedules);
    let row = field.strip_prefix("closed[").and_then(|rest| rest.split_once(']'));
    let Some((row, rest)) = row else {
        return match field {
            "name" => s.name,
            "hours" => t.hours,
            _ => t.closed,
        }
        .to_owned();
    };
    let own = match rest.trim_start_matches('.') {
        "start" => t.first,
        "end" => t.last,
        _ => t.reason,
    };
    format!("{}, {own}", (t.closed_row)(row.parse::<usize>().unwrap_or_default() + 1))
}

impl SchedulePage {
    fn new(context: PageContext, form: Inputs, subject: Subject) -> Self {
        let s = &context.texts.shared;
        let t = &s.schedules;
        let rows = (filled_rows(&form).count() + SPARE_ROWS).min(MAX_CLOSED);
        Self {
            s,
            t,
            title: subject.name.as_deref().map_or(t.new.to_owned(), t.edit),
            path: subject.name.as_deref().map_or(LIST.to_owned(), |name| path_of(LIST, name)),
            rows,
            form,
            subject,
            context,
        }
    }

    fn row_input(&self, row: &usize, name: &str) -> String {
        row_input(*row, name)
    }
}
