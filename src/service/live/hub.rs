use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::watch;

use crate::config::LivePace;

/// The reason why a client was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// The maximum number of clients is reached.
    Full,
    /// The service is stopping.
    Stopping,
}

const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");
/// The reconnection time that browsers are told, in milliseconds.
const RETRY: &str = "retry: 3000\n";
/// Maximum length of what a client takes at once: the server keeps a copy for each until it is sent.
const PIECE_BYTES: usize = 16 * 1024;
/// The memory that an entry takes beside its text, in bytes.
const ENTRY_BYTES: usize = 64;

/// The broadcast log of the live stream: numbers the events and keeps the last ones, once for all who read; each client
/// is a cursor in it. So what waits takes the same memory for one client as for all, and one that falls behind what is
/// kept is cut off.
pub struct Hub {
    /// The id of this run of the program: event numbers of another mean nothing here.
    epoch: String,
    last: u64,
    /// The entries that were sent last, without a gap.
    log: VecDeque<Entry>,
    /// The position of the log's first entry.
    first: u64,
    /// The bytes that its entries take, and how many of them are events with a number.
    bytes: usize,
    numbered: usize,
    most_bytes: usize,
    most_numbered: usize,
    /// Events up to this number cannot be replayed.
    floor: u64,
    /// The last event of the kind of which only the newest counts: name and data.
    passing: Option<(String, String)>,
    clients: BTreeMap<u64, Cursor>,
    came: u64,
    most_clients: usize,
    news: watch::Sender<()>,
    linger: Duration,
    empty_since: Option<Instant>,
    is_closed: bool,
}

/// An entry of the log.
struct Entry {
    /// The number of the last event when this was sent.
    number: u64,
    is_numbered: bool,
    text: Bytes,
}

/// A client's read position in the log.
#[derive(Clone, Copy)]
struct Cursor {
    place: u64,
    offset: usize,
}

/// A client that was subscribed.
pub struct Subscribed {
    pub client: u64,
    /// The bytes to send first.
    pub first: Bytes,
    /// Notified whenever there may be more.
    pub news: watch::Receiver<()>,
}

/// The result of reading for a client.
pub enum Taken {
    Piece(Bytes),
    /// Nothing yet.
    Nothing,
    /// No more: it was too slow, or all streams end.
    Gone,
}

impl Hub {
    pub fn new(epoch: &str, pace: &LivePace) -> Self {
        Self {
            epoch: epoch.to_owned(),
            last: 0,
            log: VecDeque::new(),
            first: 0,
            bytes: 0,
            numbered: 0,
            most_bytes: pace.bytes,
            most_numbered: pace.ring,
            floor: 0,
            passing: None,
            clients: BTreeMap::new(),
            came: 0,
            most_clients: pace.clients,
            news: watch::Sender::new(()),
            linger: pace.linger,
            empty_since: None,
            is_closed: false,
        }
    }

    /// Returns the id of the last event.
    pub fn mark(&self) -> String {
        self.id(self.last)
    }

    fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.epoch)
    }

    fn event(&self, number: u64, name: &str, data: &str) -> String {
        format!("id: {}\nevent: {name}\ndata: {data}\n\n", self.id(number))
    }

    /// Sends events of this name to everybody, each under a number of its own; returns how many clients were too slow.
    pub fn send(&mut self, name: &str, data: impl Iterator<Item = String>) -> usize {
        let mut slow = 0;
        for data in data {
            self.last += 1;
            let event = self.event(self.last, name, &data);
            slow += self.push(true, event.into());
        }
        self.news.send_replace(());
        slow
    }

    /// Sends an event of which only the newest counts and which has no number of its own; returns how many clients were
    /// too slow.
    pub fn send_passing(&mut self, name: &str, data: &str) -> usize {
        self.passing = Some((name.to_owned(), data.to_owned()));
        self.hand_out(self.event(self.last, name, data).into())
    }

    /// Sends a heartbeat, which keeps proxies from closing idle streams; returns how many clients were too slow.
    pub fn beat(&mut self) -> usize {
        self.hand_out(HEARTBEAT)
    }

    /// Sends a reset, because events were lost: all clients must reload; returns how many were too slow.
    pub fn reset(&mut self) -> usize {
        self.last += 1;
        self.floor = self.last;
        self.hand_out(self.reset_event().into())
    }

    fn reset_event(&self) -> String {
        self.event(self.last, "reset", "{}")
    }

    fn hand_out(&mut self, text: Bytes) -> usize {
        let slow = self.push(false, text);
        self.news.send_replace(());
        slow
    }

    /// Appends an entry and drops the oldest ones beyond the limits. Clients that have not read those are cut off, as
    /// nobody waits for them; returns how many were.
    fn push(&mut self, is_numbered: bool, text: Bytes) -> usize {
        self.bytes += text.len() + ENTRY_BYTES;
        self.numbered += usize::from(is_numbered);
        self.log.push_back(Entry { number: self.last, is_numbered, text });
        while self.bytes > self.most_bytes || self.numbered > self.most_numbered {
            let Some(old) = self.log.pop_front() else { break };
            self.first += 1;
            self.bytes -= old.text.len() + ENTRY_BYTES;
            self.numbered -= usize::from(old.is_numbered);
        }
        let (first, before) = (self.first, self.clients.len());
        self.clients.retain(|_, cursor| cursor.place >= first);
        before - self.clients.len()
    }

    /// Returns how many clients read.
    pub fn clients(&self) -> usize {
        self.clients.len()
    }

    /// Adds a client; what it missed since the event with that id comes first.
    pub fn subscribe(&mut self, since: Option<&str>) -> Result<Subscribed, NoPlace> {
        if self.is_closed {
            return Err(NoPlace::Stopping);
        }
        if self.clients.len() >= self.most_clients {
            return Err(NoPlace::Full);
        }
        let end = self.first + self.log.len() as u64;
        let missed = since.map(|since| self.missed(since));
        // Under the id that the client has already: nothing after it was sent yet.
        let (number, place) = missed.flatten().unwrap_or((self.last, end));
        let mut first = format!("{RETRY}id: {}\n\n", self.id(number));
        if missed == Some(None) {
            first += &self.reset_event();
        }
        if let Some((name, data)) = self.passing.as_ref().filter(|_| since.is_some_and(|since| since != self.mark())) {
            first += &self.event(number, name, data);
        }
        self.came += 1;
        self.clients.insert(self.came, Cursor { place, offset: 0 });
        self.empty_since = None;
        Ok(Subscribed { client: self.came, first: first.into(), news: self.news.subscribe() })
    }

    /// Returns the number of the event with this id and the position of what came after it; `None` if that is not kept
    /// any more.
    fn missed(&self, id: &str) -> Option<(u64, u64)> {
        let (epoch, number) = id.split_once('-')?;
        let number: u64 = number.parse().ok().filter(|_| epoch == self.epoch)?;
        if number < self.floor || number > self.last {
            return None;
        }
        let after = self.log.partition_point(|entry| entry.number <= number);
        let is_there = number == self.last
            || self.log.get(after).is_some_and(|entry| entry.is_numbered && entry.number == number + 1);
        is_there.then_some((number, self.first + after as u64))
    }

    /// Returns a piece of what a client has not read yet.
    pub fn take(&mut self, client: u64) -> Taken {
        let Some(cursor) = self.clients.get_mut(&client) else { return Taken::Gone };
        let mut piece = Vec::new();
        while piece.len() < PIECE_BYTES {
            let Some(entry) = usize::try_from(cursor.place - self.first).ok().and_then(|at| self.log.get(at)) else {
                break;
            };
            let rest = &entry.text[cursor.offset..];
            let taken = rest.len().min(PIECE_BYTES - piece.len());
            piece.extend_from_slice(&rest[..taken]);
            *cursor = if taken == rest.len() {
                Cursor { place: cursor.place + 1, offset: 0 }
            } else {
                Cursor { offset: cursor.offset + taken, ..*cursor }
            };
        }
        if piece.is_empty() { Taken::Nothing } else { Taken::Piece(piece.into()) }
    }

    /// Removes a client that has left.
    pub fn leave(&mut self, client: u64) {
        self.clients.remove(&client);
    }

    /// Returns whether anybody reads, or did a moment ago: then they may come back.
    pub fn is_watched(&mut self, now: Instant) -> bool {
        if self.clients() > 0 {
            self.empty_since = None;
            return true;
        }
        now.duration_since(*self.empty_since.get_or_insert(now)) < self.linger
    }

    /// Clears the log: what was sent so far cannot be replayed.
    pub fn forget(&mut self) {
        self.first += self.log.len() as u64;
        self.log.clear();
        (self.bytes, self.numbered, self.floor) = (0, 0, self.last);
        self.passing = None;
    }

    /// Ends all streams and accepts no more.
    pub fn close(&mut self) {
        self.is_closed = true;
        self.clients.clear();
        self.news.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub() -> Hub {
        Hub::new("e", &LivePace { ring: 3, clients: 2, ..LivePace::default() })
    }

    fn send(hub: &mut Hub, names: &[&str]) -> usize {
        hub.send("call", names.iter().map(|name| format!("\"{name}\"")))
    }

    /// What a client gets as far as there is something; whether it is still there then.
    fn read(hub: &mut Hub, client: u64) -> (String, bool) {
        let mut text = String::new();
        loop {
            match hub.take(client) {
                Taken::Piece(piece) => text += std::str::from_utf8(&piece).unwrap(),
                Taken::Nothing => return (text, true),
                Taken::Gone => return (text, false),
            }
        }
    }

    /// Everything that a new client gets.
    fn text(hub: &mut Hub, since: Option<&str>) -> String {
        let subscribed = hub.subscribe(since).unwrap();
        let text = std::str::from_utf8(&subscribed.first).unwrap().to_owned() + &read(hub, subscribed.client).0;
        hub.leave(subscribed.client);
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
        let events = text(&mut hub, Some(&seen));
        assert_eq!(data(&events), ["\"b\"", "\"c\""]);
        assert!(events.contains(&format!("id: {}\nevent: call\ndata: \"c\"\n\n", hub.mark())), "{events}");
        assert!(
            events.starts_with(&format!("retry: 3000\nid: {seen}\n\n")),
            "broken off there, it misses nothing: {events}"
        );
        let mark = hub.mark();
        assert!(data(&text(&mut hub, Some(&mark))).is_empty());
        assert!(data(&text(&mut hub, None)).is_empty());
    }

    #[test]
    fn what_is_not_kept_any_more_or_never_was_leads_to_a_reset() {
        let mut hub = hub();
        let long_ago = hub.mark();
        send(&mut hub, &["a", "b", "c", "d"]);
        for since in [long_ago.as_str(), "0123456789ab-3", "e-99", "nonsense", "", "-"] {
            let events = text(&mut hub, Some(since));
            assert!(events.ends_with("event: reset\ndata: {}\n\n"), "{since}: {events}");
        }
        assert_eq!(data(&text(&mut hub, Some("e-1"))).len(), 3);
        hub.forget();
        assert!(text(&mut hub, Some("e-3")).contains("event: reset"));
        assert!(data(&text(&mut hub, Some("e-4"))).is_empty());
    }

    #[test]
    fn after_a_loss_nobody_is_told_a_story_with_a_hole() {
        let mut hub = hub();
        send(&mut hub, &["a"]);
        let seen = hub.mark();
        hub.reset();
        send(&mut hub, &["b"]);
        assert!(text(&mut hub, Some(&seen)).contains("event: reset"));
    }

    #[test]
    fn only_the_newest_figures_count_for_who_comes_back() {
        let mut hub = hub();
        hub.send_passing("stats", "1");
        send(&mut hub, &["a"]);
        hub.send_passing("stats", "2");
        send(&mut hub, &["b"]);
        assert_eq!(data(&text(&mut hub, Some("e-1"))), ["2", "\"b\""]);
        assert_eq!(data(&text(&mut hub, Some("e-0"))), ["2", "\"a\"", "2", "\"b\""]);
        assert_eq!(data(&text(&mut hub, Some("e-2"))), [""; 0]);
        assert_eq!(data(&text(&mut hub, None)), [""; 0]);
    }

    #[test]
    fn a_client_that_does_not_read_is_dropped_and_the_others_go_on() {
        let mut hub = hub();
        let slow = hub.subscribe(None).unwrap().client;
        let quick = hub.subscribe(None).unwrap().client;
        assert_eq!(hub.subscribe(None).map(drop).unwrap_err(), NoPlace::Full);
        let dropped: Vec<usize> = (0..4)
            .map(|_| {
                let slow = send(&mut hub, &["x"]);
                assert_eq!(data(&read(&mut hub, quick).0).len(), 1);
                slow
            })
            .collect();
        assert_eq!((dropped, hub.clients()), (vec![0, 0, 0, 1], 1));
        assert_eq!(read(&mut hub, slow), (String::new(), false));
        assert!(hub.subscribe(None).is_ok());
    }

    #[test]
    fn what_waits_has_a_bound_in_bytes_however_many_read_and_is_handed_out_in_pieces() {
        let mut hub = Hub::new("e", &LivePace { ring: 1_000, bytes: 300_000, ..LivePace::default() });
        let clients: Vec<_> = (0..200).map(|_| hub.subscribe(None).unwrap().client).collect();
        let long = "x".repeat(40_000);
        assert_eq!(hub.send("call", (0..7).map(|_| long.clone())), 0);
        let first = clients[0];
        let Taken::Piece(piece) = hub.take(first) else { panic!("there is something") };
        assert_eq!(piece.len(), PIECE_BYTES);
        let text = std::str::from_utf8(&piece).unwrap().to_owned() + &read(&mut hub, first).0;
        assert_eq!(data(&text), [long.as_str(); 7], "put together it is what was sent");
        assert_eq!(hub.send("call", std::iter::once(long.clone())), 199, "all but the one that has read");
        for _ in 0..100 {
            hub.send("call", std::iter::once(long.clone()));
            assert!(hub.log.iter().map(|entry| entry.text.len()).sum::<usize>() <= 300_000);
        }
        for _ in 0..50_000 {
            hub.beat();
        }
        assert!(hub.log.len() * ENTRY_BYTES <= 300_000, "signs of life take room, too");
    }

    #[test]
    fn after_the_end_everybody_is_gone_and_nobody_comes() {
        let mut hub = hub();
        let subscribed = hub.subscribe(None).unwrap();
        hub.close();
        assert!(subscribed.news.has_changed().unwrap());
        assert!(matches!(hub.take(subscribed.client), Taken::Gone));
        assert_eq!(hub.subscribe(None).map(drop).unwrap_err(), NoPlace::Stopping);
    }

    #[test]
    fn it_stays_awake_for_a_while_after_the_last_client_left() {
        let mut hub = hub();
        let start = Instant::now();
        let client = hub.subscribe(None).unwrap().client;
        assert!(hub.is_watched(start));
        hub.leave(client);
        assert!(hub.is_watched(start));
        assert!(hub.is_watched(start + hub.linger / 2));
        assert!(!hub.is_watched(start + hub.linger));
    }
}
