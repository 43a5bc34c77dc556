use std::collections::VecDeque;
use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use tokio::sync::mpsc::{self, error::TrySendError};

use super::NoPlace;
use crate::config::LivePace;

const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");
/// When a browser whose stream broke off tries again.
const RETRY: &str = "retry: 3000\n";

/// Numbers the events, keeps the last ones and hands them to everybody who reads.
pub struct Hub {
    /// Names this run of the program: numbers of another mean nothing here.
    epoch: String,
    last: u64,
    /// The last events without a gap, the newest being number `last`.
    ring: VecDeque<Bytes>,
    ring_size: usize,
    /// The last of what only the newest counts of.
    passing: Option<Bytes>,
    clients: Vec<mpsc::Sender<Bytes>>,
    most_clients: usize,
    client_queue: usize,
    linger: Duration,
    empty_since: Option<Instant>,
    is_closed: bool,
}

impl Hub {
    pub fn new(epoch: &str, pace: &LivePace) -> Self {
        Self {
            epoch: epoch.to_owned(),
            last: 0,
            ring: VecDeque::new(),
            ring_size: pace.ring,
            passing: None,
            clients: Vec::new(),
            most_clients: pace.clients,
            client_queue: pace.client_queue,
            linger: pace.linger,
            empty_since: None,
            is_closed: false,
        }
    }

    /// The id of the last event.
    pub fn mark(&self) -> String {
        self.id(self.last)
    }

    fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.epoch)
    }

    /// Sends events of this name to everybody, each under a number of its own. How many clients were too slow.
    pub fn send(&mut self, name: &str, data: impl Iterator<Item = String>) -> usize {
        let mut text = String::new();
        let mut ends = Vec::new();
        for data in data {
            self.last += 1;
            text += &format!("id: {}\nevent: {name}\ndata: {data}\n\n", self.id(self.last));
            ends.push(text.len());
        }
        let all = Bytes::from(text);
        let mut start = 0;
        for end in ends {
            self.ring.push_back(all.slice(start..end));
            start = end;
        }
        let surplus = self.ring.len().saturating_sub(self.ring_size);
        self.ring.drain(..surplus);
        self.hand_out(all)
    }

    /// Sends what only the newest counts of; it has no number of its own.
    pub fn send_passing(&mut self, name: &str, data: &str) -> usize {
        let event = Bytes::from(format!("id: {}\nevent: {name}\ndata: {data}\n\n", self.mark()));
        self.passing = Some(event.clone());
        self.hand_out(event)
    }

    /// Keeps proxies from closing streams on which nothing happens.
    pub fn beat(&mut self) -> usize {
        self.hand_out(HEARTBEAT)
    }

    /// What was sent is not all that happened: everybody must look for themselves.
    pub fn reset(&mut self) -> usize {
        self.last += 1;
        self.ring.clear();
        let event = self.reset_event();
        self.hand_out(event.into())
    }

    fn reset_event(&self) -> String {
        format!("id: {}\nevent: reset\ndata: {{}}\n\n", self.mark())
    }

    /// Nobody waits for a client: one that does not read is dropped. How many were.
    fn hand_out(&mut self, bytes: Bytes) -> usize {
        if bytes.is_empty() {
            return 0;
        }
        let mut slow = 0;
        self.clients.retain(|client| match client.try_send(bytes.clone()) {
            Ok(()) => true,
            Err(TrySendError::Closed(_)) => false,
            Err(TrySendError::Full(_)) => {
                slow += 1;
                false
            }
        });
        slow
    }

    /// How many read.
    pub fn clients(&self) -> usize {
        self.clients.iter().filter(|client| !client.is_closed()).count()
    }

    /// Takes a client in; what it missed since the event with that id comes first.
    pub fn subscribe(&mut self, since: Option<&str>) -> Result<mpsc::Receiver<Bytes>, NoPlace> {
        self.clients.retain(|client| !client.is_closed());
        if self.is_closed {
            return Err(NoPlace::Stopping);
        }
        if self.clients.len() >= self.most_clients {
            return Err(NoPlace::Full);
        }
        let mut first = format!("{RETRY}id: {}\n\n", self.mark()).into_bytes();
        match since.map(|since| self.missed(since)) {
            None => {}
            Some(Some(missed)) => missed.for_each(|event| first.extend_from_slice(event)),
            Some(None) => first.extend_from_slice(self.reset_event().as_bytes()),
        }
        // With today's id: it is no older than what was missed.
        let passing = self.passing.as_ref().filter(|_| since.is_some_and(|since| since != self.mark()));
        first.extend_from_slice(passing.map_or(&[], |event| event));
        let (client, events) = mpsc::channel(self.client_queue);
        // There is room in a new queue.
        let _ = client.try_send(first.into());
        self.clients.push(client);
        self.empty_since = None;
        Ok(events)
    }

    /// The events after the one with this id; `None` if that cannot be told any more.
    fn missed(&self, id: &str) -> Option<impl Iterator<Item = &Bytes>> {
        let (epoch, number) = id.split_once('-')?;
        let number = number.parse().ok().filter(|_| epoch == self.epoch)?;
        let count = usize::try_from(self.last.checked_sub(number)?).ok()?;
        let first = self.ring.len().checked_sub(count)?;
        Some(self.ring.range(first..))
    }

    /// Whether anybody reads, or did a moment ago: then they may come back.
    pub fn is_watched(&mut self, now: Instant) -> bool {
        if self.clients() > 0 {
            self.empty_since = None;
            return true;
        }
        now.duration_since(*self.empty_since.get_or_insert(now)) < self.linger
    }

    /// From now on nothing is kept.
    pub fn forget(&mut self) {
        self.ring.clear();
        self.passing = None;
    }

    /// Ends all streams and takes no more.
    pub fn close(&mut self) {
        self.is_closed = true;
        self.clients.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub() -> Hub {
        Hub::new("e", &LivePace { ring: 3, clients: 2, client_queue: 4, ..LivePace::default() })
    }

    fn send(hub: &mut Hub, names: &[&str]) -> usize {
        hub.send("call", names.iter().map(|name| format!("\"{name}\"")))
    }

    fn text(events: &mut mpsc::Receiver<Bytes>) -> String {
        let mut text = String::new();
        while let Ok(bytes) = events.try_recv() {
            text += std::str::from_utf8(&bytes).unwrap();
        }
        text
    }

    fn data(text: &str) -> Vec<&str> {
        text.lines().filter_map(|line| line.strip_prefix("data: ")).collect()
    }

    #[test]
    fn who_comes_back_gets_exactly_what_was_missed() {
        let mut hub = hub();
        send(&mut hub, &["a"]);
        let seen = hub.mark();
        send(&mut hub, &["b", "c"]);
        let events = text(&mut hub.subscribe(Some(&seen)).unwrap());
        assert_eq!(data(&events), ["\"b\"", "\"c\""]);
        assert!(events.contains(&format!("id: {}\nevent: call\ndata: \"c\"\n\n", hub.mark())), "{events}");
        let mark = hub.mark();
        assert!(data(&text(&mut hub.subscribe(Some(&mark)).unwrap())).is_empty());
    }

    #[test]
    fn what_is_not_kept_any_more_or_never_was_leads_to_a_reset() {
        let mut hub = hub();
        let long_ago = hub.mark();
        send(&mut hub, &["a", "b", "c", "d"]);
        let future = format!("{}-99", hub.epoch);
        for since in [long_ago.as_str(), "0123456789ab-3", &future, "nonsense", "", "-"] {
            let mut hub = Hub { clients: Vec::new(), ring: hub.ring.clone(), epoch: hub.epoch.clone(), ..self::hub() };
            hub.last = 4;
            let events = text(&mut hub.subscribe(Some(since)).unwrap());
            assert!(events.ends_with("event: reset\ndata: {}\n\n"), "{since}: {events}");
        }
    }

    #[test]
    fn after_a_loss_nobody_is_told_a_story_with_a_hole() {
        let mut hub = hub();
        send(&mut hub, &["a"]);
        let seen = hub.mark();
        hub.reset();
        send(&mut hub, &["b"]);
        assert!(text(&mut hub.subscribe(Some(&seen)).unwrap()).contains("event: reset"));
    }

    #[test]
    fn a_client_that_does_not_read_is_dropped_and_the_others_go_on() {
        let mut hub = hub();
        let mut slow = hub.subscribe(None).unwrap();
        let mut quick = hub.subscribe(None).unwrap();
        assert_eq!(hub.subscribe(None).map(drop), Err(NoPlace::Full));
        let dropped: Vec<usize> = (0..4)
            .map(|_| {
                text(&mut quick);
                send(&mut hub, &["x"])
            })
            .collect();
        assert_eq!((dropped, hub.clients()), (vec![0, 0, 0, 1], 1));
        assert_eq!(data(&text(&mut quick)).len(), 1);
        assert_eq!(data(&text(&mut slow)).len(), 3, "what was on its way is read to the end");
        assert!(slow.is_closed());
        assert!(hub.subscribe(None).is_ok());
    }

    #[test]
    fn after_the_end_everybody_is_gone_and_nobody_comes() {
        let mut hub = hub();
        let client = hub.subscribe(None).unwrap();
        hub.close();
        assert!(client.is_closed());
        assert_eq!(hub.subscribe(None).map(drop), Err(NoPlace::Stopping));
    }

    #[test]
    fn it_stays_awake_for_a_while_after_the_last_client_left() {
        let mut hub = hub();
        let start = Instant::now();
        let client = hub.subscribe(None).unwrap();
        assert!(hub.is_watched(start));
        drop(client);
        assert!(hub.is_watched(start));
        assert!(hub.is_watched(start + hub.linger / 2));
        assert!(!hub.is_watched(start + hub.linger));
    }
}
