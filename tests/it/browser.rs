//! Browser tests of the pages in Chromium, as people see and use them.

use std::time::Duration;

use fantoccini::Locator;
use serde_json::json;

use crate::chromium::{Browser, PATIENCE, axe};
use crate::client::Answers;
use crate::helpers::{TestApp, accepted, hung_up, incoming};

const PAGES: [&str; 33] = [
    "/",
    "/?period=today",
    "/?period=year&week=missed&all=lines",
    "/?period=fortnight",
    "/lines/%2B4922129191999",
    "/agents/7777anna%40fpbx.de",
    "/callers/%2B491712345678",
    "/calls",
    "/calls?outcome=busy",
    "/calls/c1",
    "/calls/nobody",
    "/callbacks",
    "/quality",
    "/contacts",
    "/contacts/import",
    "/contacts/new",
    "/contacts/+491712345678",
    "/settings/names",
    "/live",
    "/docs",
    "/routes",
    "/routes/history",
    "/routes/history/1",
    "/routes/new",
    "/routes/lists",
    "/routes/lists/VIP",
    "/routes/new-list",
    "/routes/schedules",
    "/routes/schedules/office",
    "/routes/new-schedule",
    "/routes/test?to=022129191999&from=anonymous&at=2026-11-23T11:00",
    "/settings",
    "/settings/audit",
];

fn with_a_call() -> TestApp {
    let app = TestApp::start();
    for body in [
        incoming("c1", "01712345678", "022129191999"),
        accepted("c1", "7777anna@fpbx.de"),
        hung_up("c1", "accepted", 0),
        incoming("c2", "03023125000", "022129191999"),
        hung_up("c2", "missed", 0),
    ] {
        assert_eq!(app.post_event(body).status, 200);
    }
    let contact = json!({"name": "Anna Kern-Oberlandesgerichtsvizepräsidentin", "company": "Obst & Gemüse GmbH"});
    app.request("PUT", "/api/v1/contacts/+491712345678").json(&contact).send().ok();
    let route = json!({"name": "Zentrale", "to": ["022129191999"], "reply": {"action": "hangup"}});
    assert_eq!(app.create_route(&route).status, 201);
    let put = |path: &str, body| app.request("PUT", &format!("/api/v1/{path}")).json(&body).send().status;
    assert_eq!(put("lists/VIP", json!({"numbers": ["01712345678", "0221*"]})), 201);
    let closed = json!([{"start": "2026-12-24", "end": "2026-12-31", "name": "Betriebsferien"}]);
    assert_eq!(put("schedules/office", json!({"hours": "Mo-Fr 09:00-17:00; PH off", "closed": closed})), 201);
    let until = (chrono::Utc::now() + chrono::Duration::hours(12)).to_rfc3339();
    assert_eq!(put("closed", json!({"until": until})), 200);
    app
}

/// Looks at some of the pages. Several tests do, so that they run at the same time.
async fn look_at(pages: &[&str], languages: &[&str]) {
    let (app, browser) = (with_a_call(), Browser::start().await);
    look_in(&app, &browser, pages, languages).await;
    browser.stop().await;
}

#[tokio::test]
#[ignore = "needs Chromium: make test"]
async fn no_page_of_calls_and_contacts_complains_scrolls_sideways_or_keeps_people_out() {
    look_at(&PAGES[..PAGES.len() / 2], &["de"]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: make test"]
async fn no_page_of_routes_and_settings_complains_scrolls_sideways_or_keeps_people_out() {
    look_at(&PAGES[PAGES.len() / 2..], &["de"]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: make test"]
async fn no_page_in_english_complains_or_scrolls_sideways() {
    look_at(&PAGES, &["en"]).await;
}

/// Looks at pages in both languages, widths and lights.
pub async fn look_everywhere(app: &TestApp, browser: &Browser, pages: &[&str]) {
    look_in(app, browser, pages, &["de", "en"]).await;
}

/// Looks at pages in each width and light. A page is loaded once: width and light change while it is open.
async fn look_in(app: &TestApp, browser: &Browser, pages: &[&str], languages: &[&str]) {
    let axe = axe();
    let mut barriers = Vec::new();
    for lang in languages {
        browser.devtools("Network.enable", json!({})).await;
        browser.devtools("Network.setExtraHTTPHeaders", json!({"headers": {"Accept-Language": lang}})).await;
        for page in pages {
            browser.go(app, page).await;
            for (width, scheme) in [(1280, "light"), (1280, "dark"), (375, "light"), (375, "dark")] {
                browser.look(width, scheme).await;
                let seen = browser.client.execute(
                    "return [document.documentElement.lang, document.documentElement.scrollWidth - innerWidth, \
                     document.querySelectorAll('h1').length, getComputedStyle(document.body).backgroundColor]",
                    vec![],
                );
                let seen = seen.await.unwrap();
                let place = format!("{page} {lang} {width} {scheme}");
                assert_eq!(&seen[0], lang, "{place}");
                assert!(seen[1].as_f64().unwrap() <= 0.0, "{place} scrolls sideways by {}", seen[1]);
                assert_eq!(seen[2], 1, "{place} has one heading");
                let brightness = seen[3].as_str().unwrap().trim_start_matches("rgb(").split(',').next().unwrap();
                assert_eq!(brightness.parse::<u8>().unwrap() < 128, scheme == "dark", "{place}: {}", seen[3]);
                assert_eq!(browser.complaints().await, [""; 0], "{place}");
                // Roles, names and contrast do not depend on the language, and only contrast on the light.
                if *lang == "de" {
                    let found =
                        browser.barriers(&axe, if scheme == "dark" { &["color-contrast"] } else { &[][..] }).await;
                    barriers.extend(found.into_iter().map(|what| format!("{place}: {what}")));
                }
            }
        }
    }
    assert!(barriers.is_empty(), "{}", barriers.join("\n"));
}

#[tokio::test]
#[ignore = "needs Chromium: make test"]
async fn pages_take_few_requests_and_nothing_jumps() {
    let (app, browser) = (with_a_call(), Browser::start().await);
    browser.look(375, "light").await;
    for page in PAGES {
        browser.go(&app, page).await;
        let (requests, jumps) = browser.requests_and_jumps().await;
        assert!(requests <= 4, "{page}: {requests} requests");
        assert!(jumps < 0.01, "{page}: {jumps}");
    }
    browser.stop().await;
}

#[tokio::test]
#[ignore = "needs Chromium: make test"]
async fn every_page_filters_and_pages_without_javascript() {
    let (app, browser) = (with_a_call(), Browser::start().await);
    for number in 0..58 {
        app.post_event(incoming(&format!("many-{number}"), "03023125111", "022129191999")).xml();
    }
    browser.without_javascript().await;
    for page in PAGES {
        browser.go(&app, page).await;
        assert!(browser.text().await.len() > 40, "{page} says something");
    }
    let rows = async || browser.client.find_all(Locator::Css(".calls tbody tr")).await.unwrap().len();
    browser.go(&app, "/calls").await;
    assert_eq!(rows().await, 50);
    browser.follow("a[rel='next']").await;
    assert_eq!(rows().await, 10, "60 calls are two pages");
    browser.go(&app, "/calls").await;
    browser.write("#q", "030 23125000").await;
    browser.follow(".find button").await;
    assert_eq!(rows().await, 1, "the number in another notation");
    assert!(browser.client.find(Locator::Css("a[href='/calls/c2']")).await.is_ok());
    browser.stop().await;
}

#[tokio::test]
#[ignore = "needs Chromium: make test"]
async fn a_route_made_in_the_browser_answers_the_next_call_without_javascript() {
    let (app, browser) = (TestApp::start(), Browser::start().await);
    browser.without_javascript().await;
    browser.go(&app, "/routes/new").await;
    browser.write("[name='name']", "Zentrale").await;
    browser.write("[name='to']", "0221 29191999").await;
    browser.click("#hours-typed").await;
    browser.write("[name='hours']", "Mon-Fri").await;
    browser.click("#choose-hangup").await;
    browser.follow("button.primary").await;
    let refused = browser.text().await;
    assert!(refused.contains("Use Mo-Fr"), "what was meant is offered: {refused}");
    browser.follow("[name='use_hours']").await;
    let field = browser.client.find(Locator::Css("[name='hours']")).await.unwrap();
    assert_eq!(field.prop("value").await.unwrap().as_deref(), Some("Mo-Fr"));
    assert_eq!(app.get("/api/v1/routes").ok()["items"], json!([]), "nothing is half-saved");
    browser.write("[name='hours']", "24/7").await;
    browser.follow("button.primary").await;
    assert!(browser.client.current_url().await.unwrap().path() == "/routes");
    assert!(browser.text().await.contains("Zentrale"));
    let answer = app.post_event(incoming("c9", "01712345678", "+4922129191999"));
    assert!(answer.xml().contains("<Hangup/>"), "{}", answer.xml());
    browser.go(&app, "/calls/c9").await;
    assert!(browser.text().await.contains("Zentrale"), "the call's page says which route answered");
    app.delete_route(&json!(1));
    browser.go(&app, "/routes/history").await;
    browser.follow(".revisions button").await;
    assert!(browser.client.current_url().await.unwrap().path() == "/routes");
    assert!(browser.text().await.contains("Zentrale"), "one click takes the deletion back");
    browser.stop().await;
}

#[tokio::test]
#[ignore = "needs Chromium: make test"]
async fn hours_are_picked_by_weekday_and_steps_moved_on_a_phone_without_javascript() {
    let (app, browser, axe) = (TestApp::start(), Browser::start().await, axe());
    browser.look(375, "light").await;
    browser.without_javascript().await;
    browser.go(&app, "/routes/new").await;
    browser.write("[name='name']", "Office").await;
    browser.click("#hours-week").await;
    browser.write("[name='week.fr.to']", "25").await;
    browser.write("[name='week.sa.from']", "22").await;
    browser.write("[name='week.sa.to']", "6").await;
    let (_, _, width, _) =
        browser.client.find(Locator::Css("[name='week.sa.to2']")).await.unwrap().rectangle().await.unwrap();
    assert!(width >= 50.0, "a time fits in: {width}");
    browser.write("[name='forward.targets[0].numbers']", "23").await;
    browser.write("[name='forward.targets[1].numbers']", "24").await;
    browser.follow("button.primary").await;
    let wrong = browser.client.find(Locator::Css("[id='week.fr.to-wrong']")).await.unwrap().text().await.unwrap();
    assert!(wrong.contains("Friday to"), "{wrong}");
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({"value": false})).await;
    assert_eq!(browser.barriers(&axe, &[]).await, [""; 0]);
    browser.without_javascript().await;
    browser.follow("[name='move'][value='forward.targets[1].up']").await;
    assert_eq!(app.get("/api/v1/routes").ok()["items"], json!([]), "moving saves nothing");
    browser.write("[name='week.fr.to']", "14.30").await;
    browser.follow("button.primary").await;
    assert!(browser.client.current_url().await.unwrap().path() == "/routes");
    let route = app.get("/api/v1/routes").ok()["items"][0].clone();
    assert_eq!(route["hours"], "Mo-Th 09:00-17:00, Fr 09:00-14:30, Sa 22:00-06:00; PH off");
    let numbers: Vec<_> =
        route["reply"]["targets"].as_array().unwrap().iter().map(|t| t["numbers"][0].clone()).collect();
    assert_eq!(numbers, ["24", "23"]);
    assert!(browser.text().await.contains("Mon-Thu 9-17, Fri 9-14:30, Sat 22-6 except holidays"));
    browser.stop().await;
}

#[tokio::test]
#[ignore = "needs Chromium: make test"]
async fn the_first_page_turns_green_by_itself_when_the_first_event_comes() {
    let (app, browser) = (TestApp::start(), Browser::start().await);
    browser.without_javascript().await;
    browser.go(&app, "/").await;
    let url = format!("http://{}/placetel", app.address());
    assert!(browser.text().await.contains(&url), "the url to paste is there");
    assert_eq!(app.post_event(incoming("c1", "anonymous", "022129191999")).status, 200);
    let found = browser.client.wait().at_most(PATIENCE).for_element(Locator::Css(".notice.good")).await;
    assert!(found.is_ok());
    browser.stop().await;
}

#[tokio::test]
#[ignore = "needs Chromium: make test"]
async fn a_callback_is_done_and_undone_on_a_phone_without_javascript() {
    let (app, browser) = (with_a_call(), Browser::start().await);
    browser.look(375, "light").await;
    browser.without_javascript().await;
    browser.go(&app, "/callbacks").await;
    let dial = browser.client.find(Locator::Css("a[href='tel:+493023125000']")).await.unwrap();
    let (_, _, _, height) = dial.rectangle().await.unwrap();
    assert!(height >= 44.0, "a thumb hits it: {height}");
    assert!(browser.client.find(Locator::Css("nav .owed:not([hidden])")).await.is_ok());
    browser.follow(".callbacks button").await;
    assert!(browser.client.find(Locator::Css(".callbacks")).await.is_err(), "the list is empty");
    assert!(browser.client.find(Locator::Css("nav .owed:not([hidden])")).await.is_err());
    browser.follow(".just-done button").await;
    assert!(browser.client.find(Locator::Css("a[href='tel:+493023125000']")).await.is_ok());
    browser.stop().await;
}

/// Waits until the page says something.
async fn said(browser: &Browser, css: &str, text: &str) {
    for _ in 0..300 {
        let element = browser.client.find(Locator::Css(css)).await;
        if let Ok(element) = element
            && element.text().await.is_ok_and(|said| said.contains(text))
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{css} never said {text:?}: {}", browser.text().await);
}

#[tokio::test]
#[ignore = "needs Chromium: make test"]
async fn a_call_appears_talks_and_ends_on_the_live_page_by_itself() {
    let (app, browser) = (with_a_call(), Browser::start().await);
    browser.devtools("Network.enable", json!({})).await;
    browser.devtools("Network.setExtraHTTPHeaders", json!({"headers": {"Accept-Language": "de"}})).await;
    browser.go(&app, "/live").await;
    said(&browser, "[data-state]", "Live").await;
    assert!(browser.text().await.contains("Gerade ruft niemand an."));
    app.post_event(incoming("c11", "anonymous", "022129191999")).xml();
    said(&browser, ".ongoing .ringing", "Klingelt").await;
    let indent = "const left = css => document.querySelector(css).getBoundingClientRect().left; \
                  return left('.ongoing .way') - left('.ongoing li')";
    assert_eq!(browser.client.execute(indent, vec![]).await.unwrap().as_f64(), Some(0.0), "a row begins at its left");
    app.post_event(hung_up("c11", "missed", 0)).xml();
    said(&browser, "[data-rows=ended] tr:first-child .badge.missed", "Verpasst").await;
    // What a caller sends is text and nothing else.
    let hostile = "<img src=x onerror=alert(1)>";
    app.post_event(incoming("c12", hostile, "022129191999")).xml();
    said(&browser, ".ongoing .ringing", hostile).await;
    said(&browser, ".ongoing .ringing [data-f=state]", "Klingelt").await;
    app.post_event(accepted("c12", "7777anna@fpbx.de")).xml();
    said(&browser, ".ongoing .talking", "7777anna@fpbx.de").await;
    said(&browser, ".ongoing .talking [data-f=timer]", "0:02").await;
    app.post_event(hung_up("c12", "accepted", 2)).xml();
    said(&browser, "[data-rows=ended] tr:first-child", hostile).await;
    said(&browser, "[data-rows=ended] tr:first-child .badge.accepted", "Angenommen").await;
    said(&browser, "[data-rows=ended] tr:first-child .talk", "2 s").await;
    assert!(browser.client.find(Locator::Css(".ongoing li")).await.is_err(), "it runs no more");
    // The row that the script made is the row that the server makes.
    let row = "return document.querySelector('[data-rows=ended] tr').innerText";
    let made = browser.client.execute(row, vec![]).await.unwrap();
    browser.go(&app, "/live").await;
    assert_eq!(browser.client.execute(row, vec![]).await.unwrap(), made);
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.stop().await;
}

#[tokio::test]
#[ignore = "needs Chromium: make test"]
async fn new_calls_are_told_quietly_in_the_list_of_calls() {
    let (app, browser) = (with_a_call(), Browser::start().await);
    browser.devtools("Network.enable", json!({})).await;
    browser.devtools("Network.setExtraHTTPHeaders", json!({"headers": {"Accept-Language": "en"}})).await;
    browser.go(&app, "/calls?direction=in").await;
    // An end is no new call, and a call out is none of this list.
    app.post_event(hung_up("c1", "accepted", 5)).xml();
    app.post_event("event=OutgoingCall&call_id=o1&direction=out&from=022129191999&to=01712345678").xml();
    app.post_event(incoming("c12", "01712345678", "022129191999")).xml();
    said(&browser, ".fresh a", "1 new call").await;
    app.post_event(accepted("c12", "7777anna@fpbx.de")).xml();
    app.post_event(incoming("c13", "01712345678", "022129191999")).xml();
    said(&browser, ".fresh a", "2 new calls").await;
    assert!(browser.client.find(Locator::Css("a[href='/calls/c13']")).await.is_err(), "no row jumps in");
    browser.follow(".fresh a").await;
    browser.client.wait().for_element(Locator::Css("a[href='/calls/c13']")).await.unwrap();
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.stop().await;
}
