//! The program put together from its configuration: a replica that serves, a worker, and the commands around them.

mod access;
mod checks;
mod gateway;
mod parts;
pub mod replica;
pub mod schema;
pub mod seed;
pub mod token;
pub mod worker;

use crate::config::Config;
use crate::db::migrations::{self, Login, MigrateError};
use crate::http::tls::TlsError;

pub use parts::SharedBus;
pub use replica::Replica;
pub use worker::Worker;

/// Why the program did not start, or a command failed.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A variable that this command needs is not set.
    #[error("{0} must be set")]
    Missing(&'static str),
    /// A key cannot be read.
    #[error(
        "{0} must name a PEM: of an Ed25519 private key for development, of an Ed25519, P-256 or RSA public key else"
    )]
    Key(&'static str),
    /// Nobody could be asked for signing keys.
    #[error("no TLS client can be made for JWT_JWKS_URL")]
    Jwks(#[source] crate::kernel::keys::KeySourceError),
    /// The login could see every organization.
    #[error("{0} must be a login without rights of a superuser, of the owner, or BYPASSRLS")]
    TooManyRights(&'static str),
    /// The database refuses the login, for the reason it gave.
    #[error("the database refuses the login of {0}: {1}")]
    Refused(&'static str, String),
    /// The schema is older than the program.
    #[error("the database lacks {0} migrations: run `openslot migrate`")]
    Pending(usize),
    /// The URL cannot be parsed.
    #[error("{0} must be a URL of PostgreSQL")]
    Url(&'static str),
    /// The database does not answer.
    #[error("the database does not answer")]
    Database(#[source] crate::db::DbError),
    /// The schema could not be changed.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The manifest of trusted documents cannot be used.
    #[error("GRAPHQL_TRUSTED_DOCUMENTS_FILE {0}")]
    Manifest(#[source] crate::graphql::documents::ManifestError),
    /// Redis is configured wrongly.
    #[error("REDIS_URL must be a URL of Redis")]
    Redis,
    /// Certificate or key of the main address cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address cannot be taken.
    #[error("HTTP_ADDR {0} cannot be taken")]
    Address(std::net::SocketAddr, #[source] std::io::Error),
    /// An operation of the domain failed.
    #[error(transparent)]
    Domain(#[from] crate::kernel::error::Error),
    /// The large organization was not loaded.
    #[error(transparent)]
    Load(#[from] crate::domain::demo::large::LoadError),
    /// `schema.graphql` is not what the program serves.
    #[error("{0} is not current: run `make schema`")]
    Stale(String),
    /// A file could not be read or written.
    #[error("{0}")]
    File(String, #[source] std::io::Error),
    /// The word names no role that can get a token.
    #[error("--role must be PATIENT, STAFF or ADMIN")]
    Role,
}

impl AppError {
    /// Whether the configuration or the arguments are at fault, so that trying again is of no use.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Missing(_)
            | Self::Key(_)
            | Self::Url(_)
            | Self::Role
            | Self::Redis
            | Self::Manifest(_)
            | Self::Tls(_)
            | Self::TooManyRights(_) => true,
            Self::Migrate(error) => matches!(error, MigrateError::Login(_) | MigrateError::SharedLogin(_)),
            _ => false,
        }
    }
}

/// Makes a database if there is none of this name. For private servers; elsewhere the operator makes it.
///
/// # Errors
/// Those of the database.
pub async fn create_database(url: &str, name: &str) -> Result<(), AppError> {
    Ok(migrations::create_database(url, name).await?)
}

/// Applies pending migrations; with `with_roles` first the roles of the cluster and the logins of the configured URLs.
/// Answers the names of what was applied.
///
/// # Errors
/// `Missing` without `MIGRATION_DATABASE_URL`, and those of the database.
pub async fn migrate(config: &Config, with_roles: bool) -> Result<Vec<String>, AppError> {
    let url = config.database.migration.as_ref().ok_or(AppError::Missing("MIGRATION_DATABASE_URL"))?;
    if with_roles {
        let mut logins = Vec::new();
        if let Some(url) = &config.database.app {
            logins.push(Login { variable: "DATABASE_URL", url: url.expose(), group: "openslot_app" });
        }
        if let Some(url) = &config.database.worker {
            logins.push(Login { variable: "WORKER_DATABASE_URL", url: url.expose(), group: "openslot_worker" });
        }
        migrations::create_roles(url.expose(), &logins).await?;
    }
    Ok(migrations::run(url.expose()).await?)
}
