use std::sync::Arc;

use super::*;
use crate::calls::phone::Numbering;
use crate::placetel::reply::Reply;
use crate::routing::hours::HoursContext;

/// Monday, 2026-11-23, 11:00 in Berlin.
const MONDAY_MS: i64 = 1_795_428_000_000;
const HOUR_MS: i64 = 3_600_000;

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
    let context = HoursContext::new(chrono_tz::Europe::Berlin, "DE", None);
    let numbering = Arc::new(Numbering::new("DE").unwrap());
    let (table, unusable) = RoutingTable::compile(routes, &numbering, &context);
    let explanation = explain(routes, (&table, &unusable), (Some(from), Some(to)), MONDAY_MS);
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
    assert_eq!((&reasons[0], &reasons[1]), (&Reason::Off, &Reason::To));
    assert!(matches!(&reasons[2], Reason::Unusable(error) if error.field == "hours"), "{:?}", reasons[2]);
    assert_eq!(reasons[3], Reason::From);
    assert_eq!(reasons[4], Reason::Closed { opens_ms: None });
    assert_eq!(reasons[5], Reason::Closed { opens_ms: Some(MONDAY_MS + HOUR_MS) });
}

#[test]
fn without_an_answer_all_routes_have_a_reason() {
    let routes = [route(1, &["23"], &[], None), route(2, &[], &["anonymous"], None)];
    assert_eq!(explained(&routes, "0301", "24"), (None, vec![(1, Reason::To), (2, Reason::From)]));
    assert_eq!(explained(&routes, "Anonymous", "24"), (Some(2), vec![(1, Reason::To)]));
    assert_eq!(explained(&[], "0301", "24"), (None, vec![]));
}
