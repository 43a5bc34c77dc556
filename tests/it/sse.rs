//! A client of the live stream (server-sent events) that reads incrementally.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(30);

/// One event, or a comment (`name` is empty then).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    pub name: String,
    pub id: String,
    pub data: String,
}

impl Event {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

pub struct Stream {
    reader: BufReader<TcpStream>,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    text: String,
    pieces: VecDeque<String>,
    is_complete: bool,
}

impl Stream {
    /// Opens the stream at `address`; `since` goes into `Last-Event-ID`.
    pub fn open(address: SocketAddr, path: &str, since: Option<&str>) -> Self {
        Self::over(TcpStream::connect(address).unwrap(), path, since)
    }

    pub fn over(mut stream: TcpStream, path: &str, since: Option<&str>) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let since = since.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nAccept-Encoding: gzip\r\n{since}\r\n").unwrap();
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            line.clear();
            reader.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        Self { reader, status, headers, text: String::new(), pieces: VecDeque::new(), is_complete: false }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The next piece of text between blank lines; `None` at the end.
    #[track_caller]
    pub fn piece(&mut self) -> Option<String> {
        while self.pieces.is_empty() {
            let mut size = String::new();
            self.reader.read_line(&mut size).expect("something comes in time");
            let last = size.trim() == "0";
            let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
            if size == 0 {
                self.is_complete = last;
                return None;
            }
            let mut chunk = vec![0; size + 2];
            self.reader.read_exact(&mut chunk).unwrap();
            self.text += std::str::from_utf8(&chunk[..size]).unwrap();
            while let Some((piece, rest)) = self.text.split_once("\n\n") {
                self.pieces.push_back(piece.to_owned());
                self.text = rest.to_owned();
            }
        }
        self.pieces.pop_front()
    }

    /// Whether it came to its end, and was not cut off.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// The next event, comments and bare ids passed over.
    #[track_caller]
    pub fn event(&mut self) -> Event {
        loop {
            let piece = self.piece().expect("the stream goes on");
            let field = |name: &str| {
                piece
                    .lines()
                    .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                    .unwrap_or_default()
                    .to_owned()
            };
            let event = Event { name: field("event"), id: field("id"), data: field("data") };
            if !event.name.is_empty() {
                return event;
            }
        }
    }

    /// The next event of this name.
    #[track_caller]
    pub fn next(&mut self, name: &str) -> Event {
        loop {
            let event = self.event();
            if event.name == name {
                return event;
            }
        }
    }

    /// The ids of the calls that the next events tell of, up to the one of `last`.
    #[track_caller]
    pub fn calls_until(&mut self, last: &str) -> Vec<String> {
        let mut calls = Vec::new();
        while calls.last().is_none_or(|call| call != last) {
            calls.push(self.next("call").json()["call_id"].as_str().unwrap().to_owned());
        }
        calls
    }
}
