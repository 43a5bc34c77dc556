/// Texts of the data quality: how complete the events were.
pub struct QualityTexts {
    pub title: &'static str,
    pub intro: &'static str,
    pub link: &'static str,
    pub none: &'static str,
    pub line: &'static str,
    pub unknown_line: &'static str,
    pub by_line: &'static str,
    pub calls: &'static str,
    pub without_hangup: &'static str,
    pub without_hangup_what: &'static str,
    pub talk_unknown: &'static str,
    pub talk_unknown_what: &'static str,
    pub doubled: &'static str,
    pub doubled_what: &'static str,
    pub late: &'static str,
    pub late_what: &'static str,
    pub agents: &'static str,
    pub newest_only: fn(&str) -> String,
    pub surplus: fn(&str) -> String,
    pub of: fn(&str, &str) -> String,
}

/// The English texts.
pub const EN: QualityTexts = QualityTexts {
    title: "Data quality",
    intro: "How completely Placetel told what happened, and what missing events mean for the figures. Calls that are still \
        running do not count here.",
    link: "How good are the data?",
    none: "No calls in this period.",
    line: "Own line",
    unknown_line: "not known",
    by_line: "By line",
    calls: "Calls",
    without_hangup: "Without hangup",
    without_hangup_what: "Calls whose hangup was never told. If they were picked up they count as accepted with an unknown \
        talk time, else as unknown: so many missed calls may be lacking.",
    talk_unknown: "Talk time unknown",
    talk_unknown_what: "Accepted outgoing calls without a usable duration. Talk times are made of the others only; their sum \
        is too small.",
    doubled: "Doubled events",
    doubled_what: "Told more than once, counted once. This changes no figure.",
    late: "Late events",
    late_what: "Arrived only after the hangup of their call. Outcome and counts are right all the same; waiting times may be \
        too long, because only the arrival is known.",
    agents: "Calls that rang at a group and were missed are put on nobody.",
    newest_only: |calls| format!("Doubled and late events: only of the newest {calls} calls of the period."),
    surplus: |events| {
        format!(
            "At least one call has more than 500 events. What came after them ({events}) is kept, but does not count for the \
             call."
        )
    },
    of: |part, whole| format!("{part} of {whole}"),
};

/// The German texts.
pub const DE: QualityTexts = QualityTexts {
    title: "Datenqualität",
    intro: "Wie vollständig Placetel gemeldet hat, was geschah, und was fehlende Meldungen für die Zahlen bedeuten. Laufende \
        Anrufe zählen hier nicht.",
    link: "Wie gut sind die Daten?",
    none: "Keine Anrufe in diesem Zeitraum.",
    line: "Eigene Nummer",
    unknown_line: "nicht bekannt",
    by_line: "Nach Nummern",
    calls: "Anrufe",
    without_hangup: "Ohne Auflegen",
    without_hangup_what: "Anrufe, deren Auflegen nie gemeldet wurde. Wurde abgehoben, zählen sie als angenommen mit \
        unbekannter Gesprächszeit, sonst als unbekannt: So viele verpasste Anrufe können fehlen.",
    talk_unknown: "Gesprächszeit unbekannt",
    talk_unknown_what: "Angenommene ausgehende Anrufe ohne brauchbare Dauer. Gesprächszeiten werden nur aus den übrigen \
        berechnet; die Summe ist zu klein.",
    doubled: "Doppelte Ereignisse",
    doubled_what: "Mehrfach gemeldet, einmal gezählt. An den Zahlen ändert das nichts.",
    late: "Verspätete Ereignisse",
    late_what: "Erst nach dem Auflegen ihres Anrufs angekommen. Ergebnis und Anzahl stimmen trotzdem; Wartezeiten können zu \
        lang sein, weil nur die Ankunft bekannt ist.",
    agents: "Anrufe, die bei einer Gruppe klingelten und verpasst wurden, werden niemandem zugeschrieben.",
    newest_only: |calls| format!("Doppelte und verspätete Ereignisse: nur die neuesten {calls} Anrufe des Zeitraums."),
    surplus: |events| {
        format!(
            "Mindestens ein Anruf hat mehr als 500 Ereignisse. Was danach kam ({events}), ist aufgehoben, zählt aber für den \
             Anruf nicht."
        )
    },
    of: |part, whole| format!("{part} von {whole}"),
};
