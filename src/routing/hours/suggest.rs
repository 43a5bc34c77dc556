//! Suggestions for expressions that cannot be parsed: understands days and times as people write them in German and
//! English.

use super::week::{DAY, DAYS, Week, clock, read_clock};
use super::{Hours, HoursContext, HoursError, MAX_HOURS_CHARS};

/// The names of each weekday, Monday first. A prefix of at least two letters is enough.
const DAY_NAMES: [&[&str]; 7] = [
    &["montags", "mondays"],
    &["dienstags", "tuesdays"],
    &["mittwochs", "wednesdays"],
    &["donnerstags", "thursdays"],
    &["freitags", "fridays"],
    &["samstags", "saturdays"],
    &["sonntags", "sundays"],
];

impl Hours {
    /// Parses an expression such as `Mo-Fr 09:00-17:00; PH off`.
    ///
    /// A rule after `;` replaces what earlier rules begin on its days, with the night that follows; the night of the day
    /// before stays, unless the rule is `off`. One after `, ` adds to them.
    ///
    /// # Errors
    /// Where the syntax breaks and what was probably meant, or what in it cannot be used here.
    pub fn parse(text: &str, context: &HoursContext) -> Result<Self, HoursError> {
        Self::read(text, context).map_err(|error| match error {
            HoursError::Syntax { character, rest, .. } => {
                HoursError::Syntax { character, rest, suggestion: suggest(text, context) }
            }
            other => other,
        })
    }
}

/// Returns the expression that was probably meant, which can be used as it is. `None` if that cannot be told, or if
/// there is nothing to correct.
pub fn suggest(text: &str, context: &HoursContext) -> Option<String> {
    if text.chars().count() > MAX_HOURS_CHARS {
        return None;
    }
    let rules: Vec<String> = text
        .split([';', '\n'])
        .map(str::trim)
        .filter(|rule| !rule.is_empty())
        .map(|rule| mended(rule, context))
        .collect::<Option<_>>()?;
    let meant = rules.join("; ");
    let meant = Week::as_people_say(&meant).unwrap_or(meant);
    (meant != text.trim() && Hours::read(&meant, context).is_ok()).then_some(meant)
}

/// Corrects one rule; a valid one stays as it is.
fn mended(rule: &str, context: &HoursContext) -> Option<String> {
    if Hours::read(rule, context).is_ok() {
        return Some(rule.to_owned());
    }
    let rules = Rules::of(&tokens(rule)?)?;
    Some(rules.join("; ")).filter(|rules| !rules.is_empty())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Day(usize),
    /// Several weekdays named by one word.
    Days(&'static str),
    Holiday,
    Off,
    Except,
    Always,
    /// A minute of the day, and whether more than the hour was given.
    Time(u16, bool),
    Dash,
    Comma,
}

/// Splits a rule into tokens; `None` if a word is not known.
fn tokens(rule: &str) -> Option<Vec<Token>> {
    let rule = rule.to_lowercase();
    let mut rest = rule.trim_start();
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let end_of = |belongs: &dyn Fn(char) -> bool| rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        let length = if rest.starts_with("24/7") {
            4
        } else if first.is_ascii_digit() {
            end_of(&|c| c.is_ascii_digit() || matches!(c, ':' | '.'))
        } else if first.is_alphabetic() {
            end_of(&char::is_alphabetic)
        } else {
            first.len_utf8()
        };
        let (word, after) = rest.split_at_checked(length)?;
        rest = after.trim_start();
        if first.is_ascii_digit() && word != "24/7" {
            let word = word.trim_end_matches(['.', ':']);
            tokens.push(Token::Time(read_clock(word)?, word.len() > 2));
        } else {
            read_word(word, &mut tokens)?;
        }
    }
    Some(tokens)
}

fn read_word(word: &str, tokens: &mut Vec<Token>) -> Option<()> {
    // `9 am - 5 pm`
    if let ("am" | "pm", Some(Token::Time(minute, _))) = (word, tokens.last().copied()) {
        let morning = minute % (DAY / 2);
        *tokens.last_mut()? = Token::Time(if word == "pm" { morning + DAY / 2 } else { morning }, true);
        return Some(());
    }
    let day = || {
        let is_meant = |names: &&[&str]| word.chars().count() >= 2 && names.iter().any(|name| name.starts_with(word));
        DAY_NAMES.iter().position(is_meant)
    };
    let token = match word {
        // Sonnabend is Saturday: not a long form of `So` (Sunday).
        _ if word.starts_with("sonna") => Token::Day(5),
        "24/7" | "immer" | "always" => Token::Always,
        "-" | "–" | "—" | "−" | "‐" | "‑" | "bis" | "to" | "till" | "until" | "through" => Token::Dash,
        "," | "und" | "and" | "u" | "sowie" | "&" | "+" | "/" => Token::Comma,
        "ph" | "feiertag" | "feiertage" | "feiertagen" | "feiertags" | "holiday" | "holidays" => Token::Holiday,
        "off" | "aus" | "zu" | "geschlossen" | "closed" => Token::Off,
        "außer" | "ausser" | "except" | "ohne" | "not" | "nicht" | "without" => Token::Except,
        "täglich" | "daily" => Token::Days("Mo-Su"),
        "werktags" | "wochentags" | "weekdays" => Token::Days("Mo-Fr"),
        "wochenende" | "weekend" | "weekends" => Token::Days("Sa,Su"),
        // Filler words that change nothing.
        "uhr" | "h" | "an" | "am" | "on" | "at" | "von" | "from" | "public" | "gesetzlichen" | "." | ":" => {
            return Some(());
        }
        _ => Token::Day(day()?),
    };
    tokens.push(token);
    Some(())
}

/// Builder that turns tokens into the rules of an expression.
#[derive(Default)]
struct Rules {
    done: Vec<String>,
    days: String,
    times: String,
}

impl Rules {
    fn of(tokens: &[Token]) -> Option<Vec<String>> {
        let mut rules = Self::default();
        let mut rest = tokens;
        while let Some((token, after)) = rest.split_first() {
            rest = after;
            match (token, after) {
                (Token::Day(first), [Token::Dash, Token::Day(last), after @ ..]) => {
                    rules.day(&format!("{}-{}", DAYS.get(*first)?, DAYS.get(*last)?));
                    rest = after;
                }
                (Token::Day(day), _) => rules.day(DAYS.get(*day)?),
                (Token::Days(days), _) => rules.day(days),
                (Token::Holiday, [Token::Dash, ..]) => return None,
                (Token::Holiday, _) => rules.day("PH"),
                (Token::Time(from, told), [Token::Dash, Token::Time(to, told_too), after @ ..]) => {
                    rules.times(*from, *to, *told || *told_too);
                    rest = after;
                }
                (Token::Except, [Token::Holiday, after @ ..]) => {
                    rules.close();
                    rules.done.push("PH off".into());
                    rest = after;
                }
                (Token::Off, _) if !rules.days.is_empty() && rules.times.is_empty() => {
                    rules.done.push(format!("{} off", std::mem::take(&mut rules.days)));
                }
                (Token::Always, _) if rules.days.is_empty() && rules.times.is_empty() => rules.done.push("24/7".into()),
                (Token::Comma, _) => {}
                _ => return None,
            }
        }
        rules.close();
        Some(rules.done)
    }

    fn day(&mut self, days: &str) {
        if !self.times.is_empty() {
            self.close();
        }
        self.days += if self.days.is_empty() { "" } else { "," };
        self.days += days;
    }

    fn times(&mut self, from: u16, to: u16, is_told: bool) {
        // "9-5" in an office ends in the afternoon; "22-6" is the night.
        let is_afternoon = !is_told && (6 * 60..12 * 60).contains(&from) && (60..=7 * 60).contains(&to) && to < from;
        let to = if is_afternoon { to + DAY / 2 } else { to };
        self.times += if self.times.is_empty() { "" } else { "," };
        self.times += &format!("{}-{}", clock(from % DAY), clock(to));
    }

    fn close(&mut self) {
        let rule = [std::mem::take(&mut self.days), std::mem::take(&mut self.times)];
        let rule: Vec<_> = rule.into_iter().filter(|part| !part.is_empty()).collect();
        if !rule.is_empty() {
            self.done.push(rule.join(" "));
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Berlin;
    use proptest::prelude::*;

    use super::*;

    fn germany() -> HoursContext {
        HoursContext::new(Berlin, "DE", None)
    }

    #[test]
    fn what_people_write_is_understood() {
        for (text, meant) in [
            ("Mo-Fri", "Mo-Fr"),
            ("Mon-Fri 9-17", "Mo-Fr 09:00-17:00"),
            ("Mo-Fr 9-17", "Mo-Fr 09:00-17:00"),
            ("Montag bis Freitag", "Mo-Fr"),
            ("Montag-Freitag 8:30 bis 17 Uhr", "Mo-Fr 08:30-17:00"),
            ("Mo, Di, Mi, Do, Fr, Sa, So 9-17 Uhr", "Mo,Tu,We,Th,Fr,Sa,Su 09:00-17:00"),
            ("Di-Do 9-17 Uhr", "Tu-Th 09:00-17:00"),
            ("Sa und So 10.00-12.30", "Sa,Su 10:00-12:30"),
            ("Mo-Fr 9.00-17.00", "Mo-Fr 09:00-17:00"),
            ("Mo-Fr 0900-1700", "Mo-Fr 09:00-17:00"),
            ("9-17", "09:00-17:00"),
            ("9-17 Uhr; Feiertage aus", "09:00-17:00; PH off"),
            ("Mo-Fr 9-17, Feiertage geschlossen", "Mo-Fr 09:00-17:00; PH off"),
            ("Mo-Fr 9-17 außer an Feiertagen", "Mo-Fr 09:00-17:00; PH off"),
            ("Mon-Fri 9-17 except holidays", "Mo-Fr 09:00-17:00; PH off"),
            ("Feiertage aus", "PH off"),
            ("Mo-Fr 09:00-17:00;", "Mo-Fr 09:00-17:00"),
            ("Mo-Fr 9-12 und 13-17", "Mo-Fr 09:00-12:00,13:00-17:00"),
            ("Mo-Do 8-17, Fr 8-14", "Mo-Th 08:00-17:00; Fr 08:00-14:00"),
            ("Mo-Do 8–17; Fr. 8–14", "Mo-Th 08:00-17:00; Fr 08:00-14:00"),
            ("Mo-Fri 09:00-17:00; Dec 24 off", "Mo-Fr 09:00-17:00; Dec 24 off"),
            ("Mo-Fr: 9 am - 5 pm", "Mo-Fr 09:00-17:00"),
            ("weekdays 9-5", "Mo-Fr 09:00-17:00"),
            ("Mo-Fr 22-6", "Mo-Fr 22:00-06:00"),
            ("täglich 8-20 Uhr", "Mo-Su 08:00-20:00"),
            ("Sonnabend 10-12", "Sa 10:00-12:00"),
            ("immer", "24/7"),
            ("Mo-Fr 8-24", "Mo-Fr 08:00-24:00"),
            ("Mo-Fr 22-6 Uhr, Sa+So 22-7 Uhr", "Mo-Fr 22:00-06:00; Sa,Su 22:00-07:00"),
            ("Mo-Fr 18-3 Uhr außer an Feiertagen", "Mo-Fr 18:00-03:00; PH off"),
        ] {
            assert_eq!(suggest(text, &germany()).as_deref(), Some(meant), "{text}");
        }
    }

    /// What people mean, at local times of a week without holidays (Monday, 30 November 2026, and the days after it).
    #[test]
    fn what_is_proposed_is_open_when_people_mean_it() {
        let (monday, friday, saturday, sunday) = ("2026-11-30", "2026-12-04", "2026-12-05", "2026-12-06");
        for (text, proposed, open, closed) in [
            (
                "Mo-Fr 22-6 Uhr, Sa+So 22-7 Uhr",
                "Mo-Fr 22:00-06:00; Sa,Su 22:00-07:00",
                vec![(monday, "06:30"), (saturday, "05:30"), (sunday, "06:30"), (friday, "05:30")],
                vec![(monday, "07:00"), (saturday, "06:30"), (friday, "06:00")],
            ),
            // Closed days take nothing from the night before.
            (
                "Mo-Fr 22-6 Uhr, Samstag und Sonntag geschlossen",
                "Mo-Fr 22:00-06:00",
                vec![(saturday, "05:30"), (friday, "22:00")],
                vec![(saturday, "06:00"), (saturday, "22:00"), (monday, "05:30")],
            ),
            // And have no night of their own.
            (
                "täglich 22-6, Sonntag zu",
                "Mo-Sa 22:00-06:00",
                vec![(sunday, "05:30"), (monday, "22:00")],
                vec![(sunday, "22:00"), (monday, "05:30")],
            ),
            // Further hours of a day.
            (
                "Mo-Fr 8-12 Uhr, Mo, Do 14-18 Uhr",
                "Mo,Th 08:00-12:00,14:00-18:00; Tu,We,Fr 08:00-12:00",
                vec![(monday, "08:00"), (monday, "17:59"), (friday, "11:00")],
                vec![(monday, "13:00"), (friday, "14:00")],
            ),
            // Other hours of a day.
            (
                "Mo-Fr 8-17 Uhr, Fr 8-14 Uhr",
                "Mo-Fr 08:00-17:00; Fr 08:00-14:00",
                vec![(monday, "16:00"), (friday, "13:00")],
                vec![(friday, "14:00")],
            ),
            (
                "Mo-Fr 22-6, Fr 22-2 Uhr",
                "Mo-Fr 22:00-06:00; Fr 22:00-02:00",
                vec![(saturday, "01:59"), (friday, "05:59")],
                vec![(saturday, "02:00")],
            ),
            (
                "Mo-Fr 9-17 Uhr, Fr 22-2 Uhr",
                "Mo-Th 09:00-17:00, Fr 09:00-17:00,22:00-02:00",
                vec![(friday, "16:00"), (friday, "22:00"), (saturday, "01:59")],
                vec![(friday, "18:00"), (saturday, "02:00"), (monday, "22:00")],
            ),
        ] {
            let meant = suggest(text, &germany());
            assert_eq!(meant.as_deref(), Some(proposed), "{text}");
            let hours = Hours::parse(proposed, &germany()).unwrap();
            for (times, is_open) in [(open, true), (closed, false)] {
                for (day, time) in times {
                    let at = chrono::DateTime::parse_from_rfc3339(&format!("{day}T{time}:00+01:00")).unwrap();
                    assert_eq!(hours.is_open(at.timestamp_millis()), is_open, "{text} on {day} at {time}");
                }
            }
        }
    }

    #[test]
    fn what_nobody_can_know_is_not_guessed() {
        for text in [
            "",
            "when I like",
            "Mo-Fr 9-17 vielleicht",
            "Mo-Fr 9",
            "25-26",
            "9-17-18",
            "Jan-Foo",
            "@team",
            "not @team",
            "Mo-Fr 09:00-17:00",
        ] {
            assert_eq!(suggest(text, &germany()), None, "{text}");
        }
        // Holidays that are not known cannot be suggested.
        assert_eq!(suggest("Feiertage aus", &HoursContext::new(Berlin, "XX", None)), None);
    }

    proptest! {
        #[test]
        fn a_suggestion_can_be_used(text in "((Mo|Di|Fri|Feiertage|aus|ph|-|,|;| |9|17|0900|9\\.30|uhr|und|pm|immer)){0,12}|.{0,30}") {
            if let Some(meant) = suggest(&text, &germany()) {
                prop_assert!(Hours::parse(&meant, &germany()).is_ok(), "{} for {}", meant, text);
            }
        }
    }
}
