//! The sums of a closed month: what dashboards need of it, in two records instead of thousands of cells.

use std::collections::BTreeMap;

use super::business::{BusinessTime, day_number, day_of_number};
use super::heat::WeekHour;
use super::period::DayRange;
use super::rollup::{Cell, Class, Tier, push_number, take_number};
use super::sums::{Sums, count_packed, read_packed};

/// The calls of a month with their durations, and the number of calls of each day. The same cells give the same sums,
/// in whatever order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MonthCalls {
    /// The counts by day; keys are the buckets of [`Tier::Day`].
    days: BTreeMap<i64, BTreeMap<Class, i64>>,
    cell: Cell,
}

impl MonthCalls {
    /// Adds a cell of [`Tier::Day`] in its stored form; `None` when it is malformed.
    pub fn add_packed(&mut self, day: i64, figures: &[u8]) -> Option<()> {
        let cell = Cell::unpack(figures)?;
        let of_day = self.days.entry(day).or_default();
        for (class, figures) in cell.iter() {
            *of_day.entry(class).or_default() += figures.calls;
        }
        self.cell.apply(&cell);
        Some(())
    }

    /// Returns the calls of all days as one cell.
    pub fn cell(&self) -> &Cell {
        &self.cell
    }

    /// Returns the number of calls of each class, by day.
    pub fn days(&self) -> impl Iterator<Item = (i64, impl Iterator<Item = (Class, i64)>)> {
        self.days.iter().map(|(&day, by_class)| (day, by_class.iter().map(|(&class, &calls)| (class, calls))))
    }

    /// Returns the stored form, each number in base 128 (varint): the days, then the cell.
    pub fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        push_number(&mut bytes, self.days.len() as i64);
        for (&day, by_class) in &self.days {
            push_number(&mut bytes, day);
            push_number(&mut bytes, by_class.len() as i64);
            for (class, &calls) in by_class {
                bytes.push(class.code());
                push_number(&mut bytes, calls);
            }
        }
        bytes.extend(self.cell.pack());
        bytes
    }

    /// Parses what [`MonthCalls::pack`] wrote; `None` when it is malformed.
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        let rest = &mut &*bytes;
        let days = take_each(rest, |rest| {
            let day = take_number(rest)?;
            let by_class = take_each(rest, |rest| Some((Class::from_code(take_byte(rest)?)?, take_number(rest)?)))?;
            Some((day, by_class))
        })?;
        Some(Self { days, cell: Cell::unpack(rest)? })
    }
}

/// The sums of a month for the tables and the heat map, without percentiles. The same cells give the same sums, in
/// whatever order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MonthSums {
    hours: BTreeMap<(WeekHour, Class), i64>,
    lines: BySubject,
    peers: BySubject,
}

type BySubject = BTreeMap<String, BTreeMap<Class, Sums>>;

impl MonthSums {
    /// Adds a cell in its stored form; cells of [`Tier::Day`] belong to [`MonthCalls`] and are ignored. `None` when
    /// malformed.
    pub fn add_packed(
        &mut self,
        tier: Tier,
        bucket: i64,
        subject: &str,
        figures: &[u8],
        business: &BusinessTime,
    ) -> Option<()> {
        let by_subject = match tier {
            Tier::Hour => {
                let hour = WeekHour::of(business, bucket);
                return count_packed(figures, |class, calls| *self.hours.entry((hour, class)).or_default() += calls);
            }
            Tier::Day => return Some(()),
            Tier::Line => &mut self.lines,
            Tier::Peer => &mut self.peers,
        };
        let of_subject = by_subject.entry(subject.to_owned()).or_default();
        read_packed(figures, |class, sums| of_subject.entry(class).or_default().add(sums, 1))
    }

    /// Returns the number of calls of each class, by the hour of the week in which they began.
    pub fn hours(&self) -> impl Iterator<Item = (WeekHour, Class, i64)> {
        self.hours.iter().map(|(&(hour, class), &calls)| (hour, class, calls))
    }

    /// Returns the sums of each class, by own line; empty for calls without one.
    pub fn lines(&self) -> impl Iterator<Item = (&str, Class, Sums)> {
        each(&self.lines)
    }

    /// Returns the sums of each class, by SIP user; empty for calls without one.
    pub fn peers(&self) -> impl Iterator<Item = (&str, Class, Sums)> {
        each(&self.peers)
    }

    /// Returns the stored form, each number in base 128 (varint): the hours, then lines, then SIP users.
    pub fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        push_number(&mut bytes, self.hours.len() as i64);
        for (&(hour, class), &calls) in &self.hours {
            bytes.extend([hour.code(), class.code()]);
            push_number(&mut bytes, calls);
        }
        for by_subject in [&self.lines, &self.peers] {
            push_number(&mut bytes, by_subject.len() as i64);
            for (subject, by_class) in by_subject {
                push_number(&mut bytes, subject.len() as i64);
                bytes.extend(subject.as_bytes());
                push_number(&mut bytes, by_class.len() as i64);
                for (class, sums) in by_class {
                    bytes.push(class.code());
                    for number in [sums.calls, sums.talk_calls, sums.talk_seconds] {
                        push_number(&mut bytes, number);
                    }
                }
            }
        }
        bytes
    }

    /// Parses what [`MonthSums::pack`] wrote; `None` when it is malformed.
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        let rest = &mut &*bytes;
        let hours = take_each(rest, |rest| {
            let hour = WeekHour::from_code(take_byte(rest)?)?;
            Some(((hour, Class::from_code(take_byte(rest)?)?), take_number(rest)?))
        })?;
        let (lines, peers) = (take_subjects(rest)?, take_subjects(rest)?);
        rest.is_empty().then_some(Self { hours, lines, peers })
    }
}

fn each(by_subject: &BySubject) -> impl Iterator<Item = (&str, Class, Sums)> {
    by_subject
        .iter()
        .flat_map(|(subject, by_class)| by_class.iter().map(|(&class, &sums)| (subject.as_str(), class, sums)))
}

fn take_subjects(rest: &mut &[u8]) -> Option<BySubject> {
    take_each(rest, |rest| {
        let length = usize::try_from(take_number(rest)?).ok()?;
        let (subject, after) = rest.split_at_checked(length)?;
        *rest = after;
        let by_class = take_each(rest, |rest| {
            let class = Class::from_code(take_byte(rest)?)?;
            let (calls, talk_calls, talk_seconds) = (take_number(rest)?, take_number(rest)?, take_number(rest)?);
            Some((class, Sums { calls, talk_calls, talk_seconds }))
        })?;
        Some((String::from_utf8(subject.to_vec()).ok()?, by_class))
    })
}

fn take_byte(rest: &mut &[u8]) -> Option<u8> {
    rest.split_off_first().copied()
}

fn take_each<K: Ord, V>(
    rest: &mut &[u8],
    mut take: impl FnMut(&mut &[u8]) -> Option<(K, V)>,
) -> Option<BTreeMap<K, V>> {
    let entries = take_number(rest)?;
    (0..entries).map(|_| take(rest)).collect()
}

/// Returns the ranges of `days` that remain without `ranges`, which ascend.
pub fn days_without(days: DayRange, ranges: impl IntoIterator<Item = DayRange>) -> Vec<DayRange> {
    let (mut left, mut start) = (Vec::new(), day_number(days.start));
    let mut leave = |start: i64, end: i64| {
        if start <= end {
            left.push(DayRange { start: day_of_number(start), end: day_of_number(end) });
        }
    };
    for range in ranges {
        leave(start, day_number(range.start) - 1);
        start = day_number(range.end) + 1;
    }
    leave(start, day_number(days.end));
    left
}

#[cfg(test)]
mod tests;
