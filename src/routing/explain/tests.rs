use std::sync::Arc;

use super::*;
use crate::calls::phone::Numbering;
use crate::placetel::reply::Reply;
use crate::routing::hours::HoursContext;
use crate::routing::named::{ClosedSwitch, NumberList, Schedule, Shared};
use crate::routing::table::CompileContext;

/// Monday, 2026-11-23, 11:00 in Berlin.
const MONDAY_MS: i64 = 1_795_428_000_000;
const HOUR_MS: i64 = 3_600_000;
/// The reason `To`, without lists.
const TO: Reason = Reason::To { lists: Vec::new() };
const FROM: Reason = Reason::From { lists: Vec::new() };

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

fn explained(routes: &[Route], from: &str, to: &str) -> (Option<i64>, Vec<(i64, Reason)>) {
    explained_with(&Shared::default(), routes, from, to)
}

fn explained_with(shared: &Shared, routes: &[Route], from: &str, to: &str) -> (Option<i64>, Vec<(i64, Reason)>) {
    let context = HoursContext::new(chrono_tz::Europe::Berlin, "DE", None);
    let numbering = Arc::new(Numbering::new("DE").unwrap());
    let compile_context = CompileContext { numbering: &numbering, hours: &context, shared };
    let (table, unusable) = RoutingTable::compile(routes, compile_context);
    let call = Incoming { call_id: "c", from: Some(from), to: Some(to), at_ms: MONDAY_MS };
    let explanation = explain(routes, (&table, &unusable), &call, &History::default());
    let passed = explanation.passed.into_iter().map(|passed| (passed.route_id, passed.reason));
    (explanation.decision.route_id, passed.collect())
}

fn routes() -> Vec<Route> {
    let mut off = route(1, &[], &[], None);
    off.enabled = false;
    vec![
        route(8, &[], &[], None),
        route(7, &[], &[], None),
        route(6, &["0221*"], &[], Some("Mo-Fr 12:00-17:00")),
        route(5, &[], &[], Some("2027 Dec 24")),
        route(4, &["0221*"], &["030*"], Some("Mo-Fr 12:00-17:00")),
        route(3, &["022129191999"], &[], Some("Mon-Fri")),
        route(2, &["23"], &["030*"], None),
        off,
    ]
}

#[test]
fn each_route_before_the_answer_has_its_first_reason_and_those_after_none() {
    let (answer, passed) = explained(&routes(), "01712345678", "022129191999");
    assert_eq!(answer, Some(7));
    let ids: Vec<_> = passed.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
    let reasons: Vec<_> = passed.into_iter().map(|(_, reason)| reason).collect();
    assert_eq!((&reasons[0], &reasons[1]), (&Reason::Off, &TO));
    assert!(matches!(&reasons[2], Reason::Unusable(error) if error.field == "hours"), "{:?}", reasons[2]);
    assert_eq!(reasons[3], FROM);
    assert_eq!(reasons[4], Reason::Closed { opens_ms: None });
    assert_eq!(reasons[5], Reason::Closed { opens_ms: Some(MONDAY_MS + HOUR_MS) });
}

#[test]
fn without_an_answer_all_routes_have_a_reason() {
    let routes = [route(1, &["23"], &[], None), route(2, &[], &["anonymous"], None)];
    assert_eq!(explained(&routes, "0301", "24"), (None, vec![(1, TO), (2, FROM)]));
    assert_eq!(explained(&routes, "Anonymous", "24"), (Some(2), vec![(1, TO)]));
    assert_eq!(explained(&[], "0301", "24"), (None, vec![]));
}

fn shared() -> Shared {
    let list = |name: &str, numbers: &[&str]| NumberList {
        name: name.into(),
        numbers: numbers.iter().map(|number| (*number).to_owned()).collect(),
    };
    let office = Schedule { name: "Büro".into(), hours: Some("Mo-Fr 09:00-17:00".into()), closed: Vec::new() };
    let lists = vec![list("VIP", &["0221 29191999"]), list("Lines", &["23"]), list("Partner", &["030*"])];
    Shared { lists, schedules: vec![office], closed: None }
}

#[test]
fn a_number_that_is_not_on_a_list_is_told_with_the_list() {
    let routes = [
        route(1, &[], &["@vip"], None),
        route(2, &["@LINES"], &[], None),
        route(3, &[], &["@vip", "0177*", "@partner"], None),
        route(4, &["@lines"], &["@vip"], None),
        route(5, &[], &[], None),
    ];
    let reasons = |from, to| explained_with(&shared(), &routes, from, to);
    let lists = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let expected = vec![
        (1, Reason::From { lists: lists(&["VIP"]) }),
        (2, Reason::To { lists: lists(&["Lines"]) }),
        (3, Reason::From { lists: lists(&["VIP", "Partner"]) }),
        (4, Reason::To { lists: lists(&["Lines"]) }),
    ];
    assert_eq!(reasons("01712345678", "24"), (Some(5), expected));
    assert_eq!(reasons("+49 221 29191999", "24"), (Some(1), vec![]));
}

#[test]
fn schedules_and_the_switch_tell_why_and_until_when() {
    let routes = [
        route(1, &[], &[], Some("not @büro")),
        route(2, &[], &[], Some("Mo-Fr 12:00-17:00")),
        route(3, &[], &[], Some("@Büro")),
    ];
    let mut shared = shared();
    let (six, one) = (6 * HOUR_MS, HOUR_MS);
    let answer = explained_with(&shared, &routes, "1", "2");
    let closed = (2, Reason::Closed { opens_ms: Some(MONDAY_MS + one) });
    assert_eq!(answer, (Some(3), vec![(1, Reason::Open { closes_ms: Some(MONDAY_MS + six) }), closed]));
    // Until 13:00: the second would not be open now, the third would.
    let until_ms = MONDAY_MS + 2 * HOUR_MS;
    shared.closed = Some(ClosedSwitch { since_ms: MONDAY_MS - 1, until_ms });
    assert_eq!(explained_with(&shared, &routes, "1", "2"), (Some(1), vec![]));
    let reasons = explained_with(&shared, &routes[1..], "1", "2");
    let closed = (2, Reason::Closed { opens_ms: Some(until_ms) });
    assert_eq!(reasons, (None, vec![closed, (3, Reason::Switched { until_ms, opens_ms: Some(until_ms) })]));
}
