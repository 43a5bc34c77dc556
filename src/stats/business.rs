//! Business time: what a day, an hour and "open" are.

use chrono::{
    DateTime, Datelike, Days, Duration, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike, Utc,
};
use chrono_tz::Tz;

use crate::routing::hours::Hours;

const HOUR_MS: i64 = 3_600_000;

/// The company's clock and opening hours.
#[derive(Clone, Debug)]
pub struct BusinessTime {
    time_zone: Tz,
    hours: Option<Hours>,
}

impl BusinessTime {
    /// Without `hours` it is always open.
    pub fn new(time_zone: Tz, hours: Option<Hours>) -> Self {
        Self { time_zone, hours }
    }

    /// The business time zone.
    pub fn time_zone(&self) -> Tz {
        self.time_zone
    }

    /// The local time of an instant in milliseconds since 1970 UTC.
    pub fn local(&self, at_ms: i64) -> DateTime<Tz> {
        DateTime::<Utc>::from_timestamp_millis(at_ms).unwrap_or_default().with_timezone(&self.time_zone)
    }

    /// The business day of an instant.
    pub fn day(&self, at_ms: i64) -> NaiveDate {
        self.local(at_ms).date_naive()
    }

    /// The business day of an instant, as days since 1970-01-01.
    pub fn day_number(&self, at_ms: i64) -> i64 {
        day_number(self.day(at_ms))
    }

    /// When a business day begins. Days whose midnight does not exist begin at the first instant after.
    pub fn day_start_ms(&self, day: NaiveDate) -> i64 {
        self.instant_ms(day.and_time(NaiveTime::MIN))
    }

    /// The same local time of day on another day. A time that this day leaves out is the first instant after, one that
    /// it has twice is the earlier.
    pub fn same_time_ms(&self, at_ms: i64, day: NaiveDate) -> i64 {
        self.instant_ms(day.and_time(self.local(at_ms).time()))
    }

    /// When a wall clock shows this. A time that is left out is the first instant after, one that there is twice the
    /// earlier.
    pub fn instant_ms(&self, mut local: NaiveDateTime) -> i64 {
        for _ in 0..24 * 4 {
            match self.time_zone.from_local_datetime(&local) {
                LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => return at.timestamp_millis(),
                // What is left out ends at a quarter of an hour.
                LocalResult::None => local = next_quarter(local),
            }
        }
        local.and_utc().timestamp_millis()
    }

    /// When the local hour of an instant began: hours that occur twice are two.
    pub fn hour_start_ms(&self, at_ms: i64) -> i64 {
        let local = self.local(at_ms);
        let into_hour = i64::from(local.minute() * 60 + local.second()) * 1000 + at_ms.rem_euclid(1000);
        at_ms - into_hour
    }

    /// The first instants of all hours of these days, ascending.
    pub fn hour_starts(&self, first: NaiveDate, last: NaiveDate) -> impl Iterator<Item = i64> {
        let end_ms = self.day_start_ms(next_day(last));
        std::iter::successors(Some(self.day_start_ms(first)), |&start| Some(self.hour_start_ms(start + HOUR_MS)))
            .take_while(move |&start| start < end_ms)
    }

    /// Whether the company is open.
    pub fn is_open(&self, at_ms: i64) -> bool {
        self.hours.as_ref().is_none_or(|hours| hours.is_open(at_ms))
    }

    /// `2026-10-25T02:00+02:00`, of the hour that begins here.
    pub fn hour_key(&self, hour_start_ms: i64) -> String {
        self.local(hour_start_ms).format("%Y-%m-%dT%H:%M%:z").to_string()
    }

    /// `1-09`: ISO weekday and hour.
    pub fn weekday_hour_key(&self, hour_start_ms: i64) -> String {
        let local = self.local(hour_start_ms);
        weekday_hour_key(local.weekday().number_from_monday(), local.hour())
    }
}

fn next_quarter(local: NaiveDateTime) -> NaiveDateTime {
    let into_quarter = Duration::minutes(i64::from(local.minute() % 15))
        + Duration::seconds(i64::from(local.second()))
        + Duration::nanoseconds(i64::from(local.nanosecond()));
    local - into_quarter + Duration::minutes(15)
}

/// `1-09`: ISO weekday and hour.
pub fn weekday_hour_key(weekday: u32, hour: u32) -> String {
    format!("{weekday}-{hour:02}")
}

/// Days since 1970-01-01.
pub fn day_number(day: NaiveDate) -> i64 {
    day.signed_duration_since(epoch()).num_days()
}

/// The day so many days after 1970-01-01.
pub fn day_of_number(number: i64) -> NaiveDate {
    Duration::try_days(number).and_then(|days| epoch().checked_add_signed(days)).unwrap_or(epoch())
}

fn epoch() -> NaiveDate {
    DateTime::UNIX_EPOCH.date_naive()
}

/// The day after; the last one there is stays.
pub fn next_day(day: NaiveDate) -> NaiveDate {
    day.checked_add_days(Days::new(1)).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

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
