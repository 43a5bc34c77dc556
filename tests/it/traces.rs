//! Searches for traces of a text: in the bytes of files, in columns, in the planner's statistics.

use crate::database::Database;

/// The names of files and columns in which any of these texts is.
pub fn places_of(database: &Database, texts: &[&str]) -> Vec<String> {
    let found = if database.is_postgres() { columns_with(database, texts) } else { files_with(database, texts) };
    let spool = std::fs::read(database.spool()).unwrap_or_default();
    assert!(spool.is_empty(), "the spool holds {} bytes", spool.len());
    found
}

fn files_with(database: &Database, texts: &[&str]) -> Vec<String> {
    let folder = std::path::Path::new(database.url().strip_prefix("sqlite:").unwrap()).parent().unwrap();
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let has_any = |path: &std::path::PathBuf| {
        // Not by this process: closing the file would drop the locks of the server in it.
        let mut grep = std::process::Command::new("grep");
        grep.args(["-q", "-a", "-F"]).env("LC_ALL", "C");
        for text in texts {
            grep.args(["-e", *text]);
        }
        let code = grep.arg("--").arg(path).stderr(std::process::Stdio::null()).status().unwrap().code();
        // What has gone in between holds nothing any more.
        assert!([Some(0), Some(1)].contains(&code) || !path.exists(), "{}: grep ends with {code:?}", path.display());
        code == Some(0)
    };
    files.filter(has_any).map(|path| path.display().to_string()).collect()
}

fn columns_with(database: &Database, texts: &[&str]) -> Vec<String> {
    let columns = database.rows(
        "table_name || ' ' || column_name || ' ' || case data_type when 'bytea' then 'bytea' else 'text' end",
        "from information_schema.columns where table_schema = 'public' and data_type in ('text', 'bytea')",
    );
    let has_any = |column: &String| {
        let words: Vec<_> = column.trim_matches(['(', ')', '"']).split(' ').collect();
        let (table, name) = (words[0], words[1]);
        texts.iter().any(|text| {
            let position = match words[2] {
                "bytea" => format!("position(convert_to('{text}', 'UTF8') in {name})"),
                _ => format!("position('{text}' in {name})"),
            };
            database.count(&format!("from {table} where {position} > 0")) > 0
        })
    };
    assert!(columns.len() > 30, "{columns:?}");
    let known = |text: &&&str| {
        let values = "coalesce(cast(most_common_vals as text), '') || coalesce(cast(histogram_bounds as text), '')";
        database.count(&format!("from pg_stats where schemaname = 'public' and position('{text}' in {values}) > 0")) > 0
    };
    let planner = texts.iter().find(known).map(|text| format!("the planner knows {text}"));
    columns.into_iter().filter(has_any).chain(planner).collect()
}
