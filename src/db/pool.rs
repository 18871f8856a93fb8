//! Pools of connections that all have the same settings.

use std::time::Duration;

use diesel::sql_types::{Array, Text};
use diesel::{ConnectionError, QueryResult, sql_query};
use diesel_async::pooled_connection::bb8;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;

use super::connect::{Canceller, Target};
use super::error::DbError;
use super::flight;

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
    /// The group whose rights are used instead of the login's own.
    pub role: Option<&'static str>,
}

/// Connections to one database under one login.
#[derive(Clone)]
pub struct Pool {
    inner: bb8::Pool<AsyncPgConnection>,
    size: u32,
    canceller: Canceller,
}

impl Pool {
    /// Makes the pool; connections are opened when they are needed, so this never waits for the database.
    ///
    /// # Errors
    /// For a URL that is none, or whose root certificates cannot be read.
    pub fn new(url: &str, settings: &PoolSettings) -> Result<Self, ConnectionError> {
        let target = Target::of(url)?;
        let canceller = target.canceller();
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        let all = settings.clone();
        config.custom_setup = Box::new(move |_| establish(target.clone(), all.clone()).boxed());
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        let inner = bb8::Pool::builder()
            .max_size(settings.size)
            .test_on_check_out(false)
            .connection_timeout(settings.wait)
            .build_unchecked(manager);
        Ok(Self { inner, size: settings.size, canceller })
    }

    /// What ends a statement of one of its connections.
    pub(super) fn canceller(&self) -> Canceller {
        self.canceller.clone()
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
async fn set_up(conn: &mut AsyncPgConnection, settings: &PoolSettings) -> QueryResult<()> {
    let longest = settings.statement_timeout.as_millis().to_string();
    let mut all = vec![
        ("search_path", "openslot, public"),
        ("plan_cache_mode", "force_generic_plan"),
        ("statement_timeout", longest.as_str()),
        ("lock_timeout", longest.as_str()),
        ("idle_in_transaction_session_timeout", "1000"),
        ("application_name", settings.application_name),
    ];
    all.extend(settings.role.map(|role| ("role", role)));
    set_config(conn, &all).await?;
    flight::prepare(conn).await
}

/// Sets names to values for as long as the connection lives.
pub(super) async fn set_config(conn: &mut AsyncPgConnection, all: &[(&str, &str)]) -> QueryResult<()> {
    let (names, values): (Vec<&str>, Vec<&str>) = all.iter().copied().unzip();
    let set = sql_query("SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS s (name, value)");
    set.bind::<Array<Text>, _>(names).bind::<Array<Text>, _>(values).execute(conn).await?;
    Ok(())
}

async fn establish(target: Target, settings: PoolSettings) -> Result<AsyncPgConnection, ConnectionError> {
    let mut conn = target.connect().await?;
    set_up(&mut conn, &settings).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}
