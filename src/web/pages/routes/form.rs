//! The form of a route. The names of its inputs are the JSON paths of the API, except that `reply` is replaced by the
//! chosen action: `reply.targets[0].numbers` is `forward.targets[0].numbers`. The form contains the inputs of all
//! actions, but only those of the chosen one are read.

pub mod hours;

use std::ops::{Deref, DerefMut};

use serde_json::{Map, Value, json};

use super::words::capitalised;
use crate::fields::FieldError;
use crate::i18n::{RouteTexts, Texts, problems};
use crate::lang::Lang;
use crate::placetel::reply::MAX_TARGETS;
use crate::routing::hours::HoursContext;
use crate::routing::route::Route;
use crate::web::extract::query::Parameters;
use crate::web::pages::layout::form_state::{FormState, InputError};

/// All actions, in the order of the form.
pub const ACTIONS: [&str; 7] = ["forward", "group", "queue", "routing_plan", "prompt", "reject", "hangup"];
/// The input prefixes of replies with targets.
const FORWARDS: [&str; 2] = ["forward", "routing_plan.fallback"];
/// The inputs of one row of targets.
const ROW: [&str; 3] = ["numbers", "ringtime", "weight"];
/// The number of empty rows for further targets.
const SPARE_ROWS: usize = 3;
const ON: &str = "on";
/// The input that chooses a schedule.
const SCHEDULE: &str = "hours.schedule";

/// The values of the form's inputs and their validation errors.
#[derive(Clone, Debug, Default)]
pub struct RouteForm {
    state: FormState,
    suggestion: Option<String>,
    is_rearranged: bool,
}

impl Deref for RouteForm {
    type Target = FormState;

    fn deref(&self) -> &FormState {
        &self.state
    }
}

impl DerefMut for RouteForm {
    fn deref_mut(&mut self) -> &mut FormState {
        &mut self.state
    }
}

impl RouteForm {
    /// Creates the form of a new route.
    pub fn new() -> Self {
        let mut form = Self::blank();
        form.show_hours(None);
        form
    }

    fn blank() -> Self {
        let on = ["enabled", "forward.voicemail", "routing_plan.fallback.voicemail"];
        let mut form = Self::default();
        form.values.extend(on.map(|name| (name.to_owned(), ON.to_owned())));
        form.values.insert("action".into(), ACTIONS.first().copied().unwrap_or_default().into());
        form
    }

    /// Creates the form of a stored route.
    pub fn of(route: &Route) -> Self {
        let mut form = Self::blank();
        let mut shown = shown(route);
        let reply = shown.remove("reply").unwrap_or_default();
        let action = reply["action"].as_str().unwrap_or_default().to_owned();
        form.values.retain(|name, _| !name.starts_with(&format!("{action}.")) && name != "enabled");
        if reply["fallback"].is_null() {
            form.values.insert("routing_plan.fallback.voicemail".into(), ON.into());
        }
        form.flatten("", &Value::Object(shown));
        form.flatten(&action, &reply);
        form.values.insert("action".into(), action);
        form.show_hours(route.hours.as_deref());
        form
    }

    /// Reads a submitted form. Empty rows between filled ones are removed.
    pub fn read(parameters: &Parameters) -> Self {
        let filled =
            |(name, value): &(String, String)| Some((name.clone(), value.clone())).filter(|_| !value.is_empty());
        let mut form = Self::default();
        form.values = parameters.iter().filter_map(filled).collect();
        form.is_rearranged = form.move_row() | form.take_suggestion();
        FORWARDS.into_iter().for_each(|forward| form.close_up(forward));
        form
    }

    /// Returns whether the form is only to be shown again, with rows moved or a suggestion applied, and nothing saved.
    pub fn is_rearranged(&self) -> bool {
        self.is_rearranged
    }

    /// Returns whether a checkbox is ticked.
    pub fn is_on(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Returns the number of target rows to show: the filled ones and a few more.
    pub fn rows(&self, forward: &str) -> usize {
        (self.filled_rows(forward).count() + SPARE_ROWS).min(MAX_TARGETS)
    }

    /// Returns whether a row of targets can swap places with its filled neighbour.
    pub fn can_move(&self, forward: &str, row: &usize, way: &str) -> bool {
        let filled = self.filled_rows(forward).count();
        *row < filled && if way == "up" { *row > 0 } else { row + 1 < filled }
    }

    /// Adds the validation errors of the API for the JSON of this form.
    pub fn note_errors(&mut self, errors: &[FieldError], context: &HoursContext, lang: Lang, t: &Texts) {
        let mut said = self.hours_errors(&t.hours, t.route.hours);
        let is_said = !said.is_empty();
        let told = errors.iter().filter(|error| !(is_said && error.field == "hours"));
        let told: Vec<_> = told.map(|error| self.input_error(error, lang, &t.route)).collect();
        self.errors = told;
        self.errors.append(&mut said);
        self.note_suggestion(errors, context);
    }

    /// Converts the form to the API's JSON of a route. Fields of the stored `route` that the form lacks stay.
    pub fn to_json(&self, route: Option<&Route>) -> Value {
        let mut json = route.map(shown).unwrap_or_default();
        json.remove("position");
        let before = json.remove("reply").filter(|reply| reply["action"] == self.value("action"));
        put_text(&mut json, "name", self.value("name"));
        put_text(&mut json, "hours", &self.hours().unwrap_or_default());
        put_whole(&mut json, "position", self.value("position"));
        json.insert("enabled".into(), self.is_on("enabled").into());
        json.insert("to".into(), lines(self.value("to")).into());
        json.insert("from".into(), lines(self.value("from")).into());
        json.insert("reply".into(), Value::Object(self.reply(before)));
        Value::Object(json)
    }

    fn reply(&self, before: Option<Value>) -> Map<String, Value> {
        let mut reply = object(before);
        let action = self.value("action");
        put_text(&mut reply, "action", action);
        let input = |name: &str| self.value(&format!("{action}.{name}"));
        match action {
            "forward" => self.put_forward(&mut reply, action),
            "reject" => put_text(&mut reply, "reason", input("reason")),
            "queue" | "prompt" => put_text(&mut reply, "id", input("id")),
            "group" => {
                for name in [
                    "id",
                    "backup_behaviour",
                    "backup_routing_object",
                    "voicemail_announcement",
                    "forward_announcement",
                ] {
                    put_text(&mut reply, name, input(name));
                }
                put_whole(&mut reply, "ringtime", input("ringtime"));
                for name in ["voicemail_as_attachment", "music_on_hold"] {
                    reply.insert(name.into(), self.is_on(&format!("{action}.{name}")).into());
                }
            }
            "routing_plan" => {
                put_text(&mut reply, "id", input("id"));
                let mut fallback = object(reply.remove("fallback"));
                if self.is_on("routing_plan.fallback") {
                    self.put_forward(&mut fallback, "routing_plan.fallback");
                    reply.insert("fallback".into(), Value::Object(fallback));
                }
            }
            _ => {}
        }
        reply
    }

    fn put_forward(&self, json: &mut Map<String, Value>, forward: &str) {
        for name in ["music_on_hold", "voicemail", "voicemail_as_attachment"] {
            json.insert(name.into(), self.is_on(&format!("{forward}.{name}")).into());
        }
        for name in ["voicemail_announcement", "forward_announcement"] {
            put_text(json, name, self.value(&format!("{forward}.{name}")));
        }
        put_text(json, "distribution", self.value(&format!("{forward}.distribution")));
        json.remove("last_peer");
        if self.is_on(&format!("{forward}.last_peer")) {
            let mut last_peer = Map::new();
            for name in ["ringtime", "within_days"] {
                put_whole(&mut last_peer, name, self.value(&format!("{forward}.last_peer.{name}")));
            }
            json.insert("last_peer".into(), Value::Object(last_peer));
        }
        let target = |row: usize| {
            let mut target = Map::new();
            for name in ["ringtime", "weight"] {
                put_whole(&mut target, name, self.value(&row_input(forward, row, name)));
            }
            target.insert("numbers".into(), lines(self.value(&row_input(forward, row, "numbers"))).into());
            Value::Object(target)
        };
        json.insert("targets".into(), self.filled_rows(forward).map(target).collect());
    }

    fn filled_rows<'a>(&'a self, forward: &'a str) -> impl Iterator<Item = usize> + 'a {
        let is_filled = move |name: &'static str, row| !self.value(&row_input(forward, row, name)).trim().is_empty();
        // One row more than allowed is read, so that the validation reports too many.
        (0..=MAX_TARGETS).filter(move |row| ROW.into_iter().any(|name| is_filled(name, *row)))
    }

    /// Swaps two target rows if the input `move` asks for it, as in `forward.targets[1].up`; returns whether it does.
    fn move_row(&mut self) -> bool {
        let Some(asked) = self.values.remove("move") else { return false };
        let Some((row, way)) = asked.rsplit_once("].") else { return true };
        let Some((targets, row)) = row.rsplit_once('[') else { return true };
        let row: Option<usize> = row.parse().ok();
        let other = row.and_then(|row| if way == "up" { row.checked_sub(1) } else { row.checked_add(1) });
        let (Some(row), Some(other)) = (row, other) else { return true };
        let (one, two) = (format!("{targets}[{row}]."), format!("{targets}[{other}]."));
        let swapped = |name: String| match (name.strip_prefix(&one), name.strip_prefix(&two)) {
            (Some(rest), _) => format!("{two}{rest}"),
            (_, Some(rest)) => format!("{one}{rest}"),
            _ => name,
        };
        self.values =
            std::mem::take(&mut self.values).into_iter().map(|(name, value)| (swapped(name), value)).collect();
        true
    }

    fn close_up(&mut self, forward: &str) {
        let rows: Vec<_> = self.filled_rows(forward).collect();
        for (to, from) in rows.into_iter().enumerate().filter(|(to, from)| to != from) {
            for name in ROW {
                self.values.remove(&row_input(forward, to, name));
                if let Some(value) = self.values.remove(&row_input(forward, from, name)) {
                    self.values.insert(row_input(forward, to, name), value);
                }
            }
        }
    }

    /// Flattens JSON into inputs: lists of strings become lines, lists of objects become rows, true ticks a checkbox.
    fn flatten(&mut self, path: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                if path == "routing_plan.fallback" || path.ends_with(".last_peer") {
                    self.values.insert(path.to_owned(), ON.to_owned());
                }
                for (name, value) in fields {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    self.flatten(&path, value);
                }
            }
            Value::Array(items) if items.iter().all(Value::is_string) => {
                let lines: Vec<_> = items.iter().filter_map(Value::as_str).collect();
                self.values.insert(path.to_owned(), lines.join("\n"));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(row, item)| self.flatten(&format!("{path}[{row}]"), item));
            }
            Value::Bool(true) => {
                self.values.insert(path.to_owned(), ON.to_owned());
            }
            Value::String(text) => {
                self.values.insert(path.to_owned(), text.clone());
            }
            Value::Number(number) => {
                self.values.insert(path.to_owned(), number.to_string());
            }
            Value::Bool(false) | Value::Null => {}
        }
    }

    fn input_error(&self, error: &FieldError, lang: Lang, t: &RouteTexts) -> InputError {
        let path = match error.field.strip_prefix("reply.") {
            Some("action") => "action".to_owned(),
            None if error.field == "hours" && self.hours_kind() == "week" => "week".to_owned(),
            None if error.field == "hours" && self.hours_kind() == "schedule" => SCHEDULE.to_owned(),
            Some(rest) => format!("{}.{rest}", self.value("action")),
            None => error.field.clone(),
        };
        let message = problems::text(&error.problem, lang);
        // An item of a list corresponds to one line of its input.
        let item = path.strip_suffix(']').and_then(|rest| rest.rsplit_once('['));
        match item.and_then(|(list, index)| Some((list, self.line(list, index.parse().ok()?)?))) {
            Some((list, line)) => {
                let message = format!("{} {message}", (t.line)(line));
                InputError { label: label(list, t), input: list.to_owned(), message }
            }
            None => InputError { label: label(&path, t), input: path, message: capitalised(&message) },
        }
    }

    /// Returns the 1-based line of an item in an input that has one item per line.
    fn line(&self, input: &str, item: usize) -> Option<usize> {
        let lines = self.values.get(input)?.lines().enumerate();
        lines.filter(|(_, line)| !line.trim().is_empty()).nth(item).map(|(index, _)| index + 1)
    }
}

fn shown(route: &Route) -> Map<String, Value> {
    object(serde_json::to_value(route).ok())
}

fn object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// Returns the name of an input in a row of targets.
pub fn row_input(forward: &str, row: usize, name: &str) -> String {
    format!("{forward}.targets[{row}].{name}")
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn put_text(json: &mut Map<String, Value>, name: &str, text: &str) {
    if text.trim().is_empty() {
        json.remove(name);
    } else {
        json.insert(name.into(), text.into());
    }
}

/// Stores a whole number; other text is kept as a string, so that the API's validation rejects it with a message.
fn put_whole(json: &mut Map<String, Value>, name: &str, text: &str) {
    match text.trim() {
        "" => {
            json.remove(name);
        }
        text => {
            json.insert(name.into(), text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number)));
        }
    }
}

/// Returns the label of an input.
pub fn label(input: &str, t: &RouteTexts) -> String {
    let (parents, name) = input.rsplit_once('.').unwrap_or(("", input));
    let own = match name {
        "name" => t.name,
        "position" => t.position,
        "to" => t.to,
        "from" => t.from,
        "hours" | "week" | "schedule" => t.hours,
        "action" => t.answer,
        "id" => (t.id)(parents),
        "numbers" => t.numbers,
        "ringtime" => t.ringtime,
        "weight" => t.weight,
        "distribution" => t.distribution,
        "last_peer" => t.last_peer,
        "within_days" => t.within_days,
        "reason" => t.reason,
        "backup_behaviour" => t.backup_behaviour,
        "backup_routing_object" => t.backup_object,
        "voicemail_announcement" => t.voicemail_announcement,
        "forward_announcement" => t.forward_announcement,
        "music_on_hold" => t.music_on_hold,
        "voicemail" => t.voicemail,
        "voicemail_as_attachment" => t.voicemail_as_attachment,
        _ if name.starts_with("targets") => t.targets,
        other => other,
    };
    if parents.ends_with(".last_peer") {
        return format!("{}, {own}", t.last_peer);
    }
    let row = parents.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')).and_then(|(_, row)| row.parse().ok());
    row.map_or(own.to_owned(), |row: usize| format!("{}, {own}", (t.target)(row + 1)))
}

#[cfg(test)]
mod tests;
