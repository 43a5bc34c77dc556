//! Nights in every company: weekdays, holidays, dates, words.

use chrono::{Datelike, Days};

use super::*;

/// Checks whether it is open at local times such as `2026-12-07 03:00`.
#[track_caller]
fn check_locally(expression: &str, times: &[(&str, bool)]) {
    let hours = Hours::parse(expression, &germany()).unwrap();
    for (time, is_open) in times {
        let local = NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M").unwrap();
        assert_eq!(hours.is_open_locally(local), *is_open, "{expression} at {time}");
    }
}

#[test]
fn every_night_stays_whatever_the_next_day_has() {
    // 5 December 2026 is a Saturday.
    let expected = [
        ("2026-12-04 05:59", true), // Friday, after Thursday's night
        ("2026-12-04 06:00", false),
        ("2026-12-04 22:00", true),
        ("2026-12-05 05:59", true), // Saturday, after Friday's night
        ("2026-12-05 06:00", false),
        ("2026-12-05 22:00", true),
        ("2026-12-06 06:59", true), // Sunday, after Saturday's night
        ("2026-12-06 07:00", false),
        ("2026-12-06 21:59", false),
        ("2026-12-07 00:00", true), // Monday, after Sunday's night
        ("2026-12-07 06:59", true),
        ("2026-12-07 07:00", false),
        ("2026-12-08 05:59", true), // Tuesday, after Monday's night
        ("2026-12-08 06:00", false),
    ];
    for expression in [
        "Mo-Fr 22:00-06:00; Sa,Su 22:00-07:00",
        "Sa,Su 22:00-07:00; Mo-Fr 22:00-06:00",
        "Mo-Fr 22:00-06:00, Sa,Su 22:00-07:00",
        "Mo-Fr 22:00-30:00; Sa 22:00-07:00; Su 22:00-31:00",
        "Mo-Su 22:00-07:00; Mo-Fr 22:00-06:00",
    ] {
        check_locally(expression, &expected);
    }
}

#[test]
fn a_later_rule_replaces_what_begins_on_its_days_and_leaves_the_night_before() {
    for between in ["; ", ", "] {
        let expression = format!("Mo-Fr 22:00-06:00{between}Sa 10:00-12:00");
        check_locally(
            &expression,
            &[
                ("2026-11-28 05:30", true),
                ("2026-11-28 06:00", false),
                ("2026-11-28 11:00", true),
                ("2026-11-28 23:00", false),
                ("2026-11-29 03:00", false),
            ],
        );
    }
    // The short night of Friday instead of the long one, to its end.
    check_locally(
        "Mo-Fr 22:00-06:00; Fr 22:00-02:00",
        &[("2026-11-27 05:00", true), ("2026-11-28 01:59", true), ("2026-11-28 02:00", false)],
    );
    check_locally(
        "Mo-Su 22:00-06:00; Dec 31 18:00-02:00",
        &[
            ("2026-12-31 05:00", true),
            ("2026-12-31 19:00", true),
            ("2027-01-01 01:59", true),
            ("2027-01-01 03:00", false),
            ("2027-01-01 22:00", true),
        ],
    );
    // Whole days: nothing reaches anywhere.
    check_locally(
        "24/7; Su 10:00-12:00",
        &[("2026-12-06 00:00", false), ("2026-12-06 10:00", true), ("2026-12-07 00:00", true)],
    );
}

#[test]
fn what_is_off_is_off_from_midnight_to_midnight() {
    // Wednesday, 1 May 2024.
    check_locally(
        "Mo-Fr 18:00-03:00; PH off",
        &[
            ("2024-04-30 23:59", true),
            ("2024-05-01 00:00", false),
            ("2024-05-01 20:00", false),
            ("2024-05-02 00:00", true),
            ("2024-05-02 02:59", true),
            ("2024-05-02 03:00", false),
        ],
    );
    // Monday, 1 May 2023: Sunday has no night, Monday's goes on after the holiday.
    check_locally(
        "Mo-Fr 18:00-03:00; PH off",
        &[("2023-05-01 01:00", false), ("2023-05-01 20:00", false), ("2023-05-02 01:00", true)],
    );
    check_locally(
        "Mo-Su 22:00-06:00; Su off",
        &[
            ("2026-12-05 23:59", true),
            ("2026-12-06 03:00", false),
            ("2026-12-06 22:00", false),
            ("2026-12-07 03:00", true),
        ],
    );
    // Only the hours that are off.
    check_locally(
        "Mo-Su 18:00-06:00; Sa 22:00-02:00 off",
        &[
            ("2026-12-05 21:00", true),
            ("2026-12-05 22:00", false),
            ("2026-12-06 01:59", false),
            ("2026-12-06 02:00", true),
        ],
    );
}

#[test]
fn hours_of_holidays_replace_the_weekday_with_its_night() {
    // Wednesday, 1 May 2024.
    check_locally(
        "Mo-Fr 18:00-03:00; PH 10:00-12:00",
        &[
            ("2024-05-01 02:59", true), // Tuesday's night
            ("2024-05-01 03:00", false),
            ("2024-05-01 11:00", true),
            ("2024-05-01 20:00", false),
            ("2024-05-02 01:00", false),
            ("2024-05-02 18:00", true),
        ],
    );
    check_locally(
        "Mo-Fr 18:00-03:00; PH 22:00-06:00",
        &[
            ("2024-05-01 20:00", false),
            ("2024-05-01 22:00", true),
            ("2024-05-02 05:59", true),
            ("2024-05-02 06:00", false),
        ],
    );
}

#[test]
fn holidays_on_weekdays_are_those_of_both() {
    // Christmas Day of 2026 is a Friday.
    for expression in ["Mo-Su 09:00-17:00; PH Mo-Fr off", "Mo-Su 09:00-17:00; Mo-Fr PH off"] {
        check_locally(
            expression,
            &[
                ("2026-12-24 10:00", true),
                ("2026-12-25 10:00", false),
                ("2026-12-26 10:00", true),
                ("2026-12-28 10:00", true),
            ],
        );
    }
    check_locally(
        "Mo-Su 09:00-17:00; PH,Mo-Fr off",
        &[("2026-12-24 10:00", false), ("2026-12-26 10:00", false), ("2026-12-27 10:00", true)],
    );
}

#[test]
fn words_alone_are_not_open() {
    // Saturday, 28 November 2026, at 3:00 and 10:30; Monday at 10:00.
    for (expression, monday) in [
        ("Mo-Fr 09:00-17:00; Sa \"nach Vereinbarung\"; Su,PH off", true),
        ("Mo-Fr 09:00-17:00; Sa 10:00-14:00 \"nach Vereinbarung\"", true),
        ("Mo-Fr 09:00-17:00, Sa \"nach Vereinbarung\"", true),
        ("Mo-Fr 09:00-17:00 || \"nach Vereinbarung\"", true),
        ("Mo-Fr 09:00-17:00 || Sa unknown \"nach; Vereinbarung\", Sa \"x\"", true),
        ("Sa \"open\"", false),
        ("Sa Unknown \"x\"", false),
        ("Mo-Fr 09:00-17:00; Sa\"x\"", true),
        ("\"zurzeit geschlossen\"", false),
        ("24/7 \"nach Vereinbarung\"", false),
        ("Sa off \"zu\"", false),
    ] {
        check_locally(
            expression,
            &[("2026-11-28 03:00", false), ("2026-11-28 10:30", false), ("2026-11-30 10:00", monday)],
        );
    }
    for expression in ["Sa 10:00-14:00 open \"Tor 2\"", "Sa Open \"Tor 2\"", "\"Sommer\":Sa 10:00-14:00"] {
        check_locally(expression, &[("2026-11-28 10:30", true)]);
    }
    // A night goes on into a day of words.
    check_locally(
        "Mo-Fr 22:00-06:00; Sa \"nach Vereinbarung\"",
        &[("2026-11-28 05:59", true), ("2026-11-28 06:00", false), ("2026-11-28 22:00", false)],
    );
    assert_eq!(
        Hours::parse("Mo-Fr \"x\" 9-17", &germany()).unwrap_err(),
        HoursError::Syntax { character: 10, rest: " 9-17".into(), suggestion: None }
    );
}

#[test]
fn a_fallback_speaks_where_all_others_are_closed() {
    check_locally(
        "Mo-Fr 09:00-17:00; PH off || Mo-Su 12:00-20:00 || Sa 22:00-02:00",
        &[
            ("2026-12-04 10:00", true),
            ("2026-12-04 19:00", true),
            ("2026-12-05 10:00", false),
            ("2026-12-05 12:00", true),
            ("2026-12-06 01:00", true),
            ("2026-12-25 10:00", false),
            ("2026-12-25 13:00", true),
        ],
    );
}

#[test]
fn dates_have_their_nights_too() {
    check_locally(
        "Dec 24-Jan 1 22:00-06:00",
        &[
            ("2026-12-24 05:00", false),
            ("2026-12-24 22:00", true),
            ("2027-01-01 23:00", true),
            ("2027-01-02 05:59", true),
            ("2027-01-02 22:00", false),
        ],
    );
    check_locally("Dec 31 22:00-06:00", &[("2027-01-01 05:00", true), ("2027-01-01 22:00", false)]);
    check_locally(
        "2026 22:00-06:00",
        &[("2026-01-01 05:00", false), ("2027-01-01 05:00", true), ("2027-01-01 22:00", false)],
    );
    check_locally(
        "2026 Jan-Mar 09:00-17:00",
        &[("2026-03-31 10:00", true), ("2026-04-01 10:00", false), ("2027-01-01 10:00", false)],
    );
    check_locally(
        "2026Nov-Feb",
        &[("2026-02-01 10:00", false), ("2026-11-01 10:00", true), ("2027-02-28 10:00", true)],
    );
    check_locally(
        "2026 Dec 24-2027 Jan 2",
        &[("2026-12-24 10:00", true), ("2027-01-02 10:00", true), ("2027-12-24 10:00", false)],
    );
    check_locally(
        "Dec 24-2027 Jan 2",
        &[("2025-12-24 10:00", false), ("2026-12-24 10:00", true), ("2027-01-02 10:00", true)],
    );
    check_locally(
        "2026 Dec 24-Jan 2",
        &[("2026-01-01 10:00", false), ("2027-01-02 10:00", true), ("2028-01-01 10:00", false)],
    );
    check_locally(
        "Feb 29-Mar 1",
        &[("2027-02-28 10:00", false), ("2027-03-01 10:00", true), ("2028-02-29 10:00", true)],
    );
    check_locally("Feb 30", &[("2027-02-28 10:00", false), ("2027-03-01 10:00", false), ("2027-07-01 10:00", false)]);
    check_locally(
        "easter -2 days 22:00-06:00",
        &[("2026-04-03 22:00", true), ("2026-04-04 05:00", true), ("2026-04-05 05:00", false)],
    );
    check_locally(
        "Dec Su[-1]-Jan Mo[1]",
        &[
            ("2026-12-26 10:00", false),
            ("2026-12-27 10:00", true),
            ("2027-01-04 10:00", true),
            ("2027-01-05 10:00", false),
        ],
    );
    check_locally(
        "Mo[-1] 22:00-06:00",
        &[("2026-11-30 22:00", true), ("2026-12-01 05:00", true), ("2026-11-23 22:00", false)],
    );
    check_locally(
        "week 53 Su 22:00-06:00",
        &[("2027-01-03 22:00", true), ("2027-01-04 05:00", true), ("2026-12-27 22:00", false)],
    );
    check_locally(
        "PH -1 day 18:00-02:00",
        &[("2026-12-24 18:00", true), ("2026-12-26 01:00", true), ("2026-12-26 18:00", false)],
    );
    check_locally("Dec 25+Mo 09:00-17:00", &[("2026-12-28 10:00", true), ("2026-12-25 10:00", false)]);
}

/// A rule of the family of nights, weekdays and holidays.
#[derive(Clone, Debug)]
struct Simple {
    weekdays: [bool; 7],
    on_holidays: bool,
    /// First minutes and lengths.
    spans: Vec<(u16, u16)>,
    is_off: bool,
    adds: bool,
}

impl Simple {
    fn is_on(&self, day: NaiveDate) -> bool {
        let holidays = ["2026-12-25", "2026-12-26", "2027-01-01"];
        self.weekdays[day.weekday().num_days_from_monday() as usize]
            || self.on_holidays && holidays.contains(&day.to_string().as_str())
    }

    fn says(&self, minute: u16) -> bool {
        self.spans.iter().any(|(from, length)| (*from..from + length).contains(&minute))
    }

    fn replaces(&self) -> bool {
        !self.adds && !self.is_off
    }

    fn text(&self) -> String {
        let names = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];
        let weekdays = names.into_iter().zip(self.weekdays).filter(|(_, is_on)| *is_on).map(|(name, _)| name);
        let days: Vec<&str> = weekdays.chain(self.on_holidays.then_some("PH")).collect();
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let span = |(from, length): &(u16, u16)| {
            // One and the same time by two names.
            let end = from + length;
            let end = if end > 1440 && length % 2 == 0 && *length < 1440 { end - 1440 } else { end };
            format!("{}-{}", clock(*from), clock(end))
        };
        let spans: Vec<String> = self.spans.iter().map(span).collect();
        format!("{} {}{}", days.join(","), spans.join(","), if self.is_off { " off" } else { "" })
    }
}

/// Returns whether these rules are open, from the sentence that says what they mean: the last rule counts that says
/// something about the minute, on a day on which no later one replaces it.
fn is_open_by_the_sentence(rules: &[Simple], day: NaiveDate, minute: u16) -> bool {
    let said = |place: usize, begun: NaiveDate, minute: u16| {
        let rule = &rules[place];
        let is_replaced = rules[place + 1..].iter().any(|later| later.replaces() && later.is_on(begun));
        rule.is_on(begun) && !is_replaced && rule.says(minute)
    };
    let told = (0..rules.len())
        .rev()
        .find(|place| said(*place, day, minute) || said(*place, day - Days::new(1), minute + 1440));
    told.is_some_and(|place| !rules[place].is_off)
}

fn simple_rules() -> impl Strategy<Value = Vec<Simple>> {
    let minutes = prop_oneof![(0..24_u16).prop_map(|hour| hour * 60), 0..1440_u16];
    let length = prop_oneof![1..1440_u16, (1..24_u16).prop_map(|hours| hours * 60)];
    let weekdays = prop_oneof![
        Just([true, true, true, true, true, false, false]),
        Just([false, false, false, false, false, true, true]),
        any::<[bool; 7]>()
    ];
    let rule = (weekdays, any::<bool>(), prop::collection::vec((minutes, length), 1..3), 0..4_u8, any::<bool>());
    let rule = rule.prop_map(|(weekdays, on_holidays, spans, off, adds)| Simple {
        on_holidays: on_holidays || weekdays == [false; 7],
        weekdays,
        spans,
        is_off: off == 0,
        adds,
    });
    prop::collection::vec(rule, 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn nights_weekdays_and_holidays_are_open_minute_by_minute_as_the_sentence_says(rules in simple_rules()) {
        let mut text = rules[0].text();
        for rule in &rules[1..] {
            text += if rule.adds { ", " } else { "; " };
            text += &rule.text();
        }
        let hours = Hours::parse(&text, &germany()).unwrap();
        // From the Wednesday before Christmas to the Sunday after New Year.
        let first = NaiveDate::from_ymd_opt(2026, 12, 23).unwrap();
        for day in first.iter_days().take(12) {
            let open = hours.open_ranges(day);
            for minute in 0..1440 {
                let is_open = open.iter().any(|(from, to)| (*from..*to).contains(&minute));
                if is_open != is_open_by_the_sentence(&rules, day, minute) {
                    prop_assert!(false, "{} on {} at {}", text, day, minute);
                }
            }
        }
    }
}
