//! Signals that end the program.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

/// Waits for SIGTERM or SIGINT and answers the exit code that belongs to it.
pub(super) async fn wait() -> ExitCode {
    let (Ok(mut term), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        tracing::error!("signals cannot be waited for");
        return ExitCode::FAILURE;
    };
    tokio::select! {
        _ = term.recv() => ExitCode::SUCCESS,
        _ = interrupt.recv() => ExitCode::from(130),
    }
}
