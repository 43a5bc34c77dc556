use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::calls::phone::Numbering;
use crate::fields::Problem;
use crate::routing::hours::HoursContext;
use crate::routing::named::Shared;

fn read(routes: Value) -> Result<TrialTable, Vec<FieldError>> {
    let (numbering, context) =
        (Arc::new(Numbering::new("DE").unwrap()), HoursContext::new(chrono_tz::Europe::Berlin, "DE", None));
    let (value, mut errors) = (json!({"routes": routes}), Errors::default());
    let object = Object::read("", &value, &mut errors).unwrap();
    let shared = Shared::default();
    let compile_context = CompileContext { numbering: &numbering, hours: &context, shared: &shared };
    TrialTable::read(&object, "routes", compile_context, errors)
}

#[test]
fn routes_are_tried_in_the_order_that_they_would_have_when_stored() {
    let route = |name: &str, more: Value| {
        let mut route = json!({"name": name, "reply": {"action": "hangup"}});
        route.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        route
    };
    let trial = read(json!([
        route("new, last", json!({})),
        route("second of two", json!({"id": 9, "position": 20})),
        route("first of two", json!({"id": 4, "position": 20})),
        route("new of the same place", json!({"position": 20})),
        route("first", json!({"id": 7, "position": -1, "version": 3})),
        route("new, very last", json!({})),
    ]))
    .unwrap();
    let names: Vec<_> = trial.routes.iter().map(|route| route.name.as_str()).collect();
    assert_eq!(
        names,
        ["first", "first of two", "second of two", "new of the same place", "new, last", "new, very last"]
    );
    let ids: Vec<_> = (0..7).map(|number| trial.stored_id(number)).collect();
    assert_eq!(ids, [Some(7), Some(4), Some(9), None, None, None, None]);
}

#[test]
fn every_wrong_field_of_every_route_is_named() {
    let wrong = read(json!([
        {"name": "good", "reply": {"action": "hangup"}},
        {"name": "", "reply": {"action": "sing"}, "hours": "Mon-Fri"},
        5,
        {"name": "x", "to": ["1*1"], "from": ["@gone"], "reply": {"action": "hangup"}}
    ]));
    let fields: Vec<_> = wrong.unwrap_err().into_iter().map(|error| error.field).collect();
    let expected = [
        "routes[1].name",
        "routes[1].hours",
        "routes[1].reply.action",
        "routes[2]",
        "routes[3].to[0]",
        "routes[3].from[0]",
    ];
    assert_eq!(fields, expected);
    let no_list = FieldError { field: "routes".into(), problem: Problem::NotList };
    assert_eq!(read(json!("x")).unwrap_err(), [no_list]);
}
