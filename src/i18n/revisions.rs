//! What a change of the routes changed, in words.

use crate::lang::Lang::{self, De, En};
use crate::routing::revision::{Change, Counts};

/// Returns a change as a phrase without a full stop.
pub fn text(change: &Change, lang: Lang) -> String {
    match (change, lang) {
        (Change::Began, En) => "as it was when the history began".into(),
        (Change::Began, De) => "Stand zu Beginn des Verlaufs".into(),
        (Change::Added { name }, En) => format!("added {name}"),
        (Change::Added { name }, De) => format!("„{name}“ angelegt"),
        (Change::Changed { name }, En) => format!("changed {name}"),
        (Change::Changed { name }, De) => format!("„{name}“ geändert"),
        (Change::Removed { name }, En) => format!("removed {name}"),
        (Change::Removed { name }, De) => format!("„{name}“ gelöscht"),
        (Change::MovedUp { name }, En) => format!("moved {name} up"),
        (Change::MovedUp { name }, De) => format!("„{name}“ nach oben verschoben"),
        (Change::MovedDown { name }, En) => format!("moved {name} down"),
        (Change::MovedDown { name }, De) => format!("„{name}“ nach unten verschoben"),
        (Change::SwitchedOn { name }, En) => format!("switched {name} on"),
        (Change::SwitchedOn { name }, De) => format!("„{name}“ eingeschaltet"),
        (Change::SwitchedOff { name }, En) => format!("switched {name} off"),
        (Change::SwitchedOff { name }, De) => format!("„{name}“ ausgeschaltet"),
        (Change::Replaced(counts), En) => format!("replaced all routes: {}", count(*counts, lang)),
        (Change::Replaced(counts), De) => format!("alle Routen ersetzt: {}", count(*counts, lang)),
        (Change::Restored { revision, counts }, En) => {
            format!("restored revision {revision}: {}", count(*counts, lang))
        }
        (Change::Restored { revision, counts }, De) => {
            format!("Stand {revision} wiederhergestellt: {}", count(*counts, lang))
        }
    }
}

/// Returns how many routes a change changed, such as `2 added, 1 removed`.
fn count(Counts { added, changed, removed }: Counts, lang: Lang) -> String {
    let (words, nothing) = match lang {
        En => (["added", "changed", "removed"], "nothing changed"),
        De => (["neu", "geändert", "gelöscht"], "nichts geändert"),
    };
    let counts = [added, changed, removed].into_iter().zip(words).filter(|(n, _)| *n > 0);
    let said: Vec<_> = counts.map(|(n, word)| format!("{n} {word}")).collect();
    if said.is_empty() { nothing.to_owned() } else { said.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_in_both_languages() {
        let name = || "Büro".to_owned();
        let counts = Counts { added: 2, changed: 0, removed: 1 };
        for (change, de, en) in [
            (Change::Began, "Stand zu Beginn des Verlaufs", "as it was when the history began"),
            (Change::Added { name: name() }, "„Büro“ angelegt", "added Büro"),
            (Change::Changed { name: name() }, "„Büro“ geändert", "changed Büro"),
            (Change::Removed { name: name() }, "„Büro“ gelöscht", "removed Büro"),
            (Change::MovedUp { name: name() }, "„Büro“ nach oben verschoben", "moved Büro up"),
            (Change::MovedDown { name: name() }, "„Büro“ nach unten verschoben", "moved Büro down"),
            (Change::SwitchedOn { name: name() }, "„Büro“ eingeschaltet", "switched Büro on"),
            (Change::SwitchedOff { name: name() }, "„Büro“ ausgeschaltet", "switched Büro off"),
            (
                Change::Replaced(Counts::default()),
                "alle Routen ersetzt: nichts geändert",
                "replaced all routes: nothing changed",
            ),
            (
                Change::Restored { revision: 7, counts },
                "Stand 7 wiederhergestellt: 2 neu, 1 gelöscht",
                "restored revision 7: 2 added, 1 removed",
            ),
        ] {
            assert_eq!((text(&change, De).as_str(), text(&change, En).as_str()), (de, en));
        }
    }
}
