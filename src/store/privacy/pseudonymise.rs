//! The steps of pseudonymisation, each within a transaction: calls and whatever else tells who was outside.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::QueryBuilder;

use crate::calls::forgetting::{Key, Person, blank, is_pseudonym, outsiders, pseudonym};
use crate::calls::phone::Numbering;
use crate::placetel::event::CallId;
use crate::stats::derivation::Derivation;
use crate::store::callbacks::{contact, missed};
use crate::store::calls::rows::unpack_call_id;
use crate::store::db::engine::for_both_engines;
use crate::store::db::error::StoreError;
use crate::store::db::meta;
use crate::store::ingest::batch::EVENTS;
use crate::store::ingest::call_update::CallUpdate;

/// The number of calls of one transaction: small enough that a running server waits only briefly.
pub(in crate::store) const CALLS_PER_PAGE: i64 = 300;
/// Maximum number of surplus events (beyond those that are folded) of all calls of one transaction together; where
/// there are more, these are deleted first.
const MOST_BEYOND: u64 = 1_000;

/// The numbers that a pseudonym replaces in a call.
pub(in crate::store) struct Pseudonymised {
    call_key: i64,
    numbers: BTreeSet<String>,
    pseudonym: String,
}

/// How a pseudonym is chosen.
#[derive(Clone, Copy)]
pub(in crate::store) enum Naming<'p> {
    /// Each caller gets a pseudonym of their own, made with this key.
    Under(&'p Key),
    /// This person gets this pseudonym; calls of others only lose what is not known to be harmless.
    As(&'p Person, &'p str),
}

/// The result of one transaction: how much it looked at and changed, and where the next begins; `None` at the end.
pub(in crate::store) struct Page<N> {
    pub(super) looked_at: i64,
    pub(in crate::store) changed: i64,
    pub(in crate::store) next: Option<N>,
    /// The keys of calls whose surplus events are to be deleted before the next page.
    pub(in crate::store) full: Vec<i64>,
}

impl<N> Page<N> {
    /// Returns a page that changed nothing, because the surplus events of these calls are to be deleted first.
    pub(in crate::store) fn of_full(full: Vec<i64>, place: N) -> Self {
        Self { looked_at: 0, changed: 0, next: Some(place), full }
    }
}

/// Returns the keys of those calls that have surplus events, if these are too many for one transaction.
pub(in crate::store) fn full(updates: &BTreeMap<CallId, CallUpdate>) -> Vec<i64> {
    let beyond: u64 = updates.values().map(|call| u64::from(call.surplus_count())).sum();
    let full = updates.values().filter(|call| beyond > MOST_BEYOND && call.surplus_count() > 0);
    full.map(|call| call.after.key).collect()
}

/// The start and key of a call: the keyset by which calls of long ago are paged through.
pub(super) type Place = (i64, i64);

/// A fact that calls and marks that are not pseudonymised tell of a missed call that is about to be: its key, when
/// there was contact, when it was marked as done.
type Fact = (i64, Option<i64>, Option<i64>);

const FACTS: &str = concat!(
    "select m.id, (select min(c.started_ms) from calls c where c.party = m.party and c.started_ms > m.started_ms and ",
    contact!("c"),
    "), (select max(d.done_ms) from callbacks_done d where d.party = m.party and d.done_ms >= m.ended_ms) from calls m where ",
    missed!("m"),
    " and m.id in ("
);

/// Replaces whoever was outside in a call with a pseudonym.
fn pseudonymise(call: &mut CallUpdate, naming: Naming<'_>, numbering: &Numbering) -> Result<Pseudonymised, StoreError> {
    if let Naming::As(person, pseudonym) = naming
        && !person.is_party_of(&call.after.call, &call.receipts, numbering)
    {
        call.scrub()?;
        return Ok(Pseudonymised {
            call_key: call.after.key,
            numbers: BTreeSet::new(),
            pseudonym: pseudonym.to_owned(),
        });
    }
    let said = outsiders(&call.receipts, call.after.call.direction).map(ToOwned::to_owned);
    let numbers = said.chain(call.after.call.party.clone()).filter(|number| !is_pseudonym(number)).collect();
    let pseudonym = match (naming, call.outsider()) {
        (Naming::As(_, given), _) => given.to_owned(),
        (Naming::Under(_), None) => String::new(),
        // Pseudonymised once already, except for what came later or was seen later.
        (Naming::Under(_), Some(outsider)) if is_pseudonym(outsider) => outsider.to_owned(),
        (Naming::Under(key), Some(outsider)) => pseudonym(key, outsider, numbering),
    };
    call.pseudonymise(&pseudonym, numbering)?;
    Ok(Pseudonymised { call_key: call.after.key, numbers, pseudonym })
}

for_both_engines! {
    use ingest::batch, ingest::call_writes, calls::surplus, db::traces;

    /// Pseudonymises calls that arrive after others of their age were pseudonymised. If no key is stored, a random one
    /// does, because nobody has to be recognised again.
    pub async fn pseudonymise_late(
        connection: &mut EngineConnection,
        numbering: &Numbering,
        calls: Vec<&mut CallUpdate>,
    ) -> Result<Vec<Pseudonymised>, StoreError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        traces::note_traces(connection).await?;
        let key = stored_key(connection).await?.unwrap_or_else(rand::random);
        calls.into_iter().map(|call| pseudonymise(call, Naming::Under(&key), numbering)).collect()
    }

    /// Reads the stored key for pseudonyms, if there is one.
    pub async fn stored_key(connection: &mut EngineConnection) -> Result<Option<Key>, StoreError> {
        let value: Option<String> = sqlx::query_scalar("select value from settings where name = $1")
            .bind(meta::FORGETTING_KEY)
            .fetch_optional(connection)
            .await?;
        Ok(value.as_deref().and_then(meta::read_key).map(|(_, key)| key))
    }

    /// Replaces the numbers with their pseudonyms also in the answers to the PBX (decisions).
    pub async fn blank_decisions(
        connection: &mut EngineConnection,
        derivation: &Derivation,
        pseudonymised: &[Pseudonymised],
    ) -> Result<(), StoreError> {
        let keys: Vec<i64> = pseudonymised.iter().map(|pseudonymised| pseudonymised.call_key).collect();
        let decisions = batch::load_decisions(connection, &keys).await?;
        for Pseudonymised { call_key, numbers, pseudonym } in pseudonymised {
            let numbers = numbers.iter().map(String::as_str);
            let xml = decisions.get(call_key).map(|decision| &*decision.xml);
            if let Some(xml) = xml.and_then(|xml| blank(xml, numbers, &derivation.numbering, pseudonym)) {
                set_decision(connection, *call_key, &xml).await?;
            }
        }
        Ok(())
    }

    pub async fn set_decision(connection: &mut EngineConnection, call_key: i64, xml: &str) -> Result<(), StoreError> {
        sqlx::query("update decisions set xml = $2 where call_key = $1")
            .bind(call_key)
            .bind(xml)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Pseudonymises calls by `naming` and stores them; returns how many.
    pub async fn pseudonymise_all(
        connection: &mut EngineConnection,
        derivation: &Derivation,
        mut updates: BTreeMap<CallId, CallUpdate>,
        naming: Naming<'_>,
    ) -> Result<i64, StoreError> {
        if updates.is_empty() {
            return Ok(0);
        }
        traces::note_traces(connection).await?;
        let calls = updates.values_mut();
        let pseudonymised: Vec<_> =
            calls.map(|call| pseudonymise(call, naming, &derivation.numbering)).collect::<Result<_, _>>()?;
        call_writes::write(connection, derivation, &updates).await?;
        blank_decisions(connection, derivation, &pseudonymised).await?;
        Ok(pseudonymised.len() as i64)
    }

    /// Pseudonymises the next calls after a place that began before `before_ms`, at most `most`.
    pub async fn forget_page(
        connection: &mut EngineConnection,
        derivation: &Derivation,
        key: &Key,
        (after, most): (Place, i64),
        before_ms: i64,
    ) -> Result<Page<Place>, StoreError> {
        let (ids, _, next) = next_calls(connection, after, before_ms, most).await?;
        let mut known = batch::load_calls(connection, ids.iter()).await?;
        surplus::set_apart(connection, &mut known).await?;
        let updates = known.into_iter().map(|(id, stored)| (id, CallUpdate::stored(stored)));
        let updates: BTreeMap<_, _> = updates.filter(|(_, call)| !call.is_bare() && !call.is_forgotten()).collect();
        let full = full(&updates);
        if !full.is_empty() {
            return Ok(Page::of_full(full, after));
        }
        keep_facts(connection, &updates, before_ms).await?;
        let changed = pseudonymise_all(connection, derivation, updates, Naming::Under(key)).await?;
        Ok(Page { looked_at: ids.len() as i64, changed, next, full })
    }

    /// Stores what is known of missed callers from calls and marks since `since_ms`, which still have their numbers.
    async fn keep_facts(
        connection: &mut EngineConnection,
        updates: &BTreeMap<CallId, CallUpdate>,
        since_ms: i64,
    ) -> Result<(), StoreError> {
        if updates.is_empty() {
            return Ok(());
        }
        let mut query = QueryBuilder::<Engine>::new(FACTS);
        let mut list = query.separated(",");
        updates.values().for_each(|call| { list.push_bind(call.after.key); });
        query.push(")");
        let facts: Vec<Fact> = query.build_query_as().persistent(false).fetch_all(&mut *connection).await?;
        for (call_key, contact_ms, done_ms) in facts {
            let since = |at_ms: &i64| *at_ms >= since_ms;
            let (contact_ms, done_ms) = (contact_ms.filter(since), done_ms.filter(since));
            if contact_ms.is_none() && done_ms.is_none() {
                continue;
            }
            sqlx::query("insert into forgotten_callers (call_key, contact_ms, done_ms) values ($1, $2, $3) on conflict do nothing")
                .bind(call_key)
                .bind(contact_ms)
                .bind(done_ms)
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }

    /// Deletes the folded events of the next calls after a place, but not their surplus events: a call whose folded
    /// events are gone stays as it is, whatever else is left.
    pub async fn drop_page(
        connection: &mut EngineConnection,
        (after, most): (Place, i64),
        before_ms: i64,
    ) -> Result<Page<Place>, StoreError> {
        let (_, keys, next) = next_calls(connection, after, before_ms, most).await?;
        if keys.is_empty() {
            return Ok(Page { looked_at: 0, changed: 0, next, full: Vec::new() });
        }
        for key in surplus::crowded(connection, &keys).await? {
            surplus::set_apart_of(connection, key).await?;
        }
        let mut query = QueryBuilder::<Engine>::new("delete from ");
        query.push(EVENTS).push(" where call_key in (");
        push_keys(&mut query, &keys);
        let dropped = query.build().persistent(false).execute(&mut *connection).await?.rows_affected() as i64;
        let mut query = QueryBuilder::<Engine>::new("select id from calls where id in (");
        push_keys(&mut query, &keys);
        query.push(" and exists (select 1 from surplus_events where call_key = calls.id)");
        let full = query.build_query_scalar().persistent(false).fetch_all(&mut *connection).await?;
        if dropped > 0 {
            traces::note_traces(connection).await?;
        }
        Ok(Page { looked_at: keys.len() as i64, changed: dropped, next, full })
    }

    fn push_keys(query: &mut QueryBuilder<Engine>, keys: &[i64]) {
        let mut list = query.separated(",");
        keys.iter().for_each(|key| { list.push_bind(*key); });
        query.push(")");
    }

    /// Reads the ids and keys of the next calls, and the place of the last one.
    async fn next_calls(
        connection: &mut EngineConnection,
        (started_ms, key): Place,
        before_ms: i64,
        most: i64,
    ) -> Result<(Vec<CallId>, Vec<i64>, Option<Place>), StoreError> {
        let rows: Vec<(i64, i64, Vec<u8>)> = sqlx::query_as(
            "select started_ms, id, call_id from calls where started_ms >= $1 and started_ms < $3 \
             and (started_ms, id) > ($1, $2) order by started_ms, id limit cast($4 as bigint)",
        )
        .bind(started_ms)
        .bind(key)
        .bind(before_ms)
        .bind(most)
        .fetch_all(connection)
        .await?;
        let ids = rows.iter().map(|(_, _, id)| unpack_call_id(id)).collect::<Result<_, _>>()?;
        let next = rows.last().map(|(started_ms, key, _)| (*started_ms, *key));
        Ok((ids, rows.into_iter().map(|(_, key, _)| key).collect(), next))
    }

    /// Pseudonymises marks by hand that were set before `before_ms`; returns of how many parties.
    pub async fn forget_marks(
        connection: &mut EngineConnection,
        numbering: &Numbering,
        key: &Key,
        before_ms: i64,
    ) -> Result<i64, StoreError> {
        let parties: Vec<String> = sqlx::query_scalar(
            "select distinct party from callbacks_done where done_ms < $1 and party not like 'forgotten-%' limit cast($2 as bigint)",
        )
        .bind(before_ms)
        .bind(CALLS_PER_PAGE)
        .fetch_all(&mut *connection)
        .await?;
        for party in &parties {
            rename_marks(connection, party, &pseudonym(key, party, numbering), before_ms).await?;
        }
        Ok(parties.len() as i64)
    }

    /// Renames the party of marks. Two names of one person may become one, with marks of the same moment, which are
    /// merged.
    pub async fn rename_marks(
        connection: &mut EngineConnection,
        party: &str,
        pseudonym: &str,
        before_ms: i64,
    ) -> Result<(), StoreError> {
        traces::note_traces(connection).await?;
        sqlx::query(
            "insert into callbacks_done (party, done_ms, done_by) select $2, done_ms, done_by from callbacks_done \
             where party = $1 and done_ms < $3 on conflict do nothing",
        )
        .bind(party)
        .bind(pseudonym)
        .bind(before_ms)
        .execute(&mut *connection)
        .await?;
        sqlx::query("delete from callbacks_done where party = $1 and done_ms < $2")
            .bind(party)
            .bind(before_ms)
            .execute(connection)
            .await?;
        Ok(())
    }
}
