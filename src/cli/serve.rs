use std::io::Write;
use std::process::ExitCode;

use super::stopping::StopSignals;
use crate::app::Service;
use crate::config::Config;

/// Serves until SIGTERM or Ctrl-C, then answers and stores what was accepted.
///
/// # Errors
/// When it cannot start.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    allow_many_connections();
    let service = Service::start(config).await?;
    if service.is_local_mode {
        tracing::info!("local mode: everything is open, but only to this machine");
    }
    until_stopped(service, StopSignals::listen()?).await
}

/// Tells the address, then serves until SIGTERM or Ctrl-C.
///
/// # Errors
/// When the server breaks down.
pub(super) async fn until_stopped(service: Service, mut signals: StopSignals) -> anyhow::Result<ExitCode> {
    // Scripts read the address, and port 0 picks one, from this line.
    let mut out = std::io::stdout();
    let scheme = if service.is_https { "https" } else { "http" };
    let _ = writeln!(out, "fernamt listens on {scheme}://{}", service.address);
    let _ = out.flush();
    let handle = service.handle();
    tokio::spawn(async move {
        signals.received().await;
        tracing::info!("stopping");
        handle.stop(true).await;
    });
    service.run().await?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Many systems allow a program 1,024 open files unless it asks for more.
fn allow_many_connections() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
        tracing::warn!(%error, "no more open files are allowed than before");
    }
}
