//! Tests of the simulator against a minimal server, which counts by itself what it acknowledged.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::driver::{Pace, Plan, Stop, run_blocking};
use super::endpoint::Endpoint;
use super::habits::Habits;
use super::ledger::Report;

/// A request as the server read it.
struct Request {
    headers: HashMap<String, String>,
    body: String,
}

impl Request {
    fn field(&self, name: &str) -> Option<String> {
        let mut fields = form_urlencoded::parse(self.body.as_bytes());
        fields.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    }

    fn is(&self, event: &str) -> bool {
        self.field("event").as_deref() == Some(event)
    }
}

/// Starts a server that answers the nth request (from 0) with the status given by `judge`, and keeps what got 200.
fn serve(judge: impl Fn(usize, &Request) -> u16 + Send + 'static) -> (String, Arc<Mutex<Vec<Request>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let taken = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&taken);
    std::thread::spawn(move || {
        for (nth, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let request = read(&stream);
            let status = judge(nth, &request);
            if status == 200 {
                kept.lock().unwrap().push(request);
            }
            write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 11\r\nconnection: close\r\n\r\n<Response/>")
                .unwrap();
        }
    });
    (url, taken)
}

fn read(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.trim().to_lowercase(), value.trim().to_owned());
        }
    }
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    Request { headers, body: String::from_utf8(body).unwrap() }
}

fn plan(url: &str, pace: Pace) -> Plan {
    Plan {
        endpoint: Endpoint::new(url, None, None).unwrap(),
        pace,
        duration: None,
        calls: Some(60),
        retries: 10,
        doubled: 0.0,
        late: 0.0,
        habits: Habits::default(),
        seed: 3,
    }
}

fn run(plan: Plan) -> Report {
    let (_stop, told) = watch::channel(Stop::No);
    run_blocking(plan, told, |_| {}, async {}).unwrap()
}

/// Counts outcomes and talk seconds of the acknowledged events.
fn counted(taken: &[Request]) -> (BTreeMap<String, u64>, u64) {
    let mut hangups: BTreeMap<String, Option<(String, u64)>> = BTreeMap::new();
    for request in taken {
        let call = hangups.entry(request.field("call_id").unwrap()).or_default();
        if request.is("HungUp") {
            *call = Some((request.field("type").unwrap(), request.field("duration").unwrap().parse().unwrap()));
        }
    }
    let mut outcomes = BTreeMap::new();
    let mut talked = 0;
    for hangup in hangups.into_values() {
        let (outcome, seconds) = hangup.unwrap_or(("open".to_owned(), 0));
        *outcomes.entry(outcome).or_default() += 1;
        talked += seconds;
    }
    (outcomes, talked)
}

fn assert_tally_is_what_was_taken(report: &Report, taken: &[Request]) {
    let (outcomes, talked) = counted(taken);
    let tallied = report.totals.outcomes.named().into_iter().filter(|(_, count)| *count > 0);
    assert_eq!(tallied.map(|(name, count)| (name.to_owned(), count)).collect::<BTreeMap<_, _>>(), outcomes);
    assert_eq!(report.totals.talk_seconds.total, talked);
    assert_eq!(report.totals.calls, outcomes.values().sum::<u64>());
}

#[test]
fn the_tally_is_what_a_choosy_server_took() {
    let (url, taken) = serve(|nth, request| if nth % 4 == 1 && !request.is("IncomingCall") { 503 } else { 200 });
    let report = run(Plan { doubled: 0.2, late: 0.2, ..plan(&url, Pace::Flood(3)) });
    let taken = taken.lock().unwrap();
    assert_tally_is_what_was_taken(&report, &taken);
    assert!(report.totals.outcomes.open > 0, "some hangups were refused");
    let counts = &report.deliveries;
    assert!(counts.doubled > 0 && counts.late > 0 && counts.lost() > 0);
    assert_eq!(counts.deliveries, counts.events + counts.doubled);
    assert_eq!(taken.len() as u64, counts.deliveries - counts.refused[&503]);
}

#[test]
fn a_refused_incoming_call_is_sent_again_and_other_events_are_not() {
    let (url, taken) = serve(|nth, _| if nth < 2 { 500 } else { 200 });
    let mut script = super::script::Script::new(Habits::default(), 3);
    let first_is_inbound = script.next_call().steps[0].body.contains("IncomingCall");
    assert!(first_is_inbound, "another seed is needed");
    let report = run(Plan { calls: Some(1), ..plan(&url, Pace::Flood(1)) });
    assert_eq!((report.deliveries.retried, report.deliveries.lost()), (2, 0));
    assert_eq!(report.deliveries.refused, BTreeMap::from([(500, 2)]));
    assert!(taken.lock().unwrap()[0].is("IncomingCall"));

    let (url, _) = serve(|_, request| if request.is("IncomingCall") { 200 } else { 500 });
    let report = run(Plan { calls: Some(5), ..plan(&url, Pace::Flood(1)) });
    assert_eq!((report.deliveries.retried, report.totals.outcomes.open), (0, report.totals.inbound));
}

#[test]
fn calls_in_real_time_come_to_their_end_after_the_last_began() {
    let (url, taken) = serve(|_, _| 200);
    let quick =
        Habits { ring_seconds: (0.05, 0.2), talk_mean_seconds: 0.3, talk_max_seconds: 1.5, ..Habits::default() };
    let started = Instant::now();
    let report = run(Plan {
        calls: None,
        duration: Some(Duration::from_millis(500)),
        habits: Habits { inbound_endings: vec![(super::events::Ending::Accepted, 1.0)], inbound: 1.0, ..quick },
        ..plan(&url, Pace::Rate(50.0))
    });
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(report.totals.calls > 5);
    assert_eq!((report.totals.outcomes.accepted, report.deliveries.lost()), (report.totals.calls, 0));
    assert_tally_is_what_was_taken(&report, &taken.lock().unwrap());
}

#[test]
fn told_to_stop_now_it_leaves_calls_open() {
    let (url, taken) = serve(|_, _| 200);
    let (stop, told) = watch::channel(Stop::No);
    let on_progress = |progress: super::ledger::Progress| {
        if progress.acknowledged > 5 {
            stop.send_replace(Stop::Now);
        }
    };
    let report = run_blocking(plan(&url, Pace::Rate(100.0)), told, on_progress, async {}).unwrap();
    assert!(report.totals.outcomes.open > 0);
    assert!(report.totals.calls <= taken.lock().unwrap().len() as u64);
}

#[test]
fn told_to_stop_after_the_running_calls_it_begins_no_more() {
    let (url, _) = serve(|_, _| 200);
    let (stop, told) = watch::channel(Stop::No);
    let on_progress = |progress: super::ledger::Progress| {
        if progress.acknowledged > 5 {
            stop.send_replace(Stop::AfterRunningCalls);
        }
    };
    let report = run_blocking(Plan { calls: None, ..plan(&url, Pace::Flood(2)) }, told, on_progress, async {}).unwrap();
    assert!(report.totals.calls > 0);
    assert_eq!(report.totals.outcomes.open, 0);
}

#[test]
fn events_are_signed_and_carry_credentials() {
    let (url, taken) = serve(|_, _| 200);
    let basic = Some(("pbx".to_owned(), "geheim".to_owned()));
    let endpoint = Endpoint::new(&url, Some("12345".to_owned()), basic).unwrap();
    run(Plan { endpoint, calls: Some(1), ..plan(&url, Pace::Flood(1)) });
    let taken = taken.lock().unwrap();
    let headers = &taken[0].headers;
    let signature = &headers["x-placetel-signature"];
    assert!(crate::placetel::signature::is_valid(["12345"], taken[0].body.as_bytes(), signature));
    assert_eq!(headers["authorization"], "Basic cGJ4OmdlaGVpbQ==");
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
}

#[test]
fn without_a_server_there_are_no_calls_and_a_reason() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let report = run(Plan { calls: Some(3), retries: 1, ..plan(&url, Pace::Flood(1)) });
    assert_eq!((report.totals.calls, report.deliveries.acknowledged), (0, 0));
    assert_eq!(report.deliveries.unanswered, report.deliveries.deliveries);
    assert!(report.last_failure.unwrap().contains("connect"));
}
