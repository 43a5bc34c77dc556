//! Tests of the dashboard at the present day: how yesterday went, and today so far.

use chrono::{DateTime, Days, Utc};

use crate::client::Answers;
use crate::dashboard::{between, now_ms, page, plain, tile};
use crate::helpers::{TestApp, accepted, hung_up, incoming};
use crate::histories::{Delivery, log};

const DAY_MS: i64 = 86_400_000;

/// Yesterday at noon, which every zone has.
fn yesterday_noon_ms() -> i64 {
    let zone = chrono_tz::Europe::Berlin;
    let yesterday = Utc::now().with_timezone(&zone).date_naive() - Days::new(1);
    yesterday.and_hms_opt(12, 0, 0).unwrap().and_local_timezone(zone).unwrap().timestamp_millis()
}

#[test]
fn the_first_look_says_how_yesterday_went_and_whom_to_ring_back() {
    let app = TestApp::start();
    let noon = yesterday_noon_ms();
    let mut deliveries = Vec::new();
    for number in 0..7 {
        let id = format!("c{number}");
        let at_ms = noon + number * 60_000;
        let mut add = |offset, body| deliveries.push(Delivery { at_ms: at_ms + offset, body });
        if number < 3 {
            add(0, incoming(&id, "03023125000", "022129191999"));
            add(20_000, hung_up(&id, "missed", 0));
        } else {
            add(0, incoming(&id, "01712345678", "022129191999"));
            add(5_000, accepted(&id, "7777anna@fpbx.de"));
            add(35_000, hung_up(&id, "accepted", 30));
        }
    }
    app.database.import(&log(&deliveries), &[]);
    let html = page(&app, "/");
    let look = plain(between(&html, "class=\"morning\"", "</section>"));
    for told in [
        "Yesterday",
        "7 inbound calls",
        "3 missed",
        "Today so far",
        "0 inbound calls",
        "+493023125000",
        "missed 3 times",
    ] {
        assert!(look.contains(told), "{told}: {look}");
    }
    assert!(!look.contains("+491712345678") && html.contains("href=\"tel:+493023125000\""));
    let html = page(&app, "/?period=yesterday");
    assert_eq!(tile(&html, "Missed"), "3 of 7");
    assert_eq!(tile(&html, "Callbacks owed"), "1");
    assert!(plain(&html).contains("4 of 7 within 20 s") && html.contains("the records begin on"));
    let german = app.request("GET", "/?period=yesterday").header("Accept-Language", "de").send();
    assert_eq!(tile(german.text(), "Verpasst"), "3 von 7");
    assert!(plain(german.text()).contains("7 eingehende Anrufe 3 verpasst"));
    let caller = page(&app, "/callers/%2B493023125000");
    assert!(plain(&caller).contains("Waits for a call back: missed 3 times"), "{caller}");
    assert!(page(&app, "/callers/%2B491712345678").contains("No call back is owed."));
}

#[test]
fn the_newest_call_of_all_is_told_whatever_is_looked_at() {
    let app = TestApp::start();
    let berlin = |at_ms| DateTime::from_timestamp_millis(at_ms).unwrap().with_timezone(&chrono_tz::Europe::Berlin);
    let add = |at_ms, body| app.database.import(&log(&[Delivery { at_ms, body }]), &[]);
    let inbound = |id: &str| incoming(id, "03023125000", "022129191999");
    let told = |path: &str| plain(between(&page(&app, path), "class=\"status\"", "</p>"));
    // No period until now holds it.
    let long_ago_ms = now_ms() - 400 * DAY_MS;
    let day = berlin(long_ago_ms).format("%Y-%m-%d").to_string();
    add(long_ago_ms, inbound("old"));
    let of_then = format!("/?start={day}&end={day}");
    let paths = ["/", "/?period=yesterday", "/?direction=out", &of_then];
    for path in paths {
        let told = told(path);
        assert!(told.contains("The newest call began") && told.contains(&day), "{path}: {told}");
    }
    let now_ms = now_ms() - 1;
    let time = berlin(now_ms).format("%H:%M").to_string();
    let body = "event=OutgoingCall&call_id=out&from=7777anna@fpbx.de&to=03023125000&direction=out";
    add(now_ms - 5 * 3_600_000 / 2, body.to_owned());
    add(now_ms, inbound("new"));
    for path in paths {
        let told = told(path);
        assert!(told.contains("Connected: the newest call began") && told.contains(&time), "{path}: {told}");
    }
}

#[test]
fn a_day_that_still_runs_is_compared_until_the_same_time_of_day() {
    const STEP_MS: i64 = 5 * 60_000;
    let flags = ["--time-zone", "UTC"];
    let app = TestApp::with(&flags);
    let day_start_ms = now_ms() - now_ms() % DAY_MS;
    // A call every five minutes, all day long, a week ago, and some two days before that.
    let week_before: Vec<i64> = (0..288).map(|step| day_start_ms - 7 * DAY_MS + STEP_MS / 2 + step * STEP_MS).collect();
    let earlier: Vec<i64> = (0..4).map(|step| day_start_ms - 9 * DAY_MS + step * STEP_MS).collect();
    let oldest = day_start_ms - 40 * DAY_MS;
    let starts = week_before.iter().chain(&earlier).chain([&oldest]);
    let deliveries: Vec<_> = starts
        .enumerate()
        .flat_map(|(id, &at_ms)| {
            let id = format!("c{id}");
            let begin = Delivery { at_ms, body: incoming(&id, "03023125000", "022129191999") };
            [begin, Delivery { at_ms: at_ms + 20_000, body: hung_up(&id, "missed", 0) }]
        })
        .collect();
    app.database.import(&log(&deliveries), &flags);
    let expected = || week_before.iter().filter(|at_ms| **at_ms < now_ms() - 7 * DAY_MS).count();
    for (period, more) in [("today", 0), ("7d", earlier.len())] {
        let (before, told) = loop {
            let (before, html) = (expected(), page(&app, &format!("/?period={period}")));
            // Not when the next call of the week before began in between.
            if before == expected() {
                break (before + more, plain(between(&html, "<dt>Inbound</dt>", "</div>")));
            }
        };
        let change = if before == 0 { "unchanged".to_owned() } else { format!("against {before} ") };
        assert!(told.contains(&change), "{period}, {change}: {told}");
    }
}
