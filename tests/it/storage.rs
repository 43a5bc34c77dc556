//! Tests of storage in trouble: locked, full, read-only, unreachable, damaged. They check what the PBX and callers are
//! answered, what people are told, and that everything is stored when it is over.

use std::io::{Seek, SeekFrom, Write};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::cluster::Cluster;
use crate::database::Database;
use crate::helpers::{Answers, CALLER, LINE, Server, TestApp, form, hung_up, incoming, log_line};
use crate::spool::{HANGUP, in_spool, route, until};

pub fn page(app: &impl Answers, path: &str, lang: &str) -> String {
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
fn a_first_start_on_a_damaged_file_says_what_to_do() {
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
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(b"this was a database once").unwrap();
    // With the last good routes it would answer calls until a backup takes the place of the file.
    std::fs::remove_file(database.routes_file()).unwrap();
    // Without a spool, too, nothing says that there ever was a database.
    std::fs::remove_file(database.spool()).unwrap();
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

#[track_caller]
fn assert_away(app: &impl Answers) {
    assert_eq!(app.get("/readyz").status, 503);
    assert_eq!(app.get("/healthz").status, 200);
    let metrics = app.get("/metrics");
    assert!(metrics.text().contains("fernamt_database_up 0"), "{metrics}");
    let shown = page(app, "/calls", "en");
    assert!(shown.contains("The database has not worked since"), "{shown}");
}

fn wait_for_the_end(app: &impl Answers) {
    until("it is over", || in_spool(app) == 0 && app.get("/readyz").status == 200);
    assert!(app.get("/metrics").text().contains("fernamt_database_up 1"));
    until("pages say nothing any more", || !page(app, "/calls", "en").contains("role=\"alert\""));
}

/// With this, too large a file is an error, as it is on a full disk, and not the end of the program.
pub const TOO_LARGE_IS_AN_ERROR: [&str; 4] = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"];

/// How long its files may be from now on.
fn limit_files(server: &Server, bytes: &str) {
    let (process, limit) = (server.process().to_string(), format!("--fsize={bytes}:"));
    assert!(Command::new("prlimit").args(["--pid", &process, &limit]).status().unwrap().success());
}

#[test]
fn a_full_disk_fills_the_spool_and_then_refuses_all_but_incoming_calls() {
    let database = Database::create();
    let server = Server::started_by(&TOO_LARGE_IS_AN_ERROR, &database, &[]);
    route(&server);
    // The disk of a PostgreSQL is not ours.
    let lock = database.is_postgres().then(|| database.lock_writes());
    limit_files(&server, "8192");
    assert_eq!(server.post_event(incoming("c", CALLER, LINE)).xml(), HANGUP);
    assert_eq!(server.post_event(hung_up("c", "missed", 0)).status, 200);
    until("both are in the spool", || in_spool(&server) == 2);
    assert_away(&server);
    let large = |number: usize| {
        form(&[
            ("call_id", &format!("l{number}")),
            ("event", "HungUp"),
            ("type", "missed"),
            ("note", &"x".repeat(1_500)),
        ])
    };
    let answers: Vec<_> = (0..6).map(|number| server.post_event(large(number))).collect();
    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    // 2 KB each, as they are written, in what is left of 8 KiB.
    assert_eq!((taken.len(), refused.len()), (3, 3));
    for answer in &refused {
        answer.problem(503);
        assert!(answer.header("Retry-After").is_some(), "{answer}");
    }
    for call in ["d", "e", "f"] {
        assert_eq!(server.post_event(incoming(call, CALLER, LINE)).xml(), HANGUP);
    }
    // What waits in memory for a caller who was answered lets nobody else wait.
    server.post_event(large(7)).problem(503);
    assert_away(&server);
    drop(lock);
    limit_files(&server, "unlimited");
    wait_for_the_end(&server);
    until("all are stored", || server.stats("").ok()["totals"]["calls"] == 7);
    assert_eq!(server.stats("").ok()["totals"]["outcomes"]["missed"], 4);
    assert_eq!(server.call("f").ok()["decision"]["route_name"], "All");
    let metrics = server.get("/metrics");
    let refused = "fernamt_deliveries_total{event=\"hung_up\",result=\"not_stored\"} 4";
    assert!(metrics.text().contains(refused), "{metrics}");
    server.terminate();
    let done = server.wait();
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert_eq!(done.stderr.matches("the spool takes no events").count(), 1, "{}", done.stderr);
}

/// Whoever may write to any file must not here.
pub fn without_privileges() -> &'static [&'static str] {
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout == b"0\n" { &["setpriv", "--bounding-set=-dac_override"] } else { &["env"] }
}

pub fn make_read_only(database: &Database, is_read_only: bool) {
    if let Some(file) = database.url().strip_prefix("sqlite:") {
        let mode = if is_read_only { "400" } else { "600" };
        // What stands beside it is made as it is.
        let files = ["", "-wal", "-shm"].map(|ending| format!("{file}{ending}"));
        let there = files.iter().filter(|file| std::fs::exists(file).unwrap());
        assert!(Command::new("chmod").arg(mode).args(there).status().unwrap().success());
        return;
    }
    let name = database.url().rsplit_once('/').unwrap().1;
    let value = if is_read_only { "on" } else { "off" };
    database.execute(&format!(
        "begin read write; alter database {name} set default_transaction_read_only = {value}; commit; \
         select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}' and pid <> pg_backend_pid()"
    ));
}

#[test]
fn a_database_that_is_read_only_at_the_start_and_writable_later_needs_no_second_start() {
    let database = Database::create();
    let server = Server::start(&database, &[]);
    route(&server);
    server.terminate();
    assert_eq!(server.wait().status, 0);
    make_read_only(&database, true);
    let server = Server::started_by(without_privileges(), &database, &[]);
    assert_eq!(server.post_event(incoming("c", CALLER, LINE)).xml(), HANGUP);
    assert_eq!(server.post_event(hung_up("c", "missed", 0)).status, 200);
    // Who may see more is told by the database alone.
    let waiting = || std::fs::metadata(database.spool()).unwrap().len() > 0;
    assert!(waiting());
    assert_eq!((server.get("/healthz").status, server.get("/readyz").status), (200, 503));
    assert_eq!(server.get("/metrics").status, 503);
    make_read_only(&database, false);
    until("it is there", || server.get("/readyz").status == 200);
    wait_for_the_end(&server);
    assert_eq!(server.call("c").ok()["event_count"], 2);
    assert_eq!(server.call("c").ok()["decision"]["route_name"], "All");
}

#[test]
fn postgres_may_go_and_come_back() {
    if !Database::create().is_postgres() {
        return;
    }
    let cluster = Cluster::start();
    let database = Database::on_cluster(cluster.url.clone());
    let server = Server::start(&database, &[]);
    route(&server);
    for round in 0..2 {
        let call = format!("c{round}");
        cluster.crash();
        assert_eq!(server.post_event(incoming(&call, CALLER, LINE)).xml(), HANGUP);
        assert_eq!(server.post_event(hung_up(&call, "missed", 0)).status, 200);
        until("both are in the spool", || in_spool(&server) == 2);
        assert_away(&server);
        // What needs the database says so, in both languages.
        for (lang, said) in [("de", "Die Datenbank antwortet nicht"), ("en", "The database does not answer")] {
            let request = server.request("GET", "/calls").header("Accept", "text/html");
            let answer = request.header("Accept-Language", lang).send();
            assert_eq!(answer.status, 503);
            assert!(answer.text().contains(said), "{answer}");
        }
        server.calls("").problem(503);
        cluster.start_again();
        wait_for_the_end(&server);
        assert_eq!(server.call(&call).ok()["event_count"], 2);
    }
    assert_eq!(server.stats("").ok()["totals"]["outcomes"]["missed"], 2);
    assert_eq!(database.count("from events where deliveries > 1"), 0);
}

#[test]
fn an_event_that_the_database_rejects_is_refused_and_set_aside_and_others_go_on() {
    let app = TestApp::start();
    app.database.execute(if app.database.is_postgres() {
        "alter table events add check (position(convert_to('poison', 'UTF8') in body) = 0)"
    } else {
        "create trigger poisoned before insert on events when instr(new.body, 'poison') > 0 \
         begin select raise(abort, 'poison'); end"
    });
    let bodies: Vec<String> = (0..20).map(|number| hung_up(&format!("c{number}"), "missed", 0)).collect();
    let poisoned = format!("{}&note=poison", hung_up("bad", "missed", 0));
    std::thread::scope(|scope| {
        for body in &bodies {
            scope.spawn(|| assert_eq!(app.post_event(body.clone()).status, 200));
        }
        scope.spawn(|| assert_eq!(app.post_event(poisoned.clone()).status, 503));
    });
    assert_eq!(app.database.count("from events"), 20);
    let aside = format!("{}.rejected", app.database.spool().display());
    let kept = std::fs::read_to_string(aside).unwrap();
    let kept: serde_json::Value = serde_json::from_str(kept.trim()).unwrap();
    assert_eq!(STANDARD.decode(kept["body"].as_str().unwrap()).unwrap(), poisoned.as_bytes());
    assert_eq!(app.get("/readyz").status, 200, "the database is fine");
}

#[test]
fn a_file_that_is_damaged_while_it_runs_loses_no_event_and_keeps_no_caller_waiting() {
    let database = Database::create();
    let Some(file) = database.url().strip_prefix("sqlite:").map(ToOwned::to_owned) else { return };
    let copy = format!("{file}.copy");
    // More than is kept in memory.
    let note = "x".repeat(7_000);
    let body = |number: usize| format!("{}&note={note}", hung_up(&format!("{:064x}", number * 7_919), "missed", 0));
    let log: String = (0..1_500).map(|number| log_line("2026-11-22T08:05:00.000Z", &body(number))).collect();
    database.import(&log, &[]);
    let server = Server::start(&database, &[]);
    route(&server);
    assert_eq!(database.run(&["backup", &copy], b"").status, 0);
    // By another process: closing the file would drop locks of this one.
    let (target, pages) = (format!("of={file}"), std::fs::metadata(&file).unwrap().len() / 4_096);
    let count = format!("count={}", pages - 100);
    let damage = ["if=/dev/zero", &target, "bs=4096", "seek=100", &count, "conv=notrunc", "status=none"];
    assert!(Command::new("dd").args(damage).status().unwrap().success());
    let mut sent = 0;
    until("it is noticed", || {
        sent += 1;
        assert_eq!(server.post_event(hung_up(&format!("new{sent}"), "missed", 0)).status, 200);
        in_spool(&server) > 0
    });
    assert_eq!(server.post_event(incoming("caller", CALLER, LINE)).xml(), HANGUP);
    assert_eq!(server.get("/readyz").status, 503);
    assert!(page(&server, "/live", "en").contains("The database has not worked since"));
    server.terminate();
    server.wait();
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{file}{ending}"));
    }
    std::fs::copy(copy, &file).unwrap();
    let server = Server::start(&database, &[]);
    wait_for_the_end(&server);
    assert!(server.stats("").ok()["totals"]["calls"].as_u64().unwrap() > 0);
    assert_eq!(server.call("caller").ok()["decision"]["route_name"], "All");
    assert_eq!(database.run(&["check"], b"").status, 0);
}
