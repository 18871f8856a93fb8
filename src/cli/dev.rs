//! `openslot dev`: everything in one process, for people who try it out.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::app::{self, Replica, Worker};
use crate::config::{Config, Environment};
use crate::kernel::time::Clock;
use crate::telemetry;

use super::local::{Postgres, PostgresOptions, Redis, SUPERUSER};
use super::signals::Signals;
use super::{CliError, say};

const DATABASE: &str = "openslot";
const KEY_FILE: &str = "development-key.pem";
const SIGNING_KEY_FILE: &str = "signing-key";

/// Starts what is missing, migrates, seeds, serves and works until it is told to end.
pub(super) async fn run(data_dir: PathBuf, http: Option<SocketAddr>) -> Result<ExitCode, CliError> {
    let data_dir =
        std::path::absolute(&data_dir).map_err(|error| CliError::Failed(format!("{}: {error}", data_dir.display())))?;
    let signals = Signals::listen()?;
    let mut env = Environment::process();
    env.set_default("LOG_FORMAT", "text");
    env.set_default("DEFAULT_ORGANIZATION", "demo");
    env.set_default("GRAPHIQL", "true");
    if let Some(addr) = http {
        env.set("HTTP_ADDR", addr.to_string());
    }
    key(&data_dir, &mut env)?;
    signing_key(&data_dir, &mut env)?;
    let postgres = match env.has("DATABASE_URL") {
        true => None,
        false => Some(private_postgres(&data_dir, &mut env).await?),
    };
    let redis = private_redis(&mut env).await?;
    let config = Config::from(&env)?;
    telemetry::start(&config.logging);
    write_environment(&data_dir, &env)?;
    let code = serve(&config, signals).await;
    if let Some(redis) = redis {
        let mut redis = redis;
        redis.stop().await?;
    }
    if let Some(postgres) = postgres {
        postgres.stop().await?;
    }
    code
}

async fn serve(config: &Config, signals: Signals) -> Result<ExitCode, CliError> {
    app::migrate(config, true).await?;
    let tasks = tokio_util::task::TaskTracker::new();
    let bus = app::SharedBus::of(config, &tasks)?;
    let seeded = app::seed::demo(config, Clock::System, Some(bus.clone())).await?;
    let worker = Worker::start(config, Some(bus.clone())).await?;
    let replica = Replica::start(config, Clock::System, Some(bus)).await?;
    say(&format!("demo data: {} slots added, {} bookings stand", seeded.slots, seeded.bookings));
    let scheme = if config.http.tls.is_some() { "https" } else { "http" };
    say(&format!("ready: {scheme}://{addr}/graphql  {scheme}://{addr}/graphiql", addr = replica.addr));
    let code = signals.wait().await;
    replica.stop().await;
    worker.stop().await;
    Ok(code)
}

/// A key that signs tokens here and nowhere else; made once.
fn key(data_dir: &Path, env: &mut Environment) -> Result<(), CliError> {
    env.set_default("OPENSLOT_PROFILE", "development");
    let issuers_own = ["JWT_DEVELOPMENT_KEY", "JWT_PUBLIC_KEY", "JWT_JWKS"];
    if issuers_own.into_iter().any(|name| env.has(name)) || env.has("JWT_JWKS_URL") {
        return Ok(());
    }
    let file = private_file(data_dir, KEY_FILE, app::token::new_key)?;
    env.set_default("JWT_DEVELOPMENT_KEY_FILE", file);
    Ok(())
}

/// A key that signs the tokens of guests here; made once.
fn signing_key(data_dir: &Path, env: &mut Environment) -> Result<(), CliError> {
    if env.given("SIGNING_KEY_FILE").is_none() {
        let file = private_file(data_dir, SIGNING_KEY_FILE, app::token::new_signing_key)?;
        env.set_default("SIGNING_KEY_FILE", file);
    }
    Ok(())
}

/// The path of a private file, written when it is not there yet.
fn private_file(
    data_dir: &Path,
    name: &str,
    make: impl Fn() -> Result<String, app::AppError>,
) -> Result<String, CliError> {
    let file = data_dir.join(name);
    let failed = |error: std::io::Error| CliError::Failed(format!("{} cannot be written: {error}", file.display()));
    if !file.exists() {
        let text = make()?;
        std::fs::create_dir_all(data_dir).map_err(failed)?;
        write_private(&file, &text).map_err(failed)?;
    }
    Ok(file.display().to_string())
}

/// What other commands need to find these servers and this key: shell lines, for nobody else's eyes.
fn write_environment(data_dir: &Path, env: &Environment) -> Result<(), CliError> {
    let names = [
        "OPENSLOT_PROFILE",
        "DATABASE_URL",
        "WORKER_DATABASE_URL",
        "MIGRATION_DATABASE_URL",
        "REDIS_URL",
        "JWT_DEVELOPMENT_KEY_FILE",
        "SIGNING_KEY_FILE",
    ];
    let line = |name: &&str| env.given(name).map(|value| format!("{name}='{}'\n", value.replace('\'', r"'\''")));
    let text: String = names.iter().filter_map(line).collect();
    let file = data_dir.join("env");
    let failed = |error: std::io::Error| CliError::Failed(format!("{} cannot be written: {error}", file.display()));
    if file.exists() {
        std::fs::remove_file(&file).map_err(failed)?;
    }
    write_private(&file, &text).map_err(failed)
}

fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(text.as_bytes())
}

async fn private_postgres(data_dir: &Path, env: &mut Environment) -> Result<Postgres, CliError> {
    let postgres = Postgres::start(PostgresOptions::kept(data_dir.join("postgres"))).await?;
    app::create_database(&postgres.url(SUPERUSER, "postgres"), DATABASE).await?;
    env.set_default("MIGRATION_DATABASE_URL", postgres.url(SUPERUSER, DATABASE));
    env.set_default("DATABASE_URL", postgres.url("openslot_api", DATABASE));
    env.set_default("WORKER_DATABASE_URL", postgres.url("openslot_jobs", DATABASE));
    Ok(postgres)
}

async fn private_redis(env: &mut Environment) -> Result<Option<Redis>, CliError> {
    if env.has("REDIS_URL") || !Redis::is_installed() {
        return Ok(None);
    }
    let redis = Redis::start().await?;
    env.set_default("REDIS_URL", redis.url());
    Ok(Some(redis))
}
