//! Wires settings, database, routing table and server together.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::App;
use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use tokio::task::JoinHandle;

use self::opening::{Opened, open_spool, tell_of_rights};
pub use self::opening::{StartError, check_remembered, open_database};
use self::watching::watch;
use crate::clock::watch::keep_watch;
use crate::config::{Config, SettingError};
use crate::service::jobs::closing::close;
use crate::service::jobs::packing::pack;
use crate::service::jobs::refresh::refresh;
use crate::service::jobs::retention::keep;
use crate::service::live::publish::{listen, publish};
use crate::service::live::stream::Live;
use crate::service::state::AppState;
use crate::stats::derivation::Derivation;
use crate::store::Db;
use crate::store::ingest::writer::Writer;
use crate::tls::Certificate;
use crate::web::extract::budget::Bodies;
use crate::web::measure::measure;
use crate::web::server::doors::Doors;
use crate::web::server::listen::{self, Serving};
use crate::web::server::timeouts;
use crate::web::{head, headers, routes};

/// A running server.
pub struct Service {
    /// The address on which it listens.
    pub address: SocketAddr,
    /// Whether local mode is on: anybody on this machine may do everything, until there is an account.
    pub is_local_mode: bool,
    /// Whether it speaks TLS on that address.
    pub is_https: bool,
    server: Server,
    writing: JoinHandle<()>,
    /// Background tasks, which hold references to the state, and with it to the writer, until they are aborted.
    background: Vec<JoinHandle<()>>,
    checkpointing: Option<JoinHandle<()>>,
    db: Arc<Db>,
    live: Arc<Live>,
}

/// A handle for stopping a service from elsewhere.
#[derive(Clone)]
pub struct Handle {
    server: ServerHandle,
    live: Arc<Live>,
}

impl Handle {
    /// Stops the service; gracefully means that accepted requests are still answered. The stop command is sent as soon
    /// as the future is created, before it is polled.
    pub fn stop(&self, gracefully: bool) -> impl Future<Output = ()> + use<> {
        // Event streams never end by themselves: a graceful stop would wait for them until its timeout.
        self.live.close();
        self.server.stop(gracefully)
    }
}

impl Service {
    /// Opens the database, loads the routes and listens. If the database is in trouble, the last good routes answer
    /// calls until it can be used.
    ///
    /// # Errors
    /// When a setting cannot be used, the database is newer or was never there, or the address is taken.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let derivation: Arc<Derivation> = Arc::new(config.derivation()?);
        // Binds before opening the database: two servers on one address must not get as far as touching it.
        let listener = listen::bind(config.listen)
            .map_err(|error| SettingError::new("listen", format!("{}: {error}", config.listen)))?;
        let listening = |error: std::io::Error| SettingError::new("listen", error);
        let address = listener.local_addr().map_err(listening)?;
        let certificate = config.tls.as_ref().map(Certificate::load).transpose()?;
        let (limits, retention, doors) = (config.limits, config.retention, Arc::new(Doors::new(&config)));
        let Opened { db, last_good, interrupted } = Opened::new(&config).await?;
        tell_of_rights(&config);
        let spool = open_spool(&config, &db)?;
        let closing = tokio::spawn(close(db.clone(), derivation.clone()));
        let (writer, writing) = Writer::start(db.clone(), derivation.clone(), spool);
        if !db.condition().is_open() {
            writer.note_outage();
        }
        let bodies = Data::new(Bodies::new(limits.bodies));
        let poll = config.poll;
        let state = Arc::new(AppState::begin(config, db.clone(), derivation, writer, last_good).await);
        let mut background = vec![
            tokio::spawn(refresh(state.clone(), poll)),
            tokio::spawn(publish(state.clone())),
            tokio::spawn(listen(state.clone())),
            tokio::spawn(watch(state.clone(), interrupted)),
            tokio::spawn(keep_watch(state.clock.clone(), db.clone())),
            tokio::spawn(keep(state.clock.clone(), db.clone(), state.derivation.clone(), retention)),
            tokio::spawn(pack(db.clone(), state.derivation.clone())),
            closing,
        ];
        background.extend(certificate.clone().map(|certificate| tokio::spawn(certificate.keep_fresh())));
        let live = state.live.clone();
        let is_local_mode = state.accounts.is_local_mode();
        let checkpointing = db.checkpoint_in_background();
        let is_https = certificate.is_some();
        let tls = certificate.map(|certificate| certificate.server_config()).transpose()?;
        let state = Data::from(state);
        let serving = Serving { limits, doors, tls };
        let server = listen::serve(listener, serving, move || {
            App::new()
                .app_data(state.clone())
                .app_data(bodies.clone())
                .wrap(from_fn(timeouts::limit))
                .wrap(headers::headers())
                .wrap(from_fn(headers::hsts))
                .wrap(from_fn(headers::keep_out_of_caches))
                .wrap(from_fn(head::without_body))
                .wrap(from_fn(measure))
                .configure(routes::configure)
        });
        let server = server.map_err(listening)?;
        Ok(Self { address, is_https, is_local_mode, server, writing, background, checkpointing, db, live })
    }

    /// Returns a handle for stopping the service from elsewhere.
    pub fn handle(&self) -> Handle {
        Handle { server: self.server.handle(), live: self.live.clone() }
    }

    /// Serves until stopped, then stores the queued events and closes the database.
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

/// Opening the database at the start.
mod opening;
/// Watching the database while the server runs, and reopening it after trouble.
mod watching;
