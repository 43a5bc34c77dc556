use crate::store::db::condition::Trouble;

/// Texts of the frame around every page.
pub struct FrameTexts {
    pub skip: &'static str,
    pub navigation: &'static str,
    pub overview: &'static str,
    pub calls: &'static str,
    pub live: &'static str,
    pub routes: &'static str,
    pub settings: &'static str,
    pub demo: &'static str,
    pub demo_what: &'static str,
    pub local_mode: &'static str,
    pub local_mode_what: &'static str,
    pub language: &'static str,
    pub times_in: &'static str,
    pub away: fn(&str) -> String,
    pub away_waiting: fn(u64, &str) -> String,
    pub trouble: fn(Trouble) -> &'static str,
    pub catching_up: fn(u64, &str) -> String,
    pub catching_up_what: &'static str,
    pub clock: fn(&str, &str) -> String,
    pub clock_what: &'static str,
}

/// The English texts.
pub const EN: FrameTexts = FrameTexts {
    skip: "Skip to the content",
    navigation: "Pages",
    overview: "Overview",
    calls: "Calls",
    live: "Live",
    routes: "Routes",
    settings: "Settings",
    demo: "Demo:",
    demo_what: "company, numbers and calls are made up, and gone when it ends.",
    local_mode: "Local mode",
    local_mode_what: "open to everybody on this machine, and to nobody else",
    language: "Language",
    times_in: "Times in",
    away: |since| format!("The database has not worked since {since}."),
    away_waiting: |count, number| match count {
        0 => "Calls are still answered; what happens is stored later.".into(),
        1 => "One event waits and is stored as soon as it works again. Calls are still answered.".into(),
        _ => format!("{number} events wait and are stored as soon as it works again. Calls are still answered."),
    },
    trouble: |trouble| match trouble {
        Trouble::Unreachable => "It cannot be reached.",
        Trouble::Refusing => "It refuses what is asked of it: the log of the service says why.",
        Trouble::Damaged => "Its file is damaged: restore a backup.",
        Trouble::Missing => "Its file is gone: is the disk mounted?",
        Trouble::ReadOnly => "It can only be read.",
        Trouble::Full => "The disk is full.",
        Trouble::Rebuilding => "Calls and figures are being derived again; that ends by itself.",
    },
    catching_up: |count, number| match count {
        1 => "One event is being added.".into(),
        _ => format!("{number} events are being added."),
    },
    catching_up_what: "Until then calls and figures are without them.",
    clock: |now, expected| format!("The clock of the server shows {now}; it should be about {expected}."),
    clock_what: "As long as that is not settled, nothing old is forgotten or deleted; calls and events are taken as \
                 always. Please set the clock right. If it is right, because the server was off for some days, run \
                 `fernamt clock confirm` on the server.",
};

/// The German texts.
pub const DE: FrameTexts = FrameTexts {
    skip: "Zum Inhalt springen",
    navigation: "Seiten",
    overview: "Übersicht",
    calls: "Anrufe",
    live: "Live",
    routes: "Routen",
    settings: "Einstellungen",
    demo: "Vorführung:",
    demo_what: "Firma, Nummern und Anrufe sind erfunden; am Ende ist alles wieder weg.",
    local_mode: "Lokaler Modus",
    local_mode_what: "offen für alle auf diesem Rechner und für niemanden sonst",
    language: "Sprache",
    times_in: "Zeiten in",
    away: |since| format!("Die Datenbank arbeitet nicht, seit {since}."),
    away_waiting: |count, number| match count {
        0 => "Anrufe werden weiter beantwortet; was geschieht, wird nachgetragen.".into(),
        1 => "Ein Ereignis wartet und wird gespeichert, sobald sie wieder arbeitet. Anrufe werden weiter beantwortet."
            .into(),
        _ => format!(
            "{number} Ereignisse warten und werden gespeichert, sobald sie wieder arbeitet. Anrufe werden weiter \
             beantwortet."
        ),
    },
    trouble: |trouble| match trouble {
        Trouble::Unreachable => "Sie ist nicht erreichbar.",
        Trouble::Refusing => "Sie lehnt ab, worum sie gebeten wird: Das Protokoll des Dienstes sagt, warum.",
        Trouble::Damaged => "Ihre Datei ist beschädigt: Bitte eine Sicherung einspielen.",
        Trouble::Missing => "Ihre Datei ist nicht mehr da: Ist die Festplatte eingehängt?",
        Trouble::ReadOnly => "Sie lässt sich nur lesen.",
        Trouble::Full => "Die Festplatte ist voll.",
        Trouble::Rebuilding => "Anrufe und Zahlen werden gerade neu berechnet; das geht von selbst vorbei.",
    },
    catching_up: |count, number| match count {
        1 => "Ein Ereignis wird nachgetragen.".into(),
        _ => format!("{number} Ereignisse werden nachgetragen."),
    },
    catching_up_what: "Bis dahin fehlen sie in Anrufen und Zahlen.",
    clock: |now, expected| format!("Die Uhr des Servers zeigt {now}; es müsste etwa {expected} sein."),
    clock_what: "Solange das nicht geklärt ist, wird nichts Altes unkenntlich gemacht oder gelöscht; Anrufe und \
                 Ereignisse kommen an wie immer. Bitte stellen Sie die Uhr richtig. Geht sie richtig, weil der \
                 Server einige Tage aus war, rufen Sie auf dem Server `fernamt clock confirm` auf.",
};
