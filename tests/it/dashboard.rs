//! Tests of the dashboards: their figures equal those of the API, and those of an independent count.

use std::collections::HashMap;

use chrono::Utc;
use serde_json::Value;

use crate::client::Answers;
use crate::helpers::TestApp;
use crate::histories::{SPANS, Word, day, history, log};
use crate::months::close_months;
use crate::oracle::{Filter, OUTCOMES, Oracle, fold};

const OFFICE: [&str; 2] = ["--business-hours", "Mo-Fr 09:00-17:00"];
const WEEK: (&str, &str) = SPANS[3];

pub fn now_ms() -> i64 {
    Utc::now().timestamp_millis()
}

/// A page in English, as text.
#[track_caller]
pub fn page(app: &TestApp, path: &str) -> String {
    let answer = app.request("GET", path).header("Accept-Language", "en").send();
    assert_eq!(answer.status, 200, "{path}: {answer}");
    answer.text().to_owned()
}

/// What lies between `from` and the next `to`.
#[track_caller]
pub fn between<'a>(html: &'a str, from: &str, to: &str) -> &'a str {
    let rest = html.split_once(from).unwrap_or_else(|| panic!("no {from}: {html}")).1;
    rest.split_once(to).unwrap_or_else(|| panic!("no {to} after {from}")).0
}

/// Without tags.
pub fn plain(html: &str) -> String {
    let mut text = String::new();
    for part in html.split('<') {
        text += part.split_once('>').map_or(part, |(_, rest)| rest);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The rows of the first table in some html, as texts.
pub fn rows(html: &str) -> Vec<Vec<String>> {
    let cells = |row: &str| {
        let row = row.replace("<th", "<td").replace("</th>", "</td>");
        row.split("<td").skip(1).map(|cell| plain(&format!("<td{}", cell.split("</td>").next().unwrap()))).collect()
    };
    between(html, "<tbody>", "</tbody>").split("<tr>").skip(1).map(cells).collect()
}

pub fn section<'a>(html: &'a str, title: &str) -> &'a str {
    between(html, &format!("<h2>{title}</h2>"), "</section>")
}

/// The value of a tile, with what stands beside it.
pub fn tile(html: &str, name: &str) -> String {
    plain(between(html, &format!("<dt>{name}</dt>"), "</dd>"))
}

pub fn number(text: &str) -> i64 {
    text.replace(',', "").parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

pub struct Site {
    pub app: TestApp,
    oracle: Oracle,
    span: (&'static str, &'static str),
    step: &'static str,
}

impl Site {
    pub fn new(seed: u64) -> Self {
        Self::of(seed, WEEK, "day")
    }

    /// For looking at a span of days in these steps.
    fn of(seed: u64, span: (&'static str, &'static str), step: &'static str) -> Self {
        let app = TestApp::with(&OFFICE);
        let deliveries = history(seed, 500);
        app.database.import(&log(&deliveries), &OFFICE);
        let oracle = Oracle {
            zone: chrono_tz::Europe::Berlin,
            office_hours: true,
            timeout_ms: 4 * 3_600_000,
            service_level_seconds: 20,
            calls: fold(&deliveries),
            routes: HashMap::new(),
        };
        Self { app, oracle, span, step }
    }

    fn count(&self, words: &[Word], group_by: Option<&str>) -> Value {
        let mut filter = Filter { start: day(self.span.0), end: day(self.span.1), ..Filter::default() };
        words.iter().for_each(|(_, mean)| mean(&mut filter));
        self.oracle.stats(&filter, group_by, 1_000, now_ms())
    }

    fn missed(&self, words: &[Word], hours: &'static str) -> (i64, i64) {
        let count = |outcomes: Vec<&'static str>| {
            let mut filter = Filter { start: day(self.span.0), end: day(self.span.1), ..Filter::default() };
            words.iter().for_each(|(_, mean)| mean(&mut filter));
            let is_other_way = filter.direction.is_some_and(|direction| direction != "in");
            let filter = Filter { direction: Some("in"), hours: Some(hours), outcomes, ..filter };
            if is_other_way { 0 } else { self.oracle.select(&filter, now_ms()).len() as i64 }
        };
        (count(vec!["missed"]), count(vec!["missed", "accepted", "voicemail"]))
    }
}

/// The series of the chart, in its order.
const SERIES: [(&str, &[&str]); 5] = [
    ("Accepted", &["accepted"]),
    ("Voicemail", &["voicemail"]),
    ("Missed", &["missed"]),
    ("Not reached", &["busy", "canceled", "unavailable", "congestion"]),
    ("Other", &["blocked", "other", "unknown", "open"]),
];

fn sum(totals: &Value, outcomes: &[&str]) -> i64 {
    outcomes.iter().map(|outcome| totals["outcomes"][outcome].as_i64().unwrap()).sum()
}

fn compare_with_a_second_count(site: &Site, path: &str, words: &[Word]) {
    let query: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    let path = format!("{path}start={}&end={}&{}", site.span.0, site.span.1, query.join("&"));
    let html = page(&site.app, &path);
    let totals = site.count(words, None)["totals"].clone();
    let is_agent = words.iter().any(|(word, _)| word.starts_with("peer"));
    if is_agent {
        assert_eq!(number(&tile(&html, "Conversations")), sum(&totals, &["accepted"]), "{path}");
        assert!(!html.contains("Accepted rate") && !html.contains("<dt>Missed"), "{path}");
    } else {
        assert_eq!(tile(&html, "Inbound"), totals["in"].to_string(), "{path}");
        let (missed, answerable) = site.missed(words, "open");
        let shown = tile(&html, "Missed while open");
        let expected = match answerable {
            _ if words.iter().any(|(word, _)| word.starts_with("outcome")) => missed.to_string(),
            0 => missed.to_string(),
            1..20 => format!("{missed} of {answerable}"),
            _ => format!("{missed} {:.1}%", 100.0 * missed as f64 / answerable as f64),
        };
        assert_eq!(shown, expected, "{path}");
    }
    // The chart's table.
    let groups = site.count(words, Some(site.step))["groups"].as_array().unwrap().clone();
    if totals["calls"].as_i64() > Some(0) {
        let shown: Vec<_> = SERIES.iter().filter(|(_, outcomes)| sum(&totals, outcomes) > 0).collect();
        let expected: Vec<Vec<i64>> = groups
            .iter()
            .map(|group| {
                let counts = shown.iter().map(|(_, outcomes)| sum(group, outcomes));
                counts.chain([group["calls"].as_i64().unwrap()]).collect()
            })
            .collect();
        let table = rows(section(&html, &format!("Calls per {}", site.step)));
        let given: Vec<Vec<i64>> = table.iter().map(|row| row[1..].iter().map(|cell| number(cell)).collect()).collect();
        assert_eq!(given, expected, "{path}");
    }
    // The week, all calls and only missed ones.
    for (more, figure) in [("", "calls"), ("&week=missed", "missed")] {
        // What was missed is nobody's.
        let figure = if is_agent { "calls" } else { figure };
        let html = page(&site.app, &format!("{path}{more}"));
        let groups = site.count(words, Some("weekday_hour"))["groups"].as_array().unwrap().clone();
        let expected: i64 = groups.iter().map(|group| of_hour(group, figure)).sum();
        if totals["calls"] == 0 {
            assert!(html.contains("There are no calls here"), "{path}");
            continue;
        }
        let week = section(&html, "When it rings");
        let hours: Vec<usize> = between(week, "<thead>", "</thead>")
            .split("<th scope=\"col\">")
            .skip(2)
            .map(|th| plain(th).parse().unwrap())
            .collect();
        let mut seen = 0;
        for (weekday, row) in rows(week).iter().enumerate() {
            for (hour, cell) in hours.iter().zip(&row[1..]) {
                let count = if cell.is_empty() { 0 } else { number(cell) };
                assert_eq!(count, of_hour(&groups[weekday * 24 + hour], figure), "{path}{more} {weekday} {hour}");
                seen += count;
            }
        }
        assert_eq!(seen, expected, "{path}{more}: no hour is left out");
    }
    compare_tables(site, &html, &path, words, is_agent);
}

fn of_hour(group: &Value, figure: &str) -> i64 {
    if figure == "calls" { group["calls"].as_i64().unwrap() } else { sum(group, &["missed"]) }
}

fn compare_tables(site: &Site, html: &str, path: &str, words: &[Word], is_agent: bool) {
    let keyed = |group_by| -> HashMap<String, Value> {
        let groups = site.count(words, Some(group_by))["groups"].as_array().unwrap().clone();
        groups.into_iter().filter_map(|group| Some((group["key"].as_str()?.to_owned(), group))).collect()
    };
    if html.contains("<h2>Lines</h2>") && !is_agent {
        let lines = keyed("number");
        let table = rows(section(html, "Lines"));
        assert_eq!(table.len(), lines.len().min(8), "{path}");
        for row in table {
            let expected = &lines[&row[0]];
            assert_eq!(number(&row[1]), expected["in"].as_i64().unwrap(), "{path} {row:?}");
        }
    }
    if html.contains("<h2>People</h2>") && !is_agent {
        let agents = keyed("peer");
        let table = if agents.is_empty() { Vec::new() } else { rows(section(html, "People")) };
        assert_eq!(table.len(), agents.len().min(8), "{path}");
        for row in table {
            assert_eq!(number(&row[1]), sum(&agents[&row[0]], &["accepted"]), "{path} {row:?}");
        }
    }
    compare_callers(site, html, path, words, is_agent);
    let totals = site.count(words, None)["totals"].clone();
    let seen = OUTCOMES.iter().filter(|outcome| totals["outcomes"][**outcome] != 0).count();
    if seen > 0 {
        let table = rows(section(html, "What became of them"));
        assert_eq!(table.iter().map(|row| number(&row[1])).sum::<i64>(), totals["calls"].as_i64().unwrap(), "{path}");
        assert_eq!(table.len(), seen, "{path}");
    }
}

/// Who called most often, from outside and with a number.
fn compare_callers(site: &Site, html: &str, path: &str, words: &[Word], is_agent: bool) {
    const TITLE: &str = "Who calls most often";
    let inbound: Word = ("", |filter| filter.direction = filter.direction.or(Some("in")));
    let groups = site.count(&[words, &[inbound]].concat(), Some("party"))["groups"].as_array().unwrap().clone();
    let row = |group: &Value| Some((group["in"].as_i64()?, group["key"].as_str()?.to_owned(), sum(group, &["missed"])));
    let mut expected: Vec<_> = groups.iter().filter_map(row).filter(|(calls, ..)| *calls > 0).collect();
    expected.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    expected.truncate(8);
    let given = if html.contains(TITLE) { rows(section(html, TITLE)) } else { Vec::new() };
    let told = |(calls, party, missed): (i64, String, i64)| {
        let figures = if is_agent { vec![calls] } else { vec![calls, missed] };
        [party].into_iter().chain(figures.into_iter().map(|figure| figure.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(given, expected.into_iter().map(told).collect::<Vec<_>>(), "{path}");
}

const QUESTIONS: [&[Word]; 9] = [
    &[],
    &[("direction=in", |filter| filter.direction = Some("in"))],
    &[("direction=out", |filter| filter.direction = Some("out"))],
    &[("number=022129191999", |filter| filter.number = Some("022129191999"))],
    &[("peer=7777anna@fpbx.de", |filter| filter.peer = Some("7777anna@fpbx.de"))],
    &[
        ("number=022129191999", |filter| filter.number = Some("022129191999")),
        ("direction=in", |filter| {
            filter.direction = Some("in");
        }),
    ],
    &[("outcome=missed,voicemail", |filter| filter.outcomes = vec!["missed", "voicemail"])],
    &[("q=1999", |filter| filter.q = Some("1999"))],
    &[
        ("number=23", |filter| filter.number = Some("23")),
        ("peer=7777anna@fpbx.de", |filter| {
            filter.peer = Some("7777anna@fpbx.de");
        }),
    ],
];

#[test]
fn what_the_dashboard_shows_equals_a_second_count() {
    let site = Site::new(5);
    for words in QUESTIONS {
        compare_with_a_second_count(&site, "/?", words);
    }
}

#[test]
fn months_that_are_closed_count_like_their_calls() {
    let site = Site::of(6, SPANS[0], "week");
    assert_eq!(close_months(&site.app.database, &OFFICE), 4, "March, April, October, November");
    for words in QUESTIONS {
        compare_with_a_second_count(&site, "/?", words);
    }
    // What no month holds wholly, and what begins and ends within months.
    let spans =
        ["start=2026-10-02&end=2026-10-31", "start=2026-03-01&end=2026-03-31", "start=2026-05-20&end=2026-08-01"];
    let pages = || spans.map(|span| page(&site.app, &format!("/?{span}&all=lines")));
    let of_months = pages();
    site.app.database.execute("delete from closed_months");
    assert_eq!(of_months, pages());
}

#[test]
fn the_page_of_a_line_or_an_agent_is_the_dashboard_for_it() {
    let site = Site::new(9);
    for path in ["/lines/%2B4922129191999?number=23&", "/lines/022129191999?"] {
        let html = page(&site.app, &format!("{path}start={}&end={}", WEEK.0, WEEK.1));
        assert!(html.contains("<h1>Line +4922129191999</h1>"), "{html}");
        let whole = page(&site.app, &format!("/?number=022129191999&start={}&end={}", WEEK.0, WEEK.1));
        for name in ["Inbound", "Missed while open", "Waiting time, median", "Talk time, average"] {
            assert_eq!(tile(&html, name), tile(&whole, name), "{name}");
        }
        assert_eq!(rows(section(&html, &format!("Calls per {}", site.step))), rows(section(&whole, "Calls per day")));
        assert!(!html.contains("<h2>Lines</h2>") && html.contains("<h2>People</h2>"));
    }
    let html = page(&site.app, &format!("/agents/7777anna%40fpbx.de?start={}&end={}", WEEK.0, WEEK.1));
    let whole = page(&site.app, &format!("/?peer=7777anna@fpbx.de&start={}&end={}", WEEK.0, WEEK.1));
    assert_eq!(tile(&html, "Conversations"), tile(&whole, "Conversations"));
    assert!(html.contains("<h2>Lines</h2>") && !html.contains("<h2>People</h2>") && !html.contains("Missed while"));
    // All calls of a caller, whenever they were.
    let html = page(&site.app, "/callers/%2B493023125000");
    let ever =
        Filter { start: day("1970-01-01"), end: day("2100-01-01"), party: Some("03023125000"), ..Filter::default() };
    let calls = site.oracle.select(&ever, now_ms());
    assert!(calls.len() > 5);
    let inbound = calls.iter().filter(|call| call.direction == Some("in")).count();
    assert_eq!(number(&tile(&html, "Inbound")), inbound as i64);
    assert_eq!(rows(section(&html, "Latest calls")).len(), calls.len().min(50));
}

#[test]
fn who_never_called_has_a_friendly_page() {
    let app = TestApp::start();
    for path in
        ["/lines/%2B49221000", "/agents/nobody", "/callers/%2B4930000", "/callers/a%20b%3Cb%3E%2Fc", "/lines/%2F"]
    {
        for (lang, told) in [("en", "There are no calls here"), ("de", "In diesem Zeitraum gibt es hier keine Anrufe")]
        {
            let answer = app.request("GET", path).header("Accept-Language", lang).send();
            assert_eq!(answer.status, 200, "{path}: {answer}");
            assert!(answer.text().contains(told) && !answer.text().contains("<b>/c"), "{path}: {answer}");
        }
        for wrong in ["period=fortnight", "start=2026-01-01", "number=%00", "outcome=lost", "hours=x"] {
            let html = page(&app, &format!("{path}?{wrong}"));
            // What the page itself says is never asked of the visitor.
            assert!(
                html.contains("notice warning") || path.starts_with("/lines") && wrong.starts_with("number"),
                "{path} {wrong}"
            );
        }
    }
    assert_eq!(app.get("/callers/a%00b").status, 404);
    assert_eq!(app.get(&format!("/lines/{}", "1".repeat(201))).status, 404);
}

#[test]
fn every_state_of_a_dashboard_is_a_url() {
    let site = Site::new(5);
    let span = "start=2026-10-19&end=2026-10-25";
    let html = page(&site.app, &format!("/?{span}&direction=in"));
    assert!(html.contains("Compared with the same weekdays before: 2026-10-12 – 2026-10-18."), "{html}");
    let before = page(&site.app, "/?start=2026-10-12&end=2026-10-18&direction=in");
    let change = between(between(&html, "<dt>Inbound</dt>", "</div>"), "class=\"change", "</dd>");
    assert!(plain(&format!("<{change}")).ends_with(&format!("against {}", tile(&before, "Inbound"))), "{change}");
    assert!(
        html.contains("rel=\"prev\"") && html.contains("direction=in&#38;start=2026-10-12&#38;end=2026-10-18"),
        "{html}"
    );
    assert!(html.contains("rel=\"next\"") && html.contains("start=2026-10-26&#38;end=2026-11-01"));
    let alone = page(&site.app, &format!("/?{span}&compare=off&week=missed"));
    assert!(!alone.contains("Compared with") && !alone.contains("class=\"change"));
    assert!(alone.contains("period=7d&#38;compare=off&#38;week=missed"), "other periods keep the manner");
    assert!(alone.contains("name=\"week\" value=\"missed\"") && alone.contains("<option value=\"off\" selected>"));
    // The calls behind a figure are as many as it says.
    let missed = between(&html, "<dt>Missed while open</dt>", "</dd>");
    let query = between(missed, "/calls?", "\"").replace("&#38;", "&");
    let listed = site.app.calls(&format!("{query}&limit=500")).ok()["items"].as_array().unwrap().len();
    assert_eq!(tile(&html, "Missed while open").split(' ').next().unwrap(), listed.to_string());
}
