/// Texts of schedules.
pub struct SchedulesTexts {
    pub title: &'static str,
    pub intro: &'static str,
    pub none: &'static str,
    pub new: &'static str,
    pub edit: fn(&str) -> String,
    pub always: &'static str,
    pub hours: &'static str,
    pub hours_hint: &'static str,
    pub closed: &'static str,
    pub closed_what: &'static str,
    pub closed_row: fn(usize) -> String,
    pub first: &'static str,
    pub last: &'static str,
    pub reason: &'static str,
    pub closed_count: fn(usize) -> String,
    pub next_closed: fn(&str) -> String,
}

/// The English texts.
pub const EN: SchedulesTexts = SchedulesTexts {
    title: "Schedules",
    intro: "A schedule says once when you are open, with all days on which you are not. Routes use it as @name, or as \
        not @name for when it is closed.",
    none: "There is no schedule yet.",
    new: "New schedule",
    edit: |name| format!("Schedule @{name}"),
    always: "always",
    hours: "Opening hours",
    hours_hint: "As in OpenStreetMap, such as Mo-Fr 09:00-17:00; PH off (PH: public holidays). Empty: always.",
    closed: "Closed",
    closed_what: "On these days it is closed, whatever the opening hours say: from midnight to midnight. Without a last \
        day it is one day only.",
    closed_row: |n| format!("Closing time {n}"),
    first: "First day",
    last: "Last day",
    reason: "Occasion",
    closed_count: |n| match n {
        0 => "no closing days".to_owned(),
        1 => "1 closing time".to_owned(),
        n => format!("{n} closing times"),
    },
    next_closed: |days| format!("next {days}"),
};

/// The German texts.
pub const DE: SchedulesTexts = SchedulesTexts {
    title: "Zeitpläne",
    intro: "Ein Zeitplan sagt einmal, wann geöffnet ist, mit allen Schließtagen. Routen benutzen ihn als @Name, oder als \
        not @Name für die Zeit, in der er geschlossen ist.",
    none: "Es gibt noch keinen Zeitplan.",
    new: "Neuer Zeitplan",
    edit: |name| format!("Zeitplan @{name}"),
    always: "immer",
    hours: "Öffnungszeiten",
    hours_hint: "Wie in OpenStreetMap, etwa Mo-Fr 09:00-17:00; PH off (PH: Feiertage). Leer: immer.",
    closed: "Geschlossen",
    closed_what: "An diesen Tagen ist zu, was auch immer die Öffnungszeiten sagen: von Mitternacht bis Mitternacht. Ohne \
        letzten Tag ist es nur einer.",
    closed_row: |n| format!("Schließzeit {n}"),
    first: "Erster Tag",
    last: "Letzter Tag",
    reason: "Anlass",
    closed_count: |n| match n {
        0 => "keine Schließtage".to_owned(),
        1 => "1 Schließzeit".to_owned(),
        n => format!("{n} Schließzeiten"),
    },
    next_closed: |days| format!("als Nächstes {days}"),
};
