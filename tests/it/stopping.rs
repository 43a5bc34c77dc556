//! Tests of commands stopped by a signal: they end within two seconds, and print what they have done.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::helpers::{Answers, Database, Server, fernamt, hung_up, log_line, signal, times};
use crate::signed_in::GUARDED;

/// What two seconds are on a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(8);

fn start(flags: &[&str]) -> Child {
    let pipes = |command: &mut Command| {
        command.args(flags).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    pipes(&mut fernamt())
}

/// Sends the signal and waits for the end: exit status, standard output and standard error.
fn stop(mut child: Child, name: &str) -> (Option<i32>, String, String) {
    let sent = Instant::now();
    signal(name, child.id());
    while child.try_wait().unwrap().is_none() {
        if sent.elapsed() > SOON {
            let _ = child.kill();
            panic!("it goes on");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let (mut out, mut errors) = (String::new(), String::new());
    let _ = child.stdout.take().unwrap().read_to_string(&mut out);
    let _ = child.stderr.take().unwrap().read_to_string(&mut errors);
    (child.wait().unwrap().code(), out, errors)
}

/// Until it is at what it does.
fn settle() {
    std::thread::sleep(Duration::from_millis(1_500));
}

#[test]
fn commands_that_wait_for_input_end_when_they_are_told_to() {
    let database = Database::create();
    database.add_user("anna", "admin");
    let mut started = Vec::new();
    for (flags, says) in [
        (&["user", "add", "ben", "--role", "viewer", "--password-stdin"][..], "nothing was changed"),
        (&["user", "password", "anna", "--password-stdin"], "nothing was changed"),
        (&["contacts", "import", "-"], "nothing was changed"),
        (&["import", "-"], "lines 1 to 1000 are stored"),
    ] {
        for (signal, status) in [("-INT", 130), ("-TERM", 143)] {
            let mut child = start(&[flags, &["--database-url", database.url()]].concat());
            if flags[0] == "import" {
                let lines: String = (0..1_200)
                    .map(|i| log_line("2026-11-22T08:05:00.000Z", &hung_up(&format!("{i}"), "missed", 0)))
                    .collect();
                child.stdin.as_mut().unwrap().write_all(lines.as_bytes()).unwrap();
            }
            started.push((flags, child, signal, status, says));
        }
    }
    let is_imported = || database.count("from events") == 1_000;
    crate::accounts::wait_until("the first lines are stored", is_imported);
    settle();
    // Each of them takes more than a second to give up its input.
    std::thread::scope(|scope| {
        for (flags, child, signal, status, says) in started {
            scope.spawn(move || {
                let (code, out, errors) = stop(child, signal);
                assert_eq!((code, out.as_str()), (Some(status), ""), "{flags:?}: {errors}");
                assert!(errors.contains("fernamt: stopped: ") && errors.contains(says), "{flags:?}: {errors}");
            });
        }
    });
    assert_eq!((database.count("from users"), database.count("from events")), (1, 1_000));
    let checked = database.run(&["check"], b"");
    assert_eq!(checked.status, 0, "{}", checked.stdout);
}

#[test]
fn commands_that_nobody_reads_end_when_they_are_told_to() {
    let database = Database::create();
    let log: String =
        (0..3_000).map(|i| log_line("2026-11-22T08:05:00.000Z", &hung_up(&format!("{i}"), "missed", 0))).collect();
    database.import(&log, &[]);
    for (signal, status) in [("-INT", 130), ("-TERM", 143)] {
        let mut child = start(&["export", "--database-url", database.url()]);
        // From its first byte on it writes, until nothing more is taken.
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let (code, _, errors) = stop(child, signal);
        assert_eq!(code, Some(status), "{errors}");
        assert!(errors.contains("the output is not whole"), "{errors}");
    }
}

/// Stops the command a little later each time, until it has ended by itself.
fn stop_again_and_again(flags: &[&str]) {
    let later = 1.7_f64.powf(1.0 / times(1) as f64);
    let mut after = Duration::from_millis(10);
    while after < Duration::from_secs(60) {
        let child = start(flags);
        std::thread::sleep(after);
        after = after.mul_f64(later);
        let (code, _, errors) = stop(child, "-TERM");
        match code {
            Some(0) => return,
            // It was stopped after all was done.
            Some(1) if errors.contains("such a file already") => return,
            Some(143) => assert!(errors.contains("fernamt: stopped: "), "{flags:?}: {errors}"),
            // It was not heard yet: the process had just begun.
            None => {}
            Some(_) => panic!("{flags:?}: {errors}"),
        }
    }
    panic!("{flags:?} never comes to an end");
}

#[test]
fn commands_that_are_stopped_at_work_leave_everything_in_order() {
    let database = Database::create();
    database.import(&crate::histories::log(&crate::histories::history(73, times(300).min(1_000))), &[]);
    let whole = database.contents(true);
    let stop_often = |flags: &[&str]| stop_again_and_again(&[flags, &["--database-url", database.url()]].concat());
    let check = || {
        let checked = database.run(&["check"], b"");
        assert_eq!(checked.status, 0, "{}", checked.stdout);
    };
    stop_often(&["check"]);
    stop_often(&["rebuild"]);
    assert!(database.contents(true) == whole, "a rebuild that was stopped and begun again makes what there was");
    check();
    if !database.is_postgres() {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy.db");
        stop_often(&["backup", copy.to_str().unwrap()]);
        let count = "select count(*) from events";
        let kept: i64 = rusqlite::Connection::open(&copy).unwrap().query_row(count, [], |row| row.get(0)).unwrap();
        assert_eq!(kept, database.count("from events"));
    }
    stop_often(&["forget", "--before", "2099-01-01"]);
    let again = database.run(&["forget", "--before", "2099-01-01"], b"");
    assert!(again.status == 0 && again.stderr.contains("0 calls forgotten"), "{again:?}");
    check();
    assert_eq!(database.contents(true)[2].len(), whole[2].len());
}

#[test]
fn the_demo_ends_while_it_makes_up_calls() {
    for signal in ["-INT", "-TERM"] {
        let child = start(&["demo", "--days", "3650", "--listen", "127.0.0.1:0"]);
        settle();
        let (code, out, errors) = stop(child, signal);
        assert_eq!((code, out.as_str()), (Some(0), ""), "{errors}");
    }
}

#[test]
fn the_simulator_stops_and_tells_what_it_did_even_if_nothing_is_taken() {
    let database = Database::create();
    let server = Server::start(&database, &GUARDED);
    let url = format!("http://{}", server.address());
    let refused = |flags: &[&str]| start(&[&["simulate", &url], flags].concat());
    let stop_refused = |child: Child, signal: &str| {
        let (code, out, errors) = stop(child, signal);
        assert_eq!(code, Some(1), "{errors}");
        assert!(out.contains(" x 401") && errors.contains("nothing was acknowledged: answered 401"), "{out}{errors}");
    };
    // All that leave the server some time, at once.
    let children = ["-INT", "-TERM"].map(|signal| {
        (signal, refused(&["--rate", "20"]), start(&["simulate", &url, "--secret", "s", "--rate", "20"]))
    });
    settle();
    for (signal, refused, acknowledged) in children {
        stop_refused(refused, signal);
        let (code, out, errors) = stop(acknowledged, signal);
        assert_eq!(code, Some(0), "{errors}");
        assert!(out.contains("unanswered: 0") && !out.contains("of which 0 acknowledged"), "{out}");
    }
    let flood = refused(&["--flood"]);
    settle();
    stop_refused(flood, "-TERM");
}
