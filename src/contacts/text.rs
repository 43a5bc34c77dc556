use std::borrow::Cow;

use encoding_rs::{Encoding, WINDOWS_1252};

/// Decodes the text of a file: by its byte order mark, else as UTF-8, else as Windows-1252.
pub(super) fn decode(bytes: &[u8]) -> String {
    match Encoding::for_bom(bytes) {
        Some((encoding, length)) => {
            encoding.decode_without_bom_handling(bytes.get(length..).unwrap_or_default()).0.into_owned()
        }
        None if std::str::from_utf8(bytes).is_err() => {
            let joined = joined(bytes);
            let is_whole = std::str::from_utf8(&joined).is_ok();
            decode_as(if is_whole { &joined } else { bytes }, None)
        }
        None => decode_as(bytes, None),
    }
}

/// Joins the characters of UTF-8 that vCards are folded within: some programs count bytes, not characters.
fn joined(bytes: &[u8]) -> Vec<u8> {
    const FOLDS: [&[u8]; 4] = [b"\r\n ", b"\r\n\t", b"\n ", b"\n\t"];
    let mut joined = Vec::with_capacity(bytes.len());
    for byte in bytes {
        let fold = FOLDS.into_iter().find(|fold| matches!(byte, 0x80..=0xbf) && joined.ends_with(fold));
        joined.truncate(joined.len() - fold.map_or(0, <[u8]>::len));
        joined.push(*byte);
    }
    joined
}

/// Decodes bytes in the character set with this name; without a known one, as UTF-8, else as Windows-1252.
pub(super) fn decode_as(bytes: &[u8], charset: Option<&str>) -> String {
    if let Some(encoding) = charset.and_then(|label| Encoding::for_label(label.as_bytes())) {
        return encoding.decode_without_bom_handling(bytes).0.into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// Ends every line with `\n`: some programs end lines with `\r` alone, some with `\r\r\n`.
pub(super) fn ended_alike(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') {
        return text.into();
    }
    let (mut alike, mut returns) = (String::with_capacity(text.len()), 0_usize);
    for c in text.chars() {
        match c {
            '\r' => returns += 1,
            '\n' => {
                alike.push('\n');
                returns = 0;
            }
            c => {
                alike.extend(std::iter::repeat_n('\n', returns));
                alike.push(c);
                returns = 0;
            }
        }
    }
    alike.extend(std::iter::repeat_n('\n', returns));
    alike.into()
}

/// Puts an apostrophe before what a spreadsheet would calculate, and before what looks as if it had one already.
pub(super) fn guarded(text: &str) -> Cow<'_, str> {
    if is_calculated(text.trim_start_matches('\'')) { format!("'{text}").into() } else { text.into() }
}

fn is_calculated(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@'])
}

/// Takes off what keeps a spreadsheet from calculating with a text: `="0221…"`, or what [`guarded`] put there.
pub(super) fn unguarded(field: &str) -> &str {
    if let Some(rest) = field.strip_prefix('\'').filter(|rest| is_calculated(rest.trim_start_matches('\''))) {
        return rest;
    }
    let bare = field.trim().strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    bare.unwrap_or(field)
}

/// Returns the text on one line, without invisible characters.
pub(super) fn tidy(text: &str) -> String {
    let seen: String = text
        .chars()
        .filter(|c| !is_unseen(*c))
        .map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c })
        .collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns whether a character is invisible, like marks of text direction, which telephones put around numbers.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
