use super::{
    CallTexts, CallsTexts, FailureTexts, FilterTexts, FrameTexts, OverviewTexts, SettingsTexts, Texts, WelcomeTexts,
};
use crate::calls::outcome::Outcome;
use crate::service::refusal::RefusalReason;
use crate::stats::filter::FilterProblem;
use crate::stats::period::Period;
use crate::stats::series::Series;

/// German.
pub static TEXTS: Texts = Texts {
    code: "de",
    frame: FrameTexts {
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
        away_waiting: |count, number| {
            match count {
            0 => "Anrufe werden weiter beantwortet; was geschieht, wird nachgetragen.".into(),
            1 => "Ein Ereignis wartet und wird gespeichert, sobald sie wieder arbeitet. Anrufe werden weiter beantwortet.".into(),
            _ => format!(
                "{number} Ereignisse warten und werden gespeichert, sobald sie wieder arbeitet. Anrufe werden weiter \
                 beantwortet."
            ),
        }
        },
        trouble: super::trouble::german,
        catching_up: |count, number| match count {
            1 => "Ein Ereignis wird nachgetragen.".into(),
            _ => format!("{number} Ereignisse werden nachgetragen."),
        },
        catching_up_what: "Bis dahin fehlen sie in Anrufen und Zahlen.",
        clock: |now, expected| format!("Die Uhr des Servers zeigt {now}; es müsste etwa {expected} sein."),
        clock_what: "Solange das nicht geklärt ist, wird nichts Altes unkenntlich gemacht oder gelöscht; Anrufe und \
                     Ereignisse kommen an wie immer. Bitte stellen Sie die Uhr richtig. Geht sie richtig, weil der \
                     Server einige Tage aus war, rufen Sie auf dem Server `fernamt clock confirm` auf.",
    },
    filter: FilterTexts {
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
            FilterProblem::TooLong => {
                "liegt mehr als 20 Jahre nach dem ersten Tag; bitte einen kürzeren Zeitraum wählen"
            }
            FilterProblem::Period => "ist kein Zeitraum; bitte einen der folgenden wählen",
            FilterProblem::Direction => "ist weder in noch out",
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
        missed_or_voicemail: "Verpasst oder Voicemail",
        open_hours: "Während geöffnet",
        closed_hours: "Während geschlossen",
        apply: "Anwenden",
        reset: "Filter löschen",
        remove: |what| format!("{what} entfernen"),
        active: "Gefiltert nach",
    },
    overview: OverviewTexts {
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
    },
    welcome: WelcomeTexts {
        title: "Willkommen",
        intro: "Das Anrufprotokoll ist noch leer. Sobald die Telefonanlage das erste Ereignis sendet, erscheinen die \
            Anrufe hier.",
        waiting: "Warte auf das erste Ereignis …",
        waiting_what: "Diese Seite sieht alle paar Sekunden selbst nach.",
        arrived: |when| format!("Es funktioniert: die ersten Ereignisse sind da. Der neueste Anruf begann {when}."),
        go_on: "Zur Übersicht",
        refused: |reason, time| {
            format!("Eine Anfrage kam an, wurde aber abgewiesen: {reason}. Letzter Versuch {time}.")
        },
        refusal: |reason| match reason {
            RefusalReason::SignatureMissing => "Signatur fehlt",
            RefusalReason::SignatureWrong => "Signatur falsch",
            RefusalReason::Basic => "Benutzer oder Passwort fehlt oder ist falsch",
            RefusalReason::NotLocal => {
                "sie kam durch einen Proxy oder für einen anderen Host, aber fernamt ist im lokalen Modus"
            }
            RefusalReason::ForeignOrigin => "sie kam von der Seite einer anderen Website",
            RefusalReason::ContentType => "sie war kein Formular",
            RefusalReason::TooLarge => "sie war zu groß",
            RefusalReason::NoRoom => "sie war groß, und zu viele solche kamen auf einmal",
            RefusalReason::NoEvent => "sie war kein Ereignis",
        },
        refusal_help: |reason| match reason {
            RefusalReason::SignatureMissing => {
                "Bitte auch in Placetel das gemeinsame Geheimnis eintragen: dasselbe wie in --placetel-secret."
            }
            RefusalReason::SignatureWrong => {
                "Das gemeinsame Geheimnis in Placetel und das in --placetel-secret müssen Zeichen für Zeichen gleich sein."
            }
            RefusalReason::Basic => {
                "Die Url in Placetel muss mit https://user:password@ beginnen, mit dem, was in --placetel-basic steht."
            }
            RefusalReason::NotLocal => {
                "Bitte --placetel-secret oder --placetel-basic setzen, bevor fernamt hinter einen Proxy kommt; siehe unten."
            }
            RefusalReason::ForeignOrigin => {
                "Placetel sendet den Header Origin nicht. Etwas anderes hat die Adresse aufgerufen."
            }
            RefusalReason::ContentType => {
                "Placetel sendet application/x-www-form-urlencoded. Etwas anderes hat die Adresse aufgerufen."
            }
            RefusalReason::TooLarge | RefusalReason::NoRoom => {
                "Ereignisse haben einige hundert Byte. Etwas anderes hat die Adresse aufgerufen."
            }
            RefusalReason::NoEvent => {
                "Ein Ereignis hat die Felder event und call_id. Etwas anderes hat die Adresse aufgerufen."
            }
        },
        try_it: "Jetzt ausprobieren",
        try_what: "Keine Telefonanlage zur Hand? In einem zweiten Terminal kann fernamt eine spielen:",
        try_simulate: "Lebensechte Anrufe, bis Strg-C:",
        try_curl: "Oder ein einzelner Anruf von Hand:",
        connect: "Placetel verbinden",
        url: "Die Adresse für Placetel",
        url_local: "Diese Adresse gilt nur auf diesem Rechner: Placetel kann sie nicht erreichen. Bitte fernamt zuerst \
            wie unten beschrieben öffentlich machen; unter dem öffentlichen Namen aufgerufen, zeigt diese Seite dann die \
            Adresse zum Eintragen.",
        public: "1. Für Placetel erreichbar machen",
        public_steps: [
            "Ein langes Geheimnis ausdenken, etwa mit openssl rand -hex 24, damit nur die Telefonanlage Ereignisse senden kann. fernamt damit starten:",
            "Einen Reverse Proxy mit Zertifikat davorsetzen (Caddy, nginx, Apache), der https:// weiterreicht an",
            "Statt des Geheimnisses oder zusätzlich gehen auch Benutzer und Passwort:",
        ],
        public_done: "Ohne eines von beiden weist fernamt alles ab, was durch einen Proxy kommt.",
        placetel: "2. In Placetel eintragen",
        placetel_product: "Externe APIs gehören zur Produktlinie PROFI von Placetel.",
        placetel_steps: [
            "Im Webportal von Placetel als Administrator anmelden und Einstellungen › Externe APIs öffnen.",
            "Die Adresse von oben als Url eintragen. Mit --placetel-basic beginnt sie mit https://user:password@.",
            "Das gemeinsame Geheimnis (Shared Secret) eintragen: dasselbe wie in --placetel-secret.",
            "Speichern.",
        ],
        notify: "3. Anrufe aufzeichnen und zählen",
        notify_steps: [
            "Jede Nummer anhaken, deren Anrufe zu sehen sein sollen, unter Einstellungen › Externe APIs oder in den \
                Routing-Einstellungen der Nummer, Reiter Sonstiges.",
            "Ausgehende Anrufe werden nur von SIP-Nutzern gemeldet, deren Rufnummernanzeige auf eine angehakte Nummer \
                gesetzt ist.",
        ],
        control: "4. Anrufe steuern (wenn gewünscht)",
        control_steps: [
            "In den Routing-Einstellungen der Nummer Externe API wählen: von da an beantworten die Routen von fernamt ihre \
                Anrufe.",
            "Wählen, wie oft Placetel es noch einmal versucht, wenn keine Antwort kommt.",
            "Einen Backup-Routingplan wählen für den Fall, dass fernamt nicht antwortet.",
            "Eine Ansage wählen, die vorher abgespielt wird, oder keine.",
        ],
    },
    live: super::live::DE,
    docs: super::docs::DE,
    calls: CallsTexts {
        title: "Anrufe",
        count: |n, shown| format!("{shown} {}", if n == 1 { "Anruf" } else { "Anrufe" }),
        time: "Beginn",
        party: "Gegenstelle",
        number: "Eigene Nummer",
        peer: "Person",
        outcome: "Ergebnis",
        wait: "Gewartet",
        talk: "Gesprochen",
        direction: "Richtung",
        inbound: "eingehend",
        outbound: "ausgehend",
        direction_unknown: "Richtung unbekannt",
        anonymous: "Anonym",
        forgotten: "Nummer gelöscht",
        older: "Ältere Anrufe",
        newest: "Zu den neuesten",
        none: "Keine Anrufe",
        none_hint: "Kein Anruf passt zu diesen Filtern. Ein längerer Zeitraum oder weniger Filter helfen.",
        none_at_all: "Noch ist nichts angekommen. Die Übersicht sagt, wie Placetel verbunden wird.",
        reset: "Filter löschen",
        csv: "Diese Liste herunterladen",
        csv_plain: "CSV",
        csv_excel: "CSV für Excel",
        wrong_cursor: "Gezeigt werden die neuesten Anrufe.",
    },
    call: CallTexts {
        title: |party| format!("Anruf: {party}"),
        back: "Alle Anrufe",
        happened: "Was geschah",
        incoming: |from, to| format!("{from} ruft {to} an"),
        outgoing: |from, to| format!("{from} ruft {to} an"),
        accepted: |peer| peer.map_or("Angenommen".to_owned(), |peer| format!("Angenommen von {peer}")),
        hung_up: |outcome| format!("Beendet: {outcome}"),
        talked: |duration| format!("Aufgelegt nach {duration} Gespräch"),
        other_event: |name| format!("Ereignis „{name}“"),
        answered_by: |route| format!("Beantwortet von der Route „{route}“"),
        answered_by_none: "Keine Route passte",
        no_hangup: "Das Auflegen wurde nie gemeldet: der Anruf gilt als beendet.",
        still_running: "Der Anruf läuft noch.",
        after: |duration| format!("nach {duration}"),
        received_times: |n| format!("{n} mal empfangen"),
        decision: "Entscheidung",
        decision_of: "Route",
        no_decision: "Es gibt keine Entscheidung: der Anruf wurde importiert, oder sein erstes Ereignis kam nie an.",
        no_decision_outbound: "Über ausgehende Anrufe wird nicht entschieden.",
        decided_at: "Entschieden",
        answer: "Die Antwort an Placetel",
        deleted_route: "Diese Route gibt es nicht mehr.",
        raw: "Ereignisse wie gesendet",
        surplus: |n| format!("{n} weitere sind aufgehoben, zählen aber für diesen Anruf nicht: Er hat sehr viele."),
        raw_count: |n| format!("{n} {}", if n == 1 { "Ereignis" } else { "Ereignisse" }),
        facts: "Angaben",
        from: "Von",
        to: "An",
        started: "Beginn",
        accepted_at: "Angenommen",
        ended: "Ende",
        call_id: "Anruf-ID",
        calls_of_party: "Alle Anrufe mit dieser Nummer",
        unknown_value: "unbekannt",
    },
    callbacks: super::callbacks::DE,
    quality: super::quality::DE,
    call_log: super::call_log::DE,
    history: super::history::DE,
    contacts: super::de_contacts::CONTACTS,
    import: super::de_contacts::IMPORT,
    names: super::de_contacts::NAMES,
    dashboard: super::de_dashboard::DASHBOARD,
    routes: super::de_routes::ROUTES,
    route: super::de_routes::ROUTE,
    route_trial: super::route_trials::DE_TRIAL,
    warnings: super::route_trials::DE_WARNINGS,
    hours: super::hours::DE,
    shared: super::shared::DE,
    settings: SettingsTexts {
        title: "Einstellungen",
        intro: "Womit dieses fernamt gestartet wurde. Geheimnisse werden nicht gezeigt.",
        setting: "Einstellung",
        value: "Wert",
        flag: "Schalter",
        what: |flag| match flag {
            "listen" => "Adresse, auf der es lauscht",
            "database-url" => "Datenbank",
            "time-zone" => "Zeitzone des Geschäfts: was ein Tag ist",
            "country" => "Land: nationale Nummern, Feiertage",
            "business-hours" => "Geschäftszeiten",
            "service-level" => "Servicelevel: angenommen binnen",
            "hangup-timeout" => "Ein Anruf ohne Auflegen endet nach",
            "no-route" => "Antwort, wenn keine Route passt",
            "answer-within" => "Ein eingehender Anruf wartet aufs Speichern höchstens",
            "routes-file" => "Letzte gute Routen, falls beim Start die Datenbank fehlt",
            "agent-figures" => "Zahlen je Person (SIP-Nutzer)",
            "placetel-secret" => "Gemeinsames Geheimnis mit Placetel",
            "placetel-basic" => "Benutzer und Passwort für Placetel",
            _ => "Form des Protokolls",
        },
        none: "nicht gesetzt",
        always: "immer geöffnet",
        secrets: |n| match n {
            1 => "1 Geheimnis ist gesetzt".to_owned(),
            n => format!("{n} Geheimnisse sind gesetzt"),
        },
        is_set: "gesetzt",
        no_route_empty: "empty: 200 mit leerer Antwort",
        no_route_error: "error: 503, damit Placetel seinen Backup-Plan ausführt",
        log_auto: "Text in einem Terminal, sonst json",
        remembered: "Von Zeitzone, Land und Geschäftszeiten hängen gespeicherte Zahlen ab. Nach einer Änderung bitte \
            einmal fernamt rebuild ausführen.",
        how: "Wie man sie ändert",
        how_flag: "Als Schalter in der Befehlszeile:",
        how_environment: "Als Umgebungsvariable:",
        how_file: "In einer Datei, die --config nennt:",
        how_order: "Der Schalter gewinnt gegen die Umgebung, die Umgebung gegen die Datei. Danach fernamt neu starten.",
        version: "Version",
        guide: "Placetel verbinden, Schritt für Schritt",
    },
    login: super::accounts::DE_LOGIN,
    setup: super::accounts::DE_SETUP,
    accounts: super::accounts::DE,
    audit: super::audit::DE,
    failure: FailureTexts {
        not_found: "Diese Seite gibt es nicht",
        not_found_what: "Vielleicht ist die Adresse vertippt, oder was sie zeigte, wurde gelöscht.",
        forbidden: "Hier nicht offen",
        forbidden_what: "Noch schützt nichts diese Seiten, darum sind sie nur im lokalen Modus offen: für Anfragen, die auf \
            diesem Rechner für localhost, 127.0.0.1 oder [::1] gestellt werden und die kein Proxy weitergereicht hat.",
        not_allowed: "Das darf Ihr Konto nicht",
        not_allowed_what: "Es darf ansehen, was da ist. Jemand mit der Rolle Admin kann das erledigen oder Ihrem Konto diese Rolle geben.",
        switched_off: "Zahlen je Person sind ausgeschaltet",
        switched_off_what: "So ist dieses fernamt eingestellt (--agent-figures off), für alle. Wer einen Anruf angenommen \
            hat, steht weiter bei jedem einzelnen Anruf.",
        log_in: "Bitte anmelden",
        log_in_what: "Danach geht es weiter.",
        foreign: "Das kam von einer anderen Website",
        foreign_what: "Nichts wurde geändert. Bitte fernamt selbst öffnen und es dort noch einmal versuchen.",
        public: "So wird es öffentlich",
        public_secret: "Ein gemeinsames Geheimnis mit Placetel setzen,",
        public_basic: "oder Benutzer und Passwort für Placetel (oder beides),",
        public_account: "ein Konto anlegen,",
        public_listen: "und, wenn kein Proxy auf diesem Rechner davorsteht, eine Adresse, die andere erreichen:",
        unavailable: "Die Datenbank antwortet nicht",
        unavailable_what: "Bitte gleich noch einmal versuchen.",
        too_long: "Das hat zu lange gedauert",
        too_long_what: "Die Frage wurde abgebrochen, damit andere nicht warten. Bitte einen kürzeren Zeitraum oder einen \
            engeren Filter wählen.",
        crowded: "Zu viel auf einmal",
        crowded_what: "Mit diesem Konto oder von diesem Anschluss wird gerade schon viel gefragt. Bitte gleich noch einmal \
            versuchen.",
        full: "Gerade geht es nicht",
        full_what: "Es wird gerade zu viel auf einmal geschickt. Bitte gleich noch einmal versuchen.",
        broken: "Etwas ist schiefgegangen",
        broken_what: "Das Protokoll sagt, was. Nichts wurde geändert.",
        unusable: "Das ist nicht zu gebrauchen",
        said: "Der Grund:",
        home: "Zur Übersicht",
    },
    outcome: |outcome| match outcome {
        Outcome::Accepted => "Angenommen",
        Outcome::Missed => "Verpasst",
        Outcome::Voicemail => "Voicemail",
        Outcome::Blocked => "Blockiert",
        Outcome::Busy => "Besetzt",
        Outcome::Canceled => "Abgebrochen",
        Outcome::Unavailable => "Nicht erreichbar",
        Outcome::Congestion => "Überlastet",
        Outcome::Other => "Sonstiges",
        Outcome::Unknown => "Unbekannt",
        Outcome::Open => "Läuft",
    },
};
