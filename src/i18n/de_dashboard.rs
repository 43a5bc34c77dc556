use super::DashboardTexts;

/// German.
pub const DASHBOARD: DashboardTexts = DashboardTexts {
    back: "Übersicht",
    of_line: |number| format!("Leitung {number}"),
    of_agent: |peer| peer.to_owned(),
    of_caller: |party| party.to_owned(),
    ever: "alles bisher",
    earlier: "Zeitraum davor",
    later: "Zeitraum danach",
    more_filters: "Tage und Filter",
    line: "Leitung",
    agent: "Person",
    compare: "Vergleich",
    compare_on: "Mit dem Zeitraum davor",
    compare_off: "Ohne",
    first_look: "Auf einen Blick",
    last_day: "Zuletzt",
    today_so_far: "Heute bisher",
    inbound_count: |n, shown| format!("{shown} {}", if n == 1 { "eingehender Anruf" } else { "eingehende Anrufe" }),
    missed_count: |n, shown| if n == 0 { "keiner verpasst".to_owned() } else { format!("{shown} verpasst") },
    of_them_open: |n, shown| match n {
        0 => "alle nach Feierabend".to_owned(),
        _ => format!("{shown} davon während geöffnet"),
    },
    ring_back: "Zurückrufen",
    ring_back_none: "Niemand wartet auf einen Rückruf.",
    ring_back_all: "Alle Rückrufe",
    tried: |n, shown, last| match n {
        1 => format!("verpasst {last}"),
        _ => format!("{shown} mal verpasst, zuletzt {last}"),
    },
    is_owed: |tried| format!("Wartet auf Rückruf: {tried}"),
    not_owed: "Kein Rückruf offen.",
    dial: "Anrufen",
    figures: "Zahlen",
    list: "Diese Anrufe ansehen",
    of: |whole| format!("von {whole}"),
    against: |before| format!("gegenüber {before}"),
    unchanged: "unverändert",
    compared: |days, is_cut| {
        let until = if is_cut { ", bis zur selben Uhrzeit" } else { "" };
        format!("Verglichen mit denselben Wochentagen davor: {days}{until}.")
    },
    not_compared: |first| format!("Ohne Vergleich: die Aufzeichnung beginnt erst am {first}."),
    inbound: "Eingehend",
    inbound_what: "Anrufe von außen auf einer eigenen Nummer, die im Zeitraum begonnen haben.",
    besides: |outbound, all| format!("{outbound} ausgehend, {all} gesamt"),
    missed: "Verpasst",
    missed_what: "Eingehende Anrufe, bei denen es klingelte, bis der Anrufer aufgab; Voicemail zählt nicht dazu. Der \
        Anteil: unter allen angenommenen, verpassten und zur Voicemail gegangenen. Die Hälfte gab spätestens nach der \
        genannten Zeit auf.",
    missed_open: "Verpasst (geöffnet)",
    missed_open_what: "Eingehende Anrufe in den Geschäftszeiten, bei denen es klingelte, bis der Anrufer aufgab; \
        Voicemail zählt nicht dazu. Der Anteil: unter allen in den Geschäftszeiten angenommenen, verpassten und zur \
        Voicemail gegangenen. Die Hälfte aller gab spätestens nach der genannten Zeit auf.",
    while_closed: |missed| format!("{missed} weitere außerhalb"),
    gave_up: |duration| format!("gaben nach {duration} auf"),
    owed: "Rückrufe offen",
    owed_what: "Nummern, deren Anruf in den letzten 30 Tagen verpasst wurde oder zur Voicemail ging und mit denen \
        seither niemand gesprochen hat. Hängt nicht vom Zeitraum ab.",
    owed_since: |day| format!("am längsten seit {day}"),
    owed_none: "alle erreicht",
    wait: "Wartezeit, Median",
    wait_what: |seconds| {
        format!(
            "Wie lange es bei eingehenden Anrufen klingelte, bis jemand abhob. Die Hälfte wartete nicht länger als der \
             Median. Darunter: wie viele von allen, die angenommen oder verpasst wurden oder zur Voicemail gingen, \
             binnen {seconds} Sekunden angenommen wurden."
        )
    },
    within: |share, seconds| format!("{share} binnen {seconds} s"),
    talk: "Gesprächszeit, Mittel",
    talk_what: "Vom Abheben bis zum Auflegen, im Mittel über angenommene Anrufe mit bekannter Gesprächszeit.",
    half_within: |duration| format!("die Hälfte bis {duration}"),
    conversations: "Gespräche",
    conversations_what: "Ein- und ausgehende Anrufe, die angenommen wurden.",
    talk_total: "Gesprächszeit zusammen",
    talk_total_what: "Alle Gespräche mit bekannter Gesprächszeit zusammen.",
    week: "Wann es klingelt",
    week_what: |missed| match missed {
        true => "Verpasste Anrufe je Wochentag und Stunde ihres Beginns.",
        false => "Alle Anrufe je Wochentag und Stunde ihres Beginns.",
    },
    week_switch: "Welche Anrufe",
    week_all: "Alle",
    week_missed: "Nur verpasste",
    weekday: "Wochentag",
    none_missed: "In diesem Zeitraum wurde nichts verpasst.",
    scale: "Anrufe pro Feld",
    outcomes: "Was daraus wurde",
    accepted_rate: |share| {
        format!("Annahmequote {share}: angenommene unter allen außer blockierten, unbekannten und laufenden.")
    },
    lines: "Leitungen",
    lines_what: "Anteil der verpassten unter angenommenen, verpassten und zur Voicemail gegangenen.",
    agents: "Personen",
    agents_what: "Was eine Gruppe verpasst, steht bei niemandem: es wäre keines Einzelnen Schuld.",
    agents_none: "Noch hat niemand abgehoben.",
    share: "Anteil",
    talk_short: "Gesprochen",
    mean: "Im Mittel",
    all_of: |count| format!("Alle {count}"),
    callers: "Wer am häufigsten anruft",
    callers_among: |calls| format!("Gezählt über die neuesten {calls} eingehenden Anrufe mit Nummer."),
    callers_more: "Mehr Anrufer",
    callers_whole: "Über den ganzen Zeitraum",
    calls: "Anrufe",
    too_many: "In diesem Zeitraum gibt es sehr viele Anrufe: Wochenübersicht und Aufteilung gibt es für kürzere.",
    nothing: "Keine Anrufe",
    nothing_hint: "In diesem Zeitraum gibt es hier keine Anrufe. Vielleicht hilft ein längerer.",
};
