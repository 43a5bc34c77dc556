//! Benchmark of routing in process: one call among ten thousand routes, and a replay of 100,000 by an edited table.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fernamt::calls::phone::Numbering;
use fernamt::placetel::event::CallId;
use fernamt::routing::hours::HoursContext;
use fernamt::routing::incoming::{History, Incoming};
use fernamt::routing::named::{NumberList, Schedule, Shared};
use fernamt::routing::replay::{Comparison, PastCall};
use fernamt::routing::route::{RouteContext, RouteDraft};
use fernamt::routing::table::{CompileContext, RoutingTable};
use fernamt::routing::trial::{TrialTable, TriedRoute};

use crate::routes::{ROUTES, definition};
use crate::table::{Table, Wanted, median, thousands};

const CALLS: usize = 100_000;
const ROUNDS: usize = 5;
/// 2026-10-24, so that a clock change is among the thirty days.
const BEGIN_MS: i64 = 1_792_800_000_000;
const SPAN_MS: i64 = 30 * 86_400_000;

pub fn measure(table: &mut Table) {
    let numbering = Arc::new(Numbering::new("DE").unwrap());
    let (hours, shared) = (HoursContext::new(chrono_tz::Europe::Berlin, "DE", None), shared());
    let compile_context = CompileContext { numbering: &numbering, hours: &hours, shared: &shared };
    let routes = routes(&RouteContext::new(&hours, &shared));
    let today = TrialTable::new(routes.clone(), compile_context);
    let calls = calls();
    decide(table, &today.table, &calls);
    let mut edited = routes;
    edited[usize::try_from(ROUTES).unwrap() - 1].draft.enabled = false;
    let edited = TrialTable::new(edited, compile_context);
    replay(table, &today.table, &edited, &calls);
}

fn decide(table: &mut Table, today: &RoutingTable, calls: &[PastCall]) {
    let history = History::default();
    let decided = |call: &PastCall| {
        let (call_id, from, to) = (call.call_id.as_str(), call.from.as_deref(), call.to.as_deref());
        today.decide(&Incoming { call_id, from, to, at_ms: call.at_ms }, &history)
    };
    let matched = calls.iter().filter(|call| decided(call).route_id.is_some()).count();
    assert!(matched > calls.len() / 2, "only {matched} calls were answered by a route");
    let times = calls.iter().map(|call| {
        let begin = Instant::now();
        std::hint::black_box(decided(call));
        begin.elapsed().as_secs_f64() * 1e6
    });
    table.require("calls: a decision among 10,000 routes", median(times), " us", Wanted::AtMost(5.0));
}

fn replay(table: &mut Table, today: &RoutingTable, edited: &TrialTable, calls: &[PastCall]) {
    let history = History::default();
    let rates = (0..ROUNDS).map(|_| {
        let calls = calls.to_vec();
        let begin = Instant::now();
        let mut comparison = Comparison::default();
        calls.into_iter().for_each(|call| comparison.add(call, today, edited, &history));
        let replay = comparison.finish(edited);
        let took: Duration = begin.elapsed();
        assert!(replay.changed > 0 && replay.changed < replay.calls, "{} of {}", replay.changed, replay.calls);
        // By two tables each.
        2.0 * CALLS as f64 / took.as_secs_f64()
    });
    let rate = median(rates);
    table.note("calls: replay of 100,000 calls", format!("{:.2} s", 2.0 * CALLS as f64 / rate));
    table.note("calls: decisions of a replay", format!("{}/s", thousands(rate)));
    table.require("calls: decisions of a replay", rate / 1e6, " million/s", Wanted::AtLeast(0.5));
}

/// Ten lists of a thousand numbers, and a schedule.
fn shared() -> Shared {
    let list = |list: i64| {
        let numbers = (0..1_000).map(|number| format!("+4917{:08}", number * 10 + list)).collect();
        NumberList { name: format!("list{list}"), numbers }
    };
    let office =
        Schedule { name: "office".into(), hours: Some("Mo-Fr 09:00-17:00; PH off".into()), closed: Vec::new() };
    Shared { lists: (0..10).map(list).collect(), schedules: vec![office], closed: None }
}

/// Every eighth is for a list, every eighth keeps the schedule.
fn routes(context: &RouteContext<'_>) -> Vec<TriedRoute> {
    let route = |number: i64| {
        let mut json = definition(number);
        json["name"] = format!("Route {number}").into();
        json["position"] = number.into();
        match number % 8 {
            1 => json["from"] = serde_json::json!([format!("@list{}", number % 10)]),
            3 => json["hours"] = "@office".into(),
            _ => {}
        }
        TriedRoute { id: Some(number), draft: RouteDraft::from_json(&json, context).unwrap() }
    };
    (0..ROUTES).map(route).collect()
}

/// On the company's lines: as many callers as calls, one in ten of whom calls again and again.
fn calls() -> Vec<PastCall> {
    let call = |number: i64| {
        let caller = if number % 10 == 0 { number % 100 } else { number };
        let from = match number % 4 {
            0 => format!("0301{caller:06}"),
            1 => format!("0{}{:04}", 20_000 + caller % 10_000, number % 9_000),
            2 => format!("+4917{caller:08}"),
            _ => "anonymous".to_owned(),
        };
        let to = format!("0221471{:04}", 100 + number % 100);
        let call_id = CallId::parse(&format!("{number:064x}")).unwrap();
        let at_ms = BEGIN_MS + SPAN_MS / CALLS as i64 * number;
        PastCall { call_id, from: Some(from), to: Some(to), at_ms }
    };
    (0..CALLS as i64).map(call).collect()
}
