//! Wires settings, database, routing table and server together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use tokio::task::JoinHandle;

use crate::clock::watch::keep_watch;
use crate::closing::close;
use crate::config::{Config, Limits, SettingError};
use crate::retention::keep;
use crate::store::later::Gate;
use crate::store::record::Derivation;
use crate::store::spool::Spool;
use crate::store::surplus::fold_again_once;
use crate::store::writer::Writer;
use crate::store::{Db, StoreError, clock, settings};
use crate::tls::Certificate;
use crate::web::last_good::LastGood;
use crate::web::live::{self, Live};
use crate::web::metrics;
use crate::web::slow;
use crate::web::state::State;
use crate::web::tables::StoredTable;

/// How often routes and names are asked for changes made through another node.
const REFRESH_EVERY: Duration = Duration::from_secs(1);
/// How often it is tried to open a database that was away at the start.
const OPEN_AGAIN: Duration = Duration::from_secs(1);
/// How long a stop waits for requests to be answered.
const STOP_WITHIN_SECONDS: u64 = 8;

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting cannot be used.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The database gave up during the start.
    #[error("--database-url: {0}")]
    Store(#[from] StoreError),
    /// The database's file is damaged.
    #[error(
        "--database-url: {0}: `fernamt check` says where it is damaged; restore a backup (docs/operations.md says how)"
    )]
    Damaged(#[source] StoreError),
    /// A figure in the database depends on settings that are others now.
    #[error(
        "--{flag}: the stored figures were made with `{stored}`, now it is `{now}`: set it back, or stop every server \
             of this database and run `fernamt rebuild`"
    )]
    Differs {
        /// The flag.
        flag: &'static str,
        /// What the database remembers.
        stored: String,
        /// What is set now.
        now: String,
    },
    /// A rebuild did not reach its end.
    #[error("--database-url: a rebuild was interrupted: run `fernamt rebuild` again")]
    Rebuilding,
}

impl StartError {
    /// Damage that shows only when something is read.
    fn look_closer(self) -> Self {
        match self {
            Self::Store(error) if error.is_damage() => Self::Damaged(error),
            other => other,
        }
    }
}

/// Opens the database; an error names the setting.
///
/// # Errors
/// When it cannot be used.
pub async fn open_database(config: &Config) -> Result<Db, SettingError> {
    Db::open(&config.database_url.0).await.map_err(|error| SettingError::new("database-url", error))
}

/// Compares the settings that stored figures depend on with what the database remembers; a new database
/// learns them.
///
/// # Errors
/// When one differs.
pub async fn check_remembered(db: &Db, config: &Config) -> Result<(), StartError> {
    if settings::recall(db, settings::REBUILDING).await?.is_some() {
        return Err(StartError::Rebuilding);
    }
    for (flag, now) in config.remembered() {
        match settings::recall(db, flag).await? {
            None => {
                clock::begin(db, config.clock.now_ms()).await?;
                settings::remember(db, flag, &now).await?;
            }
            Some(stored) if stored == now => {}
            Some(stored) => return Err(StartError::Differs { flag, stored, now }),
        }
    }
    Ok(())
}

/// A server that listens.
pub struct Service {
    /// Where it listens.
    pub address: SocketAddr,
    /// Whether anybody on this machine may do everything.
    pub is_local_mode: bool,
    /// Whether it speaks TLS there.
    pub is_https: bool,
    server: Server,
    writing: JoinHandle<()>,
    /// What holds on to the state, and with it the writer, until it is aborted.
    background: Vec<JoinHandle<()>>,
    checkpointing: Option<JoinHandle<()>>,
    db: Arc<Db>,
    live: Arc<Live>,
}

/// For stopping a service from elsewhere.
#[derive(Clone)]
pub struct Handle {
    server: ServerHandle,
    live: Arc<Live>,
}

impl Handle {
    /// Stops; gracefully means that what was accepted is answered. The command is on its way as soon as the
    /// future exists.
    pub fn stop(&self, gracefully: bool) -> impl Future<Output = ()> + use<> {
        // Streams have no end of their own that could be waited for.
        self.live.close();
        self.server.stop(gracefully)
    }
}

impl Service {
    /// Opens the database, loads the routes and listens. If the database is away, the routes that were good last
    /// answer calls until it is there.
    ///
    /// # Errors
    /// When a setting cannot be used, the database does not open or the address is taken.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let derivation: Arc<Derivation> = Arc::new(config.derivation()?);
        // Before the database: two servers on one address must not get as far as touching it.
        let listener = std::net::TcpListener::bind(config.listen)
            .map_err(|error| SettingError::new("listen", format!("{}: {error}", config.listen)))?;
        let listening = |error: std::io::Error| SettingError::new("listen", error);
        let address = listener.local_addr().map_err(listening)?;
        let certificate = config.tls.as_ref().map(Certificate::load).transpose()?;
        let (limits, retention) = (config.limits, config.retention);
        let opened = Opened::new(&config).await?;
        if opened.waiting.is_none() {
            fold_again_once(&opened.db, &derivation).await.map_err(|error| StartError::from(error).look_closer())?;
        }
        let db = opened.db.clone();
        let spool = Spool::open(&config.spool)
            .map_err(|error| SettingError::new("spool", format!("{}: {error}", config.spool.display())))?;
        let closing = tokio::spawn(close(db.clone(), derivation.clone()));
        let (writer, writing) = Writer::start(db.clone(), derivation.clone(), spool);
        let (state, gate) = match opened.waiting {
            None => {
                let state = State::load(config, db.clone(), derivation, writer).await;
                (state.map_err(|error| StartError::from(error).look_closer())?, None)
            }
            Some(Waiting { gate, table }) => {
                writer.note_away();
                (State::of_last_good(config, db.clone(), derivation, writer, &table), Some(gate))
            }
        };
        let state = Data::new(state);
        let mut background = vec![
            tokio::spawn(refresh(state.clone())),
            tokio::spawn(live::publish(state.clone())),
            tokio::spawn(live::listen(state.clone())),
            tokio::spawn(keep_watch(state.clock.clone(), db.clone())),
            tokio::spawn(keep(state.clock.clone(), db.clone(), state.derivation.clone(), retention)),
            closing,
        ];
        background.extend(certificate.clone().map(|certificate| tokio::spawn(certificate.keep_fresh())));
        background.extend(gate.map(|gate| tokio::spawn(open_when_back(state.clone(), gate))));
        let live = state.live.clone();
        let is_local_mode = state.is_local_mode();
        let checkpointing = db.checkpoint_in_background();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .wrap(from_fn(slow::limit))
                .wrap(crate::web::headers())
                .wrap(from_fn(crate::web::stay_with_tls))
                .wrap(from_fn(metrics::measure))
                .configure(crate::web::configure)
        })
        // A page leaves in several pieces: the later ones would wait until the first is acknowledged, which many put off.
        .tcp_nodelay(true)
        .shutdown_timeout(STOP_WITHIN_SECONDS)
        .disable_signals()
        .client_request_timeout(limits.head)
        .tls_handshake_timeout(limits.head)
        .keep_alive(limits.keep_alive)
        .max_connections(Limits::CONNECTIONS)
        .on_connect(slow::watch(limits));
        let is_https = certificate.is_some();
        let server = match certificate {
            None => server.listen(listener),
            Some(certificate) => server.listen_rustls_0_23(listener, certificate.server_config()?),
        };
        let server = server.map_err(listening)?.run();
        Ok(Self { address, is_https, is_local_mode, server, writing, background, checkpointing, db, live })
    }

    /// For stopping it from elsewhere.
    pub fn handle(&self) -> Handle {
        Handle { server: self.server.handle(), live: self.live.clone() }
    }

    /// Serves until it is stopped, then stores what is queued and closes the database.
    ///
    /// # Errors
    /// When the server breaks down.
    pub async fn run(self) -> std::io::Result<()> {
        let served = self.server.await;
        for task in self.background {
            task.abort();
            let _ = task.await;
        }
        if self.writing.await.is_err() {
            tracing::error!("the writer broke down");
        }
        if let Some(checkpointing) = self.checkpointing {
            checkpointing.abort();
        }
        self.db.close().await;
        served
    }
}

/// The database of a start.
struct Opened {
    db: Arc<Db>,
    /// There while the database is away.
    waiting: Option<Waiting>,
}

struct Waiting {
    gate: Gate,
    table: StoredTable,
}

impl Opened {
    async fn new(config: &Config) -> Result<Self, StartError> {
        let unusable = |error| SettingError::new("database-url", error);
        let url = &config.database_url.0;
        let error = match Db::open(url).await {
            Ok(db) => {
                check_remembered(&db, config).await.map_err(StartError::look_closer)?;
                return Ok(Self { db: Arc::new(db), waiting: None });
            }
            Err(error) => error,
        };
        let Some(table) = error.is_away().then(|| LastGood::new(config).read()).flatten() else {
            return Err(unusable(error).into());
        };
        let (db, gate) = Db::open_later(url).map_err(unusable)?;
        let routes = table.routes.len();
        tracing::error!(%error, routes, "the database is away: the last good routes answer calls until it is there");
        Ok(Self { db: Arc::new(db), waiting: Some(Waiting { gate, table }) })
    }
}

/// Tries until the database opens as at any start, then lets everybody use it.
async fn open_when_back(state: Data<State>, gate: Gate) {
    let mut told = String::new();
    loop {
        tokio::time::sleep(OPEN_AGAIN).await;
        let error: StartError = match open_database(&state.config).await {
            Ok(db) => match ready(&db, &state).await {
                Ok(()) => {
                    db.close().await;
                    gate.open();
                    state.writer.note_there();
                    state.routes_changed.notify_one();
                    tracing::info!("the database is there");
                    return;
                }
                Err(error) => {
                    db.close().await;
                    error
                }
            },
            Err(error) => error.into(),
        };
        let error = error.to_string();
        if error != told {
            tracing::error!(%error, "the database cannot be used yet");
            told = error;
        }
    }
}

/// What has to be so before anybody uses the database.
async fn ready(db: &Db, state: &State) -> Result<(), StartError> {
    check_remembered(db, &state.config).await?;
    Ok(fold_again_once(db, &state.derivation).await?)
}

async fn refresh(state: Data<State>) {
    let mut ticks = tokio::time::interval(REFRESH_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = state.routes_changed.notified() => {}
        }
        let shared = state.refresh_routes().await.and(state.refresh_names().await).and(state.refresh_callers().await);
        let result = shared.and(state.refresh_accounts().await);
        if let (Err(error), false) = (&result, failing) {
            tracing::warn!(%error, "routes, names, callers and accounts could not be refreshed; the last ones go on");
        }
        failing = result.is_err();
        if matches!(result, Err(StoreError::Away(_) | StoreError::TooLong)) {
            state.unreachable.begin();
        } else {
            state.unreachable.end();
        }
    }
}
