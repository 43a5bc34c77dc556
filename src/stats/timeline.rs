//! The time series of calls by outcome in each step of a period, as a chart shows it. Durations per step, which take
//! longer to add up than all the rest, are left to reports.

use std::collections::HashMap;

use super::business::BusinessTime;
use super::filter::{Filter, FilterError};
use super::report::{CountedCall, GroupBy, call_key, cell_key, time_keys};
use super::rollup::{Class, Tier};
use super::totals::OutcomeCounts;
use crate::calls::outcome::Outcome;

/// The calls of one hour, day, week or month.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The key of the step, as in reports.
    pub key: String,
    /// The number of calls by outcome.
    pub outcomes: OutcomeCounts,
}

/// Aggregates cells and calls to the steps of a period, empty ones included.
pub struct Timeline<'a> {
    filter: &'a Filter,
    step: GroupBy,
    business: &'a BusinessTime,
    steps: Vec<Step>,
    places: HashMap<String, usize>,
}

impl<'a> Timeline<'a> {
    /// Creates a time series with nothing counted.
    ///
    /// # Errors
    /// When there would be too many steps.
    pub fn new(filter: &'a Filter, step: GroupBy, business: &'a BusinessTime) -> Result<Self, FilterError> {
        let keys = time_keys(step, filter.days, business)?;
        let places = keys.iter().cloned().zip(0..).collect();
        let steps = keys.into_iter().map(|key| Step { key, outcomes: OutcomeCounts::default() }).collect();
        Ok(Self { filter, step, business, steps, places })
    }

    /// Adds the calls of each class in a bucket of a tier. Calls without HungUp count as over: see
    /// [`Timeline::add_open_call`].
    pub fn add_bucket(&mut self, tier: Tier, bucket: i64, calls: impl Iterator<Item = (Class, i64)>) {
        let place = self.place(cell_key(self.step, tier, bucket, self.business));
        for (class, calls) in calls {
            self.add(place, class, class.progress.outcome_when_over(), calls);
        }
    }

    /// Adds the calls of each class that began in the hour which began then. Calls without HungUp count as over, too.
    pub fn add_hour(&mut self, hour_start_ms: i64, calls: impl Iterator<Item = (Class, i64)>) {
        let place = self.place(call_key(self.step, hour_start_ms, self.business));
        for (class, calls) in calls {
            self.add(place, class, class.progress.outcome_when_over(), calls);
        }
    }

    /// Corrects for a call that cells count as over, but which is still running.
    pub fn add_open_call(&mut self, call: &CountedCall) {
        let place = self.place(call_key(self.step, call.started_ms, self.business));
        self.add(place, call.class, call.class.progress.outcome_when_over(), -1);
        self.add(place, call.class, Outcome::Open, 1);
    }

    /// Adds one call that is not counted from cells.
    pub fn add_call(&mut self, call: &CountedCall, is_open: bool) {
        let place = self.place(call_key(self.step, call.started_ms, self.business));
        let outcome = if is_open { Outcome::Open } else { call.class.progress.outcome_when_over() };
        self.add(place, call.class, outcome, 1);
    }

    /// Returns the steps in order.
    pub fn finish(self) -> Vec<Step> {
        self.steps
    }

    /// Returns the index of a step; `None` outside the period.
    fn place(&self, key: String) -> Option<usize> {
        self.places.get(&key).copied()
    }

    fn add(&mut self, place: Option<usize>, class: Class, outcome: Outcome, calls: i64) {
        let step = place.and_then(|place| self.steps.get_mut(place));
        if let Some(step) = step.filter(|_| self.filter.counts(class, outcome)) {
            step.outcomes.add(outcome, calls);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::calls::call::Call;
    use crate::stats::report::tests::{any_filter, asked, berlin, counted, days, from_calls, is_open};
    use crate::stats::rollup::tests::any_call;
    use crate::stats::rollup::{Contribution, Differences};

    fn any_step() -> impl Strategy<Value = GroupBy> {
        prop::sample::select(vec![GroupBy::Hour, GroupBy::Day, GroupBy::Week, GroupBy::Month])
    }

    fn of_calls(calls: &[(Call, bool)], filter: &Filter, step: GroupBy, now_ms: i64) -> Vec<Step> {
        let business = berlin();
        let mut timeline = Timeline::new(filter, step, &business).unwrap();
        for (call, in_hours) in calls {
            timeline.add_call(&counted(call, *in_hours), is_open(call, now_ms));
        }
        timeline.finish()
    }

    fn of_cells(calls: &[(Call, bool)], filter: &Filter, step: GroupBy, now_ms: i64) -> Vec<Step> {
        let business = berlin();
        let mut cells = Differences::default();
        for (call, in_hours) in calls {
            cells.replace(None, Some(&Contribution::of(call, *in_hours, &business)));
        }
        let tier = if step == GroupBy::Hour { Tier::Hour } else { Tier::Day };
        let mut timeline = Timeline::new(filter, step, &business).unwrap();
        for (key, cell) in cells.into_cells().into_iter().filter(|(key, _)| key.tier == tier) {
            timeline.add_bucket(tier, key.bucket, cell.iter().map(|(class, figures)| (class, figures.calls)));
        }
        for (call, in_hours) in calls.iter().filter(|(call, _)| is_open(call, now_ms)) {
            timeline.add_open_call(&counted(call, *in_hours));
        }
        timeline.finish()
    }

    proptest! {
        #[test]
        fn steps_count_what_groups_of_a_report_count(
            mut calls in prop::collection::vec((any_call(), any::<bool>()), 0..30),
            filter in any_filter(),
            step in any_step(),
            now_ms in 1_792_800_000_000..1_793_100_000_000_i64,
        ) {
            calls.retain(|(call, _)| asked(&filter, call));
            let groups = from_calls(&calls, &filter, Some(step), now_ms).groups.unwrap();
            let expected: Vec<_> =
                groups.into_iter().map(|group| Step { key: group.key.unwrap(), outcomes: group.totals.outcomes }).collect();
            prop_assert_eq!(&of_calls(&calls, &filter, step, now_ms), &expected);
            prop_assert_eq!(&of_cells(&calls, &filter, step, now_ms), &expected);
        }
    }

    #[test]
    fn a_step_without_calls_is_there_too() {
        let (filter, business) = (Filter::all(days()), berlin());
        let steps = Timeline::new(&filter, GroupBy::Day, &business).unwrap().finish();
        let keys: Vec<_> = steps.iter().map(|step| step.key.as_str()).collect();
        assert_eq!(keys, ["2026-10-24", "2026-10-25", "2026-10-26"]);
        assert!(steps.iter().all(|step| step.outcomes.total() == 0));
    }
}
