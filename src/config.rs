//! All settings, each defined once: flag, environment, file, default. Secrets never show in `Debug`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use serde::Deserialize;

pub use self::error::SettingError;
pub use self::network::{Limits, TlsFiles, TrustedProxies};
pub use self::pace::LivePace;
use self::parse::{parse_address, parse_basic, parse_choice, parse_duration, parse_seconds, parse_secrets};
use self::retention::retention;
pub use self::secret::Secret;
use self::secret_files::either;
use crate::calls::forgetting::Retention;
use crate::calls::phone::Numbering;
use crate::clock::Clock;
use crate::routing::hours::holidays::{GERMAN_STATES, is_state};
use crate::routing::hours::{Hours, HoursContext};
use crate::stats::business::BusinessTime;
use crate::stats::derivation::Derivation;

/// The settings as written, before anything is made of them. The same names everywhere: `--time-zone`,
/// `FERNAMT_TIME_ZONE`, and `time_zone = "…"` in the file.
#[derive(Args, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Read settings from this TOML file; flags and environment win over it
    #[arg(long, env = "FERNAMT_CONFIG", value_name = "FILE", global = true)]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// Address to listen on; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, env = "FERNAMT_LISTEN", value_name = "ADDRESS:PORT", global = true)]
    listen: Option<String>,
    /// sqlite:PATH (created if missing) or postgres://… [default: sqlite:fernamt.db]
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL", global = true)]
    database_url: Option<String>,
    /// Read the database's URL from this file, where it holds a password
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "FILE", global = true)]
    database_url_file: Option<String>,
    /// The business time zone: what "a day" is [default: Europe/Berlin]
    #[arg(long, env = "FERNAMT_TIME_ZONE", value_name = "ZONE", global = true)]
    time_zone: Option<String>,
    /// Country for reading national numbers and for public holidays; with a state (DE-NW) its holidays, too [default: DE]
    #[arg(long, env = "FERNAMT_COUNTRY", value_name = "COUNTRY", global = true)]
    country: Option<String>,
    /// Secret shared with Placetel, for signed events; several, separated by commas, are all valid
    #[arg(long, env = "FERNAMT_PLACETEL_SECRET", hide_env_values = true, value_name = "SECRET", global = true)]
    placetel_secret: Option<String>,
    /// Read the secret shared with Placetel from this file
    #[arg(long, env = "FERNAMT_PLACETEL_SECRET_FILE", value_name = "FILE", global = true)]
    placetel_secret_file: Option<String>,
    /// user:password that Placetel must present (HTTP Basic)
    #[arg(long, env = "FERNAMT_PLACETEL_BASIC", hide_env_values = true, value_name = "USER:PASSWORD", global = true)]
    placetel_basic: Option<String>,
    /// Read user:password from this file
    #[arg(long, env = "FERNAMT_PLACETEL_BASIC_FILE", value_name = "FILE", global = true)]
    placetel_basic_file: Option<String>,
    /// Answer to an incoming call that no route matches: an empty response, or an error, which lets Placetel
    /// run its backup plan. Placetel does not document what an empty response does on a number that is routed
    /// to the External API: try it with yours [default: empty] [possible values: empty, error]
    #[arg(long, env = "FERNAMT_NO_ROUTE", value_name = "ANSWER", global = true)]
    no_route: Option<String>,
    /// A call without a hangup is over after this long [default: 4h]
    #[arg(long, env = "FERNAMT_HANGUP_TIMEOUT", value_name = "DURATION", global = true)]
    hangup_timeout: Option<String>,
    /// Business hours, like "Mo-Fr 09:00-17:00; PH off" (opening_hours syntax) [default: always]
    #[arg(long, env = "FERNAMT_BUSINESS_HOURS", value_name = "HOURS", global = true)]
    business_hours: Option<String>,
    /// Answered within this long counts as good service [default: 20s]
    #[arg(long, env = "FERNAMT_SERVICE_LEVEL", value_name = "DURATION", global = true)]
    service_level: Option<String>,
    /// Figures by agent (SIP user): off withholds them from everybody, as a works council may want; who took a
    /// single call is still told [default: on] [possible values: on, off]
    #[arg(long, env = "FERNAMT_AGENT_FIGURES", value_name = "ON|OFF", global = true)]
    agent_figures: Option<String>,
    /// An incoming call never waits longer for storage than this [default: 250ms]
    #[arg(long, env = "FERNAMT_ANSWER_WITHIN", value_name = "DURATION", global = true)]
    answer_within: Option<String>,
    /// File for events that the database does not take, until it does [default: beside the SQLite database, or
    /// fernamt.spool]
    #[arg(long, env = "FERNAMT_SPOOL", value_name = "FILE", global = true)]
    spool: Option<String>,
    /// File that keeps the last good routes, to answer calls with if the database is away at the start [default:
    /// fernamt-routes.json beside the SQLite database fernamt.db, otherwise in the working directory]
    #[arg(long, env = "FERNAMT_ROUTES_FILE", value_name = "FILE", global = true)]
    routes_file: Option<String>,
    /// Addresses and networks of the proxies in front, separated by commas: what they say about their clients is
    /// believed (X-Forwarded-For, -Proto and -Host, Forwarded) [default: nobody is believed]
    #[arg(long, env = "FERNAMT_TRUSTED_PROXY", value_name = "NETWORKS", global = true)]
    trusted_proxy: Option<String>,
    /// Speak TLS (https) with this certificate and what it was signed by, a PEM file; read again when it changes
    #[arg(long, env = "FERNAMT_TLS_CERT", value_name = "FILE", global = true)]
    tls_cert: Option<String>,
    /// The private key of the certificate, a PEM file
    #[arg(long, env = "FERNAMT_TLS_KEY", value_name = "FILE", global = true)]
    tls_key: Option<String>,
    /// Days after which outside numbers of calls are made unrecognisable, each night [default: never]
    #[arg(long, env = "FERNAMT_FORGET_NUMBERS_AFTER", value_name = "DAYS", global = true)]
    forget_numbers_after: Option<String>,
    /// Days after which events are deleted, each night, while calls and statistics stay [default: never]
    #[arg(long, env = "FERNAMT_DELETE_EVENTS_AFTER", value_name = "DAYS", global = true)]
    delete_events_after: Option<String>,
    /// How the log is written [default: text on a terminal, else json] [possible values: text, json]
    #[arg(long, env = "FERNAMT_LOG_FORMAT", value_name = "FORMAT", global = true)]
    log_format: Option<String>,
    /// Listen on a public address although neither secret nor Basic protects the events
    #[arg(
        long,
        env = "FERNAMT_ALLOW_UNSIGNED",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
        value_name = "BOOL",
        global = true
    )]
    allow_unsigned: Option<bool>,
}

/// What an incoming call hears when no route matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NoRoute {
    /// 200 with an empty response.
    Empty,
    /// 503: Placetel runs its backup plan.
    Error,
}

/// What is there or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// The settings, read and usable.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The database's URL; may contain a password.
    pub database_url: Secret,
    /// The business time zone (IANA).
    pub time_zone: chrono_tz::Tz,
    /// The country (ISO 3166), with or without a state.
    pub country: String,
    /// The valid shared secrets; empty when events are not signed.
    pub placetel_secrets: Vec<Secret>,
    /// The user and password (HTTP Basic) that events must present.
    pub placetel_basic: Option<Secret>,
    /// The answer to calls that no route matches, see [`NoRoute`].
    pub no_route: NoRoute,
    /// The time after which a call without HungUp is over.
    pub hangup_timeout: Duration,
    /// The business hours as written; `None` means always open.
    pub business_hours: Option<String>,
    /// The service level threshold, in seconds.
    pub service_level_seconds: u32,
    /// Whether figures by agent are available.
    pub agent_figures: bool,
    /// The time budget after which an IncomingCall is answered from memory.
    pub answer_within: Duration,
    /// The spool file, where events wait that the database does not accept.
    pub spool: PathBuf,
    /// The file that keeps the last good routes; see [`Config::routes_path`].
    pub routes_file: Option<PathBuf>,
    /// The proxies whose forwarded headers are trusted.
    pub trusted_proxies: TrustedProxies,
    /// The TLS certificate and key; `None` means plain HTTP.
    pub tls: Option<TlsFiles>,
    /// The retention periods.
    pub retention: Retention,
    /// The log format; `None` means text on a terminal, else JSON.
    pub log_format: Option<LogFormat>,
    /// Whether all calls are made up (demo), which every page says.
    pub is_demo: bool,
    /// Interval at which routes, names, callers and accounts are polled for changes made through another node; not a user setting.
    pub poll: Duration,
    /// The timing and bounds of the live stream; not a user setting.
    pub live: LivePace,
    /// The limits for connections and requests; not a user setting.
    pub limits: Limits,
    /// The clock; not a user setting.
    pub clock: Clock,
}

impl Settings {
    /// Reads the settings file, if there is one, and validates all settings.
    ///
    /// # Errors
    /// The first setting that is unusable.
    pub fn resolve(self) -> Result<Config, SettingError> {
        let file = self.config.as_deref().map(read_file).transpose()?.unwrap_or_default();
        let text = |flag, ours: Option<String>, files: Option<String>, default: &str| match ours.or(files) {
            Some(value) if value.trim().is_empty() => {
                Err(SettingError::new(flag, "is empty: leave it out or give it a value"))
            }
            Some(value) => Ok(value),
            None => Ok(default.to_owned()),
        };
        let optional = |flag, ours: Option<String>, files: Option<String>| match text(flag, ours, files, "")? {
            value if value.is_empty() => Ok(None),
            value => Ok::<_, SettingError>(Some(value)),
        };
        let secret = |flag, ours: [Option<String>; 2], files: [Option<String>; 2]| {
            optional(flag, either(flag, ours)?, either(flag, files)?)
        };
        let ours = [self.database_url, self.database_url_file];
        let database_url = secret("database-url", ours, [file.database_url, file.database_url_file])?;
        let database_url = database_url.unwrap_or_else(|| "sqlite:fernamt.db".to_owned());
        let spool = text("spool", self.spool, file.spool, &spool_of(&database_url))?;
        let time_zone = text("time-zone", self.time_zone, file.time_zone, "Europe/Berlin")?;
        let config = Config {
            listen: parse_address(&text("listen", self.listen, file.listen, "127.0.0.1:8080")?)?,
            database_url: Secret(database_url),
            time_zone: time_zone.parse().map_err(|_| {
                SettingError::new(
                    "time-zone",
                    format!("`{time_zone}` is no time zone; expected one like Europe/Berlin"),
                )
            })?,
            country: text("country", self.country, file.country, "DE")?,
            placetel_secrets: secret(
                "placetel-secret",
                [self.placetel_secret, self.placetel_secret_file],
                [file.placetel_secret, file.placetel_secret_file],
            )?
            .map(|secrets| parse_secrets(&secrets))
            .transpose()?
            .unwrap_or_default(),
            placetel_basic: secret(
                "placetel-basic",
                [self.placetel_basic, self.placetel_basic_file],
                [file.placetel_basic, file.placetel_basic_file],
            )?
            .map(parse_basic)
            .transpose()?,
            no_route: parse_choice("no-route", &text("no-route", self.no_route, file.no_route, "empty")?)?,
            hangup_timeout: parse_duration(
                "hangup-timeout",
                &text("hangup-timeout", self.hangup_timeout, file.hangup_timeout, "4h")?,
            )?,
            business_hours: optional("business-hours", self.business_hours, file.business_hours)?,
            service_level_seconds: parse_seconds(
                "service-level",
                &text("service-level", self.service_level, file.service_level, "20s")?,
            )?,
            agent_figures: parse_choice::<Switch>(
                "agent-figures",
                &text("agent-figures", self.agent_figures, file.agent_figures, "on")?,
            )? == Switch::On,
            answer_within: parse_duration(
                "answer-within",
                &text("answer-within", self.answer_within, file.answer_within, "250ms")?,
            )?,
            spool: spool.into(),
            routes_file: optional("routes-file", self.routes_file, file.routes_file)?.map(PathBuf::from),
            trusted_proxies: optional("trusted-proxy", self.trusted_proxy, file.trusted_proxy)?
                .map(|networks| TrustedProxies::parse(&networks))
                .transpose()?
                .unwrap_or_default(),
            tls: TlsFiles::new(
                optional("tls-cert", self.tls_cert, file.tls_cert)?,
                optional("tls-key", self.tls_key, file.tls_key)?,
            )?,
            retention: retention(
                optional("forget-numbers-after", self.forget_numbers_after, file.forget_numbers_after)?,
                optional("delete-events-after", self.delete_events_after, file.delete_events_after)?,
            )?,
            log_format: optional("log-format", self.log_format, file.log_format)?
                .map(|word| parse_choice("log-format", &word))
                .transpose()?,
            is_demo: false,
            poll: Duration::from_secs(1),
            live: LivePace::default(),
            limits: Limits::default(),
            clock: Clock::default(),
        };
        config.derivation()?;
        let allow_unsigned = self.allow_unsigned.or(file.allow_unsigned).unwrap_or(false);
        if !config.listen.ip().is_loopback() && !config.is_guarded() && !allow_unsigned {
            return Err(SettingError::new(
                "listen",
                "this address is reachable for others, but anybody could send events: set --placetel-secret or \
                 --placetel-basic, or allow it with --allow-unsigned",
            ));
        }
        Ok(config)
    }
}

impl Config {
    /// Returns whether events must authenticate, by signature or HTTP Basic.
    pub fn is_guarded(&self) -> bool {
        !self.placetel_secrets.is_empty() || self.placetel_basic.is_some()
    }

    /// Returns whether only this machine can connect and events need no authentication: for trying out.
    pub fn is_unprotected(&self) -> bool {
        self.listen.ip().is_loopback() && !self.is_guarded()
    }

    /// Returns the path of the file with the last good routes: beside a SQLite file under its name, otherwise in the
    /// working directory.
    pub fn routes_path(&self) -> PathBuf {
        if let Some(path) = &self.routes_file {
            return path.clone();
        }
        let Some(path) = self.database_url.0.strip_prefix("sqlite:") else { return "fernamt-routes.json".into() };
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = Path::new(path.split('?').next().unwrap_or_default());
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        path.with_file_name(format!("{name}-routes.json"))
    }

    /// Returns the database's URL without user, password and options.
    pub fn database_name(&self) -> &str {
        let url = self.database_url.0.split('?').next().unwrap_or_default();
        url.rsplit_once('@').map_or(url, |(_, name)| name)
    }

    /// Returns the time zone, country and state that opening hours and holidays depend on.
    pub fn hours_context(&self) -> HoursContext {
        let (country, state) = split_country(&self.country);
        HoursContext::new(self.time_zone, country, state)
    }

    /// Returns the rules by which calls and cells are derived.
    ///
    /// # Errors
    /// When country or business hours cannot be used.
    pub fn derivation(&self) -> Result<Derivation, SettingError> {
        let (country, state) = split_country(&self.country);
        let numbering = Numbering::new(country).ok_or_else(|| {
            let reason =
                format!("`{}` is no country; expected an ISO code like DE, or DE-NW for a state", self.country);
            SettingError::new("country", reason)
        })?;
        if state.is_none() && GERMAN_STATES.contains(&country) && self.time_zone == chrono_tz::Europe::Berlin {
            let reason = format!(
                "`{country}` is a country, but not one with the time zone of Germany: say DE-{country} if you mean the \
                 state, or else set --time-zone, too"
            );
            return Err(SettingError::new("country", reason));
        }
        if let Some(state) = state.filter(|state| !is_state(country, state)) {
            let states = GERMAN_STATES.join(", ");
            let reason = format!("`{state}` is no state of {country}; expected one of {states}, as in DE-NW");
            return Err(SettingError::new("country", reason));
        }
        let parse = |hours: &String| Hours::parse(hours, &self.hours_context());
        let hours = self.business_hours.as_ref().map(parse).transpose();
        let hours = hours.map_err(|error| SettingError::new("business-hours", error))?;
        Ok(Derivation { numbering: Arc::new(numbering), business: BusinessTime::new(self.time_zone, hours) })
    }

    /// Returns the settings that stored figures depend on: flag and value.
    pub fn remembered(&self) -> [(&'static str, String); 3] {
        [
            ("time-zone", self.time_zone.name().to_owned()),
            ("country", self.country.clone()),
            ("business-hours", self.business_hours.clone().unwrap_or_default()),
        ]
    }
}

/// Returns the default path of the spool: beside the SQLite file; in the working directory for a database server.
fn spool_of(database_url: &str) -> String {
    let file = database_url.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
    let file = file.map(|path| path.split_once('?').map_or(path, |(path, _)| path));
    format!("{}.spool", file.unwrap_or("fernamt"))
}

fn split_country(country: &str) -> (&str, Option<&str>) {
    country.split_once('-').map_or((country, None), |(country, state)| (country, Some(state)))
}

fn read_file(path: &Path) -> Result<Settings, SettingError> {
    let in_file = |reason: String| SettingError::new("config", format!("{}: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| in_file(error.to_string()))?;
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        in_file(format!("line {line}: {}", error.message()))
    })
}

/// Names in the environment that no setting has.
pub mod environment;
/// Network settings: trusted proxies, TLS files and limits.
mod error;
mod network;
/// Timing and bounds of the live stream.
mod pace;
/// From text to values.
mod parse;
/// Retention settings.
mod retention;
/// Values that must not show.
mod secret;
/// Secrets in files of their own.
mod secret_files;

#[cfg(test)]
mod tests;
