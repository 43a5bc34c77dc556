use std::sync::LazyLock;

use crate::i18n::texts;
use crate::routing::hours::HoursContext;
use crate::routing::named::Shared;
use crate::routing::route::{RouteContext, RouteDraft};
use crate::web::pages::routes::form::*;

static HOURS: LazyLock<HoursContext> = LazyLock::new(|| HoursContext::new(chrono_tz::Europe::Berlin, "DE", None));

fn context() -> RouteContext<'static> {
    RouteContext::new(&HOURS, &Shared::default())
}

fn form(inputs: &[(&str, &str)]) -> RouteForm {
    RouteForm::read(&inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

fn route(json: Value) -> Route {
    RouteDraft::from_json(&json, &context()).unwrap().into_route(7, 10, 3)
}

/// Returns the validation errors by input.
fn wrong(inputs: &[(&str, &str)], lang: Lang) -> Vec<(String, String)> {
    let mut form = form(inputs);
    let errors = RouteDraft::from_json(&form.to_json(None), &context()).unwrap_err();
    form.note_errors(&errors, &HOURS, lang, texts(lang));
    form.errors().iter().map(|error| (error.input.clone(), error.message.clone())).collect()
}

fn every_action() -> Vec<Value> {
    let targets = json!([{"ringtime": 30, "numbers": ["7777abcdefg@fpbx.de", "022129191999"]},
        {"ringtime": 60, "numbers": ["23"], "weight": 7}]);
    let forward = json!({"music_on_hold": true, "voicemail": false, "voicemail_announcement": "4",
        "voicemail_as_attachment": true, "forward_announcement": "7684", "targets": targets,
        "distribution": "weighted", "last_peer": {"ringtime": 12, "within_days": 90}});
    let mut action = forward.clone();
    action["action"] = json!("forward");
    vec![
        action,
        json!({"action": "reject"}),
        json!({"action": "reject", "reason": "busy"}),
        json!({"action": "hangup"}),
        json!({"action": "queue", "id": "12"}),
        json!({"action": "prompt", "id": "13"}),
        json!({"action": "group", "id": "14", "ringtime": 20, "backup_behaviour": "routing_object",
            "backup_routing_object": "15", "voicemail_announcement": "16", "voicemail_as_attachment": true,
            "forward_announcement": "17", "music_on_hold": true}),
        json!({"action": "routing_plan", "id": "18"}),
        json!({"action": "routing_plan", "id": "18", "fallback": forward}),
        json!({"action": "routing_plan", "id": "18", "fallback": {"targets": []}}),
    ]
}

#[test]
fn a_route_saved_as_it_was_shown_stays_as_it_was() {
    for reply in every_action() {
        let route = route(json!({"name": "Ä & <b>", "enabled": false, "position": 10, "to": ["0221*", "23"],
            "from": ["anonymous"], "hours": "Mo-Fr 09:00-17:00; PH off", "reply": reply}));
        let form = RouteForm::of(&route);
        for base in [None, Some(&route)] {
            let draft = RouteDraft::from_json(&form.to_json(base), &context()).unwrap();
            assert_eq!(draft.into_route(7, 10, 3), route);
        }
    }
}

#[test]
fn every_action_has_its_place_in_the_form() {
    for reply in every_action() {
        assert!(ACTIONS.contains(&reply["action"].as_str().unwrap()));
    }
}

#[test]
fn whoever_knows_the_caller_counts_only_where_ticked_and_wrong_values_are_named() {
    let target = ("forward.targets[0].numbers", "23");
    let inputs = [("name", "x"), ("action", "forward"), target, ("forward.last_peer.ringtime", "never")];
    let draft = RouteDraft::from_json(&form(&inputs).to_json(None), &context()).unwrap();
    let shown = serde_json::to_value(draft.into_route(1, 1, 1)).unwrap();
    assert_eq!((&shown["reply"]["last_peer"], &shown["reply"]["distribution"]), (&Value::Null, &Value::Null));
    let ticked = [
        &inputs[..],
        &[("forward.last_peer", "on"), ("forward.targets[0].weight", "0"), ("forward.distribution", "dice")],
    ]
    .concat();
    let inputs: Vec<_> = wrong(&ticked, Lang::En).into_iter().map(|(input, _)| input).collect();
    assert_eq!(inputs, ["forward.targets[0].weight", "forward.distribution", "forward.last_peer.ringtime"]);
}

#[test]
fn only_the_chosen_action_is_read() {
    let json = form(&[
        ("name", "x"),
        ("action", "queue"),
        ("queue.id", "5"),
        ("group.id", "6"),
        ("forward.targets[0].numbers", "23"),
    ])
    .to_json(None);
    assert_eq!(json["reply"], json!({"action": "queue", "id": "5"}));
}

#[test]
fn empty_rows_are_closed_up() {
    let mut form = form(&[
        ("name", "x"),
        ("action", "forward"),
        ("forward.targets[0].numbers", " \r\n"),
        ("forward.targets[1].numbers", "23\r\n\r\n 24 "),
        ("forward.targets[1].ringtime", "15"),
        ("forward.targets[3].ringtime", "soon"),
    ]);
    let targets = json!([{"ringtime": 15, "numbers": ["23", "24"]}, {"ringtime": "soon", "numbers": []}]);
    assert_eq!(form.to_json(None)["reply"]["targets"], targets);
    assert_eq!(form.rows("forward"), 2 + SPARE_ROWS);
    let errors = RouteDraft::from_json(&form.to_json(None), &context()).unwrap_err();
    form.note_errors(&errors, &HOURS, Lang::En, texts(Lang::En));
    let said: Vec<_> = form.errors().iter().map(|error| (error.input.as_str(), error.label.as_str())).collect();
    assert_eq!(
        said,
        [
            ("forward.targets[1].ringtime", "Step 2, Ring time (s)"),
            ("forward.targets[1].numbers", "Step 2, SIP users or numbers, one per line"),
        ]
    );
}

#[test]
fn every_error_stands_beside_its_input() {
    let inputs = [
        ("position", "first"),
        ("to", "23\n\n0*1"),
        ("hours", "Mo-Fr 9-17"),
        ("action", "group"),
        ("group.ringtime", "5"),
    ];
    let english = wrong(&inputs, Lang::En);
    let places: Vec<_> = english.iter().map(|(input, _)| input.as_str()).collect();
    assert_eq!(places, ["name", "position", "to", "hours", "group.id", "group.ringtime"]);
    assert_eq!(english[0].1, "Is missing");
    assert!(english[2].1.starts_with("Line 3: may have * at the end only"), "{}", english[2].1);
    assert_eq!(wrong(&inputs, Lang::De)[5].1, "Muss eine ganze Zahl von 10 bis 60 sein");
    assert_eq!(wrong(&[("name", "x")], Lang::En), [("action".to_owned(), "Is missing".to_owned())]);
}

#[test]
fn what_the_form_does_not_know_survives_a_save() {
    let route = route(json!({"name": "x", "reply": {"action": "group", "id": "1"}}));
    let before = json!({"action": "group", "id": "1", "something_new": [1]});
    let reply = RouteForm::of(&route).reply(Some(before));
    assert_eq!(reply["something_new"], json!([1]));
}

#[test]
fn a_ticked_box_stays_ticked_and_others_do_not_appear() {
    let form = RouteForm::new();
    assert!(form.is_on("enabled") && form.is_on("forward.voicemail") && !form.is_on("forward.music_on_hold"));
    let json = super::RouteForm::read(&vec![("action".into(), "forward".into())]).to_json(None);
    assert_eq!((&json["enabled"], &json["reply"]["voicemail"]), (&json!(false), &json!(false)));
}

#[test]
fn rows_move_by_a_step_and_nothing_else_changes() {
    let sent = |way: &str| {
        form(&[
            ("name", "x"),
            ("forward.targets[0].numbers", "23"),
            ("forward.targets[0].ringtime", "15"),
            ("forward.targets[1].numbers", "24"),
            ("routing_plan.fallback.targets[1].numbers", "25"),
            ("move", way),
        ])
    };
    for way in ["forward.targets[1].up", "forward.targets[0].down"] {
        let form = sent(way);
        assert!(form.is_rearranged());
        let row = |row, name| form.value(&row_input("forward", row, name));
        assert_eq!([row(0, "numbers"), row(0, "ringtime")], ["24", ""]);
        assert_eq!([row(1, "numbers"), row(1, "ringtime")], ["23", "15"]);
        assert_eq!(form.value("routing_plan.fallback.targets[0].numbers"), "25", "closed up as ever");
    }
    for way in ["forward.targets[0].up", "forward.targets[9].down", "name", "[x].up", "[18446744073709551615].down"] {
        let form = sent(way);
        assert!(form.is_rearranged());
        assert_eq!(form.value("forward.targets[0].numbers"), "23", "{way}");
    }
    let form = sent("");
    assert!(!form.is_rearranged());
    assert!(form.can_move("forward", &1, "up") && form.can_move("forward", &0, "down"));
    assert!(!form.can_move("forward", &0, "up") && !form.can_move("forward", &1, "down"));
    assert!(!form.can_move("forward", &2, "up"), "an empty row stays");
}

#[test]
fn a_suggestion_is_offered_and_taken() {
    let mut typed = form(&[("name", "x"), ("hours.kind", "typed"), ("hours", "Mon-Fri 9-17"), ("action", "hangup")]);
    let errors = RouteDraft::from_json(&typed.to_json(None), &context()).unwrap_err();
    typed.note_errors(&errors, &HOURS, Lang::De, texts(Lang::De));
    assert_eq!(typed.suggestion(), Some("Mo-Fr 09:00-17:00"));
    assert!(typed.errors()[0].message.ends_with("vermutlich gemeint: Mo-Fr 09:00-17:00"), "{:?}", typed.errors());
    let taken = form(&[("hours.kind", "typed"), ("hours", "Mon-Fri 9-17"), ("use_hours", "Mo-Fr 09:00-17:00")]);
    assert!(taken.is_rearranged());
    assert_eq!(taken.value("hours"), "Mo-Fr 09:00-17:00");
}

#[test]
fn a_week_that_cannot_be_used_is_told_beside_the_table() {
    let nowhere = HoursContext::new(chrono_tz::Europe::Berlin, "XX", None);
    let mut form = form(&[
        ("name", "x"),
        ("action", "hangup"),
        ("hours.kind", "week"),
        ("week.mo.from", "9"),
        ("week.mo.to", "17"),
    ]);
    let context = RouteContext::new(&nowhere, &Shared::default());
    let errors = RouteDraft::from_json(&form.to_json(None), &context).unwrap_err();
    form.note_errors(&errors, &nowhere, Lang::En, texts(Lang::En));
    assert_eq!((form.errors()[0].input.as_str(), form.errors()[0].label.as_str()), ("week", "Hours"));
    assert!(form.errors()[0].message.contains("PH"), "{:?}", form.errors());
}
