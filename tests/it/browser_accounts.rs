//! Browser tests of accounts in Chromium: the first one, logging in and out, and the list of all.

use crate::browser::look_everywhere;
use crate::chromium::Browser;
use crate::client::Answers;
use crate::helpers::TestApp;
use crate::signed_in::{GUARDED, PASSWORD};

async fn path(browser: &Browser) -> String {
    browser.client.current_url().await.unwrap().path().to_owned()
}

async fn log_in(app: &TestApp, browser: &Browser, name: &str, password: &str) {
    browser.go(app, "/login").await;
    browser.write("[name='name']", name).await;
    browser.write("[name='password']", password).await;
    browser.follow("button.primary").await;
}

#[tokio::test]
#[ignore = "needs Chromium: make test"]
async fn from_the_code_in_the_log_to_an_account_for_a_colleague_without_javascript() {
    let (app, browser) = (TestApp::with(&GUARDED), Browser::start().await);
    look_everywhere(&app, &browser, &["/setup"]).await;
    browser.look(375, "light").await;
    browser.without_javascript().await;
    browser.go(&app, "/calls").await;
    assert_eq!(path(&browser).await, "/setup");
    let code = app.database.rows("value", "from settings where name = 'setup_code'")[0].clone();
    browser.write("[name='code']", code.trim_matches(['(', ')'])).await;
    browser.write("[name='name']", "anna").await;
    browser.write("[name='password']", PASSWORD).await;
    browser.follow("button.primary").await;
    assert_eq!(path(&browser).await, "/");
    browser.go(&app, "/settings/users").await;
    browser.write("#name", "Ben-Oberlandesgerichtsvizepräsident-mit-langem-Namen").await;
    browser.write("#password", PASSWORD).await;
    browser.follow("form[action='/settings/users'] button.primary").await;
    assert!(browser.text().await.contains("Ben-Ober"));
    browser.write("#token_name", "Prometheus").await;
    browser.follow("form[action='/settings/users/tokens'] button").await;
    assert!(browser.text().await.contains("fernamt_"));
    browser.devtools("Emulation.setScriptExecutionDisabled", serde_json::json!({"value": false})).await;
    look_everywhere(
        &app,
        &browser,
        &["/settings/users", "/settings/account", "/settings/audit", "/settings", "/routes"],
    )
    .await;
    browser.follow(".signed-in button").await;
    assert_eq!(path(&browser).await, "/login");
    look_everywhere(&app, &browser, &["/login", "/login?next=/calls"]).await;
    browser.go(&app, "/calls").await;
    assert_eq!(path(&browser).await, "/login");
    browser.write("[name='name']", "Ben-Oberlandesgerichtsvizepräsident-mit-langem-Namen").await;
    browser.write("[name='password']", PASSWORD).await;
    browser.follow("button.primary").await;
    assert_eq!(path(&browser).await, "/calls", "back to where they wanted to go");
    browser.go(&app, "/settings/users").await;
    assert!(!browser.text().await.contains("Prometheus"));
    browser.stop().await;
}

#[tokio::test]
#[ignore = "needs Chromium: make test"]
async fn a_password_that_is_wrong_says_so_and_a_new_one_is_set_on_a_phone() {
    let (app, browser) = (crate::signed_in::guarded(), Browser::start().await);
    browser.look(375, "dark").await;
    log_in(&app, &browser, "anna", "wrong password").await;
    assert!(browser.text().await.contains("Name or password is wrong."));
    log_in(&app, &browser, "anna", PASSWORD).await;
    browser.go(&app, "/settings/account").await;
    browser.write("#current", PASSWORD).await;
    browser.write("#password", "another long one").await;
    browser.follow("form[action='/settings/account/password'] button").await;
    assert!(browser.text().await.contains("The password is changed"));
    assert_eq!(app.database.count("from sessions"), 1);
    assert_eq!(app.get("/").status, 303);
    browser.stop().await;
}
