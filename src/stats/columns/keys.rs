//! The places of calls in a list: when each began, and its key.

use super::Count;
use super::fact::{Fact, Names};

/// Collects the places of the calls that are wanted.
pub struct Keys<W> {
    wants: W,
    /// When the calls began, milliseconds since 1970 UTC, and their keys, in no particular order.
    pub places: Vec<(i64, i64)>,
}

impl<W: Fn(&Fact) -> bool> Keys<W> {
    /// Creates an empty collection.
    pub fn new(wants: W) -> Self {
        Self { wants, places: Vec::new() }
    }
}

impl<W: Fn(&Fact) -> bool> Count for Keys<W> {
    const NEEDS_NUMBERS: bool = false;

    fn begin(&mut self, _: &Names, _: &Names) {}

    fn add(&mut self, fact: &Fact) {
        if (self.wants)(fact) {
            self.places.push((fact.started_ms, fact.key));
        }
    }

    fn end(&mut self, _: &Names, _: &Names) {}
}
