/// Texts of the setup of the first account.
pub struct SetupTexts {
    pub title: &'static str,
    pub intro: &'static str,
    pub code: &'static str,
    pub code_hint: &'static str,
    pub wrong_code: &'static str,
    pub too_many: &'static str,
    pub name_hint: &'static str,
    pub create: &'static str,
    pub or_command: &'static str,
    pub arriving: fn(&str) -> String,
    pub no_events: &'static str,
}

/// The English texts.
pub const EN: SetupTexts = SetupTexts {
    title: "Make the first account",
    intro: "This fernamt has no account yet. The first one may do everything and make others.",
    code: "One-time code",
    code_hint: "It is in the log of the server, since the start: \"there is no account yet\".",
    wrong_code: "This is not the code in the log.",
    too_many: "Too many attempts have failed. Try again in a quarter of an hour.",
    name_hint: "What you log in with.",
    create: "Make the account",
    or_command: "Or on the server, without a code:",
    arriving: |time| format!("Events arrive: the last one came at {time}."),
    no_events: "No event has come since the start.",
};

/// The German texts.
pub const DE: SetupTexts = SetupTexts {
    title: "Das erste Konto anlegen",
    intro: "Dieses fernamt hat noch kein Konto. Das erste darf alles und kann weitere anlegen.",
    code: "Einmal-Code",
    code_hint: "Steht im Protokoll des Servers, seit dem Start: „there is no account yet“.",
    wrong_code: "Das ist nicht der Code aus dem Protokoll.",
    too_many: "Zu viele Fehlversuche. In einer Viertelstunde geht es wieder.",
    name_hint: "Womit Sie sich anmelden.",
    create: "Konto anlegen",
    or_command: "Oder auf dem Server, ohne Code:",
    arriving: |time| format!("Ereignisse kommen an: das letzte um {time}."),
    no_events: "Seit dem Start ist kein Ereignis angekommen.",
};
