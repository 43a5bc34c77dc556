//! Tests of file permissions: no other user may read what fernamt writes, because it contains callers and secrets.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::database::Database;
use crate::helpers::{Answers, CALLER, Done, LINE, Server, end_of, hung_up, incoming, log_line, signal};
use crate::spool::{in_spool, route, until};

/// Whatever is made without care is everybody's.
const WITHOUT_UMASK: [&str; 4] = ["sh", "-c", "umask 0; exec \"$@\"", "sh"];

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Every file there is now is its owner's alone; their names.
#[track_caller]
fn assert_private(folder: &Path) -> Vec<String> {
    let found = files_below(folder).into_iter();
    // What goes in between is none of ours.
    let found = found.filter_map(|file| fs::metadata(&file).ok().map(|metadata| (file, metadata.permissions().mode())));
    let found: Vec<_> = found.map(|(file, mode)| (file, format!("{:o}", mode & 0o777))).collect();
    let open: Vec<_> = found.iter().filter(|(_, mode)| mode != "600").collect();
    assert!(open.is_empty(), "{open:?}");
    found.into_iter().map(|(file, _)| file.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

struct Place<'a> {
    database: &'a Database,
    folder: &'a Path,
}

impl Place<'_> {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(WITHOUT_UMASK[0]);
        command.args(&WITHOUT_UMASK[1..]).arg(env!("CARGO_BIN_EXE_fernamt")).args(words);
        command.env("DATABASE_URL", self.database.url()).env("FERNAMT_SPOOL", self.folder.join("spool"));
        command.env("TMPDIR", self.folder).current_dir(self.folder);
        command
    }

    #[track_caller]
    fn run(&self, words: &[&str], input: &str) -> Done {
        let input_file = tempfile::NamedTempFile::new().unwrap();
        fs::write(input_file.path(), input).unwrap();
        let output = self.command(words).stdin(fs::File::open(input_file.path()).unwrap()).output().unwrap();
        assert_private(self.folder);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let done = Done {
            status: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        assert_eq!(done.status, 0, "{words:?}: {done:?}");
        done
    }
}

#[test]
fn every_file_that_is_ever_made_is_its_owners_alone() {
    let database = Database::create();
    let folder = database.spool().parent().unwrap().to_owned();
    let place = Place { database: &database, folder: &folder };
    let log = log_line("2026-11-22T08:05:00.000Z", &incoming("old", CALLER, LINE));
    place.run(&["import", "-"], &log);
    let flags = ["--answer-within", "60s"];
    let server = Server::at_by(&WITHOUT_UMASK, database.url(), &database.routes_file(), &flags);
    route(&server);
    assert_eq!(server.post_event(hung_up("a", "missed", 0)).status, 200);
    let names = assert_private(&folder);
    assert!(names.contains(&"fernamt-routes.json".to_owned()) && names.contains(&"spool".to_owned()), "{names:?}");
    if !database.is_postgres() {
        for name in ["fernamt.db", "fernamt.db-wal", "fernamt.db-shm"] {
            assert!(names.contains(&name.to_owned()), "{name}: {names:?}");
        }
        place.run(&["backup", "copy.db"], "");
        assert!(assert_private(&folder).contains(&"copy.db".to_owned()));
    }
    place.run(&["user", "add", "anna", "--role", "admin", "--password-stdin"], "correct horse battery\n");
    place.run(&["user", "list"], "");
    place.run(&["token", "add", "monitor", "--role", "viewer"], "");
    place.run(&["rebuild"], "");
    place.run(&["check"], "");
    place.run(&["export"], "");
    place.run(&["export", "--party", CALLER], "");
    place.run(&["forget", "--party", CALLER], "");
    place.run(&["forget", "--before", "2026-11-23"], "");
    place.run(&["simulate", &format!("http://{}", server.address()), "--flood", "--calls", "20"], "");
    drop(server);
    assert_private(&folder);
}

#[test]
fn what_waits_in_the_spool_and_what_is_rejected_is_its_owners_alone() {
    let database = Database::create();
    let folder = database.spool().parent().unwrap().to_owned();
    // A line that nobody can read is set aside.
    fs::write(database.spool(), "nonsense\n").unwrap();
    fs::set_permissions(database.spool(), PermissionsExt::from_mode(0o600)).unwrap();
    let server = Server::at_by(&WITHOUT_UMASK, database.url(), &database.routes_file(), &[]);
    until("it is set aside", || in_spool(&server) == 0 && folder.join("spool.rejected").exists());
    let lock = database.lock_writes();
    assert_eq!(server.post_event(hung_up("a", "missed", 0)).status, 200);
    until("it is in the spool", || in_spool(&server) == 1);
    assert_private(&folder);
    let other = Server::at_by(&WITHOUT_UMASK, database.url(), &database.routes_file(), &["--answer-within", "1s"]);
    let names = assert_private(&folder);
    assert!(names.contains(&"spool-2".to_owned()), "{names:?}");
    drop((lock, server, other));
}

#[test]
fn the_demo_keeps_its_folder_to_itself() {
    if Database::create().is_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let database = Database::create();
    let place = Place { database: &database, folder: folder.path() };
    let mut demo = place.command(&["demo", "--days", "2", "--listen", "127.0.0.1:0"]);
    let mut demo = demo.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(demo.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let names = assert_private(folder.path());
    let own = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir());
    let mode = fs::metadata(own.unwrap()).unwrap().permissions().mode();
    signal("-TERM", demo.id());
    end_of(&mut demo);
    assert!(line.contains("listens") && names.contains(&"demo.db".to_owned()), "{line} {names:?}");
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn files_of_an_earlier_version_that_others_may_read_are_told_of_at_the_start() {
    let database = Database::create();
    let start = || {
        let server = Server::start(&database, &["--log-format", "json"]);
        server.terminate();
        server.wait().stderr
    };
    assert!(!start().contains("chmod"));
    let file = match database.url().strip_prefix("sqlite:") {
        Some(file) => PathBuf::from(file),
        None => database.routes_file().into(),
    };
    fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let said = start();
    let told: Vec<_> = said.lines().filter(|line| line.contains("chmod 600")).collect();
    assert_eq!(told.len(), 1, "{said}");
    assert!(told[0].contains(file.to_str().unwrap()), "{said}");
}
