mod history;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tokio::sync::watch;

use self::history::{History, PastEvent};
use super::serve;
use super::stopping::StopSignals;
use crate::accounts::action::{Actor, Entry, Subject, Verb};
use crate::app::{Service, check_remembered, open_database};
use crate::calls::receipts::Receipt;
use crate::clock::now_ms;
use crate::config::{Config, Secret};
use crate::contacts::Contact;
use crate::routing::named::Shared;
use crate::routing::route::{RouteContext, RouteDraft};
use crate::service::directory::changes::ContactsChange;
use crate::simulate::driver::{self, Pace, Plan, Stop};
use crate::simulate::endpoint::Endpoint;
use crate::simulate::habits::Habits;
use crate::simulate::numbers::OWN_LINES;
use crate::simulate::script::PEERS;
use crate::stats::derivation::Derivation;
use crate::store::ingest::record::{Delivery, Source, record};
use crate::store::names::{Kind, OwnName, save_own_names};
use crate::store::{Db, StoreError, routes};

const HOURS: &str = "Mo-Fr 08:00-17:00; PH off";
const LINES: [&str; 5] = ["Zentrale", "Bestellung", "Werkstatt", "Buchhaltung", "Chefin"];
const PEOPLE: [&str; 6] = ["Annette", "Bernard", "Claudia", "Dominik", "Friedel", "Gisela"];
/// Names of the callers who call most often.
const CUSTOMERS: [&str; 12] = [
    "Café Morgenrot",
    "Fahrrad Petersen",
    "Hausverwaltung Lindner",
    "Jonas Weber",
    "Schreinerei Kaya",
    "Apotheke am Markt",
    "Familie Nowak",
    "Gärtnerei Blum",
    "Dr. Şahin, Zahnärztin",
    "Autohaus Krüger",
    "Mira Okafor",
    "Kita Sonnenblume",
];
/// Average number of new calls a second while it runs: something to see, as at a busy company.
const RATE: f64 = 0.08;
const BATCH: usize = 1_000;

/// Look around: serve a throw-away database full of plausible calls, marked as a demo on every page
///
/// The company and its calls are made up, with telephone numbers kept free for fiction, and calls go on coming in while it
/// runs. Nothing is kept: the database is gone at the end. --database-url and what protects the events are left aside.
#[derive(Args)]
pub struct DemoArgs {
    /// How many days the calls go back
    #[arg(long, value_name = "DAYS", default_value_t = 730, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
    /// The same seed gives the same calls for the same days [default: random]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

/// Generates past calls, then serves them until SIGTERM or Ctrl-C.
///
/// # Errors
/// When it cannot start.
pub async fn run(config: Config, args: DemoArgs) -> anyhow::Result<ExitCode> {
    let own = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    let directory = tempfile::Builder::new().prefix("fernamt-demo-").permissions(own).tempdir();
    let directory = directory.context("no place for the database")?;
    let config = demo_config(config, directory.path());
    let seed = args.seed.unwrap_or_else(rand::random);
    let mut signals = StopSignals::listen()?;
    tokio::select! {
        filled = fill(&config, args.days, seed) => filled?,
        _ = signals.received() => return Ok(ExitCode::SUCCESS),
    }
    let service = Service::start(config).await?;
    let calls = LiveCalls::start(&format!("http://{}", service.address), !seed)?;
    let done = serve::until_stopped(service, signals).await;
    calls.stop();
    done
}

fn demo_config(config: Config, directory: &Path) -> Config {
    Config {
        database_url: Secret(format!("sqlite:{}", directory.join("demo.db").display())),
        spool: directory.join("demo.spool"),
        business_hours: config.business_hours.or_else(|| Some(HOURS.to_owned())),
        placetel_secrets: Vec::new(),
        placetel_basic: None,
        routes_file: None,
        is_demo: true,
        ..config
    }
}

async fn fill(config: &Config, days: u32, seed: u64) -> anyhow::Result<()> {
    let db = open_database(config).await?;
    check_remembered(&db, config).await?;
    let route = json!({"name": "Nach Feierabend", "hours": "Mo-Fr 17:00-08:00; Sa,Su,PH",
        "reply": {"action": "forward", "voicemail": true, "targets": [{"ringtime": 20, "numbers": [PEERS[0]]}]}});
    let (hours, by) = (config.hours_context(), Actor { name: None, at_ms: now_ms() });
    if let Ok(draft) = RouteDraft::from_json(&route, &RouteContext::new(&hours, &Shared::default())) {
        let entry = Entry::new(&by, (Subject::Route, Verb::Added)).on(&draft.name);
        routes::insert_route(&db, draft, &entry).await?;
    }
    let derivation = config.derivation()?;
    let history = History::new(&derivation.business, seed, now_ms());
    save_names(&db, &derivation, history.outsiders(), &by).await?;
    save_calls(&db, &derivation, history, days).await?;
    db.close().await;
    Ok(())
}

async fn save_calls(db: &Db, derivation: &Derivation, mut history: History<'_>, days: u32) -> Result<(), StoreError> {
    let hours: Vec<i64> = history.hours(days).collect();
    let style = ProgressStyle::with_template("{bar:40} making up calls, {eta} left");
    let bar = ProgressBar::new(hours.len() as u64).with_style(style.unwrap_or(ProgressStyle::default_bar()));
    let mut batch = Vec::with_capacity(BATCH * 2);
    for start_ms in bar.wrap_iter(hours.into_iter()) {
        batch.extend(history.events_of_hour(start_ms).into_iter().filter_map(delivery));
        if batch.len() >= BATCH {
            record(db, derivation, &batch).await?;
            batch.clear();
        }
    }
    record(db, derivation, &batch).await?;
    bar.finish_and_clear();
    Ok(())
}

fn delivery(event: PastEvent) -> Option<Delivery> {
    let mut receipt = Receipt::new(event.received_ms, event.body.into_bytes()).ok()?;
    receipt.deliveries = event.deliveries;
    Some(Delivery { receipt: Arc::new(receipt), source: Source::Import })
}

async fn save_names(db: &Db, derivation: &Derivation, outsiders: &[String], by: &Actor) -> anyhow::Result<()> {
    let named = |kind, subject: String, name: &str| OwnName { kind, subject, name: name.to_owned() };
    let lines = OWN_LINES.iter().zip(LINES).map(|(line, name)| named(Kind::Line, format!("+49{}", &line[1..]), name));
    let people = PEERS.iter().zip(PEOPLE).map(|(peer, name)| named(Kind::Agent, (*peer).to_owned(), name));
    let entry = Entry::new(by, (Subject::Names, Verb::Replaced));
    save_own_names(db, &lines.chain(people).collect::<Vec<_>>(), true, &entry).await?;
    // If a number occurs twice, its first name is kept.
    let mut customers = std::collections::BTreeMap::new();
    for (outsider, name) in outsiders.iter().zip(CUSTOMERS) {
        if let Some(number) = derivation.numbering.e164(outsider) {
            customers.entry(number.clone()).or_insert(Contact { number, name: name.into(), company: None });
        }
    }
    ContactsChange::Replace(&customers.into_values().collect::<Vec<_>>()).store(db, by).await?;
    Ok(())
}

/// The simulated PBX of the demo, on a thread of its own.
struct LiveCalls {
    stop: watch::Sender<Stop>,
    thread: std::thread::JoinHandle<()>,
}

impl LiveCalls {
    fn start(url: &str, seed: u64) -> anyhow::Result<Self> {
        let plan = Plan {
            endpoint: Endpoint::new(url, None, None)?,
            pace: Pace::Rate(RATE),
            duration: None,
            calls: None,
            retries: 3,
            doubled: 0.0,
            late: 0.0,
            habits: Habits { talk_mean_seconds: 90.0, talk_max_seconds: 600.0, ..Habits::default() },
            seed,
        };
        let (stop, told) = watch::channel(Stop::No);
        let thread = std::thread::spawn(move || {
            if let Err(error) = driver::run_blocking(plan, told, |_| {}, std::future::pending()) {
                tracing::warn!(%error, "no calls come in");
            }
        });
        Ok(Self { stop, thread })
    }

    fn stop(self) {
        self.stop.send_replace(Stop::Now);
        let _ = self.thread.join();
    }
}
