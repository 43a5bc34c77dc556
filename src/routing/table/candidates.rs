//! Routes found by one number of a call, told apart by the other without looking at each.

use smallvec::SmallVec;

/// Which number of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberSide {
    To,
    From,
}

/// Numbers and lists in 64 bits, a Bloom filter: where two share no bit, they have nothing in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BloomMask(u64);

impl BloomMask {
    /// Of a side of a route for any number: every call has it.
    pub(super) const ANY: Self = Self(1);

    /// Of ids of keys and places of lists.
    pub(super) fn of(keys: impl Iterator<Item = u32>, lists: &[usize]) -> Self {
        let lists = lists.iter().map(|list| !(*list as u64));
        let bits = keys.map(u64::from).chain(lists).fold(0, |bits, id| bits | Self::bit(id));
        Self(bits)
    }

    /// Fibonacci hashing into the 63 bits that are not `ANY`'s.
    fn bit(id: u64) -> u64 {
        2 << ((u128::from(id.wrapping_mul(0x9e37_79b9_7f4a_7c15)) * 63) >> 64)
    }

    /// Of everything that either holds.
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
    /// Its place.
    pub(super) place: usize,
    /// Of its other side.
    pub(super) other: BloomMask,
}

/// Routes in order, all found in one way, that may match by the other number of a call.
pub(super) struct Candidates<'a> {
    candidate: &'a [Candidate],
    other: BloomMask,
    way: Option<NumberSide>,
}

impl<'a> Candidates<'a> {
    /// `other` is of the number by which they were not found.
    pub(super) fn new(candidate: &'a [Candidate], other: BloomMask, way: Option<NumberSide>) -> Option<Self> {
        let mut candidates = Self { candidate, other, way };
        candidates.skip(0);
        (!candidates.candidate.is_empty()).then_some(candidates)
    }

    /// The place of the first.
    fn first(&self) -> Option<usize> {
        self.candidate.first().map(|candidate| candidate.place)
    }

    /// Leaves some behind, and then those that cannot match.
    fn skip(&mut self, count: usize) {
        let rest = self.candidate.get(count..).unwrap_or_default();
        let next = rest.iter().position(|candidate| candidate.other.may_share(self.other)).unwrap_or(rest.len());
        self.candidate = rest.get(next..).unwrap_or_default();
    }
}

/// The places in all of these in order, each once, and in which way it was found.
pub(super) fn merged(mut all: SmallVec<[Candidates<'_>; 8]>) -> impl Iterator<Item = (usize, Option<NumberSide>)> {
    std::iter::from_fn(move || {
        let places = all.iter().filter_map(|candidates| Some((candidates.first()?, candidates.way)));
        let (next, way) = places.min_by_key(|(place, _)| *place)?;
        all.iter_mut().filter(|candidates| candidates.first() == Some(next)).for_each(|candidates| candidates.skip(1));
        Some((next, way))
    })
}
