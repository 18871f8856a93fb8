//! A private Redis (or Valkey) that keeps nothing: it carries messages, and its loss loses none for good.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::LocalError;
use super::process::{Server, ServerCommand, temporary_directory};
use super::programs::{Account, find_redis, free_port};

const READY_SECONDS: u64 = 20;
const ATTEMPTS: u32 = 3;

/// A private Redis on a free port of 127.0.0.1. Dropping it stops the server without waiting for its end.
pub struct Redis {
    program: PathBuf,
    port: u16,
    /// `None` between [`Redis::stop`] and [`Redis::restart`].
    server: Option<Server>,
}

impl Redis {
    /// Whether a Redis is installed, so that [`Redis::start`] can find it.
    pub fn is_installed() -> bool {
        find_redis().is_some()
    }

    /// Starts a server on a free port and returns once it answers.
    pub async fn start() -> Result<Self, LocalError> {
        let program = find_redis().ok_or(LocalError::NoRedis)?;
        let mut attempt = 1;
        loop {
            let port = free_port()?;
            // Between finding a port free and taking it, another program may be faster.
            match start_on(&program, port).await {
                Err(LocalError::Failed { .. }) if attempt < ATTEMPTS => attempt += 1,
                outcome => return outcome.map(|server| Self { program, port, server: Some(server) }),
            }
        }
    }

    /// The address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Stops the server and waits for its end. Stopping it again does nothing.
    pub async fn stop(&mut self) -> Result<(), LocalError> {
        match self.server.take() {
            Some(server) => server.stop().await,
            None => Ok(()),
        }
    }

    /// Starts an empty server on the same port, after stopping the one that runs, if any.
    pub async fn restart(&mut self) -> Result<(), LocalError> {
        self.stop().await?;
        self.server = Some(start_on(&self.program, self.port).await?);
        Ok(())
    }
}

async fn start_on(program: &Path, port: u16) -> Result<Server, LocalError> {
    let account = Account::for_servers()?;
    let directory = temporary_directory(account)?;
    let text = [
        ("--bind", "127.0.0.1"),
        ("--port", &port.to_string()),
        ("--save", ""),
        ("--appendonly", "no"),
        ("--dir", &directory.display().to_string()),
    ];
    let mut server = Server::start(ServerCommand {
        program: program.to_owned(),
        arguments: text.iter().flat_map(|(name, value)| [(*name).to_owned(), (*value).to_owned()]).collect(),
        signal: "TERM",
        account,
        log: directory.join("redis.log"),
        throwaway: Some(directory),
    })?;
    server.until_ready(READY_SECONDS, || answers(port)).await?;
    Ok(server)
}

/// Whether a Redis answers on the port. The words of the protocol are few enough to say by hand.
async fn answers(port: u16) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(b"PING\r\n").await?;
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).await.map(|_| answer == *b"+PONG\r\n")
    };
    matches!(timeout(Duration::from_secs(1), ask).await, Ok(Ok(true)))
}
