//! Content negotiation: which language somebody reads.

use crate::lang::Lang;

/// Returns the language with this code, as in `de-AT`.
pub fn parse_lang(code: &str) -> Option<Lang> {
    match code.split('-').next()?.trim().to_ascii_lowercase().as_str() {
        "de" => Some(Lang::De),
        "en" => Some(Lang::En),
        _ => None,
    }
}

/// Returns the language that an `Accept-Language` likes best; English if it knows none of ours.
pub fn negotiate(accept_language: &str) -> Lang {
    let weighed = accept_language.split(',').filter_map(|part| {
        let (code, parameters) = part.split_once(';').unwrap_or((part, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.parse::<f32>().ok())?;
        Some((parse_lang(code)?, weight)).filter(|(_, weight)| *weight > 0.0)
    });
    // The first of the best: max_by would take the last.
    let best = weighed.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map_or(Lang::En, |(lang, _)| lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_chooses_the_language() {
        for (header, lang) in [
            ("de-DE,de;q=0.9,en;q=0.8", Lang::De),
            ("en-US,en;q=0.9,de;q=0.8", Lang::En),
            ("fr,de;q=0.5,en;q=0.4", Lang::De),
            ("de;q=0, en;q=0.1", Lang::En),
            ("DE", Lang::De),
            ("en;q=nonsense, de;q=0.2", Lang::De),
            ("fr", Lang::En),
            ("", Lang::En),
        ] {
            assert_eq!(negotiate(header), lang, "{header}");
        }
    }
}
