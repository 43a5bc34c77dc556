//! How many calls lasted how many whole seconds: adds, subtracts, and keeps percentiles exact.

/// Seconds and how many calls lasted that long, ascending, without zeros. Counts are signed, so that a
/// histogram can also be a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    pairs: Vec<(u32, i64)>,
}

impl Histogram {
    /// The histogram of one call.
    pub fn one(seconds: u32) -> Self {
        Self { pairs: vec![(seconds, 1)] }
    }

    /// From ascending pairs without zeros.
    pub(super) fn from_pairs(pairs: Vec<(u32, i64)>) -> Self {
        Self { pairs }
    }

    /// Ascending by seconds.
    pub fn pairs(&self) -> &[(u32, i64)] {
        &self.pairs
    }

    /// Adds `times` the other: `-1` takes it away again.
    pub fn add(&mut self, other: &Self, times: i64) {
        // A few pairs into many: looking each one up beats walking over all.
        if other.pairs.len() * 16 <= self.pairs.len().max(16) {
            return other.pairs.iter().for_each(|&(seconds, count)| self.add_seconds(seconds, count * times));
        }
        let mut sum = Vec::with_capacity(self.pairs.len() + other.pairs.len());
        let (mut left, mut right) = (self.pairs.iter().peekable(), other.pairs.iter().peekable());
        loop {
            let pair = match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some(&&(a, count)), Some(&&(b, _))) if a < b => (left.next(), (a, count)).1,
                (Some(&&(a, count)), Some(&&(b, more))) if a == b => {
                    (left.next(), right.next(), (a, count + more * times)).2
                }
                (Some(&&pair), None) => (left.next(), pair).1,
                (_, Some(&&(b, more))) => (right.next(), (b, more * times)).1,
            };
            if pair.1 != 0 {
                sum.push(pair);
            }
        }
        self.pairs = sum;
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

    /// Drops what is below zero; whether there was any.
    pub fn clamp(&mut self) -> bool {
        let before = self.pairs.len();
        self.pairs.retain(|pair| pair.1 > 0);
        self.pairs.len() != before
    }

    /// Whether nothing is counted.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// How many calls are counted.
    pub fn count(&self) -> i64 {
        self.pairs.iter().map(|pair| pair.1).sum()
    }

    /// How many calls lasted at most so many seconds.
    pub fn count_within(&self, seconds: u32) -> i64 {
        self.pairs.iter().take_while(|pair| pair.0 <= seconds).map(|pair| pair.1).sum()
    }

    /// All seconds together.
    pub fn total(&self) -> i64 {
        self.pairs.iter().map(|&(seconds, count)| i64::from(seconds) * count).sum()
    }

    /// The longest.
    pub fn max(&self) -> Option<u32> {
        self.pairs.last().map(|pair| pair.0)
    }

    /// By nearest rank: the smallest value that at least `percent` per cent of the calls do not exceed.
    pub fn percentile(&self, percent: u8) -> Option<u32> {
        let rank = ((self.count() * i64::from(percent) + 99) / 100).max(1);
        let mut seen = 0;
        self.pairs.iter().find_map(|&(seconds, count)| {
            seen += count;
            (seen >= rank).then_some(seconds)
        })
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
    }
}
