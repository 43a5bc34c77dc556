//! When routes are open: by hours of their own or by a named schedule.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate};

use super::hours::{Hours, HoursContext};
use super::named::{Key, Schedule, ScheduleReference, Shared, unknown_schedule};
use crate::fields::Problem;

/// What a route's `hours` say.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    hours: Option<Hours>,
    /// First and last days, in order, none touching another.
    closed: Vec<(NaiveDate, NaiveDate)>,
    zone: chrono_tz::Tz,
    /// Whether the route is for when it is open, or for when it is not.
    when_open: bool,
}

impl Opening {
    /// Whether a route with these hours takes part. While the company `is_closed` nothing is open.
    pub(super) fn takes_part(&self, at_ms: i64, is_closed: bool) -> bool {
        (!is_closed && self.is_open(at_ms)) == self.when_open
    }

    fn is_open(&self, at_ms: i64) -> bool {
        !self.is_closed_day(at_ms) && self.hours.as_ref().is_none_or(|hours| hours.is_open(at_ms))
    }

    fn is_closed_day(&self, at_ms: i64) -> bool {
        if self.closed.is_empty() {
            return false;
        }
        // Near the end of what it knows, chrono has no local time.
        const CENTURIES_MS: i64 = 8000 * 365 * 86_400_000;
        let Some(instant) = DateTime::from_timestamp_millis(at_ms).filter(|_| at_ms.abs() < CENTURIES_MS) else {
            return false;
        };
        let today = instant.with_timezone(&self.zone).date_naive();
        let begun = self.closed.partition_point(|(start, _)| *start <= today);
        self.closed[..begun].last().is_some_and(|(_, end)| today <= *end)
    }
}

/// Days that touch or overlap become one.
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

/// All openings of a table, each text read once: many routes keep the same hours.
pub(super) struct Openings<'a> {
    context: &'a HoursContext,
    schedules: HashMap<Key, &'a Schedule>,
    known: HashMap<&'a str, Result<usize, Problem>>,
    openings: Vec<Opening>,
}

impl<'a> Openings<'a> {
    pub(super) fn new(context: &'a HoursContext, shared: &'a Shared) -> Self {
        let keyed = |schedule: &'a Schedule| Some((Key::parse(&schedule.name)?, schedule));
        let schedules = shared.schedules.iter().filter_map(keyed).collect();
        Self { context, schedules, known: HashMap::new(), openings: Vec::new() }
    }

    /// The place of what a route's `hours` say.
    pub(super) fn place(&mut self, hours: &'a str) -> Result<usize, Problem> {
        if let Some(known) = self.known.get(hours) {
            return known.clone();
        }
        let place = self.read(hours).map(|opening| {
            self.openings.push(opening);
            self.openings.len() - 1
        });
        self.known.insert(hours, place.clone());
        place
    }

    fn read(&self, hours: &str) -> Result<Opening, Problem> {
        let zone = self.context.zone();
        let parse = |hours: &str| Hours::parse(hours, self.context).map_err(|error| error.problem());
        let Some(reference) = ScheduleReference::read(hours) else {
            return Ok(Opening { hours: Some(parse(hours)?), closed: Vec::new(), zone, when_open: true });
        };
        let ScheduleReference { key, when_open } = reference?;
        let schedule = self.schedules.get(&key).ok_or_else(|| unknown_schedule(&key))?;
        let hours = schedule.hours.as_deref().map(parse).transpose()?;
        Ok(Opening { hours, closed: merged(schedule), zone, when_open })
    }

    pub(super) fn into_all(self) -> Vec<Opening> {
        self.openings
    }
}
