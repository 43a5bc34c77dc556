use super::format::Format;

/// Texts of the dashboard of everything, a line, an agent or a caller.
pub struct DashboardTexts {
    pub back: &'static str,
    pub of_line: fn(&str) -> String,
    pub of_agent: fn(&str) -> String,
    pub of_caller: fn(&str) -> String,
    pub ever: &'static str,
    // The filter bar.
    pub earlier: &'static str,
    pub later: &'static str,
    pub more_filters: &'static str,
    pub line: &'static str,
    pub agent: &'static str,
    pub compare: &'static str,
    pub compare_on: &'static str,
    pub compare_off: &'static str,
    // The first look.
    pub first_look: &'static str,
    pub last_day: &'static str,
    pub today_so_far: &'static str,
    pub inbound_count: fn(i64, &str) -> String,
    pub missed_count: fn(i64, &str) -> String,
    pub of_them_open: fn(i64, &str) -> String,
    pub ring_back: &'static str,
    pub ring_back_none: &'static str,
    pub ring_back_all: &'static str,
    pub tried: fn(i64, &str, &str) -> String,
    pub is_owed: fn(&str) -> String,
    pub not_owed: &'static str,
    pub dial: &'static str,
    // Tiles.
    pub figures: &'static str,
    pub list: &'static str,
    pub of: fn(&str) -> String,
    pub against: fn(&str) -> String,
    pub unchanged: &'static str,
    pub compared: fn(&str, bool) -> String,
    pub not_compared: fn(&str) -> String,
    pub inbound: &'static str,
    pub inbound_what: &'static str,
    pub besides: fn(&str, &str) -> String,
    pub besides_internal: fn(&str, &str, &str) -> String,
    pub missed: &'static str,
    pub missed_what: &'static str,
    pub missed_open: &'static str,
    pub missed_open_what: &'static str,
    pub while_closed: fn(&str) -> String,
    pub gave_up: fn(&str) -> String,
    pub owed: &'static str,
    pub owed_what: &'static str,
    pub owed_since: fn(&str) -> String,
    pub owed_none: &'static str,
    pub wait: &'static str,
    pub wait_what: fn(u32) -> String,
    pub within: fn(&str, u32) -> String,
    pub talk: &'static str,
    pub talk_what: &'static str,
    pub half_within: fn(&str) -> String,
    pub conversations: &'static str,
    pub conversations_what: &'static str,
    pub talk_total: &'static str,
    pub talk_total_what: &'static str,
    // The week.
    pub week: &'static str,
    pub week_what: fn(bool) -> &'static str,
    pub week_switch: &'static str,
    pub week_all: &'static str,
    pub week_missed: &'static str,
    pub weekday: &'static str,
    pub none_missed: &'static str,
    pub scale: &'static str,
    // Tables.
    pub outcomes: &'static str,
    pub accepted_rate: fn(&str) -> String,
    pub lines: &'static str,
    pub lines_what: &'static str,
    pub agents: &'static str,
    pub agents_what: &'static str,
    pub agents_none: &'static str,
    pub share: &'static str,
    pub talk_short: &'static str,
    pub mean: &'static str,
    pub all_of: fn(&str) -> String,
    pub callers: &'static str,
    pub callers_among: fn(&str) -> String,
    pub callers_more: &'static str,
    pub callers_whole: &'static str,
    pub calls: &'static str,
    pub nothing: &'static str,
    pub nothing_hint: &'static str,
}

impl DashboardTexts {
    /// Returns the share beside a count: the total if it is small, otherwise a percentage.
    pub fn beside(&self, part: i64, whole: i64, format: &Format) -> String {
        match whole {
            ..=0 => String::new(),
            few if format.is_few(few) => (self.of)(&format.number(few)),
            _ => format.share(part, whole),
        }
    }

    /// Describes how many calls came in, how many were missed, and how many of those during business hours.
    pub fn counts(&self, inbound: i64, missed: i64, open: Option<i64>, format: &Format) -> [String; 3] {
        let (is_any, open) = (inbound > 0 || missed > 0, open.filter(|_| missed > 0));
        [
            (self.inbound_count)(inbound, &format.number(inbound)),
            if is_any { (self.missed_count)(missed, &format.number(missed)) } else { String::new() },
            open.map_or(String::new(), |open| format!(", {}", (self.of_them_open)(open, &format.number(open)))),
        ]
    }
}

/// The English texts.
pub const EN: DashboardTexts = DashboardTexts {
    back: "Overview",
    of_line: |number| format!("Line {number}"),
    of_agent: |peer| peer.to_owned(),
    of_caller: |party| party.to_owned(),
    ever: "everything so far",
    earlier: "Period before",
    later: "Period after",
    more_filters: "Days and filters",
    line: "Line",
    agent: "Person",
    compare: "Comparison",
    compare_on: "With the period before",
    compare_off: "None",
    first_look: "At a glance",
    last_day: "Last",
    today_so_far: "Today so far",
    inbound_count: |n, shown| format!("{shown} {}", if n == 1 { "inbound call" } else { "inbound calls" }),
    missed_count: |n, shown| if n == 0 { "none missed".to_owned() } else { format!("{shown} missed") },
    of_them_open: |n, shown| match n {
        0 => "all after hours".to_owned(),
        _ => format!("{shown} of them while open"),
    },
    ring_back: "Ring back",
    ring_back_none: "Nobody waits for a call back.",
    ring_back_all: "All callbacks",
    tried: |n, shown, last| match n {
        1 => format!("missed {last}"),
        _ => format!("missed {shown} times, last {last}"),
    },
    is_owed: |tried| format!("Waits for a call back: {tried}"),
    not_owed: "No call back is owed.",
    dial: "Call",
    figures: "Figures",
    list: "See these calls",
    of: |whole| format!("of {whole}"),
    against: |before| format!("against {before}"),
    unchanged: "unchanged",
    compared: |days, is_cut| {
        let until = if is_cut { ", until the same time of day" } else { "" };
        format!("Compared with the same weekdays before: {days}{until}.")
    },
    not_compared: |first| format!("Not compared: the records begin on {first} only."),
    inbound: "Inbound",
    inbound_what: "Calls from outside to one of your lines that began in the period.",
    besides: |outbound, all| format!("{outbound} outbound, {all} in all"),
    besides_internal: |outbound, internal, all| format!("{outbound} outbound, {internal} internal, {all} in all"),
    missed: "Missed",
    missed_what: "Inbound calls that rang until the caller gave up; voicemail is not among them. The share is of all \
        that were accepted, missed or sent to voicemail. Half of the callers gave up no later than after the time named.",
    missed_open: "Missed while open",
    missed_open_what: "Inbound calls within your business hours that rang until the caller gave up; voicemail is not \
        among them. The share is of all that were accepted, missed or sent to voicemail within these hours. Half of all gave up no later than after the time named.",
    while_closed: |missed| format!("{missed} more outside hours"),
    gave_up: |duration| format!("gave up after {duration}"),
    owed: "Callbacks owed",
    owed_what: "Numbers whose call was missed or went to voicemail within the last 30 days, and nobody has spoken with \
        them since. Does not depend on the period.",
    owed_since: |day| format!("longest since {day}"),
    owed_none: "everybody was reached",
    wait: "Waiting time, median",
    wait_what: |seconds| {
        format!(
            "How long inbound callers heard it ring until somebody picked up. Half of them waited no longer than the \
             median. Below: how many of those accepted, missed or sent to voicemail were accepted within {seconds} \
             seconds."
        )
    },
    within: |share, seconds| format!("{share} within {seconds} s"),
    talk: "Talk time, average",
    talk_what: "From picking up to hanging up, on average over accepted calls whose talk time is known.",
    half_within: |duration| format!("half up to {duration}"),
    conversations: "Conversations",
    conversations_what: "Inbound and outbound calls that were accepted.",
    talk_total: "Talk time together",
    talk_total_what: "All conversations whose talk time is known together.",
    week: "When it rings",
    week_what: |missed| match missed {
        true => "Missed calls by weekday and hour of their beginning.",
        false => "All calls by weekday and hour of their beginning.",
    },
    week_switch: "Which calls",
    week_all: "All",
    week_missed: "Missed only",
    weekday: "Weekday",
    none_missed: "Nothing was missed in this period.",
    scale: "Calls per field",
    outcomes: "What became of them",
    accepted_rate: |share| format!("Accepted rate {share}: accepted among all but blocked, unknown and running ones."),
    lines: "Lines",
    lines_what: "Share of missed calls among accepted, missed and those sent to voicemail.",
    agents: "People",
    agents_what: "What a group misses is put on nobody: it would be no single person's fault.",
    agents_none: "Nobody has picked up yet.",
    share: "Share",
    talk_short: "Talked",
    mean: "Average",
    all_of: |count| format!("All {count}"),
    callers: "Who calls most often",
    callers_among: |calls| format!("Counted over the newest {calls} inbound calls with a number."),
    callers_more: "More callers",
    callers_whole: "Over the whole period",
    calls: "Calls",
    nothing: "No calls",
    nothing_hint: "There are no calls here in this period. A longer one may help.",
};

/// The German texts.
pub const DE: DashboardTexts = DashboardTexts {
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
    besides_internal: |outbound, internal, all| format!("{outbound} ausgehend, {internal} intern, {all} gesamt"),
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
    nothing: "Keine Anrufe",
    nothing_hint: "In diesem Zeitraum gibt es hier keine Anrufe. Vielleicht hilft ein längerer.",
};
