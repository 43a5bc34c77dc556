use proptest::prelude::*;

use super::*;
use crate::placetel::reply::{Distribution, Forward, Queue, Reply, Target};
use crate::routing::hours::Hours;
use crate::routing::matching::Pattern;
use crate::routing::named::{ClosedDays, NumberList, Schedule, ScheduleReference, list_reference};

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

fn list(name: &str, numbers: &[&str]) -> NumberList {
    NumberList { name: name.into(), numbers: numbers.iter().map(|number| (*number).to_owned()).collect() }
}

fn schedule(name: &str, hours: Option<&str>, closed: &[(&str, &str)]) -> Schedule {
    let days = |(start, end): &(&str, &str)| ClosedDays {
        start: start.parse().unwrap(),
        end: end.parse().unwrap(),
        name: None,
    };
    Schedule { name: name.into(), hours: hours.map(Into::into), closed: closed.iter().map(days).collect() }
}

/// An instant in Berlin in winter, such as `2026-12-24 08:00`.
fn berlin(text: &str) -> i64 {
    let local = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    local.and_utc().timestamp_millis() - 3_600_000
}

fn compiled(routes: &[Route], shared: &Shared) -> (RoutingTable, Vec<Unusable>) {
    RoutingTable::compile(routes, CompileContext { numbering: &numbering(), hours: &context(), shared })
}

fn table_with(routes: &[Route], shared: &Shared) -> RoutingTable {
    let (table, unusable) = compiled(routes, shared);
    assert_eq!(unusable, []);
    table
}

fn table(routes: &[Route]) -> RoutingTable {
    let (table, unusable) = compiled(routes, &Shared::default());
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
    let (table, unusable) = compiled(&routes, &Shared::default());
    let wrong: Vec<_> = unusable.iter().map(|route| (route.route_id, route.error.field.as_str())).collect();
    assert_eq!(wrong, [(1, "hours"), (2, "to[0]")]);
    assert_eq!(table.len(), 1);
    assert_eq!(decide(&table, None, Some("1"), MONDAY_MS).route_id, Some(3));
}

/// Ten thousand routes in each of the shapes that a company may have: a scan would look at all of them.
#[test]
fn among_ten_thousand_routes_the_right_one_is_found_at_once() {
    let number = |i: i64| format!("0221{:07}", 2_000_000 + i);
    let shapes: [fn(i64, &str) -> Route; 4] = [
        |i, number| route(i, i, &[number], &[], Some("Mo-Fr 09:00-17:00")),
        |i, number| route(i, i, &[], &[number], None),
        |i, number| route(i, i, &["022129191999"], &[number], None),
        |i, number| route(i, i, &[&format!("{number}*")], &["0*", "anonymous"], None),
    ];
    let looked_at = |table: &RoutingTable, from: &str, to: &str| {
        let spelled = Spelled::new(Some(from), Some(to), table.numbering());
        let (from, to) = (table.asked(spelled.from.as_ref()), table.asked(spelled.to.as_ref()));
        table.candidates(&from, &to).count()
    };
    for shape in shapes {
        let routes: Vec<_> = (0..10_000).map(|i| shape(i, &number(i))).collect();
        let table = table(&routes);
        for i in (0..10_000).step_by(10) {
            let is_caller = routes[0].to.first().is_none_or(|to| to == "022129191999");
            let (from, to) = if is_caller { (number(i), "022129191999".into()) } else { ("0301".into(), number(i)) };
            assert_eq!(decide(&table, Some(&from), Some(&to), MONDAY_MS).route_id, Some(i));
            assert!(looked_at(&table, &from, &to) < 10);
        }
    }
}

#[test]
fn a_list_stands_for_its_numbers_and_an_empty_one_for_nobody() {
    let lists = vec![list("Gesperrt", &["0221 29191999", "030*"]), list("Niemand", &[]), list("Alle", &["*"])];
    let shared = Shared { lists, ..Shared::default() };
    let table = table_with(
        &[
            route(1, 1, &[], &["@Niemand"], None),
            route(2, 2, &["23"], &["@gesperrt", "110"], None),
            route(3, 3, &["@GESPERRT"], &[], None),
            route(4, 4, &["24"], &["@alle"], None),
        ],
        &shared,
    );
    for (from, to, expected) in [
        (Some("+4922129191999"), Some("23"), Some(2)),
        (Some("03012345"), Some("23"), Some(2)),
        (Some("110"), Some("23"), Some(2)),
        (Some("112"), Some("23"), None),
        (Some("112"), Some("004930999"), Some(3)),
        (None, Some("24"), Some(4)),
        (None, None, None),
    ] {
        assert_eq!(decide(&table, from, to, MONDAY_MS).route_id, expected, "{from:?} {to:?}");
    }
}

#[test]
fn a_schedule_is_closed_on_its_days_whatever_its_hours_say() {
    let closed = [("2026-12-24", "2026-12-31"), ("2026-12-28", "2026-12-29"), ("2027-02-15", "2027-02-15")];
    let schedules = vec![schedule("Büro", Some("Mo-Fr 09:00-17:00"), &closed), schedule("Tag", None, &closed[2..])];
    let shared = Shared { schedules, ..Shared::default() };
    let routes = [
        route(1, 1, &["1"], &[], Some("@büro")),
        route(2, 2, &["1"], &[], Some("not @Büro")),
        route(3, 3, &["2"], &[], Some("@Tag")),
    ];
    let table = table_with(&routes, &shared);
    for (at, expected) in [
        ("2026-12-23 16:59", 1),
        ("2026-12-23 17:00", 2),
        ("2026-12-24 09:00", 2),
        ("2026-12-30 09:00", 2),
        ("2026-12-31 23:59", 2),
        ("2027-01-01 09:00", 1),
        ("2027-02-15 12:00", 2),
        ("2027-02-16 12:00", 1),
    ] {
        assert_eq!(decide(&table, None, Some("1"), berlin(at)).route_id, Some(expected), "{at}");
    }
    assert_eq!(decide(&table, None, Some("2"), berlin("2027-02-15 00:00")).route_id, None);
    assert_eq!(decide(&table, None, Some("2"), berlin("2027-02-16 00:00")).route_id, Some(3));
}

#[test]
fn while_the_company_is_closed_no_hours_are_open() {
    let closed = Some(ClosedSwitch { since_ms: MONDAY_MS - 1, until_ms: MONDAY_MS + 1 });
    let shared = Shared { schedules: vec![schedule("Büro", None, &[])], closed, ..Shared::default() };
    let routes = [
        route(1, 1, &["1"], &[], Some("24/7")),
        route(2, 2, &["1"], &[], Some("@Büro")),
        route(3, 3, &["1"], &[], Some("not @Büro")),
        route(4, 4, &["2"], &[], None),
    ];
    let table = table_with(&routes, &shared);
    let answered = |to: &str, at_ms| decide(&table, None, Some(to), at_ms).route_id;
    for (at_ms, expected) in [(MONDAY_MS - 2, 1), (MONDAY_MS - 1, 3), (MONDAY_MS, 3), (MONDAY_MS + 1, 1)] {
        assert_eq!((answered("1", at_ms), answered("2", at_ms)), (Some(expected), Some(4)), "{}", at_ms - MONDAY_MS);
    }
}

#[test]
fn a_route_that_names_what_is_gone_cannot_be_used() {
    let routes =
        [route(1, 1, &["23", "@weg"], &[], None), route(2, 2, &[], &[], Some("@weg")), route(3, 3, &[], &["@"], None)];
    let (table, unusable) = compiled(&routes, &Shared::default());
    let wrong: Vec<_> = unusable.iter().map(|route| (route.route_id, route.error.to_string())).collect();
    assert_eq!(
        wrong,
        [
            (1, "to[1]: names the list @weg, which does not exist".to_owned()),
            (2, "hours: names the schedule @weg, which does not exist".to_owned()),
            (3, "from[0]: must be a name of 1 to 60 letters, digits, - or _".to_owned()),
        ]
    );
    assert!(table.is_empty());
}

/// Ten thousand routes that share a list of ten thousand numbers, and a call that is on it.
#[test]
fn a_long_list_is_shared_by_many_routes() {
    let numbers: Vec<String> = (0..10_000).map(|i| format!("+4922{:08}", 10_000_000 + i)).collect();
    let shared =
        Shared { lists: vec![NumberList { name: "VIP".into(), numbers: numbers.clone() }], ..Shared::default() };
    let routes: Vec<_> =
        (0..10_000).map(|i| route(i, i, &[&format!("0221{:07}", 2_000_000 + i)], &["@vip"], None)).collect();
    let table = table_with(&routes, &shared);
    for i in (0..10_000_i64).step_by(10) {
        let to = format!("0221{:07}", 2_000_000 + i);
        assert_eq!(decide(&table, Some(&numbers[i as usize]), Some(&to), MONDAY_MS).route_id, Some(i));
        assert_eq!(decide(&table, Some("030123456"), Some(&to), MONDAY_MS).route_id, None);
    }
}

fn a_number() -> impl Strategy<Value = String> + Clone {
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

fn patterns() -> impl Strategy<Value = Vec<String>> + Clone {
    let pattern = (a_number(), prop::bool::weighted(0.4)).prop_map(|(number, prefix)| match (number.trim(), prefix) {
        ("", _) => "*".to_owned(),
        (number, true) => format!("{number}*"),
        (number, false) => number.to_owned(),
    });
    let named = prop::sample::select(vec!["@none", "@Few", "@many", "@any"]).prop_map(ToOwned::to_owned);
    let entry = prop_oneof![4 => pattern, 1 => named];
    prop_oneof![1 => Just(vec![]), 2 => prop::collection::vec(entry, 1..4)]
}

fn routes() -> impl Strategy<Value = Vec<Route>> {
    let hours = prop::sample::select(vec![
        None,
        None,
        Some("Mo-Fr"),
        Some("Su"),
        Some("off"),
        Some("@week"),
        Some("not @WEEK"),
        Some("@shut"),
        Some("not @shut"),
    ]);
    let one = (0..4_i64, prop::bool::weighted(0.9), patterns(), patterns(), hours);
    // In a small table, even a route that seldom matches is sometimes the first that does.
    let rows = prop_oneof![prop::collection::vec(one.clone(), 0..4), prop::collection::vec(one, 0..40)];
    rows.prop_map(|rows| {
        let routes = rows.into_iter().enumerate().map(|(id, (position, enabled, to, from, hours))| {
            let id = 100 - id as i64;
            Route { to, from, enabled, reply: in_some_order(id), ..route(id, position, &[], &[], hours) }
        });
        routes.collect()
    })
}

fn in_some_order(id: i64) -> Reply {
    let distribution = [Distribution::InOrder, Distribution::Rotate, Distribution::Weighted][id as usize % 3];
    let target = |weight| Target { numbers: vec![format!("{id}-{weight}")], weight, ..Target::default() };
    Reply::Forward(Forward { targets: (1..=4).map(target).collect(), distribution, ..Forward::default() })
}

fn shared() -> impl Strategy<Value = Shared> {
    let span = (-2..=2_i64, 0..=2_i64).prop_map(|(since, long)| ClosedSwitch {
        since_ms: MONDAY_MS + since * 43_200_000,
        until_ms: MONDAY_MS + (since + long) * 43_200_000,
    });
    let few = prop::collection::vec(a_number().prop_filter("a pattern", |number| !number.trim().is_empty()), 0..6);
    (prop::option::of(span), few).prop_map(|(closed, few)| Shared {
        lists: vec![
            list("None", &[]),
            NumberList { name: "Few".into(), numbers: few },
            list("Many", &["0221*", "anonymous", "23", "+49123456789", "7777abc@fpbx.de", "4*"]),
            list("Any", &["110", "*"]),
        ],
        schedules: vec![
            schedule("Week", Some("Mo-Fr"), &[]),
            schedule("Shut", None, &[("2026-11-01", "2026-11-22"), ("2026-11-24", "2026-11-30")]),
        ],
        closed,
    })
}

/// Reference implementation of the contract: a linear scan, route by route and pattern by pattern.
fn scan(routes: &[Route], shared: &Shared, from: Option<&str>, to: Option<&str>, at_ms: i64) -> Option<i64> {
    let numbering = numbering();
    let meant = |patterns: &[String], number: Option<&str>| {
        let number = number.and_then(|number| Spellings::of(number, &numbering));
        let one = |text: &String| Pattern::parse(text, &numbering).unwrap().matches(number.as_ref());
        let entry = |text: &String| match list_reference(text) {
            Some(key) => shared.list(&key.unwrap()).unwrap().numbers.iter().any(one),
            None => one(text),
        };
        patterns.is_empty() || patterns.iter().any(entry)
    };
    let is_closed = shared.closed.is_some_and(|closed| closed.since_ms <= at_ms && at_ms < closed.until_ms);
    let open = |hours: &String| !is_closed && Hours::parse(hours, &context()).unwrap().is_open(at_ms);
    let takes_part = |hours: &String| match ScheduleReference::read(hours).map(Result::unwrap) {
        None => open(hours),
        Some(ScheduleReference { key, when_open }) => {
            let schedule = shared.schedule(&key).unwrap();
            let today = (chrono::DateTime::from_timestamp_millis(at_ms + 3_600_000).unwrap()).date_naive();
            let shut = schedule.closed.iter().any(|days| (days.start..=days.end).contains(&today));
            let is_open = !is_closed && !shut && schedule.hours.as_ref().is_none_or(open);
            is_open == when_open
        }
    };
    let matching = routes.iter().filter(|route| {
        route.enabled && meant(&route.to, to) && meant(&route.from, from) && route.hours.as_ref().is_none_or(takes_part)
    });
    matching.min_by_key(|route| (route.position, route.id)).map(|route| route.id)
}

/// Returns the numbers that ring, in order.
fn rings(xml: &str) -> Vec<String> {
    let numbers = xml.split("<Number>").skip(1).map(|rest| rest.split('<').next().unwrap());
    numbers.map(ToOwned::to_owned).collect()
}

/// Returns what [`in_some_order`] rings for the call `call-1`, computed by another program as `distribution` says.
fn ringing(id: i64) -> Vec<String> {
    let order = [[1, 2, 3, 4], [4, 1, 2, 3], [4, 3, 1, 2]][id as usize % 3];
    order.iter().map(|weight| format!("{id}-{weight}")).collect()
}

proptest! {
    #[test]
    fn the_table_decides_as_a_plain_scan_does(
        routes in routes(),
        shared in shared(),
        calls in prop::collection::vec((prop::option::of(a_number()), prop::option::of(a_number()), any::<bool>()), 1..8),
    ) {
        let table = table_with(&routes, &shared);
        for (from, to, monday) in calls {
            let at_ms = if monday { MONDAY_MS } else { SUNDAY_MS };
            let decision = decide(&table, from.as_deref(), to.as_deref(), at_ms);
            let expected = scan(&routes, &shared, from.as_deref(), to.as_deref(), at_ms);
            prop_assert_eq!(decision.route_id, expected, "{:?} {:?}", from, to);
            prop_assert_eq!(rings(&decision.xml), expected.map_or_else(Vec::new, ringing));
        }
    }
}
