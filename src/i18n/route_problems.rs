//! What is wrong with routes, opening hours and what routes share, in words: phrases without a full stop.

use std::fmt;

use crate::lang::Lang::{self, De, En};
use crate::routing::hours::error::HoursError;
use crate::routing::hours::{MAX_HOURS_CHARS, MAX_WEEKDAY_DATES};
use crate::routing::key::MAX_SHORT_NAME_CHARS;
use crate::routing::named::MAX_CLOSED_DAYS;
use crate::routing::problem::RouteProblem;

/// Returns what is wrong with a field of a route or of what routes share.
pub(super) fn route(problem: &RouteProblem, lang: Lang) -> String {
    match (problem, lang) {
        (RouteProblem::Name, En) => format!("must be a name of 1 to {MAX_SHORT_NAME_CHARS} letters, digits, - or _"),
        (RouteProblem::Name, De) => {
            format!("muss ein Name aus 1 bis {MAX_SHORT_NAME_CHARS} Buchstaben, Ziffern, - oder _ sein")
        }
        (RouteProblem::OtherName(name), En) => format!("must be {name} as in the address"),
        (RouteProblem::OtherName(name), De) => format!("muss {name} sein wie in der Adresse"),
        (RouteProblem::UnknownList(key), En) => format!("names the list @{key}, which does not exist"),
        (RouteProblem::UnknownList(key), De) => format!("nennt die Liste @{key}, die es nicht gibt"),
        (RouteProblem::UnknownSchedule(key), En) => format!("names the schedule @{key}, which does not exist"),
        (RouteProblem::UnknownSchedule(key), De) => format!("nennt den Zeitplan @{key}, den es nicht gibt"),
        (RouteProblem::NestedList, En) => "must not name another list".into(),
        (RouteProblem::NestedList, De) => "darf keine andere Liste nennen".into(),
        (RouteProblem::NotNumber, En) => {
            "is no number: right are, for example, 0221 29191999, +49221*, 23, anonymous".into()
        }
        (RouteProblem::NotNumber, De) => {
            "ist keine Nummer: richtig sind zum Beispiel 0221 29191999, +49221*, 23, anonymous".into()
        }
        (RouteProblem::NotClosingDay, En) => "must be a day like 2026-12-24".into(),
        (RouteProblem::NotClosingDay, De) => "muss ein Tag wie 2026-12-24 sein".into(),
        (RouteProblem::EndsBeforeFirstDay(first), En) => format!("is before the first day, {first}"),
        (RouteProblem::EndsBeforeFirstDay(first), De) => format!("liegt vor dem ersten Tag, {first}"),
        (RouteProblem::NotClosedUntil, En) => "must be an instant by RFC 3339, such as 2026-11-24T07:00:00Z".into(),
        (RouteProblem::NotClosedUntil, De) => "muss ein Zeitpunkt nach RFC 3339 sein, etwa 2026-11-24T07:00:00Z".into(),
        (RouteProblem::ClosedUntilPast, En) => "must be in the future".into(),
        (RouteProblem::ClosedUntilPast, De) => "muss in der Zukunft liegen".into(),
        (RouteProblem::ClosedTooLong, En) => format!("must be within {MAX_CLOSED_DAYS} days"),
        (RouteProblem::ClosedTooLong, De) => format!("darf höchstens {MAX_CLOSED_DAYS} Tage entfernt sein"),
        (RouteProblem::DuplicateId, En) => {
            "stands with an earlier route already: every route has one of its own".into()
        }
        (RouteProblem::DuplicateId, De) => "steht schon bei einer früheren Route: jede Route hat ihre eigene".into(),
        (RouteProblem::NotCallTime, En) => "must be an instant by RFC 3339, for example 2026-11-23T09:30:00Z".into(),
        (RouteProblem::NotCallTime, De) => "muss ein Zeitpunkt nach RFC 3339 sein, etwa 2026-11-23T09:30:00Z".into(),
        (RouteProblem::NotReplayDay, En) => "must be a day such as 2026-11-23".into(),
        (RouteProblem::NotReplayDay, De) => "muss ein Tag wie 2026-11-23 sein".into(),
        (RouteProblem::ReplayEndsBeforeStart, En) => "lies before start".into(),
        (RouteProblem::ReplayEndsBeforeStart, De) => "liegt vor start".into(),
        (RouteProblem::ReplayTooLong, En) => "lies more than two years after start".into(),
        (RouteProblem::ReplayTooLong, De) => "liegt mehr als zwei Jahre nach start".into(),
    }
}

/// Returns why the text of a field cannot be used as opening hours.
pub(super) fn hours(error: &HoursError, lang: Lang) -> String {
    match lang {
        En => format!("is {}", reason(error, En)),
        De => reason(error, De),
    }
}

fn reason(error: &HoursError, lang: Lang) -> String {
    match (error, lang) {
        (HoursError::TooLong, En) => format!(
            "too long: at most {MAX_HOURS_CHARS} characters and {MAX_WEEKDAY_DATES} dates like \"Jan Mo[1]\" in a list"
        ),
        (HoursError::TooLong, De) => format!(
            "ist zu lang: höchstens {MAX_HOURS_CHARS} Zeichen und {MAX_WEEKDAY_DATES} Angaben wie „Jan Mo[1]“ in einer Liste"
        ),
        (HoursError::Syntax { character, rest, suggestion }, En) => {
            let right = suggestion.as_ref().map_or_else(
                || "right is, for example, \"Mo-Fr 09:00-17:00; PH off\"".to_owned(),
                |meant| format!("probably meant is \"{meant}\""),
            );
            format!("not opening hours from character {character} on ({rest:?}); {right}")
        }
        (HoursError::Syntax { character, rest, suggestion }, De) => {
            let right = suggestion.as_ref().map_or_else(
                || "richtig ist zum Beispiel Mo-Fr 09:00-17:00; PH off".to_owned(),
                |meant| format!("vermutlich gemeint: {meant}"),
            );
            format!("ist ab dem {character}. Zeichen („{rest}“) keine Öffnungszeit; {right}")
        }
        (HoursError::Senseless(why), En) => format!("not usable as opening hours: {why}"),
        (HoursError::Senseless(why), De) => format!("ist als Öffnungszeit nicht brauchbar: {why}"),
        (HoursError::Sun, En) => {
            "dawn, sunrise, sunset and dusk are not supported: write times, for example 08:00-18:00".into()
        }
        (HoursError::Sun, De) => {
            "kann dawn, sunrise, sunset und dusk nicht enthalten: bitte Uhrzeiten wie 08:00-18:00 angeben".into()
        }
        (HoursError::NoHolidays(kind), En) => {
            format!("no {kind} holidays are known for the country of the setting --country: leave {kind} out")
        }
        (HoursError::NoHolidays(kind), De) => {
            format!("kann {kind} nicht enthalten: für das Land der Einstellung --country sind keine bekannt")
        }
    }
}

/// The English reason alone, as commands say it of a setting.
impl fmt::Display for HoursError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&reason(self, En))
    }
}
