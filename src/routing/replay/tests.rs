use serde_json::{Value, json};

use super::*;
use crate::calls::phone::Numbering;
use crate::fields::{Errors, Object};
use crate::routing::hours::HoursContext;
use crate::routing::named::{NumberList, Shared};
use crate::routing::table::CompileContext;

/// Monday, 2026-11-23, 11:00 in Berlin.
const MONDAY_MS: i64 = 1_795_428_000_000;
const DAY_MS: i64 = 86_400_000;

fn trial(routes: Value) -> TrialTable {
    let (numbering, context) =
        (Arc::new(Numbering::new("DE").unwrap()), HoursContext::new(chrono_tz::Europe::Berlin, "DE", None));
    let (value, mut errors) = (json!({"routes": routes}), Errors::default());
    let object = Object::read("", &value, &mut errors).unwrap();
    let shared = shared();
    let compile_context = CompileContext { numbering: &numbering, hours: &context, shared: &shared };
    TrialTable::read(&object, "routes", compile_context, errors).unwrap()
}

fn shared() -> Shared {
    let list = NumberList { name: "berlin".into(), numbers: vec!["030*".into()] };
    Shared { lists: vec![list], ..Shared::default() }
}

/// Returns two routes, which differ in their queues.
fn office(hours: &str, queue: &str) -> Value {
    json!([
        {"id": 0, "name": "Office", "hours": hours, "reply": {"action": "queue", "id": queue}},
        {"id": 1, "name": "Else", "from": ["030*"], "reply": {"action": "hangup"}}
    ])
}

fn call(number: i64, from: &str, days: i64) -> PastCall {
    let call_id = CallId::parse(&format!("c{number}")).unwrap();
    PastCall { call_id, from: Some(from.into()), to: Some("022129191999".into()), at_ms: MONDAY_MS - days * DAY_MS }
}

/// Replays four calls: Monday, Sunday from Berlin, Sunday from elsewhere, Saturday from Berlin.
fn compared(today: Value, tried: Value) -> Replay {
    // In both tables, routes have their order as ids.
    let (today, tried) = (trial(today), trial(tried));
    let mut comparison = Comparison::default();
    for call in [call(1, "0301", 0), call(2, "0301", 1), call(3, "0401", 1), call(4, "0302", 2)] {
        comparison.add(call, &today.table, &tried, &History::default());
    }
    comparison.finish(&tried)
}

fn named(name: &Option<Arc<str>>) -> &str {
    name.as_deref().unwrap_or("-")
}

#[test]
fn the_same_table_changes_nothing_and_counts_by_route() {
    let replay = compared(office("Mo-Fr", "1"), office("Mo-Fr", "1"));
    assert_eq!((replay.calls, replay.changed), (4, 0));
    let routes: Vec<_> = replay.routes.iter().map(|share| (named(&share.route_name), share.calls)).collect();
    assert_eq!(routes, [("Office", 1), ("Else", 2), ("-", 1)]);
    assert_eq!((replay.changes.len(), replay.examples.len()), (0, 0));
}

#[test]
fn calls_that_go_elsewhere_are_counted_by_change_with_examples() {
    let replay = compared(office("Mo-Fr", "1"), office("Mo-Fr,Su", "1"));
    assert_eq!((replay.calls, replay.changed), (4, 2));
    let routes: Vec<_> = replay.routes.iter().map(|share| (named(&share.route_name), share.calls)).collect();
    assert_eq!(routes, [("Office", 3), ("Else", 1)]);
    let changes: Vec<_> =
        replay.changes.iter().map(|c| (named(&c.from_route), named(&c.to_route), c.is_same_route, c.calls)).collect();
    assert_eq!(changes, [("-", "Office", false, 1), ("Else", "Office", false, 1)]);
    let examples: Vec<_> =
        replay.examples.iter().map(|e| (e.call.call_id.as_str(), named(&e.before), named(&e.after))).collect();
    assert_eq!(examples, [("c2", "Else", "Office"), ("c3", "-", "Office")]);
}

#[test]
fn another_answer_of_the_same_route_is_a_change_and_another_name_is_none() {
    let replay = compared(office("Mo-Fr", "1"), office("Mo-Fr", "2"));
    assert_eq!((replay.changed, replay.changes.len()), (1, 1));
    assert!(replay.changes[0].is_same_route);
    let mut renamed = office("Mo-Fr", "1");
    renamed[0]["name"] = json!("Bureau");
    assert_eq!(compared(office("Mo-Fr", "1"), renamed).changed, 0);
}

#[test]
fn examples_are_few() {
    let (today, tried) = (trial(office("Mo-Fr", "1")), trial(office("Mo-Fr", "2")));
    let mut comparison = Comparison::default();
    (0..1000).for_each(|number| comparison.add(call(number, "0301", 0), &today.table, &tried, &History::default()));
    let replay = comparison.finish(&tried);
    assert_eq!((replay.changed, replay.changes[0].calls, replay.examples.len()), (1000, 1000, 5));
}

#[test]
fn an_edited_table_may_name_lists() {
    let mut tried = office("Mo-Fr", "1");
    tried[1]["from"] = json!(["@Berlin"]);
    let replay = compared(office("Mo-Fr", "1"), tried.clone());
    assert_eq!((replay.calls, replay.changed), (4, 0));
    tried[1]["from"] = json!(["@Berlin", "040*"]);
    assert_eq!(compared(office("Mo-Fr", "1"), tried).changed, 1);
}

#[test]
fn what_is_drawn_by_lot_is_drawn_by_the_call_again() {
    let forward = |distribution: &str| {
        let targets = json!([{"numbers": ["1"]}, {"numbers": ["2"]}]);
        let reply = json!({"action": "forward", "distribution": distribution, "targets": targets});
        json!([{"name": "All", "reply": reply}])
    };
    let replayed = |today: Value, tried: Value| {
        let (today, tried) = (trial(today), trial(tried));
        let mut comparison = Comparison::default();
        for number in 0..1000 {
            comparison.add(call(number, "0301", 0), &today.table, &tried, &History::default());
        }
        comparison.finish(&tried).changed
    };
    assert_eq!(replayed(forward("rotate"), forward("rotate")), 0);
    // About every second call begins with the other target.
    assert!((400..600).contains(&replayed(forward("in_order"), forward("rotate"))));
}
