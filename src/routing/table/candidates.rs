//! Candidate routes: found by one number of a call, and filtered by the other without looking at each route.

use smallvec::SmallVec;

/// The number of a call by which a route is found: called or calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberSide {
    To,
    From,
}

/// A Bloom filter of numbers and lists in 64 bits: two that share no bit have nothing in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BloomMask(u64);

impl BloomMask {
    /// The mask of a route's side for any number; the mask of every call includes it.
    pub(super) const ANY: Self = Self(1);

    /// Builds the mask of ids of keys and places of lists.
    pub(super) fn of(keys: impl Iterator<Item = u32>, lists: &[usize]) -> Self {
        let lists = lists.iter().map(|list| !(*list as u64));
        let bits = keys.map(u64::from).chain(lists).fold(0, |bits, id| bits | Self::bit(id));
        Self(bits)
    }

    /// Maps an id to a bit, by Fibonacci hashing into the 63 bits that are not `ANY`'s.
    fn bit(id: u64) -> u64 {
        2 << ((u128::from(id.wrapping_mul(0x9e37_79b9_7f4a_7c15)) * 63) >> 64)
    }

    /// Returns the union of both masks.
    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn may_share(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A route that was found by one number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// The place of the route in the table.
    pub(super) place: usize,
    /// The mask of its other side, by which it was not found.
    pub(super) other: BloomMask,
}

/// Cursor over routes in order, all found by the same number, that skips those that cannot match the other number.
pub(super) struct Candidates<'a> {
    candidate: &'a [Candidate],
    other: BloomMask,
    way: Option<NumberSide>,
}

impl<'a> Candidates<'a> {
    /// Creates the cursor; `other` is the mask of the number by which the routes were not found. `None` if empty.
    pub(super) fn new(candidate: &'a [Candidate], other: BloomMask, way: Option<NumberSide>) -> Option<Self> {
        let mut candidates = Self { candidate, other, way };
        candidates.skip(0);
        (!candidates.candidate.is_empty()).then_some(candidates)
    }

    /// Returns the place of the first route.
    fn first(&self) -> Option<usize> {
        self.candidate.first().map(|candidate| candidate.place)
    }

    /// Skips `count` routes, and then those that cannot match.
    fn skip(&mut self, count: usize) {
        let rest = self.candidate.get(count..).unwrap_or_default();
        let next = rest.iter().position(|candidate| candidate.other.may_share(self.other)).unwrap_or(rest.len());
        self.candidate = rest.get(next..).unwrap_or_default();
    }
}

/// Merges sorted candidates (k-way merge): their places in order, each once, and by which number it was found.
pub(super) fn merged(mut all: SmallVec<[Candidates<'_>; 8]>) -> impl Iterator<Item = (usize, Option<NumberSide>)> {
    std::iter::from_fn(move || {
        let places = all.iter().filter_map(|candidates| Some((candidates.first()?, candidates.way)));
        let (next, way) = places.min_by_key(|(place, _)| *place)?;
        all.iter_mut().filter(|candidates| candidates.first() == Some(next)).for_each(|candidates| candidates.skip(1));
        Some((next, way))
    })
}
