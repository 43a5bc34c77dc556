//! Tests of the dashboard of a company with many lines, people and callers.

use chrono::{Days, Utc};

use crate::client::Answers;
use crate::dashboard::{now_ms, number, page, rows, section};
use crate::helpers::{TestApp, accepted, hung_up, incoming};
use crate::histories::{Delivery, log};
use crate::oracle::OUTCOMES;

const KIB: usize = 1024;

/// A company with many lines and people, and calls on each of 92 days.
fn large() -> TestApp {
    let app = TestApp::start();
    let mut deliveries = Vec::new();
    let now = now_ms();
    for number in 0..92 * 12 {
        let at_ms = now - 1_000 - number * 2 * 3_600_000;
        let id = format!("large-{number}-{}", number * 7_919 % 10_007);
        let line = format!("02212919{:04}", 1000 + number % 60);
        let caller = format!("0302312{:04}", 1000 + number * number % 700);
        let outcome = OUTCOMES[(number * number % 7) as usize];
        deliveries.push(Delivery { at_ms, body: incoming(&id, &caller, &line) });
        deliveries
            .push(Delivery { at_ms: at_ms + 900, body: accepted(&id, &format!("7777agent{}@fpbx.de", number % 60)) });
        deliveries.push(Delivery { at_ms: at_ms + 999, body: hung_up(&id, outcome, number as u32 % 300) });
    }
    app.database.import(&log(&deliveries), &[]);
    app
}

#[test]
fn pages_are_small() {
    let app = large();
    let today = Utc::now().with_timezone(&chrono_tz::Europe::Berlin).date_naive();
    let longest = format!("/?start={}&end={today}", today - Days::new(91));
    let all = format!("{longest}&all=lines&week=missed&direction=in");
    for path in [longest.as_str(), all.as_str(), "/", "/?period=year", "/?period=today", "/lines/%2B4922129191000"] {
        let answer = app.request("GET", path).header("Accept-Encoding", "gzip").send();
        assert_eq!((answer.status, answer.header("content-encoding")), (200, Some("gzip")), "{path}");
        assert!(answer.body.len() <= 15 * KIB, "{path}: {} bytes", answer.body.len());
    }
    let html = page(&app, "/");
    let assets: std::collections::BTreeSet<_> =
        html.split("\"/assets/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(assets.len() <= 3, "at most four requests: {assets:?}");
    let style = assets.iter().find(|asset| asset.starts_with("app.css")).unwrap();
    let answer = app.request("GET", &format!("/assets/{style}")).header("Accept-Encoding", "gzip").send();
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert!(answer.body.len() <= 10 * KIB, "{} bytes", answer.body.len());
}

#[test]
fn long_tables_begin_with_the_largest_and_can_be_seen_whole() {
    let app = large();
    assert_eq!(rows(section(&page(&app, "/"), "Lines")).len(), 8);
    let whole = page(&app, "/?all=lines");
    let lines = rows(section(&whole, "Lines"));
    assert_eq!(lines.len(), 60);
    assert!(lines.iter().map(|row| number(&row[1])).rev().is_sorted());
    assert!(whole.contains("<input name=\"number\""), "too many to choose from are written");
    let callers = rows(section(&page(&app, "/?all=callers&period=year"), "Who calls most often"));
    let top = app.stats("period=year&direction=in&group_by=party&limit=100").ok()["groups"].as_array().unwrap().clone();
    let expected: Vec<_> =
        top.iter().map(|group| (group["key"].as_str().unwrap(), group["calls"].as_i64().unwrap())).collect();
    let given: Vec<_> = callers.iter().map(|row| (row[0].as_str(), number(&row[1]))).collect();
    assert_eq!(given, expected);
}
