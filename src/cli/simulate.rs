//! The command `fernamt simulate URL`: simulates a PBX, for trying out and for load tests.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;

use super::stopping::StopSignals;
use crate::simulate::driver::{self, Pace, Plan, Stop};
use crate::simulate::endpoint::Endpoint;
use crate::simulate::habits::Habits;
use crate::simulate::ledger::{Progress, Report};

/// Plays a PBX: sends realistic calls to URL, then prints what was acknowledged.
///
/// Without --for and --calls it runs until Ctrl-C or SIGTERM, which end it within two seconds; calls that are running then
/// stay open. Numbers are from ranges kept free for fiction.
///
/// Exit status 1 when nothing at all was acknowledged.
#[derive(Args, Clone)]
pub struct SimulateArgs {
    /// Where the events go, plain http:// only; without a path, /placetel is meant
    #[arg(value_name = "URL")]
    url: String,

    /// New calls a second on average
    #[arg(long, value_name = "CALLS", default_value = "2", value_parser = rate)]
    rate: f64,

    /// Begin no new calls after this long, such as 90s or 5m
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    duration: Option<Duration>,

    /// Begin no new calls after this many
    #[arg(long, value_name = "N")]
    calls: Option<u64>,

    /// Sign with this secret; of several, comma-separated, with the first
    #[arg(long, value_name = "SECRET", env = "FERNAMT_PLACETEL_SECRET", hide_env_values = true)]
    secret: Option<String>,

    /// Present these credentials
    #[arg(long, value_name = "USER:PASSWORD", env = "FERNAMT_PLACETEL_BASIC", hide_env_values = true, value_parser = credentials)]
    basic: Option<Credentials>,

    /// How often a failed IncomingCall is sent again, 100 ms apart; other events are sent once
    #[arg(long, value_name = "N", default_value_t = 10)]
    retries: u32,

    /// Share of events delivered twice, 0 to 1
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = share)]
    doubled: f64,

    /// Share of events held back by 1 to 5 seconds, so that they come out of order, 0 to 1
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = share)]
    late: f64,

    /// The same seed gives the same calls, call ids included: a server that knows them counts nothing new [default: random]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// Load instead of life: each connection sends the next event as soon as the last is answered
    #[arg(long, conflicts_with = "rate")]
    flood: bool,

    /// Connections of --flood
    #[arg(long, value_name = "N", default_value_t = 64, requires = "flood", value_parser = connections)]
    connections: usize,

    /// Print the tally as JSON: `totals` as in GET /api/v1/stats, `deliveries`, `speed`
    #[arg(long)]
    json: bool,
}

#[derive(Clone)]
struct Credentials {
    user: String,
    password: String,
}

/// Runs the simulation and prints the tally to standard output.
///
/// # Errors
/// When the URL is unusable, the runtime does not start, or the tally cannot be printed.
pub fn run(args: SimulateArgs) -> anyhow::Result<ExitCode> {
    let json = args.json;
    let plan = plan(args)?;
    let bar = progress_bar(&plan);
    let (stop, told) = watch::channel(Stop::No);
    let report = driver::run_blocking(plan, told, |progress| show(&bar, &progress), listen_for_signals(stop))
        .context("cannot start the simulation")?;
    bar.finish_and_clear();
    let text = if json { format!("{}\n", serde_json::to_string_pretty(&report)?) } else { summary(&report) };
    io::stdout().write_all(text.as_bytes()).context("cannot print the tally")?;
    let in_vain = report.deliveries.acknowledged == 0 && report.deliveries.events > 0;
    if in_vain {
        let why = report.last_failure.as_deref().unwrap_or("no request was answered");
        let _ = writeln!(io::stderr(), "nothing was acknowledged: {why}");
    }
    Ok(if in_vain { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn plan(args: SimulateArgs) -> anyhow::Result<Plan> {
    let first_secret = args.secret.as_deref().and_then(|secrets| secrets.split(',').map(str::trim).next());
    let secret = first_secret.filter(|secret| !secret.is_empty()).map(str::to_owned);
    let basic = args.basic.map(|credentials| (credentials.user, credentials.password));
    Ok(Plan {
        endpoint: Endpoint::new(&args.url, secret, basic)?,
        pace: if args.flood { Pace::Flood(args.connections) } else { Pace::Rate(args.rate) },
        duration: args.duration,
        calls: args.calls,
        retries: args.retries,
        doubled: args.doubled,
        late: args.late,
        habits: Habits::default(),
        seed: args.seed.unwrap_or_else(rand::random),
    })
}

async fn listen_for_signals(stop: watch::Sender<Stop>) {
    if let Ok(mut signals) = StopSignals::listen() {
        signals.received().await;
        stop.send_replace(Stop::Now);
    }
    std::future::pending::<()>().await;
}

fn progress_bar(plan: &Plan) -> ProgressBar {
    let (bar, template) = match plan.calls {
        Some(calls) => (ProgressBar::new(calls), "{elapsed} {bar:30} {pos}/{len} calls, {msg}"),
        None => (ProgressBar::new_spinner(), "{elapsed} {pos} calls, {msg}"),
    };
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn show(bar: &ProgressBar, progress: &Progress) {
    let mut message = format!("{} running, {} events acknowledged", progress.running, progress.acknowledged);
    if let (failures @ 1.., why) = &progress.failures {
        message += &format!(", {failures} failures ({})", why.as_deref().unwrap_or("unknown"));
    }
    bar.set_position(progress.calls_started);
    bar.set_message(message);
}

fn summary(report: &Report) -> String {
    let Report { totals, deliveries, speed, .. } = report;
    let rate = totals.accepted_rate.map_or("none".to_owned(), |rate| format!("{:.1} %", rate * 100.0));
    let outcomes: Vec<_> = totals.outcomes.named().into_iter().filter(|(_, count)| *count > 0).collect();
    let outcomes: Vec<_> = outcomes.into_iter().map(|(name, count)| format!("{name} {count}")).collect();
    let talk = &totals.talk_seconds;
    let refused: Vec<_> = deliveries.refused.iter().map(|(status, count)| format!("{count} x {status}")).collect();
    let refused = if refused.is_empty() { "none".to_owned() } else { refused.join(", ") };
    let latency = speed.latency_ms;
    format!(
        "calls     {} ({} in, {} out), accepted rate {rate}\n\
         outcomes  {}\n\
         talk      {} s in {} calls: median {} s, p90 {} s, longest {} s\n\
         events    {}, of which {} acknowledged and {} lost\n\
         requests  {}: {} events doubled, {} late, {} retries; refused: {refused}; unanswered: {}\n\
         speed     {:.1} events/s in {:.1} s; latency p50 {} ms, p99 {} ms, max {} ms\n",
        totals.calls,
        totals.inbound,
        totals.outgoing,
        if outcomes.is_empty() { "none".to_owned() } else { outcomes.join(", ") },
        talk.total,
        talk.calls,
        or_dash(talk.median),
        or_dash(talk.p90),
        or_dash(talk.max),
        deliveries.events,
        deliveries.acknowledged,
        deliveries.lost(),
        deliveries.deliveries,
        deliveries.doubled,
        deliveries.late,
        deliveries.retried,
        deliveries.unanswered,
        speed.events_per_second,
        speed.seconds,
        or_dash(latency.p50),
        or_dash(latency.p99),
        or_dash(latency.max.map(|ms| (ms * 100.0).round() / 100.0)),
    )
}

fn or_dash(figure: Option<impl ToString>) -> String {
    figure.map_or("-".to_owned(), |figure| figure.to_string())
}

fn rate(raw: &str) -> Result<f64, String> {
    match raw.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= 10_000.0 => Ok(rate),
        _ => Err("a number of calls a second, more than 0 and at most 10000; for more there is --flood".to_owned()),
    }
}

fn share(raw: &str) -> Result<f64, String> {
    match raw.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a share from 0 to 1, such as 0.05".to_owned()),
    }
}

fn connections(raw: &str) -> Result<usize, String> {
    match raw.parse() {
        Ok(connections @ 1..=10_000) => Ok(connections),
        _ => Err("a number from 1 to 10000".to_owned()),
    }
}

fn credentials(raw: &str) -> Result<Credentials, String> {
    match raw.split_once(':') {
        Some((user, password)) if !user.is_empty() => Ok(Credentials { user: user.into(), password: password.into() }),
        _ => Err("user:password".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: SimulateArgs,
    }

    fn parse(flags: &[&str]) -> Result<Plan, String> {
        let words = ["simulate", "http://localhost:8080"].iter().chain(flags);
        let command = Command::try_parse_from(words).map_err(|error| error.to_string())?;
        plan(command.args).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_a_calm_day_without_end() {
        let plan = parse(&[]).unwrap();
        assert_eq!((plan.pace, plan.duration, plan.calls, plan.retries), (Pace::Rate(2.0), None, None, 10));
        assert_eq!((plan.doubled, plan.late), (0.0, 0.0));
    }

    #[test]
    fn flood_takes_connections_and_no_rate() {
        assert_eq!(parse(&["--flood", "--connections", "8"]).unwrap().pace, Pace::Flood(8));
        assert!(parse(&["--flood", "--rate", "3"]).is_err());
        assert!(parse(&["--connections", "8"]).is_err());
    }

    #[test]
    fn values_that_make_no_sense_are_refused_by_name() {
        for (flag, value) in [("--rate", "0"), ("--rate", "NaN"), ("--late", "1.1"), ("--for", "5"), ("--basic", "x")] {
            let error = parse(&[flag, value]).err().unwrap();
            assert!(error.contains(flag), "{error}");
        }
    }

    #[test]
    fn an_empty_tally_is_readable() {
        let report = crate::simulate::ledger::Ledger::open().report();
        assert!(summary(&report).contains("median - s"));
    }
}
