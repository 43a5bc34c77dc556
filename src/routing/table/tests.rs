use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::routing::hours::Hours;
use crate::routing::matching::Pattern;
use crate::placetel::reply::{Queue, Reply};

/// Monday, 2026-11-23, 11:00 in Berlin.
const MONDAY_MS: i64 = 1_795_428_000_000;
/// Sunday, 2026-11-22, 11:00 in Berlin.
const SUNDAY_MS: i64 = MONDAY_MS - 86_400_000;

fn context() -> HoursContext {
    HoursContext::new(chrono_tz::Europe::Berlin, "DE", None)
}

fn numbering() -> Arc<Numbering> {
    Arc::new(Numbering::new("DE").unwrap())
}

fn route(id: i64, position: i64, to: &[&str], from: &[&str], hours: Option<&str>) -> Route {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    Route {
        id,
        name: format!("Route {id}"),
        enabled: true,
        position,
        to: texts(to),
        from: texts(from),
        hours: hours.map(ToOwned::to_owned),
        reply: Reply::Queue(Queue { id: id.to_string() }),
        version: 1,
    }
}

fn table(routes: &[Route]) -> RoutingTable {
    let (table, unusable) = RoutingTable::compile(routes, &Shared::default(), &numbering(), &context());
    assert_eq!(unusable, []);
    table
}

fn decide(table: &RoutingTable, from: Option<&str>, to: Option<&str>, at_ms: i64) -> Decision {
    table.decide(&Incoming { call_id: "call-1", from, to, at_ms }, &History::default())
}

#[test]
fn the_lowest_position_wins_and_then_the_lowest_id() {
    let table =
        table(&[route(4, 10, &["0221*"], &[], None), route(3, 10, &[], &[], None), route(9, -5, &["23"], &[], None)]);
    assert_eq!(decide(&table, None, Some("022129191999"), MONDAY_MS).route_id, Some(3));
    assert_eq!(decide(&table, None, Some("23"), MONDAY_MS).route_id, Some(9));
}

#[test]
fn a_decision_carries_the_routes_name_and_xml() {
    let table = table(&[route(7, 0, &[], &[], None)]);
    let decision = decide(&table, Some("anonymous"), Some("23"), MONDAY_MS);
    assert_eq!((decision.route_id, decision.route_name.as_deref()), (Some(7), Some("Route 7")));
    assert!(decision.xml.ends_with("<Response><Queue queue_id=\"7\" id=\"7\"/></Response>"), "{}", decision.xml);
}

#[test]
fn no_route_is_a_decision_too() {
    let mut disabled = route(1, 0, &[], &[], None);
    disabled.enabled = false;
    let table = table(&[disabled, route(2, 0, &["23"], &[], None), route(3, 0, &[], &["23"], None)]);
    let decision = decide(&table, None, None, MONDAY_MS);
    assert_eq!((decision.route_id, decision.route_name), (None, None));
    assert_eq!(&*decision.xml, EMPTY_RESPONSE);
}

#[test]
fn outside_its_hours_a_route_gives_way_to_the_next() {
    let table = table(&[
        route(1, 1, &[], &[], Some("Mo-Fr 09:00-17:00; PH off")),
        route(2, 2, &[], &["anonymous"], None),
        route(3, 3, &["*"], &["*"], None),
    ]);
    assert_eq!(decide(&table, None, Some("23"), MONDAY_MS).route_id, Some(1));
    assert_eq!(decide(&table, Some("Anonymous"), Some("23"), SUNDAY_MS).route_id, Some(2));
    assert_eq!(decide(&table, None, None, SUNDAY_MS).route_id, Some(3));
}

#[test]
fn a_route_that_cannot_be_used_matches_nothing_and_is_handed_back() {
    let mut routes = [
        route(1, 1, &[], &[], Some("Mo-Fr 9-17")),
        route(2, 2, &["1*1"], &[], None),
        route(3, 3, &[], &[], None),
        route(4, 4, &[], &[], Some("nonsense")),
    ];
    routes[3].enabled = false;
    let (table, unusable) = RoutingTable::compile(&routes, &Shared::default(), &numbering(), &context());
    let wrong: Vec<_> = unusable.iter().map(|route| (route.route_id, route.error.field.as_str())).collect();
    assert_eq!(wrong, [(1, "hours"), (2, "to[0]")]);
    assert_eq!(table.len(), 1);
    assert_eq!(decide(&table, None, Some("1"), MONDAY_MS).route_id, Some(3));
}

/// Ten thousand routes in each of the shapes that a company may have; a scan would take milliseconds.
#[test]
fn among_ten_thousand_routes_the_right_one_is_found_at_once() {
    let number = |i: i64| format!("0221{:07}", 2_000_000 + i);
    let shapes: [fn(i64, &str) -> Route; 4] = [
        |i, number| route(i, i, &[number], &[], Some("Mo-Fr 09:00-17:00")),
        |i, number| route(i, i, &[], &[number], None),
        |i, number| route(i, i, &["022129191999"], &[number], None),
        |i, number| route(i, i, &[&format!("{number}*")], &["0*", "anonymous"], None),
    ];
    for shape in shapes {
        let routes: Vec<_> = (0..10_000).map(|i| shape(i, &number(i))).collect();
        let table = table(&routes);
        let begin = Instant::now();
        for i in (0..10_000).step_by(10) {
            let is_caller = routes[0].to.first().is_none_or(|to| to == "022129191999");
            let (from, to) = if is_caller { (number(i), "022129191999".into()) } else { ("0301".into(), number(i)) };
            assert_eq!(decide(&table, Some(&from), Some(&to), MONDAY_MS).route_id, Some(i));
        }
        let each = begin.elapsed() / 1000;
        assert!(each < Duration::from_millis(1), "{each:?}");
    }
}

fn a_number() -> impl Strategy<Value = String> {
    let numbers = [
        "2",
        "23",
        "230",
        "4",
        "49",
        "4922",
        "022129191999",
        "+4922129191999",
        "004922129191999",
        "4922129191999",
        "0221 29191998",
        "022129191998",
        "0221",
        "+49221",
        "0049221",
        "49221",
        "0",
        "00",
        "+",
        "0041442681800",
        "+41442681800",
        "anonymous",
        "Anonymous",
        "7777abc@fpbx.de",
        "7777ABC@fpbx.de",
        "7777",
        "0123456789",
        "+49123456789",
        "é",
        "-",
        "",
    ];
    prop_oneof![9 => prop::sample::select(numbers.to_vec()).prop_map(ToOwned::to_owned), 1 => "[0-9+]{0,6}"]
}

fn patterns() -> impl Strategy<Value = Vec<String>> {
    let pattern = (a_number(), prop::bool::weighted(0.4)).prop_map(|(number, prefix)| match (number.trim(), prefix) {
        ("", _) => "*".to_owned(),
        (number, true) => format!("{number}*"),
        (number, false) => number.to_owned(),
    });
    prop_oneof![1 => Just(vec![]), 2 => prop::collection::vec(pattern, 1..4)]
}

fn routes() -> impl Strategy<Value = Vec<Route>> {
    let hours = prop::sample::select(vec![None, None, Some("Mo-Fr"), Some("Su"), Some("off")]);
    let one = (0..4_i64, prop::bool::weighted(0.9), patterns(), patterns(), hours);
    prop::collection::vec(one, 0..40).prop_map(|rows| {
        let routes = rows.into_iter().enumerate().map(|(id, (position, enabled, to, from, hours))| Route {
            to,
            from,
            enabled,
            ..route(100 - id as i64, position, &[], &[], hours)
        });
        routes.collect()
    })
}

/// What the contract says, route by route and pattern by pattern.
fn scan(routes: &[Route], from: Option<&str>, to: Option<&str>, at_ms: i64) -> Option<i64> {
    let numbering = numbering();
    let meant = |patterns: &[String], number: Option<&str>| {
        let number = number.and_then(|number| Spellings::of(number, &numbering));
        patterns.is_empty()
            || patterns.iter().any(|text| Pattern::parse(text, &numbering).unwrap().matches(number.as_ref()))
    };
    let matching = routes.iter().filter(|route| {
        let open = |hours: &String| Hours::parse(hours, &context()).unwrap().is_open(at_ms);
        route.enabled && meant(&route.to, to) && meant(&route.from, from) && route.hours.as_ref().is_none_or(open)
    });
    matching.min_by_key(|route| (route.position, route.id)).map(|route| route.id)
}

proptest! {
    #[test]
    fn the_table_decides_as_a_plain_scan_does(
        routes in routes(),
        calls in prop::collection::vec((prop::option::of(a_number()), prop::option::of(a_number()), any::<bool>()), 1..8),
    ) {
        let table = table(&routes);
        for (from, to, monday) in calls {
            let at_ms = if monday { MONDAY_MS } else { SUNDAY_MS };
            let decision = decide(&table, from.as_deref(), to.as_deref(), at_ms);
            prop_assert_eq!(decision.route_id, scan(&routes, from.as_deref(), to.as_deref(), at_ms), "{:?} {:?}", from, to);
        }
    }
}
