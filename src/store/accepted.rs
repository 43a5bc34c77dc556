//! Who accepted and made calls: what the memory of decisions is filled with.

use super::{Db, StoreError, reading};
use crate::placetel::event::Direction;

use super::rows::unpack_direction;

/// More calls than this are not read at once; the newest are.
const MOST_CALLS: i64 = 200_000;

/// A call that a peer accepted or made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCall {
    /// Which way; `None` if nobody told.
    pub direction: Option<Direction>,
    /// The other side, as [`crate::calls::call::Call::party`] has it.
    pub party: Option<String>,
    /// The SIP user.
    pub peer: String,
    /// When it began, milliseconds since 1970 UTC.
    pub started_ms: i64,
    /// When it was accepted.
    pub accepted_ms: Option<i64>,
}

/// Which calls are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// Those that began at this time or later.
    Began(i64),
    /// Those with a larger key.
    Key(i64),
}

type Row = (Option<i16>, Option<String>, String, i64, Option<i64>);

/// The calls that peers accepted or made; of very many the newest.
///
/// # Errors
/// When the database does not answer.
pub async fn peer_calls(db: &Db, since: Since) -> Result<Vec<PeerCall>, StoreError> {
    let (sql, from) = match since {
        Since::Began(at_ms) => (
            "select direction, party, peer, started_ms, accepted_ms from calls \
             where started_ms >= $1 and peer is not null order by started_ms desc, id desc limit cast($2 as bigint)",
            at_ms,
        ),
        Since::Key(key) => (
            "select direction, party, peer, started_ms, accepted_ms from calls \
             where id > $1 and peer is not null order by id desc limit cast($2 as bigint)",
            key,
        ),
    };
    let rows: Vec<Row> = reading!(db, pool => sqlx::query_as(sql).bind(from).bind(MOST_CALLS).fetch_all(pool).await?);
    let call = |(direction, party, peer, started_ms, accepted_ms)| {
        let direction = unpack_direction(direction);
        PeerCall { direction, party, peer, started_ms, accepted_ms }
    };
    Ok(rows.into_iter().map(call).collect())
}

/// The largest key of any call, 0 if there is none.
///
/// # Errors
/// When the database does not answer.
pub async fn last_key(db: &Db) -> Result<i64, StoreError> {
    reading!(db, pool => {
        Ok(sqlx::query_scalar("select cast(coalesce(max(id), 0) as bigint) from calls").fetch_one(pool).await?)
    })
}
