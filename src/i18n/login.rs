/// Texts of the login.
pub struct LoginTexts {
    pub title: &'static str,
    pub name: &'static str,
    pub password: &'static str,
    pub log_in: &'static str,
    pub wrong: &'static str,
    pub too_many: fn(u64) -> String,
    pub forgotten: &'static str,
    /// In the frame.
    pub log_out: &'static str,
}

/// The English texts.
pub const EN: LoginTexts = LoginTexts {
    title: "Log in",
    name: "Name",
    password: "Password",
    log_in: "Log in",
    wrong: "Name or password is wrong.",
    too_many: |minutes| match minutes {
        1 => "Too many attempts have failed. Try again in a minute.".to_owned(),
        minutes => format!("Too many attempts have failed. Try again in {minutes} minutes."),
    },
    forgotten: "Forgot the password? An admin sets a new one under Settings → Accounts.",
    log_out: "Log out",
};

/// The German texts.
pub const DE: LoginTexts = LoginTexts {
    title: "Anmelden",
    name: "Name",
    password: "Passwort",
    log_in: "Anmelden",
    wrong: "Name oder Passwort stimmt nicht.",
    too_many: |minutes| match minutes {
        1 => "Zu viele Fehlversuche. In einer Minute geht es wieder.".to_owned(),
        minutes => format!("Zu viele Fehlversuche. In {minutes} Minuten geht es wieder."),
    },
    forgotten: "Passwort vergessen? Wer Admin ist, setzt unter Einstellungen → Konten ein neues.",
    log_out: "Abmelden",
};
