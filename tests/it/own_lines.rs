//! Tests of calls between our own lines: nobody is owed a callback for them.

use chrono::{Duration, Utc};

use crate::callbacks::{miss, owed};
use crate::client::Answers;
use crate::helpers::{TestApp, accepted, hung_up, incoming, log_line};

const CUSTOMER: &str = "+491712345678";
const OTHER_LINE: &str = "+4922129191998";

fn missed_callers(app: &TestApp) -> i64 {
    app.get("/api/v1/callbacks/report").ok()["missed_callers"].as_i64().unwrap()
}

#[test]
fn a_missed_call_from_one_of_our_lines_to_another_is_owed_nothing() {
    let app = TestApp::start();
    miss(&app, "m1", CUSTOMER, "missed");
    miss(&app, "m2", "022129191998", "voicemail");
    // Nobody can know yet that this is one of our lines.
    assert_eq!(owed(&app), [(CUSTOMER.to_owned(), 1), (OTHER_LINE.to_owned(), 1)]);
    assert_eq!(missed_callers(&app), 2);
    app.post_event(incoming("l2", "01702345699", "022129191998")).xml();
    assert_eq!(owed(&app), [(CUSTOMER.to_owned(), 1)]);
    assert_eq!(missed_callers(&app), 1);
    miss(&app, "m3", "022129191998", "missed");
    assert_eq!(owed(&app), [(CUSTOMER.to_owned(), 1)]);
    for (path, shown) in [("/callbacks", CUSTOMER), ("/callers/+4922129191998", "29191998")] {
        let page = app.request("GET", path).header("Accept", "text/html").header("Accept-Language", "en").send();
        assert!(page.text().contains(shown), "{page}");
        assert!(
            !page.text().contains("/callbacks/done\"><input type=\"hidden\" name=\"party\" value=\"+4922129191998"),
            "{page}"
        );
    }
    let page = app.request("GET", "/callbacks").header("Accept", "text/html").send();
    assert!(!page.text().contains("29191998"), "{page}");
}

#[test]
fn a_number_that_was_our_line_years_ago_is_owed_a_callback_again() {
    let app = TestApp::start();
    let at = |days: i64, body: String| log_line(&(Utc::now() - Duration::days(days)).to_rfc3339(), &body);
    let line_until = |days: i64, id: &str| {
        at(days, incoming(id, "01702345699", "022129191998")) + &at(days, accepted(id, "7777anna@fpbx.de"))
    };
    app.database.import(&line_until(500, "old"), &[]);
    miss(&app, "m1", "022129191998", "missed");
    assert_eq!(owed(&app), [(OTHER_LINE.to_owned(), 1)]);
    app.database.import(&(line_until(300, "newer") + &at(300, hung_up("newer", "accepted", 7))), &[]);
    assert_eq!(owed(&app), []);
}
