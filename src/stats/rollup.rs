//! Rollup cells: pre-aggregated counts of calls. When a call changes, its old contribution is subtracted and its new
//! one added, so that the cost of a query to the cells is independent of how many calls there are.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::NaiveDate;

use super::business::{BusinessTime, day_number, day_of_number, next_day};
use super::histogram::Histogram;
use super::period::DayRange;
use crate::calls::call::Call;
use crate::calls::outcome::Outcome;
use crate::placetel::event::Direction;

/// A family of cells, by what they group. The numbers are stored; never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Tier {
    /// All lines, by business hour; the bucket is its first millisecond since 1970 UTC.
    Hour = 0,
    /// All lines, by business day; the bucket is the days since 1970-01-01.
    Day = 1,
    /// One own line, by business day.
    Line = 2,
    /// One SIP user, by business day.
    Peer = 3,
}

impl Tier {
    /// Returns the tier stored under this number.
    pub fn from_code(code: i16) -> Option<Self> {
        [Self::Hour, Self::Day, Self::Line, Self::Peer].into_iter().find(|tier| *tier as i16 == code)
    }

    /// Returns the buckets that hold some days.
    pub fn buckets(self, days: DayRange, business: &BusinessTime) -> Range<i64> {
        let (first, end) = (days.start, next_day(days.end));
        match self {
            Self::Hour => business.day_start_ms(first)..business.day_start_ms(end),
            Self::Day | Self::Line | Self::Peer => day_number(first)..day_number(end),
        }
    }
}

/// The key of one cell.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CellKey {
    /// The family of cells.
    pub tier: Tier,
    /// The span of time; its unit depends on the tier.
    pub bucket: i64,
    /// The line or SIP user; empty for none, and for tiers without.
    pub subject: String,
}

impl CellKey {
    /// Returns the business day in which the cell's calls began.
    pub fn day(&self, business: &BusinessTime) -> NaiveDate {
        match self.tier {
            Tier::Hour => business.day(self.bucket),
            Tier::Day | Tier::Line | Tier::Peer => day_of_number(self.bucket),
        }
    }
}

/// The progress of a call, as far as its events tell: whether a call without HungUp is over depends on the time of
/// reading and is not stored in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Progress {
    /// Neither accepted nor hung up.
    Ringing,
    /// Accepted, not hung up.
    Talking,
    /// Hung up.
    Ended(Outcome),
}

impl Progress {
    const RINGING: u8 = Outcome::Unknown as u8;
    const TALKING: u8 = Outcome::Open as u8;

    /// Derives the progress of a call from what is known of it.
    pub fn new(ending: Option<Outcome>, is_accepted: bool) -> Self {
        match ending {
            Some(outcome) => Self::Ended(outcome),
            None if is_accepted => Self::Talking,
            None => Self::Ringing,
        }
    }

    /// Returns the outcome once no HungUp can be expected any more.
    pub fn outcome_when_over(self) -> Outcome {
        match self {
            Self::Ringing => Outcome::Unknown,
            Self::Talking => Outcome::Accepted,
            Self::Ended(outcome) => outcome,
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::Ringing => Self::RINGING,
            Self::Talking => Self::TALKING,
            Self::Ended(outcome) => outcome.code(),
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        match code {
            Self::RINGING => Some(Self::Ringing),
            Self::TALKING => Some(Self::Talking),
            _ => Outcome::from_code(code).map(Self::Ended),
        }
    }
}

/// A class of calls within a cell that count alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Class {
    /// The direction; `None` when unknown.
    pub direction: Option<Direction>,
    /// Whether the calls started within the business hours.
    pub in_hours: bool,
    /// The progress of the calls.
    pub progress: Progress,
}

impl Class {
    /// Returns whether the calls are between colleagues, and so of none of the own lines that outside people call.
    pub fn is_internal(self) -> bool {
        self.direction == Some(Direction::Internal)
    }

    /// Returns the outcome of its calls, where those that have not ended are still running if they are `recent`.
    pub fn outcome(self, is_recent: bool) -> Outcome {
        match self.progress {
            Progress::Ringing | Progress::Talking if is_recent => Outcome::Open,
            progress => progress.outcome_when_over(),
        }
    }

    /// Returns the stored code: four bits of progress, two of direction, one of hours.
    pub fn code(self) -> u8 {
        let direction = match self.direction {
            None => 0,
            Some(Direction::In) => 1,
            Some(Direction::Out) => 2,
            Some(Direction::Internal) => 3,
        };
        self.progress.code() | direction << 4 | u8::from(self.in_hours) << 6
    }

    /// Returns the class that is stored under a code.
    pub fn from_code(code: u8) -> Option<Self> {
        let direction = match code >> 4 & 3 {
            0 => None,
            1 => Some(Direction::In),
            2 => Some(Direction::Out),
            _ => Some(Direction::Internal),
        };
        Some(Self { direction, in_hours: code >> 6 & 1 == 1, progress: Progress::from_code(code & 15)? })
    }
}

/// The figures of the calls of a class. Signed, so that it can also be a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// The number of calls.
    pub calls: i64,
    /// The histogram of talk times.
    pub talk: Histogram,
    /// The histogram of ringing times until picked up or, of missed calls, until the caller gave up.
    pub wait: Histogram,
}

impl Measures {
    /// Creates the figures of one call.
    pub fn one(talk_seconds: Option<u32>, wait_seconds: Option<u32>) -> Self {
        let histogram = |seconds: Option<u32>| seconds.map(Histogram::one).unwrap_or_default();
        Self { calls: 1, talk: histogram(talk_seconds), wait: histogram(wait_seconds) }
    }

    /// Adds `times` the other.
    pub fn add(&mut self, other: &Self, times: i64) {
        self.calls += other.calls * times;
        self.talk.add(&other.talk, times);
        self.wait.add(&other.wait, times);
    }

    fn is_empty(&self) -> bool {
        self.calls == 0 && self.talk.is_empty() && self.wait.is_empty()
    }

    fn clamp(&mut self) -> bool {
        let negative = self.calls < 0;
        self.calls = self.calls.max(0);
        self.talk.clamp() | self.wait.clamp() | negative
    }
}

/// One cell, or a difference between two states of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    classes: BTreeMap<Class, Measures>,
}

impl Cell {
    /// Adds `times` the figures to a class.
    pub fn add(&mut self, class: Class, figures: &Measures, times: i64) {
        let sum = self.classes.entry(class).or_default();
        sum.add(figures, times);
        if sum.is_empty() {
            self.classes.remove(&class);
        }
    }

    /// Adds a difference.
    pub fn apply(&mut self, difference: &Self) {
        difference.classes.iter().for_each(|(&class, figures)| self.add(class, figures, 1));
    }

    /// Drops negative counts; returns whether there were any, which a sound cell never has.
    pub fn clamp(&mut self) -> bool {
        let mut negative = false;
        self.classes.retain(|_, figures| {
            negative |= figures.clamp();
            !figures.is_empty()
        });
        negative
    }

    /// Returns whether nothing is counted.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// Iterates over the classes and their figures.
    pub fn iter(&self) -> impl Iterator<Item = (Class, &Measures)> {
        self.classes.iter().map(|(&class, figures)| (class, figures))
    }

    /// Returns the stored form: per class its code, its calls, and both histograms as delta-encoded pairs of (seconds
    /// since the last pair, calls), each number in base 128 (varint). Counts must not be negative.
    pub fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (class, figures) in &self.classes {
            bytes.push(class.code());
            push_number(&mut bytes, figures.calls);
            for histogram in [&figures.talk, &figures.wait] {
                push_number(&mut bytes, histogram.pairs().len() as i64);
                let mut last = 0;
                for &(seconds, count) in histogram.pairs() {
                    push_number(&mut bytes, i64::from(seconds - last));
                    push_number(&mut bytes, count);
                    last = seconds;
                }
            }
        }
        bytes
    }

    /// Parses what [`Cell::pack`] wrote; `None` when it is malformed.
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut classes = BTreeMap::new();
        while let Some((&code, after)) = rest.split_first() {
            rest = after;
            let calls = take_number(&mut rest)?;
            let (talk, wait) = (take_histogram(&mut rest)?, take_histogram(&mut rest)?);
            classes.insert(Class::from_code(code)?, Measures { calls, talk, wait });
        }
        Some(Self { classes })
    }
}

pub(super) fn push_number(bytes: &mut Vec<u8>, number: i64) {
    let mut rest = number.max(0) as u64;
    while rest >= 128 {
        bytes.push(rest as u8 | 128);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

pub(super) fn take_number(bytes: &mut &[u8]) -> Option<i64> {
    // Fast path, because nearly all numbers are small.
    if let Some((&byte, rest)) = bytes.split_first()
        && byte < 128
    {
        *bytes = rest;
        return Some(i64::from(byte));
    }
    let mut number = 0u64;
    for shift in (0..63).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return i64::try_from(number).ok();
        }
    }
    None
}

fn take_histogram(bytes: &mut &[u8]) -> Option<Histogram> {
    let length = usize::try_from(take_number(bytes)?).ok()?;
    let mut seconds = 0u32;
    let mut pairs = Vec::with_capacity(length.min(bytes.len()));
    for _ in 0..length {
        seconds = seconds.checked_add(u32::try_from(take_number(bytes)?).ok()?)?;
        pairs.push((seconds, take_number(bytes)?));
    }
    Some(Histogram::from_pairs(pairs))
}

/// The contribution of one call to the cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// The class in which it counts.
    pub class: Class,
    /// The figures that it adds.
    pub figures: Measures,
    keys: [CellKey; 4],
}

impl Contribution {
    /// Derives the contribution of a call, in business time.
    pub fn of(call: &Call, in_hours: bool, business: &BusinessTime) -> Self {
        let day = business.day_number(call.started_ms);
        let key = |tier, bucket, subject: &Option<String>| CellKey {
            tier,
            bucket,
            subject: subject.clone().unwrap_or_default(),
        };
        Self {
            class: Class {
                direction: call.direction,
                in_hours,
                progress: Progress::new(call.ending, call.accepted_ms.is_some()),
            },
            figures: Measures::one(call.talk_seconds, call.wait_seconds().or(call.abandoned_wait_seconds())),
            keys: [
                key(Tier::Hour, business.hour_start_ms(call.started_ms), &None),
                key(Tier::Day, day, &None),
                key(Tier::Line, day, &call.number),
                key(Tier::Peer, day, &call.peer),
            ],
        }
    }
}

/// The differences that a batch of changed calls makes to the cells.
#[derive(Debug, Default)]
pub struct Differences {
    cells: BTreeMap<CellKey, Cell>,
}

impl Differences {
    /// Replaces the contribution of a call: subtracts `before` and adds `after`.
    pub fn replace(&mut self, before: Option<&Contribution>, after: Option<&Contribution>) {
        if before == after {
            return;
        }
        for (contribution, times) in [(before, -1), (after, 1)] {
            let Some(Contribution { class, figures, keys }) = contribution else { continue };
            for key in keys {
                self.cells.entry(key.clone()).or_default().add(*class, figures, times);
            }
        }
    }

    /// Returns the cells that change, by key.
    pub fn into_cells(mut self) -> BTreeMap<CellKey, Cell> {
        self.cells.retain(|_, cell| !cell.is_empty());
        self.cells
    }
}

#[cfg(test)]
pub(super) mod tests;
