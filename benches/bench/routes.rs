//! Benchmark of answering calls by ten thousand routes, in processor time of the server.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, params};
use serde_json::json;

use crate::load::{self, Load, Until};
use crate::machine::scratch;
use crate::process::Server;
use crate::table::{Table, Wanted, median};

pub const ROUTES: i64 = 10_000;
const ROUNDS: u64 = 3;
const MEASURED: Duration = Duration::from_millis(2500);

pub fn measure(table: &mut Table) {
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for seed in 0..ROUNDS {
        let load = Load { connections: 64, until: Until::After(MEASURED), incoming_calls_only: true, seed };
        let (bare, routed) = (scratch(), scratch());
        without.push(load::run(&Server::fernamt(bare.path()), load).cpu_per_event);
        Server::fernamt(routed.path()).stop();
        insert_routes(routed.path());
        with.push(load::run(&Server::fernamt(routed.path()), load).cpu_per_event);
        assert_some_matched(routed.path());
    }
    let (without, with) = (median(without), median(with));
    table.note("calls: CPU of an IncomingCall, no routes", format!("{without:.1} us"));
    table.note("calls: CPU of an IncomingCall, 10,000 routes", format!("{with:.1} us"));
    table.require("calls: 10,000 routes to none", with / without, "", Wanted::AtMost(1.25));
}

/// Callers, area codes and hours as they are in real tables; the last routes match most calls.
fn insert_routes(directory: &Path) {
    let mut connection = Connection::open(directory.join("fernamt.db")).unwrap();
    let transaction = connection.transaction().unwrap();
    let insert = "insert into routes (version, position, enabled, name, definition) values (1, ?, true, ?, ?)";
    let mut statement = transaction.prepare(insert).unwrap();
    for number in 0..ROUTES {
        let definition = definition(number);
        statement.execute(params![number, format!("Route {number}"), definition.to_string()]).unwrap();
    }
    drop(statement);
    transaction.commit().unwrap();
}

pub fn definition(number: i64) -> serde_json::Value {
    let hours = ["Mo-Fr 08:00-18:00", "Mo-Fr 09:00-17:00; PH off", "Sa,Su 10:00-14:00", "Mo-Su 22:00-06:00"];
    let own_line = format!("0221471{:04}", 100 + number % 100);
    let (to, from, hours) = match number % 4 {
        _ if number + 100 >= ROUTES => (vec![own_line], vec![], None),
        0 => (vec![], vec![format!("0301{number:06}")], None),
        1 => (vec![own_line], vec![format!("0{:05}*", 20_000 + number)], Some(hours[(number / 4 % 4) as usize])),
        2 => (
            vec![own_line],
            vec![format!("+4917{number:08}"), "anonymous".to_owned()],
            Some(hours[(number / 4 % 4) as usize]),
        ),
        _ => (
            vec![format!("0221{number:06}"), format!("0222{number:05}*")],
            vec![],
            Some(hours[(number / 4 % 4) as usize]),
        ),
    };
    let targets = json!([{"ringtime": 30, "numbers": ["7777abcdefg@fpbx.de", "022129191999"]}]);
    let reply = json!({"action": "forward", "music_on_hold": true, "voicemail": true, "voicemail_announcement": "4",
        "voicemail_as_attachment": false, "targets": targets});
    json!({"to": to, "from": from, "hours": hours, "reply": reply})
}

fn assert_some_matched(directory: &Path) {
    let connection = Connection::open(directory.join("fernamt.db")).unwrap();
    let routed: i64 = connection
        .query_row("select count(*) from decisions where route_id is not null", [], |row| row.get(0))
        .unwrap();
    assert!(routed > 1000, "only {routed} calls were answered by a route");
}
