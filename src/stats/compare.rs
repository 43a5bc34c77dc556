//! The preceding and following periods, and the comparison period.

use chrono::{Datelike, Days, Months, NaiveDate};

use super::period::{DayRange, Period};

const DAYS_OF_WEEK: i64 = 7;
/// The length above which a period is compared with the same weeks a year before, in days: business has seasons.
const HALF_A_YEAR: i64 = 183;
const WEEKS_OF_YEAR: i64 = 52;

/// Returns by how many days a period is moved back for comparison: the fewest whole weeks that leave no overlap, so
/// that every day meets its own weekday; more than half a year by at least 52 weeks.
pub fn comparison_shift(days: DayRange) -> i64 {
    let weeks = (days.len() + DAYS_OF_WEEK - 1) / DAYS_OF_WEEK;
    let fewest = if days.len() > HALF_A_YEAR { WEEKS_OF_YEAR } else { 1 };
    weeks.max(fewest) * DAYS_OF_WEEK
}

/// Returns the comparison period: as many days of the same weekdays, earlier; `None` before 1970.
pub fn same_weekdays_before(days: DayRange) -> Option<DayRange> {
    let shift = comparison_shift(days);
    Some(DayRange { start: moved(days.start, -shift)?, end: moved(days.end, -shift)? }).filter(is_told)
}

/// The length of one step back or forth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stride {
    Days(i64),
    Week,
    Month,
    Year,
}

/// Returns the preceding period of the same kind: before a month the whole month before; `None` before 1970.
pub fn earlier(days: DayRange, period: Option<Period>, today: NaiveDate) -> Option<Step> {
    let stride = Stride::of(days, period);
    let range = match stride {
        Stride::Days(length) => DayRange { start: moved(days.start, -length)?, end: moved(days.end, -length)? },
        Stride::Week => DayRange::ending(days.start.pred_opt()?, 7),
        Stride::Month => whole_month(days.start.pred_opt()?)?,
        Stride::Year => whole_year(days.start.year() - 1)?,
    };
    Some(Step::new(range, stride, today)).filter(|step| is_told(&step.days))
}

/// Returns the following period of the same kind, until today at most; `None` when it is in the future.
pub fn later(days: DayRange, period: Option<Period>, today: NaiveDate) -> Option<Step> {
    if days.end >= today {
        return None;
    }
    let stride = Stride::of(days, period);
    let range = match stride {
        Stride::Days(length) => DayRange { start: moved(days.start, length)?, end: moved(days.end, length)? },
        Stride::Week => DayRange { start: moved(days.start, DAYS_OF_WEEK)?, end: moved(days.start, 13)? },
        Stride::Month => whole_month(days.end.succ_opt()?)?,
        Stride::Year => whole_year(days.start.year() + 1)?,
    };
    let range = DayRange { end: range.end.min(today), ..range };
    (range.start <= today).then(|| Step::new(range, stride, today))
}

/// The period to which a step leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The days of the period.
    pub days: DayRange,
    /// The named period that has these days, seen from today.
    pub period: Option<Period>,
}

impl Step {
    fn new(days: DayRange, stride: Stride, today: NaiveDate) -> Self {
        let is_it = |period: &Period| period.days(today) == days && Stride::of(days, Some(*period)) == stride;
        Self { days, period: Period::ALL.into_iter().find(is_it) }
    }
}

impl Stride {
    fn of(days: DayRange, period: Option<Period>) -> Self {
        let by_length = Self::Days(days.len());
        match period {
            Some(Period::Week | Period::LastWeek) => Self::Week,
            Some(Period::Month | Period::LastMonth) => Self::Month,
            Some(Period::Year) => Self::Year,
            Some(_) => by_length,
            None if whole_month(days.start) == Some(days) => Self::Month,
            None if whole_year(days.start.year()) == Some(days) => Self::Year,
            None => by_length,
        }
    }
}

fn moved(day: NaiveDate, days: i64) -> Option<NaiveDate> {
    let count = Days::new(days.unsigned_abs());
    if days < 0 { day.checked_sub_days(count) } else { day.checked_add_days(count) }
}

fn whole_month(day: NaiveDate) -> Option<DayRange> {
    let start = day.with_day(1)?;
    Some(DayRange { start, end: start.checked_add_months(Months::new(1))?.pred_opt()? })
}

fn whole_year(year: i32) -> Option<DayRange> {
    Some(DayRange { start: NaiveDate::from_ymd_opt(year, 1, 1)?, end: NaiveDate::from_ymd_opt(year, 12, 31)? })
}

/// Returns whether filters accept the days: they reject days before 1970.
fn is_told(days: &DayRange) -> bool {
    days.start >= NaiveDate::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn days(start: &str, end: &str) -> DayRange {
        DayRange { start: day(start), end: day(end) }
    }

    #[test]
    fn a_period_is_compared_with_the_same_weekdays() {
        for (start, end, before) in [
            // A day is compared with the one a week before, seven days with the seven before.
            ("2026-11-22", "2026-11-22", ("2026-11-15", "2026-11-15")),
            ("2026-11-16", "2026-11-22", ("2026-11-09", "2026-11-15")),
            // Thirty days are compared with those five weeks before, a month so far four weeks before, whole months
            // five.
            ("2026-10-24", "2026-11-22", ("2026-09-19", "2026-10-18")),
            ("2026-11-01", "2026-11-22", ("2026-10-04", "2026-10-25")),
            ("2026-10-01", "2026-10-31", ("2026-08-27", "2026-09-26")),
            ("2026-02-01", "2026-02-28", ("2026-01-04", "2026-01-31")),
            // A year, so far or whole, is compared with the one a year before.
            ("2026-01-01", "2026-11-22", ("2025-01-02", "2025-11-23")),
            ("2026-01-01", "2026-12-31", ("2024-12-26", "2025-12-25")),
            ("2024-01-01", "2024-12-31", ("2022-12-26", "2023-12-26")),
        ] {
            let asked = days(start, end);
            assert_eq!(same_weekdays_before(asked), Some(days(before.0, before.1)), "{start} to {end}");
        }
        assert_eq!(same_weekdays_before(days("1970-01-03", "1970-01-05")), None);
        assert_eq!(same_weekdays_before(days("1970-01-01", "9999-12-31")), None);
    }

    #[test]
    fn every_length_meets_its_weekdays_and_does_not_overlap() {
        for length in 1..=800 {
            let asked = DayRange::ending(day("2026-11-22"), length);
            let before = same_weekdays_before(asked).unwrap();
            assert_eq!(before.len(), asked.len());
            assert_eq!(before.start.weekday(), asked.start.weekday());
            assert!(before.end < asked.start, "{length}");
            let gap = (asked.start - before.end).num_days() - 1;
            assert!(gap < 7 || length > 183 && length < 364, "{length}: {gap}");
        }
    }

    #[test]
    fn steps_follow_the_calendar() {
        let today = day("2026-11-22");
        let step = |range: DayRange, period| {
            let shown = |step: Option<Step>| step.map(|step| (step.days, step.period));
            (shown(earlier(range, period, today)), shown(later(range, period, today)))
        };
        let named = |period: Period| step(period.days(today), Some(period));
        let some = |start, end, period| Some((days(start, end), period));
        assert_eq!(named(Period::Today), (some("2026-11-21", "2026-11-21", Some(Period::Yesterday)), None));
        assert_eq!(
            named(Period::Yesterday),
            (some("2026-11-20", "2026-11-20", None), some("2026-11-22", "2026-11-22", Some(Period::Today)))
        );
        assert_eq!(named(Period::SevenDays).0, some("2026-11-09", "2026-11-15", None));
        assert_eq!(named(Period::Week).0, some("2026-11-09", "2026-11-15", Some(Period::LastWeek)));
        assert_eq!(named(Period::Month).0, some("2026-10-01", "2026-10-31", Some(Period::LastMonth)));
        assert_eq!(
            named(Period::LastMonth),
            (some("2026-09-01", "2026-09-30", None), some("2026-11-01", "2026-11-22", Some(Period::Month)))
        );
        assert_eq!(named(Period::Year).0, some("2025-01-01", "2025-12-31", None));
        assert_eq!(
            step(days("2025-01-01", "2025-12-31"), None).1,
            some("2026-01-01", "2026-11-22", Some(Period::Year))
        );
        // Whole months have a length of their own; other ranges are moved by their length.
        assert_eq!(
            step(days("2026-02-01", "2026-02-28"), None),
            (some("2026-01-01", "2026-01-31", None), some("2026-03-01", "2026-03-31", None))
        );
        assert_eq!(
            step(days("2026-02-02", "2026-02-04"), None),
            (some("2026-01-30", "2026-02-01", None), some("2026-02-05", "2026-02-07", None))
        );
        assert_eq!(earlier(days("1970-01-01", "1970-01-01"), None, today), None);
    }

    #[test]
    fn the_first_of_a_month_is_still_a_month() {
        let today = day("2026-12-01");
        let next = later(days("2026-11-01", "2026-11-30"), None, today).unwrap();
        assert_eq!((next.days, next.period), (days("2026-12-01", "2026-12-01"), Some(Period::Month)));
        let back = earlier(next.days, next.period, today).unwrap();
        assert_eq!((back.days, back.period), (days("2026-11-01", "2026-11-30"), Some(Period::LastMonth)));
    }
}
