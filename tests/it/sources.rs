//! Tests that figures from cells equal those from the calls themselves, whatever is queried.

use std::sync::Arc;

use chrono::{Days, TimeZone, Utc};
use fernamt::calls::outcome::Outcome;
use fernamt::service::jobs::packing::pack_all;
use fernamt::service::state::AppState;
use fernamt::service::statistics::callers::frequent_callers;
use fernamt::service::statistics::figures::{Comparison, CountingPlan, figures};
use fernamt::service::statistics::reports::{report, report_from};
use fernamt::stats::as_of::FilterAsOf;
use fernamt::stats::filter::Filter;
use fernamt::stats::period::DayRange;
use fernamt::stats::report::{GroupBy, Source};
use fernamt::store::Db;
use fernamt::store::calls::find::{Cursor, for_each_call, top_callers};
use fernamt::store::ingest::spool::Spool;
use fernamt::store::ingest::writer::Writer;
use fernamt::store::stats::spans::list::{list_calls, list_newer_calls};
use fernamt::store::stats::spans::pack::Thoroughness;
use rand::{SeedableRng, rngs::StdRng};

use crate::database::{Database, runtime};
use crate::helpers::{accepted, config, hung_up, incoming, times};
use crate::histories::{Delivery, SPANS, WORDS, combination, day, history, log};

const OFFICE: [&str; 2] = ["--business-hours", "Mo-Fr 09:00-17:00"];
const LIMIT: usize = 1_000;

async fn state(database: &Database) -> AppState {
    let config = config(database, &OFFICE);
    let derivation = Arc::new(config.derivation().unwrap());
    let db = Arc::new(Db::open(&config.database_url.0).await.unwrap());
    let (writer, _) = Writer::start(db.clone(), derivation.clone(), Spool::open(&config.spool).unwrap());
    AppState::load(config, db, derivation, writer).await.unwrap()
}

fn days((start, end): (&str, &str)) -> DayRange {
    DayRange { start: day(start), end: day(end) }
}

/// The calls of this filter, as of now.
fn as_of_now(filter: Filter, state: &AppState) -> FilterAsOf {
    FilterAsOf { filter, as_of: state.statistics.now() }
}

/// The calls that these words of a query mean.
fn asked(words: &[&str], span: (&str, &str), state: &AppState) -> FilterAsOf {
    let query = format!("start={}&end={}&{}", span.0, span.1, words.join("&"));
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    as_of_now(Filter::parse(pairs, day("2026-11-22"), &state.derivation.numbering).unwrap(), state)
}

/// Each word alone, none, and some at once.
fn questions() -> Vec<Vec<&'static str>> {
    let mut rng = StdRng::seed_from_u64(6);
    let mut questions: Vec<Vec<_>> = WORDS.iter().map(|(word, _)| vec![*word]).collect();
    questions.extend((0..20).map(|_| combination(&mut rng).into_iter().map(|(word, _)| word).collect()));
    questions.push(Vec::new());
    questions
}

fn with_history(seed: u64) -> Database {
    let database = Database::create();
    database.import(&log(&history(seed, 300)), &OFFICE);
    database
}

/// How much of the calls is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packed {
    /// None of them: all are read row by row.
    None,
    /// All of them.
    All,
    /// All of them, but some changed since, moved, or are new.
    Before,
}

impl Packed {
    const ALL: [Self; 3] = [Self::None, Self::All, Self::Before];

    /// Creates a database with this history.
    fn with_history(self, seed: u64) -> Database {
        let database = Database::create();
        let deliveries = history(seed, 300);
        let (now, later): (Vec<_>, Vec<_>) =
            deliveries.into_iter().enumerate().partition(|(place, _)| self != Self::Before || place % 7 != 0);
        let part = |deliveries: Vec<(usize, Delivery)>| -> Vec<Delivery> {
            deliveries.into_iter().map(|(_, delivery)| delivery).collect()
        };
        database.import(&log(&part(now)), &OFFICE);
        if self != Self::None {
            let spans = pack(&database);
            assert!(spans > 3, "{spans}");
        }
        if self == Self::Before {
            database.import(&log(&part(later)), &OFFICE);
            assert_ne!(database.count("from changed_calls"), 0);
        }
        database
    }
}

/// Packs all calls that there are; returns how many spans were packed.
fn pack(database: &Database) -> u64 {
    runtime().block_on(async {
        let state = state(database).await;
        pack_all(&state.db, &state.derivation, Thoroughness::AnyChange).await.unwrap()
    })
}

#[test]
fn a_report_is_that_from_calls_wherever_it_comes_from() {
    let groups = ["hour", "day", "week", "month", "weekday_hour", "number", "peer", "party", "route"];
    for packed in Packed::ALL {
        let database = packed.with_history(6);
        runtime().block_on(async {
            let state = state(&database).await;
            let (mut from_cells, mut from_columns) = (0, 0);
            for words in questions() {
                let asked = asked(&words, SPANS[2], &state);
                for group_by in groups.into_iter().map(GroupBy::parse).chain([None]) {
                    for limit in [LIMIT, 3] {
                        let given = report(&state.statistics, &asked, group_by, limit).await.unwrap();
                        let from = |source| report_from(&state.statistics, source, &asked, group_by, limit, 20);
                        let calls = from(Source::Calls).await.unwrap();
                        assert_eq!(given, calls, "{packed:?} {words:?} {group_by:?} {limit}");
                        match Source::of(&asked.filter, group_by) {
                            Source::Calls => {}
                            Source::Columns => from_columns += i32::from(given.totals.calls > 0),
                            Source::Cells(..) => {
                                from_cells += i32::from(given.totals.calls > 0);
                                assert_eq!(
                                    from(Source::Columns).await.unwrap(),
                                    calls,
                                    "{packed:?} {words:?} {group_by:?}"
                                );
                            }
                        }
                    }
                }
            }
            assert!(from_cells > 50 && from_columns > 50, "{from_cells} {from_columns}");
        });
    }
}

#[test]
fn a_dashboard_is_that_from_calls_wherever_it_comes_from() {
    let steps = [None, Some(GroupBy::Day), Some(GroupBy::Hour), Some(GroupBy::Week), Some(GroupBy::Month)];
    for packed in Packed::ALL {
        let database = packed.with_history(7);
        runtime().block_on(async {
            let state = state(&database).await;
            let (mut from_cells, mut from_columns, mut compared) = (0, 0, 0);
            for words in questions() {
                // Before the last span lies the one in which clocks go back; before the first nothing is known.
                for span in [SPANS[2], ("2026-10-26", "2026-11-01"), ("2026-11-01", "2026-11-07"), SPANS[1]] {
                    let asked = asked(&words, span, &state);
                    // All steps in one span; with more time, in every one.
                    let count = if span == SPANS[2] { steps.len() } else { times(2).min(steps.len()) };
                    for &step in &steps[..count] {
                        let plan = CountingPlan::of(&asked.filter, step);
                        if plan == CountingPlan::Calls {
                            continue;
                        }
                        let ask = |plan| figures(&state.statistics, plan, &asked, step, true);
                        let from_calls = ask(CountingPlan::Calls).await.unwrap();
                        compared += i32::from(matches!(from_calls.before, Some(Comparison::With(_))));
                        assert_eq!(
                            ask(CountingPlan::Columns).await.unwrap(),
                            from_calls,
                            "{packed:?} {words:?} {step:?}"
                        );
                        from_columns += 1;
                        if plan == CountingPlan::Cells {
                            assert_eq!(ask(plan).await.unwrap(), from_calls, "{packed:?} {words:?} {step:?}");
                            from_cells += 1;
                        }
                    }
                }
            }
            assert!(from_cells > 100 && from_columns > 200 && compared > 100, "{from_cells} {from_columns} {compared}");
        });
    }
}

#[test]
fn frequent_callers_are_those_of_the_calls_wherever_they_come_from() {
    for packed in Packed::ALL {
        let database = packed.with_history(9);
        runtime().block_on(async {
            let state = state(&database).await;
            let mut found = 0;
            for words in questions() {
                let asked = asked(&words, SPANS[2], &state);
                let query = state.statistics.query(&asked);
                if CountingPlan::of(&asked.filter, None) == CountingPlan::Calls {
                    continue;
                }
                for (newest, limit) in [(i64::MAX, LIMIT), (20, 5), (40, 2)] {
                    let expected = top_callers(&state.db, &query, newest, limit).await.unwrap();
                    let given = frequent_callers(&state.statistics, CountingPlan::Columns, &asked, newest, limit)
                        .await
                        .unwrap();
                    assert_eq!(given, expected, "{packed:?} {words:?} {newest} {limit}");
                    found += given.len();
                }
            }
            assert!(found > 100, "{found}");
        });
    }
}

#[test]
fn a_list_is_that_of_the_calls_page_by_page_in_both_directions() {
    for packed in Packed::ALL {
        let database = packed.with_history(10);
        runtime().block_on(async {
            let state = state(&database).await;
            let (mut listed, mut searched) = (0, 0);
            for words in questions() {
                for span in [SPANS[2], ("2026-11-01", "2026-11-07")] {
                    let query = state.statistics.query(&asked(&words, span, &state));
                    let mut expected = Vec::new();
                    for_each_call(&state.db, &query, |call| expected.push(call)).await.unwrap();
                    expected.sort_by_key(|stored| std::cmp::Reverse((stored.call.started_ms, stored.key)));
                    let (mut older, mut cursor) = (Vec::new(), None);
                    loop {
                        let page = list_calls(&state.db, &query, cursor, 7).await.unwrap();
                        older.extend(page.calls);
                        cursor = page.next;
                        if cursor.is_none() {
                            break;
                        }
                    }
                    assert_eq!(older, expected, "{packed:?} {words:?}");
                    if let Some((oldest, others)) = expected.split_last() {
                        let (mut newer, mut cursor) = (Vec::new(), Some(Cursor::after(oldest)));
                        while let Some(from) = cursor {
                            let page = list_newer_calls(&state.db, &query, from, 7).await.unwrap();
                            newer.splice(0..0, page.calls);
                            cursor = page.next;
                        }
                        // The next page begins after the first call of this one.
                        assert_eq!(newer, others, "{packed:?} {words:?}");
                    }
                    listed += expected.len();
                    searched += if words.iter().any(|word| word.starts_with("q=")) { expected.len() } else { 0 };
                }
            }
            assert!(listed > 500 && searched > 50, "{listed} {searched}");
        });
    }
}

fn assert_clean(database: &Database) {
    let checked = database.run(&[&["check"], &OFFICE[..]].concat(), b"");
    assert_eq!(checked.status, 0, "{checked:?}");
}

#[test]
fn what_is_packed_wrongly_is_found() {
    let database = Packed::Before.with_history(11);
    assert_clean(&database);
    // Nobody notes this change.
    let one = "(select min(calls.id) from calls join spans on started_ms >= start_ms and started_ms < end_ms \
               where calls.id not in (select call_key from changed_calls))";
    database.execute(&format!("update calls set talk_seconds = coalesce(talk_seconds, 0) + 1 where id = {one}"));
    let done = database.run(&[&["check"], &OFFICE[..]].concat(), b"");
    assert_ne!(done.status, 0, "{}", done.stdout);
    // A rebuild notes what it mends, and the next packing mends what was packed.
    let done = database.run(&[&["rebuild"], &OFFICE[..]].concat(), b"");
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert_clean(&database);
    pack(&database);
    assert_eq!(database.count("from changed_calls"), 0);
    assert_clean(&database);
}

#[test]
fn what_is_packed_holds_no_number_that_was_forgotten() {
    let database = Database::create();
    let event = |at_ms, body| Delivery { at_ms, body };
    let at_ms = 1_774_000_000_000;
    let deliveries = [
        event(at_ms, incoming("a", "01712345678", "022129191999")),
        event(at_ms + 1_000, hung_up("a", "missed", 0)),
        event(at_ms + 2_000, incoming("b", "03023125000", "022129191999")),
        event(at_ms + 3_000, hung_up("b", "missed", 0)),
    ];
    database.import(&log(&deliveries), &OFFICE);
    assert_eq!(pack(&database), 1);
    let packed = || database.rows("packed", "from segments order by kind, subject");
    let holds = |number: &str| {
        let hex: String = number.bytes().map(|byte| format!("{byte:02x}")).collect();
        packed().iter().any(|row| row.to_lowercase().contains(&hex) || row.contains(number))
    };
    assert!(holds("+491712345678") && holds("+4930231250"), "{:?}", packed());
    let done = database.run(&[&["forget", "--party", "01712345678"], &OFFICE[..]].concat(), b"");
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert!(!holds("+491712345678"), "{:?}", packed());
    assert_eq!(pack(&database), 1);
    assert!(!holds("+491712345678") && holds("+4930231250"), "{:?}", packed());
}

#[test]
fn a_period_that_runs_until_now_is_compared_until_the_same_time_of_day() {
    let zone = chrono_tz::Europe::Berlin;
    let now = Utc::now().with_timezone(&zone);
    let week_ago = now.naive_local() - Days::new(7);
    let at = |minutes: i64| {
        let local = week_ago + chrono::Duration::minutes(minutes);
        zone.from_local_datetime(&local).earliest().unwrap_or(now - chrono::Duration::days(7))
    };
    let missed = |id: &str, at_ms: i64| {
        let event = |at_ms, body| Delivery { at_ms, body };
        [event(at_ms, incoming(id, "03023125000", "022129191999")), event(at_ms + 1, hung_up(id, "missed", 0))]
    };
    let earlier = [at(-20), at(-2)];
    let later = [at(2), at(20)];
    let mut deliveries = Vec::new();
    for (index, moment) in earlier.iter().chain(&later).enumerate() {
        deliveries.extend(missed(&format!("then-{index}"), moment.timestamp_millis()));
    }
    deliveries.extend(missed("now", now.timestamp_millis() - 1));
    deliveries.extend(missed("long-ago", now.timestamp_millis() - 90 * 24 * 3_600_000));
    let database = Database::create();
    database.import(&log(&deliveries), &OFFICE);
    // Just after midnight some of them were on the day before.
    let expected = earlier.iter().filter(|moment| moment.date_naive() == week_ago.date()).count() as i64;
    runtime().block_on(async {
        let state = state(&database).await;
        let filter = Filter::all(DayRange::one(now.date_naive()));
        for (filter, more) in [(filter, 0), (Filter::all(DayRange::ending(now.date_naive(), 7)), 1)] {
            let asked = as_of_now(filter, &state);
            for plan in [CountingPlan::Cells, CountingPlan::Columns, CountingPlan::Calls] {
                let figures = figures(&state.statistics, plan, &asked, None, true).await.unwrap();
                let before = figures.compared().unwrap();
                assert!(before.is_cut);
                assert_eq!(before.days.end, week_ago.date());
                let days_before = expected + more * (earlier.len() as i64 - expected);
                assert_eq!(before.totals.inbound, days_before, "{plan:?}");
                assert_eq!(before.totals.inbound_missed, days_before, "{plan:?}");
            }
        }
    });
}

#[test]
fn calls_that_still_run_are_open_wherever_the_figures_come_from() {
    let now_ms = Utc::now().timestamp_millis();
    let event = |ago_ms, body| Delivery { at_ms: now_ms - ago_ms, body };
    let deliveries = [
        event(9_000, incoming("ringing", "03023125000", "022129191999")),
        event(8_000, incoming("talking", "01712345678", "022129191999")),
        event(5_000, accepted("talking", "7777anna@fpbx.de")),
        event(7_000, incoming("lost", "01712345678", "022129191999")),
        event(1_000, hung_up("lost", "missed", 0)),
        // Long without news, and so over.
        event(6 * 3_600_000, incoming("unknown", "01712345678", "022129191999")),
        event(7 * 3_600_000, incoming("told", "01712345678", "022129191999")),
        event(7 * 3_600_000 - 5_000, accepted("told", "7777anna@fpbx.de")),
    ];
    let database = Database::create();
    database.import(&log(&deliveries), &OFFICE);
    runtime().block_on(async {
        let state = state(&database).await;
        let week = Filter::all(DayRange::ending(state.statistics.today(), 7));
        let line = Filter { number: Some("+4922129191999".into()), ..week.clone() };
        let agent = Filter { peer: Some("7777anna@fpbx.de".into()), ..week.clone() };
        for (filter, from, open, unknown, accepted) in [
            (week, CountingPlan::Cells, 2, 1, 1),
            (line, CountingPlan::Columns, 2, 1, 1),
            (agent, CountingPlan::Columns, 1, 0, 1),
        ] {
            let asked = as_of_now(filter, &state);
            for step in [None, Some(GroupBy::Day)] {
                let given = figures(&state.statistics, from, &asked, step, false).await.unwrap();
                let from_calls = figures(&state.statistics, CountingPlan::Calls, &asked, step, false).await.unwrap();
                let outcomes = &given.totals.outcomes;
                let seen = [Outcome::Open, Outcome::Unknown, Outcome::Accepted].map(|outcome| outcomes.get(outcome));
                assert_eq!(seen, [open, unknown, accepted], "{from:?}");
                assert_eq!(given, from_calls, "{from:?}");
            }
        }
    });
}

#[test]
fn nothing_is_compared_with_days_before_the_log() {
    let database = with_history(8);
    runtime().block_on(async {
        let state = state(&database).await;
        let asked = as_of_now(Filter::all(days(SPANS[0])), &state);
        let figures = figures(&state.statistics, CountingPlan::Cells, &asked, None, true).await.unwrap();
        let Some(Comparison::Unknown(first)) = figures.before else { panic!("{:?}", figures.before) };
        assert!(first >= day("2026-03-15") && first < day("2026-04-01"), "{first}");
    });
}
