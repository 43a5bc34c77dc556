//! Storage in trouble: what callers, Placetel and people on the pages are told, and what becomes of the events.

use std::fs::{self, Permissions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::database::Database;
use crate::helpers::{Answers, CALLER, LINE, PROGRAM, Server, TestApp, fernamt_by, hung_up, incoming};
use crate::spool::{HANGUP, in_spool, route, until};

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
    // What stands in the write-ahead log would hide the damage.
    database.execute("pragma wal_checkpoint(truncate)");
    let path = database.url().strip_prefix("sqlite:").unwrap().to_owned();
    let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(b"this was a database once").unwrap();
    // With the last good routes it would answer calls until a backup takes the place of the file.
    fs::remove_file(database.routes_file()).unwrap();
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

/// No file of the server can become longer, as on a disk that is full; `None`: somebody made room.
fn limit_files(server: &Server, bytes: Option<u64>) {
    let process = Pid::from_raw(server.process().try_into().unwrap());
    prlimit(process, Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
}

fn is_up(server: &Server) -> bool {
    server.get("/metrics").text().contains("fernamt_database_up 1")
}

#[test]
fn a_full_disk_costs_no_caller_an_answer_and_no_acknowledged_event() {
    let database = Database::create();
    // A program is told by a signal, which ends it, unless it is ignored: then writing fails, as on a full disk.
    let ignoring = ["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""];
    let server = Server::by(fernamt_by(&ignoring, PROGRAM), &database);
    route(&server);
    // PostgreSQL is not on this disk: it is away by itself.
    let lock = database.is_postgres().then(|| database.lock_writes());
    let room_for_a_few = 8 * 1024;
    limit_files(&server, Some(room_for_a_few));
    let answers = |number: u32| server.post_event(hung_up(&format!("c{number}"), "missed", 0)).status;
    let refused = (0..).find(|&number| answers(number) != 200).unwrap();
    assert!((3..200).contains(&refused), "the spool takes some: {refused}");
    assert_eq!(answers(refused), 503);
    assert_eq!(server.post_event(incoming("asked", CALLER, LINE)).xml(), HANGUP);
    assert_eq!((server.get("/readyz").status, is_up(&server)), (503, false));
    assert!(page(&server, "/calls", "en").contains("The database has not worked since"));
    limit_files(&server, None);
    drop(lock);
    until("all are stored", || in_spool(&server) == 0 && is_up(&server));
    until("the caller's, too", || server.call("asked").status == 200);
    assert_eq!(server.call("asked").ok()["decision"]["route_name"], "All");
    assert_eq!(answers(refused), 200);
    let calls = database.rows("call_id", "from calls");
    assert_eq!(calls.len() as u32, refused + 2, "one each, and the caller");
    assert_eq!(database.count("from events"), calls.len() as i64);
    server.terminate();
    let done = server.wait();
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert_eq!(done.stderr.matches("the spool takes no events").count(), 1, "{}", done.stderr);
}

/// The program run by somebody for whom files can be read-only: for root they never are.
fn somebody(directory: &Path) -> std::process::Command {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return fernamt_by(&["env"], PROGRAM);
    }
    const NOBODY: u32 = 65_534;
    let program = directory.join("program");
    fs::copy(PROGRAM, &program).unwrap();
    chown(directory, Some(NOBODY), None).unwrap();
    for entry in fs::read_dir(directory).unwrap() {
        chown(entry.unwrap().path(), Some(NOBODY), None).unwrap();
    }
    let uid = NOBODY.to_string();
    fernamt_by(&["setpriv", "--reuid", &uid, "--clear-groups"], program.to_str().unwrap())
}

#[test]
fn a_read_only_file_costs_no_caller_an_answer() {
    let database = Database::create();
    let Some(file) = database.url().strip_prefix("sqlite:").map(ToOwned::to_owned) else { return };
    let server = Server::start(&database, &[]);
    route(&server);
    server.terminate();
    assert_eq!(server.wait().status, 0);
    fs::set_permissions(&file, Permissions::from_mode(0o400)).unwrap();
    let directory = Path::new(&file).parent().unwrap();
    let server = Server::by(somebody(directory), &database);
    assert_eq!(server.post_event(incoming("a", CALLER, LINE)).xml(), HANGUP);
    assert_eq!(server.post_event(hung_up("a", "missed", 0)).status, 200);
    assert_eq!((server.get("/readyz").status, is_up(&server)), (503, false));
    // SQLite gives the files beside it the same permissions.
    let is_part = |path: &Path| path.to_string_lossy().starts_with(&file);
    let parts = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).filter(|path| is_part(path));
    parts.for_each(|part| fs::set_permissions(part, Permissions::from_mode(0o600)).unwrap());
    until("both are stored", || in_spool(&server) == 0 && is_up(&server));
    assert_eq!(server.call("a").ok()["event_count"], 2);
}
