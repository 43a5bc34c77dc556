/// Texts of the warnings of probable mistakes in a table of routes.
pub struct WarningTexts {
    pub title: fn(usize, &str) -> String,
    pub no_last_resort: &'static str,
    pub never_matches: &'static str,
    pub for_nobody: &'static str,
    pub never_opens: &'static str,
    pub uncovered: fn(&str, &str) -> String,
    pub other_numbers: &'static str,
    pub always: &'static str,
    pub span: fn(&str, &str) -> String,
    pub from_on: fn(&str) -> String,
    pub more_times: fn(usize, &str) -> String,
    pub more: fn(usize, &str) -> String,
    pub unchecked: &'static str,
    pub check: fn(&str) -> &'static str,
}

/// The English texts.
pub const EN: WarningTexts = WarningTexts {
    title: |n, number| match n {
        1 => "One warning about the routes".to_owned(),
        _ => format!("{number} warnings about the routes"),
    },
    no_last_resort: "No route takes every call at all times. A last route without numbers, callers and hours catches what \
        is left.",
    never_matches: "never matches: all its calls are already answered by",
    for_nobody: "never matches: the lists that it names are empty.",
    never_opens: "never matches: its hours do not open within the next twelve months.",
    uncovered: |numbers, times| format!("Without a route for just any caller: {numbers} – {times}."),
    other_numbers: "numbers that no route names",
    always: "covered at no time within the next seven days",
    span: |start, end| format!("{start} to {end}"),
    from_on: |start| format!("from {start} on"),
    more_times: |n, number| match n {
        1 => "and one more time".to_owned(),
        _ => format!("and {number} more times"),
    },
    more: |n, number| match n {
        1 => "And one more warning.".to_owned(),
        _ => format!("And {number} more warnings."),
    },
    unchecked: "Not checked among so many routes:",
    check: |check| match check {
        "never_matches" => "whether every route can match",
        "never_opens" => "whether all hours open at some time",
        _ => "whether every number has a route at all times",
    },
};

/// The German texts.
pub const DE: WarningTexts = WarningTexts {
    title: |n, number| match n {
        1 => "Ein Hinweis zu den Routen".to_owned(),
        _ => format!("{number} Hinweise zu den Routen"),
    },
    no_last_resort: "Keine Route nimmt jeden Anruf zu jeder Zeit. Eine letzte Route ohne Nummern, Anrufer und Zeiten fängt \
        auf, was übrig bleibt.",
    never_matches: "passt nie: Alle ihre Anrufe beantwortet schon",
    for_nobody: "passt nie: Die Listen, die sie nennt, sind leer.",
    never_opens: "passt nie: Ihre Zeiten sind in den nächsten zwölf Monaten nicht offen.",
    uncovered: |numbers, times| format!("Für beliebige Anrufer ohne Route: {numbers} – {times}."),
    other_numbers: "Nummern, die keine Route nennt",
    always: "in den nächsten sieben Tagen zu keiner Zeit abgedeckt",
    span: |start, end| format!("{start} bis {end}"),
    from_on: |start| format!("ab {start}"),
    more_times: |n, number| match n {
        1 => "und eine weitere Zeit".to_owned(),
        _ => format!("und {number} weitere Zeiten"),
    },
    more: |n, number| match n {
        1 => "Und ein weiterer Hinweis.".to_owned(),
        _ => format!("Und {number} weitere Hinweise."),
    },
    unchecked: "Bei so vielen Routen nicht geprüft:",
    check: |check| match check {
        "never_matches" => "ob jede Route passen kann",
        "never_opens" => "ob alle Zeiten einmal offen sind",
        _ => "ob jede Nummer zu jeder Zeit eine Route hat",
    },
};
