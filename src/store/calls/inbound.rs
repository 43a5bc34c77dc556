//! Paginated reading of inbound calls as routes see them: who called whom, and when.

use serde::Deserialize;

use super::rows::{pack_direction, unpack_call_id};
use crate::placetel::event::Direction;
use crate::routing::replay::PastCall;
use crate::store::db::engine::Db;
use crate::store::db::error::StoreError;
use crate::store::db::from_row::from_row;

/// The number of calls on a page.
const CALLS_PER_PAGE: i64 = 5_000;

#[derive(Deserialize)]
struct InboundRow {
    id: i64,
    #[serde(with = "hex::serde")]
    call_id: Vec<u8>,
    from_number: Option<String>,
    to_number: Option<String>,
    started_ms: i64,
}

from_row!(InboundRow: id, call_id, from_number, to_number, started_ms);

/// A paginated reader of the inbound calls that began in a time span, newest first (keyset pagination).
#[derive(Clone, Copy, Debug)]
pub struct InboundCalls {
    start_ms: i64,
    /// The keyset cursor: start and key of the call that was read last; the next ones are older.
    before: (i64, i64),
}

/// The SQL of a page, with parameters `$1` to `$5`; it is found along the index `calls_by_start`.
macro_rules! page {
    () => {
        "select id, call_id, from_number, to_number, started_ms from calls where started_ms >= $1 and started_ms <= $2 \
         and (started_ms, id) < ($2, $3) and direction = $4 order by started_ms desc, id desc limit cast($5 as bigint)"
    };
}

impl InboundCalls {
    /// Begins with the calls from `start_ms` on and before `end_ms`.
    pub fn new(start_ms: i64, end_ms: i64) -> Self {
        Self { start_ms, before: (end_ms, i64::MIN) }
    }

    /// Returns the next page of calls; empty when all were read.
    pub async fn next_page(&mut self, db: &Db) -> Result<Vec<PastCall>, StoreError> {
        let rows = self.rows(db).await?;
        if let Some(last) = rows.last() {
            self.before = (last.started_ms, last.id);
        }
        rows.into_iter().map(PastCall::try_from).collect()
    }

    async fn rows(&self, db: &Db) -> Result<Vec<InboundRow>, StoreError> {
        let (started_ms, key) = self.before;
        macro_rules! bound {
            ($query:expr) => {
                $query
                    .bind(self.start_ms)
                    .bind(started_ms)
                    .bind(key)
                    .bind(pack_direction(Some(Direction::In)))
                    .bind(CALLS_PER_PAGE)
            };
        }
        match db {
            // SQLite's thread wakes us for each row: fetching one JSON text is five times as fast.
            Db::Sqlite(pools) => {
                const SQL: &str = concat!(
                    "select json_group_array(json_array(id, hex(call_id), from_number, to_number, started_ms)) from (",
                    page!(),
                    ")"
                );
                let text: String = bound!(sqlx::query_scalar(SQL)).fetch_one(&pools.read).await?;
                serde_json::from_str(&text).map_err(|error| StoreError::Damaged(error.to_string()))
            }
            Db::Postgres(pools) => Ok(bound!(sqlx::query_as(page!())).fetch_all(&pools.read).await?),
        }
    }
}

impl TryFrom<InboundRow> for PastCall {
    type Error = StoreError;

    fn try_from(row: InboundRow) -> Result<Self, StoreError> {
        let InboundRow { id: _, call_id, from_number, to_number, started_ms } = row;
        Ok(Self { call_id: unpack_call_id(&call_id)?, from: from_number, to: to_number, at_ms: started_ms })
    }
}
