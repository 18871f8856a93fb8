//! The sections of the configuration, each with its variables, defaults and rules.

use std::net::SocketAddr;
use std::time::Duration;

use super::env::{ConfigError, Environment, Secret};

const POSTGRES: [&str; 2] = ["postgres://", "postgresql://"];

/// Listener and sockets.
#[derive(Clone, Debug)]
pub struct Http {
    /// `HTTP_ADDR`: where requests are taken.
    pub addr: SocketAddr,
    /// `HTTP_MAX_BODY_BYTES`: largest request body.
    pub max_body_bytes: usize,
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
            max_body_bytes: env.number("HTTP_MAX_BODY_BYTES", 1 << 20, 1024..=64 << 20)?,
            request_timeout: env.millis("HTTP_REQUEST_TIMEOUT_MS", 30_000, 100..=600_000)?,
            drain: env.millis("HTTP_DRAIN_MS", 20_000, 0..=600_000)?,
            graphiql: env.switch("GRAPHIQL", false)?,
        })
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
            app: env.url("DATABASE_URL", POSTGRES)?,
            worker: env.url("WORKER_DATABASE_URL", POSTGRES)?,
            migration: env.url("MIGRATION_DATABASE_URL", POSTGRES)?,
            direct: env.url("DIRECT_DATABASE_URL", POSTGRES)?,
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
        let Some(url) = env.url("REDIS_URL", ["redis://", "unix:"])? else { return Ok(None) };
        let prefix = env.text("REDIS_PREFIX")?.unwrap_or_else(|| "openslot:".to_owned());
        Ok(Some(Self { url, prefix }))
    }
}

/// What a process is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    /// Serves real people: what is only safe on a developer's machine is refused.
    Production,
    /// A developer's machine, or tests.
    Development,
}

impl std::str::FromStr for Profile {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "production" => Ok(Self::Production),
            "development" => Ok(Self::Development),
            _ => Err(()),
        }
    }
}

/// Where the issuer's signing keys are published.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Jwks {
    /// `JWT_JWKS_URL`.
    Url(url::Url),
    /// `JWT_JWKS_FILE`: read anew each time, so that a rotated file is noticed.
    File(std::path::PathBuf),
}

/// Tokens.
#[derive(Clone, Debug)]
pub struct Auth {
    /// The published signing keys.
    pub jwks: Option<Jwks>,
    /// `JWT_JWKS_REFRESH_MS`: how often they are read anew.
    pub jwks_refresh: Duration,
    /// `JWT_ISSUER`: the only issuer that is believed.
    pub issuer: String,
    /// `JWT_AUDIENCE`: what tokens must be for.
    pub audience: String,
    /// `JWT_PUBLIC_KEY_FILE`: PEM of the key that tokens are verified with: Ed25519, P-256 or RSA.
    pub public_key: Option<Secret>,
    /// `JWT_DEVELOPMENT_KEY_FILE`: PEM of an Ed25519 private key; `openslot token` signs with it and the server believes
    /// it. Refused unless `OPENSLOT_PROFILE` is `development`.
    pub development_key: Option<Secret>,
}

impl Auth {
    pub(super) fn from(env: &Environment) -> Result<Self, ConfigError> {
        let or = |name: &str, default: &str| Ok(env.text(name)?.unwrap_or_else(|| default.to_owned()));
        let profile = env.parsed("OPENSLOT_PROFILE", Profile::Production, "be production or development")?;
        if profile == Profile::Production && env.given("JWT_DEVELOPMENT_KEY_FILE").is_some() {
            let rule = "be left out unless OPENSLOT_PROFILE is development";
            return Err(ConfigError::new("JWT_DEVELOPMENT_KEY_FILE", rule));
        }
        Ok(Self {
            jwks: jwks(env)?,
            jwks_refresh: env.millis("JWT_JWKS_REFRESH_MS", 600_000, 1_000..=86_400_000)?,
            issuer: or("JWT_ISSUER", "https://openslot.invalid")?,
            audience: or("JWT_AUDIENCE", "openslot")?,
            public_key: env.file("JWT_PUBLIC_KEY_FILE")?,
            development_key: env.file("JWT_DEVELOPMENT_KEY_FILE")?,
        })
    }
}

fn jwks(env: &Environment) -> Result<Option<Jwks>, ConfigError> {
    let file = env.given("JWT_JWKS_FILE").map(|path| Jwks::File(path.into()));
    let Some(text) = env.given("JWT_JWKS_URL") else { return Ok(file) };
    if file.is_some() {
        return Err(ConfigError::new("JWT_JWKS_URL", "be left out when JWT_JWKS_FILE is given"));
    }
    match url::Url::parse(text) {
        Ok(url) if url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url) => Ok(Some(Jwks::Url(url))),
        // Whoever can change the answer on its way can sign in as anybody.
        _ => Err(ConfigError::new("JWT_JWKS_URL", "be an https:// address; http:// only on this machine")),
    }
}

fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// What a document may ask, decided before any SQL.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GraphqlLimits {
    /// `GRAPHQL_MAX_DEPTH`: levels of nesting; introspection is exempt.
    pub depth: usize,
    /// `GRAPHQL_MAX_ALIASES`: aliases in a document.
    pub aliases: usize,
    /// `GRAPHQL_MAX_ROOT_FIELDS`: root fields of an operation.
    pub root_fields: usize,
    /// `GRAPHQL_MAX_COST`: points of an operation: one for each object, times the page sizes above it.
    pub cost: usize,
    /// `GRAPHQL_MAX_SUBSCRIPTIONS`: streams on one connection.
    pub subscriptions: usize,
}

impl Default for GraphqlLimits {
    fn default() -> Self {
        Self { depth: 12, aliases: 15, root_fields: 20, cost: 5_000, subscriptions: 100 }
    }
}

impl GraphqlLimits {
    pub(super) fn from(env: &Environment) -> Result<Self, ConfigError> {
        let default = Self::default();
        Ok(Self {
            depth: env.number("GRAPHQL_MAX_DEPTH", default.depth, 1..=100)?,
            aliases: env.number("GRAPHQL_MAX_ALIASES", default.aliases, 0..=1_000)?,
            root_fields: env.number("GRAPHQL_MAX_ROOT_FIELDS", default.root_fields, 1..=1_000)?,
            cost: env.number("GRAPHQL_MAX_COST", default.cost, 1..=1_000_000)?,
            subscriptions: env.number("GRAPHQL_MAX_SUBSCRIPTIONS", default.subscriptions, 1..=10_000)?,
        })
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
