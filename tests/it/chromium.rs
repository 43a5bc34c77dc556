//! Controls Chromium by ChromeDriver, for the tests that look at pages as people do.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::client::{Answers, Request};
use crate::helpers::TestApp;

/// On a machine that has other things to do, too.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// ChromeDriver and one browser window.
pub struct Browser {
    driver: Child,
    address: SocketAddr,
    pub client: Client,
}

impl Browser {
    pub async fn start() -> Self {
        let (driver, port) = driver();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let capabilities = json!({
            "goog:chromeOptions": {"args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync"
            ]},
            "goog:loggingPrefs": {"browser": "ALL"},
            // Thirty seconds are not enough for axe-core on a machine that builds something meanwhile.
            "timeouts": {"script": 300_000}
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

    pub async fn devtools(&self, method: &str, parameters: Value) {
        self.command("goog/cdp/execute", json!({"cmd": method, "params": parameters})).await;
    }

    pub async fn look(&self, width: u32, scheme: &str) {
        let screen = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600});
        self.devtools("Emulation.setDeviceMetricsOverride", screen).await;
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    pub async fn without_javascript(&self) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
    }

    /// What the console has said since the last question; a broken content security policy among it.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.command("se/log", json!({"type": "browser"})).await;
        let told = |entry: &Value| entry["message"].as_str().unwrap_or_default().to_owned();
        // A page that is meant to be missing is no complaint.
        log.as_array().unwrap().iter().map(told).filter(|text| !text.contains("status of 404")).collect()
    }

    /// What keeps some people from using the page, as axe-core sees it: by these of its rules, or by all if there are none.
    pub async fn barriers(&self, axe: &str, rules: &[&str]) -> Vec<String> {
        if self.client.execute("return typeof axe", vec![]).await.unwrap() == "undefined" {
            self.client.execute(&format!("{axe}; window.axe = axe"), vec![]).await.unwrap();
        }
        let run = "const [rules, done] = arguments; \
            axe.run(document, {resultTypes: ['violations'], ...(rules.length ? {runOnly: rules} : {})}).then(found => \
            done(found.violations.map(what => what.id + ': ' + \
            what.nodes.slice(0, 3).map(node => node.target + ' ' + node.failureSummary).join('; '))))";
        let found = self.client.execute_async(run, vec![json!(rules)]).await.unwrap();
        found.as_array().unwrap().iter().map(|what| what.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// How many requests the page took, its stream of events left aside, and how far things jumped while it came.
    pub async fn requests_and_jumps(&self) -> (u64, f64) {
        let asked = "const done = arguments[0], shifts = []; \
            new PerformanceObserver(list => shifts.push(...list.getEntries())).observe({type: 'layout-shift', buffered: true}); \
            setTimeout(() => done([1 + new Set(performance.getEntriesByType('resource').map(entry => entry.name) \
                .filter(name => !name.includes('/events'))).size, \
                shifts.reduce((sum, shift) => sum + shift.value, 0)]), 100)";
        let told = self.client.execute_async(asked, vec![]).await.unwrap();
        (told[0].as_u64().unwrap(), told[1].as_f64().unwrap())
    }

    pub async fn go(&self, app: &TestApp, path: &str) {
        self.client.goto(&format!("http://{}{path}", app.address())).await.unwrap();
    }

    pub async fn click(&self, css: &str) {
        self.client.find(Locator::Css(css)).await.unwrap().click().await.unwrap();
    }

    /// Clicks what leads to another page, and waits until the old one is gone: a click may return before.
    pub async fn follow(&self, css: &str) {
        let old = self.client.find(Locator::Css("main")).await.unwrap();
        self.click(css).await;
        for _ in 0..3000 {
            if old.tag_name().await.is_err() {
                self.client.wait().at_most(PATIENCE).for_element(Locator::Css("footer")).await.unwrap();
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{css} leads nowhere");
    }

    pub async fn write(&self, css: &str, text: &str) {
        let field = self.client.find(Locator::Css(css)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    pub async fn text(&self) -> String {
        self.client.find(Locator::Css("main")).await.unwrap().text().await.unwrap()
    }

    pub async fn stop(self) {
        self.client.clone().close().await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// A ChromeDriver and its port. It takes one port for both versions of IP, of which one may be taken: then another.
fn driver() -> (Child, u16) {
    for _ in 0..5 {
        let mut driver = Command::new("chromedriver")
            // It takes a free port and says which: one found here could be taken before it listens.
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is missing: `make test` installs it (Debian package chromium-driver)");
        match announced_port(driver.stdout.take().unwrap()) {
            Some(port) => return (driver, port),
            None => drop(driver.wait()),
        }
    }
    panic!("chromedriver ends before it says its port");
}

/// The port that ChromeDriver says it listens on; what else it says is read, so that it never waits to say it.
fn announced_port(stdout: ChildStdout) -> Option<u16> {
    let mut said = BufReader::new(stdout);
    let mut line = String::new();
    while said.read_line(&mut line).unwrap() > 0 {
        if let Some((_, port)) = line.trim_end().trim_end_matches('.').split_once("successfully on port ") {
            let port = port.parse().unwrap();
            std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
            return Some(port);
        }
        line.clear();
    }
    None
}

/// The text of axe-core, which sees what keeps people out.
pub fn axe() -> String {
    // Below it stands the version of Python.
    let packages = concat!(env!("CARGO_TARGET_TMPDIR"), "/axe/lib");
    let pythons = std::fs::read_dir(packages).into_iter().flatten().flatten();
    let read = |python: std::fs::DirEntry| {
        std::fs::read_to_string(python.path().join("site-packages/axe_playwright_python/axe.min.js")).ok()
    };
    pythons.filter_map(read).next().unwrap_or_else(|| panic!("{packages}: no axe-core: scripts/test-needs fetches it"))
}
