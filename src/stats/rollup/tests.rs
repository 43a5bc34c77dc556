use proptest::prelude::*;

use super::*;
use crate::placetel::event::CallId;

fn berlin() -> BusinessTime {
    BusinessTime::new(chrono_tz::Europe::Berlin, None)
}

prop_compose! {
    /// Generates any call that a fold could give, and some that it could not.
    pub(crate) fn any_call()(
        direction in prop::sample::select(vec![None, Some(Direction::In), Some(Direction::Out)]),
        ending in prop::option::of(prop::sample::select(Outcome::ALL[..9].to_vec())),
        number in prop::sample::select(vec![None, Some("+4922129191999"), Some("23")]),
        peer in prop::sample::select(vec![None, Some("7777anna@fpbx.de"), Some("7777ben@fpbx.de")]),
        party in prop::sample::select(vec![None, Some("+491712345678"), Some("+4930123456")]),
        has_incoming in any::<bool>(),
        // Around the end of summer time, 2026-10-25T01:00Z.
        started_ms in 1_792_800_000_000..1_793_000_000_000_i64,
        accepted_after in prop::option::of(0..60_000_i64),
        ended_after in 60_000..100_000_i64,
        talk in prop::option::of(0..90_u32),
    ) -> Call {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Call {
            call_id: CallId::parse("a").unwrap(),
            direction,
            from: None,
            to: None,
            number: text(number),
            party: text(party),
            peer: text(peer),
            has_incoming,
            started_ms,
            accepted_ms: accepted_after.map(|after| started_ms + after),
            ended_ms: ending.map(|_| started_ms + ended_after),
            ending,
            talk_seconds: talk.filter(|_| ending == Some(Outcome::Accepted)),
            event_count: 1,
        }
    }
}

fn counted(calls: &[(Call, bool)]) -> BTreeMap<CellKey, Cell> {
    let mut cells = Differences::default();
    for (call, in_hours) in calls {
        cells.replace(None, Some(&Contribution::of(call, *in_hours, &berlin())));
    }
    cells.into_cells()
}

proptest! {
    #[test]
    fn cells_are_read_as_they_were_packed(calls in prop::collection::vec((any_call(), any::<bool>()), 0..40)) {
        for cell in counted(&calls).values() {
            prop_assert_eq!(Cell::unpack(&cell.pack()), Some(cell.clone()));
        }
    }

    #[test]
    fn changing_a_call_gives_what_counting_it_as_changed_gives(
        before in prop::collection::vec((any_call(), any::<bool>()), 1..20),
        after in prop::collection::vec((any_call(), any::<bool>()), 20),
    ) {
        let mut cells = counted(&before);
        let mut differences = Differences::default();
        for ((old, was_in_hours), (new, is_in_hours)) in before.iter().zip(&after) {
            let old = Contribution::of(old, *was_in_hours, &berlin());
            differences.replace(Some(&old), Some(&Contribution::of(new, *is_in_hours, &berlin())));
        }
        for (key, difference) in differences.into_cells() {
            let cell = cells.entry(key).or_default();
            cell.apply(&difference);
            prop_assert!(!cell.clamp());
        }
        cells.retain(|_, cell| !cell.is_empty());
        prop_assert_eq!(cells, counted(&after[..before.len()]));
    }

    #[test]
    fn bytes_that_are_no_cell_are_none_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Some(cell) = Cell::unpack(&bytes) {
            prop_assert!(cell.iter().all(|(_, figures)| figures.calls >= 0));
        }
    }
}

#[test]
fn what_falls_below_zero_is_dropped_and_told() {
    let call = Measures::one(Some(3), None);
    let class = Class { direction: None, in_hours: true, progress: Progress::Ringing };
    let mut cell = Cell::default();
    cell.add(class, &call, -1);
    assert!(cell.clamp());
    assert!(cell.is_empty());
    cell.add(class, &call, 1);
    assert!(!cell.clamp());
}
