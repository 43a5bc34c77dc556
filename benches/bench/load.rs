//! A light load generator: kept connections, requests written as bytes, answers read no further than needed, so that it
//! takes little of the processors that it shares with the server.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use fernamt::simulate::events::ScriptedCall;
use fernamt::simulate::habits::Habits;
use fernamt::simulate::latency::{Latencies, LatencyMs};
use fernamt::simulate::script::Script;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};

use crate::process::Server;

const WARM_UP: Duration = Duration::from_millis(700);

/// What is sent, and how.
#[derive(Clone, Copy)]
pub struct Load {
    /// How many events are under way at a time.
    pub connections: usize,
    /// When it is over.
    pub until: Until,
    /// Only each call's first event, and only of inbound calls.
    pub incoming_calls_only: bool,
    /// The same seed gives the same calls.
    pub seed: u64,
}

/// When a load is over.
#[derive(Clone, Copy)]
pub enum Until {
    /// After this long, not counting the time in which the server warms up.
    After(Duration),
    /// After so many events.
    Events(u64),
}

/// What came of it.
pub struct Outcome {
    pub events_per_second: f64,
    /// Of the server, per event, in microseconds.
    pub cpu_per_event: f64,
    pub latency: LatencyMs,
}

/// Loads the server with the calls of `fernamt simulate`.
pub fn run(server: &Server, load: Load) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, flood(server, load))
}

async fn flood(server: &Server, load: Load) -> Outcome {
    let limit = if let Until::Events(limit) = load.until { limit } else { u64::MAX };
    let source = Rc::new(Source {
        script: RefCell::new(Script::new(Habits::default(), load.seed)),
        incoming_calls_only: load.incoming_calls_only,
        address: server.address,
        left: Cell::new(limit),
        answered: Cell::new(0),
        latencies: RefCell::default(),
    });
    let mut connections = JoinSet::new();
    for _ in 0..load.connections {
        connections.spawn_local(Rc::clone(&source).connection());
    }
    let all_sent = async {
        while let Some(ended) = connections.join_next().await {
            ended.unwrap()
        }
    };
    let warm_up = if let Until::After(_) = load.until { WARM_UP } else { Duration::ZERO };
    let measured = async {
        tokio::time::sleep(warm_up).await;
        *source.latencies.borrow_mut() = Latencies::default();
        let (started, before, cpu) = (Instant::now(), source.answered.get(), server.cpu());
        match load.until {
            Until::After(duration) => tokio::time::sleep(duration).await,
            Until::Events(events) => {
                while source.answered.get() < events {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
        }
        let events = (source.answered.get() - before) as f64;
        Outcome {
            events_per_second: events / started.elapsed().as_secs_f64(),
            cpu_per_event: (server.cpu() - cpu).as_secs_f64() * 1e6 / events,
            latency: source.latencies.borrow().summary(),
        }
    };
    let measured = async {
        let outcome = measured.await;
        // Whoever asks for the next event ends.
        source.left.set(0);
        outcome
    };
    tokio::join!(measured, all_sent).0
}

struct Source {
    script: RefCell<Script>,
    incoming_calls_only: bool,
    address: SocketAddr,
    left: Cell<u64>,
    answered: Cell<u64>,
    latencies: RefCell<Latencies>,
}

impl Source {
    /// Call after call without a pause.
    async fn connection(self: Rc<Self>) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (mut request, mut answer) = (String::new(), Vec::new());
        while self.left.get() > 0 {
            let call = self.next_call();
            let steps = if self.incoming_calls_only { 1 } else { call.steps.len() };
            for step in &call.steps[..steps] {
                let Some(left) = self.left.get().checked_sub(1) else { return };
                self.left.set(left);
                write_request(&mut request, self.address, &step.body);
                let sent = Instant::now();
                stream.write_all(request.as_bytes()).await.unwrap();
                assert!(read_answer(&mut stream, &mut answer).await, "refused");
                self.latencies.borrow_mut().add(sent.elapsed());
                self.answered.set(self.answered.get() + 1);
            }
        }
    }

    fn next_call(&self) -> ScriptedCall {
        loop {
            let call = self.script.borrow_mut().next_call();
            if !self.incoming_calls_only || call.steps[0].body.contains("event=IncomingCall") {
                return call;
            }
        }
    }
}

fn write_request(request: &mut String, host: SocketAddr, body: &str) {
    request.clear();
    let length = body.len();
    write!(
        request,
        "POST /placetel HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
}

/// Reads one answer, which must have a length; whether it is 200, otherwise it is 503.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> bool {
    answer.clear();
    loop {
        assert!(stream.read_buf(answer).await.unwrap() > 0, "the server closed the connection");
        let Some(head) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&answer[..head]).unwrap();
        let is_taken = text.starts_with("HTTP/1.1 200");
        assert!(is_taken || text.starts_with("HTTP/1.1 503"), "{text}");
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        if answer.len() >= head + 4 + length.parse::<usize>().unwrap() {
            return is_taken;
        }
    }
}

/// More than the server can do, and callers among it.
#[derive(Clone, Copy)]
pub struct Crowd {
    /// Connections whose events are none of incoming calls, and how many they would send together.
    pub others: usize,
    pub others_per_second: f64,
    /// Connections for incoming calls, and how many they send together.
    pub callers: usize,
    pub calls_per_second: f64,
    pub lasting: Duration,
}

/// What came of it.
pub struct Overload {
    pub taken: u64,
    pub refused: u64,
    pub calls: u64,
    pub caller_latency: LatencyMs,
    /// Of callers, in order.
    caller_times: Vec<Duration>,
}

impl Overload {
    /// So many milliseconds at most waited all callers but one in a thousand.
    pub fn p99_9(&self) -> f64 {
        let place = self.caller_times.len() * 999 / 1000;
        self.caller_times.get(place.saturating_sub(1)).map_or(f64::NAN, |took| took.as_secs_f64() * 1e3)
    }
}

/// Each connection has a timetable of its own and is never ahead of it; whoever is late sends at once.
pub fn overload(server: &Server, crowd: Crowd) -> Overload {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let until = Instant::now() + crowd.lasting;
        let mut connections = JoinSet::new();
        let lanes = [
            (crowd.callers, crowd.calls_per_second, "IncomingCall&direction=in&from=03023125000&to=022129191999"),
            (crowd.others, crowd.others_per_second, "HungUp&type=missed&duration=0"),
        ];
        for (lane, (count, per_second, event)) in lanes.into_iter().enumerate() {
            let every = Duration::from_secs_f64(count as f64 / per_second);
            for number in 0..count {
                let first = Instant::now() + every.mul_f64(number as f64 / count as f64);
                let sending = keep_sending(server.address, format!("{lane}-{number}"), event, first, every, until);
                connections.spawn_local(async move { (lane, sending.await) });
            }
        }
        let (mut sums, mut caller_times) = ([(0, 0), (0, 0)], Vec::new());
        while let Some(ended) = connections.join_next().await {
            let (lane, (taken, refused, times)) = ended.unwrap();
            sums[lane].0 += taken;
            sums[lane].1 += refused;
            caller_times.extend(times);
        }
        caller_times.sort_unstable();
        let mut latencies = Latencies::default();
        caller_times.iter().for_each(|took| latencies.add(*took));
        let [(calls, unanswered), (taken, refused)] = sums;
        assert_eq!(unanswered, 0, "every caller is answered");
        Overload { taken, refused, calls, caller_latency: latencies.summary(), caller_times }
    })
}

async fn keep_sending(
    address: SocketAddr,
    name: String,
    event: &'static str,
    mut next: Instant,
    every: Duration,
    until: Instant,
) -> (u64, u64, Vec<Duration>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut request, mut answer, mut times) = (String::new(), Vec::new(), Vec::new());
    let (mut taken, mut refused) = (0, 0);
    while next < until && Instant::now() < until {
        tokio::time::sleep_until(next.into()).await;
        next += every;
        write_request(&mut request, address, &format!("call_id=o{name}-{}&event={event}", taken + refused));
        let sent = Instant::now();
        stream.write_all(request.as_bytes()).await.unwrap();
        if read_answer(&mut stream, &mut answer).await {
            taken += 1
        } else {
            refused += 1
        }
        if event.starts_with("IncomingCall") {
            times.push(sent.elapsed());
        }
    }
    (taken, refused, times)
}
