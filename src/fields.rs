//! Strict parsing of JSON: one walk over the value that reports *every* wrong field. Problems are codes with data; what
//! they say to people, in each language and in logs, is in `i18n`.

/// Streaming of long lists, and bounds on the amount of JSON.
mod listed;

use self::listed::MOST_TOLD;
pub use self::listed::{Amount, Counter, Listed, read_listed};

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::routing::hours::error::HoursError;
use crate::routing::problem::RouteProblem;

/// One wrong field. Its `Display` is English, for logs and programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The path of the field: `name`, `to[1]`, `reply.targets[0].numbers[0]`; empty for the whole value.
    pub field: String,
    /// What is wrong with the field.
    pub problem: Problem,
}

/// What can be wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The field is required and missing.
    Missing,
    /// The field does not exist; holds the known fields.
    Unknown(Vec<&'static str>),
    /// The value is not an object.
    NotObject,
    /// The value is not a list.
    NotList,
    /// The value is not a text.
    NotText,
    /// The value is neither a text nor a whole number.
    NotId,
    /// The value is not true or false.
    NotFlag,
    /// The value is not a whole number within these bounds, both included.
    NotWhole(i64, i64),
    /// The value is none of these words.
    NotOneOf(Vec<&'static str>),
    /// The text is empty or has more characters than this.
    Length(usize),
    /// The text contains control characters or others that XML does not allow.
    Control,
    /// The list has fewer or more items than this.
    Items(usize, usize),
    /// The text has a `*` elsewhere than at the end.
    StarInside,
    /// The text is no valid telephone number.
    NotPhoneNumber,
    /// The text cannot be used as opening hours.
    Hours(HoursError),
    /// The value does not fit a route, or what routes share.
    Route(RouteProblem),
}

impl From<HoursError> for Problem {
    fn from(error: HoursError) -> Self {
        Self::Hours(error)
    }
}

impl From<RouteProblem> for Problem {
    fn from(problem: RouteProblem) -> Self {
        Self::Route(problem)
    }
}

/// The errors found so far.
#[derive(Debug, Default)]
pub struct Errors(Vec<FieldError>);

impl Errors {
    /// Adds an error; beyond the maximum number they are dropped, because nobody reads on.
    pub fn add(&mut self, field: impl Into<String>, problem: impl Into<Problem>) {
        if self.0.len() < MOST_TOLD {
            self.0.push(FieldError { field: field.into(), problem: problem.into() });
        }
    }

    /// Appends the errors of another collection.
    pub fn append(&mut self, others: Self) {
        let room = MOST_TOLD.saturating_sub(self.0.len());
        self.0.extend(others.0.into_iter().take(room));
    }

    /// Returns `read` if there were no errors.
    ///
    /// # Errors
    /// All errors in the order found; also when nothing was read.
    pub fn or<T>(self, read: Option<T>) -> Result<T, Vec<FieldError>> {
        match read {
            Some(read) if self.0.is_empty() => Ok(read),
            _ => Err(self.0),
        }
    }
}

/// A JSON object within a value. A field that is `null` counts as left out.
#[derive(Debug)]
pub struct Object<'a> {
    path: String,
    fields: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    /// Reads `value` as an object at `path` (empty for the whole value).
    pub fn read(path: &str, value: &'a Value, errors: &mut Errors) -> Option<Self> {
        let Value::Object(fields) = value else {
            errors.add(path, Problem::NotObject);
            return None;
        };
        Some(Self { path: path.to_owned(), fields })
    }

    /// Returns the path of one of its fields.
    pub fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Reports every field that is neither in `known` nor in `ignored`.
    pub fn allow_only(&self, known: &[&'static str], ignored: &[&str], errors: &mut Errors) {
        for name in self.fields.keys().map(String::as_str) {
            if !known.contains(&name) && !ignored.contains(&name) {
                errors.add(self.path(name), Problem::Unknown(known.to_vec()));
            }
        }
    }

    /// Returns the field's value, `None` when left out.
    pub fn optional(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// Returns the field's value; left out is an error.
    pub fn required(&self, name: &str, errors: &mut Errors) -> Option<&'a Value> {
        let value = self.optional(name);
        if value.is_none() {
            errors.add(self.path(name), Problem::Missing);
        }
        value
    }

    /// Returns true, false, or `default` when left out.
    pub fn flag(&self, name: &str, default: bool, errors: &mut Errors) -> bool {
        match self.optional(name) {
            None => default,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                errors.add(self.path(name), Problem::NotFlag);
                default
            }
        }
    }

    /// Returns a whole number within `bounds`, `None` when left out or wrong.
    pub fn whole(&self, name: &str, bounds: RangeInclusive<i64>, errors: &mut Errors) -> Option<i64> {
        let value = self.optional(name)?;
        let number = value.as_i64().filter(|number| bounds.contains(number));
        if number.is_none() {
            errors.add(self.path(name), Problem::NotWhole(*bounds.start(), *bounds.end()));
        }
        number
    }

    /// Returns the value of one of `words`, `None` when left out or wrong.
    pub fn word<T: Copy>(&self, name: &str, words: &[(&'static str, T)], errors: &mut Errors) -> Option<T> {
        let value = self.optional(name)?;
        let found = words.iter().find(|(word, _)| value.as_str() == Some(word));
        if found.is_none() {
            errors.add(self.path(name), Problem::NotOneOf(words.iter().map(|(word, _)| *word).collect()));
        }
        found.map(|(_, meaning)| *meaning)
    }

    /// Returns an id of at most `most` characters, a text or a whole number; `None` when left out or wrong.
    pub fn id(&self, name: &str, most: usize, errors: &mut Errors) -> Option<String> {
        match self.optional(name)? {
            Value::Number(number) if number.is_u64() => Some(number.to_string()),
            value @ Value::String(_) => text(&self.path(name), value, most, errors),
            _ => {
                errors.add(self.path(name), Problem::NotId);
                None
            }
        }
    }

    /// Returns the items of a list with their paths; empty when left out or wrong.
    pub fn items(&self, name: &str, count: RangeInclusive<usize>, errors: &mut Errors) -> Vec<(String, &'a Value)> {
        let path = self.path(name);
        let items: &'a [Value] = match self.optional(name) {
            None => &[],
            Some(Value::Array(items)) => items,
            Some(_) => {
                errors.add(path, Problem::NotList);
                return Vec::new();
            }
        };
        if !count.contains(&items.len()) {
            errors.add(path, Problem::Items(*count.start(), *count.end()));
            return Vec::new();
        }
        items.iter().enumerate().map(|(index, item)| (format!("{path}[{index}]"), item)).collect()
    }
}

/// Reads a text of 1 to `most` characters without control characters, with surrounding spaces trimmed.
pub fn text(path: &str, value: &Value, most: usize, errors: &mut Errors) -> Option<String> {
    let Value::String(raw) = value else {
        errors.add(path, Problem::NotText);
        return None;
    };
    let text = raw.trim_matches(' ');
    let problem = if text.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')) {
        Problem::Control
    } else if text.trim().is_empty() || text.chars().count() > most {
        Problem::Length(most)
    } else {
        return Some(text.to_owned());
    };
    errors.add(path, problem);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_many_wrong_fields_the_first_are_told() {
        let many = |count: usize| {
            let mut errors = Errors::default();
            (0..count).for_each(|number| errors.add(number.to_string(), Problem::Missing));
            errors
        };
        let told = |errors: Errors| errors.or(Some(())).unwrap_err().len();
        assert_eq!((told(many(1_000)), told(many(1_001))), (1_000, 1_000));
        let mut both = many(999);
        both.append(many(5));
        assert_eq!(told(both), 1_000);
    }
}
