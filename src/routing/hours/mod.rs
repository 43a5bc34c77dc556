//! Opening hours in OpenStreetMap's syntax, evaluated in the business time zone, with public holidays.
//!
//! The crate opening-hours-syntax parses them, `rules` evaluates them for one local day: that is enough for wall clock
//! time, also over both clock changes. The days that were asked for are kept, so that an instant is a look into a list.

/// The open minutes of a day, and when it opens and closes.
pub(super) mod days;
/// Why a text cannot be used as opening hours.
pub mod error;
/// Public holidays.
pub mod holidays;
mod known_days;
/// What surprises about some hours.
pub mod notes;
mod reading;
mod rules;
/// Suggestions: what was probably meant by an invalid expression.
pub mod suggest;
#[cfg(test)]
mod tests;
/// Weekly schedules: hours that are the same every week.
pub mod week;
mod which_days;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use chrono_tz::Tz;
use opening_hours::ContextHolidays;
use opening_hours_syntax::rules::OpeningHoursExpression;

pub use self::error::HoursError;
use self::known_days::KnownDays;
use self::rules::Rules;

/// Maximum length of an expression, in characters.
pub const MAX_HOURS_CHARS: usize = 1000;
/// Maximum number of dates like `Jan Mo[1]` in one list: parsing takes three to nine times as long with each further.
pub const MAX_WEEKDAY_DATES: usize = 5;

/// The locale of a business: its time zone, and which days are public holidays there.
#[derive(Clone, Debug)]
pub struct HoursContext {
    zone: Tz,
    holidays: ContextHolidays,
}

impl HoursContext {
    /// Creates the context. `country` is an ISO 3166 alpha-2 code in upper case. Without known holidays, expressions
    /// with `PH` are refused.
    ///
    /// With a German `state` (`NW` of `DE-NW`), `PH` includes the holidays of this state; without one, and in other
    /// countries, only those of the whole country.
    pub fn new(zone: Tz, country: &str, state: Option<&str>) -> Self {
        Self { zone, holidays: holidays::of(country, state) }
    }

    /// Returns the business time zone.
    pub fn zone(&self) -> Tz {
        self.zone
    }
}

/// Parsed opening hours of a business.
#[derive(Clone, Debug)]
pub struct Hours {
    zone: Tz,
    rules: Arc<Rules>,
    days: Arc<KnownDays>,
    /// Whether it has words that are not open.
    has_words: bool,
}

impl Hours {
    /// Parses like [`Self::parse`], without a suggestion of what else could be meant.
    fn read(text: &str, context: &HoursContext) -> Result<Self, HoursError> {
        if text.chars().count() > MAX_HOURS_CHARS || weekday_dates(text) > MAX_WEEKDAY_DATES {
            return Err(HoursError::TooLong);
        }
        // Where it cannot be read, the place is that of the text as it was typed.
        let read = reading::with_states(text);
        let expression = parsed(&read).or_else(|_| parsed(text));
        let expression = expression.map_err(|error| refusal(text, &format!("{error}")))?;
        let rules = Rules::new(expression.clone(), &needs_both(text, &expression), &context.holidays)?;
        let has_words = read.len() > text.len();
        Ok(Self { zone: context.zone, rules: Arc::new(rules), days: Arc::default(), has_words })
    }

    /// Returns whether it is open at an instant (epoch milliseconds), by the wall clock of the business time zone: an
    /// hour that the clock shows twice is open twice. `unknown` is not open; nor is a time that is no date.
    pub fn is_open(&self, at_ms: i64) -> bool {
        local(self.zone, at_ms).is_some_and(|local| self.is_open_locally(local))
    }

    /// Returns the open ranges of a day in minutes, the end exclusive, merged into as few as possible.
    fn open_ranges(&self, day: NaiveDate) -> Vec<(u16, u16)> {
        self.rules.open_ranges(day)
    }
}

fn parsed(text: &str) -> Result<OpeningHoursExpression, opening_hours_syntax::Error> {
    opening_hours_syntax::parse(text)
}

/// Returns for each rule whether it is for days that are one of its weekdays and one of its holidays.
fn needs_both(text: &str, expression: &OpeningHoursExpression) -> Vec<bool> {
    let has_holidays = |expression: &OpeningHoursExpression| -> Vec<bool> {
        expression.rules.iter().map(|rule| rule.day_selector.weekday.iter().any(which_days::is_holiday)).collect()
    };
    let without = reading::without_holidays_on_weekdays(text).and_then(|without| parsed(&without).ok());
    match without.map(|without| has_holidays(&without)) {
        Some(without) if without.len() == expression.rules.len() => {
            has_holidays(expression).into_iter().zip(without).map(|(has, has_still)| has && !has_still).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the local wall clock time at an instant in epoch milliseconds, if that is a date.
pub(super) fn local(zone: Tz, at_ms: i64) -> Option<NaiveDateTime> {
    // Beyond this the crate knows no schedule and chrono, near the end of its range, no local time.
    const CENTURIES_MS: i64 = 8000 * 365 * 86_400_000;
    let instant = DateTime::from_timestamp_millis(at_ms).filter(|_| at_ms.abs() < CENTURIES_MS)?;
    Some(instant.with_timezone(&zone).naive_local())
}

/// Returns an upper bound of how many dates like `Jan Mo[1]` follow one another in a list; by the crate's grammar
/// such a chain is parsed again and again (backtracking).
fn weekday_dates(text: &str) -> usize {
    let goes_on_with_a_date = |rest: &&str| {
        let mut next = rest.chars();
        let first = next.next();
        first.is_some_and(|c| c.is_ascii_digit())
            || first.is_some_and(char::is_alphabetic) && next.take(2).filter(|c| c.is_alphabetic()).count() == 2
    };
    1 + text.split("],").skip(1).filter(goes_on_with_a_date).count()
}

/// Converts an error of the crate's parser, a drawing over several lines with the position as `--> 1:4`, to one line.
fn refusal(text: &str, error: &str) -> HoursError {
    let column = error.split_once("--> 1:").and_then(|(_, rest)| rest.lines().next()?.trim().parse::<usize>().ok());
    match column {
        Some(character) => {
            let rest = text.chars().skip(character.saturating_sub(1)).take(20).collect();
            HoursError::Syntax { character, rest, suggestion: None }
        }
        None => HoursError::Senseless(error.lines().next().unwrap_or_default().to_owned()),
    }
}
