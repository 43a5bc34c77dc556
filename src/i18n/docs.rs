/// Texts of the API documentation.
pub struct DocsTexts {
    pub title: &'static str,
    pub intro: &'static str,
    pub machine: &'static str,
    pub nav: &'static str,
    pub parameter: &'static str,
    pub place: &'static str,
    pub kind: &'static str,
    pub what: &'static str,
    pub required: &'static str,
    pub sent: &'static str,
    pub answer: &'static str,
    pub answers: &'static str,
    pub field: &'static str,
    pub types: &'static str,
    /// In the frame.
    pub link: &'static str,
}

/// The English texts.
pub const EN: DocsTexts = DocsTexts {
    title: "API",
    intro: "Whatever the pages show can be had as JSON and CSV, too.",
    machine: "For programs: OpenAPI",
    nav: "Contents",
    parameter: "Parameter",
    place: "In",
    kind: "Type",
    what: "Meaning",
    required: "required",
    sent: "What is sent",
    answer: "Answer",
    answers: "Answers",
    field: "Field",
    types: "Types",
    link: "API",
};

/// The German texts.
pub const DE: DocsTexts = DocsTexts {
    title: "API",
    intro: "Alles, was die Seiten zeigen, gibt es auch als JSON und CSV. Die Beschreibung ist englisch, wie die Namen darin.",
    machine: "Für Programme: OpenAPI",
    nav: "Inhalt",
    parameter: "Parameter",
    place: "Wo",
    kind: "Typ",
    what: "Bedeutung",
    required: "nötig",
    sent: "Gesendet wird",
    answer: "Antwort",
    answers: "Antworten",
    field: "Feld",
    types: "Typen",
    link: "API",
};
