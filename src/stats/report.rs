//! Reports: aggregates cells and calls to the figures that people read.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde::Serialize;

use super::business::{BusinessTime, day_of_number, weekday_hour_key};
use super::filter::{Filter, FilterError, FilterProblem};
use super::period::{DayRange, month_key, week_key};
use super::rollup::{Cell, Class, Measures, Tier};
use super::totals::{Tally, Totals};
use crate::calls::outcome::Outcome;

/// Maximum number of groups of a report.
pub const MAX_GROUPS: usize = 10_000;

/// What the groups of a report are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum GroupBy {
    /// Local hours of the period.
    Hour,
    /// Business days.
    Day,
    /// ISO weeks.
    Week,
    /// Calendar months.
    Month,
    /// The 168 hours of a week.
    WeekdayHour,
    /// Own lines.
    Number,
    /// SIP users.
    Peer,
    /// The other side.
    Party,
    /// The route that answered.
    Route,
}

impl GroupBy {
    /// Returns the grouping with this API word.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "hour" => Self::Hour,
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            "weekday_hour" => Self::WeekdayHour,
            "number" => Self::Number,
            "peer" => Self::Peer,
            "party" => Self::Party,
            "route" => Self::Route,
            _ => return None,
        })
    }

    fn is_time(self) -> bool {
        matches!(self, Self::Hour | Self::Day | Self::Week | Self::Month | Self::WeekdayHour)
    }
}

/// The data source of a query's figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The cells of a tier, of one subject or of all.
    Cells(Tier, Option<String>),
    /// Packed calls, because no tier holds this combination.
    Columns,
    /// The calls themselves: an index tells those of one party.
    Calls,
}

impl Source {
    /// Returns the cheapest source that can answer the query.
    pub fn of(filter: &Filter, group_by: Option<GroupBy>) -> Self {
        if filter.party.is_some() {
            return Self::Calls;
        }
        if filter.search.is_some() || filter.route.is_some() || filter.lines.is_some() {
            return Self::Columns;
        }
        let by_day = matches!(group_by, None | Some(GroupBy::Day | GroupBy::Week | GroupBy::Month));
        match (&filter.number, &filter.peer, group_by) {
            (None, None, Some(GroupBy::Hour | GroupBy::WeekdayHour)) => Self::Cells(Tier::Hour, None),
            (None, None, _) if by_day => Self::Cells(Tier::Day, None),
            (number, None, Some(GroupBy::Number)) => Self::Cells(Tier::Line, number.clone()),
            (None, peer, Some(GroupBy::Peer)) => Self::Cells(Tier::Peer, peer.clone()),
            (Some(number), None, _) if by_day => Self::Cells(Tier::Line, Some(number.clone())),
            (None, Some(peer), _) if by_day => Self::Cells(Tier::Peer, Some(peer.clone())),
            _ => Self::Columns,
        }
    }
}

/// One call as a report counts it.
#[derive(Clone, Debug)]
pub struct CountedCall {
    /// When it began, milliseconds since 1970 UTC.
    pub started_ms: i64,
    /// The class in which it counts.
    pub class: Class,
    /// The own line.
    pub number: Option<String>,
    /// The SIP user.
    pub peer: Option<String>,
    /// The other side.
    pub party: Option<String>,
    /// The route that answered it.
    pub route_id: Option<i64>,
    /// The figures that it adds.
    pub figures: Measures,
}

/// One group of a report.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = StatsGroup)]
pub struct Group {
    /// What its calls have in common; `None` for those without.
    pub key: Option<String>,
    /// Of a route, its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its figures.
    #[serde(flatten)]
    pub totals: Totals,
}

/// The answer to a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The figures over all calls of the query.
    pub totals: Totals,
    /// The figures by group, if grouping was asked for.
    pub groups: Option<Vec<Group>>,
}

/// Aggregates cells and calls to a report.
pub struct Counter<'a> {
    filter: &'a Filter,
    group_by: Option<GroupBy>,
    business: &'a BusinessTime,
    /// The tally of every group; without grouping there is one.
    tallies: Vec<(Option<String>, Tally)>,
    places: HashMap<Option<String>, usize>,
    /// The tally of all calls that are in no group.
    rest: Tally,
}

impl<'a> Counter<'a> {
    /// Creates an empty report; groups by time begin with all their empty groups.
    ///
    /// # Errors
    /// When there would be too many groups.
    pub fn new(filter: &'a Filter, group_by: Option<GroupBy>, business: &'a BusinessTime) -> Result<Self, FilterError> {
        let mut counter =
            Self { filter, group_by, business, tallies: Vec::new(), places: HashMap::new(), rest: Tally::default() };
        if let Some(group_by) = group_by.filter(|group_by| group_by.is_time()) {
            for key in time_keys(group_by, filter.days, business)? {
                counter.place(Some(key));
            }
        }
        Ok(counter)
    }

    /// Adds a cell. Calls without HungUp count as over: see [`Counter::add_open_call`].
    pub fn add_cell(&mut self, tier: Tier, bucket: i64, subject: &str, cell: &Cell) {
        let key = match self.group_by {
            None => None,
            Some(GroupBy::Number | GroupBy::Peer) => (!subject.is_empty()).then(|| subject.to_owned()),
            Some(group_by) => Some(cell_key(group_by, tier, bucket, self.business)),
        };
        self.add_group(key, cell);
    }

    /// Adds the calls of a group. Calls without HungUp count as over: see [`Counter::add_open_call`].
    pub fn add_group(&mut self, key: Option<String>, cell: &Cell) {
        let counted = |(class, _): &(Class, &Measures)| self.filter.counts(*class, class.progress.outcome_when_over());
        let mut counted = cell.iter().filter(counted).peekable();
        if counted.peek().is_none() {
            return;
        }
        let place = self.place(key);
        for (class, figures) in counted {
            self.tallies[place].1.add(class.direction, class.progress.outcome_when_over(), figures, 1);
        }
    }

    /// Adds calls of groups that are not among those asked for: they count in the totals.
    pub fn add_rest(&mut self, cell: &Cell) {
        for (class, figures) in cell.iter() {
            let outcome = class.progress.outcome_when_over();
            if self.filter.counts(class, outcome) {
                self.rest.add(class.direction, outcome, figures, 1);
            }
        }
    }

    /// Corrects for a call that cells count as over, but which is still running.
    pub fn add_open_call(&mut self, call: &CountedCall) {
        let key = self.key_of(call);
        self.add(key.clone(), call.class, call.class.progress.outcome_when_over(), &call.figures, -1);
        self.add(key, call.class, Outcome::Open, &call.figures, 1);
    }

    /// Adds one call that is not counted from cells.
    pub fn add_call(&mut self, call: &CountedCall, is_open: bool) {
        let outcome = if is_open { Outcome::Open } else { call.class.progress.outcome_when_over() };
        self.add(self.key_of(call), call.class, outcome, &call.figures, 1);
    }

    fn add(&mut self, key: Option<String>, class: Class, outcome: Outcome, figures: &Measures, times: i64) {
        if !self.filter.counts(class, outcome) {
            return;
        }
        let place = self.place(key);
        self.tallies[place].1.add(class.direction, outcome, figures, times);
    }

    fn place(&mut self, key: Option<String>) -> usize {
        if let Some(&place) = self.places.get(&key) {
            return place;
        }
        self.tallies.push((key.clone(), Tally::default()));
        self.places.insert(key, self.tallies.len() - 1);
        self.tallies.len() - 1
    }

    fn key_of(&self, call: &CountedCall) -> Option<String> {
        match self.group_by? {
            GroupBy::Number => call.number.clone(),
            GroupBy::Peer => call.peer.clone(),
            GroupBy::Party => call.party.clone(),
            GroupBy::Route => call.route_id.map(|id| id.to_string()),
            group_by => Some(call_key(group_by, call.started_ms, self.business)),
        }
    }

    /// Returns the report; of groups other than times, the `limit` largest.
    pub fn finish(mut self, service_level_seconds: u32, limit: usize) -> Report {
        let mut total = self.rest;
        if self.group_by.is_none() {
            total = self.tallies.pop().map(|(_, tally)| tally).unwrap_or_default();
        }
        self.tallies.iter().for_each(|(_, tally)| total.merge(tally));
        let groups = self.group_by.map(|group_by| {
            let group = |(key, tally): (Option<String>, Tally)| {
                let mut totals = tally.totals(service_level_seconds);
                if group_by == GroupBy::Peer {
                    (totals.accepted_rate, totals.service_level) = (None, None);
                }
                Group { key, name: None, totals }
            };
            let mut groups: Vec<Group> = self.tallies.into_iter().map(group).collect();
            if !group_by.is_time() {
                groups.retain(|group| group.totals.calls > 0);
                groups.sort_by(|a, b| {
                    let key = |group: &Group| (-group.totals.calls, group.key.is_none());
                    key(a).cmp(&key(b)).then_with(|| a.key.cmp(&b.key))
                });
                groups.truncate(limit);
            }
            groups
        });
        Report { totals: total.totals(service_level_seconds), groups }
    }
}

/// Returns the key of a call's group, by when it began.
pub(super) fn call_key(group_by: GroupBy, started_ms: i64, business: &BusinessTime) -> String {
    match group_by {
        GroupBy::Hour | GroupBy::WeekdayHour => hour_key(group_by, business.hour_start_ms(started_ms), business),
        _ => day_key(group_by, business.day(started_ms)),
    }
}

/// Returns the key of the group of a cell's calls, by when they began.
pub(super) fn cell_key(group_by: GroupBy, tier: Tier, bucket: i64, business: &BusinessTime) -> String {
    match tier {
        Tier::Hour => hour_key(group_by, bucket, business),
        Tier::Day | Tier::Line | Tier::Peer => day_key(group_by, day_of_number(bucket)),
    }
}

fn hour_key(group_by: GroupBy, hour_start_ms: i64, business: &BusinessTime) -> String {
    match group_by {
        GroupBy::WeekdayHour => business.weekday_hour_key(hour_start_ms),
        _ => business.hour_key(hour_start_ms),
    }
}

fn day_key(group_by: GroupBy, day: NaiveDate) -> String {
    match group_by {
        GroupBy::Week => week_key(day),
        GroupBy::Month => month_key(day),
        _ => day.to_string(),
    }
}

/// Returns all keys of a grouping by time, in order.
///
/// # Errors
/// When there are too many.
pub(super) fn time_keys(
    group_by: GroupBy,
    days: DayRange,
    business: &BusinessTime,
) -> Result<Vec<String>, FilterError> {
    let too_many = FilterError { field: "group_by", problem: FilterProblem::TooManyGroups };
    let mut keys: Vec<String> = match group_by {
        GroupBy::WeekdayHour => {
            (1..=7).flat_map(|weekday| (0..24).map(move |hour| weekday_hour_key(weekday, hour))).collect()
        }
        GroupBy::Hour => business
            .hour_starts(days.start, days.end)
            .take(MAX_GROUPS + 1)
            .map(|start| business.hour_key(start))
            .collect(),
        // Even a grouping by month has at least one group per 31 days.
        _ if days.len() > 31 * MAX_GROUPS as i64 => return Err(too_many),
        _ => days.days().map(|day| day_key(group_by, day)).collect(),
    };
    keys.dedup();
    if keys.len() > MAX_GROUPS { Err(too_many) } else { Ok(keys) }
}

#[cfg(test)]
pub(super) mod tests;
