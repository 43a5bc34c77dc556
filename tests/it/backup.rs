//! Tests of backups, and of the integrity check of what is stored.

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

/// A database that takes a moment to be copied.
fn large_database() -> Option<Database> {
    let database = Database::create();
    if database.is_postgres() {
        return None;
    }
    database.import(&log(&history(63, 600)), &[]);
    Some(database)
}

#[test]
fn a_copy_that_was_killed_does_not_block_its_name() {
    let Some(database) = large_database() else { return };
    let directory = tempfile::tempdir().unwrap();
    let (file, part) = (directory.path().join("copy.db"), directory.path().join("copy.db.part"));
    let mut left = 0;
    for _ in 0..20 {
        let words = ["backup", file.to_str().unwrap(), "--database-url", database.url()];
        let mut copying = crate::helpers::fernamt().args(words).spawn().unwrap();
        while !part.exists() && copying.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        copying.kill().unwrap();
        copying.wait().unwrap();
        left += usize::from(part.exists());
        if part.exists() && left > 1 {
            break;
        }
        // It was faster than we.
        let _ = fs::remove_file(&file);
    }
    assert!(part.exists(), "no copy was killed in time");
    let done = back_up(&database, &file);
    assert_eq!(done.status, 0, "{done:?}");
    assert!(!part.exists());
    let checked = run(&["check", "--database-url", &format!("sqlite:{}", file.display())], b"");
    assert_eq!(checked.status, 0, "{checked:?}");
}

#[test]
fn what_a_killed_copy_left_is_never_taken_from_somebody_else() {
    let Some(database) = large_database() else { return };
    let directory = tempfile::tempdir().unwrap();
    let (file, part) = (directory.path().join("copy.db"), directory.path().join("copy.db.part"));
    let lock = directory.path().join("copy.db.part.lock");
    // Another one is at it, and has not made its file yet.
    let locked = fs::File::create(&lock).unwrap();
    locked.try_lock().unwrap();
    let done = back_up(&database, &file);
    assert!(done.status == 1 && done.stderr.contains("another backup"), "{done:?}");
    assert!(!part.exists() && lock.exists());
    // Closing it is not enough: whatever starts a program at this moment has it open for a moment, too.
    locked.unlock().unwrap();
    // Somebody's own file.
    fs::write(&part, "precious").unwrap();
    let done = back_up(&database, &file);
    assert!(done.status == 1 && done.stderr.contains("copy.db.part"), "{done:?}");
    assert_eq!(fs::read_to_string(&part).unwrap(), "precious");
    assert!(!lock.exists(), "what was left behind is gone");
    // One of an earlier version is at it.
    fs::write(&part, "").unwrap();
    let locked = fs::File::open(&part).unwrap();
    locked.try_lock().unwrap();
    let done = back_up(&database, &file);
    assert!(done.status == 1 && done.stderr.contains("another backup"), "{done:?}");
    drop(locked);
    // It had got its name when it was killed, and that was moved.
    fs::remove_file(&part).unwrap();
    let moved = directory.path().join("moved.db");
    assert_eq!(back_up(&database, &moved).status, 0);
    fs::hard_link(&moved, &part).unwrap();
    let copy = fs::read(&moved).unwrap();
    assert_eq!(back_up(&database, &file).status, 0);
    assert!(fs::read(&moved).unwrap() == copy, "a finished copy was written over");
    assert!(!part.exists() && !lock.exists());
}

#[test]
fn of_two_copies_to_one_name_at_once_one_is_made() {
    let Some(database) = large_database() else { return };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("copy.db");
    let statuses: Vec<i32> = std::thread::scope(|scope| {
        let copies: Vec<_> = (0..4).map(|_| scope.spawn(|| back_up(&database, &file).status)).collect();
        copies.into_iter().map(|copy| copy.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 0).count(), 1, "{statuses:?}");
    let checked = run(&["check", "--database-url", &format!("sqlite:{}", file.display())], b"");
    assert_eq!(checked.status, 0, "{checked:?}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn sessions_that_an_earlier_version_left_behind_are_no_damage() {
    let database = Database::create();
    database.import(&log(&history(64, 5)), &[]);
    if database.is_postgres() {
        return;
    }
    database.execute(
        "pragma foreign_keys = off; insert into sessions (hash, user_id, agent, created_ms, seen_ms) values (x'00', 7, '', 0, 0)",
    );
    let checked = database.run(&["check"], b"");
    assert_eq!(checked.status, 0, "{checked:?}");
    assert!(
        checked.stdout.contains("accounts that are gone: 1.") && checked.stdout.contains("harmless"),
        "{checked:?}"
    );
    assert!(!checked.stdout.contains("estore a backup"), "{checked:?}");
    // As a database of before looks at its first start with this version.
    database.execute("delete from _sqlx_migrations where version = 14");
    let checked = database.run(&["check"], b"");
    assert_eq!((checked.status, database.count("from sessions")), (0, 0), "{checked:?}");
    assert!(!checked.stdout.contains("are gone"), "{checked:?}");
}
