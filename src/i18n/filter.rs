use std::fmt;

use crate::stats::filter::FilterProblem;
use crate::stats::period::Period;

/// Texts of filters.
pub struct FilterTexts {
    pub title: &'static str,
    pub period: &'static str,
    pub period_name: fn(Period) -> &'static str,
    pub field: fn(&str) -> &'static str,
    pub problem: fn(FilterProblem) -> &'static str,
    pub unusable: fn(&str, &str, &str) -> String,
    pub fallback: &'static str,
    pub search: &'static str,
    pub search_hint: &'static str,
    pub any: &'static str,
    pub inbound: &'static str,
    pub outbound: &'static str,
    pub internal: &'static str,
    pub missed_or_voicemail: &'static str,
    pub open_hours: &'static str,
    pub closed_hours: &'static str,
    pub apply: &'static str,
    pub reset: &'static str,
    pub remove: fn(&str) -> String,
    pub active: &'static str,
}

/// The English texts.
pub const EN: FilterTexts = FilterTexts {
    title: "Filter",
    period: "Period",
    period_name: |period| match period {
        Period::Today => "Today",
        Period::Yesterday => "Yesterday",
        Period::SevenDays => "7 days",
        Period::ThirtyDays => "30 days",
        Period::Week => "This week",
        Period::LastWeek => "Last week",
        Period::Month => "This month",
        Period::LastMonth => "Last month",
        Period::Year => "This year",
    },
    field: |field| match field {
        "start" => "First day",
        "end" => "Last day",
        "period" => "Period",
        "direction" => "Direction",
        "number" => "Own line",
        "party" => "Other side",
        "peer" => "Person (SIP user)",
        "outcome" => "Outcome",
        "hours" => "Business hours",
        "route" => "Route",
        "q" => "Search",
        _ => "Place in the list",
    },
    problem: |problem| match problem {
        FilterProblem::Day => "is not a day; expected is YYYY-MM-DD",
        FilterProblem::BothDays => "is missing: give the first and the last day, or neither",
        FilterProblem::EndBeforeStart => "lies before the first day",
        FilterProblem::TooLong => "lies more than 20 years after the first day; choose a shorter period",
        FilterProblem::Period => "is not a period; choose one of those below",
        FilterProblem::Direction => "is none of in, out and internal",
        FilterProblem::Outcome => "is not an outcome; choose one from the list",
        FilterProblem::Route => "is no number of a route",
        FilterProblem::Hours => "is neither open nor closed",
        FilterProblem::Text => "is too long or holds control characters",
        FilterProblem::GroupBy => "cannot be grouped like this",
        FilterProblem::TooManyGroups => "is too long for a chart",
        FilterProblem::Seconds => "is no whole number of seconds from 0 to 86400",
        FilterProblem::Limit => "is not a usable number",
        FilterProblem::AgentFigures => "cannot be used here: figures by person are switched off",
        FilterProblem::Cursor => "is not in this list: start again with the newest calls",
    },
    unusable: |field, value, problem| match value {
        "" => format!("{field} {problem}."),
        value => format!("{field}: “{value}” {problem}."),
    },
    fallback: "Shown is what there is without any filter: the last 30 days.",
    search: "Search",
    search_hint: "Number or name, or a part of it",
    any: "All",
    inbound: "Inbound",
    outbound: "Outbound",
    internal: "Internal",
    missed_or_voicemail: "Missed or voicemail",
    open_hours: "While open",
    closed_hours: "While closed",
    apply: "Apply",
    reset: "Clear filters",
    remove: |what| format!("Remove {what}"),
    active: "Filtered by",
};

/// The German texts.
pub const DE: FilterTexts = FilterTexts {
    title: "Filter",
    period: "Zeitraum",
    period_name: |period| match period {
        Period::Today => "Heute",
        Period::Yesterday => "Gestern",
        Period::SevenDays => "7 Tage",
        Period::ThirtyDays => "30 Tage",
        Period::Week => "Diese Woche",
        Period::LastWeek => "Letzte Woche",
        Period::Month => "Dieser Monat",
        Period::LastMonth => "Letzter Monat",
        Period::Year => "Dieses Jahr",
    },
    field: |field| match field {
        "start" => "Erster Tag",
        "end" => "Letzter Tag",
        "period" => "Zeitraum",
        "direction" => "Richtung",
        "number" => "Eigene Nummer",
        "party" => "Gegenstelle",
        "peer" => "Person (SIP-Nutzer)",
        "outcome" => "Ergebnis",
        "hours" => "Geschäftszeit",
        "route" => "Route",
        "q" => "Suche",
        _ => "Stelle in der Liste",
    },
    problem: |problem| match problem {
        FilterProblem::Day => "ist kein Tag; erwartet wird JJJJ-MM-TT",
        FilterProblem::BothDays => "fehlt: bitte den ersten und den letzten Tag angeben oder keinen",
        FilterProblem::EndBeforeStart => "liegt vor dem ersten Tag",
        FilterProblem::TooLong => "liegt mehr als 20 Jahre nach dem ersten Tag; bitte einen kürzeren Zeitraum wählen",
        FilterProblem::Period => "ist kein Zeitraum; bitte einen der folgenden wählen",
        FilterProblem::Direction => "ist nicht in, out oder internal",
        FilterProblem::Outcome => "ist kein Ergebnis; bitte eines aus der Liste wählen",
        FilterProblem::Route => "ist keine Nummer einer Route",
        FilterProblem::Hours => "ist weder open noch closed",
        FilterProblem::Text => "ist zu lang oder enthält Steuerzeichen",
        FilterProblem::GroupBy => "lässt sich so nicht gruppieren",
        FilterProblem::TooManyGroups => "ist zu lang für ein Diagramm",
        FilterProblem::Seconds => "ist keine ganze Zahl von Sekunden von 0 bis 86400",
        FilterProblem::Limit => "ist keine brauchbare Anzahl",
        FilterProblem::AgentFigures => "geht hier nicht: Zahlen je Person sind ausgeschaltet",
        FilterProblem::Cursor => "gibt es hier nicht: bitte bei den neuesten Anrufen beginnen",
    },
    unusable: |field, value, problem| match value {
        "" => format!("{field} {problem}."),
        value => format!("{field}: „{value}“ {problem}."),
    },
    fallback: "Gezeigt wird, was ohne Filter da ist: die letzten 30 Tage.",
    search: "Suche",
    search_hint: "Nummer oder Name, auch ein Teil davon",
    any: "Alle",
    inbound: "Eingehend",
    outbound: "Ausgehend",
    internal: "Intern",
    missed_or_voicemail: "Verpasst oder Voicemail",
    open_hours: "Während geöffnet",
    closed_hours: "Während geschlossen",
    apply: "Anwenden",
    reset: "Filter löschen",
    remove: |what| format!("{what} entfernen"),
    active: "Gefiltert nach",
};

/// The English text by the names of the parameters, as the API says it.
impl fmt::Display for FilterProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Day => "is no day: expected YYYY-MM-DD",
            Self::BothDays => "start and end belong together: give both or neither",
            Self::EndBeforeStart => "lies before start",
            Self::TooLong => "lies more than 20 years after start: choose a shorter period",
            Self::Period => {
                "is no period: expected one of today, yesterday, 7d, 30d, week, last_week, month, last_month, year"
            }
            Self::Direction => "is no direction: expected in, out or internal",
            Self::Outcome => {
                "is no outcome: expected some of accepted, missed, voicemail, blocked, busy, canceled, unavailable, \
                 congestion, other, unknown, open, separated by commas"
            }
            Self::Hours => "is neither open nor closed",
            Self::Route => "is no number of a route",
            Self::Text => "is too long or holds control characters",
            Self::GroupBy => {
                "cannot be grouped by: expected hour, day, week, month, weekday_hour, number, peer, party or route"
            }
            Self::TooManyGroups => "would give more than 10,000 groups: choose a shorter period or longer steps",
            Self::Seconds => "is no whole number of seconds from 0 to 86400",
            Self::Limit => "is no usable number of items",
            Self::AgentFigures => "cannot be used: figures by agent are switched off here (--agent-figures off)",
            Self::Cursor => "is no cursor of this list: start again without it",
        })
    }
}
