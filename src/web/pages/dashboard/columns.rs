//! The time steps of the chart: as fine as possible with at most about a hundred bars.

use chrono::{DateTime, Datelike, Days, NaiveDate, Weekday};

use super::address::Address;
use crate::stats::period::DayRange;
use crate::stats::report::GroupBy;
use crate::stats::series::Series;
use crate::stats::timeline::Step;
use crate::web::charts::{Column, Counts};
use crate::web::pages::layout::context::PageContext;

/// The maximum number of bars, because more cannot be told apart.
const MOST_BARS: usize = 100;

/// Returns the length of time that one bar covers.
pub fn step(days: DayRange) -> GroupBy {
    match days.len() {
        ..=1 => GroupBy::Hour,
        2..=92 => GroupBy::Day,
        93..=693 => GroupBy::Week,
        _ => GroupBy::Month,
    }
}

/// Returns the columns of the chart; if even months are too many, without the empty ones at both ends.
pub fn columns(steps: &[Step], step: GroupBy, days: DayRange, address: &Address, context: &PageContext) -> Vec<Column> {
    let mut shown = steps;
    if shown.len() > MOST_BARS {
        let has_calls = |step: &Step| step.outcomes.total() > 0;
        let first = shown.iter().position(has_calls).unwrap_or(shown.len());
        let last = shown.iter().rposition(has_calls).map_or(first, |last| last + 1);
        shown = shown.get(first..last).unwrap_or_default();
    }
    let is_one_week = step == GroupBy::Day && days.len() <= 7;
    let together = shown.len().div_ceil(MOST_BARS).max(1);
    let spans = shown.chunks(together).filter_map(|chunk| {
        let spans: Vec<_> = chunk.iter().filter_map(|of| span(&of.key, step)).collect();
        Some((Span { end: spans.last()?.end, ..*spans.first()? }, chunk))
    });
    let column = |(span, chunk): (Span, &[Step])| {
        let within = DayRange { start: span.start.max(days.start), end: span.end.min(days.end) };
        Column {
            name: span.name(step, context),
            short: if is_one_week {
                context.format.short_weekday(span.start).to_owned()
            } else {
                span.short(step, context)
            },
            href: href(step, within, address),
            counts: counts(chunk),
        }
    };
    spans.map(column).collect()
}

fn href(step: GroupBy, days: DayRange, address: &Address) -> String {
    let words = address.words.clone().any_time();
    let words = words.with("start", days.start.to_string()).with("end", days.end.to_string());
    if step == GroupBy::Hour { address.calls(words) } else { address.url(&words) }
}

fn counts(steps: &[Step]) -> Counts {
    let of = |series: Series| {
        let outcomes = crate::calls::outcome::Outcome::ALL.into_iter().filter(|outcome| Series::of(*outcome) == series);
        let of_step = |step: &Step| outcomes.clone().map(|outcome| step.outcomes.get(outcome)).sum::<i64>();
        steps.iter().map(of_step).sum()
    };
    Series::ALL.map(of)
}

/// The days that a bar covers.
#[derive(Clone, Copy)]
struct Span {
    start: NaiveDate,
    end: NaiveDate,
    hour: u32,
}

fn span(key: &str, step: GroupBy) -> Option<Span> {
    let day = |start: NaiveDate, end: Option<NaiveDate>| Some(Span { start, end: end?, hour: 0 });
    match step {
        GroupBy::Hour => {
            let at = DateTime::parse_from_str(key, "%Y-%m-%dT%H:%M%:z").ok()?.naive_local();
            Some(Span { start: at.date(), end: at.date(), hour: chrono::Timelike::hour(&at) })
        }
        GroupBy::Week => {
            let (year, week) = key.split_once("-W")?;
            let monday = NaiveDate::from_isoywd_opt(year.parse().ok()?, week.parse().ok()?, Weekday::Mon)?;
            day(monday, monday.checked_add_days(Days::new(6)))
        }
        GroupBy::Month => {
            let first: NaiveDate = format!("{key}-01").parse().ok()?;
            day(first, first.checked_add_months(chrono::Months::new(1)).and_then(|next| next.pred_opt()))
        }
        _ => {
            let one = key.parse().ok()?;
            day(one, Some(one))
        }
    }
}

impl Span {
    fn name(&self, step: GroupBy, context: &PageContext) -> String {
        let (format, t) = (&context.format, &context.texts.overview);
        match step {
            GroupBy::Hour => format!("{:02}:00 – {:02}:59", self.hour, self.hour),
            GroupBy::Week => (t.week)(self.start.iso_week().week(), self.start.iso_week().year()),
            GroupBy::Month if (self.start.year(), self.start.month()) == (self.end.year(), self.end.month()) => {
                format.month(self.start)
            }
            GroupBy::Month => format!("{} – {}", format.month(self.start), format.month(self.end)),
            _ => format!("{} {}", format.short_weekday(self.start), format.day(self.start)),
        }
    }

    fn short(&self, step: GroupBy, context: &PageContext) -> String {
        match step {
            GroupBy::Hour => format!("{:02}", self.hour),
            GroupBy::Week => (context.texts.overview.short_week)(self.start.iso_week().week()),
            GroupBy::Month => context.format.month(self.start),
            _ => context.format.short_day(self.start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(start: &str, end: &str) -> DayRange {
        DayRange { start: start.parse().unwrap(), end: end.parse().unwrap() }
    }

    #[test]
    fn a_chart_is_as_fine_as_a_hundred_bars_allow() {
        assert_eq!(step(days("2026-11-22", "2026-11-22")), GroupBy::Hour);
        assert_eq!(step(days("2026-11-21", "2026-11-22")), GroupBy::Day);
        assert_eq!(step(days("2026-08-01", "2026-10-31")), GroupBy::Day);
        assert_eq!(step(days("2026-01-01", "2026-12-31")), GroupBy::Week);
        assert_eq!(step(days("2020-01-01", "2026-12-31")), GroupBy::Month);
    }

    #[test]
    fn keys_are_read_back_as_days() {
        for (key, step, start, end) in [
            ("2026-10-25T02:00+02:00", GroupBy::Hour, "2026-10-25", "2026-10-25"),
            ("2026-10-25", GroupBy::Day, "2026-10-25", "2026-10-25"),
            ("2026-W53", GroupBy::Week, "2026-12-28", "2027-01-03"),
            ("2028-02", GroupBy::Month, "2028-02-01", "2028-02-29"),
        ] {
            let span = span(key, step).unwrap();
            assert_eq!(DayRange { start: span.start, end: span.end }, days(start, end), "{key}");
        }
        assert!(span("2026-W99", GroupBy::Week).is_none());
    }
}
