//! Calls in columns: the facts that statistics count, packed by line and by SIP user, so that any combination of filters
//! over a year is counted exactly without reading calls row by row.

/// Hours and days of many instants that mostly follow each other.
mod buckets;
/// Who calls most often.
pub mod callers;
/// One call as statistics count it, and the names that calls refer to.
pub mod fact;
/// Fingerprints of calls.
pub mod fingerprint;
/// Calls by group, with durations.
pub mod groups;
/// The places of calls in a list.
pub mod keys;
/// A number in two notations, as one name.
pub mod number;
/// Everything that a dashboard shows.
pub mod overview;
/// A sample of durations.
mod sample;
/// A text search in numbers and names.
pub mod search;
/// The packed form of many calls.
pub mod segment;

#[cfg(test)]
mod tests;

use fact::{Fact, Names};

/// What is counted of facts, span by span: the ids of names are those of one span.
pub trait Count {
    /// Whether numbers are needed, and not only their ids.
    const NEEDS_NUMBERS: bool;

    /// Begins a span with these names of subjects and, if needed, numbers.
    fn begin(&mut self, subjects: &Names, numbers: &Names);

    /// Counts a call of the span, in no particular order.
    fn add(&mut self, fact: &Fact);

    /// Ends the span that was begun with the same names.
    fn end(&mut self, subjects: &Names, numbers: &Names);

    /// Returns whether calls of older spans need not be counted any more.
    fn is_enough(&self) -> bool {
        false
    }
}
