//! Why a route did not answer a call, in words.

use super::problems::text;
use super::texts;
use crate::lang::Lang;
use crate::routing::explain::Reason;

/// Returns the text that says why a route did not answer, to follow its name; `moment` formats times.
pub fn why(reason: &Reason, lang: Lang, moment: &dyn Fn(i64) -> String) -> String {
    let t = &texts(lang).route_trial;
    match reason {
        Reason::Off => t.off.to_owned(),
        Reason::Unusable(error) => (t.unusable)(&format!("{} {}", error.field, text(&error.problem, lang))),
        Reason::To { lists } if !lists.is_empty() => (t.number_not_on)(lists),
        Reason::To { .. } => t.other_number.to_owned(),
        Reason::From { lists } if !lists.is_empty() => (t.caller_not_on)(lists),
        Reason::From { .. } => t.other_caller.to_owned(),
        Reason::Closed { opens_ms: Some(opens_ms) } => (t.closed_until)(&moment(*opens_ms)),
        Reason::Closed { opens_ms: None } => t.closed_long.to_owned(),
        Reason::Open { closes_ms: Some(closes_ms) } => (t.open_until)(&moment(*closes_ms)),
        Reason::Open { closes_ms: None } => t.open_long.to_owned(),
        Reason::Switched { until_ms, .. } => (t.switched_until)(&moment(*until_ms)),
    }
}
