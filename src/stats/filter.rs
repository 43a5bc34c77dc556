//! The filter words that select calls: the same for pages, API and CSV.

use std::sync::Arc;

use chrono::NaiveDate;

use super::period::{DayRange, Period};
use super::rollup::Class;
use crate::calls::outcome::Outcome;
use crate::calls::phone::Numbering;
use crate::placetel::event::Direction;

const MAX_TEXT_CHARS: usize = 200;
/// Maximum length of a period that can be queried, in years.
pub const MAX_YEARS: u32 = 20;

/// The own lines that a viewer may see, normalised like [`crate::calls::call::Call::number`]; `None` means all.
pub type Lines = Option<Arc<[String]>>;

/// The filter of calls that are counted or listed. `None` and empty mean any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The business days in which they started.
    pub days: DayRange,
    /// The named period that the days come from, if any.
    pub period: Option<Period>,
    /// The direction.
    pub direction: Option<Direction>,
    /// The own line, normalised like [`crate::calls::call::Call::number`].
    pub number: Option<String>,
    /// The SIP user.
    pub peer: Option<String>,
    /// The outcomes; empty means any.
    pub outcomes: Vec<Outcome>,
    /// The other side, normalised like [`crate::calls::call::Call::party`].
    pub party: Option<String>,
    /// A substring searched for in numbers and peer.
    pub search: Option<String>,
    /// Whether they started within (`true`) or outside (`false`) the business hours.
    pub in_hours: Option<bool>,
    /// The route that answered them.
    pub route: Option<i64>,
    /// The own lines to which the asker is restricted, whatever else is asked for.
    pub lines: Lines,
}

/// A filter word that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct FilterError {
    /// The query parameter at fault.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: FilterProblem,
}

/// What is wrong with a filter word. Its texts are in `i18n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterProblem {
    /// The value is not a day.
    Day,
    /// Only one of start and end is given.
    BothDays,
    /// The end lies before the start.
    EndBeforeStart,
    /// The period is longer than [`MAX_YEARS`].
    TooLong,
    /// The value is not a named period.
    Period,
    /// The value is not a direction.
    Direction,
    /// The value is not an outcome.
    Outcome,
    /// The value is neither open nor closed.
    Hours,
    /// The value is not the number of a route.
    Route,
    /// The text is too long or has control characters.
    Text,
    /// The value is not a grouping.
    GroupBy,
    /// The report would have too many groups.
    TooManyGroups,
    /// The value is not a usable number of seconds.
    Seconds,
    /// The value is not a usable number of items.
    Limit,
    /// Figures by agent are requested, but switched off.
    AgentFigures,
    /// The cursor does not belong to this list (keyset pagination).
    Cursor,
}

impl Filter {
    /// Creates the filter for all calls of these days.
    pub fn all(days: DayRange) -> Self {
        Self {
            days,
            period: None,
            direction: None,
            number: None,
            peer: None,
            outcomes: Vec::new(),
            party: None,
            search: None,
            in_hours: None,
            route: None,
            lines: None,
        }
    }

    /// Parses the filter words among query parameters; empty values and other parameters are ignored.
    ///
    /// # Errors
    /// The first word that is unusable.
    pub fn parse<'a>(
        parameters: impl Iterator<Item = (&'a str, &'a str)>,
        today: NaiveDate,
        numbering: &Numbering,
    ) -> Result<Self, FilterError> {
        let mut filter = Self::all(Period::ThirtyDays.days(today));
        let (mut start, mut end, mut period) = (None, None, None);
        for (name, value) in parameters.filter(|(_, value)| !value.is_empty()) {
            match name {
                "start" => start = Some(parse_day("start", value)?),
                "end" => end = Some(parse_day("end", value)?),
                "period" => period = Some(value),
                "direction" => {
                    let directions = [Direction::In, Direction::Out, Direction::Internal];
                    let named = directions.into_iter().find(|direction| direction.as_str() == value);
                    let direction = named.ok_or(error("direction", FilterProblem::Direction))?;
                    filter.direction = Some(direction);
                }
                "number" => filter.number = Some(parse_number("number", value, numbering)?),
                "party" => filter.party = Some(parse_number("party", value, numbering)?),
                "peer" => filter.peer = Some(parse_text("peer", value)?),
                "q" => filter.search = Some(parse_text("q", value)?).filter(|text| !text.is_empty()),
                "outcome" => filter.outcomes = parse_outcomes(value)?,
                "hours" => filter.in_hours = Some(parse_hours(value)?),
                "route" => filter.route = Some(value.parse().map_err(|_| error("route", FilterProblem::Route))?),
                _ => {}
            }
        }
        match (start, end, period) {
            (Some(start), Some(end), _) if end < start => return Err(error("end", FilterProblem::EndBeforeStart)),
            (Some(start), Some(end), _) => {
                filter.days = DayRange { start, end };
                if filter.days.is_longer_than_years(MAX_YEARS) {
                    return Err(error("end", FilterProblem::TooLong));
                }
            }
            (Some(_), None, _) => return Err(error("end", FilterProblem::BothDays)),
            (None, Some(_), _) => return Err(error("start", FilterProblem::BothDays)),
            (None, None, word) => {
                let period = word.map_or(Some(Period::ThirtyDays), Period::parse);
                let period = period.ok_or(error("period", FilterProblem::Period))?;
                filter.days = period.days(today);
                filter.period = Some(period);
            }
        }
        Ok(filter)
    }

    /// Returns whether the filter restricts nothing but the days.
    pub fn is_of_all(&self) -> bool {
        *self == Self { period: self.period, ..Self::all(self.days) }
    }

    /// Returns whether the filter accepts calls with this outcome.
    pub fn wants(&self, outcome: Outcome) -> bool {
        self.outcomes.is_empty() || self.outcomes.contains(&outcome)
    }

    /// Returns whether the filter accepts calls of this class, with this outcome.
    pub fn counts(&self, class: Class, outcome: Outcome) -> bool {
        self.wants(outcome)
            && (self.direction.is_none() || self.direction == class.direction)
            && self.in_hours.is_none_or(|in_hours| in_hours == class.in_hours)
    }
}

fn error(field: &'static str, problem: FilterProblem) -> FilterError {
    FilterError { field, problem }
}

fn parse_day(field: &'static str, value: &str) -> Result<NaiveDate, FilterError> {
    let shaped = value.len() == 10 && value.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let day = value.parse().ok().filter(|_| shaped);
    day.filter(|&day: &NaiveDate| day >= NaiveDate::default()).ok_or(error(field, FilterProblem::Day))
}

/// Validates a search text, and trims it.
///
/// # Errors
/// When it is longer than 200 characters, or has control characters.
pub fn parse_text(field: &'static str, value: &str) -> Result<String, FilterError> {
    let usable = value.chars().count() <= MAX_TEXT_CHARS && !value.chars().any(char::is_control);
    usable.then(|| value.trim().to_owned()).ok_or(error(field, FilterProblem::Text))
}

/// Parses a number. A raw `+` in a query decodes to a space, as in the PBX's forms.
fn parse_number(field: &'static str, value: &str, numbering: &Numbering) -> Result<String, FilterError> {
    let text = parse_text(field, value)?;
    let plus = value.strip_prefix(' ').map(|rest| format!("+{}", rest.trim()));
    let read = plus.and_then(|raw| numbering.e164(&raw)).or_else(|| numbering.e164(&text));
    Ok(read.unwrap_or(text))
}

fn parse_outcomes(value: &str) -> Result<Vec<Outcome>, FilterError> {
    let words = value.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| Outcome::parse(word).ok_or(error("outcome", FilterProblem::Outcome))).collect()
}

fn parse_hours(value: &str) -> Result<bool, FilterError> {
    match value {
        "open" => Ok(true),
        "closed" => Ok(false),
        _ => Err(error("hours", FilterProblem::Hours)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Filter, FilterError> {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let numbering = Numbering::new("DE").unwrap();
        let today = "2026-11-22".parse().unwrap();
        Filter::parse(pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())), today, &numbering)
    }

    #[test]
    fn nothing_said_means_thirty_days_of_everything() {
        let filter = parse("").unwrap();
        assert_eq!(filter.days, DayRange { start: "2026-10-24".parse().unwrap(), end: "2026-11-22".parse().unwrap() });
        assert_eq!(parse("direction=&number=&page=3").unwrap(), filter);
    }

    #[test]
    fn days_win_over_the_period() {
        let filter = parse("start=2026-01-01&end=2026-01-31&period=today").unwrap();
        assert_eq!(filter.days.len(), 31);
        assert_eq!(filter.period, None);
    }

    #[test]
    fn a_period_has_twenty_years_at_most() {
        for (start, end, is_taken) in [
            ("2006-11-23", "2026-11-22", true),
            ("2006-11-23", "2026-11-23", false),
            ("2004-02-29", "2024-02-28", true),
            ("2004-02-29", "2024-02-29", false),
            ("1970-01-01", "9999-12-31", false),
            ("9999-12-31", "9999-12-31", true),
        ] {
            let read = parse(&format!("start={start}&end={end}"));
            let expected = if is_taken { Ok(()) } else { Err(error("end", FilterProblem::TooLong)) };
            assert_eq!(read.map(|_| ()), expected, "{start} to {end}");
        }
    }

    #[test]
    fn numbers_are_read_in_any_notation() {
        for query in ["number=022129191999", "number=%2B4922129191999", "number=+4922129191999", "number=0221-29191999"]
        {
            assert_eq!(parse(query).unwrap().number.as_deref(), Some("+4922129191999"), "{query}");
        }
        assert_eq!(parse("number=23").unwrap().number.as_deref(), Some("23"));
    }

    #[test]
    fn an_unusable_word_is_named() {
        for (query, field) in [
            ("start=2026-01-01", "end"),
            ("end=2026-01-01", "start"),
            ("start=2026-01-02&end=2026-01-01", "end"),
            ("start=2026-02-30&end=2026-03-01", "start"),
            ("start=2026-2-3&end=2026-03-01", "start"),
            ("period=fortnight", "period"),
            ("direction=up", "direction"),
            ("outcome=accepted,lost", "outcome"),
            ("hours=maybe", "hours"),
            ("q=a%00b", "q"),
            ("route=Office", "route"),
        ] {
            assert_eq!(parse(query).unwrap_err().field, field, "{query}");
        }
    }

    #[test]
    fn several_outcomes_are_separated_by_commas() {
        assert_eq!(parse("outcome=missed,voicemail").unwrap().outcomes, [Outcome::Missed, Outcome::Voicemail]);
    }
}
