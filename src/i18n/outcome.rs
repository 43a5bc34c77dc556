use crate::calls::outcome::Outcome;

/// The names of the outcomes of calls.
pub type OutcomeText = fn(Outcome) -> &'static str;

/// The English texts.
pub const EN: OutcomeText = |outcome| match outcome {
    Outcome::Accepted => "Accepted",
    Outcome::Missed => "Missed",
    Outcome::Voicemail => "Voicemail",
    Outcome::Blocked => "Blocked",
    Outcome::Busy => "Busy",
    Outcome::Canceled => "Canceled",
    Outcome::Unavailable => "Unavailable",
    Outcome::Congestion => "Congestion",
    Outcome::Other => "Other",
    Outcome::Unknown => "Unknown",
    Outcome::Open => "Running",
};

/// The German texts.
pub const DE: OutcomeText = |outcome| match outcome {
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
};
