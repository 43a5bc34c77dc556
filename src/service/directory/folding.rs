//! Folding of names for search and order: as people type them, whatever the keyboard.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The mark of `ä`, `ö` and `ü`, which are written `ae`, `oe` and `ue` where a keyboard lacks them.
const DIAERESIS: char = '\u{308}';
/// What stands before a name and is not part of it.
const TITLES: [&str; 4] = ["herr", "herrn", "frau", "hr."];

/// A folded name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Folded {
    /// As a German address book sorts: `Müller` as `mueller`, `Weiß` as `weiss`.
    written_out: Box<str>,
    /// Without any marks: `Müller` as `muller`; nothing if that is the same.
    unmarked: Option<Box<str>>,
}

impl Folded {
    /// Folds a text.
    pub(super) fn new(text: &str) -> Self {
        let (mut written_out, mut unmarked) = (String::with_capacity(text.len()), String::with_capacity(text.len()));
        for character in text.to_lowercase().nfd() {
            match character {
                DIAERESIS if written_out.ends_with(['a', 'o', 'u']) => written_out.push('e'),
                'ß' => [&mut written_out, &mut unmarked].into_iter().for_each(|folded| folded.push_str("ss")),
                _ if is_combining_mark(character) => {}
                _ => [&mut written_out, &mut unmarked].into_iter().for_each(|folded| folded.push(character)),
            }
        }
        let unmarked = (unmarked != written_out).then(|| unmarked.into());
        Self { written_out: written_out.into(), unmarked }
    }

    /// Returns whether the name has this word, however either is written.
    fn has(&self, word: &Self) -> bool {
        self.written_out.contains(&*word.written_out) || self.unmarked().contains(word.unmarked())
    }

    fn unmarked(&self) -> &str {
        self.unmarked.as_deref().unwrap_or(&self.written_out)
    }

    /// Returns whether the name has all of these words, in any order.
    pub(super) fn has_all(&self, words: &[Self]) -> bool {
        words.iter().all(|word| self.has(word))
    }
}

/// Splits what somebody searches for into words, without titles, unless there is nothing else.
pub(super) fn words(text: &str) -> Vec<Folded> {
    let all: Vec<Folded> = text.split_whitespace().map(Folded::new).collect();
    let is_title = |word: &&Folded| TITLES.contains(&&*word.written_out);
    let names: Vec<Folded> = all.iter().filter(|word| !is_title(word)).cloned().collect();
    if names.is_empty() { all } else { names }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(searched: &str, name: &str) -> bool {
        Folded::new(name).has_all(&words(searched))
    }

    #[test]
    fn names_are_found_however_either_is_written() {
        for (searched, name) in [
            ("müller", "Jürgen Müller"),
            ("Mueller", "Jürgen Müller"),
            ("muller", "Jürgen Müller"),
            ("mu\u{308}ller", "Jürgen Müller"),
            ("Müller", "Juergen Mueller"),
            ("MÜLLER JÜRGEN", "Jürgen Müller"),
            ("strassburger", "Straßburger"),
            ("Straßburger", "STRASSBURGER"),
            ("café", "Cafe Morgenrot"),
            ("cafe", "Café Morgenrot"),
            ("Frau Kern", "Eva Kern"),
            ("herr müller", "Mueller & Sohn"),
            ("Åse", "ase lund"),
            ("frau", "Frauke"),
        ] {
            assert!(finds(searched, name), "{searched} finds {name}");
        }
        for (searched, name) in [("müller", "Miller"), ("kern eva maria", "Eva Kern"), ("Frau Kern", "Eva Brot")] {
            assert!(!finds(searched, name), "{searched} does not find {name}");
        }
    }

    #[test]
    fn an_address_book_is_in_the_order_of_a_german_one() {
        let mut names = ["Zander", "Müller", "Mufti", "Mueller", "Älter", "Adam"];
        names.sort_by_key(|name| Folded::new(name));
        assert_eq!(names, ["Adam", "Älter", "Mueller", "Müller", "Mufti", "Zander"]);
    }
}
