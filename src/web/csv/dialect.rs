use super::value::Value;
use crate::clock::rfc3339;
use crate::lang::Lang;
use crate::stats::business::BusinessTime;
use crate::stats::period::DayRange;
use crate::web::error::{Error, WrongField};
use crate::web::extract::query::{Parameters, parameter};

/// The dialect of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// RFC 4180, with the words, instants and numbers of the API.
    Plain,
    /// What a German Excel opens without asking: semicolons, a byte order mark, German words, local time.
    ExcelDe,
}

impl Dialect {
    /// Parses the parameter `dialect`.
    ///
    /// # Errors
    /// When there is no such dialect.
    pub(super) fn of(parameters: &Parameters) -> Result<Self, Error> {
        match parameter(parameters, "dialect") {
            None => Ok(Self::Plain),
            Some("excel-de") => Ok(Self::ExcelDe),
            Some(_) => {
                let detail = "dialect: expected excel-de or nothing".to_owned();
                Err(Error::Fields(vec![WrongField { field: "dialect".into(), detail }]))
            }
        }
    }

    /// Returns the language of its words; `None` for those of the API.
    pub(super) fn language(self) -> Option<Lang> {
        (self == Self::ExcelDe).then_some(Lang::De)
    }

    /// Returns the name of a file about some days.
    pub(super) fn file_name(self, plain: &str, german: &str, days: DayRange) -> String {
        match self {
            Self::Plain => format!("{plain}-{}-{}", days.start, days.end),
            Self::ExcelDe => format!("{german}-{}-bis-{}", days.start, days.end),
        }
    }

    pub(super) fn writer(self) -> csv::Writer<Vec<u8>> {
        let delimiter = if self == Self::ExcelDe { b';' } else { b',' };
        csv::WriterBuilder::new().delimiter(delimiter).terminator(csv::Terminator::CRLF).from_writer(Vec::new())
    }

    /// Returns what a file begins with: Excel takes files without a byte order mark for those of its code page.
    pub(super) fn mark(self) -> &'static str {
        if self == Self::ExcelDe { "\u{feff}" } else { "" }
    }

    pub(super) fn text(self, value: Value, business: &BusinessTime) -> String {
        match (self, value) {
            (_, Value::Nothing) => String::new(),
            (_, Value::Count(count)) => count.to_string(),
            (Self::Plain, Value::Text(text) | Value::Number(text)) => text,
            (Self::Plain, Value::Decimal(decimal)) => decimal.to_string(),
            (Self::Plain, Value::Instant(at_ms)) => rfc3339(at_ms),
            (Self::ExcelDe, Value::Number(number)) if is_dialled(&number) => number,
            (Self::ExcelDe, Value::Text(text) | Value::Number(text)) => defused(text),
            (Self::ExcelDe, Value::Decimal(decimal)) => decimal.to_string().replace('.', ","),
            (Self::ExcelDe, Value::Instant(at_ms)) => business.local(at_ms).format("%d.%m.%Y %H:%M:%S").to_string(),
        }
    }
}

/// Prevents CSV injection: makes a text of what a spreadsheet would run as a formula.
fn defused(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text }
}

/// Returns whether this is a telephone number as it is dialled, with or without a plus: it is no formula.
fn is_dialled(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or(number);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excel(value: Value) -> String {
        Dialect::ExcelDe.text(value, &BusinessTime::new(chrono_tz::Europe::Berlin, None))
    }

    #[test]
    fn formulas_are_defused() {
        for text in ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "+49221=1", "+", "\t=1"] {
            assert_eq!(excel(Value::Text(text.to_owned())), format!("'{text}"));
            assert_eq!(excel(Value::Number(text.to_owned())), format!("'{text}"));
        }
        assert_eq!(excel(Value::Text("a=b".to_owned())), "a=b");
    }

    #[test]
    fn numbers_stay_as_they_are() {
        for number in ["+4922129191999", "022129191999", "110", "101@fpbx.de", "anonymous", "0221 / 29 19", ""] {
            assert_eq!(excel(Value::Number(number.to_owned())), number);
        }
    }

    #[test]
    fn instants_are_local_and_decimals_have_a_comma() {
        // 2026-07-01T12:00:00Z, by `date -d @1782907200`.
        assert_eq!(excel(Value::Instant(1_782_907_200_000)), "01.07.2026 14:00:00");
        assert_eq!(excel(Value::Decimal(0.25)), "0,25");
        assert_eq!((excel(Value::Count(-3)), excel(Value::Nothing)), ("-3".to_owned(), String::new()));
    }
}
