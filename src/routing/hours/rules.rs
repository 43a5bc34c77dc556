//! Evaluation of an expression for a day: which rules hold, and what the night before leaves of theirs.
//!
//! The crate opening-hours evaluates, too, but loses nights: what reaches into a day is dropped where a later rule names
//! that day. Here, as people mean it:
//!
//! - a rule after `;` replaces what earlier ones begin on its days, with the night that it would have gone on into; the
//!   night of the day before stays;
//! - `off` closes the minutes that it names, all of the day if it names none, whenever they began: a night ends there;
//! - a rule after `, ` adds, and the last one to say something about a minute counts; one after ` || ` speaks where all
//!   before are closed;
//! - words alone, as `unknown`, say nothing that can be relied on: they are not open.
//!
//! `opening_hours.js` does the same but for the first line: there, a rule after `;` drops the night before, and leaves the
//! night of the day whose hours it replaces. `make test-hours` compares both.

use std::ops::Range;

use chrono::{Datelike, NaiveDate};
use opening_hours::ContextHolidays;
use opening_hours_syntax::rules::day::{DaySelector, HolidayKind, WeekDayRange};
use opening_hours_syntax::rules::time::{Time, TimeSpan};
use opening_hours_syntax::rules::{OpeningHoursExpression, RuleKind, RuleOperator, RuleSequence};

use super::error::HoursError;
use super::which_days::{is_holiday, is_named};

/// The minutes of a day.
const DAY: u16 = 24 * 60;

/// What a rule does with what the rules before it say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Join {
    /// It replaces what begins on its days.
    Replaces,
    /// It counts where it says something.
    Adds,
    /// It counts where the others are closed.
    FallsBack,
}

#[derive(Clone, Debug)]
struct Rule {
    days: DaySelector,
    /// Whether a day must be one of its holidays and one of its weekdays.
    needs_both: bool,
    /// The minutes since the midnight with which a day begins, up to the end of the next.
    spans: Vec<Range<u16>>,
    kind: RuleKind,
    join: Join,
}

/// The rules of an expression, with the holidays that they may name.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    holidays: ContextHolidays,
}

impl Rules {
    /// Compiles a parsed expression. `needs_both` says for each rule whether its weekdays and holidays must meet.
    ///
    /// # Errors
    /// It names the sun, or holidays that are not known.
    pub(super) fn new(
        expression: OpeningHoursExpression,
        needs_both: &[bool],
        holidays: &ContextHolidays,
    ) -> Result<Self, HoursError> {
        let mut rules: Vec<Rule> = Vec::with_capacity(expression.rules.len());
        for (place, rule) in expression.rules.into_iter().enumerate() {
            let spans = rule.time_selector.spans.iter().map(minutes).collect::<Option<_>>().ok_or(HoursError::Sun)?;
            are_known(&rule.day_selector, holidays)?;
            let join = join(&rule, rules.last().map(|before| before.join));
            let needs_both = needs_both.get(place).copied().unwrap_or_default();
            rules.push(Rule { days: rule.day_selector, needs_both, spans, kind: rule.kind, join });
        }
        Ok(Self { rules, holidays: holidays.clone() })
    }

    /// Returns the open ranges of a day in minutes, ascending, the end exclusive, merged into as few as possible.
    pub(super) fn open_ranges(&self, day: NaiveDate) -> Vec<(u16, u16)> {
        // Which days the parser can name.
        if !(1900..10_000).contains(&day.year()) {
            return Vec::new();
        }
        let sayings = self.sayings(day);
        let mut edges: Vec<u16> =
            sayings.iter().flat_map(|saying| [saying.minutes.start, saying.minutes.end]).collect();
        edges.sort_unstable();
        edges.dedup();
        let mut open: Vec<(u16, u16)> = Vec::new();
        for (from, to) in edges.iter().copied().zip(edges.iter().copied().skip(1)) {
            match open.last_mut() {
                _ if told(&sayings, from) != RuleKind::Open => {}
                Some((_, end)) if *end == from => *end = to,
                _ => open.push((from, to)),
            }
        }
        open
    }

    /// Returns what the rules say about the minutes of a day, in their order: those that hold on it, and the nights of those
    /// that hold on the day before.
    fn sayings(&self, day: NaiveDate) -> Vec<Saying<'_>> {
        let before = day.pred_opt().map_or_else(Vec::new, |before| self.holding(before));
        let today = self.holding(day);
        let mut sayings = Vec::new();
        for (place, rule) in self.rules.iter().enumerate() {
            let holds = |days: &[bool]| days.get(place).copied().unwrap_or_default();
            for span in rule.spans.iter().filter(|span| span.end > DAY && holds(&before)) {
                sayings.push(Saying { rule, minutes: span.start.saturating_sub(DAY)..span.end - DAY, is_night: true });
            }
            for span in rule.spans.iter().filter(|_| holds(&today)) {
                sayings.push(Saying { rule, minutes: span.start..span.end.min(DAY), is_night: false });
            }
        }
        sayings
    }

    /// Returns whether some hours go on past midnight.
    pub(super) fn has_nights(&self) -> bool {
        self.rules.iter().any(|rule| rule.kind == RuleKind::Open && rule.spans.iter().any(|span| span.end > DAY))
    }

    /// Returns whether holidays are closed all day, and whether other days are.
    pub(super) fn closed(&self) -> (bool, bool) {
        let is_closed = |rule: &&Rule| rule.kind == RuleKind::Closed && rule.spans.contains(&(0..DAY));
        let closed = || self.rules.iter().filter(is_closed);
        (closed().any(Rule::has_holidays), closed().any(Rule::has_other_days))
    }

    /// Returns whether holidays have hours instead of those of their weekday.
    pub(super) fn have_holidays_hours(&self) -> bool {
        let mut replacing = self.rules.iter().skip(1).filter(|rule| rule.join == Join::Replaces);
        replacing.any(|rule| rule.kind == RuleKind::Open && rule.has_holidays() && !rule.has_other_days())
    }

    /// Returns for each rule whether what it says begins on this day.
    fn holding(&self, day: NaiveDate) -> Vec<bool> {
        let mut holding = Vec::with_capacity(self.rules.len());
        for rule in &self.rules {
            let holds = is_named(&rule.days, rule.needs_both, day, &self.holidays);
            if holds && rule.join == Join::Replaces {
                holding.fill(false);
            }
            holding.push(holds);
        }
        holding
    }
}

impl Rule {
    fn has_holidays(&self) -> bool {
        self.days.weekday.iter().any(is_holiday)
    }

    /// Returns whether the rule names days that are no holidays.
    fn has_other_days(&self) -> bool {
        let names_holidays_only = self.needs_both || (self.has_holidays() && self.days.weekday.iter().all(is_holiday));
        !self.days.is_empty() && !names_holidays_only
    }
}

/// What a rule says about a range of minutes of a day.
struct Saying<'a> {
    rule: &'a Rule,
    minutes: Range<u16>,
    /// Whether it began on the day before.
    is_night: bool,
}

impl Saying<'_> {
    /// Returns what holds after this where something else was told before.
    fn after(&self, told: RuleKind) -> RuleKind {
        let is_kept = match self.rule.join {
            Join::FallsBack => told != RuleKind::Closed,
            // A replaced day has nothing of its own by now: what is open there is the night before.
            Join::Replaces if self.rule.kind == RuleKind::Unknown && !self.is_night => told == RuleKind::Open,
            Join::Replaces | Join::Adds => false,
        };
        if is_kept { told } else { self.rule.kind }
    }
}

/// Returns what holds at a minute.
fn told(sayings: &[Saying<'_>], minute: u16) -> RuleKind {
    let about_it = sayings.iter().filter(|saying| saying.minutes.contains(&minute));
    about_it.fold(RuleKind::Closed, |told, saying| saying.after(told))
}

/// Returns what the rule does with those before it; one that adds to a fallback is one.
fn join(rule: &RuleSequence, before: Option<Join>) -> Join {
    match (rule.operator, rule.kind) {
        (RuleOperator::Fallback, _) => Join::FallsBack,
        (RuleOperator::Additional, _) => before.filter(|join| *join == Join::FallsBack).unwrap_or(Join::Adds),
        (RuleOperator::Normal, RuleKind::Closed) => Join::Adds,
        (RuleOperator::Normal, RuleKind::Open | RuleKind::Unknown) => Join::Replaces,
    }
}

/// Returns the minutes of a span; `None` if it names the sun.
fn minutes(span: &TimeSpan) -> Option<Range<u16>> {
    let (Time::Fixed(start), Time::Fixed(end)) = (span.range.start, span.range.end) else { return None };
    let (start, end) = (start.mins_from_midnight(), end.mins_from_midnight());
    Some(start..if start < end { end } else { end + DAY })
}

/// Checks that the holidays are known which a rule names: it would silently never match.
fn are_known(days: &DaySelector, holidays: &ContextHolidays) -> Result<(), HoursError> {
    for day in days.weekday.iter().filter(|day| is_holiday(day)) {
        if let WeekDayRange::Holiday { kind, .. } = day
            && holidays.get_for_kind(*kind).count() == 0
        {
            return Err(HoursError::NoHolidays(if *kind == HolidayKind::Public { "PH" } else { "SH" }));
        }
    }
    Ok(())
}
