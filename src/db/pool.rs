//! Pools of connections that all have the same settings.

use std::time::Duration;

use diesel::ConnectionError;
use diesel_async::pooled_connection::bb8;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod,
};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::FutureExt;

use super::error::DbError;

/// A connection that is lent out.
pub(super) type Lent = ::bb8::PooledConnection<'static, AsyncDieselConnectionManager<AsyncPgConnection>>;

/// Size and deadlines of a pool.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// Most connections.
    pub size: u32,
    /// How long an operation waits for a connection.
    pub wait: Duration,
    /// Longest statement.
    pub statement_timeout: Duration,
    /// Shown by `pg_stat_activity`.
    pub application_name: &'static str,
}

/// Connections to one database under one login.
#[derive(Clone)]
pub struct Pool {
    inner: bb8::Pool<AsyncPgConnection>,
    size: u32,
}

impl Pool {
    /// Makes the pool; connections are opened when they are needed, so this never waits for the database.
    #[must_use]
    pub fn new(url: &str, settings: &PoolSettings) -> Self {
        let session = session_settings(settings);
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        config.custom_setup = Box::new(move |url| establish(url.to_owned(), session.clone()).boxed());
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        let inner = bb8::Pool::builder()
            .max_size(settings.size)
            .test_on_check_out(false)
            .connection_timeout(settings.wait)
            .build_unchecked(manager);
        Self { inner, size: settings.size }
    }

    /// A connection that was alive when it was last heard of.
    pub(super) async fn get(&self) -> Result<Lent, DbError> {
        // After a restart of the database every waiting connection is dead; each is thrown away once.
        for _ in 0..=self.size {
            let mut conn = self.inner.get_owned().await.map_err(|error| {
                tracing::warn!(error = &error as &dyn std::error::Error, "no database connection");
                DbError::Unavailable
            })?;
            if !conn.is_broken() {
                return Ok(conn);
            }
        }
        Err(DbError::Unavailable)
    }

    /// Connections lent out, and the most there may be.
    pub(super) fn state(&self) -> (u32, u32) {
        let state = self.inner.state();
        (state.connections.saturating_sub(state.idle_connections), self.size)
    }
}

/// What every connection of the program has set, whatever its role was given: planning one of the hot statements costs
/// more than running it, and a stuck writer holds the change log back for as long as it may idle.
fn session_settings(settings: &PoolSettings) -> String {
    format!(
        "SET search_path = openslot, public; SET plan_cache_mode = force_generic_plan; SET statement_timeout = {}; \
         SET lock_timeout = {}; SET idle_in_transaction_session_timeout = 1000; SET application_name = '{}'",
        settings.statement_timeout.as_millis(),
        settings.statement_timeout.as_millis(),
        settings.application_name,
    )
}

/// A server that vanishes without a word, as in a failover, is noticed within seconds instead of a quarter of an hour.
pub(super) fn notice_silence(config: &mut tokio_postgres::Config) {
    config
        .connect_timeout(Duration::from_secs(5))
        .keepalives_idle(Duration::from_secs(10))
        .keepalives_interval(Duration::from_secs(5))
        .keepalives_retries(3)
        .tcp_user_timeout(Duration::from_secs(15));
}

async fn establish(url: String, session: String) -> Result<AsyncPgConnection, ConnectionError> {
    let refused = |error: String| ConnectionError::BadConnection(error);
    let mut config: tokio_postgres::Config = url.parse().map_err(|_| refused("the URL cannot be parsed".to_owned()))?;
    notice_silence(&mut config);
    let (client, connection) =
        config.connect(tokio_postgres::NoTls).await.map_err(|error| refused(error.to_string()))?;
    let mut conn = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
    conn.batch_execute(&session).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}
