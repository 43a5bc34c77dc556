/// Texts of lists of numbers.
pub struct ListsTexts {
    pub title: &'static str,
    pub intro: &'static str,
    pub none: &'static str,
    pub new: &'static str,
    pub edit: fn(&str) -> String,
    pub count: fn(usize, &str) -> String,
    pub numbers: &'static str,
    pub numbers_hint: &'static str,
    pub saved: fn(usize, &str) -> String,
    pub doubled: fn(usize, &str) -> String,
    pub known: &'static str,
    pub known_what: &'static str,
}

/// The English texts.
pub const EN: ListsTexts = ListsTexts {
    title: "Lists of numbers",
    intro: "A list is kept once and used in any number of routes as @name, for called numbers and for callers: blocked \
        numbers, for example, or the best customers.",
    none: "There is no list yet.",
    new: "New list",
    edit: |name| format!("List @{name}"),
    count: |n, number| format!("{number} {}", if n == 1 { "number" } else { "numbers" }),
    numbers: "Numbers",
    numbers_hint: "One per line, in any notation; 0221* means all that begin so, anonymous callers without a number. Also \
        pasted from a table: what follows ; , or a tab does not count.",
    saved: |n, number| format!("Saved: {number} {}.", if n == 1 { "number" } else { "numbers" }),
    doubled: |n, number| match n {
        1 => "One number was there twice and counts once.".to_owned(),
        _ => format!("{number} lines were there twice and count once."),
    },
    known: "Who that is",
    known_what: "Numbers of this list that have a name.",
};

/// The German texts.
pub const DE: ListsTexts = ListsTexts {
    title: "Nummernlisten",
    intro: "Eine Liste wird einmal gepflegt und in beliebig vielen Routen als @Name benutzt, bei den angerufenen Nummern \
        und bei den Anrufern: zum Beispiel gesperrte Nummern oder die besten Kunden.",
    none: "Es gibt noch keine Liste.",
    new: "Neue Liste",
    edit: |name| format!("Liste @{name}"),
    count: |n, number| format!("{number} {}", if n == 1 { "Nummer" } else { "Nummern" }),
    numbers: "Nummern",
    numbers_hint: "Eine je Zeile, in beliebiger Schreibweise; 0221* steht für alle, die so beginnen, anonymous für \
        Anrufer ohne Nummer. Auch aus einer Tabelle eingefügt: Was nach ; , oder Tabulator folgt, zählt nicht.",
    saved: |n, number| format!("Gespeichert: {number} {}.", if n == 1 { "Nummer" } else { "Nummern" }),
    doubled: |n, number| match n {
        1 => "Eine Nummer stand doppelt und zählt einmal.".to_owned(),
        _ => format!("{number} Zeilen waren doppelt und zählen einmal."),
    },
    known: "Wer das ist",
    known_what: "Nummern dieser Liste, die einen Namen haben.",
};
