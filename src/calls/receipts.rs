//! The set of events of one call, each with when it came first and how often it came.

use std::sync::Arc;

use crate::placetel::event::{Event, EventError};

/// One distinct body of a call. Identical bodies cannot be told from repetitions, so they are one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The earliest time it was received, milliseconds since 1970 UTC.
    pub received_ms: i64,
    /// How often it was delivered.
    pub deliveries: u32,
    /// The raw form body, byte for byte.
    pub body: Vec<u8>,
    /// What the body says.
    pub event: Event,
}

impl Receipt {
    /// A body as it came in.
    ///
    /// # Errors
    /// When the body is no event.
    pub fn new(received_ms: i64, body: Vec<u8>) -> Result<Self, EventError> {
        let event = Event::parse(&body)?;
        Ok(Self { received_ms, deliveries: 1, body, event })
    }

    /// What "first" and "last" go by: never by the order of arrival, which repetition and delay change.
    fn order(&self) -> (i64, u8, &[u8]) {
        (self.received_ms, self.event.kind.rank(), &self.body)
    }
}

/// The events of one call in their order. Adding them in any order, any number of times, gives the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipts {
    sorted: Vec<Arc<Receipt>>,
}

impl Receipts {
    /// Takes in a delivery: a new event, or one more delivery of a known one.
    pub fn deliver(&mut self, receipt: impl Into<Arc<Receipt>>) {
        self.merge(receipt.into(), u32::saturating_add);
    }

    /// Takes in an event from an exported log: an event already there is not counted again.
    pub fn import(&mut self, receipt: impl Into<Arc<Receipt>>) {
        self.merge(receipt.into(), u32::max);
    }

    /// First to last.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Receipt> + Clone {
        self.sorted.iter().map(|receipt| &**receipt)
    }

    /// The receipt of exactly this body.
    pub fn find(&self, body: &[u8]) -> Option<&Receipt> {
        self.iter().find(|receipt| receipt.body == body)
    }

    /// How many distinct events there are.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether nothing was received yet.
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
}
