//! The sections of the configuration, each with its variables, defaults and rules.

use std::net::SocketAddr;
use std::time::Duration;

use super::env::{ConfigError, Environment, Secret};
use super::origin::Origin;
use super::proxies::ProxyNet;

const ORIGINS: &str = "be a list of origins like https://app.example, without paths and without *";

/// Listener and sockets.
#[derive(Clone, Debug)]
pub struct Http {
    /// `HTTP_ADDR`: where requests are taken.
    pub addr: SocketAddr,
    /// `HTTP_ALLOWED_ORIGINS`: whose pages may ask and open sockets, besides the server's own.
    pub allowed_origins: Vec<Origin>,
    /// `HTTP_TRUSTED_PROXIES`: whose word on the client's address, the host and the scheme is taken.
    pub trusted_proxies: Vec<ProxyNet>,
    /// `HTTP_TLS_CERT_FILE` and `HTTP_TLS_KEY_FILE`: both or neither.
    pub tls: Option<Tls>,
    /// `HTTP_MAX_CONNECTIONS`: connections at a time, open sockets included.
    pub max_connections: usize,
    /// `HTTP_HEADER_TIMEOUT_MS`: how long the headers of a request may take, and a connection stay without one.
    pub header_timeout: Duration,
    /// `HTTP_MAX_BODY_BYTES`: largest request body.
    pub max_body_bytes: usize,
    /// `HTTP_BODY_TIMEOUT_MS`: how long a request body may take.
    pub body_timeout: Duration,
    /// `HTTP_MAX_BATCH`: operations in one request; 0 switches lists of them off.
    pub max_batch: usize,
    /// `HTTP_REQUEST_TIMEOUT_MS`: longest request; sockets are not concerned.
    pub request_timeout: Duration,
    /// `HTTP_DRAIN_MS`: how long requests in flight may take after SIGTERM.
    pub drain: Duration,
    /// `GRAPHIQL`: whether `/graphiql` is served; `openslot dev` turns it on.
    pub graphiql: bool,
}

impl Http {
    pub(super) fn from(env: &Environment) -> Result<Self, ConfigError> {
        let default = SocketAddr::from(([127, 0, 0, 1], 8088));
        Ok(Self {
            addr: env.parsed("HTTP_ADDR", default, "be an address with a port, like 127.0.0.1:8088")?,
            allowed_origins: env.list("HTTP_ALLOWED_ORIGINS", ORIGINS)?,
            trusted_proxies: env.list("HTTP_TRUSTED_PROXIES", "be a list of addresses and blocks like 10.0.0.0/8")?,
            tls: Tls::from(env)?,
            max_connections: env.number("HTTP_MAX_CONNECTIONS", 20_000, 1..=1_000_000)?,
            header_timeout: env.millis("HTTP_HEADER_TIMEOUT_MS", 10_000, 100..=600_000)?,
            max_body_bytes: env.number("HTTP_MAX_BODY_BYTES", 1 << 20, 1024..=64 << 20)?,
            body_timeout: env.millis("HTTP_BODY_TIMEOUT_MS", 10_000, 100..=600_000)?,
            max_batch: env.number("HTTP_MAX_BATCH", 10, 0..=1_000)?,
            request_timeout: env.millis("HTTP_REQUEST_TIMEOUT_MS", 30_000, 100..=600_000)?,
            drain: env.millis("HTTP_DRAIN_MS", 20_000, 0..=600_000)?,
            graphiql: env.switch("GRAPHIQL", false)?,
        })
    }
}

/// TLS on the main address.
#[derive(Clone, Debug)]
pub struct Tls {
    /// `HTTP_TLS_CERT_FILE`: PEM of the certificate, followed by those between it and its root.
    pub certificate: Secret,
    /// `HTTP_TLS_KEY_FILE`: PEM of its private key.
    pub key: Secret,
}

impl Tls {
    fn from(env: &Environment) -> Result<Option<Self>, ConfigError> {
        let [certificate, key] = ["HTTP_TLS_CERT_FILE", "HTTP_TLS_KEY_FILE"];
        let alone = |name: &str, other: &str| Err(ConfigError::new(name, format!("be set where {other} is")));
        match (env.file(certificate)?, env.file(key)?) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(Self { certificate, key })),
            (Some(_), None) => alone(key, certificate),
            (None, Some(_)) => alone(certificate, key),
        }
    }
}

/// PostgreSQL.
#[derive(Clone, Debug)]
pub struct Database {
    /// `DATABASE_URL`: login that is a member of `openslot_app`.
    pub app: Option<Secret>,
    /// `WORKER_DATABASE_URL`: login that is a member of `openslot_worker`.
    pub worker: Option<Secret>,
    /// `MIGRATION_DATABASE_URL`: login that may act as `openslot_owner`.
    pub migration: Option<Secret>,
    /// `DIRECT_DATABASE_URL`: the worker's login past any transaction pooler, for leader locks.
    pub direct: Option<Secret>,
    /// `DB_POOL_MAX`: most connections of this process.
    pub pool_max: u32,
    /// `DB_POOL_WAIT_MS`: how long an operation waits for a connection.
    pub pool_wait: Duration,
    /// `DB_STATEMENT_TIMEOUT_MS`: longest statement.
    pub statement_timeout: Duration,
}

impl Database {
    pub(super) fn from(env: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            app: env.postgres_url("DATABASE_URL")?,
            worker: env.postgres_url("WORKER_DATABASE_URL")?,
            migration: env.postgres_url("MIGRATION_DATABASE_URL")?,
            direct: env.postgres_url("DIRECT_DATABASE_URL")?,
            pool_max: env.number("DB_POOL_MAX", 20, 1..=1000)?,
            pool_wait: env.millis("DB_POOL_WAIT_MS", 5_000, 10..=60_000)?,
            statement_timeout: env.millis("DB_STATEMENT_TIMEOUT_MS", 10_000, 100..=600_000)?,
        })
    }
}

/// Redis or Valkey.
#[derive(Clone, Debug)]
pub struct Redis {
    /// `REDIS_URL`.
    pub url: Secret,
    /// `REDIS_PREFIX`: in front of every key and channel.
    pub prefix: String,
}

impl Redis {
    pub(super) fn from(env: &Environment) -> Result<Option<Self>, ConfigError> {
        let Some(url) = env.url("REDIS_URL", &["redis://", "rediss://", "unix:"])? else { return Ok(None) };
        // The library takes `#insecure` for a server that nobody verifies: whoever answers would hear the password.
        if url.expose().contains('#') {
            return Err(ConfigError::new("REDIS_URL", "have nothing after a #: servers are always verified"));
        }
        let prefix = env.text("REDIS_PREFIX")?.unwrap_or_else(|| "openslot:".to_owned());
        Ok(Some(Self { url, prefix }))
    }
}

/// Streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Live {
    /// `LIVE_QUEUE_ITEMS`: changes that may wait for one subscriber before it is told to start anew.
    pub queue_items: usize,
    /// `LIVE_CATCH_UP_LIMIT`: most changes that are read from the log to fill a gap.
    pub catch_up_limit: usize,
    /// `LIVE_INIT_TIMEOUT_MS`: how long a client may take from opening a socket to sending `connection_init`.
    pub init_timeout: Duration,
    /// `LIVE_PING_MS`: how often a quiet socket is pinged; one that does not answer for as long again is closed.
    pub ping: Duration,
}

impl Live {
    pub(super) fn from(env: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            queue_items: env.number("LIVE_QUEUE_ITEMS", 1_024, 1..=100_000)?,
            catch_up_limit: env.number("LIVE_CATCH_UP_LIMIT", 10_000, 1..=1_000_000)?,
            init_timeout: env.millis("LIVE_INIT_TIMEOUT_MS", 3_000, 10..=60_000)?,
            ping: env.millis("LIVE_PING_MS", 15_000, 100..=600_000)?,
        })
    }
}

/// Form of the log lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

impl std::str::FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err(()),
        }
    }
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
const LOG_LEVEL_RULE: &str =
    "be off, error, warn, info, debug or trace, or a list of these and target=level, such as info,openslot::live=debug";

/// Whether a part of `LOG_LEVEL` ends in a level. To the library a word that is none names a target, and the rest of the
/// program falls silent.
fn has_level(part: &str) -> bool {
    let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
    LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level))
}

/// Logs.
#[derive(Clone, Debug)]
pub struct Logging {
    /// `LOG_LEVEL`: a level, or directives such as `info,openslot::live=debug`.
    pub filter: String,
    /// `LOG_FORMAT`.
    pub format: LogFormat,
}

impl Logging {
    pub(super) fn from(env: &Environment) -> Result<Self, ConfigError> {
        let filter = env.text("LOG_LEVEL")?.unwrap_or_else(|| "info".to_owned());
        if !filter.split(',').all(has_level) || tracing_subscriber::EnvFilter::try_new(&filter).is_err() {
            return Err(ConfigError::new("LOG_LEVEL", LOG_LEVEL_RULE));
        }
        Ok(Self { filter, format: env.parsed("LOG_FORMAT", LogFormat::Json, "be json or text")? })
    }
}
