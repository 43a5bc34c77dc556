//! An exact histogram of durations in whole seconds: supports addition and subtraction, and keeps percentiles exact.

/// A histogram: pairs of seconds and the number of calls that lasted so long, ascending, without zeros. Counts are
/// signed, so that a histogram can also be a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    pairs: Vec<(u32, i64)>,
}

impl Histogram {
    /// Creates the histogram of one call.
    pub fn one(seconds: u32) -> Self {
        Self { pairs: vec![(seconds, 1)] }
    }

    /// Creates a histogram from ascending pairs without zeros.
    pub(super) fn from_pairs(pairs: Vec<(u32, i64)>) -> Self {
        Self { pairs }
    }

    /// Returns the pairs, ascending by seconds.
    pub fn pairs(&self) -> &[(u32, i64)] {
        &self.pairs
    }

    /// Adds `times` the other; `-1` subtracts it.
    pub fn add(&mut self, other: &Self, times: i64) {
        // A few pairs into many: binary searches beat a linear merge.
        if other.pairs.len() * 16 <= self.pairs.len().max(16) {
            return other.pairs.iter().for_each(|&(seconds, count)| self.add_seconds(seconds, count * times));
        }
        // Most values of the other are present already: they are counted in place, and only new values shift others.
        let (mut place, mut new, mut is_zero) = (0, 0, false);
        for &(seconds, count) in &other.pairs {
            while self.pairs.get(place).is_some_and(|pair| pair.0 < seconds) {
                place += 1;
            }
            match self.pairs.get_mut(place).filter(|pair| pair.0 == seconds) {
                Some(pair) => {
                    pair.1 += count * times;
                    is_zero |= pair.1 == 0;
                }
                None => new += 1,
            }
        }
        if new > 0 {
            self.insert_new(other, times, new);
        }
        if is_zero || times == 0 {
            self.pairs.retain(|pair| pair.1 != 0);
        }
    }

    /// Inserts the `new` pairs of the other whose seconds are not present yet, from the last to the first.
    fn insert_new(&mut self, other: &Self, times: i64, new: usize) {
        let mut left = self.pairs.len();
        let mut end = left + new;
        self.pairs.resize(end, (0, 0));
        for &(seconds, count) in other.pairs.iter().rev() {
            while left > 0 && self.pairs[left - 1].0 > seconds {
                (left, end) = (left - 1, end - 1);
                self.pairs[end] = self.pairs[left];
            }
            if left == 0 || self.pairs[left - 1].0 != seconds {
                end -= 1;
                self.pairs[end] = (seconds, count * times);
            }
        }
    }

    fn add_seconds(&mut self, seconds: u32, count: i64) {
        match self.pairs.binary_search_by_key(&seconds, |pair| pair.0) {
            Ok(place) => {
                self.pairs[place].1 += count;
                if self.pairs[place].1 == 0 {
                    self.pairs.remove(place);
                }
            }
            Err(place) if count != 0 => self.pairs.insert(place, (seconds, count)),
            Err(_) => {}
        }
    }

    /// Drops negative counts; returns whether there were any.
    pub fn clamp(&mut self) -> bool {
        let before = self.pairs.len();
        self.pairs.retain(|pair| pair.1 > 0);
        self.pairs.len() != before
    }

    /// Returns whether nothing is counted.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Returns the number of calls.
    pub fn count(&self) -> i64 {
        self.pairs.iter().map(|pair| pair.1).sum()
    }

    /// Returns how many calls lasted at most this many seconds.
    pub fn count_within(&self, seconds: u32) -> i64 {
        self.pairs.iter().take_while(|pair| pair.0 <= seconds).map(|pair| pair.1).sum()
    }

    /// Returns the sum of all durations, in seconds.
    pub fn total(&self) -> i64 {
        self.pairs.iter().map(|&(seconds, count)| i64::from(seconds) * count).sum()
    }

    /// Returns the maximum, in seconds.
    pub fn max(&self) -> Option<u32> {
        self.pairs.last().map(|pair| pair.0)
    }

    /// Returns the percentile by nearest rank: the smallest value that at least `percent` per cent of the calls do not
    /// exceed.
    pub fn percentile(&self, percent: u8) -> Option<u32> {
        let rank = ((self.count() * i64::from(percent) + 99) / 100).max(1);
        let mut seen = 0;
        self.pairs.iter().find_map(|&(seconds, count)| {
            seen += count;
            (seen >= rank).then_some(seconds)
        })
    }
}

/// The number of pairs from which on the accumulator uses a table.
const MANY: usize = 256;
/// The size of the table, in seconds: calls are seldom longer.
const IN_TABLE: usize = 2_048;

/// A sum of many histograms. A large one adds a pair in constant time, by an index into a table; only the rare pairs
/// beyond the table are inserted one by one.
#[derive(Clone, Debug, Default)]
pub(super) struct Accumulator {
    /// The counts, indexed by seconds; empty while there are few pairs.
    table: Vec<i64>,
    rest: Histogram,
}

impl Accumulator {
    /// Adds `times` the histogram.
    pub(super) fn add(&mut self, histogram: &Histogram, times: i64) {
        if self.table.is_empty() {
            self.rest.add(histogram, times);
            if self.rest.pairs.len() >= MANY {
                self.table = vec![0; IN_TABLE];
                let small = std::mem::take(&mut self.rest);
                self.add(&small, 1);
            }
            return;
        }
        for &(seconds, count) in &histogram.pairs {
            match self.table.get_mut(seconds as usize) {
                Some(sum) => *sum += count * times,
                None => self.rest.add_seconds(seconds, count * times),
            }
        }
    }

    /// Returns the sum of all that was added.
    pub(super) fn sum(&self) -> Histogram {
        let counted = (0..).zip(self.table.iter().copied()).filter(|pair| pair.1 != 0);
        Histogram { pairs: counted.chain(self.rest.pairs.iter().copied()).collect() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[u32]) -> Histogram {
        let mut sum = Histogram::default();
        values.iter().for_each(|&seconds| sum.add(&Histogram::one(seconds), 1));
        sum
    }

    #[test]
    fn percentiles_are_by_nearest_rank() {
        // The textbook example of the nearest-rank method.
        let scores = of(&[15, 20, 35, 40, 50]);
        assert_eq!(scores.percentile(5), Some(15));
        assert_eq!(scores.percentile(30), Some(20));
        assert_eq!(scores.percentile(40), Some(20));
        assert_eq!(scores.percentile(50), Some(35));
        assert_eq!(scores.percentile(100), Some(50));
        assert_eq!(of(&[]).percentile(50), None);
        assert_eq!(of(&[7]).percentile(1), Some(7));
    }

    proptest! {
        #[test]
        fn percentiles_equal_those_of_the_sorted_list(mut values in prop::collection::vec(0..500u32, 1..60), percent in 1..=100u8) {
            let histogram = of(&values);
            values.sort_unstable();
            let rank = (values.len() * usize::from(percent)).div_ceil(100);
            prop_assert_eq!(histogram.percentile(percent), Some(values[rank - 1]));
            prop_assert_eq!(histogram.count(), values.len() as i64);
            prop_assert_eq!(histogram.total(), values.iter().map(|&v| i64::from(v)).sum::<i64>());
            prop_assert_eq!(histogram.max(), values.last().copied());
        }

        #[test]
        fn what_was_added_can_be_taken_away(a in prop::collection::vec(0..50u32, 0..30), b in prop::collection::vec(0..50u32, 0..30)) {
            let (a, b) = (of(&a), of(&b));
            let mut sum = a.clone();
            sum.add(&b, 1);
            prop_assert_eq!(sum.count(), a.count() + b.count());
            sum.add(&b, -1);
            prop_assert_eq!(sum, a);
        }

        #[test]
        fn sums_hold_each_second_once_in_order(
            parts in prop::collection::vec((prop::collection::vec(0..90u32, 0..60), -2..=2i64), 0..6),
        ) {
            let (mut sum, mut expected) = (Histogram::default(), std::collections::BTreeMap::new());
            for (values, times) in &parts {
                sum.add(&of(values), *times);
                values.iter().for_each(|&seconds| *expected.entry(seconds).or_insert(0) += times);
            }
            expected.retain(|_, count| *count != 0);
            prop_assert_eq!(sum.pairs().to_vec(), expected.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn a_large_sum_is_the_same(parts in prop::collection::vec((prop::collection::vec(0..6_000u32, 0..400), -2..=2i64), 0..4)) {
            let (mut sum, mut expected) = (Accumulator::default(), Histogram::default());
            for (values, times) in &parts {
                sum.add(&of(values), *times);
                expected.add(&of(values), *times);
            }
            prop_assert_eq!(sum.sum(), expected);
        }
    }
}
