//! Tests of the form of a route: hours by weekday or typed, rows that move, errors beside fields; the list in
//! sentences.

use serde_json::{Value, json};

use crate::client::Answer;
use crate::client::Answers;
use crate::helpers::TestApp;

/// A form sent in a language; `[` and `@` need no escape.
fn send(app: &TestApp, path: &str, lang: &str, fields: &[(&str, &str)]) -> Answer {
    let escaped = |text: &str| text.replace('%', "%25").replace('&', "%26").replace('+', "%2B").replace(' ', "+");
    let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    app.request("POST", path).header("Accept-Language", lang).form(body.join("&")).send()
}

fn routes(app: &TestApp) -> Vec<Value> {
    app.routes().ok()["items"].as_array().unwrap().clone()
}

const OFFICE: [(&str, &str); 8] = [
    ("name", "Zentrale"),
    ("enabled", "on"),
    ("action", "hangup"),
    ("hours.kind", "week"),
    ("week.mo.from", "9"),
    ("week.mo.to", "17:30"),
    ("week.fr.from", "22"),
    ("week.fr.to", "6"),
];

#[test]
fn a_week_in_the_table_is_one_expression_in_the_api_and_comes_back_in_the_table() {
    let app = TestApp::start();
    assert_eq!(send(&app, "/routes", "de", &OFFICE).status, 303);
    let route = routes(&app).remove(0);
    assert_eq!(route["hours"], "Mo 09:00-17:30, Fr 22:00-06:00; PH off");
    let list = app.request("GET", "/routes").header("Accept-Language", "de").send();
    let told = "Anrufe an jede Nummer von allen, Mo 9-17:30 Uhr, Fr 22-6 Uhr außer an Feiertagen: auflegen.";
    assert!(list.text().contains(told), "{list}");
    let form = app.get(&format!("/routes/{}", route["id"]));
    for part in ["id=\"hours-week\" checked", "name=\"week.fr.to\" value=\"06:00\"", "name=\"week.sa.from\" value=\"\""]
    {
        assert!(form.text().contains(part), "{part}: {form}");
    }
}

#[test]
fn a_wrong_cell_is_told_beside_it_in_both_languages_and_nothing_is_saved() {
    let app = TestApp::start();
    for (lang, label, message) in [("de", "Montag bis", "Muss eine Uhrzeit"), ("en", "Monday to", "Must be a time")] {
        let wrong = [OFFICE.as_slice(), &[("week.tu.from", "8")]].concat();
        let wrong: Vec<_> =
            wrong.into_iter().map(|(name, value)| (name, if value == "17:30" { "25" } else { value })).collect();
        let answer = send(&app, "/routes", lang, &wrong);
        assert_eq!(answer.status, 400);
        for part in [
            format!("<a href=\"#week.mo.to\">{label}</a>: {message}"),
            "<a href=\"#week.tu.to\">".into(),
            format!("id=\"week.mo.to-wrong\"><p><b>{label}:</b> {message}"),
            "name=\"week.mo.to\" value=\"25\"".into(),
        ] {
            assert!(answer.text().contains(&part), "{part}: {answer}");
        }
    }
    assert_eq!(routes(&app), Vec::<Value>::new());
}

#[test]
fn typed_hours_that_cannot_be_read_say_what_was_meant_in_api_and_form() {
    let app = TestApp::start();
    for (hours, meant) in
        [("Mo-Fri", "Mo-Fr"), ("Montag bis Freitag 9-17 Uhr; Feiertage aus", "Mo-Fr 09:00-17:00; PH off")]
    {
        let route = json!({"name": "x", "hours": hours, "reply": {"action": "hangup"}});
        for (lang, said) in [("de", "vermutlich gemeint: "), ("en", "probably meant is ")] {
            let refused = app.request("POST", "/api/v1/routes").header("Accept-Language", lang).json(&route).send();
            assert_eq!(refused.wrong_fields(), ["hours"]);
            let typed = [("name", "x"), ("action", "hangup"), ("hours.kind", "typed"), ("hours", hours)];
            let answer = send(&app, "/routes", lang, &typed);
            assert_eq!(answer.status, 400);
            assert!(answer.text().contains(said), "{answer}");
            assert!(answer.text().contains(&format!("<button name=\"use_hours\" value=\"{meant}\">")), "{answer}");
        }
        let told = app.create_route(&route).text().to_owned();
        assert!(told.contains(meant), "{told}");
    }
    let taken = send(&app, "/routes", "en", &[("name", "x"), ("hours", "Mo-Fri"), ("use_hours", "Mo-Fr")]);
    assert_eq!(taken.status, 200);
    assert!(taken.text().contains("name=\"hours\" value=\"Mo-Fr\""), "{taken}");
    assert_eq!(routes(&app), Vec::<Value>::new());
}

#[test]
fn a_step_moves_up_in_the_form_and_nothing_is_saved() {
    let app = TestApp::start();
    let fields = [
        ("name", "x"),
        ("action", "forward"),
        ("forward.targets[0].numbers", "23"),
        ("forward.targets[1].numbers", "24"),
        ("move", "forward.targets[1].up"),
    ];
    let answer = send(&app, "/routes", "en", &fields);
    assert_eq!(answer.status, 200);
    let (first, second) = (answer.text().find(">\n24</textarea>"), answer.text().find(">\n23</textarea>"));
    assert!(first.is_some() && first < second, "{answer}");
    assert_eq!(routes(&app), Vec::<Value>::new());
}
