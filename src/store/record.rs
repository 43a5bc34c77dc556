//! One transaction: events go into the log, their calls are folded again, cells are corrected by the
//! difference. A batch repeated changes nothing: differences come from what the transaction finds.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::changes::{CallChange, Changes, KindCounts};
use super::rows::StoredCall;
use super::{Db, StoreError, for_both_engines, writing};
use crate::calls::call::Call;
use crate::calls::phone::Numbering;
use crate::calls::receipts::{Receipt, Receipts};
use crate::placetel::event::CallId;
use crate::routing::table::Decision;
use crate::stats::business::BusinessTime;
use crate::stats::rollup::{Cell, CellKey, Contribution, Differences};

/// What deriving calls and cells from events depends on.
#[derive(Debug)]
pub struct Derivation {
    /// How numbers are read.
    pub numbering: Arc<Numbering>,
    /// What days, hours and "open" are.
    pub business: BusinessTime,
}

/// How an event came to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// From the PBX; with what an IncomingCall would be answered.
    Pbx(Option<Decision>),
    /// From the PBX, after a commit whose answer was lost: it may be stored already.
    PbxAgain(Option<Decision>),
    /// From an exported log.
    Import,
}

/// One event to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The event and when it came.
    pub receipt: Arc<Receipt>,
    /// How it came.
    pub source: Source,
}

impl Delivery {
    /// Marks an event whose commit may have happened although its answer was lost.
    pub fn may_be_stored(&mut self) {
        if let Source::Pbx(decision) = &mut self.source {
            self.source = Source::PbxAgain(decision.take());
        }
    }

    fn call_id(&self) -> &CallId {
        &self.receipt.event.call_id
    }

    pub(super) fn offered_decision(&self) -> Option<&Decision> {
        match &self.source {
            Source::Pbx(decision) | Source::PbxAgain(decision) => decision.as_ref(),
            Source::Import => None,
        }
    }

    fn add_to(&self, receipts: &mut Receipts) {
        let receipt = self.receipt.clone();
        match self.source {
            Source::Pbx(_) => receipts.deliver(receipt),
            Source::PbxAgain(_) => {
                let stored = receipts.find(&receipt.body).is_some_and(|r| r.received_ms == receipt.received_ms);
                if !stored {
                    receipts.deliver(receipt);
                }
            }
            Source::Import => receipts.import(receipt),
        }
    }
}

/// What became of a delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The decision that holds for its call, if the delivery offered one: the first one ever stored.
    pub decision: Option<Decision>,
}

/// Stores a batch in one transaction; results are in the order of the batch.
///
/// # Errors
/// Nothing of the batch is stored then.
pub async fn record(db: &Db, derivation: &Derivation, batch: &[Delivery]) -> Result<Vec<Recorded>, StoreError> {
    Ok(record_changes(db, derivation, batch).await?.0)
}

/// The same, and what it changed.
///
/// # Errors
/// Nothing of the batch is stored then.
pub async fn record_changes(
    db: &Db,
    derivation: &Derivation,
    batch: &[Delivery],
) -> Result<(Vec<Recorded>, Changes), StoreError> {
    if batch.is_empty() {
        return Ok(Default::default());
    }
    writing!(db, transaction in engine => engine::run(&mut transaction, derivation, batch).await)
}

/// A call of the batch: as it was, and as it is with the batch's events.
struct Touched {
    before: Option<StoredCall>,
    stored: Receipts,
    receipts: Receipts,
    after: StoredCall,
}

impl Touched {
    /// What the log does not hold yet, with the call's key.
    fn changed_receipts(&self) -> impl Iterator<Item = (i64, &Receipt)> {
        let changed = self.receipts.iter().filter(|receipt| self.stored.find(&receipt.body) != Some(receipt));
        changed.map(|receipt| (self.after.key, receipt))
    }
}

fn changes(deliveries: &[Delivery], touched: impl Iterator<Item = Touched>) -> Changes {
    let mut changes =
        Changes { doubled: count(deliveries.iter().map(|delivery| &*delivery.receipt)), ..Changes::default() };
    for Touched { before, stored, receipts, after } in touched {
        let new = count(receipts.iter().filter(|receipt| stored.find(&receipt.body).is_none()));
        for (kind, new) in new.into_iter().enumerate() {
            changes.stored[kind] += new;
            changes.doubled[kind] = changes.doubled[kind].saturating_sub(new);
        }
        if before.as_ref() != Some(&after) {
            changes.calls.push(CallChange { before, after });
        }
    }
    changes
}

fn count<'a>(receipts: impl Iterator<Item = &'a Receipt>) -> KindCounts {
    let mut counts = KindCounts::default();
    receipts.for_each(|receipt| counts[receipt.event.kind as usize] += 1);
    counts
}

fn differences<'a>(touched: impl Iterator<Item = &'a Touched>, business: &BusinessTime) -> BTreeMap<CellKey, Cell> {
    let of = |stored: &StoredCall| Contribution::of(&stored.call, stored.in_hours, business);
    let mut differences = Differences::default();
    for Touched { before, after, .. } in touched {
        differences.replace(before.as_ref().map(of).as_ref(), Some(&of(after)));
    }
    differences.into_cells()
}

fn fold(
    derivation: &Derivation,
    batch: &[Delivery],
    mut known: HashMap<CallId, (StoredCall, Receipts)>,
) -> BTreeMap<CallId, Touched> {
    let mut merged: BTreeMap<&CallId, Receipts> = BTreeMap::new();
    for delivery in batch {
        let id = delivery.call_id();
        let stored = || known.get(id).map(|(_, receipts)| receipts.clone()).unwrap_or_default();
        delivery.add_to(merged.entry(id).or_insert_with(stored));
    }
    let touched = merged.into_iter().filter_map(|(id, receipts)| {
        let call = Call::fold(&receipts, &derivation.numbering)?;
        let (before, stored) = known.remove(id).map_or((None, Receipts::default()), |(b, s)| (Some(b), s));
        let same_start = before.as_ref().filter(|before| before.call.started_ms == call.started_ms);
        let after = StoredCall {
            key: before.as_ref().map_or(0, |before| before.key),
            in_hours: same_start.map_or_else(|| derivation.business.is_open(call.started_ms), |b| b.in_hours),
            call,
        };
        Some((id.clone(), Touched { before, stored, receipts, after }))
    });
    touched.collect()
}

for_both_engines! {
    use batch;

    /// Reads first, then writes: reading what was just written would end what is sent together.
    pub async fn run(
        connection: &mut EngineConnection,
        derivation: &Derivation,
        deliveries: &[Delivery],
    ) -> Result<(Vec<Recorded>, Changes), StoreError> {
        let known = batch::load_calls(connection, deliveries.iter().map(Delivery::call_id)).await?;
        let mut touched = fold(derivation, deliveries, known);
        give_keys(connection, &mut touched).await?;
        let cells = correct_cells(connection, differences(touched.values(), &derivation.business)).await?;
        let (offers, mut decisions) = load_decisions(connection, deliveries, &touched).await?;
        let new: Vec<_> = offers.into_iter().filter(|(key, _)| !decisions.contains_key(key)).collect();

        let mut writes = batch::Writes::new(connection);
        store_calls(&mut writes, &touched).await?;
        let events: Vec<_> = touched.values().flat_map(Touched::changed_receipts).collect();
        batch::upsert_events(&mut writes, &events).await?;
        batch::write_cells(&mut writes, &cells).await?;
        batch::insert_decisions(&mut writes, &new).await?;
        writes.finish().await?;

        decisions.extend(new.into_iter().map(|(key, decision)| (key, decision.clone())));
        let decision_for = |delivery: &Delivery| {
            delivery.offered_decision()?;
            touched.get(delivery.call_id()).and_then(|call| decisions.get(&call.after.key)).cloned()
        };
        let recorded = deliveries.iter().map(|delivery| Recorded { decision: decision_for(delivery) }).collect();
        Ok((recorded, changes(deliveries, touched.into_values())))
    }

    async fn give_keys(
        connection: &mut EngineConnection,
        touched: &mut BTreeMap<CallId, Touched>,
    ) -> Result<(), StoreError> {
        if touched.values().any(|call| call.before.is_none()) {
            let first = batch::next_key(connection).await?;
            let new = touched.values_mut().filter(|call| call.before.is_none());
            new.zip(first..).for_each(|(call, key)| call.after.key = key);
        }
        Ok(())
    }

    async fn store_calls(
        writes: &mut batch::Writes<'_>,
        touched: &BTreeMap<CallId, Touched>,
    ) -> Result<(), StoreError> {
        let (mut new, mut changed, mut progressed) = (Vec::new(), Vec::new(), Vec::new());
        for Touched { before, after, .. } in touched.values() {
            match before {
                None => new.push(after),
                Some(before) if before == after => {}
                Some(before) if before.began_like(after) => progressed.push(after),
                Some(_) => changed.push(after),
            }
        }
        batch::insert_calls(writes, &new).await?;
        batch::set_calls(writes, &changed).await?;
        batch::set_progress(writes, &progressed).await
    }

    async fn correct_cells(
        connection: &mut EngineConnection,
        differences: BTreeMap<CellKey, Cell>,
    ) -> Result<BTreeMap<CellKey, Cell>, StoreError> {
        let mut cells = batch::load_cells(connection, differences.keys().cloned().collect()).await?;
        for (key, difference) in &differences {
            let Some(cell) = cells.get_mut(key) else { continue };
            cell.apply(difference);
            if cell.clamp() {
                tracing::error!(tier = ?key.tier, bucket = key.bucket, "statistics were below zero: run `fernamt rebuild`");
            }
        }
        Ok(cells)
    }

    /// What the batch offers per call, first come, and what is stored already and holds instead.
    async fn load_decisions<'d>(
        connection: &mut EngineConnection,
        deliveries: &'d [Delivery],
        touched: &BTreeMap<CallId, Touched>,
    ) -> Result<(BTreeMap<i64, &'d Decision>, HashMap<i64, Decision>), StoreError> {
        let mut offers: BTreeMap<i64, &Decision> = BTreeMap::new();
        let mut asked = Vec::new();
        for delivery in deliveries {
            if let (Some(offer), Some(call)) = (delivery.offered_decision(), touched.get(delivery.call_id())) {
                offers.entry(call.after.key).or_insert(offer);
                asked.extend(call.before.as_ref().map(|before| before.key));
            }
        }
        let stored = batch::load_decisions(connection, &asked).await?;
        Ok((offers, stored))
    }
}
