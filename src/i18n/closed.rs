/// Texts of the switch "closed until".
pub struct ClosedTexts {
    pub title: &'static str,
    pub what: &'static str,
    pub until_tomorrow: &'static str,
    pub until: &'static str,
    pub close: &'static str,
    pub is_closed: fn(&str) -> String,
    pub open: &'static str,
    pub not_a_time: &'static str,
}

/// The English texts.
pub const EN: ClosedTexts = ClosedTexts {
    title: "Close now",
    what: "Until then no opening hours are open: routes with hours do not match, those with not @name do.",
    until_tomorrow: "Closed until tomorrow 8:00",
    until: "Closed until",
    close: "Close",
    is_closed: |until| format!("Closed until {until}."),
    open: "Open again",
    not_a_time: "Please give day and time, such as 2026-12-24 08:00.",
};

/// The German texts.
pub const DE: ClosedTexts = ClosedTexts {
    title: "Jetzt schließen",
    what: "Bis dahin gilt keine Öffnungszeit: Routen mit Zeiten passen nicht, solche mit not @Name passen.",
    until_tomorrow: "Geschlossen bis morgen 8:00",
    until: "Geschlossen bis",
    close: "Schließen",
    is_closed: |until| format!("Geschlossen bis {until}."),
    open: "Wieder öffnen",
    not_a_time: "Bitte Tag und Uhrzeit angeben, etwa 24.12.2026 08:00.",
};
