//! Opening hours in OpenStreetMap's syntax, evaluated in the business time zone, with public holidays.
//!
//! The crate opening-hours parses and evaluates them. It is asked for the schedule of one local day only: that
//! is enough for wall clock time, also over both clock changes, and it avoids the crate's search for the next
//! change, which can run long.

/// The open minutes of a day, and when it opens and closes.
pub(super) mod days;
/// Why a text cannot be used as opening hours.
pub mod error;
/// Public holidays.
pub mod holidays;
mod known_days;
/// Suggestions: what was probably meant by an invalid expression.
pub mod suggest;
#[cfg(test)]
mod tests;
/// Weekly schedules: hours that are the same every week.
pub mod week;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use chrono_tz::Tz;
use opening_hours::{Context, ContextHolidays, OpeningHours, RuleKind};

pub use self::error::HoursError;
use self::known_days::KnownDays;

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
    rules: OpeningHours,
    days: Arc<KnownDays>,
}

impl Hours {
    /// Parses like [`Self::parse`], without a suggestion of what else could be meant.
    fn read(text: &str, context: &HoursContext) -> Result<Self, HoursError> {
        if text.chars().count() > MAX_HOURS_CHARS || weekday_dates(text) > MAX_WEEKDAY_DATES {
            return Err(HoursError::TooLong);
        }
        let rules: OpeningHours = text.parse().map_err(|error| refusal(text, &format!("{error}")))?;
        for rule in &rules.get_expression().rules {
            let spans = &rule.time_selector.spans;
            // The crate panics on some spans of this kind, such as `(dusk+23:00)-30:00`.
            if spans.iter().any(|span| [span.range.start, span.range.end].iter().any(|t| t.as_time_event().is_some())) {
                return Err(HoursError::Sun);
            }
            for day in rule.day_selector.weekday.iter().map(ToString::to_string) {
                if day.starts_with("PH") && context.holidays.get_public().count() == 0 {
                    return Err(HoursError::NoHolidays("PH"));
                }
                if day.starts_with("SH") && context.holidays.get_school().count() == 0 {
                    return Err(HoursError::NoHolidays("SH"));
                }
            }
        }
        let holidays = Context::default().with_holidays(context.holidays.clone());
        Ok(Self { zone: context.zone, rules: rules.with_context(holidays), days: Arc::default() })
    }

    /// Returns whether it is open at an instant (epoch milliseconds), by the wall clock of the business time zone: an
    /// hour that the clock shows twice is open twice. `unknown` is not open; nor is a time that is no date.
    pub fn is_open(&self, at_ms: i64) -> bool {
        local(self.zone, at_ms).is_some_and(|local| self.is_open_locally(local))
    }

    /// Returns the open ranges of a day in minutes, the end exclusive, merged into as few as possible.
    fn open_ranges(&self, day: NaiveDate) -> Vec<(u16, u16)> {
        let mut open: Vec<(u16, u16)> = Vec::new();
        for span in self.rules.schedule_at(day).into_iter().filter(|span| span.kind == RuleKind::Open) {
            let (from, to) = (span.range.start.mins_from_midnight(), span.range.end.mins_from_midnight());
            match open.last_mut() {
                Some((_, end)) if from <= *end => *end = to.max(*end),
                _ => open.push((from, to)),
            }
        }
        open
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
