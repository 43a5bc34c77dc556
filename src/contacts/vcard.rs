//! Parses vCards 2.1, 3.0 and 4.0 as telephones and programs really write them: only names and numbers are read,
//! anything else is skipped.

use super::entry::{Entry, MOST_ENTRIES};
use super::text::decode_as;

const BEGIN: &str = "BEGIN:VCARD";
const END: &str = "END:VCARD";

/// Returns whether a text begins like a vCard.
pub(super) fn is_vcard(text: &str) -> bool {
    text.get(..BEGIN.len()).is_some_and(|start| start.eq_ignore_ascii_case(BEGIN))
}

/// Parses the people and companies of a file of vCards.
pub(super) fn entries(text: &str) -> Vec<Entry> {
    let mut cards = Cards::default();
    let folds_soft_breaks = folds_soft_breaks(text);
    let mut lines = (1_u64..).zip(text.lines()).peekable();
    while let Some((number, first)) = lines.next() {
        let mut line = first.to_owned();
        loop {
            let is_soft = goes_on(&line);
            if is_soft && !folds_soft_breaks {
                // Soft line breaks of quoted-printable, which vCard 2.1 does not mark by a blank.
                let Some((_, more)) = lines.next_if(|(_, next)| !next.trim().eq_ignore_ascii_case(END)) else { break };
                line.truncate(line.trim_end().len() - 1);
                line.push_str(more);
            } else {
                let Some((_, more)) = lines.next_if(|(_, next)| next.starts_with([' ', '\t'])) else { break };
                line.truncate(if is_soft { line.trim_end().len() - 1 } else { line.len() });
                line.push_str(more.get(1..).unwrap_or_default());
            }
        }
        if let Some(property) = Property::read(&line) {
            cards.take(number, &property);
        }
        if cards.done.len() > MOST_ENTRIES {
            break;
        }
    }
    cards.finish()
}

/// Returns whether a line ends within a value in quoted-printable.
fn goes_on(line: &str) -> bool {
    line.trim_end().ends_with('=') && Property::read(line).is_some_and(|property| property.is_quoted_printable)
}

/// Returns whether the file marks all lines that continue a value in quoted-printable by a blank, as it does with other
/// values. Where some are not marked, a blank belongs to the value.
fn folds_soft_breaks(text: &str) -> bool {
    let (mut lines, mut folds) = (text.lines().peekable(), false);
    while let Some(first) = lines.next() {
        let mut is_soft = goes_on(first);
        while is_soft {
            let Some(next) = lines.next_if(|next| !next.trim().eq_ignore_ascii_case(END)) else { break };
            if !next.starts_with([' ', '\t']) {
                return false;
            }
            folds = true;
            is_soft = next.trim_end().ends_with('=');
        }
    }
    folds
}

#[derive(Default)]
struct Cards {
    done: Vec<Entry>,
    open: Option<Card>,
    /// The depth of cards nested in the open one: vCard 2.1 nests the card of an AGENT, such as an assistant.
    inner: usize,
    /// Whether a nested card may follow.
    agent: bool,
}

#[derive(Default)]
struct Card {
    entry: Entry,
    structured_name: String,
}

impl Cards {
    fn take(&mut self, line: u64, property: &Property<'_>) {
        let after_agent = std::mem::take(&mut self.agent);
        match (property.name.as_str(), property.raw) {
            ("BEGIN", kind) if kind.trim().eq_ignore_ascii_case("VCARD") => {
                if self.open.is_some() && (after_agent || self.inner > 0) {
                    self.inner += 1;
                } else {
                    self.close();
                    self.open = Some(Card { entry: Entry { line, ..Entry::default() }, ..Card::default() });
                }
            }
            ("END", kind) if kind.trim().eq_ignore_ascii_case("VCARD") => match self.inner {
                0 => self.close(),
                _ => self.inner -= 1,
            },
            ("AGENT", value) if self.inner == 0 => self.agent = value.trim().is_empty(),
            _ if self.inner == 0 => {
                if let Some(card) = &mut self.open {
                    card.take(line, property);
                }
            }
            _ => {}
        }
    }

    fn close(&mut self) {
        self.inner = 0;
        if let Some(Card { mut entry, structured_name }) = self.open.take() {
            if entry.name.trim().is_empty() {
                entry.name = structured_name;
            }
            self.done.push(entry);
        }
    }

    fn finish(mut self) -> Vec<Entry> {
        self.close();
        self.done
    }
}

impl Card {
    fn take(&mut self, line: u64, property: &Property<'_>) {
        let entry = &mut self.entry;
        match property.name.as_str() {
            "FN" if entry.name.trim().is_empty() => entry.name = property.parts().join(";"),
            "N" if self.structured_name.is_empty() => {
                // Family; given; additional; prefixes; suffixes.
                let parts = property.parts();
                let part = |place: usize| parts.get(place).map_or("", String::as_str);
                self.structured_name = [part(1), part(2), part(0)].join(" ").trim().to_owned();
            }
            "ORG" if entry.company.is_empty() => {
                entry.company = property.parts().into_iter().next().unwrap_or_default()
            }
            "TEL" => {
                let number = property.value();
                if !number.trim().is_empty() {
                    entry.numbers.push((line, number));
                }
            }
            _ => {}
        }
    }
}

/// One property of a card, unfolded: `item1.TEL;type=CELL:+49 171 2345678`.
struct Property<'a> {
    name: String,
    raw: &'a str,
    is_quoted_printable: bool,
    charset: Option<String>,
}

impl<'a> Property<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let colon = unquoted(line, ':').next()?;
        let (head, raw) = (line.get(..colon)?, line.get(colon + 1..)?);
        let mut parts = pieces(head, ';').into_iter();
        let name = parts.next()?;
        // A group prefix may stand before the name.
        let name = name.rsplit('.').next().unwrap_or_default().trim().to_ascii_uppercase();
        let (mut is_quoted_printable, mut charset) = (false, None);
        for parameter in parts {
            let (key, value) = parameter.split_once('=').unwrap_or(("", parameter));
            let value = value.trim().trim_matches('"');
            match key.trim().to_ascii_uppercase().as_str() {
                "" | "ENCODING" => is_quoted_printable |= value.eq_ignore_ascii_case("QUOTED-PRINTABLE"),
                "CHARSET" => charset = Some(value.to_owned()),
                _ => {}
            }
        }
        Some(Self { name, raw, is_quoted_printable, charset })
    }

    /// Returns the value as text.
    fn value(&self) -> String {
        if self.is_quoted_printable {
            decode_as(&quoted_printable(self.raw), self.charset.as_deref())
        } else {
            self.raw.to_owned()
        }
    }

    /// Returns the value split at `;`, with escapes resolved.
    fn parts(&self) -> Vec<String> {
        let (mut parts, mut part) = (Vec::new(), String::new());
        let value = self.value();
        let mut characters = value.chars();
        while let Some(character) = characters.next() {
            match character {
                '\\' => match characters.next() {
                    Some('n' | 'N') => part.push(' '),
                    Some(escaped) => part.push(escaped),
                    None => part.push('\\'),
                },
                ';' => parts.push(std::mem::take(&mut part)),
                character => part.push(character),
            }
        }
        parts.push(part);
        parts
    }
}

/// Returns the positions of a character outside of quotes.
fn unquoted(text: &str, sign: char) -> impl Iterator<Item = usize> {
    let mut is_quoted = false;
    text.char_indices().filter_map(move |(place, character)| {
        is_quoted ^= character == '"';
        (character == sign && !is_quoted).then_some(place)
    })
}

fn pieces(text: &str, sign: char) -> Vec<&str> {
    let (mut pieces, mut start) = (Vec::new(), 0);
    for place in unquoted(text, sign) {
        pieces.push(text.get(start..place).unwrap_or_default());
        start = place + sign.len_utf8();
    }
    pieces.push(text.get(start..).unwrap_or_default());
    pieces
}

/// Decodes quoted-printable (`J=C3=B6rg`) to bytes; anything that is not a valid escape stays as it is.
fn quoted_printable(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let hex = |place: usize| bytes.get(place).and_then(|byte| char::from(*byte).to_digit(16));
    let (mut decoded, mut place) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(place) {
        match (byte, hex(place + 1), hex(place + 2)) {
            (b'=', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).unwrap_or_default());
                place += 3;
            }
            _ => {
                decoded.push(*byte);
                place += 1;
            }
        }
    }
    decoded
}
