//! Opening hours as a weekly schedule, which is what most expressions say and what a grid of seven days can show.

use std::sync::{Arc, LazyLock};

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use opening_hours::ContextHolidays;

use super::{Hours, HoursContext};

/// The number of minutes in a day.
pub const DAY: u16 = 24 * 60;
/// The names of the weekdays in expressions, Monday first.
pub const DAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];
const HOLIDAY: &str = "PH";

/// A span of open time, from a minute of a day until a minute of the same or the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first minute, less than [`DAY`].
    pub from: u16,
    /// The minute at which the span ends (exclusive), 1 to [`DAY`]; at or before `from` it is one of the next day.
    pub to: u16,
}

impl Span {
    /// The whole day.
    pub const ALL: Self = Self { from: 0, to: DAY };

    /// Returns the minute at which it ends, counted on over midnight.
    fn end(self) -> u16 {
        if self.is_overnight() { self.to + DAY } else { self.to }
    }

    /// Returns whether the span reaches into the next day.
    pub fn is_overnight(self) -> bool {
        self.to <= self.from
    }
}

/// The opening hours on public holidays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holidays {
    /// The hours of the weekday on which a holiday falls.
    Usual,
    /// These hours only; closed if there are none.
    Own(Vec<Span>),
}

/// A weekly schedule: opening hours that are the same every week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week {
    /// The spans of each weekday, Monday first.
    pub days: [Vec<Span>; 7],
    /// The hours on public holidays.
    pub holidays: Holidays,
}

impl Week {
    /// Converts an expression to a week; `None` if a week cannot say exactly the same.
    pub fn of(text: &str) -> Option<Self> {
        let week = Self::from_rules(&Reader::rules(text)?)?;
        // Rules whose overnight spans meet mean more than their days say, so only a proven equal meaning counts.
        (meaning(text)? == meaning(&week.to_expression())?).then_some(week)
    }

    /// Converts the week to an expression. A holiday's own hours must not be overnight.
    pub fn to_expression(&self) -> String {
        if self.days.iter().all(|day| day == &[Span::ALL]) && self.holidays == Holidays::Usual {
            return "24/7".into();
        }
        let groups: Vec<_> =
            self.groups().map(|(days, spans)| format!("{} {}", days_of(&days), times(spans))).collect();
        // After `;` a day would lose the overnight span that reaches into it.
        let is_overnight = self.days.iter().flatten().any(|span| span.is_overnight());
        let mut text = groups.join(if is_overnight { ", " } else { "; " });
        match &self.holidays {
            Holidays::Own(spans) if !spans.is_empty() => {
                text += if text.is_empty() { "" } else { "; " };
                text += &format!("{HOLIDAY} {}", times(spans));
            }
            Holidays::Own(_) if !text.is_empty() => text += &format!("; {HOLIDAY} off"),
            _ => {}
        }
        if text.is_empty() { "off".into() } else { text }
    }

    /// Returns rules that people said one after another as an expression of what they mean, which is the same text if that
    /// evaluates to it; `None` if they are no weekly schedule.
    ///
    /// A later rule adds to its days where it leaves their times alone (`Mo-Fr 8-12, Mo 14-18`), else it replaces them. A
    /// day on which it is closed loses what begins there with its night, and no other.
    pub(super) fn as_people_say(text: &str) -> Option<String> {
        let rules = Reader::rules(text)?;
        let days = std::array::from_fn(|day| said(&rules, |rule| rule.days.contains(&day)));
        let names_holidays = |rule: &Rule| rule.on_holidays && rule.days.len() < DAYS.len();
        let holidays = if rules.iter().any(names_holidays) {
            Holidays::Own(said(&rules, |rule| names_holidays(rule)))
        } else {
            Holidays::Usual
        };
        let meant = Self { days, holidays }.to_expression();
        Some(if meaning(text)? == meaning(&meant)? { text.to_owned() } else { meant })
    }

    /// Groups the days that are open at the same hours, ordered by the first day of each group.
    pub fn groups(&self) -> impl Iterator<Item = (Vec<usize>, &[Span])> {
        let first = |(place, day): &(usize, &Vec<Span>)| {
            !day.is_empty() && self.days.iter().position(|other| other == *day) == Some(*place)
        };
        let same = |day: &Vec<Span>| (0..7).filter(|place| self.days.get(*place) == Some(day)).collect();
        self.days.iter().enumerate().filter(first).map(move |(_, day)| (same(day), day.as_slice()))
    }

    fn from_rules(rules: &[Rule]) -> Option<Self> {
        let days = std::array::from_fn(|day| told(rules, |rule| rule.days.contains(&day)));
        let on_holiday: [Vec<Span>; 7] =
            std::array::from_fn(|day| told(rules, |rule| rule.on_holidays || rule.days.contains(&day)));
        let holidays = match &on_holiday {
            usual if *usual == days => Holidays::Usual,
            [first, rest @ ..] if rest.iter().all(|day| day == first) => Holidays::Own(first.clone()),
            _ => return None,
        };
        Some(Self { days, holidays })
    }
}

/// Collapses consecutive places into ranges: `[0, 1, 2, 4]` gives `(0, 2)` and `(4, 4)`.
pub fn runs(days: &[usize]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for day in days {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *day => *last = *day,
            _ => runs.push((*day, *day)),
        }
    }
    runs
}

fn days_of(days: &[usize]) -> String {
    let name = |day: usize| DAYS.get(day).copied().unwrap_or_default();
    let run = |(first, last): (usize, usize)| match last - first {
        0 => name(first).to_owned(),
        1 => format!("{},{}", name(first), name(last)),
        _ => format!("{}-{}", name(first), name(last)),
    };
    runs(days).into_iter().map(run).collect::<Vec<_>>().join(",")
}

fn times(spans: &[Span]) -> String {
    spans.iter().map(|span| format!("{}-{}", clock(span.from), clock(span.to))).collect::<Vec<_>>().join(",")
}

/// Formats a minute of the day as `09:00`.
pub fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Parses a time of the day as people write it, in minutes up to [`DAY`]: `9`, `9:30`, `9.30`, `0930`.
pub fn read_clock(text: &str) -> Option<u16> {
    let (hour, minute) = match text.split_once([':', '.']) {
        Some((hour, minute)) if minute.len() == 2 => (hour, minute),
        None if text.len() <= 2 => (text, "0"),
        None if text.len() <= 4 => text.split_at_checked(text.len() - 2)?,
        _ => return None,
    };
    let number = |digits: &str| {
        let is_number = (1..=2).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|_| is_number)
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    (minute < 60).then_some(hour * 60 + minute).filter(|minutes| *minutes <= DAY)
}

/// One parsed rule of a simple expression.
struct Rule {
    adds: bool,
    days: Vec<usize>,
    on_holidays: bool,
    spans: Vec<Span>,
}

/// Evaluates the rules that hold, in order: each replaces the spans before it or, if it `adds` spans, extends them.
fn told(rules: &[Rule], holds: impl Fn(&Rule) -> bool) -> Vec<Span> {
    let mut spans = Vec::new();
    for rule in rules.iter().filter(|rule| holds(rule)) {
        if !rule.adds || rule.spans.is_empty() {
            spans.clear();
        }
        spans.extend(&rule.spans);
    }
    spans.sort_unstable();
    spans.dedup();
    spans
}

/// Evaluates the rules that hold, in order, as people say them: each extends the spans before it, or replaces them if it
/// overlaps one or has none.
fn said(rules: &[Rule], holds: impl Fn(&Rule) -> bool) -> Vec<Span> {
    let overlaps = |one: &Span, other: &Span| one.from < other.end() && other.from < one.end();
    let mut spans: Vec<Span> = Vec::new();
    for rule in rules.iter().filter(|rule| holds(rule)) {
        let is_other = spans.iter().any(|one| rule.spans.iter().any(|other| overlaps(one, other)));
        if rule.spans.is_empty() || (is_other && !rule.adds) {
            spans.clear();
        }
        spans.extend(&rule.spans);
    }
    spans.sort_unstable();
    spans
}

/// Parser for rules like `Mo-Fr 09:00-12:00,13:00-17:00; PH off`, and for no others.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn rules(text: &'a str) -> Option<Vec<Rule>> {
        let mut reader = Self { rest: text };
        let (mut rules, mut adds) = (Vec::new(), false);
        loop {
            rules.push(reader.rule(adds)?);
            adds = match (reader.takes(";"), reader.takes(",")) {
                (true, false) => false,
                (false, true) => true,
                (false, false) if reader.rest.trim().is_empty() => return Some(rules),
                _ => return None,
            };
        }
    }

    fn rule(&mut self, adds: bool) -> Option<Rule> {
        if self.takes("24/7") {
            return Some(Rule { adds, days: (0..7).collect(), on_holidays: true, spans: vec![Span::ALL] });
        }
        let (mut days, mut on_holidays) = (Vec::new(), false);
        loop {
            if self.takes(HOLIDAY) {
                on_holidays = true;
            } else if let Some(first) = self.day() {
                let last = if self.takes("-") { self.day()? } else { first };
                days.extend((0..7).map(|step| (first + step) % 7).take((last + 7 - first) % 7 + 1));
            } else if days.is_empty() && !on_holidays {
                (days, on_holidays) = ((0..7).collect(), true);
                break;
            } else {
                return None;
            }
            if !self.takes(",") {
                break;
            }
        }
        let spans = if self.takes("off") || self.takes("closed") { Vec::new() } else { self.spans()? };
        Some(Rule { adds, days, on_holidays, spans })
    }

    /// Reads the spans of a rule; days without hours are open all day.
    fn spans(&mut self) -> Option<Vec<Span>> {
        if !starts_with_digit(self.rest) {
            return Some(vec![Span::ALL]);
        }
        let mut spans = vec![self.span()?];
        while self.rest.trim_start().strip_prefix(',').is_some_and(starts_with_digit) {
            self.takes(",");
            spans.push(self.span()?);
        }
        Some(spans)
    }

    fn span(&mut self) -> Option<Span> {
        let from = self.minute()?;
        let to = if self.takes("-") { self.minute()? } else { return None };
        // `22:00-30:00` is until six in the morning.
        let to = if to > DAY { to - DAY } else { to };
        (from < DAY && to > 0).then_some(Span { from, to })
    }

    fn minute(&mut self) -> Option<u16> {
        let hour = self.number()?;
        self.rest = self.rest.strip_prefix(':')?;
        let minute = self.number().filter(|minute| *minute < 60)?;
        hour.checked_mul(60)?.checked_add(minute).filter(|minute| *minute < 2 * DAY)
    }

    fn number(&mut self) -> Option<u16> {
        self.rest = self.rest.trim_start();
        let digits = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        number.parse().ok()
    }

    fn day(&mut self) -> Option<usize> {
        DAYS.iter().position(|day| self.takes(day))
    }

    fn takes(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(word);
        // A word must not end within a longer one: `Mo` does not match the beginning of `Mon`.
        let rest = rest.filter(|rest| !word.ends_with(char::is_alphabetic) || !rest.starts_with(char::is_alphabetic));
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

fn starts_with_digit(text: &str) -> bool {
    text.trim_start().starts_with(|c: char| c.is_ascii_digit())
}

/// Evaluates an expression for every weekday, as a holiday and not, before and after a holiday; returns the open
/// ranges of each of these days.
fn meaning(text: &str) -> Option<Vec<Vec<(u16, u16)>>> {
    static HOLIDAYS: LazyLock<Option<(NaiveDate, ContextHolidays)>> = LazyLock::new(|| {
        let monday = NaiveDate::from_ymd_opt(2024, 1, 1)?;
        let mut public = ContextHolidays::default().get_public().clone();
        for week in 0..7 {
            // A week with a holiday on its first day, then a week without, then one with a holiday on the second…
            public.insert(monday.checked_add_days(Days::new(week * 15))?);
        }
        Some((monday, ContextHolidays::new(Arc::new(public), Arc::default())))
    });
    let (monday, holidays) = HOLIDAYS.as_ref()?;
    let hours = Hours::read(text, &HoursContext { zone: Tz::UTC, holidays: holidays.clone() }).ok()?;
    (0..112).map(|day| Some(hours.open_ranges(monday.checked_add_days(Days::new(day))?))).collect()
}

#[cfg(test)]
mod tests;
