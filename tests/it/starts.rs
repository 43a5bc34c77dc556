//! Tests of the table of start conditions in docs/operations.md: what keeps a server from a normal start, and what it
//! does then, with and without the last good routes. Where any routes are known, callers are answered and events kept.

#![allow(clippy::print_stdout, reason = "shown where a test fails: which row it was")]

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, Weak};

use rusqlite::Connection;

use crate::database::{Database, scratch};
use crate::helpers::{Answers, CALLER, LINE, Server, hung_up, incoming, run, times};
use crate::interrupted_rebuilds::interrupt_rebuild;
use crate::route_nodes::{BUSY, Removable, busy};
use crate::spool::{in_spool, until};
use crate::storage::{TOO_LARGE_IS_AN_ERROR, make_read_only, page, without_privileges};

/// What `--no-route` says unless told.
const NO_ROUTE: &str = "<Response/>";

/// Calls from before.
const MISSED: u32 = 10;

/// A server's files: the database in one folder, as on a disk of its own, the rest in another.
pub struct Place {
    pub folder: tempfile::TempDir,
    /// What it was copied from, shared by all tests that run at the same time.
    _first: Option<Arc<Place>>,
}

impl Place {
    /// After a server was here that had a route.
    pub fn new(with_good_routes: bool) -> Self {
        let first = Self::first();
        let place = Self { _first: Some(first.clone()), ..Self::empty() };
        fs::copy(first.file(), place.file()).unwrap();
        fs::copy(first.file(), place.folder.path().join("copy.db")).unwrap();
        fs::write(place.kept("spool"), "").unwrap();
        if with_good_routes {
            // They are of the database at this path.
            let routes = fs::read_to_string(first.routes_file()).unwrap();
            fs::write(place.routes_file(), routes.replace(&first.url(), &place.url())).unwrap();
        }
        place
    }

    fn first() -> Arc<Self> {
        static FIRST: Mutex<Weak<Place>> = Mutex::new(Weak::new());
        let mut first = FIRST.lock().unwrap();
        first.upgrade().unwrap_or_else(|| {
            let new = Arc::new(Self::with_a_server_gone());
            *first = Arc::downgrade(&new);
            new
        })
    }

    fn empty() -> Self {
        let place = Self { folder: tempfile::tempdir_in(scratch()).unwrap(), _first: None };
        fs::create_dir(place.disk()).unwrap();
        fs::create_dir(place.folder.path().join("kept")).unwrap();
        place
    }

    fn with_a_server_gone() -> Self {
        let place = Self::empty();
        let server = Server::at(&place.url(), &place.routes_file());
        assert_eq!(server.create_route(&busy()).status, 201);
        for number in 0..MISSED {
            assert_eq!(server.post_event(hung_up(&format!("before-{number}"), "missed", 0)).status, 200);
        }
        server.terminate();
        assert_eq!(server.wait().status, 0);
        place
    }

    fn kept(&self, name: &str) -> String {
        self.folder.path().join("kept").join(name).to_str().unwrap().to_owned()
    }

    pub fn disk(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    pub fn file(&self) -> PathBuf {
        self.disk().join("fernamt.db")
    }

    pub fn url(&self) -> String {
        format!("sqlite:{}", self.file().display())
    }

    pub fn routes_file(&self) -> String {
        self.kept("fernamt-routes.json")
    }

    /// Overwrites the pages in which these tables and indexes begin.
    pub fn damage(&self, names: &[&str]) {
        let connection = Connection::open(self.file()).unwrap();
        let root = |name: &&str| {
            let sql = "select rootpage from sqlite_schema where name = ?1";
            connection.query_row(sql, [name], |row| row.get::<_, u32>(0)).unwrap()
        };
        let roots: Vec<u32> = names.iter().map(root).collect();
        drop(connection);
        let mut file = fs::OpenOptions::new().write(true).open(self.file()).unwrap();
        for root in roots {
            file.seek(SeekFrom::Start(u64::from(root - 1) * 4096)).unwrap();
            file.write_all(&[0; 4096]).unwrap();
        }
    }

    /// As docs/operations.md says, but while the server runs.
    pub fn restore(&self) {
        let aside = self.folder.path().join("set-aside");
        fs::create_dir(&aside).unwrap();
        for name in ["fernamt.db", "fernamt.db-wal", "fernamt.db-shm"] {
            let _ = fs::rename(self.disk().join(name), aside.join(name));
        }
        let new = self.disk().join("fernamt.db.new");
        fs::copy(self.folder.path().join("copy.db"), &new).unwrap();
        fs::rename(new, self.file()).unwrap();
    }
}

/// One that nobody has answered before.
pub fn new_call() -> String {
    format!("new-{}", rand::random::<u64>())
}

/// What a row of the table expects of a server that starts.
pub struct Expected {
    /// What a caller is told meanwhile.
    pub answer: &'static str,
    /// Whether events are kept meanwhile.
    pub keeps: bool,
    /// What the log says.
    pub logged: &'static str,
    /// What pages say.
    pub shown: &'static str,
}

pub const DAMAGED: Expected =
    Expected { answer: BUSY, keeps: true, logged: "restore a backup", shown: "Its file is damaged" };

/// Answers and keeps what comes, says why it is in trouble, and is well by itself after `mend`.
#[track_caller]
pub fn answers_until(server: Server, expected: &Expected, mend: impl FnOnce(&Server)) {
    let Expected { answer, keeps, logged, shown } = expected;
    assert_eq!(server.post_event(incoming("caller", CALLER, LINE)).xml(), *answer);
    assert_eq!(server.post_event(hung_up("other", "missed", 0)).status, if *keeps { 200 } else { 503 });
    until("it is noticed", || server.get("/readyz").status == 503);
    assert_eq!(server.get("/healthz").status, 200);
    let page = page(&server, "/calls", "en");
    assert!(page.contains("The database has not worked since") && page.contains(shown), "{page}");
    // Again: nothing has become worse by what came.
    assert_eq!(server.post_event(incoming("again", CALLER, LINE)).xml(), *answer);
    mend(&server);
    until("it is well", || server.get("/readyz").status == 200);
    until("what waited is stored", || server.call("again").status == 200 && in_spool(&server) == 0);
    assert_eq!(server.call("other").status, if *keeps { 200 } else { 404 });
    let call = server.call("caller").ok();
    let name = if *answer == BUSY { "Busy".into() } else { serde_json::Value::Null };
    assert_eq!(call["decision"]["route_name"], name);
    until("its own routes answer", || server.post_event(incoming(&new_call(), CALLER, LINE)).xml() == BUSY);
    assert_eq!(server.stats("").ok()["totals"]["outcomes"]["missed"], MISSED + u32::from(*keeps));
    server.terminate();
    let done = server.wait();
    assert_eq!(done.status, 0, "{done:?}");
    assert!(done.stderr.contains(logged), "{logged}: {done:?}");
    assert!(done.stderr.len() < 20_000, "the log is flooded: {}", done.stderr.len());
}

/// Does both at the same time, because most of it is waiting.
fn with_and_without_good_routes(test: impl Fn(bool) + Sync) {
    let test = &test;
    std::thread::scope(|scope| {
        for is_known in [true, false] {
            scope.spawn(move || {
                println!("good routes: {is_known}");
                test(is_known);
            });
        }
    });
}

/// Each with what callers are told where no good routes are left.
#[test]
fn a_damaged_file_keeps_nobody_from_being_answered() {
    if Database::create().is_postgres() {
        return;
    }
    type Damage = fn(&Place);
    let rows: [(&str, Damage, &'static str); 9] = [
        ("header", |place| overwrite(&place.file(), 0, b"this was a database once"), NO_ROUTE),
        ("no database", |place| fs::write(place.file(), "some text ".repeat(900)).unwrap(), NO_ROUTE),
        ("half a file", |place| truncate(&place.file()), NO_ROUTE),
        ("an empty file", |place| fs::write(place.file(), "").unwrap(), NO_ROUTE),
        ("routes", |place| place.damage(&["routes"]), NO_ROUTE),
        ("calls", |place| place.damage(&["calls"]), BUSY),
        ("events", |place| place.damage(&["events"]), BUSY),
        ("an index", |place| place.damage(&["calls_by_party"]), BUSY),
        ("settings", |place| place.damage(&["settings"]), NO_ROUTE),
    ];
    std::thread::scope(|scope| {
        for (row, (what, damage, without)) in rows.into_iter().enumerate() {
            // Good routes answer in the same way whatever is damaged: some of the rows show it, with more time all do.
            let with_good_routes = (row % 4 == 0 || times(1) > 1).then_some((true, BUSY));
            scope.spawn(move || {
                for (is_known, answer) in with_good_routes.into_iter().chain([(false, without)]) {
                    println!("{what}, good routes: {is_known}");
                    let place = Place::new(is_known);
                    damage(&place);
                    let server = Server::at(&place.url(), &place.routes_file());
                    answers_until(server, &Expected { answer, ..DAMAGED }, |_| place.restore());
                }
            });
        }
    });
}

fn overwrite(file: &Path, at: usize, what: &[u8]) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at..at + what.len()].copy_from_slice(what);
    fs::write(file, bytes).unwrap();
}

fn truncate(file: &Path) {
    let bytes = fs::read(file).unwrap();
    fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
}

#[test]
fn a_folder_that_is_gone_is_waited_for_and_gets_no_new_database() {
    if Database::create().is_postgres() {
        return;
    }
    with_and_without_good_routes(|is_known| {
        let answer = if is_known { BUSY } else { NO_ROUTE };
        let place = Place::new(is_known);
        let away = place.folder.path().join("away");
        fs::rename(place.disk(), &away).unwrap();
        let server = Server::at(&place.url(), &place.routes_file());
        let expected = Expected { answer, keeps: true, logged: "there is no", shown: "is the disk mounted?" };
        answers_until(server, &expected, |_| {
            if is_known {
                // What the disk is mounted on, for a while.
                fs::create_dir(place.disk()).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(1_500));
                assert_eq!(fs::read_dir(place.disk()).unwrap().count(), 0, "nothing was made in place of it");
                fs::remove_dir(place.disk()).unwrap();
            }
            fs::rename(&away, place.disk()).unwrap();
        });
    });
}

/// Where nothing can be made beside the database, its own routes can be read all the same.
#[test]
fn a_folder_that_is_read_only_keeps_nobody_from_being_answered() {
    if Database::create().is_postgres() {
        return;
    }
    with_and_without_good_routes(|is_known| {
        let place = Place::new(is_known);
        let mode = |mode: &str| assert!(Command::new("chmod").arg(mode).arg(place.disk()).status().unwrap().success());
        mode("500");
        let server = Server::at_by(without_privileges(), &place.url(), &place.routes_file(), &[]);
        let expected =
            Expected { answer: BUSY, keeps: true, logged: "the last good routes", shown: "can only be read" };
        answers_until(server, &expected, |_| mode("700"));
    });
}

#[test]
fn a_database_that_is_read_only_keeps_nobody_from_being_answered() {
    with_and_without_good_routes(|is_known| {
        let database = Database::create();
        let server = Server::start(&database, &[]);
        server.create_route(&busy());
        server.terminate();
        server.wait();
        if !is_known {
            fs::remove_file(database.routes_file()).unwrap();
        }
        make_read_only(&database, true);
        let server = Server::started_by(without_privileges(), &database, &[]);
        assert_eq!(server.post_event(incoming("c", CALLER, LINE)).xml(), BUSY);
        assert_eq!(server.post_event(hung_up("c", "missed", 0)).status, 200);
        assert_eq!(server.get("/readyz").status, 503);
        make_read_only(&database, false);
        until("it is well", || server.get("/readyz").status == 200);
        until("all is stored", || server.call("c").status == 200 && in_spool(&server) == 0);
        assert_eq!(server.call("c").ok()["event_count"], 2);
    });
}

#[test]
fn a_full_disk_keeps_nobody_from_being_answered() {
    if Database::create().is_postgres() {
        return;
    }
    with_and_without_good_routes(|is_known| {
        let place = Place::new(is_known);
        let full = TOO_LARGE_IS_AN_ERROR[2].replace("exec", "ulimit -S -f 0; exec");
        let words = ["sh", "-c", &full, "sh"];
        let server = Server::at_by(&words, &place.url(), &place.routes_file(), &[]);
        let expected = Expected { answer: BUSY, keeps: false, logged: "the spool takes no events", shown: "" };
        answers_until(server, &expected, |server| {
            let process = server.process().to_string();
            assert!(
                Command::new("prlimit").args(["--pid", &process, "--fsize=unlimited:"]).status().unwrap().success()
            );
        });
    });
}

#[test]
fn a_database_that_cannot_be_reached_keeps_nobody_from_being_answered_but_at_the_first_start() {
    let removable = Removable::create();
    let server = removable.server();
    server.create_route(&busy());
    server.terminate();
    server.wait();
    fs::remove_file(removable.database.routes_file()).unwrap();
    removable.take_away();
    let server = removable.server();
    assert_eq!(server.post_event(incoming("a", CALLER, LINE)).xml(), NO_ROUTE);
    assert_eq!(server.post_event(hung_up("b", "missed", 0)).status, 200);
    assert_eq!((server.get("/readyz").status, server.get("/healthz").status), (503, 200));
    removable.give_back();
    until("it is well", || server.get("/readyz").status == 200);
    until("what waited is stored", || server.call("a").status == 200 && server.call("b").status == 200);
    until("its routes answer", || server.post_event(incoming(&new_call(), CALLER, LINE)).xml() == BUSY);
    server.terminate();
    let done = server.wait();
    assert!(done.stderr.contains("no routes are known"), "{done:?}");
}

/// Somebody has to set these right; good routes must not hide that.
#[test]
fn wrong_settings_a_taken_port_and_a_newer_database_stop_the_start_in_any_case() {
    let database = Database::create();
    let server = Server::start(&database, &[]);
    server.create_route(&busy());
    let taken = server.address().to_string();
    let routes_file = database.routes_file();
    let kept = fs::read(&routes_file).unwrap();
    let spool = database.spool();
    let start = |flags: &[&str]| {
        let listen: &[&str] = if flags.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:0"] };
        let spool: &[&str] = if flags.contains(&"--spool") { &[] } else { &["--spool", spool.to_str().unwrap()] };
        database.run(&[&["--routes-file", &routes_file], spool, listen, flags].concat(), b"")
    };
    let check = |flags: &[&str], said: &str| {
        for is_known in [true, false] {
            if is_known {
                fs::write(&routes_file, &kept).unwrap();
            } else {
                fs::remove_file(&routes_file).unwrap();
            }
            let done = start(flags);
            assert_eq!(done.status, 2, "{flags:?}, good routes: {is_known}: {done:?}");
            assert!(done.stderr.contains(said), "{said}: {done:?}");
        }
    };
    check(&["--listen", &taken], "--listen");
    server.terminate();
    server.wait();
    check(&["--country", "XX"], "--country");
    check(&["--spool", "/no/such/folder/spool"], "--spool");
    check(&["--time-zone", "Asia/Tokyo"], "--time-zone: the stored figures");
    interrupt_rebuild(&database, "yes");
    check(&["--time-zone", "Asia/Tokyo"], "--time-zone: the stored figures");
    database.execute(
        "insert into _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) \
         select 9999, description, installed_on, success, checksum, execution_time from _sqlx_migrations where version = 1",
    );
    check(&[], "newer");
    make_read_only(&database, true);
    let words = [without_privileges(), &[env!("CARGO_BIN_EXE_fernamt")]].concat();
    let output = Command::new(words[0])
        .args(&words[1..])
        .args(["--database-url", database.url(), "--listen", "127.0.0.1:0", "--routes-file", &routes_file])
        .args(["--spool", spool.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("newer"), "also where nothing can be written");
    make_read_only(&database, false);
}

#[test]
fn a_mistyped_path_at_the_first_start_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(at("letter.txt"), "Dear all, ".repeat(500)).unwrap();
    for (path, said) in [(at("no such folder/fernamt.db"), "there is no"), (at("letter.txt"), "no SQLite database")] {
        let done = run(&["--database-url", &format!("sqlite:{path}"), "--listen", "127.0.0.1:0"], b"");
        assert_eq!(done.status, 2, "{done:?}");
        assert!(done.stderr.contains("--database-url") && done.stderr.contains(said), "{done:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was made");
}
