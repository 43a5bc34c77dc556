//! Browser tests of routes: a company sets them up, tries them, breaks them and reverts that.

use fantoccini::Locator;
use serde_json::json;

use crate::chromium::Browser;
use crate::client::Answers;
use crate::helpers::{LINE, TestApp, incoming};

const BLOCKED: &str = "030666666";
const VIP: &str = "0401234567";
/// Nobody in particular.
const OTHER: &str = "01712345678";
const MONDAY_MORNING: &str = "2026-11-23T11:00";
const MONDAY_EVENING: &str = "2026-11-23T20:00";
const CHRISTMAS_EVE: &str = "2026-12-24T11:00";

/// A person in front of the browser.
struct Visitor {
    app: TestApp,
    browser: Browser,
}

impl Visitor {
    async fn list(&self, name: &str, pasted: &str) {
        self.browser.go(&self.app, "/routes/new-list").await;
        self.browser.write("[name='name']", name).await;
        self.browser.write("[name='numbers']", pasted).await;
        self.browser.follow("button.primary").await;
    }

    async fn schedule(&self) {
        self.browser.go(&self.app, "/routes/new-schedule").await;
        self.browser.write("[name='name']", "office").await;
        self.browser.write("[name='hours']", "Mo-Fr 09:00-17:00; PH off").await;
        let first = self.browser.client.find(Locator::Css("[name='closed[0].start']")).await.unwrap();
        first.send_keys("12242026").await.unwrap();
        self.browser.write("[name='closed[0].name']", "Christmas Eve").await;
        self.browser.follow("button.primary").await;
    }

    /// A route whose form is filled in as far as `fill` goes, besides its name.
    async fn route(&self, name: &str, fill: impl AsyncFnOnce(&Browser)) {
        self.browser.go(&self.app, "/routes/new").await;
        self.browser.write("[name='name']", name).await;
        fill(&self.browser).await;
        self.browser.follow("button.primary").await;
        assert_eq!(self.browser.client.current_url().await.unwrap().path(), "/routes", "{name} is saved");
    }

    /// Who answers, as the test box says.
    async fn answered_by(&self, from: &str, at: &str) -> String {
        self.browser.go(&self.app, &format!("/routes/test?to={LINE}&from={from}&at={at}")).await;
        self.browser.text().await
    }

    async fn routes(&self) -> String {
        self.browser.go(&self.app, "/routes").await;
        self.browser.text().await
    }

    /// Opens the form of a route from the list.
    async fn edit(&self, name: &str) {
        self.routes().await;
        let link = self.browser.client.find(Locator::LinkText(name)).await.unwrap();
        let href = link.attr("href").await.unwrap().unwrap();
        self.browser.go(&self.app, &href).await;
    }

    async fn set_up(&self) {
        self.list("blocked", &format!("{BLOCKED};Crank Caller\n+49 {}\n", &BLOCKED[1..])).await;
        assert!(self.browser.text().await.contains("1 number"), "the second one is the same");
        self.list("VIP", VIP).await;
        self.schedule().await;
        self.route("Blocked callers", async |browser| {
            browser.write("[name='from']", "@blocked").await;
            browser.click("#choose-reject").await;
        })
        .await;
        self.route("VIP", async |browser| {
            browser.write("[name='from']", "@vip").await;
            browser.write("[name='forward.targets[0].numbers']", "23").await;
        })
        .await;
        self.route("Office hours", async |browser| {
            choose_schedule(browser, "open").await;
            browser.write("[name='forward.targets[0].numbers']", "23").await;
            browser.write("[name='forward.targets[1].numbers']", "24").await;
            select(browser, "[name='forward.distribution']", "rotate").await;
            browser.click("[name='forward.last_peer']").await;
        })
        .await;
        self.route("After hours", async |browser| choose_schedule(browser, "closed").await).await;
    }
}

async fn select(browser: &Browser, css: &str, value: &str) {
    browser.client.find(Locator::Css(css)).await.unwrap().select_by_value(value).await.unwrap();
}

async fn choose_schedule(browser: &Browser, when: &str) {
    browser.click("#hours-schedule").await;
    select(browser, "[name='hours.schedule']", "office").await;
    select(browser, "[name='hours.while']", when).await;
}

#[tokio::test]
#[ignore = "needs Chromium: make test"]
async fn routes_are_set_up_tried_broken_and_mended_without_javascript() {
    let visitor = Visitor { app: TestApp::start(), browser: Browser::start().await };
    let (app, browser) = (&visitor.app, &visitor.browser);
    browser.without_javascript().await;
    visitor.set_up().await;
    let told = visitor.routes().await;
    assert!(told.contains("from numbers in the list blocked, at any time: turn away"), "{told}");
    assert!(told.contains("while office is closed: straight to voicemail"), "{told}");
    assert!(told.contains("(in turn)") && told.contains("whoever knows the caller"), "{told}");
    assert!(browser.client.find(Locator::Css(".warnings")).await.is_err(), "nothing to warn of: {told}");

    for (from, at, expected) in [
        (BLOCKED, MONDAY_MORNING, "Blocked callers"),
        (VIP, MONDAY_EVENING, "VIP"),
        (OTHER, MONDAY_MORNING, "Office hours"),
        (OTHER, MONDAY_EVENING, "After hours"),
        (OTHER, CHRISTMAS_EVE, "After hours"),
    ] {
        let told = visitor.answered_by(from, at).await;
        assert!(told.contains(&format!("Answered by: {expected}")), "{from} at {at}: {told}");
    }
    let told = visitor.answered_by(OTHER, MONDAY_MORNING).await;
    assert!(told.contains("not on list VIP"), "{told}");

    // Tried on past calls, then saved.
    for (call, from) in [("c1", BLOCKED), ("c2", OTHER), ("c3", VIP)] {
        app.post_event(incoming(call, from, LINE)).xml();
    }
    visitor.edit("Blocked callers").await;
    browser.click("#choose-hangup").await;
    browser.follow("[formaction$='/replay']").await;
    let told = browser.text().await;
    assert!(told.contains("1 of 3 calls would get another answer"), "{told}");
    assert_eq!(app.routes().ok()["items"][0]["reply"]["action"], "reject", "trying saves nothing");
    browser.follow("button.primary").await;
    assert_eq!(app.routes().ok()["items"][0]["reply"], json!({"action": "hangup"}));

    // Broken: VIP for everybody.
    visitor.edit("VIP").await;
    browser.write("[name='from']", "").await;
    browser.follow("button.primary").await;
    let told = visitor.routes().await;
    assert!(
        told.contains("After hours") && told.contains("never matches: all its calls are already answered by"),
        "{told}"
    );
    assert!(visitor.answered_by(OTHER, MONDAY_MORNING).await.contains("Answered by: VIP"));

    // And taken back.
    browser.go(app, "/routes/history").await;
    browser.follow(".revisions button").await;
    let told = visitor.routes().await;
    assert!(!told.contains("never matches"), "{told}");
    assert!(visitor.answered_by(OTHER, MONDAY_MORNING).await.contains("Answered by: Office hours"));
    visitor.browser.stop().await;
}

#[tokio::test]
#[ignore = "needs Chromium: make test"]
async fn one_click_closes_every_page_says_so_and_one_click_opens_on_a_phone_without_javascript() {
    let visitor = Visitor { app: TestApp::start(), browser: Browser::start().await };
    let (app, browser) = (&visitor.app, &visitor.browser);
    browser.look(375, "dark").await;
    browser.without_javascript().await;
    visitor.set_up().await;
    visitor.routes().await;
    browser.follow("[name='when'][value='tomorrow']").await;
    let voicemail = |call: &str| !app.post_event(incoming(call, OTHER, LINE)).xml().contains("<Target");
    assert!(voicemail("c1"), "after hours answers");
    for page in ["/", "/calls/c1", "/routes/lists/VIP", "/settings"] {
        browser.go(app, page).await;
        assert!(browser.text().await.contains("Closed until"), "{page}");
    }
    browser.follow(".closed-now button").await;
    assert_eq!(browser.client.current_url().await.unwrap().path(), "/settings", "back where it was clicked");
    assert!(!browser.text().await.contains("Closed until"));
    assert_eq!(app.get("/api/v1/closed").ok()["until"], json!(null));
    visitor.browser.stop().await;
}
