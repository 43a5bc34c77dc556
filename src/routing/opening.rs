//! Compiled opening hours of routes: hours of their own or a named schedule.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;

use super::hours::days::instants_ms;
use super::hours::{Hours, HoursContext, local};
use super::named::{ClosedSwitch, Key, Schedule, ScheduleReference, Shared};
use super::problem::RouteProblem;
use crate::fields::Problem;

/// The compiled `hours` of a route.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    hours: Option<Hours>,
    /// Closed days, as inclusive ranges of a first and a last day, ascending and disjoint.
    closed: Vec<(NaiveDate, NaiveDate)>,
    zone: Tz,
    schedule: Option<Key>,
    /// Whether the route applies while the hours are open, or while they are closed.
    when_open: bool,
}

impl Opening {
    /// Returns whether a route with these hours takes part. While the company `is_closed`, nothing is open.
    pub(super) fn takes_part(&self, at_ms: i64, is_closed: bool) -> bool {
        (!is_closed && self.is_open(at_ms)) == self.when_open
    }

    /// Returns when a route with these hours takes part next after an instant at which it does not, both in epoch
    /// milliseconds; `None` if not within so many days.
    pub(super) fn takes_part_after(&self, at_ms: i64, days: u64, switch: Option<ClosedSwitch>) -> Option<i64> {
        let today = local(self.zone, at_ms)?.date();
        let days = (0..=days).filter_map(|ahead| today.checked_add_days(Days::new(ahead)));
        let mut changes = days.flat_map(|day| self.changes_on(day, switch));
        changes.find(|&change_ms| {
            let is_closed = switch.is_some_and(|switch| switch.holds(change_ms));
            change_ms > at_ms && self.takes_part(change_ms, is_closed)
        })
    }

    /// Returns the instants of a day at which it may open or close, ascending, in epoch milliseconds.
    fn changes_on(&self, day: NaiveDate, switch: Option<ClosedSwitch>) -> Vec<i64> {
        let midnight = instants_ms(self.zone, day.and_time(Default::default()));
        let hours = self.hours.iter().flat_map(|hours| hours.changes_on(day));
        let ends = switch.map(|switch| switch.until_ms);
        let ends = ends.filter(|end| local(self.zone, *end).is_some_and(|local| local.date() == day));
        let mut changes: Vec<i64> = midnight.into_iter().chain(hours).chain(ends).collect();
        changes.sort_unstable();
        changes
    }

    /// Returns whether the route applies while the hours are open, rather than while they are closed.
    pub(super) fn is_for_open(&self) -> bool {
        self.when_open
    }

    /// Returns the named schedule, if it is one, and whether the route applies while that is open. Of two routes, one
    /// for while a schedule is open and one for while it is closed, one always takes part.
    pub(super) fn schedule(&self) -> Option<(&Key, bool)> {
        self.schedule.as_ref().map(|key| (key, self.when_open))
    }

    fn is_open(&self, at_ms: i64) -> bool {
        !self.is_closed_day(at_ms) && self.hours.as_ref().is_none_or(|hours| hours.is_open(at_ms))
    }

    fn is_closed_day(&self, at_ms: i64) -> bool {
        if self.closed.is_empty() {
            return false;
        }
        let Some(today) = local(self.zone, at_ms).map(|local| local.date()) else { return false };
        let begun = self.closed.partition_point(|(start, _)| *start <= today);
        self.closed[..begun].last().is_some_and(|(_, end)| today <= *end)
    }
}

/// Merges overlapping ranges of closed days; the result is ascending.
fn merged(schedule: &Schedule) -> Vec<(NaiveDate, NaiveDate)> {
    let mut days: Vec<_> = schedule.closed.iter().map(|days| (days.start, days.end)).collect();
    days.sort_unstable();
    let mut merged: Vec<(NaiveDate, NaiveDate)> = Vec::with_capacity(days.len());
    for (start, end) in days {
        match merged.last_mut() {
            Some(last) if last.1 >= start => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

/// Builder of all openings of a table. It keeps each once (interning), because many routes have the same hours.
pub(super) struct Openings<'a> {
    context: &'a HoursContext,
    schedules: HashMap<Key, &'a Schedule>,
    known: HashMap<Cow<'a, str>, Result<usize, Problem>>,
    openings: Vec<Opening>,
}

impl<'a> Openings<'a> {
    pub(super) fn new(context: &'a HoursContext, shared: &'a Shared) -> Self {
        let keyed = |schedule: &'a Schedule| Some((Key::parse(&schedule.name)?, schedule));
        let schedules = shared.schedules.iter().filter_map(keyed).collect();
        Self { context, schedules, known: HashMap::new(), openings: Vec::new() }
    }

    /// Returns the place of the opening for a route's `hours`, which is compiled on first use.
    pub(super) fn place(&mut self, hours: &'a str) -> Result<usize, Problem> {
        let hours = hours.trim();
        let reference = ScheduleReference::read(hours).transpose()?;
        let known = match &reference {
            Some(ScheduleReference { key, when_open: true }) => Cow::Owned(format!("@{key}")),
            Some(ScheduleReference { key, when_open: false }) => Cow::Owned(format!("not @{key}")),
            None => Cow::Borrowed(hours),
        };
        if let Some(place) = self.known.get(&known) {
            return place.clone();
        }
        let place = self.read(hours, reference).map(|opening| {
            self.openings.push(opening);
            self.openings.len() - 1
        });
        self.known.insert(known, place.clone());
        place
    }

    fn read(&self, hours: &str, reference: Option<ScheduleReference>) -> Result<Opening, Problem> {
        let zone = self.context.zone();
        let parse = |hours: &str| Hours::parse(hours, self.context).map_err(Problem::from);
        let Some(ScheduleReference { key, when_open }) = reference else {
            let hours = Some(parse(hours)?);
            return Ok(Opening { hours, closed: Vec::new(), zone, schedule: None, when_open: true });
        };
        let schedule = self.schedules.get(&key).ok_or_else(|| RouteProblem::UnknownSchedule(key.clone()))?;
        let hours = schedule.hours.as_deref().map(parse).transpose()?;
        Ok(Opening { hours, closed: merged(schedule), zone, schedule: Some(key), when_open })
    }

    pub(super) fn into_all(self) -> Vec<Opening> {
        self.openings
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::routing::named::ClosedDays;

    /// Compiles `hours` the way every route does.
    fn opening(text: &str, schedule: Schedule) -> Opening {
        let context = HoursContext::new(chrono_tz::Europe::Berlin, "DE", None);
        let shared = Shared { schedules: vec![schedule], ..Shared::default() };
        let mut openings = Openings::new(&context, &shared);
        openings.place(text).unwrap();
        openings.into_all().remove(0)
    }

    fn office() -> Schedule {
        let day = |text: &str| text.parse().unwrap();
        let closed = ClosedDays { start: day("2026-12-24"), end: day("2026-12-31"), name: None };
        Schedule { name: "office".into(), hours: Some("Mo-Fr 09:00-17:00".into()), closed: vec![closed] }
    }

    fn ms(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
    }

    #[track_caller]
    fn check(text: &str, closed_at: &str, opens: Option<&str>) {
        let opening = opening(text, office());
        assert!(!opening.takes_part(ms(closed_at), false), "{text} is closed at {closed_at}");
        assert_eq!(opening.takes_part_after(ms(closed_at), 14, None), opens.map(ms), "{text} after {closed_at}");
    }

    #[test]
    fn the_next_opening_is_the_first_open_minute_by_the_wall_clock() {
        let office = "Mo-Fr 09:00-12:00,13:00-17:00; PH off";
        // Monday morning, lunch, Friday evening, and the day before Christmas Eve's evening.
        check(office, "2026-11-23T06:00:00+01:00", Some("2026-11-23T09:00:00+01:00"));
        check(office, "2026-11-23T12:00:00+01:00", Some("2026-11-23T13:00:00+01:00"));
        check(office, "2026-11-27T17:00:00+01:00", Some("2026-11-30T09:00:00+01:00"));
        check(office, "2026-12-24T17:00:00+01:00", Some("2026-12-28T09:00:00+01:00"));
        check("Mo-Su 22:00-06:00", "2026-11-23T06:00:00+01:00", Some("2026-11-23T22:00:00+01:00"));
        check("2027 Jan 1", "2026-11-23T12:00:00+01:00", None);
        check("off", "2026-11-23T12:00:00+01:00", None);
        check("Dec 7", "2026-11-23T12:00:00+01:00", Some("2026-12-07T00:00:00+01:00"));
    }

    #[test]
    fn an_opening_that_the_clock_leaves_out_or_shows_twice_is_found() {
        // On 2026-03-29 02:00 is 03:00; on 2026-10-25 03:00 is 02:00 again.
        check("Su 02:30-05:00", "2026-03-29T01:00:00+01:00", Some("2026-03-29T03:00:00+02:00"));
        check("Su 02:30-02:45", "2026-10-25T02:50:00+02:00", Some("2026-10-25T02:30:00+01:00"));
    }

    #[test]
    fn a_schedule_opens_next_after_its_closing_days_and_closes_before_them() {
        // A Wednesday evening, then eight closed days; New Year's Day is no holiday of this schedule.
        check("@office", "2026-12-23T17:00:00+01:00", Some("2027-01-01T09:00:00+01:00"));
        check("not @office", "2026-12-23T12:00:00+01:00", Some("2026-12-23T17:00:00+01:00"));
        check("not @office", "2026-12-22T12:00:00+01:00", Some("2026-12-22T17:00:00+01:00"));
        let days = Schedule { hours: None, ..office() };
        let opening = opening("not @office", days);
        assert_eq!(
            opening.takes_part_after(ms("2026-12-20T12:00:00Z"), 14, None),
            Some(ms("2026-12-24T00:00:00+01:00"))
        );
        assert_eq!(opening.takes_part_after(ms("2026-12-09T12:00:00Z"), 14, None), None);
    }

    #[test]
    fn while_the_switch_holds_hours_open_when_it_ends_or_at_their_next_time() {
        let opening = opening("Mo-Fr 09:00-17:00", office());
        let at_ms = ms("2026-11-23T10:00:00+01:00");
        for (until, opens) in [
            ("2026-11-23T14:30:00+01:00", "2026-11-23T14:30:00+01:00"),
            ("2026-11-24T08:00:00+01:00", "2026-11-24T09:00:00+01:00"),
            ("2026-11-24T09:00:00+01:00", "2026-11-24T09:00:00+01:00"),
        ] {
            let switch = ClosedSwitch { since_ms: at_ms - 1, until_ms: ms(until) };
            assert!(!opening.takes_part(at_ms, true));
            assert_eq!(opening.takes_part_after(at_ms, 14, Some(switch)), Some(ms(opens)), "{until}");
        }
    }
}
