//! Tests of request bodies: their maximum sizes, and that large ones do not take a multiple of their size in memory.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;

use crate::database::Database;
use crate::helpers::{Answers, CALLER, LINE, Server, SetAtTheEnd, TestApp, incoming};
use crate::signed_in::{by, guarded, log_in};
use crate::spool::HANGUP;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const KIB: usize = 1024;

/// One url of each kind, and what docs/operations.md says of it: bytes, then fields or values, then objects.
const BOUNDS: [(&str, &str, &str, usize, usize, usize); 12] = [
    ("POST", "/login", FORM, 4 * KIB, 100, 0),
    ("POST", "/setup", FORM, 4 * KIB, 100, 0),
    ("POST", "/language", FORM, 4 * KIB, 100, 0),
    ("POST", "/settings/account/password", FORM, 8 * KIB, 100, 0),
    ("POST", "/routes/lists", FORM, 256 * KIB, 5_000, 0),
    ("POST", "/routes", FORM, 256 * KIB, 5_000, 0),
    ("PUT", "/api/v1/closed", JSON, 256 * KIB, 25_000, 2_000),
    ("PUT", "/api/v1/lists/some", JSON, 256 * KIB, 25_000, 2_000),
    ("POST", "/api/v1/routes", JSON, 1024 * KIB, 50_000, 2_000),
    ("PUT", "/api/v1/names", JSON, 4 * 1024 * KIB, 100_000, 22_000),
    ("PUT", "/api/v1/routes", JSON, 8 * 1024 * KIB, 500_000, 60_000),
    ("PUT", "/api/v1/contacts", JSON, 16 * 1024 * KIB, 800_000, 110_000),
];

fn of_length(media: &str, length: usize) -> Vec<u8> {
    let (before, after) = if media == FORM { ("a=", "") } else { ("{\"a\":\"", "\"}") };
    let filling = "x".repeat(length - before.len() - after.len());
    [before, &filling, after].concat().into_bytes()
}

fn with_values(media: &str, values: usize) -> Vec<u8> {
    if media == FORM {
        return vec!["a"; values].join("&").into_bytes();
    }
    // The whole and the list are two.
    format!("{{\"a\":[{}]}}", vec!["0"; values - 2].join(",")).into_bytes()
}

/// The whole is one of them.
fn with_objects(objects: usize) -> Vec<u8> {
    format!("{{\"a\":[{}]}}", vec!["{}"; objects - 1].join(",")).into_bytes()
}

#[test]
fn a_body_may_be_as_large_as_it_says_and_no_larger() {
    let app = guarded();
    let anna = log_in(&app, "anna");
    for (method, path, media, bytes, values, objects) in BOUNDS {
        let status = |body: Vec<u8>| {
            let answer = by(&app, &anna, method, path).header("Content-Type", media).body(body).send();
            if answer.status == 413 {
                answer.problem(413);
            }
            answer.status
        };
        assert_ne!(status(of_length(media, bytes)), 413, "{method} {path}");
        assert_eq!(status(of_length(media, bytes + 1)), 413, "{method} {path}");
        assert_ne!(status(with_values(media, values)), 413, "{method} {path}");
        assert_eq!(status(with_values(media, values + 1)), 413, "{method} {path}");
        if objects > 0 {
            assert_ne!(status(with_objects(objects)), 413, "{method} {path}");
            assert_eq!(status(with_objects(objects + 1)), 413, "{method} {path}");
        }
    }
}

#[test]
fn without_room_a_body_is_refused_and_small_ones_and_those_of_the_pbx_are_not() {
    let database = Database::create();
    database.add_user("anna", "admin");
    let guarded = ["--placetel-basic", "pbx:secret"];
    let app = TestApp::changed(database.into(), &guarded, |config| config.limits.bodies = 80 * KIB);
    let anna = log_in(&app, "anna");
    let put = |length| {
        by(&app, &anna, "PUT", "/api/v1/closed").header("Content-Type", JSON).body(of_length(JSON, length)).send()
    };
    let refused = put(40 * KIB);
    refused.problem(503);
    assert!(refused.header("Retry-After").is_some(), "{refused}");
    assert_eq!(put(10 * KIB).status, 400, "there is room for this one");
    let event = format!("{}&note={}", incoming("a", CALLER, LINE), "x".repeat(60 * KIB));
    let stored = app.request("POST", "/placetel").header("Authorization", "Basic cGJ4OnNlY3JldA==").form(event).send();
    assert_eq!(stored.status, 200, "{stored}");
}

#[test]
fn whoever_may_not_use_a_url_is_refused_before_the_body_is_read() {
    let app = guarded();
    let ben = log_in(&app, "ben");
    for (method, path) in [("PUT", "/api/v1/routes"), ("PUT", "/api/v1/contacts"), ("POST", "/api/v1/routes")] {
        // The body never comes: whoever waited for it would wait for long.
        for (request, status) in [(by(&app, &ben, method, path), 403), (app.request(method, path), 401)] {
            let answer = request.header("Content-Type", JSON).only_head(1_000).send();
            assert_eq!(answer.status, status, "{method} {path}: {answer}");
        }
    }
}

/// Resident memory at its highest, KiB.
fn highest_memory(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn small_bodies_do_not_become_much_memory_and_callers_are_answered_meanwhile() {
    let database = Database::create();
    database.add_user("anna", "admin");
    database.add_user("ben", "viewer");
    let server = Server::start(&database, &["--placetel-basic", "pbx:secret"]);
    let (anna, ben) = (log_in(&server, "anna"), log_in(&server, "ben"));
    let all = json!({"name": "All", "reply": {"action": "hangup"}});
    assert_eq!(by(&server, &anna, "POST", "/api/v1/routes").json(&all).send().status, 201);
    let form = with_values(FORM, 1_048_000);
    let json = |item: &str, length: usize| {
        let items = vec![item; length / (item.len() + 1)].join(",");
        format!("{{\"from\":\"1\",\"to\":\"2\",\"routes\":[{items}]}}").into_bytes()
    };
    let most = 8 * 1024 * KIB - 100;
    let bodies = [json("0", most), json("[]", most), json("{\"a\":0}", most), json("{\"a\":0}", 400 * KIB)];
    let (is_over, refused) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let (server, form, ben, refused) = (&server, &form, &ben, &refused);
        let attack = scope.spawn(move || {
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(move || {
                        for _ in 0..3 {
                            // Whoever is refused early may find the connection closed.
                            let answer = server.request("POST", "/language").form(form.clone()).try_send();
                            assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status == 413));
                        }
                    });
                }
                for body in bodies {
                    scope.spawn(move || {
                        let test = by(server, ben, "POST", "/api/v1/routes/test").header("Content-Type", JSON);
                        let answer = test.body(body).send();
                        assert!([400, 413, 429, 503].contains(&answer.status), "{answer}");
                        refused.fetch_add(1, Ordering::Relaxed);
                    });
                }
            });
        });
        let _over = SetAtTheEnd(&is_over);
        let mut number = 0;
        while !attack.is_finished() || number == 0 {
            number += 1;
            let event = incoming(&format!("i{number}"), CALLER, LINE);
            let request = server.request("POST", "/placetel").header("Authorization", "Basic cGJ4OnNlY3JldA==");
            assert!(request.form(event).send().xml().contains(HANGUP), "call {number}");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    });
    assert_eq!(refused.into_inner(), 4);
    let highest = highest_memory(&server);
    assert!(highest < 128 * 1024, "{highest} KiB");
}
