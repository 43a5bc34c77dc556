//! Opening hours against `opening_hours.js`, which knows OpenStreetMap's syntax best: thousands of made-up expressions, half
//! hour by half hour.
//!
//! Where a rule after `;` meets a night, fernamt keeps what people mean and `opening_hours.js` does not (docs/routing.md). So
//! the library is asked twice: for the whole expression, and for each rule alone which days it names and when it is open.
//! Put together in the library's way the latter must give the former, which shows that they are put together rightly; put
//! together in our way it must be what fernamt says.

use std::io::Write;
use std::process::{Command, Stdio};

use chrono::{DateTime, Days, NaiveDate};
use fernamt::routing::hours::{Hours, HoursContext};
use rand::RngExt;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use crate::helpers::chance;

const HALF_HOUR_MS: i64 = 1_800_000;
const HALF_HOURS: usize = 48;
const DAYS: usize = 14;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Unknown,
    Open,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Joined {
    Replacing,
    Adding,
    FallingBack,
}

/// Who puts rules together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Library,
    Fernamt,
}

#[derive(Serialize)]
struct Rule {
    days: String,
    times: &'static str,
    #[serde(skip)]
    state: State,
    #[serde(skip)]
    joined: Joined,
}

#[derive(Serialize)]
struct Case {
    rules: Vec<Rule>,
    text: String,
    /// The first instant, a midnight in UTC.
    from: i64,
    days: usize,
}

/// What the library says, as strings of `0` and `1`; for each rule `named` begins with the day before.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    whole: String,
    named: Vec<String>,
    open: Vec<String>,
    error: Option<String>,
}

const DATES: [&str; 14] = [
    "Nov-Feb",
    "Dec",
    "May-Oct",
    "Dec 24-Jan 2",
    "Dec 24",
    "Dec 24,Dec 31",
    "2026 Dec 24-2027 Jan 2",
    "May 1-15",
    "easter -2 days",
    "2026",
    "2026-2027",
    "week 50-53",
    "week 1-53/2",
    "Feb 28-Mar 1",
];
const WEEKDAYS: [&str; 17] = [
    "Mo-Fr",
    "Mo-Fr",
    "Sa,Su",
    "Sa",
    "Su",
    "Mo",
    "Fr",
    "Fr-Mo",
    "Mo-Su",
    "PH",
    "PH",
    "Mo-Fr,PH",
    "PH,Sa",
    "PH Mo-Fr",
    "Mo-Fr PH",
    "PH -1 day",
    "Mo[1]",
];
const TIMES: [&str; 14] = [
    "",
    "09:00-17:00",
    "09:00-12:00,13:00-17:00",
    "22:00-06:00",
    "22:00-07:00",
    "18:00-03:00",
    "18:00-03:00",
    "00:00-24:00",
    "20:00-30:00",
    "22:00-06:00,12:00-14:00",
    "06:00-06:00",
    "23:30-00:30",
    "00:00-06:00",
    "10:00-34:00",
];
const STATES: [(&str, State); 9] = [
    ("", State::Open),
    ("", State::Open),
    ("", State::Open),
    ("off", State::Closed),
    ("off", State::Closed),
    ("closed \"x\"", State::Closed),
    ("unknown", State::Unknown),
    ("\"by appointment\"", State::Unknown),
    ("open \"x\"", State::Open),
];
/// Days before turns of years, Easter, holidays of the week and of weekends, a leap day.
const FIRST_DAYS: [&str; 7] =
    ["2026-12-20", "2026-12-28", "2026-04-27", "2026-03-29", "2026-10-26", "2028-02-21", "2026-06-01"];

fn one_of<T: Copy>(choices: &[T], chance: &mut StdRng) -> T {
    choices[chance.random_range(0..choices.len())]
}

fn days(is_first: bool, chance: &mut StdRng) -> String {
    match chance.random_range(0..10) {
        0 if is_first => String::new(),
        0 | 1 => one_of(&DATES, chance).into(),
        2 => format!("{} {}", one_of(&DATES, chance), one_of(&["Mo-Fr", "Sa,Su", "PH", "Fr"], chance)),
        _ => one_of(&WEEKDAYS, chance).into(),
    }
}

fn case(chance: &mut StdRng) -> Case {
    let (mut rules, mut text): (Vec<Rule>, String) = (Vec::new(), String::new());
    for place in 0..chance.random_range(1..5) {
        let days = days(place == 0, chance);
        let (mut times, (said, state)) = (one_of(&TIMES, chance), one_of(&STATES, chance));
        if days.is_empty() && times.is_empty() && said.is_empty() {
            times = "00:00-24:00";
        }
        // `Mo-Fr, Sa` would be one list of days.
        let may_add = rules.last().is_some_and(|rule| !rule.times.is_empty());
        let (joined, sign) = match chance.random_range(0..10) {
            0..3 if may_add => (Joined::Adding, ", "),
            3 => (Joined::FallingBack, " || "),
            _ => (Joined::Replacing, "; "),
        };
        text += if place == 0 { "" } else { sign };
        let joined = match (place, joined, rules.last()) {
            (0, ..) => Joined::Replacing,
            (_, Joined::Adding, Some(Rule { joined: Joined::FallingBack, .. })) => Joined::FallingBack,
            _ => joined,
        };
        let parts = [days.as_str(), times, said];
        text += &parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        rules.push(Rule { days, times, state, joined });
    }
    let first: NaiveDate = one_of(&FIRST_DAYS, chance).parse().unwrap();
    let first = first + Days::new(chance.random_range(0..7));
    Case { rules, text, from: first.and_time(Default::default()).and_utc().timestamp_millis(), days: DAYS }
}

/// Asks the library about all of them.
fn told(cases: &[Case]) -> Vec<Told> {
    let module = std::env::var("FERNAMT_HOURS_JS").expect("FERNAMT_HOURS_JS is set: make test-hours");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/hours-reference.mjs");
    let mut node = Command::new("node");
    let node = node.args([script, &module]).env("TZ", "UTC").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut node = node.spawn().unwrap();
    node.stdin.take().unwrap().write_all(&serde_json::to_vec(cases).unwrap()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn is_set(bits: &str, place: usize) -> bool {
    bits.as_bytes()[place] == b'1'
}

/// Puts what the rules say alone together: a string of `0` and `1` for the half hours.
fn together(case: &Case, told: &Told, who: Who) -> String {
    let holding: Vec<Vec<bool>> = (0..=DAYS).map(|day| holding(case, told, day)).collect();
    let half_hour = |place: usize| {
        let (day, at) = (place / HALF_HOURS + 1, place % HALF_HOURS);
        let mut state = State::Closed;
        for (place, (rule, open)) in case.rules.iter().zip(&told.open).enumerate() {
            let named = |day: usize| is_set(&told.named[place], day);
            let is_today = holding[day][place] && is_set(open, at);
            let is_night = is_set(open, at + HALF_HOURS)
                && match who {
                    Who::Fernamt => holding[day - 1][place],
                    Who::Library => named(day - 1) && !is_replaced(case, told, place, day),
                };
            let is_fallback = rule.joined == Joined::FallingBack;
            // The library forgets that a night belongs to a fallback.
            let falls_back_at_night = is_fallback && who == Who::Fernamt;
            if is_today && !(is_fallback && state != State::Closed) {
                let keeps_night = who == Who::Fernamt && rule.state == State::Unknown && replaces(rule);
                state = if keeps_night && state == State::Open { state } else { rule.state };
            }
            if is_night && !(falls_back_at_night && state != State::Closed) {
                state = rule.state;
            }
        }
        if state == State::Open { '1' } else { '0' }
    };
    (0..DAYS * HALF_HOURS).map(half_hour).collect()
}

fn replaces(rule: &Rule) -> bool {
    rule.joined == Joined::Replacing && rule.state != State::Closed
}

/// Returns which rules begin something on a day, the first of which is the one before the case begins.
fn holding(case: &Case, told: &Told, day: usize) -> Vec<bool> {
    let names = |place: usize| is_set(&told.named[place], day);
    (0..case.rules.len()).map(|place| names(place) && !is_replaced(case, told, place, day)).collect()
}

/// Returns whether a rule is replaced on a day by a later one.
fn is_replaced(case: &Case, told: &Told, place: usize, day: usize) -> bool {
    (place + 1..case.rules.len()).any(|later| replaces(&case.rules[later]) && is_set(&told.named[later], day))
}

/// Returns what fernamt says, as a string of `0` and `1`.
fn fernamt(case: &Case) -> String {
    let context = HoursContext::new(chrono_tz::UTC, "DE", Some("NW"));
    let hours = Hours::parse(&case.text, &context).unwrap_or_else(|error| panic!("{}: {error}", case.text));
    let is_open = |at: usize| hours.is_open(case.from + i64::try_from(at).unwrap() * HALF_HOUR_MS);
    (0..DAYS * HALF_HOURS).map(|at| if is_open(at) { '1' } else { '0' }).collect()
}

/// Returns the first half hour at which two disagree, for people.
fn difference(case: &Case, ours: &str, theirs: &str) -> Option<String> {
    let place = ours.bytes().zip(theirs.bytes()).position(|(ours, theirs)| ours != theirs)?;
    let at_ms = case.from + i64::try_from(place).unwrap() * HALF_HOUR_MS;
    let at = DateTime::from_timestamp_millis(at_ms).unwrap().format("%a %Y-%m-%d %H:%M");
    Some(format!("{} at {at}: {} instead of {}", case.text, &ours[place..=place], &theirs[place..=place]))
}

#[test]
#[ignore = "needs Node.js and opening_hours.js: make test-hours"]
fn made_up_hours_are_open_as_opening_hours_js_has_it_but_for_nights_that_it_drops() {
    let count = std::env::var("HOURS").map_or(3_000, |count| count.parse().expect("HOURS is a number"));
    let mut chance = chance();
    let cases: Vec<Case> = (0..count).map(|_| case(&mut chance)).collect();
    let told = told(&cases);
    let mut wrong: Vec<String> = Vec::new();
    let (mut refused, mut same) = (0, 0);
    for (case, told) in cases.iter().zip(&told) {
        if told.error.is_some() {
            refused += 1;
            continue;
        }
        let library = together(case, told, Who::Library);
        wrong.extend(difference(case, &library, &told.whole).map(|text| format!("put together: {text}")));
        let ours = fernamt(case);
        same += usize::from(ours == told.whole);
        wrong.extend(difference(case, &ours, &together(case, told, Who::Fernamt)));
    }
    let shown = wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {count} are wrong:\n{shown}", wrong.len());
    // Else it would compare nothing.
    assert!(
        refused * 10 < count,
        "{refused} of {count} are refused: {:?}",
        told.iter().find_map(|told| told.error.as_ref())
    );
    assert!(same * 2 > count, "only {same} of {count} are the same as a whole");
}
