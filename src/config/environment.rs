//! Names in the environment: one that looks like a setting and is none is a typing error, and would be ignored in silence.

use super::error::SettingError;

/// The prefix of the names that belong to fernamt.
const PREFIX: &str = "FERNAMT_";
/// Minimum similarity (Jaro-Winkler, 0 to 1) of a name that may be meant.
const SIMILAR: f64 = 0.85;

/// Checks that every name with fernamt's prefix is one of `known`; empty values count, too.
///
/// # Errors
/// Names the first unknown one, and the setting that was probably meant.
pub fn check_names(names: impl IntoIterator<Item = String>, known: &[&str]) -> Result<(), SettingError> {
    let mut unknown: Vec<String> = names.into_iter().filter(|name| name.starts_with(PREFIX)).collect();
    unknown.retain(|name| !known.contains(&name.as_str()));
    unknown.sort_unstable();
    let Some(name) = unknown.into_iter().next() else { return Ok(()) };
    let reason = match meant(&name, known) {
        Some(meant) => format!("there is no such setting; {meant} is probably meant"),
        None => "there is no such setting; `fernamt --help` lists them all".to_owned(),
    };
    Err(SettingError { setting: name, reason })
}

/// Returns the known name that is most like `name`, whatever its prefix and underscores.
fn meant<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let core = |name: &str| name.strip_prefix(PREFIX).unwrap_or(name).replace('_', "");
    let wanted = core(name);
    let similar = known.iter().map(|&known| (strsim::jaro_winkler(&wanted, &core(known)), known));
    similar.filter(|(likeness, _)| *likeness >= SIMILAR).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 6] = [
        "DATABASE_URL",
        "FERNAMT_COUNTRY",
        "FERNAMT_LISTEN",
        "FERNAMT_PLACETEL_SECRET",
        "FERNAMT_PLACETEL_SECRET_FILE",
        "FERNAMT_TIME_ZONE",
    ];

    fn checked(names: &[&str]) -> Result<(), SettingError> {
        check_names(names.iter().map(|name| (*name).to_owned()), &KNOWN)
    }

    #[test]
    fn known_names_and_those_of_others_are_let_through() {
        assert_eq!(checked(&[]), Ok(()));
        assert_eq!(checked(&["DATABASE_URL", "FERNAMT_TIME_ZONE", "HOME", "TIMEZONE", "FERN"]), Ok(()));
    }

    #[test]
    fn an_unknown_name_is_told_with_the_one_that_was_meant() {
        for (wrong, meant) in [
            ("FERNAMT_TIMEZONE", "FERNAMT_TIME_ZONE"),
            ("FERNAMT_DATABASE_URL", "DATABASE_URL"),
            ("FERNAMT_PLACETEL_SECRETS", "FERNAMT_PLACETEL_SECRET"),
            ("FERNAMT_PLACETEL_SECRET_FILES", "FERNAMT_PLACETEL_SECRET_FILE"),
            ("FERNAMT_LISTENS", "FERNAMT_LISTEN"),
            ("FERNAMT_CUONTRY", "FERNAMT_COUNTRY"),
        ] {
            let error = checked(&["FERNAMT_LISTEN", wrong]).unwrap_err();
            assert_eq!(error.setting, wrong);
            assert!(error.reason.contains(&format!(" {meant} is")), "{error}");
        }
        let error = checked(&["FERNAMT_COLOUR_OF_THE_SKY"]).unwrap_err();
        assert!(error.to_string().contains("--help"), "{error}");
    }
}
