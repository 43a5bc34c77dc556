//! Telephone numbers: E.164 where they are *valid* numbers, as received where they are not.
//!
//! The PBX sends national form; `+49`, `0049` and a bare `49` occur. Extensions (`23`), emergency numbers (`110`) and
//! SIP ids are not numbers of this plan and stay what they are.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region, get_national_significant_number_owned};

/// Capacity of the cache of parsed numbers; a company's own lines and regular callers are read again and again. Stays
/// below the size at which the hash map doubles: one of 4,096 entries takes twice the memory.
const REMEMBERED: usize = 3_500;
/// Maximum length of an extension, in digits.
const MAX_EXTENSION_DIGITS: usize = 5;
/// Maximum length of a number, in characters: ITU-T E.164 allows 15 digits; the rest is punctuation.
const MAX_CHARS: usize = 40;

/// The numbering plan of one country: parses numbers as they are dialled there.
#[derive(Debug)]
pub struct Numbering {
    country: Region,
    calling_code: String,
    /// Whether a zero before the area code is dialled at home and dropped from abroad.
    has_trunk_zero: bool,
    readings: Mutex<HashMap<String, Option<String>>>,
}

impl Numbering {
    /// Creates the plan of `country`, an ISO 3166 alpha-2 code in upper case; `None` when no plan is known for it.
    pub fn new(country: &str) -> Option<Self> {
        let country = Region::from_code(country).ok()?;
        let example = PHONE_NUMBER_UTIL.get_example_number(country).ok()?;
        let national = get_national_significant_number_owned(&example);
        let dialled = PHONE_NUMBER_UTIL.parse(format!("0{national}"), Some(country)).ok();
        let calling_code = example.country_code.to_string();
        Some(Self { country, calling_code, has_trunk_zero: dialled == Some(example), readings: Mutex::default() })
    }

    /// Returns the calling code without `+`: `49` for Germany.
    pub fn calling_code(&self) -> &str {
        &self.calling_code
    }

    /// Returns `raw` in E.164 if it is a valid number in any notation.
    pub fn e164(&self, raw: &str) -> Option<String> {
        if raw.len() > MAX_CHARS || !raw.chars().any(|c| c.is_ascii_digit()) {
            return None;
        }
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = readings.get(raw) {
            return known.clone();
        }
        let read = self.read(raw);
        if readings.len() >= REMEMBERED {
            readings.clear();
        }
        readings.insert(raw.to_owned(), read.clone());
        read
    }

    /// Returns the beginning of a number (or a whole one that need not be valid) in international form: `0221` becomes
    /// `+49221` in Germany. `None` for what is not written with `+`, `00` or the trunk prefix `0`.
    pub fn international(&self, beginning: &str) -> Option<String> {
        self.international_of(&dialled(beginning)?)
    }

    fn international_of(&self, digits: &str) -> Option<String> {
        let after = |prefix| digits.strip_prefix(prefix).filter(|rest: &&str| !rest.is_empty());
        if let Some(rest) = after("+").or_else(|| after("00")) {
            return Some(format!("+{rest}"));
        }
        let rest = after("0").filter(|_| digits != "00")?;
        // Without a trunk zero (Italy) the zero is part of the number.
        let national = if self.has_trunk_zero { rest } else { digits };
        Some(format!("+{}{national}", self.calling_code))
    }

    /// Returns the distinct international forms of `raw`: as its notation says, and in E.164 if it is valid.
    pub fn from_abroad(&self, raw: &str) -> impl Iterator<Item = String> {
        let as_written = dialled(raw).and_then(|digits| self.international_of(&digits));
        let valid = self.e164(raw).filter(|valid| Some(valid) != as_written.as_ref());
        as_written.into_iter().chain(valid)
    }

    /// Returns the form that `party` and `number` of a call have: E.164 if valid, `None` if `anonymous`, else as
    /// received.
    pub fn normalize(&self, raw: &str) -> Option<String> {
        if is_anonymous(raw) { None } else { Some(self.e164(raw).unwrap_or_else(|| raw.to_owned())) }
    }

    /// Returns whether `raw` is a SIP user or an extension of the telephone system, not a number of the public network.
    pub fn is_internal(&self, raw: &str) -> bool {
        let raw = raw.trim();
        if raw.contains('@') {
            return true;
        }
        let is_short = (1..=MAX_EXTENSION_DIGITS).contains(&raw.len()) && raw.bytes().all(|b| b.is_ascii_digit());
        is_short && !raw.starts_with('0') && !self.is_service(raw)
    }

    /// Returns whether `digits` is a short number of the public network, such as 110.
    fn is_service(&self, digits: &str) -> bool {
        let services: &[&str] = match self.country {
            Region::DE => &["110", "112", "115"],
            Region::AT => &["112", "122", "128", "133", "140", "141", "142", "144", "147", "1450"],
            Region::CH | Region::LI => &["112", "117", "118", "140", "143", "144", "145", "147", "1414", "1415"],
            _ => &["110", "112", "911", "999"],
        };
        services.contains(&digits) || digits.starts_with("118") && digits.len() > 3 || digits.starts_with("116")
    }

    fn read(&self, raw: &str) -> Option<String> {
        let digits = dialled(raw)?;
        if digits.starts_with('+') {
            return self.valid(&digits);
        }
        if let Some(rest) = digits.strip_prefix("00") {
            return self.valid(&format!("+{rest}"));
        }
        let international = || self.valid(&format!("+{digits}"));
        match digits.starts_with(&self.calling_code) {
            // Where national numbers begin with a zero, a bare `49…` is none, though Leer has the area code 0491.
            true if self.has_trunk_zero => international(),
            true => self.valid(&digits).or_else(international),
            false => self.valid(&digits),
        }
    }

    fn valid(&self, digits: &str) -> Option<String> {
        let number = PHONE_NUMBER_UTIL.parse(digits, Some(self.country)).ok()?;
        let national = !digits.starts_with('+');
        let same_country = number.country_code.to_string() == self.calling_code;
        let kept = PHONE_NUMBER_UTIL.is_valid_number(&number) && (!national || same_country);
        kept.then(|| PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned())
    }
}

/// Returns whether the caller hid the number.
pub fn is_anonymous(raw: &str) -> bool {
    raw.trim().eq_ignore_ascii_case("anonymous")
}

/// Returns `raw` as dialled, without separators; `None` if it is no string of digits.
pub fn compact(raw: &str) -> Option<String> {
    dialled(raw).filter(|digits| digits.bytes().any(|b| b.is_ascii_digit()))
}

/// Returns the digits of `raw`, with a leading `+` if there is one; `None` when it contains a character that is not
/// written in numbers.
fn dialled(raw: &str) -> Option<String> {
    let mut digits = String::with_capacity(raw.len());
    let mut rest = raw.trim();
    if let Some(after) = rest.strip_prefix('+') {
        digits.push('+');
        // `+49 (0)221 …`: the zero in brackets is not dialled from abroad.
        rest = after;
    }
    let written = if digits.is_empty() { rest.to_owned() } else { rest.replace("(0)", "") };
    for character in written.chars() {
        match character {
            '0'..='9' => digits.push(character),
            ' ' | '-' | '/' | '(' | ')' | '.' | '\u{a0}' | '\u{2011}' | '\u{2013}' => {}
            _ => return None,
        }
    }
    Some(digits)
}

#[cfg(test)]
mod tests {
    use rlibphonenumber::PhoneNumberType;

    use super::*;

    fn german() -> Numbering {
        Numbering::new("DE").unwrap()
    }

    #[test]
    fn one_number_in_any_notation_is_one_number() {
        for raw in [
            "022129191999",
            "+4922129191999",
            "004922129191999",
            "4922129191999",
            "0221 / 29 19 19 99",
            "+49 (0)221 29191999",
            "(0221) 2919-1999",
        ] {
            assert_eq!(german().e164(raw).as_deref(), Some("+4922129191999"), "{raw}");
        }
        assert_eq!(german().e164("491712345678").as_deref(), Some("+491712345678"));
        assert_eq!(german().e164("0491712345678").as_deref(), Some("+49491712345678"));
        assert_eq!(german().e164("4911298"), None);
    }

    #[test]
    fn what_is_no_valid_number_stays_as_it_is() {
        for raw in ["23", "110", "112", "7777abcdefg@fpbx.de", "0", "++49", "12345678901234567890", "Zentrale 1"] {
            assert_eq!(german().e164(raw), None, "{raw}");
            assert_eq!(german().normalize(raw).as_deref(), Some(raw));
        }
    }

    #[test]
    fn sip_users_and_extensions_are_internal_and_public_numbers_are_not() {
        for raw in ["101@fpbx.de", "7777abcdefg@fpbx.de", "23", "7", "101", "1234", "12345", " 23 "] {
            assert!(german().is_internal(raw), "{raw}");
        }
        for raw in
            ["110", "112", "115", "116117", "11833", "022129191999", "+49221", "02", "123456", "anonymous", "", "*98"]
        {
            assert!(!german().is_internal(raw), "{raw}");
        }
        let austrian = Numbering::new("AT").unwrap();
        assert!(!austrian.is_internal("144") && german().is_internal("144"));
    }

    #[test]
    fn anonymous_is_nobody() {
        assert_eq!(german().normalize("anonymous"), None);
        assert_eq!(german().normalize("Anonymous"), None);
    }

    #[test]
    fn a_beginning_is_read_without_asking_if_it_is_valid() {
        for (raw, read) in [
            ("0221", Some("+49221")),
            ("(0221) 29", Some("+4922129")),
            ("+49 (0)221", Some("+49221")),
            ("0049221", Some("+49221")),
            ("0041", Some("+41")),
            ("23", None),
            ("49221", None),
            ("0", None),
            ("00", None),
            ("+", None),
            ("0a", None),
        ] {
            assert_eq!(german().international(raw).as_deref(), read, "{raw}");
        }
        assert_eq!(Numbering::new("IT").unwrap().international("06").as_deref(), Some("+3906"));
    }

    #[test]
    fn every_country_reads_its_own_numbers() {
        let mut read = 0;
        for country in PHONE_NUMBER_UTIL.get_supported_regions() {
            for kind in [PhoneNumberType::FixedLine, PhoneNumberType::Mobile] {
                let Ok(example) = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(country, kind) else {
                    continue;
                };
                let abroad = format!("+{}{}", example.country_code, get_national_significant_number_owned(&example));
                let home = PHONE_NUMBER_UTIL.format(&example, PhoneNumberFormat::National);
                let numbering = Numbering::new(&country.as_region_str()).unwrap();
                assert_eq!(numbering.e164(&abroad).as_deref(), Some(abroad.as_str()), "{country:?}");
                // A number without a trunk zero that begins like the calling code is taken for one from abroad.
                if !numbering.has_trunk_zero || !home.starts_with(numbering.calling_code()) {
                    assert_eq!(numbering.e164(&home).as_deref(), Some(abroad.as_str()), "{country:?}, {home}");
                }
                read += 1;
            }
        }
        assert!(read > 400, "{read}");
    }

    #[test]
    fn foreign_numbers_and_mobiles_are_read() {
        assert_eq!(german().e164("0041442681800").as_deref(), Some("+41442681800"));
        assert_eq!(german().e164("+43 1 58858").as_deref(), Some("+43158858"));
        assert_eq!(german().e164("0171 2345678").as_deref(), Some("+491712345678"));
        let austrian = Numbering::new("AT").unwrap();
        assert_eq!(austrian.e164("0158858").as_deref(), Some("+43158858"));
        assert_eq!(austrian.e164("0043158858").as_deref(), Some("+43158858"));
    }

    #[test]
    fn a_number_may_be_written_from_abroad_in_two_ways() {
        let ways = |raw: &str| german().from_abroad(raw).collect::<Vec<_>>();
        assert_eq!(ways("0221 29191999"), ["+4922129191999"]);
        assert_eq!(ways("4922129191999"), ["+4922129191999"]);
        assert_eq!(ways("+49022129191999"), ["+49022129191999", "+4922129191999"]);
        assert_eq!(ways("0123456789"), ["+49123456789"]);
        assert_eq!(ways("23"), [""; 0]);
        assert_eq!(ways("anonymous"), [""; 0]);
    }

    #[test]
    fn a_country_without_a_plan_is_refused() {
        assert!(Numbering::new("XX").is_none());
        assert!(Numbering::new("").is_none());
    }
}
