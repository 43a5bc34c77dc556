//! Ranges of days, and the named periods.

use chrono::{Datelike, Days, Duration, Months, NaiveDate};

use super::business::next_day;

/// A range of business days, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayRange {
    /// The first day.
    pub start: NaiveDate,
    /// The last day, never before the first.
    pub end: NaiveDate,
}

impl DayRange {
    /// Creates the range of one day.
    pub fn one(day: NaiveDate) -> Self {
        Self { start: day, end: day }
    }

    /// Creates the range of this many days up to and including `end`.
    pub fn ending(end: NaiveDate, days: u64) -> Self {
        Self { start: end.checked_sub_days(Days::new(days.saturating_sub(1))).unwrap_or(end), end }
    }

    /// Creates the range of this many years up to and including `end`, but not before 1970.
    pub fn years_ending(end: NaiveDate, years: u32) -> Self {
        let before = end.checked_sub_months(Months::new(years.saturating_mul(12)));
        Self { start: before.map_or(end, next_day).max(NaiveDate::default()).min(end), end }
    }

    /// Returns the number of days.
    pub fn len(&self) -> i64 {
        (self.end - self.start).num_days() + 1
    }

    /// Returns false: a range has at least one day.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Returns whether the range is longer than this many years.
    pub fn is_longer_than_years(&self, years: u32) -> bool {
        let after = self.start.checked_add_months(Months::new(years.saturating_mul(12)));
        after.is_some_and(|after| self.end >= after)
    }

    /// Returns whether the range contains a whole calendar month.
    pub fn holds_a_month(self) -> bool {
        let first = month_of(self.start);
        let month = if first.start == self.start { first } else { month_of(next_day(first.end)) };
        month.end <= self.end
    }

    /// Iterates over the days, first to last.
    pub fn days(self) -> impl Iterator<Item = NaiveDate> {
        self.start.iter_days().take_while(move |&day| day <= self.end)
    }
}

/// A period by name, relative to today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, utoipa::ToSchema)]
#[schema(as = PeriodName, rename_all = "snake_case")]
pub enum Period {
    /// Today so far.
    Today,
    /// The day before.
    Yesterday,
    /// Seven days, ending with today.
    #[schema(rename = "7d")]
    SevenDays,
    /// Thirty days, ending with today.
    #[schema(rename = "30d")]
    ThirtyDays,
    /// The calendar week from Monday, so far.
    Week,
    /// The whole calendar week before.
    LastWeek,
    /// The calendar month, so far.
    Month,
    /// The whole calendar month before.
    LastMonth,
    /// The calendar year, so far.
    Year,
}

impl Period {
    /// All periods, in the order in which people choose.
    pub const ALL: [Self; 9] = [
        Self::Today,
        Self::Yesterday,
        Self::SevenDays,
        Self::ThirtyDays,
        Self::Week,
        Self::LastWeek,
        Self::Month,
        Self::LastMonth,
        Self::Year,
    ];

    /// Returns the period's word in urls.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Yesterday => "yesterday",
            Self::SevenDays => "7d",
            Self::ThirtyDays => "30d",
            Self::Week => "week",
            Self::LastWeek => "last_week",
            Self::Month => "month",
            Self::LastMonth => "last_month",
            Self::Year => "year",
        }
    }

    /// Returns the period with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.as_str() == word)
    }

    /// Returns the days of the period, when today is `today`.
    pub fn days(self, today: NaiveDate) -> DayRange {
        let monday = today - Duration::days(i64::from(today.weekday().num_days_from_monday()));
        let first_of_month = today.with_day(1).unwrap_or(today);
        match self {
            Self::Today => DayRange::one(today),
            Self::Yesterday => DayRange::one(today - Duration::days(1)),
            Self::SevenDays => DayRange::ending(today, 7),
            Self::ThirtyDays => DayRange::ending(today, 30),
            Self::Week => DayRange { start: monday, end: today },
            Self::LastWeek => DayRange::ending(monday - Duration::days(1), 7),
            Self::Month => DayRange { start: first_of_month, end: today },
            Self::LastMonth => month_of(first_of_month - Duration::days(1)),
            Self::Year => DayRange { start: today.with_ordinal(1).unwrap_or(today), end: today },
        }
    }
}

/// Returns the calendar month of a day.
pub fn month_of(day: NaiveDate) -> DayRange {
    let start = day.with_day(1).unwrap_or(day);
    let end = start.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt()).unwrap_or(NaiveDate::MAX);
    DayRange { start, end }
}

/// Returns the key of the ISO 8601 week of a day: `2026-W43`.
pub fn week_key(day: NaiveDate) -> String {
    let week = day.iso_week();
    format!("{:04}-W{:02}", week.year(), week.week())
}

/// Returns the key of the month of a day: `2026-10`.
pub fn month_key(day: NaiveDate) -> String {
    day.format("%Y-%m").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_end_with_a_day_and_are_no_longer_than_they_are() {
        for (end, start) in [
            ("2026-11-22", "2006-11-23"),
            ("2024-02-29", "2004-03-01"),
            ("2026-02-28", "2006-03-01"),
            ("1980-05-05", "1970-01-01"),
        ] {
            let years = DayRange::years_ending(end.parse().unwrap(), 20);
            assert_eq!((years.start.to_string().as_str(), years.end.to_string().as_str()), (start, end));
            assert!(!years.is_longer_than_years(20), "{years:?}");
        }
    }

    #[test]
    fn a_month_is_held_from_its_first_to_its_last_day() {
        for (start, end, holds) in [
            ("2026-10-31", "2026-11-29", false),
            ("2026-10-31", "2026-11-30", true),
            ("2026-11-01", "2026-11-30", true),
            ("2026-11-02", "2026-12-30", false),
            ("2026-12-02", "2027-01-31", true),
            ("2028-02-01", "2028-02-28", false),
        ] {
            let days = DayRange { start: start.parse().unwrap(), end: end.parse().unwrap() };
            assert_eq!(days.holds_a_month(), holds, "{days:?}");
        }
    }

    #[test]
    fn named_periods_are_the_calendars() {
        // The day is a Sunday in the first days of a month.
        let today: NaiveDate = "2026-03-01".parse().unwrap();
        for (word, start, end) in [
            ("today", "2026-03-01", "2026-03-01"),
            ("yesterday", "2026-02-28", "2026-02-28"),
            ("7d", "2026-02-23", "2026-03-01"),
            ("30d", "2026-01-31", "2026-03-01"),
            ("week", "2026-02-23", "2026-03-01"),
            ("last_week", "2026-02-16", "2026-02-22"),
            ("month", "2026-03-01", "2026-03-01"),
            ("last_month", "2026-02-01", "2026-02-28"),
            ("year", "2026-01-01", "2026-03-01"),
        ] {
            let days = Period::parse(word).unwrap().days(today);
            assert_eq!((days.start.to_string(), days.end.to_string()), (start.into(), end.into()), "{word}");
        }
        assert_eq!(Period::parse("fortnight"), None);
    }

    #[test]
    fn a_month_has_all_its_days() {
        for (day, start, end) in [
            ("2026-02-14", "2026-02-01", "2026-02-28"),
            ("2024-02-29", "2024-02-01", "2024-02-29"),
            ("2026-12-31", "2026-12-01", "2026-12-31"),
        ] {
            let month = month_of(day.parse().unwrap());
            assert_eq!((month.start.to_string(), month.end.to_string()), (start.into(), end.into()), "{day}");
        }
        assert_eq!(month_of(NaiveDate::MAX).end, NaiveDate::MAX);
    }

    #[test]
    fn weeks_belong_to_the_year_of_their_thursday() {
        assert_eq!(week_key("2027-01-03".parse().unwrap()), "2026-W53");
        assert_eq!(week_key("2024-12-30".parse().unwrap()), "2025-W01");
    }
}
