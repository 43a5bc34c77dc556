//! Wires settings, database, routing table and server together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use tokio::task::JoinHandle;

use crate::config::{Config, SettingError};
use crate::store::record::Derivation;
use crate::store::writer::Writer;
use crate::store::{Db, StoreError, settings};
use crate::web::live::{self, Live};
use crate::web::metrics;
use crate::web::state::State;

/// How often routes and names are asked for changes made through another node.
const REFRESH_EVERY: Duration = Duration::from_secs(1);
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
            None => settings::remember(db, flag, &now).await?,
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
    server: Server,
    writing: JoinHandle<()>,
    /// What holds on to the state, and with it the writer, until it is aborted.
    background: [JoinHandle<()>; 3],
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
    /// Opens the database, loads the routes and listens.
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
        let db = Arc::new(open_database(&config).await?);
        check_remembered(&db, &config).await?;
        let (writer, writing) = Writer::start(db.clone(), derivation.clone());
        let state = Data::new(State::load(config, db.clone(), derivation, writer).await?);
        let background = [
            tokio::spawn(refresh(state.clone())),
            tokio::spawn(live::publish(state.clone())),
            tokio::spawn(live::listen(state.clone())),
        ];
        let live = state.live.clone();
        let checkpointing = db.checkpoint_in_background();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .wrap(crate::web::headers())
                .wrap(from_fn(metrics::measure))
                .configure(crate::web::configure)
        })
        .shutdown_timeout(STOP_WITHIN_SECONDS)
        .disable_signals()
        .listen(listener)
        .map_err(listening)?
        .run();
        Ok(Self { address, server, writing, background, checkpointing, db, live })
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

async fn refresh(state: Data<State>) {
    let mut ticks = tokio::time::interval(REFRESH_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        ticks.tick().await;
        let result = state.refresh_routes().await.and(state.refresh_names().await).and(state.refresh_callers().await);
        if let (Err(error), false) = (&result, failing) {
            tracing::warn!(%error, "routes, names and callers could not be refreshed; the last ones go on");
        }
        failing = result.is_err();
    }
}
