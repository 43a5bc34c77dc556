//! Data quality: how complete the events of a line are, because missing events distort the figures.

use super::rollup::{Cell, Measures, Progress};
use crate::calls::outcome::Outcome;
use crate::placetel::event::Direction;

/// Counts of missing data in the ended calls of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// The number of ended calls.
    pub calls: i64,
    /// The number of ended calls whose HungUp never came.
    pub without_hangup: i64,
    /// The number of accepted outgoing calls.
    pub accepted_out: i64,
    /// The number of accepted outgoing calls whose talk time is unknown.
    pub talk_unknown: i64,
}

impl Gaps {
    /// Adds a cell, as if all of its calls were over.
    pub fn add_cell(&mut self, cell: &Cell) {
        for (class, figures) in cell.iter() {
            self.add(class.direction, class.progress, figures, 1);
        }
    }

    /// Subtracts a call that is still running.
    pub fn remove_open(&mut self, direction: Option<Direction>, progress: Progress, figures: &Measures) {
        self.add(direction, progress, figures, -1);
    }

    /// Adds the counts of another line.
    pub fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.without_hangup += other.without_hangup;
        self.accepted_out += other.accepted_out;
        self.talk_unknown += other.talk_unknown;
    }

    fn add(&mut self, direction: Option<Direction>, progress: Progress, figures: &Measures, times: i64) {
        self.calls += figures.calls * times;
        if !matches!(progress, Progress::Ended(_)) {
            self.without_hangup += figures.calls * times;
        }
        if direction == Some(Direction::Out) && progress.outcome_when_over() == Outcome::Accepted {
            self.accepted_out += figures.calls * times;
            self.talk_unknown += (figures.calls - figures.talk.count()) * times;
        }
    }
}

/// Counts of how the events of some calls arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// The number of calls examined.
    pub calls: i64,
    /// The number of their distinct events.
    pub events: i64,
    /// The number of events that were delivered more than once.
    pub doubled: i64,
    /// The number of events that arrived after the HungUp of their call.
    pub late: i64,
    /// The number of surplus events, which are not folded into their call; the other figures leave them out.
    pub surplus: i64,
}

impl Arrivals {
    /// Adds the counts of another line.
    pub fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.events += other.events;
        self.doubled += other.doubled;
        self.late += other.late;
        self.surplus += other.surplus;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rollup::Class;

    #[test]
    fn a_call_without_hangup_is_a_gap_and_so_is_an_outgoing_talk_without_length() {
        let class = |direction, progress| Class { direction, in_hours: true, progress };
        let accepted = Progress::Ended(Outcome::Accepted);
        let mut cell = Cell::default();
        cell.add(class(Some(Direction::In), Progress::Ringing), &Measures::one(None, None), 3);
        cell.add(class(Some(Direction::Out), accepted), &Measures::one(None, None), 2);
        cell.add(class(Some(Direction::Out), accepted), &Measures::one(Some(9), None), 5);
        cell.add(class(Some(Direction::In), accepted), &Measures::one(None, None), 1);
        let mut gaps = Gaps::default();
        gaps.add_cell(&cell);
        assert_eq!(gaps, Gaps { calls: 11, without_hangup: 3, accepted_out: 7, talk_unknown: 2 });
        gaps.remove_open(Some(Direction::In), Progress::Ringing, &Measures::one(None, None));
        assert_eq!((gaps.calls, gaps.without_hangup), (10, 2));
    }
}
