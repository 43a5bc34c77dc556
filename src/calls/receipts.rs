//! The set of distinct events of one call, each with the time of first receipt and the number of deliveries.

use std::collections::HashSet;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::placetel::event::{Event, EventError};

/// Maximum number of events of a call that are folded, those received first. A call has a handful; further ones are
/// kept in the log, but the cost of one more event must not grow with their number.
pub const MOST_FOLDED: usize = 500;
/// Maximum number of large events among the folded ones.
pub const MOST_LARGE_FOLDED: usize = 16;
/// Size above which a body is large, in bytes.
pub const LARGE_BYTES: usize = 4_096;

/// One distinct body of a call. Identical bodies cannot be told from repeated deliveries, so they are one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The earliest time of receipt, milliseconds since 1970 UTC.
    pub received_ms: i64,
    /// The number of deliveries.
    pub deliveries: u32,
    /// The raw form body, byte for byte.
    pub body: Vec<u8>,
    /// The event parsed from the body.
    pub event: Event,
}

impl Receipt {
    /// Creates a receipt of one delivery.
    ///
    /// # Errors
    /// When the body is not a valid event.
    pub fn new(received_ms: i64, body: Vec<u8>) -> Result<Self, EventError> {
        let event = Event::parse(&body)?;
        Ok(Self { received_ms, deliveries: 1, body, event })
    }

    /// Returns the key of the event within its call: the first half of its body's SHA-256.
    pub fn digest(&self) -> Vec<u8> {
        Sha256::digest(&self.body)[..16].to_vec()
    }

    /// Returns the sort key behind "first" and "last": never the order of arrival, which repetition and delay change.
    fn order(&self) -> (i64, u8, &[u8]) {
        (self.received_ms, self.event.kind.rank(), &self.body)
    }
}

/// The events of one call in their order. Adding is commutative and idempotent but for the count of deliveries: any
/// order gives the same set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipts {
    sorted: Vec<Arc<Receipt>>,
}

impl Receipts {
    /// Adds a delivery: a new event, or one more delivery of a known one.
    pub fn deliver(&mut self, receipt: impl Into<Arc<Receipt>>) {
        self.merge(receipt.into(), u32::saturating_add);
    }

    /// Adds an event from an exported log: deliveries of a known event are not counted again (idempotent).
    pub fn import(&mut self, receipt: impl Into<Arc<Receipt>>) {
        self.merge(receipt.into(), u32::max);
    }

    /// Iterates over the events, first to last.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Receipt> + Clone {
        self.sorted.iter().map(|receipt| &**receipt)
    }

    /// Returns the receipt of exactly this body.
    pub fn find(&self, body: &[u8]) -> Option<&Receipt> {
        self.iter().find(|receipt| receipt.body == body)
    }

    /// Returns whether this very receipt is among them: body, time and deliveries.
    pub fn contains(&self, receipt: &Receipt) -> bool {
        let place = self.sorted.binary_search_by(|known| known.order().cmp(&receipt.order()));
        place.is_ok_and(|place| *self.sorted[place] == *receipt)
    }

    /// Removes and returns the surplus: events that are not folded. Those that remain are the first of all that were
    /// ever added, by time and digest, and so depend on nothing but the set.
    pub fn take_surplus(&mut self) -> Self {
        let is_large = |receipt: &Receipt| receipt.body.len() > LARGE_BYTES;
        let mut surplus = HashSet::new();
        for (large, most) in [(false, MOST_FOLDED), (true, MOST_LARGE_FOLDED)] {
            let mut places: Vec<usize> =
                (0..self.len()).filter(|&place| is_large(&self.sorted[place]) == large).collect();
            if places.len() > most {
                places.sort_by_cached_key(|&place| (self.sorted[place].received_ms, self.sorted[place].digest()));
                surplus.extend(places.drain(most..));
            }
        }
        if surplus.is_empty() {
            return Self::default();
        }
        let mut place = 0..;
        let (taken, left) = std::mem::take(&mut self.sorted)
            .into_iter()
            .partition(|_| place.next().is_some_and(|place| surplus.contains(&place)));
        self.sorted = left;
        Self { sorted: taken }
    }

    /// Returns the union with others, which are distinct from them.
    pub fn joined_by(mut self, others: Vec<Arc<Receipt>>) -> Self {
        self.sorted.extend(others);
        self.sorted.into()
    }

    /// Returns the number of distinct events.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Returns whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    fn merge(&mut self, mut receipt: Arc<Receipt>, count: fn(u32, u32) -> u32) {
        if let Some(known) = self.sorted.iter().position(|known| known.body == receipt.body) {
            let known = self.sorted.remove(known);
            let merged = Arc::make_mut(&mut receipt);
            merged.received_ms = merged.received_ms.min(known.received_ms);
            merged.deliveries = count(known.deliveries, merged.deliveries);
        }
        let place = self.sorted.partition_point(|other| other.order() < receipt.order());
        self.sorted.insert(place, receipt);
    }
}

/// Sorts receipts that are known to be distinct.
impl From<Vec<Arc<Receipt>>> for Receipts {
    fn from(mut receipts: Vec<Arc<Receipt>>) -> Self {
        receipts.sort_unstable_by(|a, b| a.order().cmp(&b.order()));
        Self { sorted: receipts }
    }
}

impl FromIterator<Receipt> for Receipts {
    fn from_iter<I: IntoIterator<Item = Receipt>>(receipts: I) -> Self {
        let mut set = Self::default();
        receipts.into_iter().for_each(|receipt| set.deliver(receipt));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(received_ms: i64, body: &str) -> Receipt {
        Receipt::new(received_ms, body.into()).unwrap()
    }

    #[test]
    fn a_repeated_body_is_one_event_with_the_earliest_time() {
        let set: Receipts =
            [(30, "event=HungUp&call_id=a"), (10, "event=HungUp&call_id=a"), (20, "event=IncomingCall&call_id=a")]
                .map(|(at, body)| receipt(at, body))
                .into_iter()
                .collect();
        let seen: Vec<_> = set.iter().map(|r| (r.received_ms, r.deliveries)).collect();
        assert_eq!(seen, [(10, 2), (20, 1)]);
    }

    #[test]
    fn an_imported_event_is_not_counted_again() {
        let mut set = Receipts::default();
        set.deliver(receipt(20, "event=HungUp&call_id=a"));
        set.import(receipt(10, "event=HungUp&call_id=a"));
        let seen: Vec<_> = set.iter().map(|r| (r.received_ms, r.deliveries)).collect();
        assert_eq!(seen, [(10, 1)]);
    }

    /// Generates events of one call, some of them large, many at the same time.
    fn many(count: usize) -> Vec<Arc<Receipt>> {
        let body = |place: usize| {
            let padding = if place.is_multiple_of(7) { LARGE_BYTES } else { place % 5 };
            format!("event=Note&call_id=a&place={place}&padding={}", "x".repeat(padding))
        };
        (0..count).map(|place| Arc::new(receipt((place * 31 % 97) as i64, &body(place)))).collect()
    }

    #[test]
    fn what_is_not_folded_depends_on_the_set_alone() {
        let events = many(MOST_FOLDED + 200);
        let mut all = Receipts::from(events.clone());
        let surplus = all.take_surplus();
        let count = |receipts: &Receipts, large: bool| {
            receipts.iter().filter(|receipt| (receipt.body.len() > LARGE_BYTES) == large).count()
        };
        assert_eq!((count(&all, false), count(&all, true)), (MOST_FOLDED, MOST_LARGE_FOLDED));
        assert_eq!(all.len() + surplus.len(), events.len());
        let last =
            all.iter().filter(|receipt| receipt.body.len() <= LARGE_BYTES).map(|r| (r.received_ms, r.digest())).max();
        let first = surplus
            .iter()
            .filter(|receipt| receipt.body.len() <= LARGE_BYTES)
            .map(|r| (r.received_ms, r.digest()))
            .min();
        assert!(last < first, "the first are folded");
        // Added in pieces, in another order, as the store does it: the folded ones and the new ones.
        for piece in [1, 3, 250] {
            let (mut folded, mut beside) = (Receipts::default(), Receipts::default());
            let mut late: Vec<_> = events.iter().rev().cloned().collect();
            late.rotate_left(123);
            for piece in late.chunks(piece) {
                piece.iter().for_each(|receipt| folded.deliver(receipt.clone()));
                beside = beside.joined_by(folded.take_surplus().sorted);
            }
            assert_eq!((folded, beside), (all.clone(), surplus.clone()), "in pieces of {piece}");
        }
    }

    #[test]
    fn of_a_usual_call_nothing_is_left_out() {
        let mut usual = Receipts::from(many(MOST_LARGE_FOLDED * 7 - 6));
        assert!(usual.take_surplus().is_empty());
        let mut full: Receipts =
            (0..MOST_FOLDED).map(|place| receipt(1, &format!("event=X&call_id=a&n={place}"))).collect();
        assert!(full.take_surplus().is_empty());
        full.deliver(receipt(1, "event=X&call_id=a&n=one-more"));
        assert_eq!(full.take_surplus().len(), 1);
        // Bodies of the maximum size of a small one, or longer by one byte.
        let of_length = |place: usize, length: usize| {
            let body = format!("event=X&call_id=a&n={place:03}&padding=");
            receipt(1, &(body.clone() + &"x".repeat(length - body.len())))
        };
        let surplus = |length| {
            let mut all: Receipts = (0..MOST_LARGE_FOLDED + 1).map(|place| of_length(place, length)).collect();
            all.take_surplus().len()
        };
        assert_eq!((surplus(LARGE_BYTES), surplus(LARGE_BYTES + 1)), (0, 1));
    }

    #[test]
    fn this_very_receipt_is_found_among_many() {
        let events = many(300);
        let set = Receipts::from(events.clone());
        assert!(events.iter().all(|receipt| set.contains(receipt)));
        let delivered_again = Receipt { deliveries: 2, ..(*events[5]).clone() };
        let earlier = Receipt { received_ms: -1, ..(*events[5]).clone() };
        assert!(!set.contains(&delivered_again) && !set.contains(&earlier));
    }
}
