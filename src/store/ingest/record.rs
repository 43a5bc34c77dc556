//! Records a batch of events in one transaction: they go into the log, their calls are folded again, cells are
//! corrected by the difference. Recording is idempotent but for the count of deliveries, because differences come from
//! what the transaction finds.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::batch::{KnownCall, KnownCalls, Watermarks};
use super::call_update::CallUpdate;
use super::changes::{CallChange, Changes, KindCounts};
use crate::calls::forgetting::{self, is_marked};
use crate::calls::receipts::{Receipt, Receipts};
use crate::placetel::event::CallId;
use crate::routing::table::Decision;
use crate::stats::derivation::Derivation;
use crate::store::calls::events::damaged;
use crate::store::db::engine::{Db, WRITE_TIMEOUT, for_both_engines, writing};
use crate::store::db::error::StoreError;
use crate::store::db::meta::LATE_SINCE;
use crate::store::db::pipelined::PipelinedTransaction;
use crate::store::privacy::pseudonymise::Pseudonymised;

/// The source of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// From the PBX, with the decision that an IncomingCall would be answered with.
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
    /// The source of the event.
    pub source: Source,
}

impl Delivery {
    /// Marks an event whose commit may have happened although its answer was lost.
    pub fn may_be_stored(&mut self) {
        if let Source::Pbx(decision) = &mut self.source {
            self.source = Source::PbxAgain(decision.take());
        }
    }

    /// Returns whether the event may be stored already, so that nothing is to be changed.
    fn is_repeated(&self) -> bool {
        !matches!(self.source, Source::Pbx(_))
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

/// The result of recording a delivery.
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
    Ok(record_changes(db, derivation, batch, WRITE_TIMEOUT).await?.0)
}

/// Like [`record`], but returns also what it changed. It is given up after `within`.
///
/// # Errors
/// Nothing of the batch is stored then.
pub async fn record_changes(
    db: &Db,
    derivation: &Derivation,
    batch: &[Delivery],
    within: Duration,
) -> Result<(Vec<Recorded>, Changes), StoreError> {
    if batch.is_empty() {
        return Ok(Default::default());
    }
    db.condition().may_record()?;
    match db {
        Db::Sqlite(pools) => {
            let mut single = PipelinedTransaction::new(pools).await?;
            let done = pools.deadline.hold(within, sqlite::run(single.connection(), derivation, batch)).await;
            single.end(done).await
        }
        Db::Postgres(pools) => {
            writing!(@within within, pools, begin_postgres, transaction, postgres::run(&mut transaction, derivation, batch).await)
        }
    }
}

/// Sums up what a batch changed. `is_usual` when none of the calls is pseudonymised or without events.
fn changes(deliveries: &[Delivery], updates: BTreeMap<CallId, CallUpdate>, is_usual: bool) -> Changes {
    let mut changes =
        Changes { doubled: count(deliveries.iter().map(|delivery| &*delivery.receipt)), ..Changes::default() };
    if !is_usual {
        for delivery in deliveries {
            match updates.get(delivery.call_id()) {
                None => {
                    let kind = delivery.receipt.event.kind as usize;
                    changes.left_out[kind] += 1;
                    changes.doubled[kind] = changes.doubled[kind].saturating_sub(1);
                }
                Some(call) if call.is_forgotten() && !is_marked(&delivery.receipt.body) => changes.forgotten += 1,
                Some(_) => {}
            }
        }
    }
    changes.calls.reserve(updates.len());
    for call in updates.into_values() {
        for (kind, new) in count(call.new_receipts()).into_iter().enumerate() {
            changes.stored[kind] += new;
            changes.doubled[kind] = changes.doubled[kind].saturating_sub(new);
        }
        let CallUpdate { before, after, .. } = call;
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

/// Returns the calls with deliveries from the PBX itself, not from an import.
fn live_calls(deliveries: &[Delivery]) -> HashSet<&CallId> {
    deliveries.iter().filter(|delivery| delivery.source != Source::Import).map(Delivery::call_id).collect()
}

/// Returns the deliveries as the log may hold them: a repeat of an event that was pseudonymised becomes that event,
/// another event of a pseudonymised call is pseudonymised too, and events of a call whose events are gone are left out.
fn admit<'d>(deliveries: &'d [Delivery], known: &KnownCalls) -> Result<Cow<'d, [Delivery]>, StoreError> {
    let marked = deliveries.iter().filter(|delivery| is_marked(&delivery.receipt.body));
    let marked: HashSet<&CallId> = marked.map(Delivery::call_id).collect();
    let is_special = |id: &CallId, receipts: &Receipts| {
        receipts.is_empty() || marked.contains(id) || receipts.iter().any(|receipt| is_marked(&receipt.body))
    };
    let special = known.iter().filter(|(id, known)| is_special(id, &known.receipts));
    let mut special: HashMap<_, _> =
        special.map(|(id, known)| (id, (known.stored.call.direction, known.receipts.clone()))).collect();
    if special.is_empty() {
        return Ok(Cow::Borrowed(deliveries));
    }
    let mut admitted = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        let Some((direction, receipts)) = special.get_mut(delivery.call_id()) else {
            admitted.push(delivery.clone());
            continue;
        };
        if !receipts.is_empty() {
            let receipt = Arc::new(forgetting::admit(&delivery.receipt, receipts, *direction).map_err(damaged)?);
            receipts.import(receipt.clone());
            admitted.push(Delivery { receipt, ..delivery.clone() });
        }
    }
    Ok(Cow::Owned(admitted))
}

fn fold(derivation: &Derivation, batch: &[Delivery], mut known: KnownCalls) -> BTreeMap<CallId, CallUpdate> {
    let mut merged: BTreeMap<&CallId, Receipts> = BTreeMap::new();
    for delivery in batch {
        let id = delivery.call_id();
        let stored = || known.get(id).map(KnownCall::all_receipts).unwrap_or_default();
        delivery.add_to(merged.entry(id).or_insert_with(stored));
    }
    // Inserted one by one, because collecting so many large values would reallocate again and again.
    let mut updates = BTreeMap::new();
    for (id, receipts) in merged {
        if let Some(call) = CallUpdate::fold(known.remove(id), receipts, derivation) {
            updates.insert(id.clone(), call);
        }
    }
    updates
}

for_both_engines! {
    use ingest::batch, ingest::call_writes, privacy::pseudonymise, db::meta, calls::surplus, db::writes;

    use writes::Writes;

    /// Records a batch. The next statements are made while the database executes those that were sent last.
    pub async fn run(
        connection: &mut EngineConnection,
        derivation: &Derivation,
        deliveries: &[Delivery],
    ) -> Result<(Vec<Recorded>, Changes), StoreError> {
        let ids = deliveries.iter().map(Delivery::call_id);
        let (mut known, watermarks) = batch::begin_with_calls(connection, ids).await?;
        surplus::set_apart(connection, &mut known).await?;
        let admitted = admit(deliveries, &known)?;
        surplus::load_repeated(connection, &mut known, admitted.iter().map(|delivery| &*delivery.receipt)).await?;
        let mut updates = fold(derivation, &admitted, known);
        let all = updates.len();
        let pseudonymised = give_keys(connection, derivation, &watermarks, deliveries, &mut updates).await?;
        let (offers, mut decisions) = load_decisions(connection, deliveries, &updates).await?;
        let new: Vec<_> = offers.into_iter().filter(|(key, _)| !decisions.contains_key(key)).collect();
        let mut last = call_writes::write_all_but_cells(connection, derivation, &updates, &new).await?;
        if !pseudonymised.is_empty() {
            last.send(connection).await?;
            pseudonymise::blank_decisions(connection, derivation, &pseudonymised).await?;
            last = Writes::new();
        }
        // What is found stored may never have reached the disk or the standby, and a commit that wrote nothing waits
        // for neither: so where an event may be stored already, something is written in any case.
        if deliveries.iter().any(Delivery::is_repeated) {
            meta::write_again(&mut last);
        }
        last.query().push(DIALECT.commit);

        let outcome = async {
            decisions.extend(new.into_iter().map(|(key, decision)| (key, decision.clone())));
            let decision_for = |delivery: &Delivery| {
                delivery.offered_decision()?;
                updates.get(delivery.call_id()).and_then(|call| decisions.get(&call.after.key)).cloned()
            };
            let recorded = deliveries.iter().map(|delivery| Recorded { decision: decision_for(delivery) }).collect();
            let is_usual = matches!(admitted, Cow::Borrowed(_)) && pseudonymised.is_empty() && updates.len() == all;
            (recorded, changes(deliveries, updates, is_usual))
        };
        let (committed, outcome) = tokio::join!(last.send(connection), outcome);
        committed.map(|()| outcome)
    }

    /// Gives new calls their keys. Imported calls older than the watermark of pseudonymisation are pseudonymised, and
    /// new ones older than the watermark of deleted events are left out. What the PBX sends happens now, whatever a
    /// clock said or says: it is stored as it is, and left to a later nightly run.
    async fn give_keys(
        connection: &mut EngineConnection,
        derivation: &Derivation,
        watermarks: &Watermarks,
        deliveries: &[Delivery],
        updates: &mut BTreeMap<CallId, CallUpdate>,
    ) -> Result<Vec<Pseudonymised>, StoreError> {
        let is_gone = |call: &CallUpdate| call.begins_before(watermarks.events_gone_before_ms);
        let is_old = |call: &CallUpdate| call.begins_before(watermarks.forgotten_before_ms) && !call.is_forgotten();
        let is_any = updates.values().any(|call| is_gone(call) || is_old(call));
        let live = if is_any { live_calls(deliveries) } else { HashSet::new() };
        let late = updates.iter().filter(|(id, call)| live.contains(id) && (is_gone(call) || is_old(call)));
        if let Some(since_ms) = late.map(|(_, call)| call.after.call.started_ms).min() {
            meta::lower(connection, LATE_SINCE, since_ms).await?;
        }
        updates.retain(|id, call| live.contains(id) || !call.is_new() || !is_gone(call));
        let new = updates.values_mut().filter(|call| call.is_new());
        new.zip(watermarks.next_key..).for_each(|(call, key)| call.after.key = key);
        let old = updates.iter_mut().filter(|(id, call)| !live.contains(id) && is_old(call));
        pseudonymise::pseudonymise_late(connection, &derivation.numbering, old.map(|(_, call)| call).collect()).await
    }

    /// Returns the first decision that the batch offers for each call, and the decisions that are stored already, which
    /// take precedence.
    async fn load_decisions<'d>(
        connection: &mut EngineConnection,
        deliveries: &'d [Delivery],
        updates: &BTreeMap<CallId, CallUpdate>,
    ) -> Result<(BTreeMap<i64, &'d Decision>, HashMap<i64, Decision>), StoreError> {
        let mut offers: BTreeMap<i64, &Decision> = BTreeMap::new();
        let mut asked = Vec::new();
        for delivery in deliveries {
            if let (Some(offer), Some(call)) = (delivery.offered_decision(), updates.get(delivery.call_id())) {
                offers.entry(call.after.key).or_insert(offer);
                asked.extend(call.before.as_ref().map(|before| before.key));
            }
        }
        let stored = batch::load_decisions(connection, &asked).await?;
        Ok((offers, stored))
    }
}
