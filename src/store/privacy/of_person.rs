//! The calls of one person in the event log: finding them, reading what is kept of the person, and pseudonymising it, a
//! range of call keys at a time.

use crate::routing::table::Decision;
use crate::store::calls::rows::StoredCall;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, Range};

use futures_util::TryStreamExt;
use sqlx::QueryBuilder;

use super::pseudonymise::{Naming, Page, full};
use crate::calls::forgetting::{Person, blank, is_pseudonym, pseudonym};
use crate::calls::phone::Numbering;
use crate::calls::receipts::Receipts;
use crate::placetel::event::CallId;
use crate::stats::derivation::Derivation;
use crate::store::calls::events::read_receipt;
use crate::store::calls::rows::{unpack_call_id, unpack_direction};
use crate::store::calls::surplus::{EVENTS_AT_ONCE, EventPlace, set_apart_between};
use crate::store::db::engine::{Db, for_both_engines, reading_on, writing};
use crate::store::db::error::StoreError;
use crate::store::ingest::batch::BEHIND_ALL_DIGESTS;
use crate::store::ingest::call_update::CallUpdate;

/// A call with the person, and all that is kept of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOfPerson {
    /// The call.
    pub call: StoredCall,
    /// The events that are folded to the call.
    pub events: Receipts,
    /// The decision that the PBX was answered with.
    pub decision: Option<Decision>,
}

pub(in crate::store) async fn person(db: &Db, derivation: &Derivation, number: &str) -> Result<Person, StoreError> {
    let numbering = &derivation.numbering;
    Ok(Person::new(number, parties_of(db, numbering, number).await?, numbering))
}

/// The number of calls whose events are searched for a number at a time.
pub(super) const CALLS_PER_SEARCH: i64 = 2_000;
/// The number of calls whose events are in memory at a time, not counting those found to be with the person.
const CALLS_AT_ONCE: usize = 50;

const NEXT_BEYOND: &str = "select call_key, digest, received_ms, deliveries, body, direction from surplus_events \
     join calls on calls.id = call_key where (call_key, digest) > ($1, $2) and call_key <= $3 \
     order by call_key, digest limit cast($4 as bigint)";

/// A surplus event (one beyond those that are folded), and the direction of its call.
type BeyondRow = (i64, Vec<u8>, i64, i32, Vec<u8>, Option<i16>);

/// Finds the calls with these keys, the first one left out, whose surplus events (beyond those that are folded) mention
/// the person; sets the surplus apart first. Works in small steps, and in none of the transactions that others wait
/// for.
pub(super) async fn told_beyond(
    db: &Db,
    numbering: &Numbering,
    person: &Person,
    keys: Range<i64>,
) -> Result<BTreeSet<i64>, StoreError> {
    set_apart_between(db, keys.clone()).await?;
    let mut found = BTreeSet::new();
    let mut place = Some((keys.start, BEHIND_ALL_DIGESTS.to_vec()));
    while let Some(after) = place {
        place = reading_on!(db, connection in engine => {
            engine::search_beyond(&mut connection, numbering, person, after, keys.end, &mut found).await
        })?;
    }
    Ok(found)
}

/// Returns the parties that a person may have in the database: the number and, while there is a key, its pseudonym.
///
/// # Errors
/// When it does not answer.
pub(super) async fn parties_of(db: &Db, numbering: &Numbering, number: &str) -> Result<BTreeSet<String>, StoreError> {
    reading_on!(db, connection in engine => engine::parties_of(&mut connection, numbering, number).await)
}

/// Reads what is kept of a person's calls among those with these keys; returns also where the next range begins.
pub(super) async fn kept_of(
    db: &Db,
    numbering: &Numbering,
    person: &Person,
    keys: Range<i64>,
    told: &BTreeSet<i64>,
) -> Result<(Vec<CallOfPerson>, Option<i64>), StoreError> {
    reading_on!(db, connection in engine => engine::kept_of(&mut connection, numbering, person, keys, told).await)
}

/// Pseudonymises a person in the calls with these keys, in one transaction.
pub(super) async fn forget_calls(
    db: &Db,
    derivation: &Derivation,
    person: &Person,
    pseudonym: &str,
    keys: Range<i64>,
    told: &BTreeSet<i64>,
) -> Result<Page<i64>, StoreError> {
    writing!(db, transaction in engine => {
        engine::forget_person(&mut transaction, derivation, person, pseudonym, keys, told).await
    })
}

/// Pseudonymises a person in callbacks marked by hand as done.
pub(super) async fn forget_marks(db: &Db, person: &Person, pseudonym: &str) -> Result<(), StoreError> {
    writing!(db, transaction in engine => engine::forget_marks_of(&mut transaction, person, pseudonym).await)
}

for_both_engines! {
    use ingest::batch, privacy::pseudonymise, db::traces;

    /// Adds to `found` the calls of the next surplus events that mention the person; returns where the events after
    /// them begin.
    pub(super) async fn search_beyond(
        connection: &mut EngineConnection,
        numbering: &Numbering,
        person: &Person,
        (after_key, after_digest): EventPlace,
        last_key: i64,
        found: &mut BTreeSet<i64>,
    ) -> Result<Option<EventPlace>, StoreError> {
        let mut rows = sqlx::query_as::<_, BeyondRow>(NEXT_BEYOND)
            .bind(after_key)
            .bind(after_digest)
            .bind(last_key)
            .bind(EVENTS_AT_ONCE)
            .fetch(connection);
        let (mut count, mut last) = (0, None);
        while let Some((key, digest, received_ms, deliveries, body, direction)) = rows.try_next().await? {
            count += 1;
            if !found.contains(&key) {
                let receipts: Receipts = [read_receipt(received_ms, deliveries, body)?].into_iter().collect();
                if person.is_in(&receipts, unpack_direction(direction), numbering) {
                    found.insert(key);
                }
            }
            last = Some((key, digest));
        }
        let next = last.filter(|_| count == EVENTS_AT_ONCE);
        // One event of a call is enough: the rest of it is skipped.
        Ok(next.map(|(key, digest)| (key, if found.contains(&key) { BEHIND_ALL_DIGESTS.to_vec() } else { digest })))
    }

    /// Returns the number and, while there is a key, its pseudonym.
    pub(super) async fn parties_of(
        connection: &mut EngineConnection,
        numbering: &Numbering,
        number: &str,
    ) -> Result<BTreeSet<String>, StoreError> {
        let known_as = pseudonymise::stored_key(connection).await?.map(|key| pseudonym(&key, number, numbering));
        Ok(known_as.into_iter().chain([number.to_owned()]).collect())
    }

    /// Loads a person's calls among those with these keys, the first one left out, with their events; returns also
    /// where the next range begins. `told` are those whose surplus events mention the person: see
    /// [`told_beyond`](crate::store::told_beyond).
    pub(super) async fn calls_of(
        connection: &mut EngineConnection,
        numbering: &Numbering,
        person: &Person,
        Range { start: after_key, end }: Range<i64>,
        told: &BTreeSet<i64>,
    ) -> Result<(BTreeMap<CallId, CallUpdate>, Option<i64>), StoreError> {
        let mut query = QueryBuilder::<Engine>::new("select call_id from calls where id > ");
        query.push_bind(after_key).push(" and id <= ").push_bind(end).push(" and (direction is null or party in (");
        let mut list = query.separated(",");
        person.parties.iter().for_each(|party| { list.push_bind(party.as_str()); });
        query.push(")");
        if let Some(digits) = &person.digits {
            query.push(" or id in (");
            push_told(&mut query, after_key..end, digits);
            query.push(")");
        }
        let mut told_here = told.range((Bound::Excluded(after_key), Bound::Included(end))).peekable();
        if told_here.peek().is_some() {
            query.push(" or id in (");
            let mut list = query.separated(",");
            told_here.for_each(|key| { list.push_bind(*key); });
            query.push(")");
        }
        query.push(")");
        let ids: Vec<Vec<u8>> = query.build_query_scalar().persistent(false).fetch_all(&mut *connection).await?;
        let ids = ids.iter().map(|id| unpack_call_id(id)).collect::<Result<Vec<_>, _>>()?;
        let mut found = BTreeMap::new();
        for ids in ids.chunks(CALLS_AT_ONCE) {
            let known = batch::load_calls(connection, ids.iter()).await?;
            let updates = known.into_iter().map(|(id, stored)| (id, CallUpdate::stored(stored)));
            found.extend(updates.filter(|(_, call)| {
                told.contains(&call.after.key) || person.is_in_call(&call.after.call, &call.receipts, numbering)
            }));
        }
        let last: Option<i64> = sqlx::query_scalar("select max(id) from calls").fetch_one(connection).await?;
        Ok((found, last.is_some_and(|last| last > end).then_some(end)))
    }

    /// Appends the subquery for the calls of this range of keys whose events contain these digits anywhere.
    fn push_told(query: &mut QueryBuilder<Engine>, keys: Range<i64>, digits: &str) {
        query.push("select call_key from events where call_key > ").push_bind(keys.start);
        query.push(" and call_key <= ").push_bind(keys.end).push(DIALECT.body_holds).push_bind(digits.as_bytes().to_vec());
        query.push(") > 0");
    }

    pub(super) async fn kept_of(
        connection: &mut EngineConnection,
        numbering: &Numbering,
        person: &Person,
        keys: Range<i64>,
        told: &BTreeSet<i64>,
    ) -> Result<(Vec<CallOfPerson>, Option<i64>), StoreError> {
        let (updates, next) = calls_of(connection, numbering, person, keys, told).await?;
        let keys: Vec<i64> = updates.values().map(|call| call.after.key).collect();
        let mut decisions = batch::load_decisions(connection, &keys).await?;
        let mut calls = Vec::with_capacity(updates.len());
        for CallUpdate { receipts, after, .. } in updates.into_values() {
            calls.push(CallOfPerson { decision: decisions.remove(&after.key), events: receipts, call: after });
        }
        calls.sort_by_key(|call| call.call.key);
        Ok((calls, next))
    }

    pub(super) async fn forget_person(
        connection: &mut EngineConnection,
        derivation: &Derivation,
        person: &Person,
        pseudonym: &str,
        keys: Range<i64>,
        told: &BTreeSet<i64>,
    ) -> Result<Page<i64>, StoreError> {
        let (updates, next) = calls_of(connection, &derivation.numbering, person, keys.clone(), told).await?;
        let full = full(&updates);
        if !full.is_empty() {
            return Ok(Page::of_full(full, keys.start));
        }
        let changed = pseudonymise::pseudonymise_all(connection, derivation, updates, Naming::As(person, pseudonym)).await?;
        blank_told(connection, &derivation.numbering, person, pseudonym, keys.clone()).await?;
        Ok(Page { looked_at: keys.end - keys.start, changed, next, full })
    }

    pub(super) async fn forget_marks_of(
        connection: &mut EngineConnection,
        person: &Person,
        pseudonym: &str,
    ) -> Result<(), StoreError> {
        for party in &person.parties {
            pseudonymise::rename_marks(connection, party, pseudonym, i64::MAX).await?;
        }
        Ok(())
    }

    /// Replaces a person's number with the pseudonym in the answers to the PBX (decisions), of any call in this range
    /// of keys.
    async fn blank_told(
        connection: &mut EngineConnection,
        numbering: &Numbering,
        person: &Person,
        pseudonym: &str,
        keys: Range<i64>,
    ) -> Result<(), StoreError> {
        let Some(digits) = &person.digits else { return Ok(()) };
        let told: Vec<(i64, String)> =
            sqlx::query_as("select call_key, xml from decisions where call_key > $1 and call_key <= $2 and xml like $3")
                .bind(keys.start)
                .bind(keys.end)
                .bind(format!("%{digits}%"))
                .fetch_all(&mut *connection)
                .await?;
        if !told.is_empty() {
            traces::note_traces(connection).await?;
        }
        for (key, xml) in told {
            let numbers = person.parties.iter().map(String::as_str).filter(|number| !is_pseudonym(number));
            if let Some(xml) = blank(&xml, numbers, numbering, pseudonym) {
                pseudonymise::set_decision(connection, key, &xml).await?;
            }
        }
        Ok(())
    }
}
