//! Tests of the list of callbacks: which callers are still to be rung back.

use serde_json::json;

use crate::client::Answers;
use crate::helpers::{TestApp, accepted, form, hung_up, incoming, log_line};
use crate::oracle::rfc3339;

const DAY_MS: i64 = 24 * 3_600_000;

/// Longer than a clock needs to show another time.
pub fn pause() {
    std::thread::sleep(std::time::Duration::from_millis(5));
}

pub fn miss(app: &TestApp, id: &str, from: &str, hangup_type: &str) {
    assert_eq!(app.post_event(incoming(id, from, "022129191999")).status, 200);
    assert_eq!(app.post_event(hung_up(id, hangup_type, 0)).status, 200);
}

pub fn owed(app: &TestApp) -> Vec<(String, i64)> {
    let list = app.get("/api/v1/callbacks").ok();
    let item =
        |item: &serde_json::Value| (item["party"].as_str().unwrap().to_owned(), item["missed_calls"].as_i64().unwrap());
    list["items"].as_array().unwrap().iter().map(item).collect()
}

#[test]
fn missed_callers_are_owed_a_callback_until_there_was_contact() {
    let app = TestApp::start();
    miss(&app, "a1", "01712345678", "missed");
    miss(&app, "a2", "+49 171 2345678", "voicemail");
    miss(&app, "b1", "022198765432", "missed");
    assert_eq!(owed(&app), [("+491712345678".to_owned(), 2), ("+4922198765432".to_owned(), 1)]);
    let numbers = app.get("/api/v1/callbacks").ok()["items"][0]["numbers"].clone();
    assert_eq!(numbers, json!(["+4922129191999"]));
    // Contact counts as soon as it is accepted.
    app.post_event(incoming("a3", "004917123456 78", "022129191999"));
    app.post_event(accepted("a3", "7777anna@fpbx.de"));
    assert_eq!(owed(&app), [("+4922198765432".to_owned(), 1)]);
    miss(&app, "a4", "01712345678", "missed");
    assert_eq!(owed(&app), [("+4922198765432".to_owned(), 1), ("+491712345678".to_owned(), 1)]);
}

#[test]
fn who_cannot_be_rung_back_or_was_turned_away_by_a_route_is_not_owed_one() {
    let app = TestApp::start();
    for (id, from) in [("c1", "anonymous"), ("c2", "23"), ("c3", "7777ben@fpbx.de")] {
        miss(&app, id, from, "missed");
    }
    let route = json!({"name": "blocked", "from": ["01712345678"], "reply": {"action": "reject"}});
    assert_eq!(app.create_route(&route).status, 201);
    miss(&app, "c4", "01712345678", "missed");
    assert_eq!(owed(&app), []);
}

#[test]
fn done_by_hand_is_off_the_list_until_missed_again() {
    let app = TestApp::start();
    miss(&app, "d1", "01712345678", "missed");
    let done = |party: &str| app.request("POST", &format!("/api/v1/callbacks/{party}/done")).send();
    assert_eq!(done("+491712345678").status, 204);
    assert_eq!(owed(&app), []);
    miss(&app, "d2", "01712345678", "missed");
    assert_eq!(owed(&app), [("+491712345678".to_owned(), 1)]);
    assert_eq!(done("nobody").problem(400)["errors"][0]["field"], "party");
}

#[test]
fn pages_of_the_list_give_everybody_once_who_waits_longest_first() {
    let app = TestApp::start();
    let all: Vec<String> = (10..15).map(|n| format!("+49221987654{n}")).collect();
    for (n, party) in all.iter().enumerate() {
        miss(&app, &format!("e{n}"), party, "missed");
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("/api/v1/callbacks?limit=2&cursor={}", cursor.replace('+', "%2B"))).ok();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["party"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, all);
    for (query, field) in [
        ("within_days=0", "within_days"),
        ("within_days=-3", "within_days"),
        ("within_days=3661", "within_days"),
        ("within_days=99999999999999999999", "within_days"),
        ("within_days=x", "within_days"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=1%2B%00", "cursor"),
    ] {
        assert_eq!(app.get(&format!("/api/v1/callbacks?{query}")).wrong_fields(), [field], "{query}");
    }
}

/// Everybody on the list, page by page.
fn pages(app: &TestApp, limit: usize) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("/api/v1/callbacks?limit={limit}&cursor={cursor}")).ok();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit && (page["next_cursor"].is_null() || items.len() == limit));
        seen.extend(items.iter().map(|item| item["party"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            // As people paste it: the plus sign not encoded.
            Some(next) => cursor = next.to_owned(),
            None => return seen,
        }
    }
}

/// A log line of an incoming call that ended like this, so many days ago, with the id of its time and number.
fn ago(days: i64, from: &str, hangup_type: &str) -> String {
    let at_ms = chrono::Utc::now().timestamp_millis() / DAY_MS * DAY_MS - days * DAY_MS;
    let id = format!("{days}-{}", from.replace('+', ""));
    log_line(&rfc3339(at_ms), &incoming(&id, from, "022129191999"))
        + &log_line(&rfc3339(at_ms + 30_000), &hung_up(&id, hangup_type, 9))
}

#[test]
fn callers_of_the_same_moment_are_each_on_one_page() {
    let app = TestApp::start();
    let mut all: Vec<String> = (10..21).map(|n| format!("+49221987654{n}")).collect();
    let log: String = all.iter().rev().map(|party| ago(2, party, "missed")).collect();
    app.database.import(&log, &[]);
    app.database.import(&ago(3, "01712345678", "voicemail"), &[]);
    all.insert(0, "+491712345678".into());
    for limit in [1, 2, 3, 5, 12, 500] {
        assert_eq!(pages(&app, limit), all, "{limit} a page");
    }
}

#[test]
fn only_who_was_missed_lately_is_listed_but_with_all_calls_since_the_last_contact() {
    let app = TestApp::start();
    let log =
        ago(50, "01712345678", "missed") + &ago(40, "01712345678", "accepted") + &ago(35, "01712345678", "missed");
    app.database.import(&(log + &ago(5, "01712345678", "missed") + &ago(45, "022198765432", "missed")), &[]);
    assert_eq!(owed(&app), [("+491712345678".to_owned(), 2)]);
    let list = |days: &str| app.get(&format!("/api/v1/callbacks?within_days={days}")).ok()["items"].clone();
    assert_eq!(list("4"), json!([]));
    assert_eq!(list("3660").as_array().unwrap().len(), 2);
    let first = list("30")[0]["first_missed_at"].as_str().unwrap().to_owned();
    let last = list("30")[0]["last_missed_at"].as_str().unwrap().to_owned();
    let day = |days: i64| rfc3339(chrono::Utc::now().timestamp_millis() / DAY_MS * DAY_MS - days * DAY_MS);
    assert_eq!((first, last), (day(35), day(5)));
}

fn outgoing(id: &str, to: &str, hangup_type: &str) -> [String; 2] {
    let call = [("call_id", id), ("direction", "out"), ("event", "OutgoingCall"), ("from", "022129191999"), ("to", to)];
    let end = [("call_id", id), ("direction", "out"), ("event", "HungUp"), ("type", hangup_type), ("duration", "0")];
    [form(&call), form(&end)]
}

#[test]
fn only_a_call_that_somebody_accepted_is_contact() {
    let app = TestApp::start();
    miss(&app, "f1", "01712345678", "missed");
    for (id, hangup_type) in [("f2", "busy"), ("f3", "canceled"), ("f4", "unavailable"), ("f5", "congestion")] {
        outgoing(id, "01712345678", hangup_type)
            .into_iter()
            .for_each(|event| drop(app.post_event(event).xml().to_owned()));
        assert_eq!(owed(&app), [("+491712345678".to_owned(), 1)], "{hangup_type}");
    }
    outgoing("f6", "00491712345678", "accepted")
        .into_iter()
        .for_each(|event| drop(app.post_event(event).xml().to_owned()));
    assert_eq!(owed(&app), []);
}

fn done(app: &TestApp, method: &str, party: &str) -> u16 {
    app.request(method, &format!("/api/v1/callbacks/{party}/done")).send().status
}

#[test]
fn done_can_be_undone_in_any_notation_of_the_number() {
    let app = TestApp::start();
    miss(&app, "g1", "01712345678", "missed");
    let listed = [("+491712345678".to_owned(), 1)];
    for (done_as, undone_as) in [
        ("01712345678", "+491712345678"),
        ("%2B49%20171%202345678", "00491712345678"),
        ("0171-2345678", "491712345678"),
    ] {
        assert_eq!(done(&app, "POST", done_as), 204, "{done_as}");
        assert_eq!(owed(&app), [], "{done_as}");
        assert_eq!(done(&app, "DELETE", undone_as), 204, "{undone_as}");
        assert_eq!(owed(&app), listed, "{undone_as}");
        app.request("DELETE", &format!("/api/v1/callbacks/{undone_as}/done")).send().problem(404);
    }
    assert_eq!(done(&app, "DELETE", "022198765432"), 404);
    for method in ["POST", "DELETE"] {
        for party in ["110", "anonymous", "7777anna@fpbx.de", "%00", "+4911"] {
            let answer = app.request(method, &format!("/api/v1/callbacks/{party}/done")).send();
            assert_eq!(answer.wrong_fields(), ["party"], "{method} {party}");
        }
    }
    assert_eq!(done(&app, "PUT", "01712345678"), 405);
}

#[test]
fn undo_takes_back_the_last_mark_and_no_earlier_one() {
    let app = TestApp::start();
    let party = "+491712345678";
    miss(&app, "h1", party, "missed");
    pause();
    assert_eq!(done(&app, "POST", party), 204);
    pause();
    miss(&app, "h2", party, "voicemail");
    pause();
    // Twice, as people click.
    for _ in 0..2 {
        assert_eq!(done(&app, "POST", party), 204);
        pause();
    }
    assert_eq!(app.database.count("from callbacks_done where done_by is null"), 3, "every mark is kept");
    assert_eq!(done(&app, "DELETE", party), 204);
    assert_eq!(owed(&app), [(party.to_owned(), 1)], "only the second call is open again");
    assert_eq!(done(&app, "DELETE", party), 204);
    assert_eq!(owed(&app), [(party.to_owned(), 2)]);
    assert_eq!(done(&app, "DELETE", party), 404);
}

#[test]
fn a_call_that_rings_while_the_last_one_is_marked_as_done_is_not_done() {
    let app = TestApp::start();
    let party = "+491712345678";
    miss(&app, "i1", party, "missed");
    app.post_event(incoming("i2", party, "022129191999"));
    pause();
    assert_eq!(done(&app, "POST", party), 204);
    assert_eq!(owed(&app), []);
    pause();
    app.post_event(hung_up("i2", "missed", 0));
    assert_eq!(owed(&app), [(party.to_owned(), 1)]);
}

#[test]
fn rebuild_keeps_what_was_marked() {
    let app = TestApp::start();
    for (id, from) in [("j1", "01712345678"), ("j2", "022198765432"), ("j3", "03023125000")] {
        miss(&app, id, from, "missed");
    }
    assert_eq!(done(&app, "POST", "022198765432"), 204);
    let (list, marks) = (owed(&app), app.database.rows("party, done_ms, done_by", "from callbacks_done"));
    assert_eq!((list.len(), marks.len()), (2, 1));
    let rebuilt = app.database.run(&["rebuild"], b"");
    assert_eq!((rebuilt.status, rebuilt.stderr.as_str()), (0, ""));
    assert_eq!((owed(&app), app.database.rows("party, done_ms, done_by", "from callbacks_done")), (list, marks));
}

#[test]
fn the_page_of_a_caller_says_of_everybody_what_the_list_does() {
    let app = TestApp::start();
    for (n, parties) in ["+4922198765410", "+4922198765411", "+4922198765412", "+4922198765413"].iter().enumerate() {
        miss(&app, &format!("k{n}"), parties, "missed");
    }
    miss(&app, "k4", "+4922198765413", "voicemail");
    pause();
    assert_eq!(done(&app, "POST", "+4922198765410"), 204);
    app.post_event(incoming("k5", "+4922198765411", "022129191999"));
    app.post_event(accepted("k5", "7777anna@fpbx.de"));
    app.database.import(&(ago(31, "+4922198765414", "missed") + &ago(29, "+4922198765415", "missed")), &[]);
    let listed = owed(&app);
    assert_eq!(listed.len(), 3);
    for party in (10..17).map(|n| format!("+49221987654{n}")) {
        let page = app.get(&format!("/callers/{}", party.replace('+', "%2B")));
        let missed = listed.iter().find(|(owed, _)| *owed == party).map(|(_, missed)| *missed);
        let expected = match missed {
            Some(1) => "Waits for a call back: missed ",
            Some(_) => "Waits for a call back: missed 2 times",
            None => "No call back is owed.",
        };
        assert!(page.text().contains(expected), "{party}: {page}");
    }
    // The dashboard names the first three.
    let page = app.get("/");
    assert_eq!(page.text().matches("href=\"tel:").count(), 3, "{page}");
}
