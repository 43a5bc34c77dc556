//! Tests of every bound of requests as documented in docs/operations.md: the maximum is accepted, one more is refused
//! with the field at fault. Other bounds have tests of their own (doors, fairness, bodies, overlong, live, spool).

use chrono::{Days, Utc};
use serde_json::{Value, json};

use crate::client::Answer;
use crate::database::Database;
use crate::helpers::{Answers, LINE, TestApp, form};

/// A bound, and what is sent to try it with so much.
struct Tried {
    /// The field that has too much, as the answer names it.
    field: &'static str,
    most: usize,
    send: fn(&TestApp, usize) -> Answer,
}

const fn tried(field: &'static str, most: usize, send: fn(&TestApp, usize) -> Answer) -> Tried {
    Tried { field, most, send }
}

/// Each is taken up to its bound, and one more is refused.
#[track_caller]
fn each_holds(app: &TestApp, bounds: &[Tried]) {
    for Tried { field, most, send } in bounds {
        let taken = send(app, *most);
        assert!(matches!(taken.status, 200 | 201), "{most} of {field}: {taken}");
        let refused = send(app, most + 1);
        let wrong = refused.wrong_fields();
        assert_eq!(wrong, [*field], "{} of {field}: {refused}", most + 1);
    }
}

fn letters(count: usize) -> String {
    "a".repeat(count)
}

fn digits(count: usize) -> String {
    "7".repeat(count)
}

fn items<T>(count: usize, item: impl Fn(usize) -> T) -> Vec<T> {
    (0..count).map(item).collect()
}

fn number(index: usize) -> String {
    format!("+4922129{index:06}")
}

fn event(app: &TestApp, name: &str, call_id: &str) -> Answer {
    app.post_event(form(&[("event", name), ("call_id", call_id)]))
}

fn put(app: &TestApp, path: &str, body: &Value) -> Answer {
    app.request("PUT", &format!("/api/v1/{path}")).json(body).send()
}

#[test]
fn of_an_event() {
    let app = TestApp::start();
    each_holds(
        &app,
        &[
            tried("event", 128, |app, count| event(app, &letters(count), "c")),
            tried("call_id", 128, |app, count| event(app, "Note", &letters(count))),
        ],
    );
}

#[test]
fn of_a_question() {
    let app = TestApp::start();
    each_holds(
        &app,
        &[
            tried("limit", 500, |app, count| app.get(&format!("/api/v1/calls?limit={count}"))),
            tried("limit", 500, |app, count| app.get(&format!("/api/v1/callbacks?limit={count}"))),
            tried("limit", 500, |app, count| app.get(&format!("/api/v1/contacts?limit={count}"))),
            tried("limit", 500, |app, count| app.get(&format!("/api/v1/routes/revisions?limit={count}"))),
            tried("limit", 10_000, |app, count| app.get(&format!("/api/v1/stats?group_by=day&limit={count}"))),
            tried("within_days", 3_660, |app, count| app.get(&format!("/api/v1/callbacks?within_days={count}"))),
            tried("within_seconds", 86_400, |app, count| app.get(&format!("/api/v1/stats?within_seconds={count}"))),
            tried("q", 200, |app, count| app.get(&format!("/api/v1/calls?q={}", letters(count)))),
            tried("q", 200, |app, count| app.get(&format!("/api/v1/contacts?q={}", letters(count)))),
            tried("number", 200, |app, count| app.get(&format!("/api/v1/calls?number={}", letters(count)))),
            tried("party", 200, |app, count| app.get(&format!("/api/v1/calls?party={}", letters(count)))),
            tried("peer", 200, |app, count| app.get(&format!("/api/v1/calls?peer={}", letters(count)))),
            tried("cursor", 15, |app, count| app.get(&format!("/api/v1/contacts?cursor={}", digits(count)))),
        ],
    );
    let searched = |count| app.request("GET", &format!("/contacts?q={}", letters(count))).send().status;
    assert_eq!((searched(200), searched(201)), (200, 400));
}

/// The parameters of a url beyond the hundredth count for nothing.
#[test]
fn of_parameters() {
    let app = TestApp::start();
    let after = |count: usize| app.get(&format!("/api/v1/calls?{}limit=0", "period=today&".repeat(count)));
    assert_eq!(after(99).wrong_fields(), ["limit"]);
    assert_eq!(after(100).status, 200);
}

fn route(app: &TestApp, more: &Value) -> Answer {
    let mut route = json!({"name": "r", "position": 1, "reply": {"action": "hangup"}});
    route.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.create_route(&route)
}

fn reply(app: &TestApp, reply: &Value) -> Answer {
    route(app, &json!({ "reply": reply }))
}

fn targets(app: &TestApp, targets: &Value) -> Answer {
    reply(app, &json!({"action": "forward", "targets": targets}))
}

fn one_target(app: &TestApp, field: &str, value: usize) -> Answer {
    targets(app, &json!([{"numbers": ["22"], field: value}]))
}

fn last_peer(app: &TestApp, field: &str, value: usize) -> Answer {
    reply(app, &json!({"action": "forward", "last_peer": {field: value}}))
}

#[test]
fn of_a_route() {
    let app = TestApp::start();
    each_holds(
        &app,
        &[
            tried("name", 200, |app, count| route(app, &json!({"name": letters(count)}))),
            tried("to", 10_000, |app, count| route(app, &json!({"to": items(count, number)}))),
            tried("from", 10_000, |app, count| route(app, &json!({"from": items(count, number)}))),
            tried("to[0]", 128, |app, count| route(app, &json!({"to": [digits(count)]}))),
            tried("from[0]", 128, |app, count| route(app, &json!({"from": [digits(count)]}))),
            tried("hours", 1_000, |app, count| route(app, &json!({"hours": format!("{:count$}", "Mo-Fr 09:00-17:00")}))),
            tried("hours", 5, |app, count| {
                let dates = items(count, |index| format!("Jan Mo[{}]", index % 5 + 1)).join(",");
                route(app, &json!({ "hours": dates }))
            }),
            tried("reply.targets", 100, |app, count| targets(app, &json!(items(count, |_| json!({"numbers": ["22"]}))))),
            tried("reply.targets[0].numbers", 100, |app, count| {
                targets(app, &json!([{"numbers": items(count, |_| "22")}]))
            }),
            tried("reply.targets[0].numbers[0]", 128, |app, count| targets(app, &json!([{"numbers": [digits(count)]}]))),
            tried("reply.targets[0].ringtime", 3_600, |app, count| one_target(app, "ringtime", count)),
            tried("reply.targets[0].weight", 1_000, |app, count| one_target(app, "weight", count)),
            tried("reply.last_peer.within_days", 365, |app, count| last_peer(app, "within_days", count)),
            tried("reply.last_peer.ringtime", 3_600, |app, count| last_peer(app, "ringtime", count)),
            tried("reply.id", 64, |app, count| reply(app, &json!({"action": "queue", "id": letters(count)}))),
            tried("reply.ringtime", 60, |app, count| reply(app, &json!({"action": "group", "id": "1", "ringtime": count}))),
        ],
    );
}

#[test]
fn of_what_routes_share() {
    let app = TestApp::start();
    let day = |index: usize| "2026-01-01".parse::<chrono::NaiveDate>().unwrap() + Days::new(index as u64);
    assert_eq!(day(0).to_string(), "2026-01-01");
    each_holds(
        &app,
        &[
            tried("name", 60, |app, count| put(app, &format!("lists/{}", letters(count)), &json!({"numbers": []}))),
            tried("name", 60, |app, count| put(app, &format!("schedules/{}", letters(count)), &json!({}))),
            tried("numbers", 10_000, |app, count| put(app, "lists/l", &json!({"numbers": items(count, number)}))),
            tried("numbers[0]", 128, |app, count| put(app, "lists/l", &json!({"numbers": [digits(count)]}))),
            tried("closed", 1_000, |app, count| {
                let closed = |_| json!({"start": "2026-12-24", "end": "2026-12-26"});
                put(app, "schedules/s", &json!({"closed": items(count, closed)}))
            }),
            tried("closed[0].name", 100, |app, count| {
                let closed = json!([{"start": "2026-12-24", "end": "2026-12-26", "name": letters(count)}]);
                put(app, "schedules/s", &json!({ "closed": closed }))
            }),
            tried("until", 366, |app, count| {
                // Not at the very moment, for some time passes until it is read.
                let until = Utc::now() + chrono::Duration::days(count as i64) - chrono::Duration::hours(1);
                put(app, "closed", &json!({"until": until.to_rfc3339()}))
            }),
        ],
    );
}

#[test]
fn of_names() {
    let app = TestApp::start();
    let line = |number: String, name: String| json!({"lines": [{"number": number, "name": name}]});
    assert_eq!(put(&app, "names", &line(LINE.into(), "Zentrale".into())).status, 200);
    each_holds(
        &app,
        &[
            tried("lines[0].name", 100, |app, count| {
                put(app, "names", &json!({"lines": [{"number": LINE, "name": letters(count)}]}))
            }),
            tried("lines[0].number", 200, |app, count| {
                put(app, "names", &json!({"lines": [{"number": letters(count), "name": "a"}]}))
            }),
            tried("agents[0].peer", 200, |app, count| {
                put(app, "names", &json!({"agents": [{"peer": letters(count), "name": "a"}]}))
            }),
            tried("lines", 10_000, |app, count| {
                put(app, "names", &json!({"lines": items(count, |index| json!({"number": number(index), "name": "a"}))}))
            }),
        ],
    );
}

/// The form of names tells each number before its name.
#[test]
fn of_the_form_of_names() {
    let app = TestApp::start();
    let save = |count: usize| {
        let body = form(&[("line", &letters(count)), ("line_name", "a")]);
        app.request("POST", "/settings/names").form(body).send().status
    };
    assert_eq!((save(200), save(201)), (303, 400));
    // Somebody has sent a longer one: the page goes without it.
    app.post_event(form(&[("event", "IncomingCall"), ("call_id", "c"), ("from", "1"), ("to", &letters(201))]));
    let page = app.request("GET", "/settings/names").send();
    assert!(page.status == 200 && !page.text().contains(&letters(201)), "{page}");
}

fn contact(app: &TestApp, contact: &Value) -> Answer {
    app.request("POST", "/api/v1/contacts").json(&json!({ "items": [contact] })).send()
}

#[test]
fn of_a_contact() {
    let app = TestApp::start();
    each_holds(
        &app,
        &[
            tried("items[0].name", 200, |app, count| contact(app, &json!({"number": LINE, "name": letters(count)}))),
            tried("items[0].company", 200, |app, count| {
                contact(app, &json!({"number": LINE, "name": "a", "company": letters(count)}))
            }),
        ],
    );
}

#[test]
fn of_contacts_in_all() {
    let database = Database::create();
    let columns = database.rows("*", "from contacts");
    assert!(columns.is_empty());
    database.execute(
        "insert into contacts (number, name, company) \
         with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 99999) \
         select '+4930' || (1000000 + n), 'a', null from numbers",
    );
    let app = TestApp::on(database, &[]);
    let add = |number: &str| contact(&app, &json!({"number": number, "name": "b"}));
    assert_eq!(add("+4922129191999").status, 200);
    assert_eq!(add("+4922129191998").wrong_fields(), ["items"]);
    assert_eq!(add("+4922129191999").status, 200, "who is there already can be changed");
}

#[test]
fn of_lists_and_schedules_in_all() {
    let app = TestApp::start();
    for kind in ["lists", "schedules"] {
        let add = |index: usize| put(&app, &format!("{kind}/n{index}"), &json!({})).status;
        let statuses = items(1_001, add);
        assert!(statuses[..1_000].iter().all(|status| *status == 201), "{kind}: {statuses:?}");
        assert_eq!((statuses[1_000], add(999)), (409, 200), "{kind}");
    }
}

/// The rows of docs/operations.md by how they begin, each with tests that try the bound and what is beyond it.
const ROWS: [(&str, &[&str]); 55] = [
    (
        "connections of an address",
        &[
            "an_address_has_so_many_connections_and_a_named_proxy_any_number",
            "an_address_has_so_many_connections_and_the_others_have_theirs",
        ],
    ),
    ("connections per core", &["connections_beyond_those_of_all_cores_wait"]),
    ("new connections that wait", &["a_crowd_waits_to_be_taken_in_instead_of_being_sent_away"]),
    ("TLS handshake", &["a_head_that_never_ends_is_cut_off", "those_who_begin_no_handshake_keep_nobody_out"]),
    ("head of a request", &["a_head_may_be_as_large_as_it_says_and_no_larger"]),
    (
        "body |",
        &[
            "a_body_that_never_ends_is_refused_and_nothing_stored",
            "a_body_that_came_quickly_at_first_may_not_be_silent_for_long",
        ],
    ),
    (
        "taking a piece of an answer",
        &["whoever_never_reads_its_answers_is_cut_off", "a_second_head_that_never_ends_is_cut_off"],
    ),
    ("time between two requests", &["a_connection_without_requests_is_closed"]),
    (
        "readers of the live stream",
        &["there_are_places_for_so_many_and_they_become_free_again", "one_token_does_not_take_all_places"],
    ),
    (
        "events a reader may be behind",
        &[
            "a_client_that_does_not_read_is_dropped_and_the_others_go_on",
            "what_waits_has_a_bound_in_bytes_however_many_read_and_is_handed_out_in_pieces",
        ],
    ),
    ("body of an event", &["too_large_a_body_is_413_and_the_largest_is_taken"]),
    ("`call_id`, `event`", &["of_an_event"]),
    (
        "events that a call is made of",
        &["of_a_usual_call_nothing_is_left_out", "order_and_batches_do_not_matter_however_many_events_a_call_has"],
    ),
    ("events of incoming calls that wait", &["it_is_bounded_in_number_and_in_bytes"]),
    ("other events that wait", &["it_is_bounded_in_number_and_in_bytes"]),
    (
        "time of a transaction of several events",
        &["what_the_database_does_not_take_in_time_is_taken_all_the_same_and_stored_once"],
    ),
    ("time of one event alone", &["a_poisonous_event_is_alone_soon_and_all_others_are_stored"]),
    ("what waits in the spool", &["the_spool_takes_so_much_and_no_more"]),
    ("servers that share a folder", &["sixteen_servers_may_share_a_folder"]),
    ("`/login`, `/setup`, `/language`", &[BODY]),
    ("`/settings/account/…`", &[BODY]),
    ("any other form", &[BODY]),
    ("a file of contacts", &["a_file_that_cannot_be_used_is_told_why_and_changes_nothing"]),
    ("`PUT /api/v1/routes`", &[BODY]),
    ("`POST /api/v1/routes`", &[BODY]),
    ("`POST` and `PUT /api/v1/contacts`", &[BODY]),
    ("`PUT /api/v1/names`", &[BODY]),
    ("any other JSON", &[BODY]),
    ("days of a period", &["a_period_has_twenty_years_at_most", "twenty_years_are_taken_and_a_day_more_is_refused"]),
    ("time for a question", &["a_question_over_its_budget_is_told_so_and_ends_in_the_database"]),
    ("questions of one account", &["one_asker_has_so_many_questions_at_once_and_some_wait"]),
    ("questions that wait", &["more_at_once_than_may_wait_is_refused_at_once"]),
    ("connections to the database", &["two_who_have_as_much_as_they_may_leave_room_for_a_third"]),
    ("days of a replay", &["every_wrong_field_of_a_replay_is_named", "without_routes_or_calls_there_is_an_answer_too"]),
    ("rows of a page", &["of_a_question"]),
    ("`q`, `number`, `party`, `peer`", &["of_a_question"]),
    ("`within_days`", &["of_a_question"]),
    (
        "routes that are sent at once",
        &[
            "ten_thousand_routes_are_replaced_at_once",
            "ten_thousand_routes_and_twenty_thousand_calls_fit",
            "every_wrong_field_of_every_route_is_named",
            "every_wrong_field_of_a_test_is_named",
        ],
    ),
    ("`to`, `from` of a route", &["of_a_route", "of_what_routes_share"]),
    ("name of a route", &["of_a_route", "of_what_routes_share"]),
    ("hours", &["of_a_route"]),
    ("targets of a forward", &["of_a_route"]),
    ("ids;", &["of_a_route"]),
    ("lists; schedules", &["of_lists_and_schedules_in_all"]),
    ("closing times", &["of_what_routes_share"]),
    ("\"closed until\"", &["of_what_routes_share"]),
    ("contacts; people of a file", &["of_contacts_in_all", "a_file_of_more_people_than_are_read_is_refused"]),
    ("name and company of a contact", &["of_a_contact", "of_names", "of_the_form_of_names"]),
    ("named lines", &["of_names"]),
    ("name of an account", &["names_are_short_and_of_one_line", "passwords_are_long_enough_to_be_worth_it"]),
    (
        "failed logins",
        &[
            "the_tenth_failure_closes_for_this_name_and_this_address",
            "an_address_has_no_more_failures_with_many_names_than_with_few",
        ],
    ),
    (
        "passwords compared at once",
        &["few_of_an_address_wait_and_many_addresses_make_room_for_who_has_not_failed"],
    ),
    ("life of a session", &["a_session_ends_in_time_and_when_it_is_not_used"]),
    ("settings that are a time", &["an_unusable_value_names_its_flag", "days_are_whole_and_events_go_last"]),
    ("a line of `import`", &["a_line_may_be_as_long_as_it_says_and_no_longer"]),
];

const BODY: &str = "a_body_may_be_as_large_as_it_says_and_no_larger";

#[test]
fn every_bound_that_is_told_has_tests() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/operations.md")).unwrap();
    let section = text.split("\n## Bounds\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| "))
        .filter(|row| !row.starts_with("what |") && !row.starts_with("url |"))
        .collect();
    for row in &rows {
        assert_eq!(ROWS.iter().filter(|(begin, _)| row.starts_with(begin)).count(), 1, "{row}");
    }
    assert_eq!(rows.len(), ROWS.len());
    let sources = ["src", "tests"].map(crate::house::sources_of).concat();
    for (row, tests) in ROWS {
        for test in tests {
            let is_there = sources.iter().any(|(_, text)| text.contains(&format!("fn {test}()")));
            assert!(is_there, "{row}: no test {test}");
        }
    }
}
