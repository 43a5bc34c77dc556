//! Random but repeatable event logs: weeks around both changes of the clock, calls near midnight and at the edges of
//! the office hours, and all irregularities that were seen in the field.

use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::helpers::log_line;
use crate::oracle::{Filter, OUTCOMES, rfc3339};

/// One event as it was received.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delivery {
    pub at_ms: i64,
    pub body: String,
}

/// Numbers in the notations they come in, and what they are: E.164 where valid, nobody if hidden.
const NUMBERS: [(&str, Option<&str>); 18] = [
    ("022129191999", Some("+4922129191999")),
    ("+4922129191999", Some("+4922129191999")),
    ("022199998560", Some("+4922199998560")),
    ("23", Some("23")),
    ("7777line@fpbx.de", Some("7777line@fpbx.de")),
    ("03023125000", Some("+493023125000")),
    ("+493023125000", Some("+493023125000")),
    ("00493023125000", Some("+493023125000")),
    ("493023125000", Some("+493023125000")),
    ("01712345678", Some("+491712345678")),
    ("0041442681800", Some("+41442681800")),
    ("+41442681800", Some("+41442681800")),
    ("0043158858", Some("+43158858")),
    ("110", Some("110")),
    ("12", Some("12")),
    ("7777outside@fpbx.de", Some("7777outside@fpbx.de")),
    ("anonymous", None),
    ("0221 / 29 19 19 99", Some("+4922129191999")),
];
const LINES: std::ops::Range<usize> = 0..5;
const PARTIES: std::ops::Range<usize> = 5..17;
const PEERS: [&str; 3] = ["7777anna@fpbx.de", "7777bert@fpbx.de", "7777Carla@fpbx.de"];

/// A crowd to call and be called: as they are dialled, and what they are.
pub static PEOPLE: LazyLock<Vec<(String, String)>> =
    LazyLock::new(|| (0..200).map(|n| (format!("01712345{n:03}"), format!("+491712345{n:03}"))).collect());

/// What `party` and `number` show for a number of the histories.
pub fn e164(raw: &str) -> Option<&'static str> {
    if let Some((_, number)) = PEOPLE.iter().find(|(dialled, _)| dialled == raw) {
        return Some(number);
    }
    let known = NUMBERS.iter().find(|(number, _)| *number == raw);
    known.unwrap_or_else(|| panic!("{raw} is not in the table")).1
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn ms(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
}

/// The log as `import` takes it.
pub fn log(deliveries: &[Delivery]) -> String {
    deliveries.iter().map(|delivery| log_line(&rfc3339(delivery.at_ms), &delivery.body)).collect()
}

/// Reads what `export` wrote.
pub fn read_log(log: &str) -> Vec<Delivery> {
    let read = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        Delivery { at_ms: ms(line["received_at"].as_str().unwrap()), body: line["body"].as_str().unwrap().to_owned() }
    };
    log.lines().map(read).collect()
}

/// The deliveries of so many calls, in no order.
pub fn history(seed: u64, calls: usize) -> Vec<Delivery> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut deliveries: Vec<_> = (0..calls).flat_map(|number| call(&format!("{seed}-{number}"), &mut rng)).collect();
    deliveries.shuffle(&mut rng);
    deliveries
}

/// When something interesting may begin.
fn moment(rng: &mut StdRng) -> i64 {
    const EDGES: [&str; 13] = [
        // The clock is put forward, and back: the hour that is missing, the one that comes twice.
        "2026-03-29T02:00:00+01:00",
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:00:00+01:00",
        "2026-10-25T03:00:00+01:00",
        // Midnight, in winter and in summer, at the end of weeks and months, and UTC's.
        "2026-03-29T00:00:00+01:00",
        "2026-03-30T00:00:00+02:00",
        "2026-10-26T00:00:00+01:00",
        "2026-11-01T00:00:00+01:00",
        "2026-03-31T00:00:00Z",
        "2026-03-29T00:00:00+02:00",
        // Office hours.
        "2026-03-30T09:00:00+02:00",
        "2026-10-23T17:00:00+02:00",
        "2026-10-26T17:00:00+01:00",
    ];
    match rng.random_range(0..3) {
        0 => rng.random_range(ms("2026-03-16T00:00:00Z")..ms("2026-04-06T00:00:00Z")),
        1 => rng.random_range(ms("2026-10-12T00:00:00Z")..ms("2026-11-09T00:00:00Z")),
        _ => {
            let edge = ms(EDGES.choose(rng).unwrap());
            edge + [-1, 0, 1, rng.random_range(-90_000..90_000), rng.random_range(-5_000_000..5_000_000)]
                .choose(rng)
                .unwrap()
        }
    }
}

struct Writer<'a> {
    id: &'a str,
    way: &'static str,
    from: &'static str,
    to: &'static str,
    /// Whether this PBX tells the direction.
    tells: bool,
    deliveries: Vec<Delivery>,
}

impl Writer<'_> {
    fn event(&mut self, at_ms: i64, name: &str, more: &[(&str, &str)], rng: &mut StdRng) {
        let mut fields = vec![("call_id", self.id), ("event", name)];
        if self.tells {
            fields.push(("direction", self.way));
        }
        // Others' fixtures have hangups without numbers.
        if name != "HungUp" || rng.random_bool(0.7) {
            fields.extend([("from", self.from), ("to", self.to)]);
        }
        fields.extend(more);
        if rng.random_bool(0.1) {
            fields.push(("user", "voicemail"));
        }
        if rng.random_bool(0.9) {
            fields.sort_unstable();
        } else {
            fields.shuffle(rng);
        }
        let mut body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        if rng.random_bool(0.5) {
            // Some senders do not encode the plus sign.
            body = body.replace("=%2B", "=+");
        }
        self.deliveries.push(Delivery { at_ms, body });
    }

    fn hangup(&mut self, at_ms: i64, hangup_type: &str, seconds: i64, rng: &mut StdRng) {
        const ABSURD: [&str; 7] = ["-5", "86400", "86401", "abc", "1.5", "", "99999999999999999999"];
        let told = seconds.to_string();
        let duration = if rng.random_bool(0.06) { ABSURD.choose(rng).unwrap() } else { told.as_str() };
        self.event(at_ms, "HungUp", &[("duration", duration), ("type", hangup_type)], rng);
    }
}

fn call(id: &str, rng: &mut StdRng) -> Vec<Delivery> {
    let way = if rng.random_bool(0.65) { "in" } else { "out" };
    let own = NUMBERS[rng.random_range(LINES)].0;
    let outside = NUMBERS[rng.random_range(PARTIES)].0;
    let (from, to) = if way == "in" { (outside, own) } else { (own, outside) };
    let mut call = Writer { id, way, from, to, tells: rng.random_bool(0.6), deliveries: Vec::new() };
    let start = moment(rng);
    let peer = *PEERS.choose(rng).unwrap();
    let rang = rng.random_range(0..90_000);
    let talked = *[0, 1, 30, 31, 3600, rng.random_range(0..700)].choose(rng).unwrap();
    let ending = match rng.random_range(0..10) {
        0..5 => "accepted",
        5..7 => "missed",
        _ => ["voicemail", "blocked", "busy", "canceled", "unavailable", "congestion", "teleported", ""]
            .choose(rng)
            .unwrap(),
    };
    if way == "in" {
        call.event(start, "IncomingCall", &[], rng);
        if ending == "accepted" || rng.random_bool(0.1) {
            call.event(start + rang, "CallAccepted", &[("peer", peer)], rng);
        }
    } else {
        call.event(start, "OutgoingCall", &[("peer", peer)], rng);
    }
    if rng.random_bool(0.05) {
        call.event(start + rng.random_range(0..1_000), "CallParked", &[("peer", "nobody")], rng);
    }
    call.hangup(start + rang + talked * 1000 + rng.random_range(0..1_000), ending, talked, rng);
    if rng.random_bool(0.06) {
        let other = *OUTCOMES[..8].choose(rng).unwrap();
        // At the same moment, too: then the body decides which is the last.
        let at_ms = call.deliveries.last().unwrap().at_ms + *[0, 0, 500, -2_000].choose(rng).unwrap();
        call.hangup(at_ms, other, talked / 2, rng);
    }
    spoil(&mut call.deliveries, rng);
    call.deliveries
}

/// What the network and time do: losses, repetitions, delays, events of one moment.
fn spoil(deliveries: &mut Vec<Delivery>, rng: &mut StdRng) {
    if rng.random_bool(0.25) {
        let lost = rng.random_range(0..deliveries.len());
        deliveries.remove(lost);
    }
    if rng.random_bool(0.05) {
        deliveries.truncate(1);
    }
    if rng.random_bool(0.05) {
        let at_ms = deliveries[0].at_ms;
        deliveries.iter_mut().for_each(|delivery| delivery.at_ms = at_ms);
    }
    if rng.random_bool(0.1) {
        let late = rng.random_range(0..deliveries.len());
        deliveries[late].at_ms += rng.random_range(0..20_000);
    }
    for index in 0..deliveries.len() {
        if rng.random_bool(0.2) {
            let mut again = deliveries[index].clone();
            again.at_ms += rng.random_range(-3_000..3_000);
            deliveries.push(again);
        }
    }
}

/// The filter words of a query, each with its meaning.
pub type Word = (&'static str, fn(&mut Filter));

/// Filters, each alone: the query and what it means.
pub const WORDS: [Word; 36] = [
    ("direction=in", |filter| filter.direction = Some("in")),
    ("direction=out", |filter| filter.direction = Some("out")),
    ("number=022129191999", |filter| filter.number = Some("022129191999")),
    ("number=%2B4922129191999", |filter| filter.number = Some("022129191999")),
    ("number=0221+/+29+19+19+99", |filter| filter.number = Some("022129191999")),
    ("number=%2B49+(0)221+29191999", |filter| filter.number = Some("022129191999")),
    ("number=+4922199998560", |filter| filter.number = Some("022199998560")),
    ("number=23", |filter| filter.number = Some("23")),
    ("number=7777line@fpbx.de", |filter| filter.number = Some("7777line@fpbx.de")),
    ("peer=7777anna@fpbx.de", |filter| filter.peer = Some("7777anna@fpbx.de")),
    ("peer=7777Carla%40fpbx.de", |filter| filter.peer = Some("7777Carla@fpbx.de")),
    ("peer=nobody", |filter| filter.peer = Some("nobody")),
    ("outcome=accepted", |filter| filter.outcomes = vec!["accepted"]),
    ("outcome=missed,voicemail", |filter| filter.outcomes = vec!["missed", "voicemail"]),
    ("outcome=unknown", |filter| filter.outcomes = vec!["unknown"]),
    ("outcome=open", |filter| filter.outcomes = vec!["open"]),
    ("outcome=other,blocked", |filter| filter.outcomes = vec!["other", "blocked"]),
    ("outcome=busy,canceled,unavailable,congestion", |filter| {
        filter.outcomes = vec!["busy", "canceled", "unavailable", "congestion"]
    }),
    ("party=03023125000", |filter| filter.party = Some("03023125000")),
    ("party=%2B49+30+23125000", |filter| filter.party = Some("03023125000")),
    ("party=0041+44+268+18+00", |filter| filter.party = Some("0041442681800")),
    ("party=110", |filter| filter.party = Some("110")),
    ("party=7777outside@fpbx.de", |filter| filter.party = Some("7777outside@fpbx.de")),
    ("party=anonymous", |filter| filter.party = Some("anonymous")),
    ("q=1999", |filter| filter.q = Some("1999")),
    ("q=0221+29", |filter| filter.q = Some("0221 29")),
    ("q=%2B49+221+29", |filter| filter.q = Some("+49 221 29")),
    ("q=%2B49+(0)221+2919", |filter| filter.q = Some("+49 (0)221 2919")),
    ("q=0049221", |filter| filter.q = Some("0049221")),
    ("q=030-231", |filter| filter.q = Some("030-231")),
    ("q=CARLA", |filter| filter.q = Some("CARLA")),
    ("q=fpbx.de", |filter| filter.q = Some("fpbx.de")),
    ("q=anonymous", |filter| filter.q = Some("anonymous")),
    ("q=%25", |filter| filter.q = Some("%")),
    ("hours=open", |filter| filter.hours = Some("open")),
    ("hours=closed", |filter| filter.hours = Some("closed")),
];

/// Spans of days: everything, both changes of the clock, a week, a day that has 25 hours, one without calls.
pub const SPANS: [(&str, &str); 6] = [
    ("2026-03-01", "2026-11-30"),
    ("2026-03-28", "2026-03-30"),
    ("2026-10-24", "2026-11-01"),
    ("2026-10-19", "2026-10-25"),
    ("2026-10-25", "2026-10-25"),
    ("2026-07-01", "2026-07-02"),
];

/// Some words at once.
pub fn combination(rng: &mut StdRng) -> Vec<Word> {
    let count = rng.random_range(2..=4);
    let mut words: Vec<Word> = WORDS.sample(rng, count).copied().collect();
    // Of words of one name only one can count.
    let name = |word: &Word| word.0.split('=').next().unwrap().to_owned();
    words.sort_by_key(name);
    words.dedup_by_key(|word| name(word));
    words
}
