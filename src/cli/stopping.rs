//! Commands that are stopped end within two seconds, whatever they are at, and say what they have done so far.

use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// So long a stopped command may take to leave everything in order.
const TIDY_WITHIN: Duration = Duration::from_millis(1_200);
/// As shells have it: this plus the signal.
const STOPPED: u8 = 128;

static SO_FAR: Mutex<Option<String>> = Mutex::new(None);

/// Notes what a command has done, for whoever stops it.
pub(super) fn so_far(done: impl Into<String>) {
    *SO_FAR.lock().unwrap_or_else(PoisonError::into_inner) = Some(done.into());
}

/// SIGINT and SIGTERM. What comes while this exists is kept until somebody asks; there is no way back to where they end the
/// process by themselves, so one such value has to last as long as its command.
pub(super) struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    /// Hears them from now on.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for one of them, and says which.
    pub(super) async fn received(&mut self) -> SignalKind {
        tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
        }
    }
}

/// Runs a command to its end, or until SIGINT or SIGTERM. It has a thread of its own: it may wait for input, or compute, as
/// long as it likes.
///
/// # Errors
/// Those of the command, or when signals cannot be heard.
pub(super) fn run<F>(runtime: Runtime, command: impl FnOnce() -> F + Send + 'static) -> anyhow::Result<ExitCode>
where
    F: Future<Output = anyhow::Result<ExitCode>>,
{
    let (stop, stopped) = oneshot::channel::<()>();
    let (end, ended) = oneshot::channel();
    let mut ended = ended;
    let mut signals = runtime.block_on(async { StopSignals::listen() })?;
    let handle = runtime.handle().clone();
    let working = std::thread::spawn(move || {
        let done = handle.block_on(async {
            tokio::select! {
                done = command() => Some(done),
                // Dropping it tidies up.
                Ok(()) = stopped => None,
            }
        });
        let _ = end.send(done);
    });
    let outcome = runtime.block_on(async {
        let signal = tokio::select! {
            done = &mut ended => return Ok(done),
            signal = signals.received() => signal,
        };
        let _ = stop.send(());
        // What was done at this very moment is done.
        match tokio::time::timeout(TIDY_WITHIN, &mut ended).await {
            Ok(Ok(Some(done))) => Ok(Ok(Some(done))),
            _ => Err(signal.as_raw_value()),
        }
    });
    // Nobody waits for what may never come, like input.
    runtime.shutdown_background();
    match outcome {
        Ok(Ok(Some(done))) => done,
        Ok(_) => match working.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => anyhow::bail!("the command ended without a result"),
        },
        Err(number) => {
            let done = SO_FAR.lock().unwrap_or_else(PoisonError::into_inner).take();
            eprintln!("fernamt: stopped: {}", done.as_deref().unwrap_or("nothing was changed"));
            Ok(ExitCode::from(STOPPED.saturating_add(u8::try_from(number).unwrap_or(0))))
        }
    }
}
