//! Counts and sums without percentiles: read from packed cells without building histograms, so that a year of hours is
//! read in milliseconds.

use super::rollup::{Class, Measures, take_number};
use crate::calls::outcome::Outcome;

/// The sums of some calls. Signed, so that it can also be a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// The number of calls.
    pub calls: i64,
    /// The number of calls whose talk time is known.
    pub talk_calls: i64,
    /// The total talk time, in seconds.
    pub talk_seconds: i64,
}

impl Sums {
    /// Derives the sums from full figures.
    pub fn of(figures: &Measures) -> Self {
        Self { calls: figures.calls, talk_calls: figures.talk.count(), talk_seconds: figures.talk.total() }
    }

    /// Adds `times` the other.
    pub fn add(&mut self, other: Self, times: i64) {
        self.calls += other.calls * times;
        self.talk_calls += other.talk_calls * times;
        self.talk_seconds += other.talk_seconds * times;
    }
}

/// Passes every class of a packed cell and its sums to `take`; `None` when it is malformed.
pub fn read_packed(cell: &[u8], take: impl FnMut(Class, Sums)) -> Option<()> {
    let sums = |rest: &mut &[u8]| {
        let calls = take_number(rest)?;
        let (talk_calls, talk_seconds) = sum_histogram(rest)?;
        skip_histogram(rest)?;
        Some(Sums { calls, talk_calls, talk_seconds })
    };
    read_classes(cell, sums, take)
}

/// Passes every class of a packed cell and its number of calls to `take`; `None` when it is malformed.
pub fn count_packed(cell: &[u8], take: impl FnMut(Class, i64)) -> Option<()> {
    let calls = |rest: &mut &[u8]| {
        let calls = take_number(rest)?;
        skip_histogram(rest)?;
        skip_histogram(rest)?;
        Some(calls)
    };
    read_classes(cell, calls, take)
}

fn read_classes<T>(
    cell: &[u8],
    figures: impl Fn(&mut &[u8]) -> Option<T>,
    mut take: impl FnMut(Class, T),
) -> Option<()> {
    let mut rest = cell;
    while let Some((&code, after)) = rest.split_first() {
        rest = after;
        let figures = figures(&mut rest)?;
        take(Class::from_code(code)?, figures);
    }
    Some(())
}

/// Returns the number of calls in a packed histogram, and their total seconds.
fn sum_histogram(rest: &mut &[u8]) -> Option<(i64, i64)> {
    let (mut seconds, mut calls, mut total) = (0_i64, 0_i64, 0_i64);
    for _ in 0..take_number(rest)? {
        seconds = seconds.checked_add(take_number(rest)?)?;
        let count = take_number(rest)?;
        calls = calls.checked_add(count)?;
        total = total.checked_add(seconds.checked_mul(count)?)?;
    }
    Some((calls, total))
}

/// A mask of the top bits of eight bytes: a number (varint) ends at the byte whose top bit is not set.
const TOP_BITS: u64 = 0x8080_8080_8080_8080;

fn skip_histogram(rest: &mut &[u8]) -> Option<()> {
    let mut numbers = take_number(rest)?.checked_mul(2)?;
    // Eight bytes contain the ends of at most eight numbers.
    while numbers >= 8
        && let Some((bytes, after)) = rest.split_first_chunk()
    {
        numbers -= i64::from((!u64::from_le_bytes(*bytes) & TOP_BITS).count_ones());
        *rest = after;
    }
    for _ in 0..numbers {
        let last = rest.iter().position(|byte| *byte < 128)?;
        *rest = &rest[last + 1..];
    }
    Some(())
}

/// Corrects for a call that cells count as over, but which is still running: subtracts it there and adds it as open.
pub fn as_open(class: Class, mut add: impl FnMut(Outcome, i64)) {
    add(class.progress.outcome_when_over(), -1);
    add(Outcome::Open, 1);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::business::BusinessTime;
    use crate::stats::rollup::tests::any_call;
    use crate::stats::rollup::{Cell, Contribution};

    proptest! {
        #[test]
        fn sums_of_a_packed_cell_are_those_of_its_figures(calls in prop::collection::vec((any_call(), any::<bool>()), 0..30)) {
            let business = BusinessTime::new(chrono_tz::Europe::Berlin, None);
            let mut cell = Cell::default();
            for (call, in_hours) in &calls {
                let Contribution { class, figures, .. } = Contribution::of(call, *in_hours, &business);
                cell.add(class, &figures, 1);
            }
            let mut read = Vec::new();
            read_packed(&cell.pack(), |class, sums| read.push((class, sums))).unwrap();
            let expected: Vec<_> = cell.iter().map(|(class, figures)| (class, Sums::of(figures))).collect();
            prop_assert_eq!(&read, &expected);
            let mut counted = Vec::new();
            count_packed(&cell.pack(), |class, calls| counted.push((class, calls))).unwrap();
            let calls: Vec<_> = expected.iter().map(|(class, sums)| (*class, sums.calls)).collect();
            prop_assert_eq!(counted, calls);
        }
    }

    #[test]
    fn what_is_no_cell_is_told() {
        let no_cells: [&[u8]; 5] = [
            &[0, 1],
            &[0x0f, 1, 0, 0],
            &[0, 1, 0xff, 0xff],
            &[0, 1, 0, 2, 1, 1, 1],
            &[0, 1, 0, 8, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0xff],
        ];
        for cell in no_cells {
            assert_eq!(read_packed(cell, |_, _| ()), None, "{cell:?}");
            assert_eq!(count_packed(cell, |_, _| ()), None, "{cell:?}");
        }
        assert_eq!(read_packed(&[], |_, _| ()), Some(()));
    }
}
