use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde_json::{Map, Value};

use super::hours_words::notes_in_words;
use super::named_shared::{NamedPage, Subject, note_errors, path_of, routes_by_key};
use crate::i18n::{SchedulesTexts, SharedTexts};
use crate::routing::named::{ClosedDays, Key, MAX_CLOSED, Schedule};
use crate::service::state::AppState;
use crate::store::routes::shared::{RouteName, Versioned, list_named};
use crate::web::error::Error;
use crate::web::extract::query::{Parameters, parameter};
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::form_state::FormState;
use crate::web::pages::{page, page_with};

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
    notes: Vec<&'static str>,
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
    form: FormState,
    subject: Subject,
    rows: usize,
    hours_notes: Vec<&'static str>,
}

/// Handles `GET /routes/schedules`: shows all schedules.
pub async fn list(context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let t = &context.texts.shared.schedules;
    let mut uses = routes_by_key::<Schedule>(&state).await?;
    let row = |Versioned { item, .. }: Versioned<Schedule>| Row {
        href: path_of(LIST, &item.name),
        closed: closed_words(&item, &context, &state),
        routes: Key::parse(&item.name).and_then(|key| uses.remove(&key)).unwrap_or_default(),
        notes: notes_in_words(
            item.hours.as_deref(),
            !item.closed.is_empty(),
            &state.routing.hours,
            &context.texts.hours,
        ),
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

impl NamedPage for Schedule {
    const LIST: &'static str = LIST;

    fn render(
        context: PageContext,
        status: StatusCode,
        form: FormState,
        subject: Subject,
        _stored: Option<&Self>,
        state: &AppState,
    ) -> Result<HttpResponse, Error> {
        page_with(status, &SchedulePage::new(context, form, subject, state))
    }

    fn form_of(&self) -> FormState {
        inputs_of(self)
    }

    fn inputs(sent: &Parameters) -> FormState {
        closed_up(sent)
    }

    async fn read(
        name: String,
        form: &mut FormState,
        context: &PageContext,
        state: &AppState,
    ) -> Result<Option<(Self, String)>, Error> {
        match Self::from_json(&name, &to_json(form), &state.routing.hours) {
            Ok(schedule) => Ok(Some((schedule, "saved=1".to_owned()))),
            Err(errors) => {
                note_errors(form, &errors, context, |field| label(field, context));
                Ok(None)
            }
        }
    }

    fn saved(parameters: &Parameters, context: &PageContext) -> Option<String> {
        parameter(parameters, "saved").map(|_| context.texts.shared.saved.to_owned())
    }
}

fn row_input(row: usize, name: &str) -> String {
    format!("closed[{row}].{name}")
}

fn inputs_of(schedule: &Schedule) -> FormState {
    let mut inputs = FormState::default();
    inputs.set("hours", schedule.hours.clone().unwrap_or_default());
    for (row, days) in schedule.closed.iter().enumerate() {
        inputs.set(row_input(row, "start"), days.start.to_string());
        inputs.set(row_input(row, "end"), days.end.to_string());
        inputs.set(row_input(row, "name"), days.name.clone().unwrap_or_default());
    }
    inputs
}

fn filled_rows(inputs: &FormState) -> impl Iterator<Item = usize> + '_ {
    let is_filled = move |row: &usize| ROW.iter().any(|name| !inputs.value(&row_input(*row, name)).trim().is_empty());
    // One row more than allowed is read, so that the validation reports too many.
    (0..=MAX_CLOSED).filter(is_filled)
}

/// Reads the submitted inputs without empty rows between filled ones.
fn closed_up(form: &Parameters) -> FormState {
    let sent = FormState::read(form);
    let mut inputs = FormState::default();
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
fn to_json(inputs: &FormState) -> Value {
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
    fn new(context: PageContext, form: FormState, subject: Subject, state: &AppState) -> Self {
        let s = &context.texts.shared;
        let t = &s.schedules;
        let filled = filled_rows(&form).count();
        let (hours, context_of_hours) = (form.value("hours"), &state.routing.hours);
        Self {
            s,
            t,
            title: subject.name.as_deref().map_or(t.new.to_owned(), t.edit),
            path: subject.name.as_deref().map_or(LIST.to_owned(), |name| path_of(LIST, name)),
            rows: (filled + SPARE_ROWS).min(MAX_CLOSED),
            hours_notes: notes_in_words(Some(hours), filled > 0, context_of_hours, &context.texts.hours),
            form,
            subject,
            context,
        }
    }

    fn row_input(&self, row: &usize, name: &str) -> String {
        row_input(*row, name)
    }
}
