//! Copies of the database, and whether what is stored is sound.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::database::Database;
use crate::helpers::{Answers, CALLER, Done, LINE, TestApp, hung_up, incoming, run};
use crate::histories::{history, log};

fn back_up(database: &Database, file: &std::path::Path) -> Done {
    database.run(&["backup", file.to_str().unwrap()], b"")
}

#[test]
fn a_copy_taken_while_events_come_holds_everything_acknowledged_before() {
    let app = TestApp::start();
    let directory = tempfile::tempdir().unwrap();
    if app.database.is_postgres() {
        let done = back_up(&app.database, &directory.path().join("copy.db"));
        assert_eq!(done.status, 1);
        assert!(done.stderr.contains("pg_dump"), "{}", done.stderr);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        return;
    }
    let is_enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0.. {
                if is_enough.load(Ordering::Relaxed) {
                    break;
                }
                app.post_event(incoming(&format!("later{number}"), CALLER, LINE)).xml();
            }
        });
        for round in 0..3 {
            let before: Vec<String> = (0..20).map(|number| format!("r{round}n{number}")).collect();
            for call in &before {
                app.post_event(incoming(call, CALLER, LINE)).xml();
                app.post_event(hung_up(call, "missed", 0)).xml();
            }
            let file = directory.path().join(format!("copy {round}.db"));
            let done = back_up(&app.database, &file);
            assert_eq!((done.status, done.stderr.as_str()), (0, ""));
            let url = format!("sqlite:{}", file.display());
            let copied = run(&["export", "--database-url", &url], b"").stdout;
            for call in &before {
                assert_eq!(copied.matches(&format!("call_id={call}&")).count(), 2, "{call}");
            }
            let checked = run(&["check", "--database-url", &url], b"");
            assert_eq!(checked.status, 0, "{checked:?}");
        }
        is_enough.store(true, Ordering::Relaxed);
    });
    let names: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().ends_with(".part")), "{names:?}");
}

#[test]
fn a_copy_overwrites_nothing_and_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let database = Database::create();
    database.import(&log(&history(60, 20)), &[]);
    if database.is_postgres() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("copy.db");
    fs::write(&file, "precious").unwrap();
    let done = back_up(&database, &file);
    assert_eq!(done.status, 1);
    assert!(done.stderr.contains("copy.db") && done.stderr.contains("never overwrites"), "{}", done.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    fs::remove_file(&file).unwrap();
    assert_eq!(back_up(&database, &file).status, 0);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let done = back_up(&database, &directory.path().join("no such folder/copy.db"));
    assert_eq!(done.status, 1);
    assert!(done.stderr.contains("no such folder/copy.db"), "{}", done.stderr);
}

#[test]
fn check_tells_what_the_engine_finds_wrong() {
    let database = Database::create();
    database.import(&log(&history(61, 20)), &[]);
    assert_eq!(database.run(&["check"], b"").status, 0);
    if database.is_postgres() {
        return;
    }
    database.execute(
        "pragma foreign_keys = off; insert into decisions (call_key, xml, decided_ms) values (999999, '<Response/>', 0)",
    );
    let checked = database.run(&["check"], b"");
    assert_eq!(checked.status, 1, "{checked:?}");
    assert!(checked.stdout.contains("decisions: row 999999 belongs to nothing"), "{checked:?}");
    assert!(checked.stdout.contains("Restore a backup"), "{checked:?}");
}
