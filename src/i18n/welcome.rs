use crate::service::refusal::RefusalReason;

/// Texts of the welcome page at the first start.
pub struct WelcomeTexts {
    pub title: &'static str,
    pub intro: &'static str,
    pub waiting: &'static str,
    pub waiting_what: &'static str,
    pub arrived: fn(&str) -> String,
    pub go_on: &'static str,
    pub refused: fn(&str, &str) -> String,
    pub refusal: fn(RefusalReason) -> &'static str,
    pub refusal_help: fn(RefusalReason) -> &'static str,
    pub try_it: &'static str,
    pub try_what: &'static str,
    pub try_simulate: &'static str,
    pub try_curl: &'static str,
    pub connect: &'static str,
    pub url: &'static str,
    pub url_local: &'static str,
    pub public: &'static str,
    pub public_steps: [&'static str; 3],
    pub public_done: &'static str,
    pub placetel: &'static str,
    pub placetel_product: &'static str,
    pub placetel_steps: [&'static str; 4],
    pub notify: &'static str,
    pub notify_steps: [&'static str; 2],
    pub control: &'static str,
    pub control_steps: [&'static str; 4],
}

/// The English texts.
pub const EN: WelcomeTexts = WelcomeTexts {
    title: "Welcome",
    intro: "Your log is still empty. As soon as your telephone system sends its first event, your calls appear here.",
    waiting: "Waiting for the first event …",
    waiting_what: "This page looks every few seconds by itself.",
    arrived: |when| format!("It works: the first events are here. The newest call began {when}."),
    go_on: "To the overview",
    refused: |reason, time| format!("A request came, but was refused: {reason}. Last try {time}."),
    refusal: |reason| match reason {
        RefusalReason::SignatureMissing => "signature missing",
        RefusalReason::SignatureWrong => "signature wrong",
        RefusalReason::Basic => "user or password missing or wrong",
        RefusalReason::NotLocal => "it came through a proxy or for another host, but fernamt is in local mode",
        RefusalReason::ForeignOrigin => "it came from a page of another site",
        RefusalReason::ContentType => "it was no form",
        RefusalReason::TooLarge => "it was too large",
        RefusalReason::NoRoom => "it was large, and too many such came at once",
        RefusalReason::NoEvent => "it was no event",
        RefusalReason::Astray => "it was an event, but not for the address of events",
    },
    refusal_help: |reason| match reason {
        RefusalReason::SignatureMissing => {
            "Enter the shared secret in Placetel, too: the same as in --placetel-secret."
        }
        RefusalReason::SignatureWrong => {
            "The shared secret in Placetel and the one in --placetel-secret must be the same, to the letter."
        }
        RefusalReason::Basic => {
            "The url in Placetel must begin with https://user:password@, with what --placetel-basic says."
        }
        RefusalReason::NotLocal => {
            "Set --placetel-secret or --placetel-basic before you put fernamt behind a proxy; see below."
        }
        RefusalReason::ForeignOrigin => {
            "Placetel does not send the header Origin. Something else has called the address."
        }
        RefusalReason::ContentType => {
            "Placetel sends application/x-www-form-urlencoded. Something else has called the address."
        }
        RefusalReason::TooLarge | RefusalReason::NoRoom => {
            "Events have a few hundred bytes. Something else has called the address."
        }
        RefusalReason::NoEvent => "An event has the fields event and call_id. Something else has called the address.",
        RefusalReason::Astray => {
            "The url in Placetel must end with /placetel, in lower case, as this page shows it. Events sent elsewhere are \
             lost."
        }
    },
    try_it: "Try it now",
    try_what: "No telephone system at hand? In a second terminal, let fernamt play one:",
    try_simulate: "Realistic calls, until you press Ctrl-C:",
    try_curl: "Or a single call, by hand:",
    connect: "Connect Placetel",
    url: "The address for Placetel",
    url_local: "This address works on this machine only: Placetel cannot reach it. First make fernamt public as \
        described below; then this page, opened under the public name, shows the address to paste.",
    public: "1. Make it reachable for Placetel",
    public_steps: [
        "Make up a long secret, for example with openssl rand -hex 24, so that nobody but your telephone system can send events. Start fernamt with it:",
        "Put a reverse proxy with a certificate in front (Caddy, nginx, Apache) that passes https:// on to",
        "Instead of the secret, or with it, a user and a password do, too:",
    ],
    public_done: "Without one of the two, fernamt refuses everything that comes through a proxy.",
    placetel: "2. Enter it in Placetel",
    placetel_product: "External APIs are part of Placetel's PROFI product line.",
    placetel_steps: [
        "Log in to Placetel's web portal as administrator and open Settings › External APIs.",
        "Paste the address from above as the url. With --placetel-basic it begins with https://user:password@.",
        "Enter the shared secret: the same as in --placetel-secret.",
        "Save.",
    ],
    notify: "3. Log and count calls",
    notify_steps: [
        "Tick every number whose calls you want to see, under Settings › External APIs or in the number's routing \
            settings, tab Miscellaneous.",
        "Outgoing calls are told only of SIP users whose caller id is set to a number that is ticked.",
    ],
    control: "4. Steer calls (if you like)",
    control_steps: [
        "In the number's routing settings choose External API: from then on fernamt's routes answer its calls.",
        "Choose how often Placetel tries again when it gets no answer.",
        "Choose a backup routing plan for when fernamt does not answer.",
        "Choose an announcement that is played before the answer is acted on, or none.",
    ],
};

/// The German texts.
pub const DE: WelcomeTexts = WelcomeTexts {
    title: "Willkommen",
    intro: "Das Anrufprotokoll ist noch leer. Sobald die Telefonanlage das erste Ereignis sendet, erscheinen die \
        Anrufe hier.",
    waiting: "Warte auf das erste Ereignis …",
    waiting_what: "Diese Seite sieht alle paar Sekunden selbst nach.",
    arrived: |when| format!("Es funktioniert: die ersten Ereignisse sind da. Der neueste Anruf begann {when}."),
    go_on: "Zur Übersicht",
    refused: |reason, time| format!("Eine Anfrage kam an, wurde aber abgewiesen: {reason}. Letzter Versuch {time}."),
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
        RefusalReason::Astray => "sie war ein Ereignis, ging aber nicht an die Adresse für Ereignisse",
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
        RefusalReason::Astray => {
            "Die Url in Placetel muss auf /placetel enden, klein geschrieben: so, wie diese Seite sie nennt. \
             Ereignisse an andere Adressen sind verloren."
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
};
