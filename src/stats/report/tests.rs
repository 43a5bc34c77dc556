use proptest::prelude::*;

use super::*;
use crate::calls::call::Call;
use crate::placetel::event::Direction;
use crate::stats::rollup::tests::any_call;
use crate::stats::rollup::{Contribution, Differences};

const TIMEOUT_MS: i64 = 3_600_000;

pub(in crate::stats) fn berlin() -> BusinessTime {
    BusinessTime::new(chrono_tz::Europe::Berlin, None)
}

pub(in crate::stats) fn days() -> DayRange {
    DayRange { start: "2026-10-24".parse().unwrap(), end: "2026-10-26".parse().unwrap() }
}

pub(in crate::stats) fn counted(call: &Call, in_hours: bool) -> CountedCall {
    let Contribution { class, figures, .. } = Contribution::of(call, in_hours, &berlin());
    CountedCall {
        started_ms: call.started_ms,
        class,
        number: call.number.clone(),
        peer: call.peer.clone(),
        party: call.party.clone(),
        route_id: None,
        figures,
    }
}

/// Filters calls as the database would: rows by filter, cells by tier and subject.
pub(in crate::stats) fn asked(filter: &Filter, call: &Call) -> bool {
    filter.number.as_ref().is_none_or(|number| call.number.as_ref() == Some(number))
        && filter.peer.as_ref().is_none_or(|peer| call.peer.as_ref() == Some(peer))
        && days().start <= berlin().day(call.started_ms)
        && berlin().day(call.started_ms) <= days().end
}

pub(in crate::stats) fn is_open(call: &Call, now_ms: i64) -> bool {
    call.ending.is_none() && call.started_ms > now_ms - TIMEOUT_MS
}

pub(in crate::stats) fn from_calls(
    calls: &[(Call, bool)],
    filter: &Filter,
    group_by: Option<GroupBy>,
    now_ms: i64,
) -> Report {
    let business = berlin();
    let mut counter = Counter::new(filter, group_by, &business).unwrap();
    for (call, in_hours) in calls.iter().filter(|(call, _)| asked(filter, call)) {
        counter.add_call(&counted(call, *in_hours), is_open(call, now_ms));
    }
    counter.finish(20, 1_000)
}

fn from_cells(calls: &[(Call, bool)], filter: &Filter, group_by: Option<GroupBy>, now_ms: i64) -> Option<Report> {
    let Source::Cells(tier, subject) = Source::of(filter, group_by) else { return None };
    let business = berlin();
    let mut cells = Differences::default();
    for (call, in_hours) in calls.iter().filter(|(call, _)| asked(&Filter::all(days()), call)) {
        cells.replace(None, Some(&Contribution::of(call, *in_hours, &business)));
    }
    let mut counter = Counter::new(filter, group_by, &business).unwrap();
    for (key, cell) in cells.into_cells() {
        if key.tier == tier && subject.as_ref().is_none_or(|subject| *subject == key.subject) {
            counter.add_cell(tier, key.bucket, &key.subject, &cell);
        }
    }
    for (call, in_hours) in calls.iter().filter(|(call, _)| asked(filter, call) && is_open(call, now_ms)) {
        counter.add_open_call(&counted(call, *in_hours));
    }
    Some(counter.finish(20, 1_000))
}

pub(in crate::stats) fn any_filter() -> impl Strategy<Value = Filter> {
    let number = prop::sample::select(vec![None, None, Some("+4922129191999"), Some("23"), Some("nobody")]);
    let peer = prop::sample::select(vec![None, None, Some("7777anna@fpbx.de")]);
    let direction = prop::sample::select(vec![None, Some(Direction::In), Some(Direction::Out)]);
    let outcomes = prop::sample::subsequence(Outcome::ALL.to_vec(), 0..=11);
    (number, peer, direction, outcomes, any::<Option<bool>>()).prop_map(
        |(number, peer, direction, outcomes, in_hours)| Filter {
            number: number.map(str::to_owned),
            peer: peer.map(str::to_owned),
            direction,
            outcomes,
            in_hours,
            ..Filter::all(days())
        },
    )
}

fn any_grouping() -> impl Strategy<Value = Option<GroupBy>> {
    prop::sample::select(vec![
        None,
        Some(GroupBy::Hour),
        Some(GroupBy::Day),
        Some(GroupBy::Week),
        Some(GroupBy::Month),
        Some(GroupBy::WeekdayHour),
        Some(GroupBy::Number),
        Some(GroupBy::Peer),
    ])
}

proptest! {
    #[test]
    fn cells_and_calls_give_the_same_figures(
        calls in prop::collection::vec((any_call(), any::<bool>()), 0..30),
        filter in any_filter(),
        group_by in any_grouping(),
        now_ms in 1_792_800_000_000..1_793_100_000_000_i64,
    ) {
        if let Some(report) = from_cells(&calls, &filter, group_by, now_ms) {
            prop_assert_eq!(report, from_calls(&calls, &filter, group_by, now_ms));
        }
    }
}

#[test]
fn every_plain_question_has_its_cells() {
    let all = Filter::all(days());
    let line = Filter { number: Some("23".into()), ..all.clone() };
    let line_and_peer = Filter { peer: Some("a".into()), ..line.clone() };
    assert_eq!(Source::of(&all, None), Source::Cells(Tier::Day, None));
    assert_eq!(Source::of(&all, Some(GroupBy::WeekdayHour)), Source::Cells(Tier::Hour, None));
    assert_eq!(Source::of(&all, Some(GroupBy::Number)), Source::Cells(Tier::Line, None));
    assert_eq!(Source::of(&line, Some(GroupBy::Month)), Source::Cells(Tier::Line, Some("23".into())));
    assert_eq!(Source::of(&line, Some(GroupBy::Hour)), Source::Columns);
    assert_eq!(Source::of(&line, Some(GroupBy::Peer)), Source::Columns);
    assert_eq!(Source::of(&line_and_peer, None), Source::Columns);
    assert_eq!(Source::of(&all, Some(GroupBy::Party)), Source::Columns);
}

#[test]
fn a_grouping_with_too_many_groups_is_refused() {
    let years = DayRange { start: "1990-01-01".parse().unwrap(), end: "2026-10-26".parse().unwrap() };
    let (filter, business) = (Filter::all(years), berlin());
    assert!(Counter::new(&filter, Some(GroupBy::Hour), &business).is_err());
    assert!(Counter::new(&filter, Some(GroupBy::Day), &business).is_err());
    assert!(Counter::new(&filter, Some(GroupBy::Month), &business).is_ok());
}

#[test]
fn groups_by_time_are_all_there_in_order_and_the_hour_that_comes_twice_is_two() {
    let one_day = Filter::all(DayRange::one("2026-10-25".parse().unwrap()));
    let business = berlin();
    let keys = |group_by| {
        let report = Counter::new(&one_day, Some(group_by), &business).unwrap().finish(20, 1_000);
        report.groups.unwrap().into_iter().filter_map(|group| group.key).collect::<Vec<_>>()
    };
    assert_eq!(keys(GroupBy::Hour).len(), 25);
    assert_eq!(keys(GroupBy::Hour)[2..4], ["2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00"]);
    assert_eq!(keys(GroupBy::WeekdayHour).len(), 168);
    assert_eq!(keys(GroupBy::Week), ["2026-W43"]);
}
