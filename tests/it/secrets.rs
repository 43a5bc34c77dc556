//! Tests that secrets given to the program never leak: not in its log, its errors, its help or its pages.

use crate::database::Database;
use crate::helpers::{Answers, Done, Server, config, fernamt, form, hung_up};

const SECRET: &str = "geheim-4711";
const PASSWORD: &str = "losung-4712";
const STORED: &str = "datenbank-4713";
const CONFIDENTIAL: [&str; 3] = [SECRET, PASSWORD, STORED];

fn around() -> [(&'static str, String); 3] {
    [
        ("FERNAMT_PLACETEL_SECRET", format!("old,{SECRET}")),
        ("FERNAMT_PLACETEL_BASIC", format!("placetel:{PASSWORD}")),
        ("DATABASE_URL", format!("postgres://fernamt:{STORED}@127.0.0.1:1/fernamt")),
    ]
}

fn run(words: &[&str]) -> Done {
    let output = fernamt().args(words).envs(around()).env("RUST_LOG", "trace").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[track_caller]
fn assert_kept(what: &str, said: &str) {
    for secret in CONFIDENTIAL {
        assert!(!said.contains(secret), "{secret} in {what}: {said}");
    }
}

#[test]
fn help_and_errors_keep_what_they_were_told() {
    let commands = ["serve", "import", "export", "rebuild", "backup", "check", "simulate", "demo", "user", "token"];
    for command in commands {
        let done = run(&[command, "--help"]);
        assert_eq!(done.status, 0, "{done:?}");
        assert_kept(command, &done.stdout);
    }
    let flag = format!("--placetel-secret={SECRET}");
    let basic = format!("--placetel-basic={PASSWORD}");
    let url = format!("--database-url=mysql://u:{STORED}@localhost/x");
    for words in [
        &["--help"][..],
        &["--version"],
        &["serve"],
        &["export"],
        &["--time-zone", "Mars/Base"],
        &["--listen", "nowhere"],
        &[&flag, "--no-such-flag"],
        &[&basic],
        &[&url],
        &[&flag, &flag],
    ] {
        let done = run(words);
        assert_kept(&format!("{words:?}"), &format!("{}{}", done.stdout, done.stderr));
    }
}

#[test]
fn a_broken_settings_file_is_told_without_what_it_holds() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("fernamt.toml");
    for text in [
        format!("placetel_secret = {SECRET}\n"),
        format!("placetel_secret = \"{SECRET}\n"),
        format!("placetel_secret = [\"{SECRET}\"]\n"),
        format!("placetel_secret = \"{SECRET}\" \"{SECRET}\"\n"),
        format!("placetel_basic = \"{PASSWORD}\"\n"),
        format!("database_url = \"sqlite:x\"\nplacetel_secert = \"{SECRET}\"\n"),
    ] {
        std::fs::write(&file, &text).unwrap();
        let done = fernamt().args(["--config", file.to_str().unwrap(), "--listen", "127.0.0.1:0"]).output().unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{text}: {said}");
        assert!(said.contains("fernamt.toml") || said.contains("--placetel"), "{said}");
        assert_kept(&text, &said);
    }
}

#[test]
fn a_server_keeps_them_whatever_it_is_asked() {
    let database = Database::create();
    database.add_user_with("anna", "admin", &[]);
    let [secret, basic, _] = around();
    let environment = [(secret.0, secret.1.as_str()), (basic.0, basic.1.as_str()), ("RUST_LOG", "trace")];
    let server = Server::start_with(&database, &[], &environment);
    let event = |name: &str, value: &str| server.request("POST", "/placetel").header(name, value);
    let encoded = "cGxhY2V0ZWw6bG9zdW5nLTQ3MTI=";
    event("Authorization", &format!("Basic {encoded}")).form(hung_up("a", "missed", 0)).send().problem(401);
    event("Authorization", "Basic cGxhY2V0ZWw6d3Jvbmc=").form(hung_up("a", "missed", 0)).send().problem(401);
    event("X-PLACETEL-SIGNATURE", "00").form(hung_up("a", "missed", 0)).send().problem(401);
    let wrong = form(&[("name", "anna"), ("password", SECRET)]);
    assert_eq!(server.request("POST", "/login").form(wrong).send().status, 401);
    let bearer = format!("Bearer {SECRET}");
    server.request("GET", "/api/v1/stats").header("Authorization", &bearer).send().problem(401);
    for path in ["/", "/login", "/settings", "/metrics", "/api/v1/openapi.json", "/healthz", "/readyz"] {
        assert_kept(path, &server.get(path).to_string());
    }
    server.terminate();
    let done = server.wait();
    assert_kept("the log", &done.stderr);
    assert!(!done.stderr.contains(encoded), "{}", done.stderr);
    assert!(done.stderr.contains("TRACE") && !done.stderr.contains("correct horse"), "it says a lot");
}

#[test]
fn settings_do_not_show_them() {
    let database = Database::create();
    let flags = ["--placetel-secret", SECRET, "--placetel-basic", &format!("u:{PASSWORD}")];
    assert_kept("the settings", &format!("{:?}", config(&database, &flags)));
}
