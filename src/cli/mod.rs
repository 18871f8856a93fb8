//! The commands of the program: arguments, dispatch, exit codes.
//!
//! 0 done, 1 failed, 2 bad usage or configuration, 130 interrupted. SIGTERM drains.

mod dev;
mod health;
pub mod local;
mod signals;

use std::error::Error as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::app::schema::Form;
use crate::app::seed::LargeSize;
use crate::app::{self, AppError};
use crate::config::{Config, ConfigError};
use crate::kernel::time::Clock;
use crate::telemetry;
use signals::Signals;

/// GraphQL scheduling gateway for healthcare.
#[derive(Parser)]
#[command(name = "openslot", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve GraphQL over HTTP and WebSocket.
    #[command(
        after_help = "Example:\n  DATABASE_URL=postgres://openslot_api@db/openslot REDIS_URL=redis://redis openslot serve"
    )]
    Serve,
    /// Do what happens on time or later: relay changes, make partitions.
    #[command(after_help = "Example:\n  WORKER_DATABASE_URL=postgres://openslot_jobs@db/openslot openslot worker")]
    Worker,
    /// Apply pending migrations.
    #[command(
        after_help = "Example:\n  MIGRATION_DATABASE_URL=postgres://postgres@db/openslot \\\n  DATABASE_URL=postgres://openslot_api@db/openslot WORKER_DATABASE_URL=postgres://openslot_jobs@db/openslot \\\n  openslot migrate --roles"
    )]
    Migrate {
        /// First make the roles of the cluster and the logins of DATABASE_URL and WORKER_DATABASE_URL.
        #[arg(long)]
        roles: bool,
    },
    /// Print the GraphQL schema.
    #[command(
        after_help = "Example:\n  openslot schema > schema.graphql\n  openslot schema --check\n  openslot schema --federation"
    )]
    Schema {
        /// As a subgraph of Apollo Federation 2.
        #[arg(long)]
        federation: bool,
        /// The page of errors instead, docs/errors.md.
        #[arg(long, conflicts_with = "federation")]
        errors: bool,
        /// Compare it with its file instead; 1 when they differ.
        #[arg(long)]
        check: bool,
        /// The file to compare with; schema.graphql or schema.federation.graphql without it.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Fill the database with demo data; run again, it extends the horizon. Or load data to measure with, once.
    #[command(
        after_help = "Example:\n  DATABASE_URL=postgres://openslot_api@db/openslot openslot seed --size demo\n  MIGRATION_DATABASE_URL=postgres://postgres@db/openslot openslot seed --size large"
    )]
    Seed {
        /// How much.
        #[arg(long, value_enum, default_value = "demo")]
        size: Size,
    },
    /// Print a token of a seeded user, good for 12 hours. Needs a development key.
    ///
    /// It asks no database: a token for an organization or a number that was never seeded is printed too, and the
    /// server refuses it.
    #[command(after_help = "Example:\n  openslot token --role PATIENT --number 2 --org demo")]
    Token {
        /// PATIENT, STAFF or ADMIN.
        #[arg(long)]
        role: String,
        /// Slug of a seeded organization.
        #[arg(long, default_value = "demo")]
        org: String,
        /// Which patient, 1 to 24.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=24))]
        number: u16,
    },
    /// Ask a running server whether it is ready; 1 when it is not.
    #[command(after_help = "Example:\n  HTTP_ADDR=127.0.0.1:8088 openslot health")]
    Health,
    /// Run everything in one process, with private PostgreSQL and Redis servers where none are configured.
    #[command(after_help = "Example:\n  openslot dev --data-dir .openslot --http 127.0.0.1:8088")]
    Dev {
        /// Where databases, keys and sockets of the private servers lie.
        #[arg(long, default_value = ".openslot")]
        data_dir: PathBuf,
        /// Address to serve on; HTTP_ADDR without it.
        #[arg(long)]
        http: Option<SocketAddr>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Size {
    /// One organization, 6 locations, 40 providers, 8 weeks.
    Demo,
    /// One organization, 200 locations, 2,000 providers, 2,000,000 slots, 400,000 bookings, 10 weeks.
    Large,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    App(#[from] AppError),
    #[error(transparent)]
    Local(#[from] local::LocalError),
    #[error("{0}")]
    Failed(String),
}

impl CliError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) => 2,
            Self::App(error) if error.is_configuration() => 2,
            _ => 1,
        }
    }
}

/// Parses the arguments, runs the command, and says what went wrong in one line.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error.to_string(), 1),
    };
    let result = runtime.block_on(run(cli.command));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match result {
        Ok(code) => code,
        Err(error) => complain(&chain(&error), error.exit_code()),
    }
}

async fn run(command: Command) -> Result<ExitCode, CliError> {
    if let Command::Dev { data_dir, http } = command {
        return dev::run(data_dir, http).await;
    }
    let config = Config::from_env()?;
    telemetry::start(&config.logging);
    match command {
        Command::Serve => {
            let signals = Signals::listen()?;
            let replica = app::Replica::start(&config, Clock::System, None).await?;
            let code = signals.wait().await;
            replica.stop().await;
            return Ok(code);
        }
        Command::Worker => {
            let signals = Signals::listen()?;
            let worker = app::Worker::start(&config, None).await?;
            let code = signals.wait().await;
            worker.stop().await;
            return Ok(code);
        }
        Command::Migrate { roles } => {
            let applied = app::migrate(&config, roles).await?;
            applied.iter().for_each(|name| say(&format!("applied {name}")));
            say(&format!("{} migrations applied", applied.len()));
        }
        Command::Schema { federation, errors, check, file } => {
            let form = match (federation, errors) {
                (true, _) => Form::Federation,
                (_, true) => Form::Errors,
                _ => Form::Standard,
            };
            match check {
                true => form.check(file.as_deref().unwrap_or_else(|| form.file()))?,
                false => say(form.sdl().trim_end()),
            }
        }
        Command::Seed { size: Size::Demo } => {
            let seeded = app::seed::demo(&config, Clock::System, None).await?;
            say(&format!("{} slots added, {} bookings stand", seeded.slots, seeded.bookings));
        }
        Command::Seed { size: Size::Large } => {
            let seeded = app::seed::large(&config, &Clock::System, LargeSize::FULL).await?;
            say(&format!("{} slots and {} bookings loaded", seeded.slots, seeded.bookings));
        }
        Command::Token { role, org, number } => say(&app::token::mint(&config, &org, &role, number)?),
        Command::Health => return Ok(health::ask(config.http.addr, config.http.tls.is_some()).await),
        Command::Dev { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// The error and its causes in one line.
fn chain(error: &CliError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

#[expect(clippy::print_stdout, reason = "the answer of a command")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "the one line that says what went wrong")]
fn complain(text: &str, code: u8) -> ExitCode {
    eprintln!("openslot: {text}");
    ExitCode::from(code)
}
