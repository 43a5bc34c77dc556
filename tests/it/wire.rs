//! Tests of `POST /placetel`: what the PBX sends, and what it is answered.

use serde_json::json;

use crate::helpers::{Answers, CALLER, LINE, TestApp, accepted, form, hung_up, incoming};

const ID: &str = "4a4cbb39578170aed9a2761a7bec8c7e704a541f52291ef603d6f5f152980c3c";
/// The vendor's vector: body and its signature with the secret `12345`.
const BODY: &str = "call_id=4a4cbb39578170aed9a2761a7bec8c7e704a541f52291ef603d6f5f152980c3c&event=CallAccepted&from=0123456789&to=0987654321";
const SIGNATURE: &str = "c4f823c5b8806432fe2b83b1fc2ee714422e0cdfb4b5129152a7d0bbcd7792d0";

/// `fernamt:geheim:mit:doppelpunkt` in Base64.
const BASIC: &str = "Basic ZmVybmFtdDpnZWhlaW06bWl0OmRvcHBlbHB1bmt0";

fn assert_nothing_stored(app: &TestApp) {
    for table in ["events", "calls", "cells", "decisions"] {
        assert_eq!(app.database.count(&format!("from {table}")), 0, "{table}");
    }
}

#[test]
fn every_event_of_the_pbx_is_stored_as_sent_and_answered_with_xml() {
    let app = TestApp::start();
    let bodies = [
        format!("call_id={ID}&direction=in&event=IncomingCall&from=022129191999&to=022199998560"),
        format!(
            "call_id={ID}&direction=in&event=CallAccepted&from=022129191999&peer=7777abcdefg%40fpbx.de&to=022199998560"
        ),
        format!("call_id={ID}&direction=in&duration=38&event=HungUp&from=022129191999&to=022199998560&type=accepted"),
        "call_id=out-1&direction=out&event=OutgoingCall&from=022199998560&peer=7777abcdefg%40fpbx.de&to=022129191999"
            .into(),
        "call_id=out-1&direction=out&duration=0&event=HungUp&from=022199998560&to=022129191999&type=congestion".into(),
        "event=HungUp&call_id=1234567890-1&type=voicemail&duration=0&user=voicemail".into(),
    ];
    for body in &bodies {
        assert_eq!(app.post_event(body.as_str()).xml(), "<Response/>", "{body}");
    }
    let call = app.call(ID).ok();
    assert_eq!(
        (&call["outcome"], &call["talk_seconds"], &call["event_count"]),
        (&json!("accepted"), &json!(38), &json!(3))
    );
    let events = call["events"].as_array().unwrap();
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["IncomingCall", "CallAccepted", "HungUp"]);
    assert_eq!(
        events[1]["fields"],
        json!({"call_id": ID, "direction": "in", "event": "CallAccepted", "from": "022129191999",
            "peer": "7777abcdefg@fpbx.de", "to": "022199998560"})
    );
    assert_eq!(app.call("out-1").ok()["outcome"], "congestion");
    assert_eq!(app.call("1234567890-1").ok()["events"][0]["fields"]["user"], "voicemail");
}

#[test]
fn odd_characters_do_not_keep_later_events_of_the_call_from_being_stored() {
    let app = TestApp::start();
    let odd = "%00%01%22%5C%0A%E2%80%A8%F0%9F%93%9E%FF";
    for (event, more) in [("IncomingCall", ""), ("CallAccepted", "&peer=a%00%22"), ("HungUp", "&type=missed&note=%FE")]
    {
        let body = format!("event={event}&call_id=odd&from={odd}&to=%5B%22x%22%2C%5D{more}");
        app.post_event(body.as_str()).xml();
    }
    let call = app.call("odd").ok();
    assert_eq!((&call["outcome"], &call["event_count"]), (&json!("missed"), &json!(3)));
    let from = call["from"].as_str().unwrap();
    assert!(from.contains("\"\\") && from.contains('\u{2028}') && from.contains('📞'), "{from:?}");
}

#[test]
fn every_hangup_type_becomes_its_outcome() {
    let app = TestApp::start();
    let known = ["accepted", "missed", "voicemail", "blocked", "busy", "canceled", "unavailable", "congestion"];
    for (hangup_type, outcome) in
        known.map(|word| (word, word)).into_iter().chain([("teleported", "other"), ("", "other")])
    {
        let id = format!("call-{hangup_type}");
        app.post_event(hung_up(&id, hangup_type, 0)).xml();
        assert_eq!(app.call(&id).ok()["outcome"], outcome);
    }
    app.post_event("event=HungUp&call_id=untyped").xml();
    assert_eq!(app.call("untyped").ok()["outcome"], "other");
}

#[test]
fn an_event_that_nobody_knows_is_kept_like_any_other() {
    let app = TestApp::start();
    let body = "call_id=parked&event=CallParked&from=022129191999&mood=%3Cb%3Ehappy%26&to=022199998560";
    assert_eq!(app.post_event(body).xml(), "<Response/>");
    let event = &app.call("parked").ok()["events"][0];
    assert_eq!((&event["event"], &event["fields"]["mood"]), (&json!("CallParked"), &json!("<b>happy&")));
}

#[test]
fn a_repeated_event_is_counted_once_and_its_deliveries_are_told() {
    let app = TestApp::start();
    for _ in 0..3 {
        app.post_event(hung_up("a", "missed", 0)).xml();
    }
    let call = app.call("a").ok();
    assert_eq!((&call["event_count"], &call["events"][0]["deliveries"]), (&json!(1), &json!(3)));
    assert_eq!(app.stats("").ok()["totals"]["calls"], 1);
}

#[test]
fn of_a_field_that_occurs_twice_the_first_counts() {
    let app = TestApp::start();
    app.post_event("event=HungUp&call_id=a&type=missed&type=accepted&call_id=b").xml();
    let call = app.call("a").ok();
    assert_eq!((&call["outcome"], &call["events"][0]["fields"]["type"]), (&json!("missed"), &json!("missed")));
    app.call("b").problem(404);
}

#[test]
fn a_missing_or_unusable_field_is_named_and_nothing_is_stored() {
    let app = TestApp::start();
    let long = "x".repeat(129);
    for (body, field) in [
        ("".to_owned(), "event"),
        ("{\"event\":\"HungUp\",\"call_id\":\"a\"}".into(), "event"),
        (form(&[("call_id", "a")]), "event"),
        (form(&[("call_id", "a"), ("event", "")]), "event"),
        (form(&[("call_id", "a"), ("event", "Hung\nUp")]), "event"),
        (form(&[("event", "IncomingCall")]), "call_id"),
        (form(&[("event", "HungUp"), ("call_id", "")]), "call_id"),
        (form(&[("event", "HungUp"), ("call_id", "a b")]), "call_id"),
        (form(&[("event", "HungUp"), ("call_id", "a/b")]), "call_id"),
        (form(&[("event", "HungUp"), ("call_id", "ä")]), "call_id"),
        (form(&[("event", "HungUp"), ("call_id", "a\0")]), "call_id"),
        (form(&[("event", "HungUp"), ("call_id", &long)]), "call_id"),
    ] {
        assert_eq!(app.post_event(body.as_str()).wrong_fields(), [field], "{body}");
    }
    assert_nothing_stored(&app);
}

#[test]
fn a_call_id_may_be_anything_of_the_allowed_characters() {
    let app = TestApp::start();
    let longest = "x".repeat(128);
    for id in ["a", ID, &ID.to_uppercase(), "1234567890-1", "A-Z.a_z:0-9", "..", &longest] {
        app.post_event(hung_up(id, "missed", 0)).xml();
        let path = id.replace("..", "%2E%2E");
        assert_eq!(app.call(&path).ok()["call_id"], id);
    }
    assert_eq!(app.stats("").ok()["totals"]["calls"], 7);
}

#[test]
fn another_content_type_is_415_and_a_form_may_name_its_charset() {
    let app = TestApp::start();
    let post = |media: &str| {
        app.request("POST", "/placetel").header("Content-Type", media).body(hung_up("a", "missed", 0)).send()
    };
    for media in
        ["application/json", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencodedx"]
    {
        post(media).problem(415);
    }
    app.request("POST", "/placetel").body(hung_up("a", "missed", 0)).send().problem(415);
    assert_nothing_stored(&app);
    assert_eq!(post("Application/X-WWW-Form-Urlencoded; charset=utf-8").xml(), "<Response/>");
}

#[test]
fn too_large_a_body_is_413_and_the_largest_is_taken() {
    let app = TestApp::start();
    let of_length = |length: usize| {
        let start = "event=HungUp&call_id=a&type=missed&x=";
        format!("{start}{}", "x".repeat(length - start.len()))
    };
    app.post_event(of_length(65_537)).problem(413);
    app.post_event(of_length(1_000_000)).problem(413);
    let with_fields = |count: usize| format!("event=HungUp&call_id=b{}", "&x=1".repeat(count - 2));
    app.post_event(with_fields(101)).problem(413);
    assert_nothing_stored(&app);
    assert_eq!(app.post_event(of_length(65_536)).xml(), "<Response/>");
    assert_eq!(app.post_event(with_fields(100)).xml(), "<Response/>");
}

#[test]
fn other_methods_are_405_and_hear_which_one_is_right() {
    let app = TestApp::start();
    for method in ["GET", "PUT", "DELETE"] {
        let answer = app.request(method, "/placetel").send();
        answer.problem(405);
        assert_eq!(answer.header("allow"), Some("POST"), "{method}");
    }
}

#[test]
fn hostile_fields_are_stored_and_shown_harmlessly() {
    let app = TestApp::start();
    let body = form(&[
        ("event", "CallAccepted"),
        ("call_id", "a"),
        ("from", "'; drop table calls; --"),
        ("to", "\0\r\n"),
        ("peer", "<script>\0"),
    ]);
    app.post_event(body).xml();
    app.post_event(b"event=HungUp&call_id=a&type=\xff\xfe%FF%00&duration=99999999999999999999&from=%zz".to_vec()).xml();
    let call = app.call("a").ok();
    assert_eq!(call["from"], "'; drop table calls; --");
    assert_eq!((&call["outcome"], &call["event_count"]), (&json!("other"), &json!(2)));
    assert_eq!(app.stats("group_by=peer").ok()["totals"]["calls"], 1);
}

#[test]
fn the_vendors_signature_is_valid_with_any_of_several_secrets() {
    for secrets in ["12345", "12345,new", "old, 12345"] {
        let app = TestApp::with(&["--placetel-secret", secrets]);
        let signed = app.request("POST", "/placetel").header("X-PLACETEL-SIGNATURE", SIGNATURE).form(BODY).send();
        assert_eq!(signed.xml(), "<Response/>", "{secrets}");
        assert_eq!(app.database.count("from events"), 1);
    }
}

#[test]
fn a_wrong_or_missing_signature_is_401_and_nothing_is_stored() {
    let app = TestApp::with(&["--placetel-secret", "12346,1234"]);
    app.post_event(BODY).problem(401);
    for signature in [SIGNATURE, "", "c4f8", &"z".repeat(64)] {
        let request = app.request("POST", "/placetel").header("X-PLACETEL-SIGNATURE", signature);
        request.form(BODY).send().problem(401);
    }
    assert_nothing_stored(&app);
}

#[test]
fn a_signature_is_of_the_very_bytes_of_the_body() {
    let app = TestApp::with(&["--placetel-secret", "12345"]);
    for body in [BODY.replace("0123456789", "0123456788"), format!("{BODY}&x=1"), BODY.replace('=', "%3D")] {
        app.request("POST", "/placetel").header("X-PLACETEL-SIGNATURE", SIGNATURE).form(body).send().problem(401);
    }
    assert_nothing_stored(&app);
}

#[test]
fn basic_wants_user_and_password_even_with_colons_and_challenges_others() {
    let app = TestApp::with(&["--placetel-basic", "fernamt:geheim:mit:doppelpunkt"]);
    let post =
        |authorization: &str| app.request("POST", "/placetel").header("Authorization", authorization).form(BODY).send();
    // Wrong: user alone, another password, the password up to its first colon, no Base64, another scheme.
    for authorization in
        ["Basic ZmVybmFtdA==", "Basic ZmVybmFtdDpmYWxzY2g=", "Basic ZmVybmFtdDpnZWhlaW0=", "Basic !!!", "Bearer x", ""]
    {
        let answer = post(authorization);
        answer.problem(401);
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic "), "{authorization}");
    }
    app.post_event(BODY).problem(401);
    assert_nothing_stored(&app);
    assert_eq!(post(BASIC).xml(), "<Response/>");
}

#[test]
fn signature_and_basic_are_both_wanted_if_both_are_set() {
    let app = TestApp::with(&["--placetel-secret", "12345", "--placetel-basic", "fernamt:geheim:mit:doppelpunkt"]);
    let post = || app.request("POST", "/placetel");
    post().header("X-PLACETEL-SIGNATURE", SIGNATURE).form(BODY).send().problem(401);
    post().header("Authorization", BASIC).form(BODY).send().problem(401);
    assert_nothing_stored(&app);
    let both = post().header("X-PLACETEL-SIGNATURE", SIGNATURE).header("Authorization", BASIC);
    assert_eq!(both.form(BODY).send().xml(), "<Response/>");
}

#[test]
fn an_incoming_call_gets_the_matching_routes_answer_and_other_events_do_not() {
    let app = TestApp::start();
    app.create_route(&json!({"name": "Busy", "to": [LINE], "reply": {"action": "reject", "reason": "busy"}}));
    assert_eq!(app.post_event(incoming("a", CALLER, LINE)).xml(), "<Response><Reject reason=\"busy\"/></Response>");
    assert_eq!(app.post_event(incoming("b", CALLER, "022129191998")).xml(), "<Response/>");
    assert_eq!(app.post_event(accepted("a", "anna@fpbx.de")).xml(), "<Response/>");
    let decision = &app.call("a").ok()["decision"];
    assert_eq!(decision["route_name"], "Busy");
    assert!(decision["xml"].as_str().unwrap().contains("<Reject reason=\"busy\"/>"));
    let none = &app.call("b").ok()["decision"];
    assert_eq!((&none["route_id"], &none["route_name"]), (&json!(null), &json!(null)));
}

#[test]
fn the_same_call_gets_the_same_answer_whatever_becomes_of_the_routes() {
    let app = TestApp::start();
    let route = json!({"name": "First", "reply": {"action": "queue", "id": "123"}});
    let id = app.create_route(&route).json()["id"].clone();
    let before = app.post_event(incoming("a", CALLER, LINE)).xml().to_owned();
    assert!(before.contains("queue_id=\"123\""), "{before}");
    let changed = json!({"name": "Second", "reply": {"action": "hangup"}});
    app.put_route(&id, &changed).ok();
    // A retry, and the same call as if another field had changed.
    assert_eq!(app.post_event(incoming("a", CALLER, LINE)).xml(), before);
    assert_eq!(app.post_event(incoming("a", "anonymous", LINE)).xml(), before);
    assert_eq!(app.post_event(incoming("b", CALLER, LINE)).xml(), "<Response><Hangup/></Response>");
    assert_eq!(app.delete_route(&id).status, 204);
    let app = app.restart(&[]);
    assert_eq!(app.post_event(incoming("a", CALLER, LINE)).xml(), before);
    assert_eq!(app.post_event(incoming("b", CALLER, LINE)).xml(), "<Response><Hangup/></Response>");
    assert_eq!(app.post_event(incoming("c", CALLER, LINE)).xml(), "<Response/>");
    assert_eq!(app.call("a").ok()["decision"]["route_name"], "First");
}

#[test]
fn no_route_stays_no_route_for_a_call() {
    let app = TestApp::start();
    assert_eq!(app.post_event(incoming("a", CALLER, LINE)).xml(), "<Response/>");
    app.create_route(&json!({"name": "New", "reply": {"action": "hangup"}}));
    assert_eq!(app.post_event(incoming("a", CALLER, LINE)).xml(), "<Response/>");
    let app = app.restart(&[]);
    assert_eq!(app.post_event(incoming("a", CALLER, LINE)).xml(), "<Response/>");
}

#[test]
fn without_a_route_the_pbx_can_be_sent_to_its_backup_plan_and_the_event_is_stored() {
    let app = TestApp::with(&["--no-route", "error"]);
    app.create_route(&json!({"name": "Known", "to": [LINE], "reply": {"action": "hangup"}}));
    for _ in 0..2 {
        app.post_event(incoming("a", CALLER, "022129191998")).problem(503);
    }
    assert_eq!(app.post_event(incoming("b", CALLER, LINE)).xml(), "<Response><Hangup/></Response>");
    let call = app.call("a").ok();
    assert_eq!((&call["state"], &call["events"][0]["deliveries"]), (&json!("ringing"), &json!(2)));
    assert_eq!(app.post_event(hung_up("a", "missed", 0)).xml(), "<Response/>");
}
