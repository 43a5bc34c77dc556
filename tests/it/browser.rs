//! The pages in Chromium, as people see and use them.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::client::{Answers, Request};
use crate::helpers::{TestApp, accepted, hung_up, incoming};

const PAGES: [&str; 9] = [
    "/",
    "/?period=today",
    "/calls",
    "/calls?outcome=busy",
    "/calls/c1",
    "/calls/nobody",
    "/routes",
    "/routes/new",
    "/settings",
];

/// ChromeDriver and one browser window.
struct Browser {
    driver: Child,
    address: SocketAddr,
    client: Client,
}

impl Browser {
    async fn start() -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is missing: `make test` installs it (Debian package chromium-driver)");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        while std::net::TcpStream::connect(address).is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let capabilities = json!({
            "goog:chromeOptions": {"args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync"
            ]},
            "goog:loggingPrefs": {"browser": "ALL"}
        });
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&format!("http://{address}"))
            .await
            .expect("Chromium starts: `make test` installs it (Debian package chromium)");
        Self { driver, address, client }
    }

    /// What WebDriver itself has no command for.
    async fn command(&self, path: &str, body: Value) -> Value {
        let session = self.client.session_id().await.unwrap().unwrap();
        let path = format!("/session/{session}/{path}");
        Request::new(self.address, "POST", &path).json(&body).send().json()["value"].take()
    }

    async fn devtools(&self, method: &str, parameters: Value) {
        self.command("goog/cdp/execute", json!({"cmd": method, "params": parameters})).await;
    }

    async fn look(&self, width: u32, scheme: &str) {
        let screen = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600});
        self.devtools("Emulation.setDeviceMetricsOverride", screen).await;
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    async fn without_javascript(&self) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
    }

    /// What the console has said since the last question; a broken content security policy among it.
    async fn complaints(&self) -> Vec<String> {
        let log = self.command("se/log", json!({"type": "browser"})).await;
        let told = |entry: &Value| entry["message"].as_str().unwrap_or_default().to_owned();
        // A page that is meant to be missing is no complaint.
        log.as_array().unwrap().iter().map(told).filter(|text| !text.contains("status of 404")).collect()
    }

    async fn go(&self, app: &TestApp, path: &str) {
        self.client.goto(&format!("http://{}{path}", app.address())).await.unwrap();
    }

    async fn click(&self, css: &str) {
        self.client.find(Locator::Css(css)).await.unwrap().click().await.unwrap();
    }

    async fn write(&self, css: &str, text: &str) {
        let field = self.client.find(Locator::Css(css)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    async fn text(&self) -> String {
        self.client.find(Locator::Css("main")).await.unwrap().text().await.unwrap()
    }

    async fn stop(self) {
        self.client.clone().close().await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn with_a_call() -> TestApp {
    let app = TestApp::start();
    for body in [
        incoming("c1", "01712345678", "022129191999"),
        accepted("c1", "7777anna@fpbx.de"),
        hung_up("c1", "accepted", 0),
    ] {
        assert_eq!(app.post_event(body).status, 200);
    }
    app
}

#[tokio::test]
#[ignore = "needs Chromium: make test"]
async fn no_page_complains_or_scrolls_sideways_in_any_light_width_or_language() {
    let (app, browser) = (with_a_call(), Browser::start().await);
    for lang in ["de", "en"] {
        browser.devtools("Network.enable", json!({})).await;
        browser.devtools("Network.setExtraHTTPHeaders", json!({"headers": {"Accept-Language": lang}})).await;
        for (width, scheme) in [(1280, "light"), (1280, "dark"), (375, "light"), (375, "dark")] {
            browser.look(width, scheme).await;
            for page in PAGES {
                browser.go(&app, page).await;
                let seen = browser.client.execute(
                    "return [document.documentElement.lang, document.documentElement.scrollWidth - innerWidth, \
                     document.querySelectorAll('h1').length, getComputedStyle(document.body).backgroundColor]",
                    vec![],
                );
                let seen = seen.await.unwrap();
                let place = format!("{page} {lang} {width} {scheme}");
                assert_eq!(seen[0], lang, "{place}");
                assert!(seen[1].as_f64().unwrap() <= 0.0, "{place} scrolls sideways by {}", seen[1]);
                assert_eq!(seen[2], 1, "{place} has one heading");
                let brightness = seen[3].as_str().unwrap().trim_start_matches("rgb(").split(',').next().unwrap();
                assert_eq!(brightness.parse::<u8>().unwrap() < 128, scheme == "dark", "{place}: {}", seen[3]);
                assert_eq!(browser.complaints().await, [""; 0], "{place}");
            }
        }
    }
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
    browser.write("[name='hours']", "Mon-Fri").await;
    browser.click("#choose-hangup").await;
    browser.click("button.primary").await;
    let refused = browser.text().await;
    assert!(refused.contains("Mo-Fr") || refused.contains("Mon-Fri"), "the hours are told to be wrong: {refused}");
    assert_eq!(app.get("/api/v1/routes").ok()["items"], json!([]), "nothing is half-saved");
    browser.write("[name='hours']", "24/7").await;
    browser.click("button.primary").await;
    assert!(browser.client.current_url().await.unwrap().path() == "/routes");
    assert!(browser.text().await.contains("Zentrale"));
    let answer = app.post_event(incoming("c9", "01712345678", "+4922129191999"));
    assert!(answer.xml().contains("<Hangup/>"), "{}", answer.xml());
    browser.go(&app, "/calls/c9").await;
    assert!(browser.text().await.contains("Zentrale"), "the call's page says which route answered");
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
    let found = browser.client.wait().at_most(Duration::from_secs(30)).for_element(Locator::Css(".notice.good")).await;
    assert!(found.is_ok());
    browser.stop().await;
}
