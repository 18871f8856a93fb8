//! Why a private server could not be started or stopped, and what to do about it.

use std::io;
use std::path::PathBuf;

/// Why a private PostgreSQL or Redis could not be started or stopped. Each message names the remedy.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// No usable PostgreSQL is installed on this machine.
    #[error(
        "no PostgreSQL 15 to 18 is installed: `apt-get install postgresql`, or set DATABASE_URL, WORKER_DATABASE_URL and MIGRATION_DATABASE_URL"
    )]
    NoPostgres,

    /// Neither `redis-server` nor `valkey-server` is installed on this machine.
    #[error("no Redis is installed: `apt-get install redis-server`, or set REDIS_URL")]
    NoRedis,

    /// The directory holds data of a PostgreSQL version that is not installed.
    #[error("{directory} holds data of PostgreSQL {major}: install that version, or move the directory away")]
    OtherVersion {
        /// The directory of the cluster.
        directory: PathBuf,
        /// The major version that wrote it.
        major: u32,
    },

    /// A directory or file of the server could not be made, read or removed.
    #[error("cannot prepare {path}")]
    Directory {
        /// What could not be prepared.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },

    /// Servers do not run as root, and the account they run as cannot write to the directory.
    #[error("user {uid} cannot write to {path}: choose a data directory whose parents everybody may enter")]
    NotReachable {
        /// The directory of the server.
        path: PathBuf,
        /// The account the server runs as.
        uid: u32,
    },

    /// The program runs as root and there is no account to run servers as.
    #[error("servers do not run as root, and there is neither a user `postgres` nor `nobody`: create one")]
    NoUser,

    /// A program could not be started at all.
    #[error("cannot start {program}")]
    Spawn {
        /// The program.
        program: String,
        /// The system's answer.
        source: io::Error,
    },

    /// A program ended although it should have gone on, or failed in what it was asked to do.
    #[error("{program} failed: {output}")]
    Failed {
        /// The program.
        program: String,
        /// The last lines it wrote.
        output: String,
    },

    /// A server was started and runs, yet does not answer.
    #[error("{program} did not answer within {seconds} s: {output}")]
    NoAnswer {
        /// The program.
        program: String,
        /// How long it was waited for.
        seconds: u64,
        /// The last lines it wrote.
        output: String,
    },

    /// A server was asked to stop and goes on.
    #[error("{program} did not stop within {seconds} s")]
    NotStopped {
        /// The program.
        program: String,
        /// How long it was waited for.
        seconds: u64,
    },

    /// Every port that was tried is taken.
    #[error("no free port between 20000 and 31999 was found")]
    NoPort,
}

impl LocalError {
    /// Wraps the system's answer about a path.
    pub(super) fn directory(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::Directory { path, source }
    }

    /// Wraps the system's answer about a program.
    pub(super) fn spawn(program: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let program = program.into();
        |source| Self::Spawn { program, source }
    }
}
