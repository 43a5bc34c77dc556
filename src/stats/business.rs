//! Business time: the definition of day, hour and "open" in the company's time zone.

use chrono::{
    DateTime, Datelike, Days, Duration, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Timelike,
    Utc,
};
use chrono_tz::Tz;

use crate::routing::hours::Hours;

const HOUR_MS: i64 = 3_600_000;
/// Upper bound of the distance between local time and UTC, with room for a day that a country skipped.
const REACH_MS: i64 = 50 * HOUR_MS;

/// The company's time zone and opening hours.
#[derive(Clone, Debug)]
pub struct BusinessTime {
    time_zone: Tz,
    hours: Option<Hours>,
}

impl BusinessTime {
    /// Creates the business time; without `hours` the company is always open.
    pub fn new(time_zone: Tz, hours: Option<Hours>) -> Self {
        Self { time_zone, hours }
    }

    /// Returns the business time zone.
    pub fn time_zone(&self) -> Tz {
        self.time_zone
    }

    /// Returns the local time of an instant in milliseconds since 1970 UTC.
    pub fn local(&self, at_ms: i64) -> DateTime<Tz> {
        DateTime::<Utc>::from_timestamp_millis(at_ms).unwrap_or_default().with_timezone(&self.time_zone)
    }

    /// Returns the business day of an instant. A day lasts until the next one begins, also where the clock goes back
    /// over midnight and shows the day before again.
    pub fn day(&self, at_ms: i64) -> NaiveDate {
        let local = self.local(at_ms);
        // An instant out of range of dates is treated as 1970; no call happens there.
        let at_ms = local.timestamp_millis();
        let mut day = local.date_naive();
        loop {
            let next = next_day(day);
            if next == day || at_ms < self.day_start_ms(next) {
                return day;
            }
            day = next;
        }
    }

    /// Returns the business day of an instant, as days since 1970-01-01.
    pub fn day_number(&self, at_ms: i64) -> i64 {
        day_number(self.day(at_ms))
    }

    /// Returns when a business day begins. Days whose midnight does not exist begin at the first instant after it.
    pub fn day_start_ms(&self, day: NaiveDate) -> i64 {
        self.instant_ms(day.and_time(NaiveTime::MIN))
    }

    /// Returns the instant with the same local time on another day. A time that this day skips becomes the first
    /// instant after it, one that occurs twice the earlier.
    pub fn same_time_ms(&self, at_ms: i64, day: NaiveDate) -> i64 {
        self.instant_ms(day.and_time(self.local(at_ms).time()))
    }

    /// Returns the instant of a local time. A skipped one is the first instant after it, an ambiguous one the earlier.
    pub fn instant_ms(&self, local: NaiveDateTime) -> i64 {
        match self.time_zone.from_local_datetime(&local) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.timestamp_millis(),
            LocalResult::None => {
                let near = local.and_utc().timestamp_millis();
                first_ms(near - REACH_MS, near + REACH_MS, |at_ms| self.local(at_ms).naive_local() >= local)
            }
        }
    }

    /// Returns when the local hour of an instant began: hours that occur twice are two hours, and where the clock is
    /// changed within an hour, another one begins.
    pub fn hour_start_ms(&self, at_ms: i64) -> i64 {
        let local = self.local(at_ms);
        let into_hour = i64::from(local.minute() * 60 + local.second()) * 1000 + at_ms.rem_euclid(1000);
        let start_ms = at_ms - into_hour;
        let offset = local.offset().fix();
        let has_offset = |at_ms| self.local(at_ms).offset().fix() == offset;
        if has_offset(start_ms) { start_ms } else { first_ms(start_ms, at_ms, has_offset) }
    }

    /// Returns the first instants of all hours of these days, ascending.
    pub fn hour_starts(&self, first: NaiveDate, last: NaiveDate) -> impl Iterator<Item = i64> {
        let end_ms = self.day_start_ms(next_day(last));
        std::iter::successors(Some(self.day_start_ms(first)), |&start_ms| Some(self.next_hour_ms(start_ms)))
            .take_while(move |&start| start < end_ms)
    }

    /// Returns when the hour after the one that begins at `start_ms` begins.
    fn next_hour_ms(&self, start_ms: i64) -> i64 {
        let mut next_ms = self.hour_start_ms(start_ms + HOUR_MS);
        loop {
            let between_ms = self.hour_start_ms(next_ms - 1);
            if between_ms <= start_ms {
                return next_ms;
            }
            next_ms = between_ms;
        }
    }

    /// Returns whether the company is open at an instant.
    pub fn is_open(&self, at_ms: i64) -> bool {
        self.hours.as_ref().is_none_or(|hours| hours.is_open(at_ms))
    }

    /// Returns the key of the hour that begins here: `2026-10-25T02:00+02:00`.
    pub fn hour_key(&self, hour_start_ms: i64) -> String {
        self.local(hour_start_ms).format("%Y-%m-%dT%H:%M%:z").to_string()
    }

    /// Returns the key of ISO weekday and hour: `1-09`.
    pub fn weekday_hour_key(&self, hour_start_ms: i64) -> String {
        let local = self.local(hour_start_ms);
        weekday_hour_key(local.weekday().number_from_monday(), local.hour())
    }
}

/// Returns the first instant after `before_ms`, up to `last_ms`, from which on a condition holds (binary search).
fn first_ms(before_ms: i64, last_ms: i64, is_so: impl Fn(i64) -> bool) -> i64 {
    let (mut before_ms, mut first_ms) = (before_ms, last_ms);
    while first_ms - before_ms > 1 {
        let middle_ms = before_ms + (first_ms - before_ms) / 2;
        *(if is_so(middle_ms) { &mut first_ms } else { &mut before_ms }) = middle_ms;
    }
    first_ms
}

/// Returns the key of ISO weekday and hour: `1-09`.
pub fn weekday_hour_key(weekday: u32, hour: u32) -> String {
    format!("{weekday}-{hour:02}")
}

/// Returns the days since 1970-01-01.
pub fn day_number(day: NaiveDate) -> i64 {
    day.signed_duration_since(epoch()).num_days()
}

/// Returns the day this many days after 1970-01-01.
pub fn day_of_number(number: i64) -> NaiveDate {
    Duration::try_days(number).and_then(|days| epoch().checked_add_signed(days)).unwrap_or(epoch())
}

fn epoch() -> NaiveDate {
    DateTime::UNIX_EPOCH.date_naive()
}

/// Returns the day after; the last representable day stays.
pub fn next_day(day: NaiveDate) -> NaiveDate {
    day.checked_add_days(Days::new(1)).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use chrono_tz::TZ_VARIANTS;
    use proptest::prelude::*;

    use super::*;

    /// Returns the change of the clock after an instant, if there is one within the next years.
    fn next_change_ms(business: &BusinessTime, at_ms: i64) -> Option<i64> {
        let offset = |at_ms| business.local(at_ms).offset().fix();
        let changed = |at_ms: &i64| offset(*at_ms) != offset(at_ms - 24 * HOUR_MS);
        let after_ms = (1..2_000).map(|day| at_ms + day * 24 * HOUR_MS).find(changed)?;
        let before = offset(after_ms - 24 * HOUR_MS);
        Some(first_ms(after_ms - 24 * HOUR_MS, after_ms, |at_ms| offset(at_ms) != before))
    }

    fn check_instant(business: &BusinessTime, at_ms: i64) -> Result<(), TestCaseError> {
        let (day, hour_ms) = (business.day(at_ms), business.hour_start_ms(at_ms));
        let days_ms = business.day_start_ms(day)..business.day_start_ms(next_day(day));
        let about = format!("{} at {}", business.time_zone(), business.local(at_ms));
        prop_assert!(days_ms.contains(&at_ms), "{about} is within its day {day}");
        prop_assert!((0..HOUR_MS).contains(&(at_ms - hour_ms)), "{about} is within its hour");
        prop_assert_eq!(business.hour_start_ms(hour_ms), hour_ms, "{} and so is its first instant", about);
        prop_assert_eq!(business.day(hour_ms), day, "{}: an hour is of one day", about);
        let hours: Vec<i64> = business.hour_starts(day, day).collect();
        prop_assert!(hours.is_sorted() && hours.contains(&hour_ms), "{about}: the day has its hour");
        prop_assert!(hours.iter().all(|hour_ms| days_ms.contains(hour_ms)), "{about}: and no other day's");
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn days_and_hours_of_any_instant_in_any_zone_agree(
            zone in prop::sample::select(&TZ_VARIANTS[..]),
            at_ms in -5_000_000_000_000..5_000_000_000_000i64,
            beside_ms in prop::collection::vec(-26 * HOUR_MS..26 * HOUR_MS, 4),
        ) {
            let business = BusinessTime::new(zone, None);
            check_instant(&business, at_ms)?;
            // Only zones with a change of the clock are of interest.
            let Some(change_ms) = next_change_ms(&business, at_ms) else { return Ok(()) };
            for beside_ms in beside_ms.into_iter().chain([-1, 0, 1, -60_000, 60_000, -HOUR_MS / 2, HOUR_MS / 2]) {
                check_instant(&business, change_ms + beside_ms)?;
            }
        }
    }

    #[test]
    fn a_day_goes_on_where_the_clock_goes_back_over_midnight() {
        // At 00:01 it was 23:01 again.
        let st_johns = BusinessTime::new(chrono_tz::America::St_Johns, None);
        assert_eq!(st_johns.day_start_ms(day("2010-11-07")), ms("2010-11-07T00:00:00-02:30"));
        for at in ["2010-11-07T00:00:30-02:30", "2010-11-06T23:30:00-03:30", "2010-11-07T00:00:30-03:30"] {
            assert_eq!(st_johns.day(ms(at)), day("2010-11-07"), "{at}");
        }
        assert_eq!(st_johns.day(ms("2010-11-06T23:30:00-02:30")), day("2010-11-06"));
        let hours: Vec<_> = st_johns.hour_starts(day("2010-11-07"), day("2010-11-07")).take(3).collect();
        let expected = ["2010-11-07T00:00:00-02:30", "2010-11-06T23:01:00-03:30", "2010-11-07T00:00:00-03:30"].map(ms);
        assert_eq!(hours, expected);
    }

    #[test]
    fn days_begin_with_their_first_instant_wherever_that_is() {
        let start = |zone, on| BusinessTime::new(zone, None).day_start_ms(day(on));
        // Local mean time ended with a step of 6 minutes and 32 seconds, another one with 44 and a half minutes.
        assert_eq!(start(chrono_tz::Europe::Berlin, "1893-04-01"), ms("1893-04-01T00:06:32+01:00"));
        assert_eq!(start(chrono_tz::Africa::Monrovia, "1972-01-07"), ms("1972-01-07T00:44:30Z"));
        // Samoa left a day out.
        assert_eq!(start(chrono_tz::Pacific::Apia, "2011-12-30"), ms("2011-12-31T00:00:00+14:00"));
    }

    fn berlin() -> BusinessTime {
        BusinessTime::new(chrono_tz::Europe::Berlin, None)
    }

    fn ms(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_begins_at_local_midnight() {
        assert_eq!(berlin().day_start_ms(day("2026-07-01")), ms("2026-06-30T22:00:00Z"));
        assert_eq!(berlin().day_start_ms(day("2026-12-01")), ms("2026-11-30T23:00:00Z"));
        assert_eq!(berlin().day(ms("2026-06-30T21:59:59.999Z")), day("2026-06-30"));
        assert_eq!(berlin().day(ms("2026-06-30T22:00:00Z")), day("2026-07-01"));
    }

    #[test]
    fn a_day_whose_midnight_does_not_exist_begins_after_it() {
        let beirut = BusinessTime::new(chrono_tz::Asia::Beirut, None);
        assert_eq!(beirut.day_start_ms(day("2026-03-29")), ms("2026-03-29T01:00:00+03:00"));
    }

    #[test]
    fn the_same_time_of_another_day_is_the_clocks() {
        let same = |at, on| berlin().same_time_ms(ms(at), day(on));
        assert_eq!(same("2026-11-01T14:05:06.007+01:00", "2026-10-18"), ms("2026-10-18T14:05:06.007+02:00"));
        assert_eq!(same("2026-04-05T02:20:30+02:00", "2026-03-29"), ms("2026-03-29T03:00:00+02:00"));
        assert_eq!(same("2026-11-01T02:20:30+01:00", "2026-10-25"), ms("2026-10-25T02:20:30+02:00"));
    }

    #[test]
    fn the_days_of_a_clock_change_have_23_and_25_hours() {
        let hours =
            |text| berlin().hour_starts(day(text), day(text)).map(|at| berlin().hour_key(at)).collect::<Vec<_>>();
        let spring = hours("2026-03-29");
        assert_eq!(spring.len(), 23);
        assert_eq!(&spring[1..3], ["2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00"]);
        let autumn = hours("2026-10-25");
        assert_eq!(autumn.len(), 25);
        assert_eq!(&autumn[2..4], ["2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00"]);
        assert_eq!(hours("2026-06-01").len(), 24);
    }

    #[test]
    fn hours_of_odd_offsets_begin_at_their_own_full_hour() {
        let kathmandu = BusinessTime::new(chrono_tz::Asia::Kathmandu, None);
        assert_eq!(kathmandu.hour_start_ms(ms("2026-05-01T10:30:00+05:45")), ms("2026-05-01T10:00:00+05:45"));
    }

    #[test]
    fn weekday_hours_are_iso() {
        assert_eq!(berlin().weekday_hour_key(ms("2026-11-22T09:30:00+01:00")), "7-09");
        assert_eq!(berlin().weekday_hour_key(ms("2026-11-23T00:00:00+01:00")), "1-00");
    }
}
