//! Tests of privacy: what is forgotten is gone, down to the bytes on disk, and the figures stay what they were.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::database::Database;
use crate::helpers::{
    Answers, CALLER, Done, LINE, Server, SetAtTheEnd, TestApp, form, hung_up, incoming, log_line, times,
};
use crate::histories::{Delivery, PEOPLE, history, log};
use crate::oracle::{Call, fold};
use crate::spool::{in_spool, until};
use crate::traces::places_of;

/// The digits that every notation of a number of the histories' outside parties holds.
const OUTSIDE: [&str; 5] = ["3023125000", "1712345", "442681800", "43158858", "7777outside"];
/// The own lines of the histories, as calls have them.
const OWN: [&str; 4] = ["+4922129191999", "+4922199998560", "23", "7777line@fpbx.de"];
const SPAN: &str = "start=2026-03-01&end=2026-11-30";
const SOME_DAYS: [&str; 3] =
    ["start=2026-03-28&end=2026-03-31", "start=2026-05-05&end=2026-05-05", "start=2026-10-12&end=2026-10-26"];

fn forget(database: &Database, flags: &[&str]) -> Done {
    let spool = database.spool();
    let done = database.run(&[&["forget", "--spool", spool.to_str().unwrap()], flags].concat(), b"");
    assert_eq!(done.status, 0, "{}", done.stderr);
    done
}

/// Everything that is counted, and the groups of callers without who they are.
fn figures(app: &TestApp) -> Vec<Value> {
    let groups = ["", "day", "week", "month", "weekday_hour", "number", "peer", "route"];
    let mut figures: Vec<Value> =
        groups.iter().map(|group| app.stats(&format!("{SPAN}&group_by={group}")).ok()).collect();
    // The hours of all months are many times as much as everything else.
    let of_hours: &[&str] = if times(1) > 1 { &[SPAN] } else { &SOME_DAYS };
    for days in of_hours {
        figures.push(app.stats(&format!("{days}&group_by=hour")).ok());
    }
    for narrower in ["direction=in", "hours=open", "number=%2B4922129191999", "outcome=missed"] {
        figures.push(app.stats(&format!("{SPAN}&{narrower}")).ok());
    }
    for period in [SPAN, "start=2026-03-01&end=2026-04-10", "start=2026-10-12&end=2026-10-20"] {
        figures.push(app.get(&format!("/api/v1/callbacks/report?{period}")).ok());
    }
    let by_party = app.stats(&format!("{SPAN}&group_by=party")).ok();
    let mut callers: Vec<String> = by_party["groups"].as_array().unwrap().iter().map(without_party).collect();
    callers.sort();
    figures.push(json!(callers));
    figures
}

fn without_party(group: &Value) -> String {
    let mut group = group.clone();
    let party = group["key"].take();
    json!([party.is_null(), group]).to_string()
}

#[track_caller]
fn assert_same(app: &TestApp, before: &[Value], when: &str) {
    for (now, before) in figures(app).iter().zip(before) {
        assert_eq!(now, before, "{when}");
    }
    assert_eq!(app.database.run(&["check"], b"").status, 0, "{when}");
}

/// Without calls of which only a hangup came whose type is one of outgoing calls although it was none: nobody can know
/// that who calls there is not an own line.
fn plain(deliveries: Vec<Delivery>) -> Vec<Delivery> {
    let is_odd = |call: &Call| call.number.as_deref().is_some_and(|number| !OWN.contains(&number));
    let odd: Vec<String> = fold(&deliveries).iter().filter(|call| is_odd(call)).map(|call| call.id.clone()).collect();
    let is_of = |delivery: &Delivery, id: &String| {
        form_urlencoded::parse(delivery.body.as_bytes()).any(|(name, value)| name == "call_id" && value == *id)
    };
    assert!(odd.len() < 20, "{odd:?}");
    deliveries.into_iter().filter(|delivery| !odd.iter().any(|id| is_of(delivery, id))).collect()
}

/// Callers who are missed, called back or not, in two weeks of October.
fn missed_people() -> Vec<Delivery> {
    let at = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis();
    let mut deliveries = Vec::new();
    for (number, (dialled, _)) in PEOPLE.iter().take(40).enumerate() {
        let start = at("2026-10-12T08:00:00Z") + number as i64 * 3_600_000;
        let id = format!("missed-{number}");
        deliveries.push(Delivery { at_ms: start, body: incoming(&id, dialled, LINE) });
        deliveries.push(Delivery { at_ms: start + 9_000, body: hung_up(&id, "missed", 0) });
        if number % 2 == 0 {
            let id = format!("back-{number}");
            let back = start + 3_600_000 * (1 + number as i64 * 2);
            let fields = [("call_id", id.as_str()), ("event", "OutgoingCall"), ("from", LINE), ("to", dialled)];
            deliveries.push(Delivery { at_ms: back, body: form(&fields) });
            deliveries.push(Delivery { at_ms: back + 70_000, body: hung_up(&id, "accepted", 60) });
        }
    }
    deliveries
}

#[test]
fn older_callers_are_gone_from_every_byte_and_the_figures_stay() {
    let mut app = TestApp::start();
    let deliveries = [plain(history(7, times(150).min(400))), missed_people()].concat();
    app.database.import(&log(&deliveries), &[]);
    let before = figures(&app);
    app.database.execute("analyze");
    assert!(!places_of(&app.database, &OUTSIDE).is_empty(), "the search finds what is there");
    let done = forget(&app.database, &["--before", "2026-12-01"]);
    assert!(done.stderr.contains("calls forgotten"), "{}", done.stderr);
    assert_eq!(places_of(&app.database, &OUTSIDE), [""; 0]);
    assert_eq!(app.database.count("from settings where name = 'forgetting-key'"), 0, "nobody can try numbers");
    assert_same(&app, &before, "forgotten");
    app = app.restart(&[]);
    assert_same(&app, &before, "after a restart");
    assert_eq!(app.database.run(&["rebuild"], b"").status, 0);
    assert_same(&app, &before, "rebuilt");
    // What comes again is known again.
    let done = app.database.run(&["import", "-"], log(&deliveries).as_bytes());
    assert_eq!(done.status, 0);
    assert!(done.stderr.contains("of forgotten calls"), "{}", done.stderr);
    assert_same(&app, &before, "imported once more");
    assert_eq!(places_of(&app.database, &OUTSIDE), [""; 0]);
    assert_eq!(forget(&app.database, &["--before", "2026-12-01"]).stderr.lines().next(), Some("0 calls forgotten"));
    // Everything there is to look at goes on.
    let call = app.calls("limit=1").ok()["items"][0].clone();
    let id = call["call_id"].as_str().unwrap();
    for page in ["/", "/calls?period=year", "/callbacks", &format!("/calls/{id}"), &format!("/calls.csv?{SPAN}")] {
        assert_eq!(app.get(page).status, 200, "{page}");
    }
    assert!(app.get("/callbacks?days=365").text().find("+49171").is_none());
    let exported = app.database.export(&[]);
    assert!(OUTSIDE.iter().all(|digits| !exported.contains(digits)));
    let copy = Database::create();
    copy.import(&exported, &[]);
    let copied = TestApp::on(copy.into(), &[]);
    assert_eq!(copied.stats(SPAN).ok(), app.stats(SPAN).ok());
}

#[test]
fn younger_calls_keep_their_callers_and_periods_on_either_side_their_figures() {
    let app = TestApp::start();
    app.database.import(&log(&missed_people()), &[]);
    let day = "2026-10-13";
    // Of these callers some were rung back before the day and some after it; some are marked as done.
    for (_, number) in PEOPLE.iter().take(12).skip(1).step_by(4) {
        let done = app.request("POST", &format!("/api/v1/callbacks/{}/done", number.replace('+', "%2B"))).send();
        assert_eq!(done.status, 204);
    }
    let report = |period: &str| app.get(&format!("/api/v1/callbacks/report?{period}")).ok();
    let (old, young) = ("start=2026-10-12&end=2026-10-12", "start=2026-10-13&end=2026-10-31");
    let before = (report(old), report(young));
    let count = |name: &str| before.0[name].as_i64().unwrap();
    assert!(count("reached") > 0 && count("still_owed") > 0, "{}", before.0);
    assert!(count("missed_callers") > count("reached") + count("still_owed"), "some are done: {}", before.0);
    forget(&app.database, &["--before", day]);
    assert_eq!((report(old), report(young)), before);
    let calls = |query: &str| app.calls(query).ok()["items"].as_array().unwrap().clone();
    let is_forgotten = |call: &Value| call["party"].as_str().unwrap().starts_with("forgotten-number-");
    let older = calls("start=2026-10-12&end=2026-10-12");
    assert!(!older.is_empty() && older.iter().all(is_forgotten));
    let younger = calls("start=2026-10-13&end=2026-10-31&limit=200");
    assert!(!younger.is_empty() && !younger.iter().any(is_forgotten));
    assert!(app.get("/calls?start=2026-10-12&end=2026-10-12").text().contains("Number deleted"));
    // Nobody can be rung back without a number.
    let owed = app.get("/api/v1/callbacks?days=365&limit=200").ok();
    assert!(owed["items"].as_array().unwrap().iter().all(|item| item["party"].as_str().unwrap().starts_with('+')));
    assert_eq!(app.database.run(&["rebuild"], b"").status, 0);
    assert_eq!((report(old), report(young)), before);
}

#[test]
fn what_comes_late_of_older_calls_brings_nobody_back() {
    let app = TestApp::start();
    let at = |second: u32, body: &str| log_line(&format!("2026-05-05T08:00:{second:02}.000Z"), body);
    let begin = incoming("a", CALLER, LINE);
    app.database.import(&at(1, &begin), &[]);
    forget(&app.database, &["--before", "2026-06-01"]);
    let end = form(&[
        ("call_id", "a"),
        ("event", "HungUp"),
        ("from", CALLER),
        ("to", LINE),
        ("type", "missed"),
        ("duration", "0"),
        ("note", CALLER),
    ]);
    let unknown = incoming("b", CALLER, LINE);
    let done = app.database.run(&["import", "-"], [at(9, &end), at(9, &unknown), at(2, &begin)].concat().as_bytes());
    assert_eq!((done.status, done.stdout.as_str()), (0, ""));
    assert!(done.stderr.starts_with("3 events are of forgotten calls"), "{}", done.stderr);
    let call = app.call("a").ok();
    assert_eq!(call["outcome"], "missed");
    assert_eq!(call["events"].as_array().unwrap().len(), 2, "{call}");
    assert_eq!(app.call("b").ok()["party"].as_str().unwrap().split('-').next(), Some("forgotten"));
    // From the PBX, too: as repeated, and as new.
    app.post_event(begin).xml();
    assert_eq!(app.call("a").ok()["events"][0]["deliveries"], 2);
    forget(&app.database, &["--before", "2026-06-01"]);
    let digits = CALLER.trim_start_matches('0');
    assert_eq!(places_of(&app.database, &[digits]), [""; 0]);
}

#[test]
fn one_person_is_found_in_every_notation_and_forgotten_in_all_calls() {
    let app = TestApp::start();
    let route = json!({"name": "Vip", "from": ["0171 2345678"], "reply": {"action": "forward", "targets": [{"numbers": ["01712345678"]}]}});
    let created = app.create_route(&route);
    assert_eq!(created.status, 201, "{}", created.text());
    let notations = ["01712345678", "+491712345678", "00491712345678", "491712345678"];
    for (number, notation) in notations.iter().enumerate() {
        app.post_event(incoming(&format!("a{number}"), notation, LINE)).xml();
        app.post_event(hung_up(&format!("a{number}"), "missed", 0)).xml();
    }
    let chance =
        [("call_id", "chance"), ("event", "Noted"), ("from", CALLER), ("to", LINE), ("uuid", "99171234567800")];
    assert_eq!(app.post_event(form(&chance)).status, 200);
    let note = [("call_id", "note"), ("event", "CallParked"), ("from", CALLER), ("to", LINE), ("about", notations[0])];
    assert_eq!(app.post_event(form(&note)).status, 200);
    app.post_event(incoming("note", CALLER, LINE)).xml();
    app.post_event(incoming("other", CALLER, LINE)).xml();
    assert_eq!(app.request("POST", "/api/v1/callbacks/01712345678/done").send().status, 204);
    let contact = json!({"name": "Erika Muster"});
    assert!(app.request("PUT", "/api/v1/contacts/01712345678").json(&contact).send().status < 300);
    let before = app.stats("period=today").ok();

    let exported = |number: &str| app.database.run(&["export", "--party", number], b"");
    let kept = exported("0171/2345678");
    assert_eq!((kept.status, kept.stderr.as_str()), (0, ""));
    let lines: Vec<Value> = kept.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["call", "call", "call", "call", "call", "callback_done", "contact", "route"], "{}", kept.stdout);
    assert_eq!(lines[0]["events"].as_array().unwrap().len(), 2);
    assert!(lines[0]["decision"]["xml"].as_str().unwrap().contains("01712345678"));
    assert!(!kept.stdout.contains("\"call_id\":\"other\""));

    let done = forget(&app.database, &["--party", "00491712345678"]);
    assert_eq!(done.stderr.lines().next(), Some("5 calls forgotten"), "{}", done.stderr);
    assert!(done.stderr.contains("contacts:") && done.stderr.contains("routes: Vip"), "{}", done.stderr);
    let after = exported("01712345678").stdout;
    assert!(!after.contains("\"kind\":\"call"), "{after}");
    assert_eq!(app.stats("period=today").ok(), before);
    for others in ["other", "note"] {
        assert_eq!(app.call(others).ok()["party"], format!("+49{}", &CALLER[1..]), "{others}");
    }
    assert_eq!(app.call("chance").ok()["events"][0]["fields"]["uuid"], "99171234567800");
    // What it was told in is known again, and a new event of that call is one.
    app.post_event(form(&note));
    app.post_event(hung_up("note", "missed", 0));
    let told = app.call("note").ok();
    let counts: Vec<_> = told["events"].as_array().unwrap().iter().map(|event| event["deliveries"].clone()).collect();
    assert_eq!(counts, [json!(2), json!(1), json!(1)], "{told}");
    let pseudonyms: std::collections::BTreeSet<_> =
        (0..4).map(|number| app.call(&format!("a{number}")).ok()["party"].as_str().unwrap().to_owned()).collect();
    assert_eq!(pseudonyms.len(), 1, "still one person: {pseudonyms:?}");

    // What is left is the administrator's own.
    let id = created.json()["id"].clone();
    assert_eq!(app.delete_route(&id).status, 204);
    assert_eq!(app.request("DELETE", "/api/v1/contacts/01712345678").send().status, 204);
    app.database.execute("delete from route_revisions");
    assert_eq!(forget(&app.database, &["--party", "01712345678"]).stderr, "0 calls forgotten\n");
    assert_eq!(places_of(&app.database, &["01712345678", "491712345678", "0171 2345678"]), [""; 0]);
    for wrong in ["", "anonymous"] {
        let done = app.database.run(&["forget", "--party", wrong], b"");
        assert_eq!(done.status, 1);
        assert!(done.stderr.contains("--party"), "{}", done.stderr);
    }
}

#[test]
fn a_backup_from_before_brings_people_back_only_until_it_is_done_again() {
    let app = TestApp::start();
    app.database.import(&log(&missed_people()), &[]);
    let backup = app.database.export(&[]);
    let before = app.stats(SPAN).ok();
    forget(&app.database, &["--before", "2026-12-01"]);
    let rest = app.database.export(&[]);
    let restored = Database::create();
    restored.import(&backup, &[]);
    restored.import(&rest, &[]);
    let restored = TestApp::on(restored.into(), &[]);
    assert_eq!(restored.stats(SPAN).ok(), before);
    assert_eq!(restored.call("missed-1").ok()["event_count"], 2);
    forget(&restored.database, &["--before", "2026-12-01"]);
    assert_eq!(places_of(&restored.database, &["1712345"]), [""; 0]);
    assert_eq!(restored.stats(SPAN).ok(), before);
    // What only looks forgotten is not.
    let sly = "forgotten=000000&call_id=sly&event=IncomingCall&from=01712345678&to=23";
    assert_eq!(restored.post_event(sly).status, 200);
    forget(&restored.database, &["--before", "2100-01-01"]);
    assert_eq!(places_of(&restored.database, &["1712345"]), [""; 0]);
}

#[test]
fn what_waits_in_the_spool_is_stored_first() {
    let app = TestApp::start();
    let lock = app.database.lock_writes();
    let body = incoming("a", "01712345678", LINE);
    app.post_event(body).xml();
    app.post_event(hung_up("b", "missed", 0));
    until("it waits", || in_spool(&app) > 0);
    drop(lock);
    forget(&app.database, &["--before", "2100-01-01"]);
    assert_eq!(app.call("a").ok()["party"].as_str().unwrap().split('-').next(), Some("forgotten"));
    assert_eq!(places_of(&app.database, &["1712345678"]), [""; 0]);
    // Of a server that is gone, too.
    let database = app.database.clone();
    drop(app);
    let server = Server::start(&database, &[]);
    let lock = database.lock_writes();
    server.post_event(incoming("c", "01712345679", LINE)).xml();
    until("it waits", || in_spool(&server) > 0);
    server.terminate();
    server.wait();
    drop(lock);
    forget(&database, &["--party", "01712345679"]);
    assert_eq!(database.count("from events"), 3);
    assert_eq!(places_of(&database, &["1712345679"]), [""; 0]);
}

#[test]
fn events_are_taken_while_older_ones_are_forgotten() {
    let app = TestApp::start();
    app.database.import(&log(&[history(11, times(250).min(700)), missed_people()].concat()), &[]);
    let is_enough = AtomicBool::new(false);
    let sent = std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let mut sent = 0;
            while !is_enough.load(Ordering::Relaxed) {
                app.post_event(incoming(&format!("meanwhile{sent}"), CALLER, LINE)).xml();
                sent += 1;
            }
            sent
        });
        {
            let _at_the_end = SetAtTheEnd(&is_enough);
            forget(&app.database, &["--before", "2026-11-20"]);
        }
        sending.join().unwrap()
    });
    until("all are stored", || app.stats("period=today").ok()["totals"]["calls"] == sent);
    assert_eq!(app.database.run(&["check"], b"").status, 0);
    assert!(sent > 0);
}

#[test]
fn where_events_of_a_call_disagree_about_the_direction_both_sides_are_forgotten() {
    let event = |id: &str, name: &str, from: &str, to: &str, direction: &str| {
        form(&[("call_id", id), ("event", name), ("from", from), ("to", to), ("direction", direction)])
    };
    let digits = ["1715551006", "1715551606", "1715551007", "1715551707"];
    let [first, second, third, fourth] = digits.map(|digits| format!("0{digits}"));
    let events = [
        event("in", "IncomingCall", &first, LINE, "in"),
        event("in", "HungUp", LINE, &second, "out"),
        event("out", "OutgoingCall", LINE, &third, "out"),
        event("out", "CallAccepted", &fourth, LINE, "in"),
    ];
    let lines: String =
        (1..).zip(&events).map(|(at, body)| log_line(&format!("2026-05-05T08:00:0{at}.000Z"), body)).collect();
    for flags in [&[["--before", "2026-06-01"]][..], &[["--party", &second], ["--party", &fourth]]] {
        let app = TestApp::start();
        app.database.import(&lines, &[]);
        let before = figures(&app);
        assert!(!places_of(&app.database, &digits).is_empty());
        for flags in flags {
            forget(&app.database, flags);
        }
        assert_eq!(places_of(&app.database, &digits), [""; 0], "{flags:?}");
        assert_same(&app, &before, "forgotten");
        assert_eq!(app.database.run(&["rebuild"], b"").status, 0);
        assert_same(&app, &before, "rebuilt");
        let done = app.database.run(&["import", "-"], lines.as_bytes());
        assert_eq!(done.status, 0, "{}", done.stderr);
        assert_eq!(places_of(&app.database, &digits), [""; 0], "imported once more");
    }
}
