//! Architecture test: circles of files that import each other, directly or through others.

use std::collections::{BTreeMap, BTreeSet};

use crate::house::{code_in, sources_of, without_tests};

/// The path of a file's module, such as `["web", "pages"]`.
fn module_of(path: &str) -> Vec<String> {
    let mut parts: Vec<_> = path.trim_start_matches("src/").trim_end_matches(".rs").split('/').collect();
    if matches!(parts.last(), Some(&("mod" | "lib"))) {
        parts.pop();
    }
    parts.into_iter().map(str::to_owned).collect()
}

/// The code of a file, without comments, texts, tests and macros: what a macro names, those import who use it.
fn code_of(path: &str, text: &str) -> String {
    let mut is_macro = false;
    let is_code = |line: &&str| {
        is_macro = (is_macro || line.starts_with("macro_rules!")) && *line != "}";
        !is_macro
    };
    without_tests(path, text).lines().filter(is_code).map(code_in).collect::<Vec<_>>().join("\n")
}

/// Expands `a::{b, c::{d, e}}` to `a::b`, `a::c::d` and `a::c::e`.
fn expand(prefix: &str, tree: &str, paths: &mut BTreeSet<String>) {
    let (mut depth, mut begin) = (0, 0);
    let mut items = Vec::new();
    for (at, c) in tree.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&tree[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    items.push(&tree[begin..]);
    for item in items.into_iter().map(str::trim).filter(|item| !item.is_empty()) {
        match item.split_once('{') {
            Some((before, rest)) => {
                let rest = rest.trim_end().strip_suffix('}').unwrap_or(rest);
                expand(&format!("{prefix}{}", before.trim()), rest, paths);
            }
            None => {
                paths.insert(format!("{prefix}{}", item.split(" as ").next().unwrap_or_default().trim()));
            }
        }
    }
}

/// Every path that a file names: in `use`, and written out, but for who may see what (`pub(in crate::store)`).
fn paths_in(code: &str) -> BTreeSet<String> {
    let code = code.replace("pub(in crate::", "pub(in ");
    let mut paths = BTreeSet::new();
    let mut rest = String::new();
    let mut parts = code.split("use ");
    rest.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let is_statement = rest.is_empty() || rest.ends_with(|c: char| c.is_whitespace() || c == ')');
        match part.split_once(';') {
            Some((tree, after)) if is_statement => {
                expand("", tree, &mut paths);
                rest.push_str(after);
            }
            _ => rest.push_str(part),
        }
    }
    let words = rest.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ':' | '$')));
    let begins = ["crate::", "super::", "self::"];
    paths.extend(words.filter(|word| begins.iter().any(|begin| word.starts_with(begin))).map(str::to_owned));
    paths
}

/// The file that a path leads to, seen from a module.
fn file_of<'a>(path: &str, from: &[String], files: &'a BTreeMap<Vec<String>, String>) -> Option<&'a str> {
    let mut parts: Vec<&str> = path.split("::").collect();
    let mut module = match parts.first()? {
        &"crate" => Vec::new(),
        &("self" | "super") => from.to_vec(),
        // A module of this one.
        first if files.contains_key(&[from, &[(*first).to_owned()]].concat()) => from.to_vec(),
        // `for_both_engines! { use ingest::batch; … }` means modules of the store.
        first if from.first().is_some_and(|room| room == "store") => {
            let module = vec!["store".to_owned()];
            let is_one = files.contains_key(&[&module[..], &[(*first).to_owned()]].concat());
            if is_one { module } else { return None }
        }
        _ => return None,
    };
    while let Some(&first @ ("crate" | "self" | "super")) = parts.first() {
        parts.remove(0);
        if first == "super" {
            module.pop();
        }
    }
    for part in parts {
        let next = [&module[..], &[part.to_owned()]].concat();
        if !files.contains_key(&next) {
            break;
        }
        module = next;
    }
    files.get(&module).map(String::as_str)
}

/// Which file imports which.
pub fn imports(sources: &[(String, String)]) -> BTreeMap<&str, BTreeSet<&str>> {
    let files: BTreeMap<_, _> = sources.iter().map(|(path, _)| (module_of(path), path.clone())).collect();
    let names: BTreeSet<&str> = sources.iter().map(|(path, _)| path.as_str()).collect();
    let imported = |path: &str, text: &str| {
        let paths = paths_in(&code_of(path, text));
        let found = paths.iter().filter_map(|name| file_of(name, &module_of(path), &files));
        found.filter(|file| *file != path).filter_map(|file| names.get(file).copied()).collect()
    };
    sources.iter().map(|(path, text)| (path.as_str(), imported(path, text))).collect()
}

/// Everything that can be reached from a file.
fn reached<'a>(from: &'a str, imports: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(file) = next.pop() {
        for imported in imports.get(file).into_iter().flatten() {
            if seen.insert(*imported) {
                next.push(imported);
            }
        }
    }
    seen
}

/// The circles, the largest first.
fn circles(sources: &[(String, String)]) -> Vec<BTreeSet<&str>> {
    let imports = imports(sources);
    let reached: BTreeMap<_, _> = imports.keys().map(|file| (*file, reached(file, &imports))).collect();
    let circle = |file: &str| reached[file].iter().copied().filter(|other| reached[other].contains(file)).collect();
    let found: BTreeSet<BTreeSet<&str>> =
        reached.keys().map(|file| circle(file)).filter(|c: &BTreeSet<_>| c.len() > 1).collect();
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
    found
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut sources = sources_of("src");
    sources.retain(|(path, _)| !matches!(path.as_str(), "src/main.rs" | "src/allocator.rs"));
    assert_eq!(circles(&sources), Vec::<BTreeSet<&str>>::new());
}

#[test]
fn circles_are_found_through_any_kind_of_import() {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let sources = [
        file("src/lib.rs", "pub mod a;\npub mod b;\npub mod c;"),
        file("src/a/mod.rs", "use self::deep::Thing;\nmod deep;"),
        file("src/a/deep.rs", "use crate::{b::{B, self}, c};\n// use super::Nothing;"),
        file("src/b.rs", "fn f() { crate::a::deep::g() }"),
        file("src/store/mod.rs", "mod one;\nmod inner;\nmod three;\npub use three::Three;"),
        file(
            "src/store/three.rs",
            "macro_rules! makes {\n    () => { mod made { use super::*; } };\n}\npub(in crate::store) struct Three;",
        ),
        file("src/store/one.rs", "for_both_engines! {\n    use inner::two;\n}"),
        file("src/store/inner.rs", "mod two;"),
        file("src/store/inner/two.rs", "const TEXT: &str = \"use crate::c;\";\nuse super::super::one::One;"),
        file("src/c.rs", "use std::fmt;\n#[cfg(test)]\nmod tests {\n    use crate::a::deep;\n}"),
    ];
    let found: Vec<Vec<_>> = circles(&sources).into_iter().map(|circle| circle.into_iter().collect()).collect();
    assert_eq!(found, [["src/a/deep.rs", "src/b.rs"], ["src/store/inner/two.rs", "src/store/one.rs"]]);
}
