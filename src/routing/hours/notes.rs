//! What surprises about some hours, for the pages that show them.

use super::{Hours, HoursContext};

/// Something about hours that surprises people. Its text is in `i18n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoursNote {
    /// There are nights, and holidays are closed: from midnight to midnight, so that the night before is cut and what
    /// would be left of the holiday's own night, which did not begin, is open.
    ClosedHolidays,
    /// The same of other closed days.
    ClosedDays,
    /// There are nights, and holidays have hours of their own: the night before still goes on into them.
    HoursOfHolidays,
    /// There are words without a state, which is not open.
    Words,
}

impl Hours {
    /// Returns what surprises about these hours. With `closing_days`, they are those of a schedule that has such.
    pub fn notes(&self, closing_days: bool) -> Vec<HoursNote> {
        let (holidays, days) = self.rules.closed();
        let has_nights = self.rules.has_nights();
        let notes = [
            (HoursNote::ClosedHolidays, has_nights && holidays),
            (HoursNote::ClosedDays, has_nights && (days || closing_days)),
            (HoursNote::HoursOfHolidays, has_nights && self.rules.have_holidays_hours()),
            (HoursNote::Words, self.has_words),
        ];
        notes.into_iter().filter(|(_, applies)| *applies).map(|(note, _)| note).collect()
    }
}

/// Returns what surprises about the hours of a route or a schedule; nothing about those that cannot be read.
pub fn notes(text: &str, closing_days: bool, context: &HoursContext) -> Vec<HoursNote> {
    Hours::read(text.trim(), context).map_or_else(|_| Vec::new(), |hours| hours.notes(closing_days))
}

#[cfg(test)]
mod tests {
    use super::HoursNote::{ClosedDays, ClosedHolidays, HoursOfHolidays, Words};
    use super::*;

    #[test]
    fn what_surprises_is_told_where_it_applies_only() {
        let context = HoursContext::new(chrono_tz::Europe::Berlin, "DE", None);
        for (text, expected) in [
            ("Mo-Fr 18:00-03:00; PH off", vec![ClosedHolidays]),
            ("Mo-Fr 18:00-27:00; Su,PH off", vec![ClosedHolidays, ClosedDays]),
            ("Mo-Su 22:00-06:00; Dec 24-Dec 31 off", vec![ClosedDays]),
            ("Mo-Su 22:00-06:00; Dec 24-Dec 31 PH off", vec![ClosedHolidays]),
            ("Mo-Su 22:00-06:00; PH 10:00-12:00", vec![HoursOfHolidays]),
            ("Mo-Su 22:00-06:00; PH 22:00-06:00; Dec 24 off", vec![ClosedDays, HoursOfHolidays]),
            ("Mo-Fr 09:00-17:00; PH off", vec![]),
            ("Mo-Fr 09:00-24:00; PH off", vec![]),
            ("24/7; PH off", vec![]),
            ("Mo-Fr 18:00-03:00", vec![]),
            ("Mo-Fr 18:00-03:00, PH 10:00-12:00", vec![]),
            ("Mo-Fr,PH 18:00-03:00; Sa,Su 10:00-12:00", vec![]),
            ("off", vec![]),
            ("Mo-Fr 09:00-17:00 \"nach Vereinbarung\"", vec![Words]),
            ("Mo-Fr 09:00-17:00 open \"Tor 2\"", vec![]),
            ("\"Sommer\":Mo-Fr 09:00-17:00", vec![]),
            ("@office", vec![]),
        ] {
            assert_eq!(notes(text, false, &context), expected, "{text}");
        }
        assert_eq!(notes("Mo-Fr 18:00-03:00", true, &context), [ClosedDays]);
        assert_eq!(notes("Mo-Fr 18:00-24:00", true, &context), []);
    }
}
