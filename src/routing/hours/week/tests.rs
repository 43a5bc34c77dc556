use proptest::prelude::*;

use super::*;

fn span(from: u16, to: u16) -> Span {
    Span { from: from * 60, to: to * 60 }
}

/// Builds a week from the hours of each day, and those of holidays.
fn week(days: [&[(u16, u16)]; 7], holidays: Option<&[(u16, u16)]>) -> Week {
    let spans = |spans: &[(u16, u16)]| spans.iter().map(|(from, to)| span(*from, *to)).collect::<Vec<_>>();
    Week { days: days.map(spans), holidays: holidays.map_or(Holidays::Usual, |own| Holidays::Own(spans(own))) }
}

const OFFICE: &[(u16, u16)] = &[(9, 17)];
const NO: &[(u16, u16)] = &[];

#[test]
fn an_expression_of_a_week_and_back() {
    let weekdays = [OFFICE, OFFICE, OFFICE, OFFICE, OFFICE, NO, NO];
    let short_friday: [&[(u16, u16)]; 7] = [&[(8, 17)], &[(8, 17)], &[(8, 17)], &[(8, 17)], &[(8, 14)], NO, NO];
    let lunch: &[(u16, u16)] = &[(9, 12), (13, 17)];
    let nights: &[(u16, u16)] = &[(22, 6)];
    let all: &[(u16, u16)] = &[(0, 24)];
    for (text, expected) in [
        ("Mo-Fr 09:00-17:00", week(weekdays, None)),
        ("Mo-Fr 09:00-17:00; PH off", week(weekdays, Some(NO))),
        ("Mo-Th 08:00-17:00; Fr 08:00-14:00", week(short_friday, None)),
        ("Mo,We 09:00-12:00,13:00-17:00", week([lunch, NO, lunch, NO, NO, NO, NO], None)),
        ("Mo-Fr 22:00-06:00", week([nights, nights, nights, nights, nights, NO, NO], None)),
        ("Sa,Su 00:00-24:00; PH 10:00-12:00", week([NO, NO, NO, NO, NO, all, all], Some(&[(10, 12)]))),
        ("PH 10:00-12:00", week([NO; 7], Some(&[(10, 12)]))),
        ("24/7", week([all; 7], None)),
        ("off", week([NO; 7], None)),
        ("Mo-Fr 22:00-06:00, Sa 10:00-12:00", week([nights, nights, nights, nights, nights, &[(10, 12)], NO], None)),
    ] {
        assert_eq!(Week::of(text).as_ref(), Some(&expected), "{text}");
        assert_eq!(expected.to_expression(), text);
    }
}

#[test]
fn other_ways_to_say_a_week_are_understood() {
    for (text, same) in [
        ("09:00-17:00", "Mo-Su 09:00-17:00"),
        ("Mo-Fr 9:00-17:00;PH off", "Mo-Fr 09:00-17:00; PH off"),
        ("Mo-Fr 09:00-17:00; Fr 09:00-14:00", "Mo-Th 09:00-17:00; Fr 09:00-14:00"),
        ("Mo-Fr 13:00-17:00,09:00-12:00", "Mo-Fr 09:00-12:00,13:00-17:00"),
        ("Mo-Fr 22:00-30:00", "Mo-Fr 22:00-06:00"),
        ("Fr-Mo 10:00-12:00", "Mo,Fr-Su 10:00-12:00"),
        ("24/7; PH off", "Mo-Su 00:00-24:00; PH off"),
        ("Sa", "Sa 00:00-24:00"),
        ("Mo-Fr 09:00-17:00; Th closed", "Mo-We,Fr 09:00-17:00"),
        ("Mo-Su,PH 09:00-17:00", "Mo-Su 09:00-17:00"),
        ("Mo-Fr 22:00-06:00; Sa 10:00-12:00", "Mo-Fr 22:00-06:00, Sa 10:00-12:00"),
        ("Mo-Fr 22:00-06:00; Sa,Su 22:00-07:00", "Mo-Fr 22:00-06:00, Sa,Su 22:00-07:00"),
        ("Mo-Fr 22:00-06:00; Fr 22:00-02:00", "Mo-Th 22:00-06:00, Fr 22:00-02:00"),
    ] {
        assert_eq!(Week::of(text).map(|week| week.to_expression()).as_deref(), Some(same), "{text}");
    }
}

#[test]
fn what_a_week_cannot_say_stays_as_typed() {
    for text in [
        "Dec 24 off",
        "Mo-Fr 09:00-17:00; Dec 24-Dec 31 off",
        "week 1-53/2 Mo 09:00-17:00",
        "Mo[1] 09:00-17:00",
        "Mo-Fr 09:00-17:00 \"by appointment\"",
        "Mo-Fr 09:00+",
        "Mo-Fr PH off",
        "Mo-Fr 09:00-17:00 || Sa 10:00-12:00",
        "SH off",
        // It is open on holidays on Wednesdays only.
        "Mo-Fr 09:00-17:00; PH off; We 09:00-12:00",
        // What is off ends the night before, and leaves its own after midnight.
        "Mo-Su 22:00-06:00; Sa off",
        "Mon-Fri 09:00-17:00",
        "@team",
        "",
    ] {
        assert_eq!(Week::of(text), None, "{text}");
    }
}

#[test]
fn times_are_read_as_people_write_them() {
    for (text, minute) in
        [("9", 540), ("09", 540), ("9:30", 570), ("09.30", 570), ("0930", 570), ("930", 570), ("0", 0), ("24:00", 1440)]
    {
        assert_eq!(read_clock(text), Some(minute), "{text}");
    }
    for text in
        ["", "25", "24:01", "9:60", "9:3", "9:300", "+9", "-1", "9:", ":30", "nine", "9 Uhr", "12345", "٩", "é9"]
    {
        assert_eq!(read_clock(text), None, "{text}");
    }
}

fn spans(last: u16) -> impl Strategy<Value = Vec<Span>> {
    let span = (0..24_u16, 1..=last).prop_map(|(from, length)| {
        let to = (from * 60 + length) % DAY;
        Span { from: from * 60, to: if to == 0 { DAY } else { to } }
    });
    prop_oneof![2 => Just(Vec::new()), 3 => prop::collection::btree_set(span, 1..=2).prop_map(|set| set.into_iter().collect())]
}

/// Generates spans that end within the day.
fn own_spans() -> impl Strategy<Value = Vec<Span>> {
    spans(DAY - 1).prop_map(|spans| spans.into_iter().filter(|span| !span.is_overnight()).collect())
}

fn weeks() -> impl Strategy<Value = Week> {
    let days = (spans(DAY - 1), spans(DAY - 1), spans(600), prop::collection::vec(0..3_usize, 7));
    let days = days.prop_map(|(a, b, c, choice)| {
        let choices = [a, b, c];
        std::array::from_fn(|day| choices[choice[day]].clone())
    });
    let holidays = prop_oneof![Just(Holidays::Usual), own_spans().prop_map(Holidays::Own)];
    (days, holidays).prop_map(|(days, holidays)| Week { days, holidays })
}

proptest! {
    #[test]
    fn every_week_is_said_so_that_it_holds_minute_by_minute(week in weeks()) {
        let text = week.to_expression();
        let hours = Hours::read(&text, &HoursContext::new(Tz::UTC, "DE", None)).unwrap();
        // No holiday near: Monday, 10 August 2026 and the days after it.
        let monday = NaiveDate::from_ymd_opt(2026, 8, 10).unwrap();
        for day in 0..7_usize {
            let date = monday + Days::new(day as u64);
            let open = hours.open_ranges(date);
            for minute in (0..DAY).step_by(30) {
                let today = week.days[day].iter()
                    .any(|span| span.from <= minute && (span.is_overnight() || minute < span.to));
                let night = week.days[(day + 6) % 7].iter().any(|span| span.is_overnight() && minute < span.to);
                let is_open = open.iter().any(|(from, to)| (*from..*to).contains(&minute));
                prop_assert_eq!(is_open, today || night, "{} on {} at {}", text, date, clock(minute));
            }
        }
        // Christmas Day of 2026 is a Friday.
        if let Holidays::Own(own) = &week.holidays && !text.eq("off") {
            let open = hours.open_ranges(NaiveDate::from_ymd_opt(2026, 12, 25).unwrap());
            for minute in (0..DAY).step_by(30) {
                let is_open = open.iter().any(|(from, to)| (*from..*to).contains(&minute));
                // The night of Christmas Eve, a Thursday, stays unless holidays are closed.
                let night = !own.is_empty()
                    && week.days[3].iter().any(|span| span.is_overnight() && minute < span.to);
                let expected = night || own.iter().any(|span| (span.from..span.to).contains(&minute));
                prop_assert_eq!(is_open, expected, "{} on Christmas at {}", text, clock(minute));
            }
        }
    }

    #[test]
    fn a_week_comes_back_from_its_expression(week in weeks()) {
        let text = week.to_expression();
        let back = Week::of(&text);
        prop_assert!(back.is_some(), "{}", text);
        prop_assert_eq!(back.unwrap().to_expression(), text);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[A-Za-z0-9 :;,+/@-]{0,40}|.{0,20}|((Mo|Fr|PH|Su|-|,|;| |0?9:00|22:00|-|off|24/7)){0,12}") {
        if let Some(week) = Week::of(&text) {
            prop_assert!(meaning(&text) == meaning(&week.to_expression()));
        }
    }
}
