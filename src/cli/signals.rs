//! Signals that end the program.

use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::CliError;

/// SIGTERM and SIGINT, from now on.
pub(super) struct Signals {
    term: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens before anything starts: a signal that comes during the start ends the program in order, too.
    pub(super) fn listen() -> Result<Self, CliError> {
        let listen = |kind| signal(kind).map_err(|error| CliError::Failed(format!("no signals: {error}")));
        Ok(Self { term: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits for one of them and answers the exit code that belongs to it.
    pub(super) async fn wait(mut self) -> ExitCode {
        tokio::select! {
            _ = self.term.recv() => ExitCode::SUCCESS,
            _ = self.interrupt.recv() => ExitCode::from(130),
        }
    }
}
