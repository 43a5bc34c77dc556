//! A sample of durations, collected value by value.

use crate::stats::histogram::Histogram;

/// The number of values that are kept as they came before they are sorted into the histogram.
const MANY: usize = 4_096;

/// Durations of many calls, in seconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample {
    recent: Vec<u32>,
    sum: Histogram,
}

impl Sample {
    /// Adds the values.
    pub(super) fn extend(&mut self, seconds: Option<u32>) {
        self.recent.extend(seconds);
        if self.recent.len() >= MANY {
            let recent = std::mem::take(&mut self.recent);
            self.sum.add(&sorted(recent), 1);
        }
    }

    /// Returns the histogram of all values.
    pub(super) fn histogram(&self) -> Histogram {
        let mut sum = sorted(self.recent.clone());
        sum.add(&self.sum, 1);
        sum
    }
}

fn sorted(mut values: Vec<u32>) -> Histogram {
    values.sort_unstable();
    let runs = values.chunk_by(|a, b| a == b);
    let pairs = runs.filter_map(|run| Some((*run.first()?, i64::try_from(run.len()).ok()?)));
    Histogram::from_pairs(pairs.collect())
}
