//! A test oracle: counts calls and statistics independently, from the wire contract and the law of the fold alone,
//! without knowing how the program does it. Numbers are looked up in the table that the histories are made from.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Datelike, Days, NaiveDate, Timelike, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::histories::{Delivery, e164};

pub const OUTCOMES: [&str; 11] = [
    "accepted",
    "missed",
    "voicemail",
    "blocked",
    "busy",
    "canceled",
    "unavailable",
    "congestion",
    "other",
    "unknown",
    "open",
];
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// A call as its events tell.
#[derive(Clone, Debug)]
pub struct Call {
    pub id: String,
    pub direction: Option<&'static str>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub number: Option<String>,
    pub party: Option<String>,
    pub peer: Option<String>,
    pub started_ms: i64,
    pub accepted_ms: Option<i64>,
    pub ended_ms: Option<i64>,
    ending: Option<&'static str>,
    has_incoming: bool,
    talk_seconds: Option<i64>,
    events: usize,
}

/// What to count.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub start: NaiveDate,
    pub end: NaiveDate,
    pub direction: Option<&'static str>,
    pub number: Option<&'static str>,
    pub peer: Option<&'static str>,
    pub outcomes: Vec<&'static str>,
    pub party: Option<&'static str>,
    pub q: Option<&'static str>,
    pub hours: Option<&'static str>,
}

/// The company, and everything that happened to it.
pub struct Oracle {
    pub zone: Tz,
    /// Whether it is open Monday to Friday from 9 to 17 only.
    pub office_hours: bool,
    pub timeout_ms: i64,
    pub service_level_seconds: i64,
    pub calls: Vec<Call>,
    /// The routes that answered calls: id and name, by call id.
    pub routes: HashMap<String, (i64, String)>,
}

struct Event {
    at_ms: i64,
    body: Vec<u8>,
    fields: HashMap<String, String>,
}

impl Event {
    fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn is(&self, name: &str) -> bool {
        self.get("event") == Some(name)
    }

    /// Incoming/Outgoing before Accepted before other before HungUp.
    fn rank(&self) -> u8 {
        match self.get("event") {
            Some("IncomingCall" | "OutgoingCall") => 0,
            Some("CallAccepted") => 1,
            Some("HungUp") => 3,
            _ => 2,
        }
    }

    /// A raw plus sign arrives as a space.
    fn number(&self, name: &str) -> Option<String> {
        self.get(name).map(|raw| raw.strip_prefix(' ').map_or(raw.to_owned(), |rest| format!("+{rest}")))
    }

    fn duration(&self) -> Option<u64> {
        let digits = self.get("duration").filter(|raw| raw.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits.parse().ok().filter(|seconds| *seconds <= DAY_SECONDS)
    }
}

/// Every call of a log.
pub fn fold(deliveries: &[Delivery]) -> Vec<Call> {
    let mut earliest: BTreeMap<(String, Vec<u8>), i64> = BTreeMap::new();
    for Delivery { at_ms, body } in deliveries {
        let id = fields(body)["call_id"].clone();
        let time = earliest.entry((id, body.clone().into_bytes())).or_insert(*at_ms);
        *time = (*time).min(*at_ms);
    }
    let mut events: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for ((id, body), at_ms) in earliest {
        let fields = fields(std::str::from_utf8(&body).unwrap());
        events.entry(id).or_default().push(Event { at_ms, body, fields });
    }
    events.into_iter().map(|(id, events)| call(id, events)).collect()
}

fn fields(body: &str) -> HashMap<String, String> {
    let mut fields = HashMap::new();
    for (name, value) in form_urlencoded::parse(body.as_bytes()).into_owned() {
        fields.entry(name).or_insert(value);
    }
    fields
}

fn call(id: String, mut events: Vec<Event>) -> Call {
    events.sort_by(|a, b| (a.at_ms, a.rank(), &a.body).cmp(&(b.at_ms, b.rank(), &b.body)));
    let hangup = events.iter().rev().find(|event| event.is("HungUp"));
    let ending = hangup.map(|event| {
        let known = OUTCOMES[..8].iter().find(|word| event.get("type") == Some(word));
        known.copied().unwrap_or("other")
    });
    let told =
        events.iter().find_map(|event| ["in", "out"].into_iter().find(|word| event.get("direction") == Some(word)));
    let named = events.iter().find_map(|event| match event.get("event") {
        Some("IncomingCall" | "CallAccepted") => Some("in"),
        Some("OutgoingCall") => Some("out"),
        _ => None,
    });
    let outbound_only = ending.filter(|word| ["busy", "canceled", "unavailable", "congestion"].contains(word));
    let direction = told.or(named).or(outbound_only.map(|_| "out"));
    let from = events.iter().find_map(|event| event.number("from"));
    let to = events.iter().find_map(|event| event.number("to"));
    let is_internal = [&from, &to].iter().all(|side| side.as_deref().is_some_and(is_colleague));
    let (own, outside) = match direction {
        Some("in") => (&to, &from),
        Some(_) => (&from, &to),
        None => (&None, &None),
    };
    let peer_of = |name: &str| events.iter().filter(|event| event.is(name)).find_map(|event| event.get("peer"));
    let peer = match direction {
        Some("out") => peer_of("OutgoingCall").or_else(|| peer_of("CallAccepted")),
        _ => peer_of("CallAccepted"),
    };
    let duration = hangup.and_then(Event::duration).map(|seconds| seconds as i64);
    let talk_seconds =
        duration.filter(|seconds| ending == Some("accepted") && (*seconds > 0 || direction != Some("out")));
    let ended_ms = hangup.map(|event| event.at_ms);
    let by_hangup = ended_ms.map(|ended| ended - duration.unwrap_or(0) * 1000);
    let acceptance = events.iter().find(|event| event.is("CallAccepted")).map(|event| event.at_ms);
    Call {
        started_ms: events[0].at_ms.min(by_hangup.unwrap_or(i64::MAX)),
        accepted_ms: acceptance.or(talk_seconds.and(by_hangup)),
        ended_ms,
        number: own.as_deref().and_then(e164).map(str::to_owned),
        party: outside.as_deref().and_then(e164).map(str::to_owned),
        peer: peer.map(str::to_owned),
        has_incoming: events.iter().any(|event| event.is("IncomingCall")),
        events: events.len(),
        id,
        direction: if is_internal { Some("internal") } else { direction },
        from,
        to,
        ending,
        talk_seconds,
    }
}

/// A SIP user, or an extension: of what these tests dial, all else is a number of the public network.
fn is_colleague(raw: &str) -> bool {
    raw.contains('@') || ["23", "12"].contains(&raw)
}

impl Call {
    fn outcome(&self, now_ms: i64, timeout_ms: i64) -> &'static str {
        match (self.ending, self.accepted_ms) {
            (Some(ending), _) => ending,
            (None, _) if self.started_ms > now_ms - timeout_ms => "open",
            (None, Some(_)) => "accepted",
            (None, None) => "unknown",
        }
    }

    /// Seconds from the start to something that an inbound caller waited for.
    fn rang_until(&self, end_ms: Option<i64>) -> Option<i64> {
        end_ms.filter(|_| self.direction == Some("in") && self.has_incoming).map(|end| (end - self.started_ms) / 1000)
    }

    pub fn json(&self, now_ms: i64, timeout_ms: i64) -> Value {
        let outcome = self.outcome(now_ms, timeout_ms);
        let state = match (outcome, self.accepted_ms, self.direction) {
            ("open", Some(_), Some("in" | "internal") | None) => "talking",
            ("open", ..) => "ringing",
            _ => "ended",
        };
        let is_accepted = ["accepted", "open"].contains(&outcome);
        json!({
            "call_id": self.id, "direction": self.direction, "from": self.from, "to": self.to, "number": self.number,
            "party": self.party, "peer": self.peer, "state": state, "outcome": outcome,
            "started_at": rfc3339(self.started_ms), "accepted_at": self.accepted_ms.map(rfc3339),
            "ended_at": self.ended_ms.map(rfc3339),
            "wait_seconds": self.rang_until(self.accepted_ms).filter(|_| is_accepted),
            "talk_seconds": self.talk_seconds, "event_count": self.events,
        })
    }
}

pub fn rfc3339(at_ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(at_ms).unwrap().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

impl Oracle {
    fn local(&self, at_ms: i64) -> DateTime<Tz> {
        DateTime::<Utc>::from_timestamp_millis(at_ms).unwrap().with_timezone(&self.zone)
    }

    fn is_open(&self, call: &Call) -> bool {
        let local = self.local(call.started_ms);
        !self.office_hours || (local.weekday().num_days_from_monday() < 5 && (9..17).contains(&local.hour()))
    }

    /// The calls that a filter lets through.
    pub fn select(&self, filter: &Filter, now_ms: i64) -> Vec<&Call> {
        let wanted = |call: &&Call| {
            let day = self.local(call.started_ms).date_naive();
            (filter.start..=filter.end).contains(&day)
                && filter.direction.is_none_or(|direction| call.direction == Some(direction))
                && filter.number.is_none_or(|raw| call.number.as_deref() == e164(raw))
                && filter.peer.is_none_or(|peer| call.peer.as_deref() == Some(peer))
                && filter.party.is_none_or(|raw| call.party.is_some() && call.party.as_deref() == e164(raw))
                && filter.hours.is_none_or(|hours| (hours == "open") == self.is_open(call))
                && (filter.outcomes.is_empty() || filter.outcomes.contains(&call.outcome(now_ms, self.timeout_ms)))
                && filter.q.is_none_or(|text| is_found(call, text))
        };
        self.calls.iter().filter(wanted).collect()
    }

    /// `GET /api/v1/stats`, without the period.
    pub fn stats(&self, filter: &Filter, group_by: Option<&str>, limit: usize, now_ms: i64) -> Value {
        let calls = self.select(filter, now_ms);
        let mut stats = json!({"totals": self.totals(&calls, now_ms)});
        let Some(group_by) = group_by else { return stats };
        let mut groups: BTreeMap<Option<String>, Vec<&Call>> = BTreeMap::new();
        for call in calls {
            groups.entry(self.key(call, group_by)).or_default().push(call);
        }
        let keys: Vec<Option<String>> = match self.time_keys(filter, group_by) {
            Some(keys) => keys.into_iter().map(Some).collect(),
            None => {
                let mut keys: Vec<_> = groups.keys().cloned().collect();
                keys.sort_by_key(|key| (std::cmp::Reverse(groups[key].len()), key.is_none(), key.clone()));
                keys.truncate(limit);
                keys
            }
        };
        let nothing = self.totals(&[], now_ms);
        let group = |key: Option<String>| {
            let calls = groups.get(&key).map(Vec::as_slice).unwrap_or_default();
            let mut group = if calls.is_empty() { nothing.clone() } else { self.totals(calls, now_ms) };
            if group_by == "peer" {
                (group["accepted_rate"], group["service_level"]) = (Value::Null, Value::Null);
            }
            if let Some((_, name)) =
                calls.first().and_then(|call| self.routes.get(&call.id)).filter(|_| group_by == "route")
            {
                group["name"] = json!(name);
            }
            group["key"] = json!(key);
            group
        };
        stats["groups"] = keys.into_iter().map(group).collect();
        stats
    }

    fn totals(&self, calls: &[&Call], now_ms: i64) -> Value {
        let of = |call: &Call| call.outcome(now_ms, self.timeout_ms);
        let count = |wanted: &dyn Fn(&Call) -> bool| calls.iter().filter(|call| wanted(call)).count();
        let outcomes: BTreeMap<_, _> =
            OUTCOMES.into_iter().map(|word| (word, count(&|call| of(call) == word))).collect();
        let judged = calls.len() - outcomes["blocked"] - outcomes["unknown"] - outcomes["open"];
        let figures = |figure: &dyn Fn(&Call) -> Option<i64>| -> Vec<i64> {
            let mut figures: Vec<_> = calls.iter().filter_map(|call| figure(call)).collect();
            figures.sort_unstable();
            figures
        };
        let talk = figures(&|call| call.talk_seconds.filter(|_| of(call) == "accepted"));
        let wait = figures(&|call| call.rang_until(call.accepted_ms).filter(|_| of(call) == "accepted"));
        let abandoned = figures(&|call| call.rang_until(call.ended_ms).filter(|_| of(call) == "missed"));
        let answerable =
            count(&|call| call.direction == Some("in") && ["accepted", "missed", "voicemail"].contains(&of(call)));
        let in_time = wait.iter().filter(|seconds| **seconds <= self.service_level_seconds).count();
        json!({
            "calls": calls.len(),
            "in": count(&|call| call.direction == Some("in")),
            "out": count(&|call| call.direction == Some("out")),
            "internal": count(&|call| call.direction == Some("internal")),
            "accepted_rate": ratio(outcomes["accepted"] as f64, judged),
            "outcomes": outcomes,
            "talk_seconds": durations(&talk),
            "wait_seconds": durations(&wait),
            "abandoned_wait_seconds": durations(&abandoned),
            "service_level": {"within_seconds": self.service_level_seconds, "rate": ratio(in_time as f64, answerable)},
        })
    }

    fn key(&self, call: &Call, group_by: &str) -> Option<String> {
        let local = self.local(call.started_ms);
        Some(match group_by {
            "hour" => local.format("%Y-%m-%dT%H:00%:z").to_string(),
            "weekday_hour" => format!("{}-{:02}", local.weekday().number_from_monday(), local.hour()),
            "number" => call.number.clone()?,
            "peer" => call.peer.clone()?,
            "party" => call.party.clone()?,
            "route" => self.routes.get(&call.id)?.0.to_string(),
            _ => day_key(local.date_naive(), group_by),
        })
    }

    fn time_keys(&self, filter: &Filter, group_by: &str) -> Option<Vec<String>> {
        let days = || filter.start.iter_days().take_while(|day| *day <= filter.end);
        match group_by {
            // No zone's hours begin elsewhere than at a quarter of UTC's.
            "hour" => {
                let first =
                    filter.start.checked_sub_days(Days::new(1))?.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis();
                let quarters = (0..).map(|quarter| self.local(first + quarter * 900_000));
                let quarters = quarters.skip_while(|local| local.date_naive() < filter.start);
                let quarters = quarters.take_while(|local| local.date_naive() <= filter.end);
                let mut keys: Vec<_> = quarters.map(|local| local.format("%Y-%m-%dT%H:00%:z").to_string()).collect();
                keys.dedup();
                Some(keys)
            }
            "weekday_hour" => {
                Some((1..=7).flat_map(|day| (0..24).map(move |hour| format!("{day}-{hour:02}"))).collect())
            }
            "day" | "week" | "month" => {
                let keys: BTreeSet<_> = days().map(|day| day_key(day, group_by)).collect();
                Some(keys.into_iter().collect())
            }
            _ => None,
        }
    }
}

fn day_key(day: NaiveDate, group_by: &str) -> String {
    match group_by {
        "week" => format!("{}-W{:02}", day.iso_week().year(), day.iso_week().week()),
        "month" => format!("{}-{:02}", day.year(), day.month()),
        _ => day.to_string(),
    }
}

fn ratio(part: f64, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part / whole as f64)
}

/// `sorted` is ascending.
fn durations(sorted: &[i64]) -> Value {
    let total: i64 = sorted.iter().sum();
    let nearest_rank = |tenths: usize| {
        let smallest = sorted
            .iter()
            .find(|value| sorted.iter().filter(|other| other <= value).count() * 10 >= tenths * sorted.len());
        smallest.copied()
    };
    json!({
        "total": total, "average": ratio(total as f64, sorted.len()), "median": nearest_rank(5), "p90": nearest_rank(9),
        "max": sorted.last(), "calls": sorted.len(),
    })
}

/// Digits or text, anywhere in numbers or peer; digits in any notation.
fn is_found(call: &Call, text: &str) -> bool {
    let contains = |field: &Option<String>, part: &str| field.as_ref().is_some_and(|f| f.to_lowercase().contains(part));
    let all = [&call.from, &call.to, &call.number, &call.party, &call.peer];
    if all.into_iter().any(|field| contains(field, &text.to_lowercase())) {
        return true;
    }
    let written = |c: char| c.is_ascii_digit() || "+ -/().".contains(c);
    let digits: String = text.replace("(0)", "").chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() || !text.chars().all(written) {
        return false;
    }
    let international = match (text.starts_with('+'), digits.strip_prefix("00"), digits.strip_prefix('0')) {
        (true, ..) => Some(format!("+{digits}")),
        (_, Some(rest), _) => Some(format!("+{rest}")),
        (_, _, Some(rest)) => Some(format!("+49{rest}")),
        _ => None,
    };
    let normalised = |field: &Option<String>| match &international {
        Some(beginning) => field.as_ref().is_some_and(|number| number.starts_with(beginning)),
        None => contains(field, &digits),
    };
    [&call.from, &call.to].into_iter().any(|field| contains(field, &digits))
        || [&call.number, &call.party].into_iter().any(normalised)
}

/// The same, with a little room in figures that were divided.
#[track_caller]
pub fn assert_same(given: &Value, expected: &Value, about: &str) {
    let mut differences = Vec::new();
    compare("", given, expected, &mut differences);
    assert!(differences.is_empty(), "{about}: {}", differences.join("; "));
}

fn compare(path: &str, given: &Value, expected: &Value, differences: &mut Vec<String>) {
    match (given, expected) {
        (a, b) if a == b => {}
        (Value::Object(a), Value::Object(b)) => {
            for name in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                match (a.get(name), b.get(name)) {
                    (Some(a), Some(b)) => compare(&format!("{path}.{name}"), a, b, differences),
                    (a, b) => differences.push(format!("{path}.{name}: {a:?}, expected {b:?}")),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{path}[{index}]"), a, b, differences);
            }
        }
        (Value::Number(a), Value::Number(b)) if b.is_f64() => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            if (a - b).abs() > 1e-9 * b.abs().max(1.0) {
                differences.push(format!("{path}: {a}, expected {b}"));
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            differences.push(format!("{path}: {} items, expected {}", a.len(), b.len()));
        }
        (a, b) => differences.push(format!("{path}: {a}, expected {b}")),
    }
}
