//! Shared parts of routes: named lists of numbers, named schedules, and the switch "closed until".

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::hours::{Hours, HoursContext, MAX_HOURS_CHARS};
pub use super::key::Key;
use super::key::MAX_SHORT_NAME_CHARS;
use super::matching::{Pattern, is_callable};
use super::problem::RouteProblem;
use crate::calls::phone::Numbering;
use crate::fields::{Errors, FieldError, Object, Problem, text};
use crate::placetel::reply::MAX_NUMBER_CHARS;

/// Maximum number of entries of one list.
pub const MAX_LIST_NUMBERS: usize = 10_000;
/// Maximum number of lists, and of schedules.
pub const MAX_NAMED: i64 = 1_000;
/// Maximum number of closing times of one schedule.
pub const MAX_CLOSED: usize = 1_000;
/// Maximum number of days for which the closed switch can be set.
pub const MAX_CLOSED_DAYS: i64 = 366;
const DAY_MS: i64 = 86_400_000;
/// Maximum length of the name of a closing time, in characters.
const MAX_REASON_CHARS: usize = 100;

/// A list of numbers that routes name as `@name` in `to` and `from`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NumberList {
    /// As people write it.
    #[schema(min_length = 1, max_length = 60)]
    pub name: String,
    /// Numbers in any notation, `*` at the end = prefix, `anonymous`; none = nobody.
    #[schema(max_items = 10_000)]
    pub numbers: Vec<String>,
}

/// Opening hours that routes name as `@name` or `not @name` in `hours`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Schedule {
    /// As people write it.
    #[schema(min_length = 1, max_length = 60)]
    pub name: String,
    /// OpenStreetMap opening hours in the business time zone; `None` = always.
    pub hours: Option<String>,
    /// When it is closed whatever the hours say.
    #[schema(max_items = 1_000)]
    pub closed: Vec<ClosedDays>,
}

/// Days on which nothing is open, from midnight to midnight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ClosedDays {
    /// The first day.
    #[schema(value_type = String, format = Date)]
    pub start: NaiveDate,
    /// The last day.
    #[schema(value_type = String, format = Date)]
    pub end: NaiveDate,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub name: Option<String>,
}

/// The switch "closed until": while it holds, no opening hours are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedSwitch {
    /// The time at which it was set, in milliseconds since 1970 UTC; earlier calls are not affected.
    pub since_ms: i64,
    /// The time at which it ends by itself, in milliseconds since 1970 UTC.
    pub until_ms: i64,
}

impl ClosedSwitch {
    /// Returns whether the switch holds at an instant.
    pub fn holds(&self, at_ms: i64) -> bool {
        (self.since_ms..self.until_ms).contains(&at_ms)
    }
}

/// Returns the closed switch as set from `now_ms` until `until_ms`, if that is allowed.
///
/// # Errors
/// When `until_ms` is not in the future, or more than [`MAX_CLOSED_DAYS`] away.
pub fn closed_until(until_ms: i64, now_ms: i64) -> Result<ClosedSwitch, Problem> {
    if until_ms <= now_ms {
        return Err(RouteProblem::ClosedUntilPast.into());
    }
    if until_ms - now_ms > MAX_CLOSED_DAYS * DAY_MS {
        return Err(RouteProblem::ClosedTooLong.into());
    }
    Ok(ClosedSwitch { since_ms: now_ms, until_ms })
}

/// The lists, the schedules and the switch that all routes share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shared {
    /// The lists, each name once.
    pub lists: Vec<NumberList>,
    /// The schedules, each name once.
    pub schedules: Vec<Schedule>,
    /// The switch, as set last.
    pub closed: Option<ClosedSwitch>,
}

impl Shared {
    /// Returns the list of this name.
    pub fn list(&self, key: &Key) -> Option<&NumberList> {
        self.lists.iter().find(|list| Key::parse(&list.name).as_ref() == Some(key))
    }

    /// Returns the schedule of this name.
    pub fn schedule(&self, key: &Key) -> Option<&Schedule> {
        self.schedules.iter().find(|schedule| Key::parse(&schedule.name).as_ref() == Some(key))
    }
}

/// A reference to a schedule in a route's `hours`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleReference {
    /// The key of the schedule.
    pub key: Key,
    /// Whether the route applies while the schedule is open, or while it is closed.
    pub when_open: bool,
}

impl ScheduleReference {
    /// Reads `@name` and `not @name`; `None` if the text is no reference, but hours.
    pub fn read(hours: &str) -> Option<Result<Self, Problem>> {
        let (name, when_open) = match hours.trim().split_once('@')? {
            ("", name) => (name, true),
            (not, name) if not.trim_end().eq_ignore_ascii_case("not") => (name, false),
            _ => return None,
        };
        Some(Key::parse(name.trim()).map(|key| Self { key, when_open }).ok_or(RouteProblem::Name.into()))
    }
}

/// The lists and schedules that routes name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// The keys of the lists.
    pub lists: BTreeSet<Key>,
    /// The keys of the schedules.
    pub schedules: BTreeSet<Key>,
}

impl References {
    /// Collects the references in a route's conditions.
    pub fn of(to: &[String], from: &[String], hours: Option<&str>) -> Self {
        let lists = to.iter().chain(from).filter_map(|text| list_reference(text)?.ok());
        let schedule = hours.and_then(ScheduleReference::read).and_then(Result::ok);
        Self { lists: lists.collect(), schedules: schedule.map(|reference| reference.key).into_iter().collect() }
    }

    /// Adds the references of `others`.
    pub fn extend(&mut self, others: Self) {
        self.lists.extend(others.lists);
        self.schedules.extend(others.schedules);
    }

    /// Returns whether there are no references.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty() && self.schedules.is_empty()
    }
}

/// Reads `@name` in a route's `to` or `from`; `None` if the text is no reference, but a number.
pub fn list_reference(text: &str) -> Option<Result<Key, Problem>> {
    let name = text.trim().strip_prefix('@')?;
    Some(Key::parse(name.trim()).ok_or(RouteProblem::Name.into()))
}

impl NumberList {
    /// Reads what a client sends for the list `name`.
    ///
    /// # Errors
    /// Every wrong field.
    pub fn from_json(name: &str, value: &Value, numbering: &Numbering) -> Result<Self, Vec<FieldError>> {
        let mut errors = Errors::default();
        let list = Object::read("", value, &mut errors).map(|object| {
            object.allow_only(&["name", "numbers"], &["used_by"], &mut errors);
            let name = own_name(name, &object, &mut errors);
            object.required("numbers", &mut errors);
            let items = object.items("numbers", 0..=MAX_LIST_NUMBERS, &mut errors);
            let read = |(path, item): (String, &Value)| {
                let number = text(&path, item, MAX_NUMBER_CHARS, &mut errors)?;
                check_number(&number, numbering).map_err(|problem| errors.add(path, problem)).ok()?;
                Some(number)
            };
            Self { numbers: items.into_iter().filter_map(read).collect(), name }
        });
        errors.or(list)
    }
}

/// Checks that a text may stand in a list: one that could never be the number of a call is taken for a mistake.
///
/// # Errors
/// When it may not.
pub fn check_number(number: &str, numbering: &Numbering) -> Result<(), Problem> {
    if number.starts_with('@') {
        return Err(RouteProblem::NestedList.into());
    }
    let pattern = Pattern::parse(number, numbering)?;
    if pattern == Pattern::Any || is_callable(number) {
        return Ok(());
    }
    Err(RouteProblem::NotNumber.into())
}

impl Schedule {
    /// Reads what a client sends for the schedule `name`.
    ///
    /// # Errors
    /// Every wrong field.
    pub fn from_json(name: &str, value: &Value, context: &HoursContext) -> Result<Self, Vec<FieldError>> {
        let mut errors = Errors::default();
        let schedule = Object::read("", value, &mut errors).map(|object| {
            object.allow_only(&["name", "hours", "closed"], &["used_by"], &mut errors);
            let name = own_name(name, &object, &mut errors);
            let hours = object.optional("hours").and_then(|hours| text("hours", hours, MAX_HOURS_CHARS, &mut errors));
            if let Some(Err(error)) = hours.as_deref().map(|hours| Hours::parse(hours, context)) {
                errors.add("hours", error);
            }
            let items = object.items("closed", 0..=MAX_CLOSED, &mut errors);
            let read = |(path, item): (String, &Value)| ClosedDays::read(&path, item, &mut errors);
            Self { closed: items.into_iter().filter_map(read).collect(), name, hours }
        });
        errors.or(schedule)
    }
}

impl ClosedDays {
    fn read(path: &str, value: &Value, errors: &mut Errors) -> Option<Self> {
        let object = Object::read(path, value, errors)?;
        object.allow_only(&["start", "end", "name"], &[], errors);
        object.required("start", errors);
        let start = day(&object, "start", errors);
        let end = if object.optional("end").is_some() { day(&object, "end", errors) } else { start };
        let name = object.optional("name").and_then(|name| text(&object.path("name"), name, MAX_REASON_CHARS, errors));
        let (start, end) = (start?, end?);
        if end < start {
            errors.add(object.path("end"), RouteProblem::EndsBeforeFirstDay(start));
            return None;
        }
        Some(Self { start, end, name })
    }
}

fn day(object: &Object<'_>, name: &str, errors: &mut Errors) -> Option<NaiveDate> {
    let value = object.optional(name)?;
    let is_written_out = |text: &&str| text.len() == 10;
    let day = value.as_str().map(str::trim).filter(is_written_out).and_then(|text| text.parse::<NaiveDate>().ok());
    if day.is_none() {
        errors.add(object.path(name), RouteProblem::NotClosingDay);
    }
    day
}

/// Returns the item's name from the url, or from the body, where it may differ only in upper and lower case.
fn own_name(name: &str, object: &Object<'_>, errors: &mut Errors) -> String {
    let Some(key) = Key::parse(name) else {
        errors.add("name", RouteProblem::Name);
        return name.to_owned();
    };
    let Some(value) = object.optional("name") else { return name.to_owned() };
    let Some(written) = text("name", value, MAX_SHORT_NAME_CHARS, errors) else { return name.to_owned() };
    if Key::parse(&written).as_ref() != Some(&key) {
        errors.add("name", RouteProblem::OtherName(name.to_owned()));
    }
    written
}
