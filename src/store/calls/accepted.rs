//! Calls with the peers that accepted or made them: these fill the memory that routing decisions look callers up in.

use crate::placetel::event::Direction;
use crate::store::db::engine::{Db, reading};
use crate::store::db::error::StoreError;

use super::rows::unpack_direction;

/// Maximum number of calls read at once; of more, the newest are read.
const MOST_CALLS: i64 = 200_000;

/// A call that a peer accepted or made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCall {
    /// The direction; `None` if nobody told.
    pub direction: Option<Direction>,
    /// The outside party, as [`crate::calls::call::Call::party`] has it.
    pub party: Option<String>,
    /// The SIP user.
    pub peer: String,
    /// The start of the call, milliseconds since 1970 UTC.
    pub started_ms: i64,
    /// The time it was accepted, milliseconds since 1970 UTC.
    pub accepted_ms: Option<i64>,
}

/// The lower bound of the calls that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// Calls that began at this time or later.
    Began(i64),
    /// Calls with a larger key.
    Key(i64),
}

type Row = (Option<i16>, Option<String>, String, i64, Option<i64>);

/// Returns the calls that peers accepted or made, newest first; of very many only the newest.
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

/// Returns the largest key of any call, 0 if there is none.
pub async fn last_key(db: &Db) -> Result<i64, StoreError> {
    reading!(db, pool => {
        Ok(sqlx::query_scalar("select cast(coalesce(max(id), 0) as bigint) from calls").fetch_one(pool).await?)
    })
}
