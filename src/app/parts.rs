//! What a replica and a worker are made of.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Auth, Config, Jwks, Secret};
use crate::db::pool::{Pool, PoolSettings};
use crate::db::{Db, Doorbell as Ring, connect, migrations};
use crate::domain::Services;
use crate::domain::identity::guest_token::GuestTokens;
use crate::domain::identity::session::Sessions;
use crate::domain::identity::token::{DevelopmentKey, PublishedKeys, TokenRules, VerificationKey, Verifier};
use crate::kernel::keys::KeySource;
use crate::kernel::time::Clock;
use crate::kv::{Bus, Line, LocalBus, RedisBus, RedisSettings};
use crate::live::Doorbell;
use crate::outbound::{JwksFile, JwksUrl};
use crate::worker;

use super::AppError;

/// The bus of a process: Redis, or memory that several parts of one process share.
#[derive(Clone)]
pub struct SharedBus {
    /// Carries messages.
    pub bus: Arc<dyn Bus>,
    /// Redis itself, to look after its health; `None` without Redis.
    pub redis: Option<RedisBus>,
    /// What replicas share besides messages; `None` without Redis.
    pub line: Option<Arc<Line>>,
    /// The relay's bell, when it runs in this process.
    pub doorbell: Option<Doorbell>,
}

impl SharedBus {
    /// The bus that the configuration names. It never waits for Redis.
    ///
    /// # Errors
    /// `Redis` for a URL that is none.
    pub fn of(config: &Config, tasks: &TaskTracker) -> Result<Self, AppError> {
        let Some(redis) = &config.redis else {
            tracing::warn!("no REDIS_URL: live updates stay within this process");
            return Ok(Self {
                bus: Arc::new(LocalBus::new()),
                redis: None,
                line: None,
                doorbell: Some(Doorbell::in_process()),
            });
        };
        let settings = RedisSettings::new(redis.url.expose(), redis.prefix.as_str());
        let bus = RedisBus::new(&settings, tasks).map_err(|_| AppError::Redis)?;
        let line = Line::new(&settings).map_err(|_| AppError::Redis)?;
        Ok(Self { bus: Arc::new(bus.clone()), redis: Some(bus), line: Some(Arc::new(line)), doorbell: None })
    }

    /// What a writer rings.
    pub(super) fn ring(&self, tasks: &TaskTracker, shutdown: &CancellationToken) -> Ring {
        let bell = match &self.doorbell {
            Some(bell) => bell.clone(),
            None => Doorbell::to_bus(self.bus.clone(), tasks, shutdown.clone()),
        };
        Arc::new(move || bell.ring())
    }
}

/// A pool of a login that may not see every organization by accident, in a database that is new enough.
pub(super) async fn open(
    config: &Config,
    url: &Secret,
    variable: &'static str,
    tasks: TaskTracker,
    ring: Ring,
) -> Result<Db, AppError> {
    if let Some(reason) = connect::refusal(url.expose()).await {
        return Err(AppError::Refused(variable, reason));
    }
    let settings = PoolSettings {
        size: config.database.pool_max,
        wait: config.database.pool_wait,
        statement_timeout: config.database.statement_timeout,
        application_name: "openslot",
        role: None,
    };
    let pool = Pool::new(url.expose(), &settings).map_err(|_| AppError::Url(variable))?;
    let db = Db::new(pool, tasks, ring);
    let own_group = (variable == "WORKER_DATABASE_URL").then_some("openslot_worker");
    if migrations::has_too_many_rights(&db, own_group).await.map_err(AppError::Database)? {
        return Err(AppError::TooManyRights(variable));
    }
    match migrations::pending(&db).await.map_err(AppError::Database)? {
        0 => {}
        pending => return Err(AppError::Pending(pending)),
    }
    // Without its partition a row cannot be written: there must be no moment at which one serves and lacks it.
    worker::make_partitions(&db).await.map_err(AppError::Database)?;
    Ok(db)
}

/// The domain over a database, and the issuer's keys, for somebody to keep fresh.
pub(super) fn services(
    config: &Config,
    db: Db,
    clock: Clock,
    keys: Option<Arc<PublishedKeys>>,
    access_bell: Arc<dyn Fn() + Send + Sync>,
) -> Result<Arc<Services>, AppError> {
    let verifier = verifier(&config.auth, keys)?;
    if config.auth.signing_keys.is_empty() {
        tracing::info!("no SIGNING_KEY_FILE: guests cannot book");
    }
    let guest_tokens = GuestTokens::new(config.auth.signing_keys.iter().map(Secret::expose));
    let sessions =
        Sessions::new(db.clone(), clock.clone(), verifier, guest_tokens.clone(), config.default_organization.clone());
    Ok(Arc::new(Services { db, clock, sessions, guest_tokens, access_bell }))
}

pub(super) fn rules(auth: &Auth) -> TokenRules {
    TokenRules { issuer: auth.issuer.clone(), audience: auth.audience.clone() }
}

pub(super) fn development_key(auth: &Auth) -> Result<Option<DevelopmentKey>, AppError> {
    let read = |pem: &Secret| DevelopmentKey::from_pem(pem.expose());
    auth.development_key.as_ref().map(read).transpose().map_err(|_| AppError::Key("JWT_DEVELOPMENT_KEY_FILE"))
}

/// The keys that the issuer publishes; `None` where no place is configured.
pub(super) fn published_keys(auth: &Auth) -> Result<Option<Arc<PublishedKeys>>, AppError> {
    let source: Arc<dyn KeySource> = match &auth.jwks {
        None => return Ok(None),
        Some(Jwks::File(path)) => Arc::new(JwksFile(path.clone())),
        Some(Jwks::Url(url)) => Arc::new(JwksUrl::new(url.clone()).map_err(AppError::Jwks)?),
    };
    Ok(Some(Arc::new(PublishedKeys::new(source, auth.jwks_refresh))))
}

fn verifier(auth: &Auth, published: Option<Arc<PublishedKeys>>) -> Result<Verifier, AppError> {
    let mut verifier = Verifier::new(rules(auth));
    if let Some(keys) = published {
        verifier = verifier.with_published(keys);
    }
    if let Some(pem) = &auth.public_key {
        let key = VerificationKey::from_pem(pem.expose()).map_err(|_| AppError::Key("JWT_PUBLIC_KEY_FILE"))?;
        verifier = verifier.with_key(key);
    }
    if let Some(key) = development_key(auth)? {
        tracing::warn!("tokens of the development key are believed");
        verifier = verifier.with_key(key.verification());
    }
    Ok(verifier)
}
