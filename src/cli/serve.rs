use std::io::Write;
use std::process::ExitCode;

use super::stopping::StopSignals;
use crate::app::Service;
use crate::config::Config;

/// Serves until SIGTERM or Ctrl-C, then answers and stores what was accepted (graceful shutdown).
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

/// Prints the address, then serves until SIGTERM or Ctrl-C.
///
/// # Errors
/// When the server fails.
pub(super) async fn until_stopped(service: Service, mut signals: StopSignals) -> anyhow::Result<ExitCode> {
    // Scripts read the address from this line, and with port 0 they cannot know it otherwise.
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

/// Raises the soft limit of open files to the hard one: many systems allow 1,024 unless a program asks for more.
fn allow_many_connections() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
        tracing::warn!(%error, "no more open files are allowed than before");
    }
}
