//! Storage in trouble: what people are told on the pages, and at a start on a damaged file.

use std::io::{Seek, SeekFrom, Write};

use crate::database::Database;
use crate::helpers::{Answers, CALLER, LINE, TestApp, hung_up, incoming};
use crate::spool::{in_spool, until};

fn page(app: &impl Answers, path: &str, lang: &str) -> String {
    let request = app.request("GET", path).header("Accept", "text/html").header("Accept-Language", lang);
    request.send().text().to_owned()
}

#[test]
fn pages_say_that_events_wait_and_how_many_until_they_are_stored() {
    let app = TestApp::start();
    let (german, english) = ("Die Datenbank arbeitet nicht, seit", "The database has not worked since");
    assert!(!page(&app, "/calls", "en").contains(english));
    let lock = app.database.lock_writes();
    assert_eq!(app.post_event(hung_up("a", "missed", 0)).status, 200);
    let shown = page(&app, "/calls", "en");
    assert!(shown.contains(english) && shown.contains("One event waits"), "{shown}");
    assert_eq!(app.post_event(hung_up("b", "missed", 0)).status, 200);
    until("both are in the spool", || in_spool(&app) == 2);
    for path in ["/", "/calls", "/callbacks", "/live", "/routes", "/settings", "/no-such-page"] {
        let (shown_de, shown_en) = (page(&app, path, "de"), page(&app, path, "en"));
        assert!(shown_de.contains(german) && shown_de.contains("2 Ereignisse warten"), "{path}: {shown_de}");
        assert!(shown_en.contains(english) && shown_en.contains("2 events wait"), "{path}: {shown_en}");
    }
    assert_eq!(app.get("/readyz").status, 503);
    assert!(app.get("/metrics").text().contains("fernamt_database_up 0"));
    drop(lock);
    until("it is over", || !page(&app, "/calls", "en").contains("role=\"alert\""));
    assert_eq!(app.get("/readyz").status, 200);
    assert!(app.get("/metrics").text().contains("fernamt_database_up 1"));
    assert_eq!(app.stats("").ok()["totals"]["outcomes"]["missed"], 2);
}

#[test]
fn a_start_on_a_damaged_file_without_good_routes_says_what_to_do() {
    let database = Database::create();
    if database.is_postgres() {
        return;
    }
    let app = TestApp::on(std::sync::Arc::new(database), &[]);
    app.post_event(incoming("a", CALLER, LINE)).xml();
    let database = app.database.clone();
    drop(app);
    let path = database.url().strip_prefix("sqlite:").unwrap().to_owned();
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(b"this was a database once").unwrap();
    // With the last good routes it would answer calls until a backup takes the place of the file.
    std::fs::remove_file(database.routes_file()).unwrap();
    let (routes_file, spool) = (database.routes_file(), database.spool());
    let flags = ["--listen", "127.0.0.1:0", "--routes-file", &routes_file, "--spool", spool.to_str().unwrap()];
    let done = database.run(&flags, b"");
    assert_eq!(done.status, 2, "{done:?}");
    let line = done.stderr.trim_end();
    for said in ["--database-url", "damaged", "fernamt check", "restore a backup"] {
        assert!(line.contains(said), "{said}: {line}");
    }
    assert!(!line.contains('\n'), "{line}");
}
