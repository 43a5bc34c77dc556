//! Tests of settings: an unusable value stops the start, with one line that names the flag.

use std::net::TcpListener;
use std::process::Stdio;

use rand::seq::IndexedRandom;

use crate::helpers::{Answers, CALLER, Database, Done, LINE, Server, chance, fernamt, incoming, run, times};

/// Flag, environment variable, and values that cannot be used.
const UNUSABLE: [(&str, &str, &[&str]); 15] = [
    ("listen", "FERNAMT_LISTEN", &["nowhere", "127.0.0.1", "127.0.0.1:65536", "0.0.0.0:0", "[::]:0", "", " "]),
    ("database-url", "DATABASE_URL", &["mysql://localhost/x", "fernamt.db", "", "postgres://127.0.0.1:1/nothing"]),
    ("time-zone", "FERNAMT_TIME_ZONE", &["Mars/Base", "CEST!", "", "+01:00"]),
    ("country", "FERNAMT_COUNTRY", &["XX", "Germany", "", "D", "BY"]),
    ("placetel-secret", "FERNAMT_PLACETEL_SECRET", &["", "a,,b", ",", "  "]),
    ("placetel-basic", "FERNAMT_PLACETEL_BASIC", &["nopassword", ":password", "user:", ""]),
    ("no-route", "FERNAMT_NO_ROUTE", &["maybe", "", "503"]),
    ("hangup-timeout", "FERNAMT_HANGUP_TIMEOUT", &["soon", "0s", "-1h", "", "10"]),
    ("business-hours", "FERNAMT_BUSINESS_HOURS", &["Mon-Fri 9-17", "always open", "", "25:00-26:00 Mo"]),
    ("service-level", "FERNAMT_SERVICE_LEVEL", &["20", "1500ms", "0s", "x", ""]),
    ("trusted-proxy", "FERNAMT_TRUSTED_PROXY", &["proxy", "10.0.0.0/33", "10.0.0.1,,10.0.0.2", ""]),
    ("tls-cert", "FERNAMT_TLS_CERT", &[""]),
    ("tls-key", "FERNAMT_TLS_KEY", &[""]),
    ("agent-figures", "FERNAMT_AGENT_FIGURES", &["false", "", "maybe", "0"]),
    ("answer-within", "FERNAMT_ANSWER_WITHIN", &["fast", "0ms", "-1s", ""]),
];

#[track_caller]
fn assert_refused(done: &Done, flag: &str, about: &str) {
    assert_eq!((done.status, done.stdout.as_str()), (2, ""), "{about}: {}", done.stderr);
    let lines: Vec<_> = done.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "{about}: {}", done.stderr);
    assert!(lines[0].contains(&format!("--{flag}")), "{about}: {}", lines[0]);
    assert!(lines[0].len() > flag.len() + 20, "{about}: {}", lines[0]);
}

/// What nobody set is usable, and touches nothing of this directory.
const FLAGS: [&str; 4] = ["--listen", "127.0.0.1:0", "--database-url", "sqlite::memory:"];

/// As flags that others give way to, without this one.
fn others(flag: &str) -> Vec<String> {
    let pairs = FLAGS.chunks(2).filter(|pair| pair[0] != format!("--{flag}"));
    pairs.flatten().map(|word| (*word).to_owned()).collect()
}

fn run_with(args: &[String], environment: &[(&str, &str)]) -> Done {
    let output = fernamt().args(args).envs(environment.iter().copied()).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn an_unusable_flag_is_named_in_one_line() {
    let mut chance = chance();
    for (flag, _, values) in UNUSABLE {
        for value in values.sample(&mut chance, times(2)) {
            let done = run_with(&[others(flag), vec![format!("--{flag}={value}")]].concat(), &[]);
            assert_refused(&done, flag, &format!("--{flag}={value}"));
        }
    }
    for (flag, value) in
        [("log-format", "xml"), ("log-format", ""), ("allow-unsigned", "maybe"), ("config", "/does/not/exist")]
    {
        let done = run_with(&[others(flag), vec![format!("--{flag}={value}")]].concat(), &[]);
        assert_refused(&done, flag, &format!("--{flag}={value}"));
    }
}

#[test]
fn an_unusable_variable_is_named_by_its_flag() {
    for (flag, variable, values) in UNUSABLE {
        let done = run_with(&others(flag), &[(variable, values[0])]);
        assert_refused(&done, flag, &format!("{variable}={}", values[0]));
    }
}

#[test]
fn an_unusable_line_of_the_file_is_named_by_its_flag() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = vec!["--config".to_owned(), file.path().to_str().unwrap().to_owned()];
    for (flag, _, values) in UNUSABLE {
        std::fs::write(file.path(), format!("{} = {:?}\n", flag.replace('-', "_"), values[0])).unwrap();
        let done = run_with(&[others(flag), config.clone()].concat(), &[]);
        assert_refused(&done, flag, &format!("{flag} in the file"));
    }
    for text in ["time_zone = 5\n", "zeitzone = \"Europe/Berlin\"\n", "= 1\n", "time_zone = \"Europe/Berlin\n"] {
        std::fs::write(file.path(), text).unwrap();
        assert_refused(&run_with(&[others("config"), config.clone()].concat(), &[]), "config", text);
    }
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "time_zone = \"Asia/Tokyo\"\nservice_level = \"10s\"\ncountry = \"AT\"\n").unwrap();
    let zone = |flags: &[&str], variables: &[(&str, &str)]| {
        let database = Database::create();
        let config = ["--config", file.path().to_str().unwrap()];
        let server = Server::start_with(&database, &[&config, flags].concat(), variables);
        let stats = server.stats("").ok();
        let text = |value: &serde_json::Value| value.to_string().trim_matches('"').to_owned();
        (text(&stats["period"]["time_zone"]), text(&stats["totals"]["service_level"]["within_seconds"]))
    };
    let pair = |zone: &str, seconds: &str| (zone.to_owned(), seconds.to_owned());
    assert_eq!(zone(&[], &[]), pair("Asia/Tokyo", "10"));
    let variables = [("FERNAMT_TIME_ZONE", "Europe/Vienna"), ("FERNAMT_SERVICE_LEVEL", "15s")];
    assert_eq!(zone(&[], &variables), pair("Europe/Vienna", "15"));
    assert_eq!(zone(&["--time-zone", "Europe/Rome"], &variables), pair("Europe/Rome", "15"));
}

#[test]
fn help_tells_every_setting_and_its_variable() {
    for args in [&["--help"][..], &["serve", "--help"], &["import", "--help"]] {
        let done = run(args, b"");
        assert_eq!((done.status, done.stderr.as_str()), (0, ""), "{args:?}");
        for (flag, variable, _) in UNUSABLE {
            assert!(done.stdout.contains(&format!("--{flag}")), "{args:?}: --{flag}");
            assert!(done.stdout.contains(variable), "{args:?}: {variable}");
        }
        for word in ["--config", "--log-format", "FERNAMT_LOG_FORMAT", "--allow-unsigned"] {
            assert!(done.stdout.contains(word), "{args:?}: {word}");
        }
    }
    let all = run(&["--help"], b"").stdout;
    for command in ["serve", "import", "export", "rebuild", "simulate"] {
        assert!(all.contains(command), "{command}");
        let done = run(&[command, "--help"], b"");
        assert_eq!((done.status, done.stderr.as_str()), (0, ""), "{command}");
    }
    for default in ["127.0.0.1:8080", "sqlite:fernamt.db", "Europe/Berlin", "250ms", "20s", "4h", "empty"] {
        assert!(all.contains(default), "{default}");
    }
}

#[test]
fn help_never_shows_secrets_of_the_environment() {
    let variables = [
        ("FERNAMT_PLACETEL_SECRET", "geheim-1"),
        ("FERNAMT_PLACETEL_BASIC", "u:geheim-2"),
        ("DATABASE_URL", "postgres://u:geheim-3@127.0.0.1:1/x"),
    ];
    for args in [&["--help"][..], &["simulate", "--help"], &["-h"]] {
        let args: Vec<_> = args.iter().map(|word| (*word).to_owned()).collect();
        let done = run_with(&args, &variables);
        assert!(!done.stdout.contains("geheim") && !done.stderr.contains("geheim"), "{args:?}");
    }
    // Nor does an error.
    let done = run_with(&["--listen".into(), "127.0.0.1:0".into()], &variables);
    assert_refused(&done, "database-url", "no such server");
    assert!(!done.stderr.contains("geheim"), "{}", done.stderr);
}

#[test]
fn the_version_is_told() {
    let done = run(&["--version"], b"");
    assert_eq!((done.status, done.stdout), (0, format!("fernamt {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn a_public_address_wants_a_guard_or_a_word() {
    for guard in [&["--placetel-secret", "s"][..], &["--placetel-basic", "u:p"], &["--allow-unsigned"]] {
        let database = Database::create();
        let server = Server::start(&database, &[&["--listen", "0.0.0.0:0"], guard].concat());
        assert!(server.first_line.contains("http://0.0.0.0:"), "{}", server.first_line);
    }
}

#[test]
fn an_address_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let database = Database::create();
    let done = database.run(&["--listen", &address], b"");
    assert_refused(&done, "listen", "in use");
    assert!(done.stderr.contains(&address), "{}", done.stderr);
}

#[test]
fn a_database_that_cannot_be_opened_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let garbage = directory.path().join("garbage.db");
    std::fs::write(&garbage, "this is no database, it only looks like a file ".repeat(100)).unwrap();
    let missing = directory.path().join("missing/fernamt.db");
    for path in [directory.path(), &garbage, &missing] {
        let url = format!("sqlite:{}", path.display());
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["export"], &["rebuild"], &["import", "-"]] {
            let done = run(&[command, &["--database-url", &url]].concat(), b"");
            assert_refused(&done, "database-url", &format!("{command:?} {url}"));
        }
    }
    assert!(!missing.exists() && std::fs::read(&garbage).unwrap().starts_with(b"this is no database"));
}

#[test]
fn a_database_of_a_newer_program_is_left_alone() {
    let database = Database::create();
    database.import("", &[]);
    database.execute(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
         select 9999, 'from the future', success, checksum, execution_time from _sqlx_migrations where version = 1",
    );
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["export"], &["rebuild"], &["import", "-"]] {
        let done = database.run(command, b"");
        assert_refused(&done, "database-url", &format!("{command:?}"));
        assert!(done.stderr.contains("newer"), "{}", done.stderr);
    }
    assert_eq!(database.count("from _sqlx_migrations where version = 9999"), 1);
}

#[test]
fn a_name_that_no_setting_has_stops_the_start_and_the_right_one_is_told() {
    for (wrong, meant) in [
        ("FERNAMT_TIMEZONE", "FERNAMT_TIME_ZONE"),
        ("FERNAMT_DATABASE_URL", "DATABASE_URL"),
        ("FERNAMT_PLACETEL_SECRETS_FILE", "FERNAMT_PLACETEL_SECRET_FILE"),
        ("FERNAMT_UNHEARD_OF", "--help"),
    ] {
        for command in [&[][..], &["user", "list"]] {
            let words: Vec<String> = command.iter().map(|word| (*word).to_owned()).chain(others("")).collect();
            let done = run_with(&words, &[(wrong, "x")]);
            assert_eq!((done.status, done.stdout.as_str(), done.stderr.lines().count()), (2, "", 1), "{done:?}");
            assert!(done.stderr.contains(wrong) && done.stderr.contains(meant), "{done:?}");
        }
    }
    // What the tests themselves are told is none of the program's names, and neither are names of others.
    let database = Database::create();
    assert_eq!(database.run(&["user", "list"], b"").status, 0);
}

#[test]
fn secrets_are_read_from_files() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "hush\n").unwrap();
    let path = file.path().to_str().unwrap();
    let database = Database::create();
    let server = Server::start_with(&database, &[], &[("FERNAMT_PLACETEL_SECRET_FILE", path)]);
    let body = incoming("signed", CALLER, LINE);
    server.post_event(body.clone()).problem(401);
    let signature = fernamt::placetel::signature::sign("hush", body.as_bytes());
    server.request("POST", "/placetel").header("X-PLACETEL-SIGNATURE", &signature).form(body).send().xml();
    let both = run_with(&others(""), &[("FERNAMT_PLACETEL_SECRET_FILE", path), ("FERNAMT_PLACETEL_SECRET", "x")]);
    assert_refused(&both, "placetel-secret", "both");
    let missing = run_with(&others(""), &[("FERNAMT_PLACETEL_BASIC_FILE", "/does/not/exist")]);
    assert_refused(&missing, "placetel-basic", "missing");
    assert!(missing.stderr.contains("/does/not/exist"), "{missing:?}");
}

#[test]
fn a_missing_folder_is_named() {
    for (flag, value) in
        [("database-url", "sqlite:/does/not/exist/fernamt.db"), ("spool", "/does/not/exist/fernamt.spool")]
    {
        let directory = tempfile::tempdir().unwrap();
        let database = format!("--database-url=sqlite:{}/fernamt.db", directory.path().display());
        let kept = (flag != "database-url").then_some(database);
        let words = ["--listen=127.0.0.1:0".to_owned(), format!("--{flag}={value}")].into_iter().chain(kept);
        let done = run_with(&words.collect::<Vec<_>>(), &[]);
        assert_refused(&done, flag, value);
        assert!(done.stderr.contains("/does/not/exist/") && done.stderr.contains("folder does not exist"), "{done:?}");
    }
}
