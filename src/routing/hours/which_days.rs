//! The days that a rule names: years, dates, weeks, weekdays, holidays.

use chrono::{Datelike, Days, Duration, Months, NaiveDate, Weekday};
use opening_hours::ContextHolidays;
use opening_hours_syntax::rules::day::{
    Date, DateOffset, DaySelector, Month, MonthdayRange, WeekDayRange, WeekRange, Year, YearRange,
};

use super::holidays::easter;

/// Returns whether a rule names this day. Of each kind of selector (years, dates, weeks, weekdays) that it has, one must.
/// If it `needs_both`, one must of the weekdays and one of the holidays, as in `PH Mo-Fr`.
pub(super) fn is_named(days: &DaySelector, needs_both: bool, day: NaiveDate, holidays: &ContextHolidays) -> bool {
    is_any(&days.year, |years| is_in_years(years, day))
        && is_any(&days.monthday, |dates| is_in_dates(dates, day))
        && is_any(&days.week, |weeks| is_in_weeks(weeks, day))
        && if needs_both {
            let is_one_of = |are_holidays: bool| {
                let mut some = days.weekday.iter().filter(|one| is_holiday(one) == are_holidays);
                some.any(|one| is_weekday(one, day, holidays))
            };
            is_one_of(true) && is_one_of(false)
        } else {
            is_any(&days.weekday, |weekdays| is_weekday(weekdays, day, holidays))
        }
}

/// Returns whether this names holidays.
pub(super) fn is_holiday(days: &WeekDayRange) -> bool {
    matches!(days, WeekDayRange::Holiday { .. })
}

/// Returns whether one of the selectors holds; no selector means all days.
fn is_any<T>(selectors: &[T], holds: impl Fn(&T) -> bool) -> bool {
    selectors.is_empty() || selectors.iter().any(holds)
}

fn is_in_years(years: &YearRange, day: NaiveDate) -> bool {
    let (range, step) = years.into_parts();
    let year = Year(day.year());
    range.contains(&year) && (year.0 - range.start().0) % i32::from(step.max(1)) == 0
}

fn is_in_weeks(weeks: &WeekRange, day: NaiveDate) -> bool {
    let (range, step) = weeks.into_parts();
    let (first, last) = (u32::from(range.start().0), u32::from(range.end().0));
    let week = day.iso_week().week();
    (first..=last).contains(&week) && (week - first).is_multiple_of(u32::from(step.max(1)))
}

fn is_weekday(days: &WeekDayRange, day: NaiveDate, holidays: &ContextHolidays) -> bool {
    let before = |offset: i16| day.checked_sub_signed(Duration::days(offset.into()));
    match days {
        WeekDayRange::Holiday { kind, offset } => {
            before(*offset).is_some_and(|day| holidays.get_for_kind(*kind).contains(day))
        }
        WeekDayRange::Fixed { range, offset, nth_from_start, nth_from_end } => before(*offset).is_some_and(|day| {
            let (first, last) = (place(*range.start()), place(*range.end()));
            let is_in = match place(day.weekday()) {
                place if first <= last => (first..=last).contains(&place),
                place => place >= first || place <= last,
            };
            let is_nth = |which: &[bool; 5], days: u32| {
                usize::try_from(days / 7).ok().and_then(|week| which.get(week)).is_some_and(|is_it| *is_it)
            };
            let days_after = last_of_month(day).map_or(0, |last| last.day() - day.day());
            is_in && (is_nth(nth_from_start, day.day0()) || is_nth(nth_from_end, days_after))
        }),
    }
}

fn place(day: Weekday) -> u32 {
    day.num_days_from_monday()
}

fn last_of_month(day: NaiveDate) -> Option<NaiveDate> {
    day.with_day(1)?.checked_add_months(Months::new(1))?.pred_opt()
}

fn is_in_dates(dates: &MonthdayRange, day: NaiveDate) -> bool {
    match dates {
        MonthdayRange::Month { range, year } => is_in_months((*range.start(), *range.end()), *year, day),
        MonthdayRange::Date { start, end } if start == end => {
            let mut found = years_around(day, [start.1, end.1]).filter_map(|year| on(start.0, year));
            found.any(|found| start.1.apply(found) == day)
        }
        MonthdayRange::Date { start, end } => {
            let mut begun = years_around(day, [start.1, end.1]).filter_map(|year| from_until(start, end, year));
            begun.any(|(first, last)| (first..=last).contains(&day))
        }
    }
}

fn is_in_months((first, last): (Month, Month), year: Option<Year>, day: NaiveDate) -> bool {
    let month = Month::from_date(day);
    let is_over_new_year = last < first;
    match year {
        Some(Year(year)) if is_over_new_year => {
            (day.year() == year && month >= first) || (day.year() == year + 1 && month <= last)
        }
        Some(Year(year)) => day.year() == year && (first..=last).contains(&month),
        None if is_over_new_year => month >= first || month <= last,
        None => (first..=last).contains(&month),
    }
}

/// Returns the years in which a range that reaches a day can begin.
fn years_around(day: NaiveDate, offsets: [DateOffset; 2]) -> impl Iterator<Item = i32> {
    let days = offsets.map(|offset| i32::from(offset.day_offset.unsigned_abs()));
    let reach = days.into_iter().max().unwrap_or_default() / 365 + 2;
    day.year() - reach..=day.year() + reach
}

/// Returns the first and the last day of a range that begins in a year, before it is moved by its offset. It ends on the
/// next such date, or in the year that it names.
fn from_until(start: &(Date, DateOffset), end: &(Date, DateOffset), year: i32) -> Option<(NaiveDate, NaiveDate)> {
    let first = |year| Some(start.1.apply(on_or_after(start.0, year)?));
    let last = |year| Some(end.1.apply(on_or_before(end.0, year)?));
    let begins = first(year)?;
    let ends = match (start.0.year(), end.0.year()) {
        // `Dec 24-2027 Jan 2` begins the last time before it ends.
        (None, Some(Year(ends))) if first(year + 1).is_some_and(|next| Some(next) <= last(ends)) => None,
        (_, Some(Year(ends))) => last(ends),
        (_, None) => [year, year + 1].into_iter().filter_map(last).find(|last| begins <= *last),
    };
    ends.map(|ends| (begins, ends))
}

/// Returns a date in a year, if it has it.
fn on(date: Date, year: i32) -> Option<NaiveDate> {
    if date.year().is_some_and(|own| own.0 != year) {
        return None;
    }
    match date {
        Date::Fixed { month, day, .. } => NaiveDate::from_ymd_opt(year, month.into(), day.into()),
        Date::Weekday { month, wday, nth, .. } => nth_of_month(year, month, wday, nth),
        Date::Easter { .. } => easter(year),
    }
}

/// Returns a date in a year; one that it does not have, such as 29 February, is the first day of the next month.
fn on_or_after(date: Date, year: i32) -> Option<NaiveDate> {
    on(date, year).or_else(|| month_of(date, year)?.checked_add_months(Months::new(1)))
}

/// Returns a date in a year; one that it does not have, such as 29 February, is the last day of its month.
fn on_or_before(date: Date, year: i32) -> Option<NaiveDate> {
    on(date, year).or_else(|| last_of_month(month_of(date, year)?))
}

/// Returns the first day of the month of a date with a day.
fn month_of(date: Date, year: i32) -> Option<NaiveDate> {
    match date {
        Date::Fixed { year: own, month, .. } if own.is_none_or(|own| own.0 == year) => {
            NaiveDate::from_ymd_opt(year, month.into(), 1)
        }
        _ => None,
    }
}

/// Returns the first to fifth weekday of a month (1 to 5), or counted from its end (-1 to -5).
fn nth_of_month(year: i32, month: Month, weekday: Weekday, nth: i8) -> Option<NaiveDate> {
    if nth > 0 {
        return NaiveDate::from_weekday_of_month_opt(year, month.into(), weekday, nth.unsigned_abs());
    }
    let last = last_of_month(NaiveDate::from_ymd_opt(year, month.into(), 1)?)?;
    let since = (place(last.weekday()) + 7 - place(weekday)) % 7;
    let weeks_before = u32::from(nth.unsigned_abs()).checked_sub(1)?;
    let found = last.checked_sub_days(Days::new(u64::from(since + 7 * weeks_before)))?;
    (found.month() == last.month()).then_some(found)
}
