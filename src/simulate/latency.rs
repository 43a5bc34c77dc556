//! A latency histogram: exact to three significant digits, in little memory however long the run.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// A latency histogram in microseconds, rounded down to three significant digits.
#[derive(Debug, Default)]
pub struct Latencies {
    micros: BTreeMap<u64, u64>,
    count: u64,
    max: Duration,
}

/// Latency percentiles in milliseconds, by nearest rank; `None` while nothing was answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LatencyMs {
    /// The median: half of the answers took at most this long.
    pub p50: Option<f64>,
    /// The 99th percentile.
    pub p99: Option<f64>,
    /// The slowest answer, unrounded.
    pub max: Option<f64>,
}

impl Latencies {
    /// Adds the latency of one answer.
    pub fn add(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let step = 10_u64.pow(micros.checked_ilog10().unwrap_or(0).saturating_sub(2));
        *self.micros.entry(micros / step * step).or_default() += 1;
        self.count += 1;
        self.max = self.max.max(took);
    }

    /// Returns the number of answers.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the percentiles so far.
    pub fn summary(&self) -> LatencyMs {
        let max = (self.count > 0).then_some(self.max.as_secs_f64() * 1000.0);
        LatencyMs { p50: self.percentile(50), p99: self.percentile(99), max }
    }

    fn percentile(&self, percent: u64) -> Option<f64> {
        let rank = (self.count * percent).div_ceil(100);
        let mut passed = 0;
        let (micros, _) = self.micros.iter().find(|(_, count)| {
            passed += **count;
            passed >= rank
        })?;
        Some(*micros as f64 / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_answered_has_no_latency() {
        assert_eq!(Latencies::default().summary(), LatencyMs::default());
    }

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let mut latencies = Latencies::default();
        for ms in 1..=200 {
            latencies.add(Duration::from_millis(ms));
        }
        assert_eq!(latencies.summary(), LatencyMs { p50: Some(100.0), p99: Some(198.0), max: Some(200.0) });
    }

    #[test]
    fn three_digits_are_kept() {
        let mut latencies = Latencies::default();
        latencies.add(Duration::from_micros(123_456));
        assert_eq!(latencies.summary(), LatencyMs { p50: Some(123.0), p99: Some(123.0), max: Some(123.456) });
    }
}
