//! Tests of the page of callbacks, as a browser without JavaScript gets it, and of the number in the navigation.

use crate::callbacks::{miss, owed, pause};
use crate::client::{Answer, Answers};
use crate::helpers::{TestApp, accepted, form, incoming};

const PARTY: &str = "+491712345678";

fn page(app: &TestApp, path: &str, lang: &str) -> String {
    let answer = app.request("GET", path).header("Accept-Language", lang).header("Accept", "text/html").send();
    assert_eq!(answer.status, 200, "{answer}");
    answer.text().to_owned()
}

fn post(app: &TestApp, path: &str, fields: &[(&str, &str)]) -> Answer {
    app.request("POST", path).header("Accept", "text/html").form(form(fields)).send()
}

#[track_caller]
fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

/// What the navigation says, if anything.
fn badge(page: &str) -> Option<&str> {
    let after = page.split("<span class=\"owed\" title=\"").nth(1)?;
    after.split('"').next()
}

#[test]
fn an_empty_list_is_friendly() {
    let app = TestApp::start();
    let german = page(&app, "/callbacks", "de");
    assert_has(&german, &["<h1>Rückrufe</h1>", "Niemand wartet auf einen Rückruf", "0 Personen warten"]);
    let english = page(&app, "/callbacks", "en");
    assert_has(&english, &["<h1>Callbacks</h1>", "Nobody waits for a callback", "Nobody was missed in this period."]);
    assert_eq!(badge(&english), None);
}

#[test]
fn who_waits_is_a_card_with_everything_to_act_on() {
    let app = TestApp::start();
    miss(&app, "a1", "01712345678", "missed");
    miss(&app, "a2", "00491712345678", "voicemail");
    miss(&app, "b1", "022198765432", "missed");
    let german = page(&app, "/callbacks", "de");
    assert_has(
        &german,
        &[
            "href=\"tel:+491712345678\"",
            "href=\"tel:+4922198765432\"",
            "2 Anrufe verpasst",
            "1 Anruf verpasst",
            "Zuerst",
            "Zuletzt",
            "+4922129191999",
            "2 Personen warten",
            "Erledigt",
        ],
    );
    assert!(german.find(PARTY).unwrap() < german.find("+4922198765432").unwrap(), "who waits longest comes first");
    let english = page(&app, "/callbacks?within_days=7", "en");
    assert_has(&english, &["2 calls missed", "1 call missed", "2 people wait", "Done", "Missed in the last", "7 days"]);
    // The link to the calls leads to exactly theirs.
    let href = english.split("href=\"/calls?party=").nth(1).unwrap().split('"').next().unwrap();
    let calls = app.calls(&format!("party={}", href.replace("&#38;", "&").replace("&amp;", "&"))).ok();
    assert_eq!(calls["items"].as_array().unwrap().len(), 2);
    assert_has(&page(&app, "/", "de"), &["2 Rückrufe offen"]);
}

#[test]
fn done_and_undo_work_by_form_and_lead_back() {
    let app = TestApp::start();
    miss(&app, "a1", "01712345678", "missed");
    pause();
    let back = "/callbacks?period=7d&within_days=90";
    let done = post(&app, "/callbacks/done", &[("party", PARTY), ("back", back)]);
    assert_eq!(done.status, 303, "{done}");
    let location = done.header("location").unwrap().to_owned();
    assert_eq!(location, "/callbacks?period=7d&within_days=90&done=%2B491712345678");
    assert_eq!(owed(&app), []);
    let after = page(&app, &location, "en");
    assert_has(&after, &["role=\"status\"", "comes back here only when it is missed again", "Recently done", "Undo"]);
    assert!(!after.contains("href=\"tel:"), "{after}");
    assert_eq!(badge(&after), None);
    let undone = post(&app, "/callbacks/undo", &[("party", "0171 2345678"), ("back", &location)]);
    assert_eq!((undone.status, undone.header("location")), (303, Some(back)));
    assert_eq!(owed(&app).len(), 1);
    // A second click changes nothing and is no error.
    assert_eq!(post(&app, "/callbacks/undo", &[("party", PARTY)]).header("location"), Some("/callbacks"));
    assert_eq!(badge(&page(&app, "/calls", "en")), Some("1 callback owed"));
}

#[test]
fn whoever_was_only_named_in_the_url_is_not_said_to_be_done() {
    let app = TestApp::start();
    miss(&app, "a1", "01712345678", "missed");
    for party in [PARTY, "%3Cb%3Ex", "+49"] {
        let text = page(&app, &format!("/callbacks?done={party}"), "en");
        assert!(!text.contains("role=\"status\"") && !text.contains("<b>x"), "{text}");
    }
}

#[test]
fn nobody_is_led_to_another_site() {
    let app = TestApp::start();
    for back in
        ["https://evil.example", "//evil.example", "/callbacks.evil.example", "", "/calls?q=1", "/callbacks\r\nX: y"]
    {
        let done = post(&app, "/callbacks/done", &[("party", PARTY), ("back", back)]);
        assert_eq!(done.header("location"), Some("/callbacks?done=%2B491712345678"), "{back}");
    }
}

#[test]
fn bad_forms_get_a_clear_answer_and_change_nothing() {
    let app = TestApp::start();
    miss(&app, "a1", "01712345678", "missed");
    for path in ["/callbacks/done", "/callbacks/undo"] {
        for party in ["", "110", "anonymous", "nobody@example.org"] {
            assert_eq!(post(&app, path, &[("party", party)]).status, 400, "{path} {party}");
        }
        let foreign = app.request("POST", path).header("Origin", "http://evil.example");
        assert_eq!(foreign.form(form(&[("party", PARTY)])).send().status, 403);
        let json = app.request("POST", path).json(&serde_json::json!({"party": PARTY})).send();
        assert_eq!(json.status, 415);
    }
    assert_eq!(owed(&app).len(), 1);
}

#[test]
fn bad_words_in_the_url_are_a_notice() {
    let app = TestApp::start();
    miss(&app, "a1", "01712345678", "missed");
    for query in ["within_days=0", "within_days=x", "cursor=zz", "period=fortnight", "start=2026-01-01", "q=%00"] {
        for lang in ["de", "en"] {
            let text = page(&app, &format!("/callbacks?{query}"), lang);
            assert!(
                text.contains("class=\"notice warning\"") && text.contains("href=\"tel:+491712345678\""),
                "{query}"
            );
        }
    }
    let odd = page(&app, "/callbacks?within_days=45", "de");
    assert!(odd.contains("aria-current=\"true\">45 Tagen</a>") && !odd.contains("class=\"notice"), "{odd}");
}

#[test]
fn the_list_has_pages_and_stays_on_the_page_where_somebody_was_marked() {
    let app = TestApp::start();
    let all: Vec<String> = (10..40).map(|n| format!("+49221987654{n}")).collect();
    for (n, party) in all.iter().enumerate() {
        miss(&app, &format!("p{n}"), party, "missed");
    }
    let shown = |text: &str| -> Vec<String> {
        text.split("href=\"tel:").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let first = page(&app, "/callbacks", "en");
    assert_eq!(shown(&first), all[..25]);
    let more = first.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let second = page(&app, &more, "en");
    assert_eq!(shown(&second), all[25..]);
    assert!(second.contains("To the beginning") && !second.contains("rel=\"next\""));
    let done = post(&app, "/callbacks/done", &[("party", &all[27]), ("back", &more)]);
    let rest = page(&app, done.header("location").unwrap(), "en");
    assert_eq!(shown(&rest), [&all[25..27], &all[28..]].concat());
}

#[test]
fn the_report_is_on_the_page_for_the_chosen_period() {
    let app = TestApp::start();
    miss(&app, "a1", "01712345678", "missed");
    miss(&app, "b1", "022198765432", "missed");
    miss(&app, "c1", "03023125000", "missed");
    pause();
    app.post_event(incoming("a2", "01712345678", "022129191999"));
    app.post_event(accepted("a2", "7777anna@fpbx.de"));
    post(&app, "/callbacks/done", &[("party", "022198765432")]);
    let german = page(&app, "/callbacks?period=today", "de");
    assert_has(
        &german,
        &["Wie viele wurden zurückgerufen?", "Erreicht", "1 von 3", "Von Hand erledigt", "Nie zurückgerufen"],
    );
    let yesterday = page(&app, "/callbacks?period=yesterday", "en");
    assert_has(&yesterday, &["Nobody was missed in this period.", "href=\"tel:+493023125000\""]);
}

#[test]
fn pages_that_are_closed_do_not_tell_how_many_wait() {
    let app = TestApp::start();
    miss(&app, "a1", "01712345678", "missed");
    assert_eq!(badge(&page(&app, "/settings", "en")), Some("1 callback owed"));
    let closed = app.request("GET", "/").header("Accept", "text/html").header("X-Forwarded-For", "192.0.2.1").send();
    assert_eq!((closed.status, badge(closed.text())), (403, None));
}
