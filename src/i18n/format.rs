//! Locale formatting of numbers, days and times, in business time.

use chrono::{DateTime, Datelike, NaiveDate, Timelike};
use chrono_tz::Tz;

use crate::lang::Lang;
use crate::stats::business::BusinessTime;

/// Below this many calls a share says less than "3 of 7".
const FEW: i64 = 20;

/// A formatter for one language and the business time zone.
#[derive(Clone, Debug)]
pub struct Format {
    lang: Lang,
    business: BusinessTime,
}

impl Format {
    /// In this language and the business time zone.
    pub fn new(lang: Lang, business: BusinessTime) -> Self {
        Self { lang, business }
    }

    /// `1.234` or `1,234`.
    pub fn number(&self, number: i64) -> String {
        let digits = number.unsigned_abs().to_string();
        let separator = match self.lang {
            Lang::De => '.',
            Lang::En => ',',
        };
        let mut written = String::from(if number < 0 { "-" } else { "" });
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                written.push(separator);
            }
            written.push(digit);
        }
        written
    }

    /// With one digit behind the comma: `1.234,5` or `1,234.5`.
    pub fn decimal(&self, value: f64) -> String {
        // What does not fit is no figure of calls.
        let tenths = (value * 10.0).round() as i64;
        let sign = if tenths < 0 { "-" } else { "" };
        let comma = match self.lang {
            Lang::De => ',',
            Lang::En => '.',
        };
        let tenths = tenths.saturating_abs();
        format!("{sign}{}{comma}{}", self.number(tenths / 10), tenths % 10)
    }

    /// `12,3 %` or `12.3%`.
    pub fn percent(&self, share: f64) -> String {
        match self.lang {
            Lang::De => format!("{} %", self.decimal(share * 100.0)),
            Lang::En => format!("{}%", self.decimal(share * 100.0)),
        }
    }

    /// Whether so many calls are too few for a share in percent.
    pub fn is_few(&self, whole: i64) -> bool {
        whole < FEW
    }

    /// A share of calls: of few calls as "3 of 7", of none as a dash.
    pub fn share(&self, part: i64, whole: i64) -> String {
        match whole {
            ..=0 => NOTHING.to_owned(),
            1..FEW => match self.lang {
                Lang::De => format!("{part} von {whole}"),
                Lang::En => format!("{part} of {whole}"),
            },
            _ => self.percent(part as f64 / whole as f64),
        }
    }

    /// `9 s`, `03:07 min` or `1:02:03 h`.
    pub fn duration(&self, seconds: i64) -> String {
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        match seconds {
            ..60 => format!("{seconds} s"),
            60..3600 => format!("{minutes:02}:{rest:02} min"),
            _ => format!("{hours}:{minutes:02}:{rest:02} h"),
        }
    }

    /// A duration, or a dash for none.
    pub fn known_duration(&self, seconds: Option<impl Into<i64>>) -> String {
        seconds.map_or(NOTHING.to_owned(), |seconds| self.duration(seconds.into()))
    }

    /// A mean of seconds, to the second.
    pub fn mean_duration(&self, seconds: Option<f64>) -> String {
        self.known_duration(seconds.map(|seconds| seconds.round() as i64))
    }

    /// `22.11.2026` or `2026-11-22`.
    pub fn day(&self, day: NaiveDate) -> String {
        let pattern = match self.lang {
            Lang::De => "%d.%m.%Y",
            Lang::En => "%Y-%m-%d",
        };
        day.format(pattern).to_string()
    }

    /// `22.11.` or `11-22`: where the year is clear.
    pub fn short_day(&self, day: NaiveDate) -> String {
        let pattern = match self.lang {
            Lang::De => "%d.%m.",
            Lang::En => "%m-%d",
        };
        day.format(pattern).to_string()
    }

    /// `Montag`.
    pub fn weekday(&self, day: NaiveDate) -> &'static str {
        let names = match self.lang {
            Lang::De => ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
            Lang::En => ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        };
        names.get(day.weekday().num_days_from_monday() as usize).copied().unwrap_or_default()
    }

    /// `Mo` or `Mon`.
    pub fn short_weekday(&self, day: NaiveDate) -> &'static str {
        let length = match self.lang {
            Lang::De => 2,
            Lang::En => 3,
        };
        self.weekday(day).get(..length).unwrap_or_default()
    }

    /// `Nov 2026`, of a month.
    pub fn month(&self, day: NaiveDate) -> String {
        let names = match self.lang {
            Lang::De => ["Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"],
            Lang::En => ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
        };
        format!("{} {}", names.get(day.month0() as usize).copied().unwrap_or_default(), day.year())
    }

    /// `14:03`, in business time.
    pub fn time(&self, at_ms: i64) -> String {
        let local = self.local(at_ms);
        format!("{:02}:{:02}", local.hour(), local.minute())
    }

    /// `14:03:09`, in business time.
    pub fn precise_time(&self, at_ms: i64) -> String {
        self.local(at_ms).format("%H:%M:%S").to_string()
    }

    /// `22.11.2026`, the business day of an instant.
    pub fn day_of(&self, at_ms: i64) -> String {
        self.day(self.business.day(at_ms))
    }

    /// `Mo 22.11.2026 14:03`, in business time.
    pub fn moment(&self, at_ms: i64) -> String {
        let day = self.business.day(at_ms);
        format!("{} {} {}", self.short_weekday(day), self.day(day), self.time(at_ms))
    }

    fn local(&self, at_ms: i64) -> DateTime<Tz> {
        self.business.local(at_ms)
    }
}

/// Where there is no figure.
pub const NOTHING: &str = "–";

#[cfg(test)]
mod tests {
    use super::*;

    fn format(lang: Lang) -> Format {
        Format::new(lang, BusinessTime::new(chrono_tz::Europe::Berlin, None))
    }

    #[test]
    fn numbers_are_grouped_and_split_as_the_language_has_it() {
        for (number, german, english) in
            [(0, "0", "0"), (999, "999", "999"), (1_234, "1.234", "1,234"), (-1_234_567, "-1.234.567", "-1,234,567")]
        {
            assert_eq!(format(Lang::De).number(number), german);
            assert_eq!(format(Lang::En).number(number), english);
        }
        assert_eq!(format(Lang::De).decimal(1234.54), "1.234,5");
        assert_eq!(format(Lang::En).decimal(-0.25), "-0.3");
        assert_eq!(format(Lang::De).percent(0.1234), "12,3 %");
        assert_eq!(format(Lang::En).percent(1.0), "100.0%");
    }

    #[test]
    fn a_share_of_few_calls_is_told_in_calls() {
        assert_eq!(format(Lang::En).share(3, 7), "3 of 7");
        assert_eq!(format(Lang::De).share(3, 19), "3 von 19");
        assert_eq!(format(Lang::De).share(5, 20), "25,0 %");
        assert_eq!(format(Lang::De).share(0, 0), NOTHING);
    }

    #[test]
    fn durations_say_their_unit() {
        let format = format(Lang::De);
        for (seconds, written) in [(0, "0 s"), (59, "59 s"), (60, "01:00 min"), (187, "03:07 min"), (3723, "1:02:03 h")]
        {
            assert_eq!(format.duration(seconds), written);
        }
        assert_eq!(format.known_duration(None::<u32>), NOTHING);
        assert_eq!(format.mean_duration(Some(182.6)), "03:03 min");
    }

    #[test]
    fn days_and_times_are_business_time_in_the_readers_language() {
        let at_ms = DateTime::parse_from_rfc3339("2026-11-22T23:05:09Z").unwrap().timestamp_millis();
        assert_eq!(format(Lang::De).moment(at_ms), "Mo 23.11.2026 00:05");
        assert_eq!(format(Lang::En).moment(at_ms), "Mon 2026-11-23 00:05");
        assert_eq!(format(Lang::De).precise_time(at_ms), "00:05:09");
        let day = "2026-03-01".parse().unwrap();
        assert_eq!((format(Lang::De).month(day), format(Lang::En).short_day(day)), ("Mär 2026".into(), "03-01".into()));
    }
}
