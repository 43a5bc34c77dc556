//! Copies of the database, and whether what is stored is sound.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::database::Database;
use crate::helpers::{Answers, CALLER, Done, LINE, Server, SetAtTheEnd, TestApp, hung_up, incoming, run};
use crate::histories::{history, log};
use crate::spool::{in_spool, route, until};

fn back_up(database: &Database, file: &std::path::Path) -> Done {
    database.run(&["backup", file.to_str().unwrap()], b"")
}

fn copy_and_compare(app: &TestApp, file: &std::path::Path, round: usize) {
    let before: Vec<String> = (0..20).map(|number| format!("r{round}n{number}")).collect();
    for call in &before {
        app.post_event(incoming(call, CALLER, LINE)).xml();
        app.post_event(hung_up(call, "missed", 0)).xml();
    }
    let done = back_up(&app.database, file);
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    let url = format!("sqlite:{}", file.display());
    let copied = run(&["export", "--database-url", &url], b"").stdout;
    for call in &before {
        assert_eq!(copied.matches(&format!("call_id={call}&")).count(), 2, "{call}");
    }
    let checked = run(&["check", "--database-url", &url], b"");
    assert_eq!(checked.status, 0, "{checked:?}");
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
        let _at_the_end = SetAtTheEnd(&is_enough);
        for round in 0..3 {
            copy_and_compare(&app, &directory.path().join(format!("copy {round}.db")), round);
        }
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

/// The commands of docs/operations.md under this heading, block by block.
fn commands(heading: &str) -> Vec<String> {
    let document = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md")).unwrap();
    let (_, section) = document.split_once(&format!("\n### {heading}\n")).expect("the heading is there");
    let section = section.split("\n#").next().unwrap();
    let blocks = section.split("```sh\n").skip(1).map(|rest| rest.split_once("```").unwrap().0.to_owned());
    blocks.collect()
}

/// Types them in the folder of the database.
fn follow(database: &Database, commands: &str) -> Done {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_fernamt")).parent().unwrap().to_str().unwrap();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-euc", commands]).current_dir(database.spool().parent().unwrap()).env("PATH", path);
    shell.env_remove("DATABASE_URL");
    let output = shell.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A server that was backed up as the document says, took more, part of which is in its spool, and is gone.
fn backed_up_and_gone() -> Option<Database> {
    let database = Database::create();
    if database.is_postgres() {
        return None;
    }
    let server = Server::start(&database, &[]);
    route(&server);
    server.post_event(incoming("old", CALLER, LINE)).xml();
    let done = follow(&database, &commands("Backup")[0]);
    assert_eq!(done.status, 0, "{done:?}");
    server.post_event(hung_up("old", "missed", 0)).xml();
    server.post_event(incoming("new", CALLER, LINE)).xml();
    let lock = database.lock_writes();
    server.post_event(hung_up("spooled", "busy", 0)).xml();
    drop(server);
    drop(lock);
    Some(database)
}

#[test]
fn who_follows_the_document_gets_a_damaged_database_back_with_what_is_in_the_spool() {
    let Some(database) = backed_up_and_gone() else { return };
    let file = database.url().strip_prefix("sqlite:").unwrap();
    fs::write(file, "this was a database once").unwrap();
    let blocks = commands("Restore");
    let done = follow(&database, &blocks[0]);
    assert_eq!(done.status, 0, "{done:?}");
    assert!(done.stdout.contains("The database is sound"), "{done:?}");
    let done = follow(&database, &blocks[1]);
    assert!(done.status != 0 && done.stderr.contains("damaged"), "{done:?}");
    let server = Server::start(&database, &[]);
    until("the spool is empty", || in_spool(&server) == 0 && server.get("/readyz").status == 200);
    assert_eq!(server.call("old").ok()["event_count"], 1);
    assert_eq!(server.call("old").ok()["decision"]["route_name"], "All");
    assert_eq!(server.call("new").status, 404);
    assert_eq!(server.call("spooled").ok()["outcome"], "busy");
    assert_eq!(server.routes().ok()["items"][0]["name"], "All");
}

#[test]
fn what_came_after_the_copy_comes_back_from_the_old_file() {
    let Some(database) = backed_up_and_gone() else { return };
    for block in commands("Restore") {
        let done = follow(&database, &block);
        assert_eq!(done.status, 0, "{block}: {done:?}");
    }
    let server = Server::start(&database, &[]);
    until("the spool is empty", || in_spool(&server) == 0 && server.get("/readyz").status == 200);
    assert_eq!(server.call("old").ok()["outcome"], "missed");
    assert_eq!(server.call("new").ok()["state"], "ringing");
    assert_eq!(server.stats("").ok()["totals"]["calls"], 3);
    assert_eq!(database.count("from events where deliveries > 1"), 0);
    assert_eq!(database.run(&["check"], b"").status, 0);
}

#[test]
fn check_finds_a_page_that_is_damaged_and_asks_for_a_backup() {
    let database = Database::create();
    database.import(&log(&history(62, 400)), &[]);
    if database.is_postgres() {
        return;
    }
    let file = database.url().strip_prefix("sqlite:").unwrap();
    let sound = fs::read(file).unwrap();
    let page = database.count_of("rootpage", "from sqlite_schema where name = 'events'") as usize - 1;
    let mut damaged = sound.clone();
    damaged[page * 4096..][..4096].fill(0xa5);
    fs::write(file, &damaged).unwrap();
    let checked = database.run(&["check"], b"");
    let said = format!("{}{}", checked.stdout, checked.stderr).to_lowercase();
    assert!(checked.status != 0 && said.contains("damaged") && said.contains("restore a backup"), "{checked:?}");
    assert!(fs::read(file).unwrap() == damaged, "looking changes nothing");
    fs::write(file, &sound).unwrap();
    assert_eq!(database.run(&["check"], b"").status, 0);
}
