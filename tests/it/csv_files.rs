//! Tests of files for spreadsheets: figures, callbacks, and the German dialect of all.

use serde_json::{Value, json};

use crate::helpers::{Answers, CALLER, LINE, TestApp, accepted, hung_up, incoming, log_line};

const EXCEL: char = ';';

/// The lines of a file without quoted separators, as records.
fn records(text: &str, separator: char) -> Vec<Vec<String>> {
    let unquoted = |field: &str| field.trim_matches('"').replace("\"\"", "\"");
    text.lines().map(|line| line.split(separator).map(unquoted).collect()).collect()
}

fn value_of(record: &[String], header: &[String], name: &str) -> String {
    let place = header.iter().position(|field| field == name).unwrap_or_else(|| panic!("{name} in {header:?}"));
    record[place].clone()
}

/// In July, when local time is two hours ahead: one caller reached by Anna, one missed twice.
fn filled() -> TestApp {
    let app = TestApp::start();
    let at = |minute: u32, second: u32| format!("2026-07-01T12:{minute:02}:{second:02}.000Z");
    let log: String = [
        (at(0, 0), incoming("talk", CALLER, LINE)),
        (at(0, 12), accepted("talk", "7777anna@fpbx.de")),
        (at(1, 12), hung_up("talk", "accepted", 60)),
        (at(2, 0), incoming("lost", "01702345601", LINE)),
        (at(2, 30), hung_up("lost", "missed", 0)),
        (at(3, 0), incoming("again", "01702345601", LINE)),
        (at(3, 10), hung_up("again", "missed", 0)),
    ]
    .iter()
    .map(|(at, body)| log_line(at, body))
    .collect();
    assert_eq!(app.database.run(&["import", "-"], log.as_bytes()).status, 0);
    app.request("PUT", "/api/v1/contacts/01702345601").json(&json!({"name": "Jörg Weiß"})).send().ok();
    let names = json!({"lines": [{"number": LINE, "name": "Zentrale"}],
        "agents": [{"peer": "7777anna@fpbx.de", "name": "Anna"}]});
    app.request("PUT", "/api/v1/names").json(&names).send().ok();
    app
}

const DAY: &str = "start=2026-07-01&end=2026-07-01";

#[test]
fn excel_gets_local_time_german_words_names_and_numbers_as_they_are() {
    let app = filled();
    let answer = app.get(&format!("/calls.csv?{DAY}&dialect=excel-de"));
    let name = answer.header("content-disposition").unwrap();
    assert!(name.contains("anrufe-2026-07-01-bis-2026-07-01.csv"), "{name}");
    let rows = records(answer.text().trim_start_matches('\u{feff}'), EXCEL);
    let talk = rows.iter().find(|row| row[0] == "talk").unwrap();
    let of = |name: &str| value_of(talk, &rows[0], name);
    assert_eq!(
        (of("Richtung"), of("Zustand"), of("Ergebnis")),
        ("Eingehend".into(), "Beendet".into(), "Angenommen".into())
    );
    assert_eq!(of("Beginn"), "01.07.2026 14:00:00");
    assert_eq!((of("Angenommen"), of("Ende")), ("01.07.2026 14:00:12".into(), "01.07.2026 14:01:12".into()));
    assert_eq!((of("Von"), of("Eigene Nummer")), (CALLER.to_owned(), "+4922129191999".to_owned()));
    assert_eq!((of("Name der Nummer"), of("Name des Agenten")), ("Zentrale".into(), "Anna".into()));
    assert_eq!((of("Wartezeit (s)"), of("Gesprächszeit (s)")), ("12".into(), "60".into()));
    let lost = rows.iter().find(|row| row[0] == "lost").unwrap();
    assert_eq!(value_of(lost, &rows[0], "Name der Gegenstelle"), "Jörg Weiß");
    let plain = app.get(&format!("/calls.csv?{DAY}"));
    assert!(plain.header("content-disposition").unwrap().contains("calls-2026-07-01-2026-07-01.csv"));
    assert!(plain.text().contains(",2026-07-01T12:00:00.000Z,"), "{plain}");
}

#[test]
fn figures_are_those_of_the_api_line_by_line() {
    let app = filled();
    for group_by in ["hour", "day", "weekday_hour", "number", "peer", "party", "route"] {
        let groups = app.get(&format!("/api/v1/stats?{DAY}&group_by={group_by}")).ok()["groups"].clone();
        let groups = groups.as_array().unwrap().clone();
        let file = app.get(&format!("/stats.csv?{DAY}&group_by={group_by}"));
        let rows = records(file.text(), ',');
        assert_eq!(rows.len(), 1 + groups.len(), "{group_by}: {file}");
        for (row, group) in rows[1..].iter().zip(&groups) {
            let of = |name: &str| value_of(row, &rows[0], name);
            let text = |value: &Value| match value {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                value => value.to_string(),
            };
            assert_eq!(of("key"), text(&group["key"]), "{group_by}");
            for name in ["calls", "in", "out", "internal", "accepted_rate"] {
                assert_eq!(of(name).parse::<f64>().ok(), group[name].as_f64(), "{group_by}: {name}");
            }
            assert_eq!(of("missed"), text(&group["outcomes"]["missed"]), "{group_by}");
            for durations in ["talk_seconds", "wait_seconds", "abandoned_wait_seconds"] {
                for figure in ["total", "average", "median", "p90", "max", "calls"] {
                    let told = of(&format!("{durations}_{figure}")).parse::<f64>().ok();
                    assert_eq!(told, group[durations][figure].as_f64(), "{group_by}: {durations} {figure}");
                }
            }
            let rate = of("service_level_rate").parse::<f64>().ok();
            assert_eq!(rate, group["service_level"]["rate"].as_f64(), "{group_by}");
        }
    }
    let all = records(app.get(&format!("/stats.csv?{DAY}")).text(), ',');
    assert_eq!((all.len(), all[0][0].as_str(), all[1][0].as_str()), (2, "calls", "3"));
    let by_number = app.get(&format!("/stats.csv?{DAY}&group_by=number&dialect=excel-de"));
    let rows = records(by_number.text().trim_start_matches('\u{feff}'), EXCEL);
    let of = |name: &str| value_of(&rows[1], &rows[0], name);
    assert_eq!((of("Gruppe"), of("Name")), ("+4922129191999".into(), "Zentrale".into()));
    // One of three was accepted, and that in time.
    assert_eq!((of("Annahmequote"), of("Verpasst")), ("0,3333333333333333".into(), "2".into()));
    assert_eq!(of("Servicelevel"), "0,3333333333333333");
    assert_eq!(app.get("/stats.csv?group_by=colour").wrong_fields(), ["group_by"]);
    assert_eq!(app.get("/stats.csv?dialect=excel").wrong_fields(), ["dialect"]);
}

#[test]
fn everybody_who_is_owed_a_callback_is_in_the_file() {
    let app = TestApp::start();
    // More than fit into one piece.
    let log: String = (0..1_100)
        .flat_map(|n| {
            let (id, at) = (format!("c{n}"), chrono::Utc::now() - chrono::Duration::minutes(2_000 - n));
            let at = at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
            let called = incoming(&id, &format!("0170234{n:04}"), LINE);
            [log_line(&at, &called), log_line(&at, &hung_up(&id, "missed", 0))]
        })
        .collect();
    assert_eq!(app.database.run(&["import", "-"], log.as_bytes()).status, 0);
    app.request("PUT", "/api/v1/contacts/01702340000").json(&json!({"name": "Weiß; Söhne"})).send().ok();
    let rows = records(app.get("/callbacks.csv").text(), ',');
    assert_eq!(rows[0], ["party", "missed_calls", "first_missed_at", "last_missed_at", "numbers"]);
    assert_eq!(rows.len(), 1 + 1_100);
    let first = app.get("/api/v1/callbacks?limit=1").ok()["items"][0].clone();
    let text = |name: &str| first[name].as_str().unwrap().to_owned();
    assert_eq!(
        rows[1],
        [text("party"), "1".into(), text("first_missed_at"), text("last_missed_at"), "+4922129191999".into()]
    );
    let excel = app.get("/callbacks.csv?dialect=excel-de");
    assert!(excel.text().starts_with("\u{feff}Gegenstelle;Verpasste Anrufe;"), "{}", &excel.text()[..200]);
    assert!(excel.text().contains("\"Weiß; Söhne\""), "{}", &excel.text()[..400]);
    assert_eq!(app.get("/callbacks.csv?within_days=0").wrong_fields(), ["within_days"]);
    let page = app.get("/callbacks");
    assert!(page.text().contains("/callbacks.csv?within_days=30"), "{page}");
}
