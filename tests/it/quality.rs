//! Tests of the data quality figures, compared with an independent count.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::database::Database;
use crate::helpers::{Answers, CALLER, LINE, TestApp, hung_up, incoming};
use crate::histories::{Delivery, SPANS, day, history};
use crate::laws::{OFFICE, store};
use crate::oracle::{Filter, Oracle, fold};

const TIMEOUT_MS: i64 = 4 * 3_600_000;

#[derive(Default)]
struct Line {
    calls: usize,
    without_hangup: usize,
    accepted_out: usize,
    talk_unknown: usize,
    events: usize,
    doubled: usize,
    late: usize,
}

impl Line {
    fn json(&self) -> Value {
        json!({
            "calls": self.calls, "without_hangup": self.without_hangup, "accepted_out": self.accepted_out,
            "talk_unknown": self.talk_unknown,
            "events": {"calls": self.calls, "count": self.events, "doubled": self.doubled, "late": self.late},
        })
    }

    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.without_hangup += other.without_hangup;
        self.accepted_out += other.accepted_out;
        self.talk_unknown += other.talk_unknown;
        self.events += other.events;
        self.doubled += other.doubled;
        self.late += other.late;
    }
}

/// All calls of the histories are over.
fn expected(oracle: &Oracle, deliveries: &[Delivery], filter: &Filter) -> (Value, Vec<Value>) {
    let now_ms = chrono::Utc::now().timestamp_millis();
    let id_of = |body: &str| {
        form_urlencoded::parse(body.as_bytes()).find(|(name, _)| name == "call_id").unwrap().1.into_owned()
    };
    let mut times: HashMap<String, BTreeMap<&str, Vec<i64>>> = HashMap::new();
    for Delivery { at_ms, body } in deliveries {
        times.entry(id_of(body)).or_default().entry(body).or_default().push(*at_ms);
    }
    let mut lines: BTreeMap<Option<&str>, Line> = BTreeMap::new();
    for call in oracle.select(filter, now_ms) {
        let line = lines.entry(call.number.as_deref()).or_default();
        let json = call.json(now_ms, TIMEOUT_MS);
        line.calls += 1;
        line.without_hangup += usize::from(call.ended_ms.is_none());
        if call.direction == Some("out") && json["outcome"] == "accepted" {
            line.accepted_out += 1;
            line.talk_unknown += usize::from(json["talk_seconds"].is_null());
        }
        for received in times[&call.id].values() {
            line.events += 1;
            line.doubled += usize::from(received.len() > 1);
            line.late += usize::from(call.ended_ms.is_some_and(|ended| *received.iter().min().unwrap() > ended));
        }
    }
    let mut totals = Line::default();
    lines.values().for_each(|line| totals.add(line));
    let mut lines: Vec<_> = lines.into_iter().collect();
    lines.sort_by_key(|(number, line)| (std::cmp::Reverse(line.calls), number.is_none(), *number));
    let named = |(number, line): (Option<&str>, Line)| {
        let mut json = line.json();
        json["number"] = json!(number);
        json
    };
    (totals.json(), lines.into_iter().map(named).collect())
}

#[test]
fn gaps_and_arrivals_equal_a_second_count() {
    let database = Arc::new(Database::create());
    let deliveries = history(80, 500);
    store(&database, &deliveries.chunks(50).collect::<Vec<_>>());
    let app = TestApp::on(database, &OFFICE);
    let oracle = Oracle {
        zone: chrono_tz::Europe::Berlin,
        office_hours: true,
        timeout_ms: TIMEOUT_MS,
        service_level_seconds: 20,
        calls: fold(&deliveries),
        routes: HashMap::new(),
    };
    for (start, end) in SPANS {
        for number in [None, Some("022129191999"), Some("23")] {
            let filter = Filter { start: day(start), end: day(end), number, ..Filter::default() };
            let number = number.map(|number| format!("&number={number}")).unwrap_or_default();
            let query = format!("start={start}&end={end}{number}");
            let given = app.get(&format!("/api/v1/quality?{query}")).ok();
            let (totals, lines) = expected(&oracle, &deliveries, &filter);
            assert_eq!(given["totals"], totals, "{query}");
            assert_eq!(given["lines"], json!(lines), "{query}");
        }
    }
    let all = app.get(&format!("/api/v1/quality?start={}&end={}", SPANS[0].0, SPANS[0].1)).ok();
    for figure in ["/without_hangup", "/talk_unknown", "/events/doubled", "/events/late"] {
        assert!(all["totals"].pointer(figure).unwrap().as_u64().unwrap() > 0, "{figure} is covered: {all}");
    }
}

#[test]
fn a_call_that_is_still_running_is_no_gap() {
    let app = TestApp::start();
    app.post_event(incoming("a", CALLER, LINE));
    let today = || app.get("/api/v1/quality?period=today").ok()["totals"].clone();
    assert_eq!((today()["calls"].clone(), today()["without_hangup"].clone()), (json!(0), json!(0)));
    app.post_event(hung_up("a", "missed", 0));
    app.post_event(hung_up("a", "missed", 0));
    assert_eq!((today()["calls"].clone(), today()["events"]["doubled"].clone()), (json!(1), json!(1)));
}

#[test]
fn words_that_cannot_narrow_it_down_are_named() {
    let app = TestApp::start();
    for field in ["peer", "party", "q", "outcome", "direction", "hours"] {
        let value = match field {
            "outcome" => "missed",
            "direction" => "in",
            "hours" => "open",
            _ => "23",
        };
        assert_eq!(app.get(&format!("/api/v1/quality?{field}={value}")).wrong_fields(), [field]);
    }
    assert_eq!(app.get("/api/v1/quality?period=x").wrong_fields(), ["period"]);
}

#[test]
fn the_page_says_what_is_missing_and_what_that_means() {
    let app = TestApp::start();
    let page = |path: &str, lang: &str| {
        let answer = app.request("GET", path).header("Accept-Language", lang).send();
        assert_eq!(answer.status, 200, "{answer}");
        answer.text().to_owned()
    };
    assert!(page("/quality", "de").contains("Keine Anrufe in diesem Zeitraum."));
    for id in ["a", "b", "c"] {
        app.post_event(incoming(id, CALLER, LINE));
        app.post_event(hung_up(id, "missed", 0));
    }
    app.post_event(hung_up("c", "missed", 0));
    let german = page("/quality?period=today", "de");
    for part in
        ["<h1>Datenqualität", "Ohne Auflegen", "0 von 3", "1 von 6", "+4922129191999", "werden niemandem zugeschrieben"]
    {
        assert!(german.contains(part), "{part}: {german}");
    }
    let english = page("/quality?period=today", "en");
    for part in
        ["<h1>Data quality", "Without hangup", "0 of 3", "1 of 6", "By line", "Told more than once, counted once"]
    {
        assert!(english.contains(part), "{part}: {english}");
    }
    assert!(page("/quality?period=fortnight", "en").contains("class=\"notice warning\""));
    assert!(page("/settings", "en").contains("href=\"/quality\""));
}
