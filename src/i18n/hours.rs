use crate::routing::hours::notes::HoursNote;

/// Texts of opening hours: in words, and in the form of a route.
pub struct HoursTexts {
    /// The days, Monday first.
    pub days: [&'static str; 7],
    pub days_long: [&'static str; 7],
    pub range: fn(&str, &str) -> String,
    pub times: fn(&str) -> String,
    pub all_day: &'static str,
    pub daily: &'static str,
    pub and: &'static str,
    pub around_the_clock: &'static str,
    pub never: &'static str,
    pub any_time: &'static str,
    pub except_holidays: &'static str,
    pub on_holidays: fn(&str) -> String,
    pub while_open: fn(&str) -> String,
    pub while_closed: fn(&str) -> String,
    pub list: fn(&str) -> String,
    pub note: fn(HoursNote) -> &'static str,
    pub anonymous: &'static str,
    pub sentence: fn(&str, &str, &str, &str) -> String,

    pub kind: fn(&str) -> &'static str,
    pub kind_what: fn(&str) -> &'static str,
    pub kind_hint: &'static str,
    pub week_hint: &'static str,
    pub day: &'static str,
    pub open: &'static str,
    pub again: &'static str,
    pub until: &'static str,
    pub from_of: fn(&str) -> String,
    pub to_of: fn(&str) -> String,
    pub again_from_of: fn(&str) -> String,
    pub again_to_of: fn(&str) -> String,
    pub holidays: &'static str,
    pub holidays_off: &'static str,
    pub holidays_usual: &'static str,
    pub holidays_own: &'static str,
    pub suggestion: fn(&str) -> String,
    pub no_time: &'static str,
    pub no_from: &'static str,
    pub no_to: &'static str,
    pub same_time: &'static str,
    pub too_late: &'static str,
    pub overnight_holiday: &'static str,
    pub never_open: &'static str,
    pub schedule: &'static str,
    pub schedule_choose: &'static str,
    pub schedule_missing: &'static str,
    pub schedule_while: &'static str,
    pub schedule_open: &'static str,
    pub schedule_closed: &'static str,
    pub schedules_link: &'static str,
    pub nothing_typed: &'static str,
    pub unknown_kind: &'static str,
    pub target_up: fn(usize) -> String,
    pub target_down: fn(usize) -> String,
}

/// The English texts.
pub const EN: HoursTexts = HoursTexts {
    days: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    days_long: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    range: |from, to| format!("{from}-{to}"),
    times: |times| times.to_owned(),
    all_day: "all day",
    daily: "daily",
    and: " and ",
    around_the_clock: "around the clock",
    never: "never",
    any_time: "at any time",
    except_holidays: " except holidays",
    on_holidays: |times| format!("on holidays {times}"),
    while_open: |name| format!("while {name} is open"),
    while_closed: |name| format!("while {name} is closed"),
    list: |name| format!("numbers in the list {name}"),
    note: |note| match note {
        HoursNote::ClosedHolidays => {
            "Holidays are closed from midnight to midnight: the night before ends at 0:00, and from 0:00 of the next day \
            the usual hours apply, also those of a night that would have begun on the holiday."
        }
        HoursNote::ClosedDays => {
            "Closed days are closed from midnight to midnight: the night before ends at 0:00, and from 0:00 of the next day \
            the usual hours apply, also those of a night that would have begun on the closed day."
        }
        HoursNote::HoursOfHolidays => {
            "Holidays have hours of their own, with no night of the usual ones; the night before still goes on to its end."
        }
        HoursNote::Words => {
            "Hours with words in quotation marks do not count as open, because nobody can rely on them. To have them open, \
            write open before the words: Sa 10:00-12:00 open \"side entrance\"."
        }
    },
    anonymous: "anonymous callers",
    sentence: |to, from, hours, answer| format!("Calls to {to} from {from}, {hours}: {answer}."),
    kind: |kind| match kind {
        "always" => "Always",
        "week" => "By weekday",
        "schedule" => "By schedule",
        _ => "Typed",
    },
    kind_what: |kind| match kind {
        "always" => "At any time, holidays included",
        "week" => "The same every week, in a table",
        "schedule" => "Kept once, with closing days, for several routes",
        _ => "With dates, months and weeks, too",
    },
    kind_hint: "Only the fields of the chosen hours count.",
    week_hint: "Times like 9 or 09:30. An empty day is closed. 22:00 to 06:00 lasts until the next morning, midnight is \
        24:00.",
    day: "Day",
    open: "Open",
    again: "and again",
    until: "to",
    from_of: |day| format!("{day} from"),
    to_of: |day| format!("{day} to"),
    again_from_of: |day| format!("{day}, second time from"),
    again_to_of: |day| format!("{day}, second time to"),
    holidays: "Holidays",
    holidays_off: "closed",
    holidays_usual: "like the weekday",
    holidays_own: "at these times:",
    suggestion: |meant| format!("Use {meant}"),
    no_time: "Must be a time from 00:00 to 24:00, such as 9 or 09:30",
    no_from: "Is missing: from when?",
    no_to: "Is missing: until when?",
    same_time: "Must be another time than the beginning; all day is 00:00 to 24:00",
    too_late: "Must be before 24:00",
    overnight_holiday: "Must be after the beginning: holidays end at midnight (24:00)",
    never_open: "The table is empty: at least one day needs a time. A route that is not needed can be switched off.",
    schedule: "Schedule",
    schedule_choose: "Please choose",
    schedule_missing: "Missing: which schedule?",
    schedule_while: "The route holds",
    schedule_open: "while it is open",
    schedule_closed: "while it is closed",
    schedules_link: "See and make schedules",
    nothing_typed: "Is missing: for example Mo-Fr 09:00-17:00; PH off",
    unknown_kind: "Must be always, week, schedule or typed",
    target_up: |n| format!("Move step {n} up"),
    target_down: |n| format!("Move step {n} down"),
};

/// The German texts.
pub const DE: HoursTexts = HoursTexts {
    days: ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"],
    days_long: ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
    range: |from, to| format!("{from}-{to}"),
    times: |times| format!("{times} Uhr"),
    all_day: "ganztags",
    daily: "täglich",
    and: " und ",
    around_the_clock: "rund um die Uhr",
    never: "nie",
    any_time: "jederzeit",
    except_holidays: " außer an Feiertagen",
    on_holidays: |times| format!("an Feiertagen {times}"),
    while_open: |name| format!("während {name} geöffnet ist"),
    while_closed: |name| format!("während {name} geschlossen ist"),
    list: |name| format!("Nummern der Liste {name}"),
    note: |note| match note {
        HoursNote::ClosedHolidays => {
            "Feiertage sind von 0 bis 24 Uhr geschlossen: Die Nacht davor endet um Mitternacht, und ab 0 Uhr des nächsten \
            Tages gelten wieder die üblichen Zeiten, auch der Rest einer Nacht, die am Feiertag begonnen hätte."
        }
        HoursNote::ClosedDays => {
            "Geschlossene Tage sind von 0 bis 24 Uhr geschlossen: Die Nacht davor endet um Mitternacht, und ab 0 Uhr des \
            nächsten Tages gelten wieder die üblichen Zeiten, auch der Rest einer Nacht, die am geschlossenen Tag begonnen \
            hätte."
        }
        HoursNote::HoursOfHolidays => {
            "Feiertage haben eigene Zeiten, ohne die sonst übliche Nacht; die Nacht davor geht noch bis zu ihrem Ende."
        }
        HoursNote::Words => {
            "Zeiten mit Worten in Anführungszeichen zählen nicht als geöffnet, denn darauf kann sich niemand verlassen. Sollen \
            sie offen sein, gehört open davor: Sa 10:00-12:00 open \"Seiteneingang\"."
        }
    },
    anonymous: "Anonymen",
    sentence: |to, from, hours, answer| format!("Anrufe an {to} von {from}, {hours}: {answer}."),
    kind: |kind| match kind {
        "always" => "Immer",
        "week" => "Nach Wochentagen",
        "schedule" => "Nach Zeitplan",
        _ => "Eingetippt",
    },
    kind_what: |kind| match kind {
        "always" => "Zu jeder Zeit, auch an Feiertagen",
        "week" => "Jede Woche gleich, in einer Tabelle",
        "schedule" => "Einmal gepflegt, mit Schließtagen, für mehrere Routen",
        _ => "Auch mit Daten, Monaten und Wochen",
    },
    kind_hint: "Nur die Felder der gewählten Zeiten zählen.",
    week_hint: "Uhrzeiten wie 9 oder 09:30. Ein leerer Tag ist geschlossen. 22:00 bis 06:00 geht bis zum nächsten Morgen, \
        Mitternacht ist 24:00.",
    day: "Tag",
    open: "Geöffnet",
    again: "und noch einmal",
    until: "bis",
    from_of: |day| format!("{day} von"),
    to_of: |day| format!("{day} bis"),
    again_from_of: |day| format!("{day}, zweite Zeit von"),
    again_to_of: |day| format!("{day}, zweite Zeit bis"),
    holidays: "Feiertage",
    holidays_off: "geschlossen",
    holidays_usual: "wie der Wochentag",
    holidays_own: "zu diesen Zeiten:",
    suggestion: |meant| format!("{meant} übernehmen"),
    no_time: "Muss eine Uhrzeit von 00:00 bis 24:00 sein, etwa 9 oder 09:30",
    no_from: "Fehlt: ab wann?",
    no_to: "Fehlt: bis wann?",
    same_time: "Muss eine andere Uhrzeit sein als der Beginn; den ganzen Tag: 00:00 bis 24:00",
    too_late: "Muss vor 24:00 liegen",
    overnight_holiday: "Muss nach dem Beginn liegen: Feiertage enden um Mitternacht (24:00)",
    never_open: "Die Tabelle ist leer: mindestens ein Tag braucht eine Zeit. Wer die Route nicht braucht, schaltet sie aus.",
    schedule: "Zeitplan",
    schedule_choose: "Bitte wählen",
    schedule_missing: "Fehlt: welcher Zeitplan?",
    schedule_while: "Die Route gilt",
    schedule_open: "während er geöffnet ist",
    schedule_closed: "während er geschlossen ist",
    schedules_link: "Zeitpläne ansehen und anlegen",
    nothing_typed: "Fehlt: etwa Mo-Fr 09:00-17:00; PH off",
    unknown_kind: "Muss always, week, schedule oder typed sein",
    target_up: |n| format!("Stufe {n} nach oben"),
    target_down: |n| format!("Stufe {n} nach unten"),
};
