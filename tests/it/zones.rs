//! Tests of calls around the oddities of time zones: incremental counts equal those of a rebuild.

use chrono::{DateTime, Duration, SecondsFormat};

use crate::helpers::{Database, LINE, form, hung_up, incoming, log_line, times};

/// Calls every seven minutes for some hours around an instant, some of which began earlier than anybody told.
fn around(instant: &str, hours: i64) -> String {
    let start = DateTime::parse_from_rfc3339(instant).unwrap() - Duration::hours(hours);
    let mut log = String::new();
    for step in 0..hours * 2 * 60 / 7 {
        let at = start + Duration::minutes(step * 7);
        let id = format!("{}-{step}", at.timestamp());
        let text = |seconds| (at.to_utc() + Duration::seconds(seconds)).to_rfc3339_opts(SecondsFormat::Millis, true);
        log += &log_line(&text(0), &incoming(&id, "03023125000", LINE));
        log += &log_line(&text(20), &hung_up(&id, "missed", 0));
    }
    log
}

/// Imports in two parts; whatever is there then is sound, with more time also between them, and stays so when it is derived
/// again.
#[track_caller]
fn check(zone: &str, log: &str) {
    let database = Database::create();
    let flags = ["--time-zone", zone];
    let lines: Vec<&str> = log.split_inclusive('\n').collect();
    // Every other line first: calls change afterwards.
    for number in [0, 1] {
        let part: String = lines.iter().skip(number).step_by(2).copied().collect();
        database.import(&part, &flags);
        if number == 1 || times(1) > 1 {
            let checked = database.run(&[&["check"][..], &flags].concat(), b"");
            assert_eq!((checked.status, checked.stderr.as_str()), (0, ""), "{zone}: {}", checked.stdout);
        }
    }
    let before = database.contents(true);
    assert_eq!(database.run(&[&["rebuild"][..], &flags].concat(), b"").status, 0);
    assert_eq!(database.contents(true), before, "{zone}");
}

#[test]
fn imports_around_odd_changes_of_the_clock_are_what_the_log_says() {
    for (zone, change) in [
        // Back from 00:01 to 23:01 the day before; and forward at 00:01.
        ("America/St_Johns", "2010-11-07T02:31:00Z"),
        ("America/St_Johns", "2011-03-13T03:31:00Z"),
        // Half an hour; a day left out; a midnight left out.
        ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
        ("Pacific/Apia", "2011-12-30T10:00:00Z"),
        ("Asia/Beirut", "2026-03-28T22:00:00Z"),
        // A step of 44 and a half minutes at midnight.
        ("Africa/Monrovia", "1972-01-07T00:44:30Z"),
    ] {
        check(zone, &around(change, 3));
    }
}

#[test]
fn calls_that_began_before_1970_are_what_the_log_says() {
    let mut log = String::new();
    for (number, seconds) in [1, 11, 3_600, 86_400 * 31, 2_000_000_000, 4_000_000_000_u32].into_iter().enumerate() {
        let id = format!("old-{number}");
        let pairs =
            [("call_id", id.as_str()), ("direction", "in"), ("event", "CallAccepted"), ("peer", "anna@fpbx.de")];
        log += &log_line("1970-01-01T00:00:10.500Z", &form(&pairs));
        log += &log_line("1970-01-01T00:00:10.999Z", &hung_up(&id, "accepted", seconds));
    }
    for zone in ["Europe/Berlin", "America/St_Johns"] {
        check(zone, &log);
    }
}
