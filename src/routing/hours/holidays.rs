//! The public holidays that only some German states have.
//!
//! The crate opening-hours knows the days of the whole country (and 31 October 2017, which all states kept) and the
//! union of all others, without saying whose they are; so they are worked out here, from the states' laws:
//! FTG (BW), FTG (BY), FeiertG (BE), FTG (BB), SonntFeiertG (HB), FeiertagsG (HH), HFeiertagsG (HE), FTG M-V (MV),
//! NFeiertagsG (NI), Feiertagsgesetz NW (NW), LFtG (RP), SFG (SL), `SächsSFG` (SN), `FeiTG` LSA (ST), SFTG (SH),
//! ThürFGtG (TH).
//!
//! Left out is what holds in some communes only: Corpus Christi in parts of SN and TH, the Peace Festival in
//! Augsburg. Assumption Day is counted in BY, although only its mostly Catholic communes keep it: five of six do.

use std::ops::RangeInclusive;
use std::sync::Arc;

use chrono::{Datelike, Days, NaiveDate};
use opening_hours::ContextHolidays;
use opening_hours::localization::Country;

/// The states of Germany, by their code after `DE-`.
pub const GERMAN_STATES: [&str; 16] =
    ["BW", "BY", "BE", "BB", "HB", "HH", "HE", "MV", "NI", "NW", "RP", "SL", "SN", "ST", "SH", "TH"];
/// The years for which the crate knows the holidays of the whole country.
const KNOWN_YEARS: RangeInclusive<i32> = 2000..=2076;

/// The rule for the date of a holiday.
#[derive(Clone, Copy)]
enum Day {
    /// A fixed month and day.
    Fixed(u32, u32),
    /// A number of days after Easter Sunday.
    AfterEaster(u64),
    /// The Wednesday before 23 November.
    Repentance,
}

/// A holiday with the states that keep it, and the years in which they do.
struct StateHoliday {
    day: Day,
    years: RangeInclusive<i32>,
    states: &'static [&'static str],
}

const fn always(day: Day, states: &'static [&'static str]) -> StateHoliday {
    since(i32::MIN, day, states)
}

const fn since(year: i32, day: Day, states: &'static [&'static str]) -> StateHoliday {
    StateHoliday { day, years: year..=i32::MAX, states }
}

const fn once(year: i32, day: Day, states: &'static [&'static str]) -> StateHoliday {
    StateHoliday { day, years: year..=year, states }
}

const STATE_HOLIDAYS: [StateHoliday; 15] = [
    // Epiphany.
    always(Day::Fixed(1, 6), &["BW", "BY", "ST"]),
    // Women's Day.
    since(2019, Day::Fixed(3, 8), &["BE"]),
    since(2023, Day::Fixed(3, 8), &["MV"]),
    // Easter Sunday and Whit Sunday.
    always(Day::AfterEaster(0), &["BB"]),
    always(Day::AfterEaster(49), &["BB"]),
    // 75 and 80 years since the war in Europe ended; 75 years since the rising of 1953.
    once(2020, Day::Fixed(5, 8), &["BE"]),
    once(2025, Day::Fixed(5, 8), &["BE"]),
    once(2028, Day::Fixed(6, 17), &["BE"]),
    // Corpus Christi.
    always(Day::AfterEaster(60), &["BW", "BY", "HE", "NW", "RP", "SL"]),
    // Assumption Day.
    always(Day::Fixed(8, 15), &["BY", "SL"]),
    // World Children's Day.
    since(2019, Day::Fixed(9, 20), &["TH"]),
    // Reformation Day.
    always(Day::Fixed(10, 31), &["BB", "MV", "SN", "ST", "TH"]),
    since(2018, Day::Fixed(10, 31), &["HB", "HH", "NI", "SH"]),
    // All Saints' Day.
    always(Day::Fixed(11, 1), &["BW", "BY", "NW", "RP", "SL"]),
    // Day of Repentance and Prayer.
    always(Day::Repentance, &["SN"]),
];

/// Returns whether a country has this state; always true where the states of the country are not known.
pub fn is_state(country: &str, state: &str) -> bool {
    country != "DE" || GERMAN_STATES.contains(&state)
}

/// Returns the holidays of a country and, in Germany, of one of its states.
pub(super) fn of(country: &str, state: Option<&str>) -> ContextHolidays {
    let national = country.parse().map(Country::holidays).unwrap_or_default();
    match state {
        Some(state) if country == "DE" => {
            let mut public = national.get_public().clone();
            days_of(state).for_each(|day| {
                public.insert(day);
            });
            ContextHolidays::new(Arc::new(public), Arc::new(national.get_school().clone()))
        }
        _ => national,
    }
}

fn days_of(state: &str) -> impl Iterator<Item = NaiveDate> {
    KNOWN_YEARS.flat_map(move |year| {
        let kept = STATE_HOLIDAYS
            .iter()
            .filter(move |holiday| holiday.years.contains(&year) && holiday.states.contains(&state));
        kept.filter_map(move |holiday| holiday.day.in_year(year))
    })
}

impl Day {
    fn in_year(self, year: i32) -> Option<NaiveDate> {
        match self {
            Self::Fixed(month, day) => NaiveDate::from_ymd_opt(year, month, day),
            Self::AfterEaster(days) => easter(year)?.checked_add_days(Days::new(days)),
            Self::Repentance => {
                let eve = NaiveDate::from_ymd_opt(year, 11, 22)?;
                // Monday is 0, Wednesday 2.
                let since_wednesday = (eve.weekday().num_days_from_monday() + 5) % 7;
                eve.checked_sub_days(Days::new(since_wednesday.into()))
            }
        }
    }
}

/// Computes Easter Sunday of the Gregorian calendar by the algorithm of Meeus, Jones and Butcher.
pub(super) fn easter(year: i32) -> Option<NaiveDate> {
    let (golden, century, rest) = (year % 19, year / 100, year % 100);
    let moon_shift = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - moon_shift + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4) % 7;
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let day_of_march = epact + weekday - 7 * late + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(day_of_march / 31).ok()?, u32::try_from(day_of_march % 31 + 1).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_holiday(state: Option<&str>, day: &str) -> bool {
        of("DE", state).get_public().contains(day.parse().unwrap())
    }

    #[test]
    fn easter_is_where_calendars_have_it() {
        // Printed calendars; 2008 was nearly the earliest, 2038 will be the latest possible.
        for day in [
            "2000-04-23",
            "2008-03-23",
            "2011-04-24",
            "2016-03-27",
            "2019-04-21",
            "2024-03-31",
            "2026-04-05",
            "2027-03-28",
            "2028-04-16",
            "2038-04-25",
            "2049-04-18",
            "2076-04-19",
        ] {
            let day: NaiveDate = day.parse().unwrap();
            assert_eq!(easter(day.year()), Some(day));
        }
    }

    #[test]
    fn each_state_has_its_own_days_of_2026_and_no_others() {
        let all = [
            ("2026-01-06", "BW BY ST"),
            ("2026-03-08", "BE MV"),
            ("2026-04-05", "BB"),
            ("2026-05-08", ""),
            ("2026-05-24", "BB"),
            ("2026-06-04", "BW BY HE NW RP SL"),
            ("2026-08-08", ""),
            ("2026-08-15", "BY SL"),
            ("2026-09-20", "TH"),
            ("2026-10-31", "BB HB HH MV NI SH SN ST TH"),
            ("2026-11-01", "BW BY NW RP SL"),
            ("2026-11-18", "SN"),
            ("2026-12-24", ""),
        ];
        for (day, states) in all {
            for state in GERMAN_STATES {
                assert_eq!(is_holiday(Some(state), day), states.split(' ').any(|s| s == state), "{day} {state}");
            }
            assert!(!is_holiday(None, day), "{day} is none of the whole country");
        }
        // Nine days of the whole country, and the state's own.
        for (state, count) in [
            ("BW", 12),
            ("BY", 13),
            ("BE", 10),
            ("BB", 12),
            ("HB", 10),
            ("HH", 10),
            ("HE", 10),
            ("MV", 11),
            ("NI", 10),
            ("NW", 11),
            ("RP", 11),
            ("SL", 12),
            ("SN", 11),
            ("ST", 11),
            ("SH", 10),
            ("TH", 11),
        ] {
            let year = of("DE", Some(state)).get_public().iter().filter(|day| day.year() == 2026).count();
            assert_eq!(year, count, "{state}");
        }
    }

    #[test]
    fn laws_that_changed_hold_from_their_year_on() {
        for (state, day, expected) in [
            ("BE", "2018-03-08", false),
            ("BE", "2019-03-08", true),
            ("MV", "2022-03-08", false),
            ("MV", "2023-03-08", true),
            ("TH", "2018-09-20", false),
            ("TH", "2019-09-20", true),
            ("HH", "2016-10-31", false),
            ("HH", "2017-10-31", true),
            ("HH", "2018-10-31", true),
            ("SN", "2016-10-31", true),
            ("NW", "2016-10-31", false),
            ("NW", "2017-10-31", true),
            ("NW", "2018-10-31", false),
            ("BE", "2020-05-08", true),
            ("BE", "2021-05-08", false),
            ("BE", "2025-05-08", true),
            ("BB", "2025-05-08", false),
            ("BE", "2028-06-17", true),
            // The Wednesday before 23 November, at both ends of its week.
            ("SN", "2023-11-22", true),
            ("SN", "2028-11-22", true),
            ("SN", "2022-11-16", true),
            ("SN", "2024-11-20", true),
            ("SN", "2025-11-19", true),
            ("BY", "2025-11-19", false),
            // Corpus Christi, sixty days after Easter, also in a leap year.
            ("NW", "2024-05-30", true),
            ("NW", "2025-06-19", true),
            ("HE", "2028-06-15", true),
            ("SN", "2025-06-19", false),
            ("TH", "2025-06-19", false),
        ] {
            assert_eq!(is_holiday(Some(state), day), expected, "{state} {day}");
        }
    }

    #[test]
    fn what_some_state_keeps_is_what_the_crate_has_as_regional() {
        // From 2023 on no law has changed but for single days.
        let union = Country::DE.holidays_regional();
        for year in [2023, 2024, 2026, 2027, 2030] {
            let mut ours: Vec<_> =
                GERMAN_STATES.into_iter().flat_map(days_of).filter(|day| day.year() == year).collect();
            ours.sort_unstable();
            ours.dedup();
            let theirs: Vec<_> = union.get_public().iter().filter(|day| day.year() == year).collect();
            assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn states_of_other_countries_are_not_known() {
        assert!(is_state("DE", "NW") && !is_state("DE", "XX") && !is_state("DE", "nw"));
        assert!(is_state("AT", "9"));
        assert_eq!(of("AT", Some("9")), of("AT", None));
        assert_eq!(of("XX", None).get_public().count(), 0);
    }
}
