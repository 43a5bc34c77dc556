//! Stopping commands by a signal: they end within two seconds, whatever they do, and print what they have done so far.

use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Time that a stopped command has to clean up.
const TIDY_WITHIN: Duration = Duration::from_millis(1_200);
/// Base of the exit status of a stopped command, as in shells: this plus the signal's number.
const STOPPED: u8 = 128;

static SO_FAR: Mutex<Option<String>> = Mutex::new(None);

/// Records what a command has done so far, to be printed if it is stopped.
pub(super) fn so_far(done: impl Into<String>) {
    *SO_FAR.lock().unwrap_or_else(PoisonError::into_inner) = Some(done.into());
}

/// A listener for SIGINT and SIGTERM. Signals that arrive while it exists are kept until they are asked for. The
/// default action, ending the process, cannot be restored, so one listener has to last as long as its command.
pub(super) struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    /// Installs the signal handlers.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for one of the signals, and returns which it was.
    pub(super) async fn received(&mut self) -> SignalKind {
        tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
        }
    }
}

/// Runs a command to its end, or until SIGINT or SIGTERM. The command has a thread of its own, because it may block on
/// input or compute as long as it likes.
///
/// # Errors
/// Those of the command, or when the signal handlers cannot be installed.
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
                // Dropping the command's future cleans up.
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
        // If the command ended at this very moment, its result counts.
        match tokio::time::timeout(TIDY_WITHIN, &mut ended).await {
            Ok(Ok(Some(done))) => Ok(Ok(Some(done))),
            _ => Err(signal.as_raw_value()),
        }
    });
    // Does not wait for blocking tasks that may never end, such as reading input.
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
