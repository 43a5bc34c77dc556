use super::*;
use crate::calls::phone::Numbering;
use crate::placetel::reply::Reply;
use crate::routing::hours::HoursContext;
use crate::routing::named::{ClosedDays, ClosedSwitch, NumberList, Schedule, Shared};
use std::sync::Arc;

/// Monday, 2026-11-23, 11:00 in Berlin.
const MONDAY_MS: i64 = 1_795_428_000_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

fn route(id: i64, to: &[&str], from: &[&str], hours: Option<&str>) -> Route {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    Route {
        id,
        name: format!("Route {id}"),
        enabled: true,
        position: id,
        to: texts(to),
        from: texts(from),
        hours: hours.map(ToOwned::to_owned),
        reply: Reply::Hangup,
        version: 1,
    }
}

fn found(routes: &[Route]) -> Warnings {
    found_with(routes, &Shared::default())
}

fn found_with(routes: &[Route], shared: &Shared) -> Warnings {
    let context = HoursContext::new(chrono_tz::Europe::Berlin, "DE", None);
    let numbering = Arc::new(Numbering::new("DE").unwrap());
    let compile_context = CompileContext { numbering: &numbering, hours: &context, shared };
    let (table, _) = RoutingTable::compile(routes, compile_context);
    warnings(routes, &table, compile_context, MONDAY_MS)
}

/// Returns pairs of a route that never matches and the earlier one that takes its calls.
fn covered(routes: &[Route]) -> Vec<(i64, i64)> {
    covered_with(routes, &Shared::default())
}

fn covered_with(routes: &[Route], shared: &Shared) -> Vec<(i64, i64)> {
    let pairs = found_with(routes, shared).items.into_iter().filter_map(|warning| match warning {
        Warning::NeverMatches { route, by } => Some((route.id, by.id)),
        _ => None,
    });
    pairs.collect()
}

fn uncovered(routes: &[Route]) -> Vec<(Vec<String>, Vec<Gap>)> {
    uncovered_with(routes, &Shared::default())
}

fn uncovered_with(routes: &[Route], shared: &Shared) -> Vec<(Vec<String>, Vec<Gap>)> {
    let gaps = found_with(routes, shared).items.into_iter().filter_map(|warning| match warning {
        Warning::Uncovered { numbers, gaps } => Some((numbers, gaps)),
        _ => None,
    });
    gaps.collect()
}

const OFFICE: Option<&str> = Some("Mo-Fr 09:00-17:00");

#[test]
fn a_sound_table_and_an_empty_one_have_no_warnings() {
    assert_eq!(found(&[]), Warnings::default());
    let sound = [
        route(1, &[], &["01712345678"], None),
        route(2, &["022129191999"], &["030*"], OFFICE),
        route(3, &["022129191999"], &[], OFFICE),
        route(4, &["0221*"], &[], None),
        route(5, &[], &[], None),
    ];
    assert_eq!(found(&sound), Warnings::default());
}

#[test]
fn a_route_after_one_that_takes_all_its_calls_never_matches() {
    let any = |id| route(id, &[], &[], None);
    assert_eq!(covered(&[any(1), route(2, &["23"], &["030*"], OFFICE)]), [(2, 1)]);
    assert_eq!(covered(&[any(1), any(2)]), [(2, 1)]);
    let pairs: [(&[&str], &[&str]); 6] = [
        (&["0221*"], &["022129191999"]),
        (&["0221*"], &["+4922129191999", "0221 1*"]),
        (&["022129191999"], &["+49 221 29191999"]),
        (&["0221*", "23"], &["23", "02212*"]),
        (&["*"], &["23"]),
        (&["anonymous", "0*"], &["Anonymous"]),
    ];
    for (wider, narrower) in pairs {
        assert_eq!(covered(&[route(1, wider, &[], None), route(2, narrower, &[], None)]), [(2, 1)], "{narrower:?}");
        assert_eq!(covered(&[route(1, &[], wider, None), route(2, &[], narrower, OFFICE)]), [(2, 1)], "{narrower:?}");
    }
    assert_eq!(covered(&[route(1, &["0221*"], &[], OFFICE), route(2, &["02219"], &["23"], OFFICE)]), [(2, 1)]);
    // Of several earlier routes, the first is named.
    let several = [route(1, &["022*"], &[], None), route(2, &["0221*"], &[], None), route(3, &["02219"], &[], None)];
    assert_eq!(covered(&several), [(2, 1), (3, 1)]);
}

#[test]
fn a_route_that_may_match_is_not_warned_of() {
    for (first, second) in [
        (route(1, &["0221*"], &[], None), route(2, &["022*"], &[], None)),
        (route(1, &["0221*"], &[], None), route(2, &["02211", "23"], &[], None)),
        (route(1, &["0221*"], &[], None), route(2, &[], &[], None)),
        (route(1, &["0221*"], &["030*"], None), route(2, &["02211"], &[], None)),
        (route(1, &[], &[], OFFICE), route(2, &["23"], &[], None)),
        (route(1, &[], &[], OFFICE), route(2, &["23"], &[], Some("Mo-Fr 09:00-18:00"))),
        (route(1, &["23*"], &[], None), route(2, &["023"], &[], None)),
        (route(1, &["anonymous"], &[], None), route(2, &["*"], &[], None)),
    ] {
        assert_eq!(covered(&[first.clone(), second.clone()]), [], "{first:?} {second:?}");
    }
    let mut off = route(1, &[], &[], None);
    off.enabled = false;
    assert_eq!(covered(&[off, route(2, &["23"], &[], None)]), []);
    // A route takes calls from those after it, not from those before.
    assert_eq!(covered(&[route(2, &[], &[], None), route(1, &["23"], &[], None)]), []);
}

#[test]
fn a_table_without_a_last_resort_says_so() {
    let is_missing = |routes: &[Route]| found(routes).items.contains(&Warning::NoLastResort);
    assert!(is_missing(&[route(1, &["23"], &[], None)]));
    assert!(is_missing(&[route(1, &[], &[], OFFICE)]));
    assert!(is_missing(&[route(1, &[], &["030*"], None)]));
    let mut off = route(2, &[], &[], None);
    off.enabled = false;
    assert!(is_missing(&[route(1, &["23"], &[], None), off]));
    assert!(!is_missing(&[route(1, &["23"], &[], None), route(2, &["*"], &["*"], None)]));
}

#[test]
fn hours_that_never_open_are_told() {
    let never = |hours| {
        let found = found(&[route(1, &[], &[], Some(hours)), route(2, &[], &[], None)]);
        found.items.iter().filter(|warning| matches!(warning, Warning::NeverOpens { route } if route.id == 1)).count()
    };
    assert_eq!(never("2009 Jan 1"), 1);
    assert_eq!(never("off"), 1);
    // The next one is in 2028.
    assert_eq!(never("Feb 29"), 1);
    for hours in ["Dec 24", "Mo", "Nov 22 10:00-12:00", "Mo-Fr 09:00-17:00; PH off"] {
        assert_eq!(never(hours), 0, "{hours}");
    }
}

#[test]
fn hours_that_nobody_covers_are_told_for_each_number() {
    let at = |day: i64, hour: i64| MONDAY_MS + day * DAY_MS + (hour - 11) * HOUR_MS;
    let gap = |from: (i64, i64), to: (i64, i64)| Gap { start_ms: at(from.0, from.1), end_ms: Some(at(to.0, to.1)) };
    let line = |hours| route(1, &["022129191999"], &[], hours);
    // Monday evening to Tuesday morning, and so on; the weekend is one gap.
    let nights = [((0, 17), (1, 9)), ((1, 17), (2, 9)), ((2, 17), (3, 9)), ((3, 17), (4, 9)), ((4, 17), (7, 9))];
    let nights: Vec<_> = nights.into_iter().map(|(from, to)| gap(from, to)).collect();
    let number = || vec!["022129191999".to_owned()];
    assert_eq!(uncovered(&[line(OFFICE)]), [(number(), nights.clone())]);
    // A route for certain callers does not cover other callers; one for other numbers does not either.
    let others = [line(OFFICE), route(2, &[], &["030*"], None), route(3, &["23"], &[], None)];
    assert_eq!(uncovered(&others), [(number(), nights.clone())]);
    // A route with a wider prefix does.
    let wider = [line(OFFICE), route(2, &["0221*"], &[], Some("Mo-Su 00:00-09:00,17:00-24:00"))];
    let weekend = vec![gap((5, 9), (5, 17)), gap((6, 9), (6, 17))];
    let all_but_the_wider = vec![
        gap((0, 11), (0, 17)),
        gap((1, 9), (1, 17)),
        gap((2, 9), (2, 17)),
        gap((3, 9), (3, 17)),
        gap((4, 9), (4, 17)),
        gap((5, 9), (5, 17)),
        gap((6, 9), (6, 17)),
        Gap { start_ms: at(7, 9), end_ms: None },
    ];
    assert_eq!(uncovered(&wider), [(number(), weekend), (vec!["0221*".to_owned()], all_but_the_wider)]);
    // Only certain callers: never covered.
    let never = vec![Gap { start_ms: MONDAY_MS, end_ms: None }];
    assert_eq!(uncovered(&[route(1, &["23"], &["030*"], None)]), [(vec!["23".to_owned()], never)]);
    // A route for any number.
    assert_eq!(uncovered(&[route(1, &[], &[], OFFICE)]), [(vec![], nights)]);
    // Several numbers with the same gaps are one warning; a last resort covers all.
    let two = [route(1, &["23", "24"], &[], OFFICE), route(2, &["25"], &[], OFFICE)];
    let [(numbers, _)] = &uncovered(&two)[..] else { panic!("one warning") };
    assert_eq!(numbers, &["23", "24", "25"]);
    assert_eq!(uncovered(&[line(OFFICE), route(9, &[], &[], None)]), []);
}

/// Many routes of the shapes that a company may have; comparing each with each would take seconds.
#[test]
fn ten_thousand_routes_take_no_time() {
    let number = |i: i64| format!("0221{:07}", 2_000_000 + i);
    let shapes: [fn(i64, &str) -> Route; 4] = [
        |i, number| route(i, &[number], &[], OFFICE),
        |i, number| route(i, &[], &[number], None),
        |i, number| route(i, &["022129191999"], &[number], OFFICE),
        |i, number| route(i, &[&format!("{number}*")], &["0*", "anonymous"], None),
    ];
    for shape in shapes {
        let mut routes: Vec<_> = (0..10_000).map(|i| shape(i, &number(i))).collect();
        routes.push(shape(10_000, &number(5_000)));
        let found = found(&routes);
        assert_eq!(found.unchecked, []);
        let covered: Vec<_> = found.items.iter().filter_map(Warning::route).map(|route| route.id).collect();
        assert_eq!(covered, [10_000]);
    }
}

#[test]
fn what_would_take_too_long_is_not_looked_at_and_said() {
    let hours = |i: i64| format!("Mo-Fr {:02}:{:02}-{:02}:00", i / 60 % 12, i % 60, 13 + i % 10);
    let routes: Vec<_> = (0..3_000).map(|i| route(i, &["23"], &[], Some(&hours(i)))).collect();
    let found = found(&routes);
    assert_eq!(found.unchecked, [Check::NeverMatches, Check::NeverOpens, Check::Uncovered]);
    assert_eq!(found.items, [Warning::NoLastResort]);
}

fn shared() -> Shared {
    let list = |name: &str, numbers: &[&str]| NumberList {
        name: name.into(),
        numbers: numbers.iter().map(|number| (*number).to_owned()).collect(),
    };
    let lists = vec![
        list("few", &["0221 1", "0221 2"]),
        list("more", &["0221*", "030 1"]),
        list("all", &["*"]),
        list("none", &[]),
    ];
    let closed = ClosedDays { start: "2026-11-25".parse().unwrap(), end: "2026-11-26".parse().unwrap(), name: None };
    let schedule = |name: &str, hours: Option<&str>, closed| Schedule {
        name: name.into(),
        hours: hours.map(ToOwned::to_owned),
        closed,
    };
    let schedules = vec![
        schedule("office", OFFICE, Vec::new()),
        schedule("days", None, vec![closed]),
        schedule("ever", None, vec![]),
    ];
    Shared { lists, schedules, closed: None }
}

#[test]
fn lists_cover_what_they_hold() {
    let pairs: [(&[&str], &[&str]); 8] = [
        (&["@few"], &["@FEW"]),
        (&["@few"], &["0221 1"]),
        (&["@more"], &["@few"]),
        (&["0221*"], &["@few"]),
        (&["@few", "23"], &["23", "0221 2"]),
        (&["0221*", "0301"], &["@more"]),
        (&["@all"], &["@more", "23"]),
        (&["@few", "@more"], &["@more", "0221 77"]),
    ];
    for (wider, narrower) in pairs {
        let covered = |first: &[Route; 2]| covered_with(first, &shared());
        assert_eq!(covered(&[route(1, wider, &[], None), route(2, narrower, &[], OFFICE)]), [(2, 1)], "{narrower:?}");
        assert_eq!(covered(&[route(1, &[], wider, None), route(2, &["9"], narrower, None)]), [(2, 1)], "{narrower:?}");
    }
    let pairs: [(&[&str], &[&str]); 6] = [
        (&["@few"], &["@more"]),
        (&["@more"], &["0301", "0302"]),
        (&["@few"], &["0221*"]),
        (&["@few"], &["@all"]),
        (&["@none"], &["23"]),
        (&["0221*"], &["@more"]),
    ];
    for (first, second) in pairs {
        assert_eq!(
            covered_with(&[route(1, first, &[], None), route(2, second, &[], None)], &shared()),
            [],
            "{second:?}"
        );
    }
}

#[test]
fn a_route_whose_lists_are_empty_is_for_nobody() {
    let routes = [
        route(1, &[], &["@none"], None),
        route(2, &["@none", "23"], &[], None),
        route(3, &["@none"], &[], OFFICE),
        route(4, &[], &[], None),
    ];
    let items = found_with(&routes, &shared()).items;
    let ids: Vec<_> = items.iter().map(|warning| (warning.route().map(|route| route.id), warning)).collect();
    assert!(matches!(ids[..], [(Some(1), Warning::ForNobody { .. }), (Some(3), Warning::ForNobody { .. })]), "{ids:?}");
}

#[test]
fn a_schedule_and_its_closing_are_a_last_resort_together() {
    let both = [route(1, &[], &[], Some("@office")), route(2, &[], &[], Some("not @Office"))];
    assert_eq!(found_with(&both, &shared()), Warnings::default());
    let other = [route(1, &[], &[], Some("@office")), route(2, &[], &[], Some("not @days"))];
    assert!(found_with(&other, &shared()).items.contains(&Warning::NoLastResort));
    // One for when it is always open matches while the switch holds.
    let switch = [route(1, &[], &[], Some("not @ever")), route(2, &[], &[], None)];
    assert_eq!(found_with(&switch, &shared()), Warnings::default());
}

#[test]
fn schedules_that_say_the_same_cover_each_other() {
    let routes =
        [route(1, &[], &[], Some("@office")), route(2, &["23"], &[], Some(" @OFFICE ")), route(3, &[], &[], None)];
    assert_eq!(covered_with(&routes, &shared()), [(2, 1)]);
    let routes =
        [route(1, &[], &[], Some("@office")), route(2, &["23"], &[], Some("not @office")), route(3, &[], &[], None)];
    assert_eq!(covered_with(&routes, &shared()), []);
}

#[test]
fn closing_days_and_the_switch_leave_gaps() {
    let at = |day: i64, hour: i64| MONDAY_MS + day * DAY_MS + (hour - 11) * HOUR_MS;
    // Wednesday and Thursday.
    let days = Gap { start_ms: at(2, 0), end_ms: Some(at(4, 0)) };
    let line = [route(1, &["23"], &[], Some("@days"))];
    let number = || vec!["23".to_owned()];
    assert_eq!(uncovered_with(&line, &shared()), [(number(), vec![days])]);
    let mut shared = shared();
    shared.closed = Some(ClosedSwitch { since_ms: at(0, 10), until_ms: at(1, 8) });
    let now = Gap { start_ms: MONDAY_MS, end_ms: Some(at(1, 8)) };
    assert_eq!(uncovered_with(&line, &shared), [(number(), vec![now, days])]);
    let closed = [line[0].clone(), route(2, &["23"], &[], Some("not @days"))];
    assert_eq!(uncovered_with(&closed, &shared), []);
}

#[test]
fn the_numbers_of_a_list_are_lines_like_others() {
    let routes = [route(1, &["@few"], &[], OFFICE), route(2, &["02212"], &[], None)];
    let uncovered = uncovered_with(&routes, &shared());
    let [(numbers, gaps)] = &uncovered[..] else { panic!("{uncovered:?}") };
    assert_eq!((numbers.as_slice(), gaps.len()), (&["0221 1".to_owned()][..], 5));
}
