//! Tests of figures by agent when switched off: nobody gets any, by whatever way; who took a single call is still told.

use std::sync::Arc;

use chrono::{Duration, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::accounts::wait_until;
use crate::dashboard::between;
use crate::helpers::{Answer, CALLER, Database, LINE, TestApp, accepted, form, hung_up, incoming, log_line};
use crate::roles::urls;
use crate::signed_in::{GUARDED, by, by_token, log_in};

/// Stands nowhere but in this agent's calls.
const AGENT: &str = "7777zacharias@fpbx.de";
const NAME: &str = "Zacharias Quill";
const OTHER: &str = "7777olga@fpbx.de";
const OFF: [&str; 2] = ["--agent-figures", "off"];
/// What tells of single calls, gives names or tells who sees which lines may name the agent.
const MAY_NAME: [&str; 6] =
    ["/api/v1/calls", "/calls.csv", "/calls/agent-0", "/settings/names", "/api/v1/names", "/settings/users"];

/// What the log holds: the calls that the agent accepted or made, the internal calls from and to the agent, and all.
const TAKEN: u64 = 9;
const FROM_AGENT: u64 = 3;
const TO_AGENT: u64 = 1;
const OF_AGENT: u64 = TAKEN + FROM_AGENT + TO_AGENT;
const ALL: u64 = OF_AGENT + 2;

fn log() -> String {
    let at = |hours: i64| (Utc::now() - Duration::hours(hours)).to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut log = String::new();
    let mut add = |hours: i64, bodies: &[String]| bodies.iter().for_each(|body| log += &log_line(&at(hours), body));
    for call in 0..7 {
        let id = format!("agent-{call}");
        add(30 - call, &[incoming(&id, CALLER, LINE), accepted(&id, AGENT), hung_up(&id, "accepted", 61)]);
    }
    for call in 0..2 {
        let id = format!("made-{call}");
        let made = [("call_id", &*id), ("direction", "out"), ("event", "OutgoingCall"), ("from", LINE), ("to", CALLER)];
        add(20 - call, &[form(&[&made[..], &[("peer", AGENT)]].concat()), hung_up(&id, "accepted", 61)]);
        let id = format!("missed-{call}");
        add(18 - call, &[incoming(&id, CALLER, LINE), hung_up(&id, "missed", 0)]);
    }
    for call in 0..3 {
        let id = format!("inside-{call}");
        add(15 - call, &[incoming(&id, AGENT, "23"), accepted(&id, OTHER), hung_up(&id, "accepted", 61)]);
    }
    add(10, &[incoming("to-agent", OTHER, AGENT), hung_up("to-agent", "missed", 0)]);
    log
}

/// With the admin anna, the viewer ben, and carl, who sees the calls of a line and those to the agent.
fn start(flags: &[&str]) -> TestApp {
    let database = Database::create();
    database.import(&log(), &[]);
    database.add_user("anna", "admin");
    database.add_user("ben", "viewer");
    database.add_user_with("carl", "viewer", &["--line", LINE, "--line", AGENT]);
    let app = TestApp::on(Arc::new(database), &[&GUARDED, flags].concat());
    let names = json!({"lines": [], "agents": [{"peer": AGENT, "name": NAME}]});
    assert_eq!(by(&app, &log_in(&app, "anna"), "PUT", "/api/v1/names").json(&names).send().status, 200);
    app
}

fn stats(app: &TestApp, cookie: &str, query: &str) -> Answer {
    by(app, cookie, "GET", &format!("/api/v1/stats?period=7d&{query}")).send()
}

#[track_caller]
fn calls(app: &TestApp, cookie: &str, query: &str) -> u64 {
    stats(app, cookie, query).ok()["totals"]["calls"].as_u64().unwrap()
}

/// Key and number of calls of each group.
#[track_caller]
fn groups(app: &TestApp, cookie: &str, query: &str) -> Vec<(Option<String>, u64)> {
    let stats = stats(app, cookie, query).ok();
    let group = |group: &Value| (group["key"].as_str().map(str::to_owned), group["calls"].as_u64().unwrap());
    let mut groups: Vec<_> = stats["groups"].as_array().unwrap().iter().map(group).collect();
    groups.sort();
    groups
}

fn page(app: &TestApp, cookie: &str, path: &str, lang: &str) -> Answer {
    by(app, cookie, "GET", path).header("Accept", "text/html").header("Accept-Language", lang).send()
}

/// Without the lists of single calls.
fn without_calls(html: &str) -> String {
    let mut parts = html.split("<table class=\"calls");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once("</table>").map_or("", |(_, rest)| rest))
}

fn names_agent(text: &str) -> bool {
    text.contains("7777zacharias") || text.contains(NAME)
}

fn some(key: &str) -> Option<String> {
    Some(key.to_owned())
}

#[test]
fn no_url_names_an_agent_but_with_single_calls() {
    let on = start(&[]);
    let cookie = log_in(&on, "ben");
    let dashboard = without_calls(page(&on, &cookie, "/?period=7d", "en").text());
    for figure in [NAME, "id=\"agents\"", "href=\"/agents/7777zacharias%40fpbx.de", "name=\"peer\""] {
        assert!(dashboard.contains(figure), "switched on there is {figure}: {dashboard}");
    }
    assert!(names_agent(page(&on, &cookie, "/quality?period=7d", "en").text()), "as a line of internal calls");

    let off = start(&OFF);
    let own =
        ["/?period=7d", "/lines/022129191999?period=7d", "/callers/03023125000", "/calls?period=7d&direction=out"];
    let own = own
        .map(str::to_owned)
        .into_iter()
        .chain(["/calls/agent-0", "/quality?period=7d", "/?period=7d&q=0221"].map(str::to_owned));
    let all = urls().into_iter().filter(|(method, path)| method == "GET" && path != "/events").map(|(_, path)| path);
    let paths: Vec<String> = own.chain(all).collect();
    for name in ["anna", "ben", "carl"] {
        let cookie = log_in(&off, name);
        for path in &paths {
            let answer = page(&off, &cookie, path, "en");
            let text = without_calls(answer.text());
            let may_name = MAY_NAME.contains(&path.as_str());
            assert!(may_name || !names_agent(&text), "{name} {path}: {text}");
            for figure in
                ["href=\"/agents/", "id=\"agents\"", "name=\"peer\"", "href=\"/callers/7777", "href=\"/lines/7777"]
            {
                assert!(!answer.text().contains(figure), "{name} {path} has {figure}: {answer}");
            }
        }
    }
    let cookie = log_in(&off, "ben");
    assert!(page(&off, &cookie, "/calls/agent-0", "en").text().contains(NAME), "who took a single call is told");
    assert!(page(&off, &cookie, "/calls?period=7d", "en").text().contains(NAME), "in the list, too");
    assert!(by(&off, &cookie, "GET", "/calls.csv?period=7d").send().text().contains(AGENT), "and in the file");
    let call = by(&off, &cookie, "GET", "/api/v1/calls/agent-0").send().ok();
    assert_eq!(call["peer"], AGENT);
}

#[test]
fn whoever_asks_for_them_is_refused_and_told_why() {
    let off = start(&OFF);
    let token = off.database.add_token("t", "admin");
    wait_until("the token is known", || by_token(&off, &token, "GET", "/metrics").send().status == 200);
    let mut paths = vec!["/api/v1/stats?group_by=peer".to_owned(), format!("/agents/{AGENT}"), "/agents/nobody".into()];
    for filter in [format!("peer={AGENT}"), "peer=nobody".into(), format!("party={AGENT}"), format!("number={AGENT}")] {
        for path in ["/api/v1/stats", "/api/v1/calls", "/calls.csv", "/api/v1/callbacks/report", "/api/v1/quality"] {
            paths.push(format!("{path}?{filter}"));
        }
    }
    for dashboard in ["lines", "callers"] {
        paths.push(format!("/{dashboard}/{AGENT}"));
    }
    let cookies = ["anna", "ben", "carl"].map(|name| (name, log_in(&off, name)));
    for path in &paths {
        let by_people = cookies
            .iter()
            // Of data quality whoever sees some lines only is told nothing at all.
            .filter(|(name, _)| *name != "carl" || !path.starts_with("/api/v1/quality"))
            .map(|(_, cookie)| by(&off, cookie, "GET", path).send());
        for answer in by_people.chain([by_token(&off, &token, "GET", path).send()]) {
            let problem = answer.problem(403);
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("figures by agent are switched off"), "{path}: {detail}");
            assert!(detail.contains("--agent-figures off"), "{path}: {detail}");
        }
    }
    let on = start(&[]);
    let cookie = log_in(&on, "anna");
    for path in &paths {
        let status = by(&on, &cookie, "GET", path).send().status;
        // Neither cells nor log of the data quality know an agent.
        let is_usable = !path.starts_with("/api/v1/quality") || path.contains("number=");
        assert_eq!(status == 200, is_usable, "{path}: {status}");
    }
}

#[test]
fn pages_explain_it_in_both_languages() {
    let off = start(&OFF);
    let cookie = log_in(&off, "ben");
    for (lang, title, notice) in [
        ("de", "Zahlen je Person sind ausgeschaltet", "geht hier nicht: Zahlen je Person sind ausgeschaltet"),
        ("en", "Figures by person are switched off", "cannot be used here: figures by person are switched off"),
    ] {
        let refused = page(&off, &cookie, &format!("/agents/{AGENT}"), lang);
        assert_eq!(refused.status, 403);
        assert!(refused.text().contains(title) && refused.text().contains("--agent-figures off"), "{refused}");
        assert!(!names_agent(between(refused.text(), "<main", "</main>")), "{refused}");
        for path in ["/", "/lines/022129191999", "/callers/03023125000", "/calls", "/callbacks", "/quality"] {
            let noticed = page(&off, &cookie, &format!("{path}?peer={AGENT}&period=7d"), lang);
            assert_eq!(noticed.status, 200, "{path}");
            assert!(noticed.text().contains(notice), "{path}: {noticed}");
            assert!(!noticed.text().contains("name=\"peer\""), "no form asks for it again: {path}: {noticed}");
        }
    }
    let settings = |flags: &[&str]| {
        let app = start(flags);
        page(&app, &log_in(&app, "ben"), "/settings", "en").text().to_owned()
    };
    for (text, value) in [(settings(&[]), "on"), (settings(&OFF), "off")] {
        let row = "Figures by person (SIP user) <code>--agent-figures</code></dt><dd>";
        assert_eq!(between(&text, row, "</dd>"), value);
    }
}

#[test]
fn neither_search_nor_internal_calls_tell_them_by_the_back_door() {
    let (on, off) = (start(&[]), start(&OFF));
    let [(on, ours), (off, theirs)] = [&on, &off].map(|app| (app, log_in(app, "anna")));
    assert_eq!((calls(on, &ours, ""), calls(off, &theirs, "")), (ALL, ALL));
    for search in ["zacharias", "7777ZACHARIAS", AGENT, "Quill"] {
        let query = format!("q={}", search.replace('@', "%40"));
        assert_eq!(calls(on, &ours, &query), OF_AGENT, "{search}");
        assert_eq!(calls(off, &theirs, &query), 0, "{search}");
    }
    // All internal calls have it, and nothing else.
    assert_eq!(calls(off, &theirs, "q=7777"), 0);
    for (search, found) in [("030", ALL - FROM_AGENT - TO_AGENT), ("2919", ALL - FROM_AGENT - TO_AGENT), ("anon", 0)] {
        let query = format!("q={search}");
        assert_eq!((calls(on, &ours, &query), calls(off, &theirs, &query)), (found, found), "{search}");
    }
    let line = some("+4922129191999");
    let caller = some("+493023125000");
    assert_eq!(groups(on, &ours, "group_by=peer"), [(None, 3), (some(OTHER), FROM_AGENT), (some(AGENT), TAKEN)]);
    let at_line = ALL - FROM_AGENT - TO_AGENT;
    let by_number = [(line.clone(), at_line), (some("23"), FROM_AGENT), (some(AGENT), TO_AGENT)];
    assert_eq!(groups(on, &ours, "group_by=number"), by_number);
    let by_number = [(None, TO_AGENT), (line, at_line), (some("23"), FROM_AGENT)];
    assert_eq!(groups(off, &theirs, "group_by=number"), by_number);
    let by_party = [(caller.clone(), at_line), (some(OTHER), TO_AGENT), (some(AGENT), FROM_AGENT)];
    assert_eq!(groups(on, &ours, "group_by=party"), by_party);
    let by_party = [(None, FROM_AGENT + TO_AGENT), (caller, at_line)];
    assert_eq!(groups(off, &theirs, "group_by=party"), by_party);
    let by_party = "number=23&group_by=party";
    assert_eq!(groups(on, &ours, by_party), [(some(AGENT), FROM_AGENT)]);
    assert_eq!(groups(off, &theirs, by_party), [(None, FROM_AGENT)]);
    let quality = |app: &TestApp, cookie: &str| {
        let found = by(app, cookie, "GET", "/api/v1/quality?period=7d").send().ok();
        let lines = found["lines"].as_array().unwrap().clone();
        let line = |line: &Value| (line["number"].as_str().map(str::to_owned), line["events"]["calls"].clone());
        (found["totals"].clone(), lines.iter().map(line).collect::<Vec<_>>())
    };
    let ((on_totals, on_lines), (off_totals, off_lines)) = (quality(on, &ours), quality(off, &theirs));
    assert_eq!(on_totals, off_totals);
    assert!(on_lines.contains(&(some(AGENT), json!(TO_AGENT))), "{on_lines:?}");
    assert!(off_lines.contains(&(None, json!(TO_AGENT))) && off_lines.len() == on_lines.len(), "{off_lines:?}");
    // Whoever sees the calls to an agent as those of a line sees these no more.
    assert_eq!(calls(on, &log_in(on, "carl"), ""), at_line + TO_AGENT);
    assert_eq!(calls(off, &log_in(off, "carl"), ""), at_line);
}
