//! Architecture tests: which modules may depend on which, so that the module tree remains a reliable map.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Pure rooms: time is a parameter there, nothing is read or written, and what is wrong is a code in no language.
const PURE: [&str; 6] = ["placetel", "calls", "contacts", "routing", "stats", "fields"];
const MAX_LINES: usize = 450;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `directory`, as paths relative to the repository with `/`.
fn files_below(directory: &Path) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    let entries = std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            let relative = path.strip_prefix(root()).unwrap();
            files.insert(relative.to_str().unwrap().replace('\\', "/"));
        }
    }
    files
}

/// The Rust files of `src` with their text.
fn sources() -> Vec<(String, String)> {
    sources_of("src")
}

/// The Rust files of a folder of the repository with their text.
pub fn sources_of(folder: &str) -> Vec<(String, String)> {
    let rust = files_below(&root().join(folder)).into_iter().filter(|path| path.ends_with(".rs"));
    rust.map(|path| (path.clone(), std::fs::read_to_string(root().join(&path)).unwrap())).collect()
}

fn is_in(path: &str, room: &str) -> bool {
    path.strip_prefix("src/").is_some_and(|path| {
        path == format!("{room}.rs") || path.strip_prefix(room).is_some_and(|rest| rest.starts_with('/'))
    })
}

/// The code of a line, without comments and texts.
pub fn code_in(line: &str) -> String {
    let code = line.split("//").next().unwrap_or_default();
    code.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

/// The lines of code that hold `word` as a word of its own. Comments and texts may name anything.
fn lines_naming(text: &str, word: &str) -> Vec<usize> {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    let named = |line: &str| {
        let code = code_in(line);
        code.match_indices(word)
            .any(|(at, _)| !code[..at].ends_with(part_of_name) && !code[at + word.len()..].starts_with(part_of_name))
    };
    (1..).zip(text.lines()).filter(|(_, line)| named(line)).map(|(number, _)| number).collect()
}

/// The code of a file without its tests.
pub fn without_tests<'a>(path: &str, text: &'a str) -> &'a str {
    if path.ends_with("/tests.rs") {
        return "";
    }
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.split("#[cfg(test)]\npub(super) mod tests {").next().unwrap_or_default()
}

/// Every place in `src` that names `word` although `allowed` says no. Tests may look at a clock.
fn trespasses<'a>(words: &'a [&str], allowed: impl Fn(&str) -> bool + 'a) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| !allowed(path)) {
        for word in words {
            let lines = lines_naming(without_tests(path, text), word);
            found.extend(lines.into_iter().map(|line| format!("{path}:{line} names {word}")));
        }
    }
    found
}

#[test]
fn the_pure_rooms_know_no_web_no_database_no_clock_and_no_files() {
    let foreign = [
        "actix_web",
        "actix_rt",
        "awc",
        "sqlx",
        "tokio",
        "SystemTime",
        "Utc::now",
        "Local::now",
        "Instant::now",
        "std::fs",
        "std::net",
        "std::env",
        "crate::store",
        "crate::web",
        "crate::app",
        "crate::cli",
        "crate::service",
        "crate::i18n",
        "crate::lang",
    ];
    let elsewhere = |path: &str| !PURE.iter().any(|room| is_in(path, room));
    assert_eq!(trespasses(&foreign, elsewhere), Vec::<String>::new());
}

#[test]
fn the_pure_rooms_speak_no_german() {
    // These recognise what people write, in either language.
    let listeners = ["src/contacts/columns.rs", "src/routing/hours/suggest.rs"];
    let is_german = |line: &str| line.split("//").next().unwrap_or_default().contains(|c| "äöüÄÖÜß„".contains(c));
    let mut found = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| PURE.iter().any(|room| is_in(path, room))) {
        let lines = (1..).zip(without_tests(path, text).lines()).filter(|(_, line)| is_german(line));
        found.extend(
            lines.map(|(number, _)| format!("{path}:{number}")).filter(|_| !listeners.contains(&path.as_str())),
        );
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn only_the_store_says_sqlx() {
    assert_eq!(trespasses(&["sqlx"], |path| is_in(path, "store")), Vec::<String>::new());
}

#[test]
fn only_web_and_app_say_actix() {
    let allowed = |path: &str| is_in(path, "web") || path == "src/app.rs";
    assert_eq!(trespasses(&["actix_web"], allowed), Vec::<String>::new());
}

#[test]
fn store_and_services_do_not_know_who_asks_them() {
    let elsewhere = |path: &str| !["store", "service"].iter().any(|room| is_in(path, room));
    assert_eq!(trespasses(&["crate::web", "crate::app", "crate::cli"], elsewhere), Vec::<String>::new());
    assert_eq!(trespasses(&["crate::service"], |path| !is_in(path, "store")), Vec::<String>::new());
}

#[test]
fn nobody_but_the_app_imports_the_web() {
    let allowed = |path: &str| is_in(path, "web") || path == "src/app.rs";
    assert_eq!(trespasses(&["crate::web"], allowed), Vec::<String>::new());
}

#[test]
fn the_clock_is_read_in_one_place() {
    let allowed = |path: &str| path == "src/clock.rs";
    assert_eq!(trespasses(&["SystemTime::now", "Utc::now", "Local::now"], allowed), Vec::<String>::new());
}

#[test]
fn pages_and_api_never_import_each_other() {
    let sources = sources_of("src");
    let imports = crate::circles::imports(&sources);
    let is_of = |path: &str, folder: &str| path.starts_with(&format!("src/web/{folder}/"));
    let pairs = imports.iter().flat_map(|(from, all)| all.iter().map(move |to| (*from, *to)));
    let crossing = pairs
        .filter(|(from, to)| (is_of(from, "pages") && is_of(to, "api")) || (is_of(from, "api") && is_of(to, "pages")));
    assert_eq!(crossing.collect::<Vec<_>>(), []);
}

#[test]
fn the_simulator_counts_without_the_code_that_it_is_compared_with() {
    // Its own tests read events and numbers with the product's code.
    let elsewhere = |path: &str| !is_in(path, "simulate");
    assert_eq!(trespasses(&["crate::calls", "crate::stats", "crate::store"], elsewhere), Vec::<String>::new());
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |engine: &str| {
        let directory = root().join("migrations").join(engine);
        let files = if directory.exists() { files_below(&directory) } else { BTreeSet::new() };
        files.into_iter().map(|path| path.rsplit('/').next().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn no_limit_is_a_bare_parameter() {
    // SQLite looks at its value, and plans the statement each time it is bound: write `limit cast($1 as bigint)`.
    let bare = |text: &str| text.contains("limit $") || text.contains("limit ?");
    let files: Vec<_> = sources().into_iter().filter(|(_, text)| bare(text)).map(|(path, _)| path).collect();
    assert_eq!(files, Vec::<String>::new());
}

#[test]
fn no_source_file_is_too_long_to_read() {
    let long: Vec<_> = sources()
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .collect();
    assert_eq!(long, Vec::new(), "at most {MAX_LINES} lines");
}

#[test]
fn names_are_found_as_words_and_not_in_comments_or_texts() {
    let text = "use sqlx::Pool;\n// sqlx\nlet sqlxish = 1;\nsqlx!(x) // fine\nlet level = \"sqlx=warn\";\n";
    assert_eq!(lines_naming(text, "sqlx"), [1, 4]);
    assert_eq!(lines_naming("let now = chrono::Utc::now();", "Utc::now"), [1]);
    assert!(is_in("src/store/mod.rs", "store") && is_in("src/store.rs", "store") && !is_in("src/storey.rs", "store"));
}
