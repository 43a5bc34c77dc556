use proptest::prelude::*;

use super::*;
use crate::calls::call::Call;
use crate::stats::rollup::tests::any_call;
use crate::stats::rollup::{CellKey, Contribution, Differences};

fn berlin() -> BusinessTime {
    BusinessTime::new(chrono_tz::Europe::Berlin, None)
}

fn day(text: &str) -> chrono::NaiveDate {
    text.parse().unwrap()
}

fn range(start: &str, end: &str) -> DayRange {
    DayRange { start: day(start), end: day(end) }
}

fn cells(calls: &[(Call, bool)]) -> impl Iterator<Item = (CellKey, Cell)> {
    let mut cells = Differences::default();
    for (call, in_hours) in calls {
        cells.replace(None, Some(&Contribution::of(call, *in_hours, &berlin())));
    }
    cells.into_cells().into_iter()
}

fn summed_up(calls: &[(Call, bool)]) -> MonthSums {
    let mut sums = MonthSums::default();
    for (key, cell) in cells(calls) {
        sums.add_packed(key.tier, key.bucket, &key.subject, &cell.pack(), &berlin()).unwrap();
    }
    sums
}

fn calls_together(calls: &[(Call, bool)]) -> MonthCalls {
    let mut month = MonthCalls::default();
    for (key, cell) in cells(calls).filter(|(key, _)| key.tier == Tier::Day) {
        month.add_packed(key.bucket, &cell.pack()).unwrap();
    }
    month
}

/// Counts sums by class, from the calls alone.
fn counted<K: Ord>(calls: &[(Call, bool)], key: impl Fn(&Call) -> K) -> BTreeMap<(K, Class), Sums> {
    let mut counted: BTreeMap<_, Sums> = BTreeMap::new();
    for (call, in_hours) in calls {
        let class = Contribution::of(call, *in_hours, &berlin()).class;
        let sums = counted.entry((key(call), class)).or_default();
        sums.calls += 1;
        sums.talk_calls += i64::from(call.talk_seconds.is_some());
        sums.talk_seconds += i64::from(call.talk_seconds.unwrap_or_default());
    }
    counted
}

fn by_subject<'a>(each: impl Iterator<Item = (&'a str, Class, Sums)>) -> BTreeMap<(Option<String>, Class), Sums> {
    each.map(|(name, class, sums)| ((Some(name.to_owned()).filter(|name| !name.is_empty()), class), sums)).collect()
}

proptest! {
    #[test]
    fn a_month_is_the_sum_of_its_calls(calls in prop::collection::vec((any_call(), any::<bool>()), 0..60)) {
        let month = summed_up(&calls);
        let hours: BTreeMap<_, _> = month.hours().map(|(hour, class, calls)| ((hour, class), calls)).collect();
        let expected = counted(&calls, |call| WeekHour::of(&berlin(), call.started_ms));
        prop_assert_eq!(hours, expected.into_iter().map(|(key, sums)| (key, sums.calls)).collect());
        prop_assert_eq!(by_subject(month.lines()), counted(&calls, |call| call.number.clone()));
        prop_assert_eq!(by_subject(month.peers()), counted(&calls, |call| call.peer.clone()));
    }

    #[test]
    fn a_month_has_the_durations_of_its_calls_and_how_many_each_day_had(
        calls in prop::collection::vec((any_call(), any::<bool>()), 0..60),
    ) {
        let month = calls_together(&calls);
        let mut together = Cell::default();
        for (call, in_hours) in &calls {
            let Contribution { class, figures, .. } = Contribution::of(call, *in_hours, &berlin());
            together.add(class, &figures, 1);
        }
        prop_assert_eq!(month.cell(), &together);
        let days = month.days().flat_map(|(day, by_class)| by_class.map(move |(class, calls)| ((day, class), calls)));
        let expected = counted(&calls, |call| day_number(berlin().day(call.started_ms)));
        prop_assert_eq!(days.collect::<BTreeMap<_, _>>(), expected.into_iter().map(|(key, sums)| (key, sums.calls)).collect());
    }

    #[test]
    fn calls_of_a_month_are_read_as_they_were_packed(calls in prop::collection::vec((any_call(), any::<bool>()), 0..40)) {
        let month = calls_together(&calls);
        let packed = month.pack();
        prop_assert_eq!(MonthCalls::unpack(&packed), Some(month));
        prop_assert_eq!(MonthCalls::unpack(&[&packed[..], &[0]].concat()), None, "one byte too many");
        prop_assert_eq!(MonthCalls::unpack(&packed[..packed.len() - 1]), None, "one byte too few");
    }

    #[test]
    fn a_month_is_read_as_it_was_packed(calls in prop::collection::vec((any_call(), any::<bool>()), 0..40)) {
        let month = summed_up(&calls);
        let packed = month.pack();
        for length in 0..packed.len() {
            prop_assert_eq!(MonthSums::unpack(&packed[..length]), None, "cut off after {} bytes", length);
        }
        prop_assert_eq!(MonthSums::unpack(&[&packed[..], &[0]].concat()), None, "one byte too many");
        prop_assert_eq!(MonthSums::unpack(&packed), Some(month));
    }

    #[test]
    fn what_is_no_month_is_told(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Some(month) = MonthSums::unpack(&bytes) {
            prop_assert_eq!(MonthSums::unpack(&month.pack()), Some(month));
        }
        if let Some(month) = MonthCalls::unpack(&bytes) {
            prop_assert_eq!(MonthCalls::unpack(&month.pack()), Some(month));
        }
    }
}

#[test]
fn what_is_no_cell_is_told() {
    let mut month = MonthSums::default();
    for tier in [Tier::Hour, Tier::Line, Tier::Peer] {
        assert_eq!(month.add_packed(tier, 0, "a", &[0, 1], &berlin()), None, "{tier:?}");
    }
    assert_eq!(MonthCalls::default().add_packed(0, &[0, 1]), None);
}

#[test]
fn days_are_left_around_and_between_what_is_taken_out() {
    let year = range("2026-01-10", "2026-12-31");
    let [march, april, june] =
        [range("2026-03-01", "2026-03-31"), range("2026-04-01", "2026-04-30"), range("2026-06-01", "2026-06-30")];
    assert_eq!(days_without(year, []), [year]);
    assert_eq!(
        days_without(year, [march, april, june]),
        [range("2026-01-10", "2026-02-28"), range("2026-05-01", "2026-05-31"), range("2026-07-01", "2026-12-31")]
    );
    assert_eq!(days_without(march, [march]), []);
    assert_eq!(days_without(range("2026-03-01", "2026-06-30"), [march, june]), [range("2026-04-01", "2026-05-31")]);
}
