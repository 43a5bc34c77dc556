//! Generates years of a small company's calls: busy mornings, quiet lunches, empty Sundays. Pure: takes a seed and a
//! span of time, returns events.

use chrono::{Datelike, Timelike};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::simulate::events::Ending;
use crate::simulate::habits::Habits;
use crate::simulate::script::Script;
use crate::stats::business::BusinessTime;

/// Average number of calls an hour on an ordinary working day, by local hour.
const WORKING_DAY: [f64; 24] = [
    0.02, 0.01, 0.01, 0.01, 0.02, 0.1, 0.4, 2.2, 5.5, 7.0, 6.5, 5.0, 2.6, 4.2, 5.6, 4.8, 3.2, 1.3, 0.7, 0.4, 0.25,
    0.15, 0.08, 0.04,
];
/// Activity of Monday to Sunday, as a factor.
const WEEK: [f64; 7] = [1.25, 1.05, 1.0, 1.0, 0.8, 0.12, 0.05];
/// Activity of January to December, as a factor.
const YEAR: [f64; 12] = [1.05, 1.0, 1.1, 1.0, 0.95, 0.95, 0.8, 0.8, 1.05, 1.1, 1.15, 0.9];
/// Factor for a working day on which the company is closed: some call nevertheless.
const CLOSED: f64 = 0.15;
/// Growth of the number of calls a day: 12 per cent a year.
const GROWTH_A_DAY: f64 = 0.12 / 365.0;
/// Share of hangups that never arrive.
const LOST: f64 = 0.006;
/// Share of events that arrive twice.
const DOUBLED: f64 = 0.01;
const HOUR_MS: i64 = 3_600_000;

/// An event of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastEvent {
    /// When it was received, milliseconds since 1970 UTC.
    pub received_ms: i64,
    /// The form body.
    pub body: String,
    /// The number of deliveries.
    pub deliveries: u32,
}

/// A generator of a company's calls until now, hour by hour.
#[derive(Debug)]
pub struct History<'b> {
    business: &'b BusinessTime,
    script: Script,
    rng: StdRng,
    until_ms: i64,
}

impl<'b> History<'b> {
    /// Creates the generator; the same seed gives the same calls.
    pub fn new(business: &'b BusinessTime, seed: u64, until_ms: i64) -> Self {
        let habits = Habits {
            talk_mean_seconds: 170.0,
            talk_max_seconds: 2700.0,
            outsiders: 900,
            call_back: 0.7,
            ..open_hours()
        };
        Self { business, script: Script::new(habits, seed), rng: StdRng::seed_from_u64(!seed), until_ms }
    }

    /// Returns the outside numbers, most frequent caller first.
    pub fn outsiders(&self) -> &[String] {
        self.script.outsiders()
    }

    /// Returns the starts of all hours of the last `days` days, today's included, ascending.
    pub fn hours(&self, days: u32) -> impl Iterator<Item = i64> + use<'b> {
        let today = self.business.day(self.until_ms);
        let first = today - chrono::Days::new(u64::from(days.saturating_sub(1)));
        let until_ms = self.until_ms;
        self.business.hour_starts(first, today).take_while(move |start_ms| *start_ms <= until_ms)
    }

    /// Generates the events, until now, of the calls that begin in an hour, in no order.
    pub fn events_of_hour(&mut self, start_ms: i64) -> Vec<PastEvent> {
        let is_open = self.business.is_open(start_ms);
        let ordinary = open_hours();
        self.script.habits.inbound_endings = if is_open { ordinary.inbound_endings } else { closed_endings() };
        self.script.habits.inbound = if is_open { ordinary.inbound } else { 0.93 };
        let mut events = Vec::new();
        for _ in 0..self.calls_of_hour(start_ms, is_open) {
            let began_ms = start_ms + self.rng.random_range(0..HOUR_MS);
            let call = self.script.next_call();
            let last = call.steps.len() - 1;
            for (at, step) in call.steps.into_iter().enumerate() {
                let received_ms = began_ms + i64::try_from(step.offset_ms).unwrap_or(0);
                let is_lost = at == last && at > 0 && self.rng.random_bool(LOST);
                if is_lost || received_ms > self.until_ms {
                    continue;
                }
                let deliveries = if self.rng.random_bool(DOUBLED) { 2 } else { 1 };
                events.push(PastEvent { received_ms, body: step.body, deliveries });
            }
        }
        events
    }

    fn calls_of_hour(&mut self, start_ms: i64, is_open: bool) -> u32 {
        let local = self.business.local(start_ms);
        let (weekday, month) = (local.weekday().num_days_from_monday() as usize, local.month0() as usize);
        let is_workday = weekday < 5 && (8..17).contains(&local.hour());
        let days_ago = (self.until_ms - start_ms) as f64 / (24 * HOUR_MS) as f64;
        let mean = WORKING_DAY[local.hour() as usize]
            * WEEK[weekday]
            * YEAR[month]
            * if is_workday && !is_open { CLOSED } else { 1.0 }
            * (1.0 - GROWTH_A_DAY * days_ago).max(0.3);
        poisson(mean, &mut self.rng)
    }
}

fn open_hours() -> Habits {
    use Ending::*;
    Habits {
        inbound: 0.68,
        inbound_endings: vec![(Accepted, 0.84), (Missed, 0.1), (Voicemail, 0.05), (Blocked, 0.01)],
        ring_seconds: (2.0, 32.0),
        ..Habits::default()
    }
}

fn closed_endings() -> Vec<(Ending, f64)> {
    use Ending::*;
    vec![(Accepted, 0.06), (Missed, 0.3), (Voicemail, 0.62), (Blocked, 0.02)]
}

/// Draws from a Poisson distribution with this mean (Knuth's algorithm; the means here are small).
fn poisson(mean: f64, rng: &mut StdRng) -> u32 {
    let limit = (-mean).exp();
    let (mut count, mut product) = (0, rng.random::<f64>());
    while product > limit {
        count += 1;
        product *= rng.random::<f64>();
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::hours::{Hours, HoursContext};
    use chrono_tz::Europe::Berlin;

    /// The time 2026-11-22T12:00Z, a Sunday.
    const NOW_MS: i64 = 1_795_348_800_000;

    fn business() -> BusinessTime {
        let context = HoursContext::new(Berlin, "DE", None);
        BusinessTime::new(Berlin, Some(Hours::parse("Mo-Fr 08:00-17:00; PH off", &context).unwrap()))
    }

    fn events(days: u32) -> Vec<PastEvent> {
        let business = business();
        let mut history = History::new(&business, 1, NOW_MS);
        let hours: Vec<i64> = history.hours(days).collect();
        hours.into_iter().flat_map(|start_ms| history.events_of_hour(start_ms)).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_past_and_nothing_of_the_future() {
        let past = events(30);
        assert_eq!(past, events(30));
        assert!(past.iter().all(|event| event.received_ms <= NOW_MS));
    }

    #[test]
    fn workdays_are_busy_and_sundays_are_not() {
        let business = business();
        let mut by_weekday = [0_u32; 7];
        for event in events(70).iter().filter(|event| !event.body.contains("event=HungUp")) {
            by_weekday[business.local(event.received_ms).weekday().num_days_from_monday() as usize] += 1;
        }
        let workday = by_weekday[..5].iter().sum::<u32>() / 5;
        assert!((200..1000).contains(&workday), "ten weeks' Mondays to Fridays: {by_weekday:?}");
        assert!(by_weekday[6] * 8 < workday, "{by_weekday:?}");
    }

    #[test]
    fn hourly_counts_have_their_mean() {
        let mut rng = StdRng::seed_from_u64(3);
        let sum: u32 = (0..20_000).map(|_| poisson(3.5, &mut rng)).sum();
        assert!((f64::from(sum) / 20_000.0 - 3.5).abs() < 0.1, "{sum}");
    }
}
