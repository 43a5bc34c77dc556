//! What is wrong with what somebody sent, in words: phrases without a full stop that also say what would be right.

use std::fmt;

use super::route_problems;
use crate::fields::{FieldError, Problem};
use crate::lang::Lang::{self, De, En};
use crate::routing::named::References;

/// Returns what is wrong with a field, to follow its name.
pub fn text(problem: &Problem, lang: Lang) -> String {
    match (problem, lang) {
        (Problem::Missing, En) => "is missing".into(),
        (Problem::Missing, De) => "fehlt".into(),
        (Problem::Unknown(known), En) => format!("is unknown; known are {}", known.join(", ")),
        (Problem::Unknown(known), De) => format!("ist unbekannt; bekannt sind {}", known.join(", ")),
        (Problem::NotObject, En) => "must be an object: {…}".into(),
        (Problem::NotObject, De) => "muss ein Objekt sein: {…}".into(),
        (Problem::NotList, En) => "must be a list: […]".into(),
        (Problem::NotList, De) => "muss eine Liste sein: […]".into(),
        (Problem::NotText, En) => "must be a text in quotes".into(),
        (Problem::NotText, De) => "muss ein Text in Anführungszeichen sein".into(),
        (Problem::NotId, En) => "must be an id: a text or a whole number".into(),
        (Problem::NotId, De) => "muss eine Kennung sein: ein Text oder eine ganze Zahl".into(),
        (Problem::NotFlag, En) => "must be true or false".into(),
        (Problem::NotFlag, De) => "muss true oder false sein".into(),
        (Problem::NotWhole(i64::MIN, i64::MAX), En) => "must be a whole number (64 bits)".into(),
        (Problem::NotWhole(i64::MIN, i64::MAX), De) => "muss eine ganze Zahl sein (64 Bit)".into(),
        (Problem::NotWhole(least, most), En) => format!("must be a whole number from {least} to {most}"),
        (Problem::NotWhole(least, most), De) => format!("muss eine ganze Zahl von {least} bis {most} sein"),
        (Problem::NotOneOf(words), En) => format!("must be one of {}", words.join(", ")),
        (Problem::NotOneOf(words), De) => format!("muss eines von diesen sein: {}", words.join(", ")),
        (Problem::Length(most), En) => format!("must be 1 to {most} characters long"),
        (Problem::Length(most), De) => format!("muss 1 bis {most} Zeichen lang sein"),
        (Problem::Control, En) => "must not contain control characters".into(),
        (Problem::Control, De) => "darf keine Steuerzeichen enthalten".into(),
        (Problem::Items(0, most), En) => format!("must have at most {most} items"),
        (Problem::Items(0, most), De) => format!("darf höchstens {most} Einträge haben"),
        (Problem::Items(least, most), En) => format!("must have {least} to {most} items"),
        (Problem::Items(least, most), De) => format!("muss {least} bis {most} Einträge haben"),
        (Problem::StarInside, En) => "may have * at the end only: 0221* stands for all numbers that begin so".into(),
        (Problem::StarInside, De) => "darf * nur am Ende haben: 0221* steht für alle Nummern, die so beginnen".into(),
        (Problem::NotPhoneNumber, En) => {
            "must be a valid telephone number, like 0221 29191999 or +49 221 29191999".into()
        }
        (Problem::NotPhoneNumber, De) => {
            "muss eine gültige Telefonnummer sein, wie 0221 29191999 oder +49 221 29191999".into()
        }
        (Problem::Hours(error), _) => route_problems::hours(error, lang),
        (Problem::Route(problem), _) => route_problems::route(problem, lang),
    }
}

/// Returns that lists and schedules do not exist (any more), to follow the name of what uses them.
pub fn missing(references: &References, lang: Lang) -> String {
    let names = |list: &str, schedule: &str| {
        let lists = references.lists.iter().map(|key| format!("{list} @{key}"));
        let schedules = references.schedules.iter().map(|key| format!("{schedule} @{key}"));
        lists.chain(schedules).collect::<Vec<_>>().join(", ")
    };
    match lang {
        En => format!("uses what does not exist (any more): {}; make it again first", names("list", "schedule")),
        De => {
            format!("benutzt, was es nicht (mehr) gibt: {}. Bitte erst wieder anlegen.", names("Liste", "Zeitplan"))
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, text(&self.problem, En))
    }
}

#[cfg(test)]
mod tests;
