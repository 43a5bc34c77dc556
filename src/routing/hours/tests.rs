use chrono_tz::Europe::Berlin;
use proptest::prelude::*;

use super::*;

mod nights;

fn germany() -> HoursContext {
    HoursContext::new(Berlin, "DE", None)
}

fn ms(instant: &str) -> i64 {
    DateTime::parse_from_rfc3339(instant).unwrap().timestamp_millis()
}

fn check(expression: &str, instants: &[(&str, bool)]) {
    let hours = Hours::parse(expression, &germany()).unwrap();
    for (instant, open) in instants {
        assert_eq!(hours.is_open(ms(instant)), *open, "{expression} at {instant}");
    }
}

#[test]
fn office_hours_begin_on_the_minute_and_end_before_it() {
    check(
        "Mo-Fr 09:00-17:00; PH off",
        &[
            ("2026-11-23T07:59:59.999Z", false),
            ("2026-11-23T08:00:00Z", true),
            ("2026-11-23T15:59:59.999Z", true),
            ("2026-11-23T16:00:00Z", false),
            ("2026-11-22T10:00:00Z", false),
            ("2026-07-06T07:00:00Z", true),
            ("2026-07-06T15:00:00Z", false),
        ],
    );
}

#[test]
fn the_wall_clock_counts_over_both_clock_changes() {
    check(
        "Su 01:00-03:00",
        &[
            // 29 March: 01:59:59 is followed by 03:00:00.
            ("2026-03-28T23:59:59Z", false),
            ("2026-03-29T00:00:00Z", true),
            ("2026-03-29T00:59:59.999Z", true),
            ("2026-03-29T01:00:00Z", false),
            // 25 October: 02:00 to 03:00 comes twice.
            ("2026-10-24T22:59:59Z", false),
            ("2026-10-24T23:00:00Z", true),
            ("2026-10-25T00:59:30Z", true),
            ("2026-10-25T00:59:59.999Z", true),
            ("2026-10-25T01:00:00Z", true),
            ("2026-10-25T01:59:59.999Z", true),
            ("2026-10-25T02:00:00Z", false),
        ],
    );
    check("Su 09:00-17:00", &[("2026-03-29T07:00:00Z", true), ("2026-03-29T06:59:59Z", false)]);
    check("Su 09:00-17:00", &[("2026-10-25T08:00:00Z", true), ("2026-10-25T07:59:59Z", false)]);
    check("Su 02:15-02:45", &[("2026-10-25T00:30:00Z", true), ("2026-10-25T01:30:00Z", true)]);
    check("24/7", &[("2026-10-25T00:59:59Z", true), ("2026-03-29T00:59:59Z", true)]);
}

#[test]
fn a_night_belongs_to_the_day_it_begins_on() {
    check(
        "Mo-Fr 22:00-06:00",
        &[
            ("2026-11-23T04:30:00Z", false), // Monday 05:30, after Sunday
            ("2026-11-23T21:00:00Z", true),
            ("2026-11-24T04:59:59Z", true),
            ("2026-11-24T05:00:00Z", false),
            ("2026-11-28T04:30:00Z", true), // Saturday 05:30, after Friday
            ("2026-11-28T21:30:00Z", false),
        ],
    );
    check("Mo-Fr 22:00-30:00", &[("2026-11-28T04:30:00Z", true), ("2026-11-28T05:00:00Z", false)]);
    check("Sa 22:00-06:00", &[("2026-03-29T00:30:00Z", true), ("2026-03-29T04:00:00Z", false)]);
}

#[test]
fn public_holidays_are_those_of_the_whole_country() {
    let hours = "Mo-Su 00:00-24:00; PH off";
    check(
        hours,
        &[
            ("2026-04-03T10:00:00Z", false), // Good Friday
            ("2026-04-06T10:00:00Z", false), // Easter Monday
            ("2026-12-24T22:59:59Z", true),
            ("2026-12-24T23:00:00Z", false), // Christmas begins at local midnight
            ("2026-12-26T23:00:00Z", true),
            ("2026-06-04T10:00:00Z", true), // Corpus Christi: in some states only
            ("2026-10-31T10:00:00Z", true), // Reformation Day: in some states only
        ],
    );
    check("PH 10:00-12:00", &[("2026-12-25T09:30:00Z", true), ("2026-12-23T09:30:00Z", false)]);
    let austria = Hours::parse(hours, &HoursContext::new(chrono_tz::Europe::Vienna, "AT", None)).unwrap();
    assert!(!austria.is_open(ms("2026-10-26T10:00:00Z")));
}

#[test]
fn a_state_keeps_its_own_holidays_too() {
    // Noon of days that are no weekend unless said.
    for (state, day, is_open) in [
        ("NW", "2026-06-04", false), // Corpus Christi
        ("NW", "2026-01-06", true),
        ("NW", "2026-10-30", true),
        ("NW", "2027-11-01", false), // All Saints' Day
        ("BY", "2026-01-06", false), // Epiphany
        ("BY", "2024-08-15", false), // Assumption Day
        ("BY", "2025-10-31", true),
        ("BE", "2024-03-08", false), // Women's Day
        ("BE", "2018-03-08", true),
        ("BE", "2025-05-08", false), // 80 years since the war
        ("BE", "2026-05-08", true),
        ("SN", "2025-11-19", false), // Repentance
        ("SN", "2025-10-31", false), // Reformation Day
        ("HH", "2016-10-31", true),
        ("HH", "2018-10-31", false),
        ("TH", "2024-09-20", false), // World Children's Day
        ("MV", "2022-03-08", true),
        ("MV", "2023-03-08", false),
        ("SL", "2025-08-15", false),
        ("BW", "2028-06-15", false), // Corpus Christi of a leap year
        ("BW", "2028-02-29", true),
        ("BW", "2026-12-25", false), // of the whole country
    ] {
        let hours = Hours::parse("Mo-Fr 09:00-17:00; PH off", &HoursContext::new(Berlin, "DE", Some(state))).unwrap();
        assert_eq!(hours.is_open(ms(&format!("{day}T11:00:00Z"))), is_open, "{state} {day}");
    }
}

#[test]
fn a_night_ends_where_a_holiday_of_the_state_begins() {
    let bavaria = HoursContext::new(Berlin, "DE", Some("BY"));
    let hours = Hours::parse("Mo-Su 22:00-06:00; PH off", &bavaria).unwrap();
    for (instant, is_open) in [
        ("2026-01-05T22:59:59Z", true),  // 23:59:59 before Epiphany
        ("2026-01-05T23:00:00Z", false), // midnight
        ("2026-01-06T21:30:00Z", false), // 22:30 of the holiday
        // All Saints' Day of 2026 is a Sunday.
        ("2026-10-31T22:30:00Z", true),
        ("2026-11-01T02:00:00Z", false),
    ] {
        assert_eq!(hours.is_open(ms(instant)), is_open, "{instant}");
    }
    // Both clock changes: Easter Sunday of 2027 is the 28th of March, when 02:00 is followed by 03:00, and a holiday
    // in Brandenburg only. It is 23 hours long.
    let brandenburg = HoursContext::new(Berlin, "DE", Some("BB"));
    let closed = Hours::parse("24/7; PH off", &brandenburg).unwrap();
    for (instant, is_open) in [
        ("2027-03-27T22:59:59Z", true),
        ("2027-03-27T23:00:00Z", false),
        ("2027-03-28T01:00:00Z", false),
        ("2027-03-28T21:59:59Z", false), // Easter Monday follows
        ("2027-03-29T22:00:00Z", true),
    ] {
        assert_eq!(closed.is_open(ms(instant)), is_open, "{instant}");
    }
    // The clock goes back on 31 October 2027, Reformation Day: 25 hours.
    for (instant, is_open) in [
        ("2027-10-30T21:59:59Z", true),
        ("2027-10-30T22:00:00Z", false),
        ("2027-10-31T00:30:00Z", false),
        ("2027-10-31T01:30:00Z", false),
        ("2027-10-31T22:59:59Z", false),
        ("2027-10-31T23:00:00Z", true),
    ] {
        assert_eq!(closed.is_open(ms(instant)), is_open, "{instant}");
    }
}

#[test]
fn leap_days_weeks_months_and_comments_are_understood() {
    check("Feb 29", &[("2028-02-29T10:00:00Z", true), ("2028-02-28T10:00:00Z", false)]);
    check("Feb 28-Mar 1 10:00-12:00", &[("2027-03-01T09:30:00Z", true), ("2028-02-29T09:30:00Z", true)]);
    check("week 48 Mo", &[("2026-11-23T10:00:00Z", true), ("2026-11-16T10:00:00Z", false)]);
    check("Mo[1] 10:00-12:00", &[("2026-11-02T09:30:00Z", true), ("2026-11-09T09:30:00Z", false)]);
    check("Mo-Su; Dec 24,Dec 31 off", &[("2026-12-24T10:00:00Z", false), ("2026-12-23T10:00:00Z", true)]);
    check("Mo-Fr open \"by the side door\"", &[("2026-11-23T10:00:00Z", true)]);
    check("Mo unknown", &[("2026-11-23T10:00:00Z", false)]);
    check("Mo-Fr 09:00-12:00,13:00-17:00", &[("2026-11-23T11:30:00Z", false), ("2026-11-23T12:30:00Z", true)]);
    check("off", &[("2026-11-23T10:00:00Z", false)]);
}

#[test]
fn what_cannot_be_used_is_refused_with_its_place() {
    let error = |text: &str| Hours::parse(text, &germany()).unwrap_err();
    let meant = Some("Mo-Fr 09:00-17:00".to_owned());
    assert_eq!(error("Mo-Fr 9-17"), HoursError::Syntax { character: 7, rest: "9-17".into(), suggestion: meant });
    assert!(matches!(error(""), HoursError::Syntax { character: 1, .. }));
    assert!(matches!(error("Montag bis Freitag"), HoursError::Syntax { .. }));
    assert!(matches!(error("2026-2025"), HoursError::Senseless(_)));
    for text in ["sunrise-sunset", "08:00-dusk", "Mo (dusk+23:59)-30:00", "dawn+"] {
        assert_eq!(error(text), HoursError::Sun, "{text}");
    }
    assert_eq!(error("Mo-Fr; SH off"), HoursError::NoHolidays("SH"));
    let nowhere = HoursContext::new(Berlin, "XX", None);
    assert_eq!(Hours::parse("PH off", &nowhere).unwrap_err(), HoursError::NoHolidays("PH"));
    assert!(Hours::parse("Mo-Fr", &nowhere).is_ok());
    assert_eq!(error(&"x".repeat(MAX_HOURS_CHARS + 1)), HoursError::TooLong);
    assert_eq!(error(&"Jan Mo[1],".repeat(20)), HoursError::TooLong);
}

#[test]
fn a_time_that_is_no_date_is_closed() {
    let always = Hours::parse("24/7", &germany()).unwrap();
    for at_ms in [i64::MIN, i64::MAX, -9_000_000_000_000_000, 253_402_300_800_000] {
        assert!(!always.is_open(at_ms), "{at_ms}");
    }
    assert!(always.is_open(0));
}

#[test]
fn no_expression_takes_long_to_read_or_to_tell() {
    for unit in [
        "Jan Mo[1],",
        "Jan Mo[1]-Feb Tu[-1],",
        "2026 Jan Mo[1]-2027 Feb Tu[-1],",
        "easter-Jan Mo[1],",
        "Jan Mo[1] +2 days,",
        "Jan Mo[1] +2 days-Feb Mo[1],",
        "Mo[1],",
        "Mo[1,2,3-5] +1 day,",
        "PH,",
        "Jan 1-5,",
        "1:00-2:00,",
        "2020-2030/2,",
        "week 1-50/3,",
        "Mo;",
        "\"a\" || ",
        "Mo-Tu 1:00-30:00;",
        "PH +1 day;",
        "[",
        "]],",
    ] {
        for count in [2, 4, 5, 6, 12, 400] {
            for end in ["", "Jan Mo[1]", "Mo 10:00-12:00"] {
                let text: String = unit.repeat(count).chars().take(980).chain(end.chars()).collect();
                if let Ok(hours) = Hours::parse(&text, &germany()) {
                    hours.is_open(ms("2026-11-23T10:00:00Z"));
                }
            }
        }
    }
}

fn a_scrap() -> impl Strategy<Value = String> {
    let words = [
        "Mo",
        "Fr",
        "Su",
        "PH",
        "SH",
        "Jan",
        "Feb",
        "Dec",
        "2026",
        "2030+",
        "week",
        "easter",
        "24/7",
        "off",
        "open",
        "unknown",
        "\"x\"",
        "09:00",
        "17:00",
        "24:00",
        "30:00",
        "48:00",
        "-",
        ",",
        ";",
        "; ",
        ", ",
        " || ",
        " ",
        "+",
        "[1]",
        "[-1]",
        "[5-1]",
        " +1 day",
        " -9999 days",
        " +Mo",
        "/2",
        "/30",
        "/00:00",
        "29",
        "31",
        "30",
        "dusk",
        "(dawn-10:00)",
        "53",
        "1",
        "0",
        "00",
        ":",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..14).prop_map(|words| words.concat())
}

/// Generates rules whose parts fit together, so that most of them can be parsed.
fn rules() -> impl Strategy<Value = String> {
    let dates = [
        "",
        "",
        "Feb 29 ",
        "Feb 30-Mar 31 ",
        "Jan Mo[1]-Feb Su[-1] ",
        "easter -3 days-easter +1 day ",
        "2026 ",
        "2030+ ",
        "2020-2040/3 ",
        "Dec 31-Jan 1 ",
        "week 53 ",
        "week 1-53/7 ",
        "Nov-Feb ",
        "Feb 29 -9999 days-Feb 29 +9999 days ",
        "Jan 1 +Su +9999 days ",
        "2026 Dec 30-2 ",
        "9999 Dec 31-1 ",
        "Jan 31 -Mo-Feb 31 +Tu ",
        "Dec 25+ ",
    ];
    let days =
        ["Mo-Fr", "Fr-Mo", "PH", "PH -1 day", "PH +9999 days", "Su[5]", "Mo[-5] +30 days", "Mo[5-1]", "Sa,Su PH"];
    let times =
        ["", " 09:00-17:00", " 22:00-06:00", " 00:00-48:00", " 23:59-23:59", " 10:00+", " 1:00-2:00,1:30-47:59/30"];
    let kinds = ["", " off", " unknown", " open \"x\"", " closed \"y\""];
    let one = (
        prop::sample::select(dates.to_vec()),
        prop::sample::select(days.to_vec()),
        prop::sample::select(times.to_vec()),
        prop::sample::select(kinds.to_vec()),
        prop::sample::select(vec!["; ", ", ", " || "]),
    );
    prop::collection::vec(one, 1..5).prop_map(|rules| {
        let parts = rules.iter().flat_map(|(dates, days, times, kind, join)| [*dates, days, times, kind, join]);
        parts.collect::<String>().trim_end_matches([';', ',', '|', ' ']).to_owned()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn no_text_makes_it_panic(
        text in prop_oneof![6 => rules(), 2 => a_scrap(), 1 => ".{0,40}", 1 => "[A-Za-z0-9 :;,+/\\[\\]()\"-]{0,60}"],
        at_ms in prop_oneof![0..4_102_444_800_000_i64, any::<i64>()],
    ) {
        match Hours::parse(&text, &germany()) {
            Ok(hours) => { hours.is_open(at_ms); }
            Err(error) => { let _ = error.to_string(); }
        }
    }
}
