use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Number of buckets per power of two: a quantile is at most an eighth too large.
const PARTS: usize = 8;
/// Number of powers of two, from a microsecond up to longer than anybody waits.
const DOUBLINGS: usize = 32;

/// A latency histogram with logarithmic buckets of microseconds: small, and quick to add to.
#[derive(Debug)]
pub struct Latency {
    counts: [AtomicU64; PARTS * DOUBLINGS],
}

impl Default for Latency {
    fn default() -> Self {
        Self { counts: std::array::from_fn(|_| AtomicU64::new(0)) }
    }
}

impl Latency {
    /// Adds one duration.
    pub fn observe(&self, took: Duration) {
        if let Some(count) = self.counts.get(place(took.as_micros())) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns how many were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Returns a quantile: the microseconds that this share of the durations did not exceed; `None` when there are
    /// none.
    pub fn quantile_us(&self, share: f64) -> Option<u64> {
        let counts: Vec<u64> = self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let wanted = (share * counts.iter().sum::<u64>() as f64).ceil() as u64;
        let mut so_far = 0;
        let place = counts.iter().position(|count| {
            so_far += count;
            *count > 0 && so_far >= wanted
        });
        place.map(most_of)
    }
}

/// Returns the bucket of a duration: below `PARTS` each microsecond has a bucket of its own; then each power of two has
/// `PARTS` buckets.
fn place(micros: u128) -> usize {
    let micros = u64::try_from(micros).unwrap_or(u64::MAX);
    let parts = PARTS as u64;
    if micros < parts {
        return micros as usize;
    }
    let shift = micros.ilog2() - parts.ilog2();
    let place = (u64::from(shift) * parts + (micros >> shift)) as usize;
    place.min(PARTS * DOUBLINGS - 1)
}

/// Returns the upper bound of a bucket, in microseconds.
fn most_of(place: usize) -> u64 {
    let (place, parts) = (place as u64, PARTS as u64);
    if place < parts {
        return place;
    }
    let shift = place / parts - 1;
    ((place % parts + parts + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_is_told_at_most_an_eighth_too_long() {
        for micros in (0..5_000).chain([65_535, 65_536, 1_000_000, 59_999_999]) {
            let told = most_of(place(micros));
            assert!(u128::from(told) >= micros && u128::from(told) * 8 <= micros * 9, "{micros}: {told}");
        }
        assert_eq!(place(u128::MAX), PARTS * DOUBLINGS - 1);
    }

    #[test]
    fn quantiles_are_of_the_nearest_rank() {
        let latency = Latency::default();
        assert_eq!((latency.quantile_us(0.5), latency.count()), (None, 0));
        (1..=7).for_each(|micros| latency.observe(Duration::from_micros(micros)));
        assert_eq!((latency.quantile_us(0.5), latency.quantile_us(0.99)), (Some(4), Some(7)));
        assert_eq!((latency.quantile_us(0.0), latency.count()), (Some(1), 7));
    }
}
