use sqlx::postgres::PgListener;

use super::engine::Db;
use super::error::StoreError;

const CHANNEL: &str = "fernamt_calls";
/// The channel on which every change of the routes is announced; see [`super::engine::Dialect`].
const ROUTES_CHANNEL: &str = "fernamt_routes";
/// Maximum length of a notification's payload, in bytes; PostgreSQL takes no more than 8,000.
const MOST_BYTES: usize = 7_900;
/// Maximum number of call keys in a notification; of more calls, it only says that they are many.
const MOST_KEYS: usize = 10_000;
const MANY: &str = "*";

/// The notification that a node sends to the others after calls changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallsChanged {
    /// The node that sent it.
    pub node: String,
    /// The keys of the calls that changed; `None` if there are too many to list.
    pub keys: Option<Vec<i64>>,
}

impl CallsChanged {
    /// Encodes a change as `NOTIFY` payloads, each short enough for PostgreSQL.
    fn write(node: &str, keys: Option<&[i64]>) -> Vec<String> {
        let Some(keys) = keys.filter(|keys| keys.len() <= MOST_KEYS) else { return vec![format!("{node} {MANY}")] };
        let mut payloads: Vec<String> = Vec::new();
        for key in keys {
            let key = format!("{key:x}");
            match payloads.last_mut() {
                Some(payload) if payload.len() + 1 + key.len() <= MOST_BYTES => {
                    payload.push(',');
                    payload.push_str(&key);
                }
                _ => payloads.push(format!("{node} {key}")),
            }
        }
        payloads
    }

    /// Decodes a payload; `None` if it is not one of ours.
    fn read(payload: &str) -> Option<Self> {
        let (node, keys) = payload.split_once(' ')?;
        let key = |text| i64::from_str_radix(text, 16).ok();
        let keys = match keys {
            MANY => None,
            keys => Some(keys.split(',').map(key).collect::<Option<_>>()?),
        };
        Some(Self { node: node.to_owned(), keys })
    }
}

/// A notification that a node receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notification {
    /// Calls changed.
    Calls(CallsChanged),
    /// The routes changed, through this node or another.
    Routes,
}

/// Receives the notifications of other nodes (`LISTEN`).
pub struct NotificationReader(PgListener);

impl NotificationReader {
    /// Waits for the next notification. `None` means that the connection was lost and made again, so some may be
    /// missing.
    ///
    /// # Errors
    /// When the connection is lost for longer.
    pub async fn next(&mut self) -> Result<Option<Notification>, StoreError> {
        loop {
            let Some(notification) = self.0.try_recv().await? else { return Ok(None) };
            if notification.channel() == ROUTES_CHANNEL {
                return Ok(Some(Notification::Routes));
            }
            if let Some(news) = CallsChanged::read(notification.payload()) {
                return Ok(Some(Notification::Calls(news)));
            }
        }
    }
}

impl Db {
    /// Returns whether there can be other nodes, which write to the same database and are notified: only with
    /// PostgreSQL.
    pub fn has_nodes(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Notifies the other nodes, if there can be any, which calls changed; `None` means too many to list. Delivery is
    /// best effort: a notification may get lost.
    pub async fn notify(&self, node: &str, keys: Option<&Vec<i64>>) -> Result<(), StoreError> {
        let Self::Postgres(pools) = self else { return Ok(()) };
        let payloads = CallsChanged::write(node, keys.map(Vec::as_slice));
        if payloads.is_empty() {
            return Ok(());
        }
        let tell = sqlx::query("select pg_notify($1, payload) from unnest($2) as payload");
        tell.bind(CHANNEL).bind(payloads).execute(&pools.read).await?;
        Ok(())
    }

    /// Subscribes to the notifications of other nodes; `None` if there can be none.
    pub async fn listen_for_notifications(&self) -> Result<Option<NotificationReader>, StoreError> {
        let Self::Postgres(pools) = self else { return Ok(None) };
        pools.condition.may_read()?;
        let mut listener = PgListener::connect_with(&pools.aside).await?;
        listener.listen_all([CHANNEL, ROUTES_CHANNEL]).await?;
        Ok(Some(NotificationReader(listener)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(keys: &[i64]) -> Vec<CallsChanged> {
        CallsChanged::write("n1", Some(keys)).iter().map(|payload| CallsChanged::read(payload).unwrap()).collect()
    }

    #[test]
    fn news_are_cut_into_payloads_that_postgresql_takes() {
        let keys: Vec<i64> = (1_000_000..1_004_000).collect();
        let payloads = CallsChanged::write("n1", Some(&keys));
        assert!(payloads.len() > 1 && payloads.iter().all(|payload| payload.len() < 8_000), "{}", payloads.len());
        let told: Vec<i64> = read(&keys).into_iter().flat_map(|news| news.keys.unwrap()).collect();
        assert_eq!(told, keys);
        assert_eq!(read(&[42]), [CallsChanged { node: "n1".into(), keys: Some(vec![42]) }]);
    }

    #[test]
    fn more_calls_than_anybody_reads_are_many() {
        let keys: Vec<i64> = (0..10_001).collect();
        assert_eq!(read(&keys), [CallsChanged { node: "n1".into(), keys: None }]);
    }

    #[test]
    fn what_others_say_on_the_channel_is_passed_over() {
        for payload in ["", "n1", "n1 ", "n1 x,1", "n1 1,"] {
            assert_eq!(CallsChanged::read(payload), None, "{payload}");
        }
    }
}
