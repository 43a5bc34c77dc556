use crate::stats::series::Series;

/// Texts of the overview, the first page.
pub struct OverviewTexts {
    pub title: &'static str,
    pub connected: fn(&str) -> String,
    pub newest: fn(&str) -> String,
    pub definition: fn(&str) -> String,
    pub per_hour: &'static str,
    pub per_day: &'static str,
    pub per_week: &'static str,
    pub per_month: &'static str,
    pub series: fn(Series) -> &'static str,
    pub series_what: &'static str,
    pub table: &'static str,
    pub when: &'static str,
    pub total: &'static str,
    pub week: fn(u32, i32) -> String,
    pub short_week: fn(u32) -> String,
    pub no_calls: &'static str,
    pub too_long: &'static str,
    pub last_calls: &'static str,
    pub all_calls: &'static str,
}

/// The English texts.
pub const EN: OverviewTexts = OverviewTexts {
    title: "Overview",
    connected: |when| format!("Connected: the newest call began {when}"),
    newest: |when| format!("The newest call began {when}"),
    definition: |what| format!("What does “{what}” mean?"),
    per_hour: "Calls per hour",
    per_day: "Calls per day",
    per_week: "Calls per week",
    per_month: "Calls per month",
    series: |series| match series {
        Series::Accepted => "Accepted",
        Series::Missed => "Missed",
        Series::Voicemail => "Voicemail",
        Series::Unreached => "Not reached",
        Series::Other => "Other",
    },
    series_what: "Not reached: outbound calls that found nobody (busy, canceled, unavailable, congestion). Other: \
        blocked, unknown, still running.",
    table: "The same as a table",
    when: "When",
    total: "Total",
    week: |week, year| format!("Week {week}, {year}"),
    short_week: |week| format!("W{week}"),
    no_calls: "No calls in this period.",
    too_long: "This period is too long for a chart. Choose a shorter one.",
    last_calls: "Latest calls",
    all_calls: "All calls of this period",
};

/// The German texts.
pub const DE: OverviewTexts = OverviewTexts {
    title: "Übersicht",
    connected: |when| format!("Verbunden: der neueste Anruf begann {when}"),
    newest: |when| format!("Der neueste Anruf begann {when}"),
    definition: |what| format!("Was bedeutet „{what}“?"),
    per_hour: "Anrufe pro Stunde",
    per_day: "Anrufe pro Tag",
    per_week: "Anrufe pro Woche",
    per_month: "Anrufe pro Monat",
    series: |series| match series {
        Series::Accepted => "Angenommen",
        Series::Missed => "Verpasst",
        Series::Voicemail => "Voicemail",
        Series::Unreached => "Nicht erreicht",
        Series::Other => "Sonstige",
    },
    series_what: "Nicht erreicht: ausgehende Anrufe, die niemanden fanden (besetzt, abgebrochen, nicht erreichbar, \
        überlastet). Sonstige: blockiert, unbekannt, noch laufend.",
    table: "Dasselbe als Tabelle",
    when: "Wann",
    total: "Gesamt",
    week: |week, year| format!("KW {week} {year}"),
    short_week: |week| format!("KW {week}"),
    no_calls: "Keine Anrufe in diesem Zeitraum.",
    too_long: "Dieser Zeitraum ist zu lang für ein Diagramm. Bitte einen kürzeren wählen.",
    last_calls: "Neueste Anrufe",
    all_calls: "Alle Anrufe dieses Zeitraums",
};
