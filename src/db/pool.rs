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

/// Why the server refuses the login of a URL, in the server's words; never anything of the URL. `None` when it does not,
/// and when nobody can tell now: a server that is away or full may be back before a pool gives up.
///
/// A pool tries again until its time is up and keeps the reason to itself, hence this one attempt.
pub async fn refusal(url: &str) -> Option<String> {
    let Ok(mut config) = url.parse::<tokio_postgres::Config>() else {
        return Some("the URL cannot be parsed".to_owned());
    };
    notice_silence(&mut config);
    let error = config.connect(tokio_postgres::NoTls).await.err()?;
    match error.as_db_error() {
        Some(said) if is_passing(said.code()) => None,
        Some(said) => Some(said.message().to_owned()),
        None if is_about_network(&error) => None,
        // Such as a password that the server asks for and the URL lacks.
        None => Some(error.to_string()),
    }
}

/// Classes 53, insufficient resources, and 57, operator intervention: the server starts, stops or is full.
fn is_passing(code: &tokio_postgres::error::SqlState) -> bool {
    ["53", "57"].iter().any(|class| code.code().starts_with(class))
}

fn is_about_network(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers whoever comes with one error, as PostgreSQL frames it.
    async fn refusing(code: &str, message: &str) -> Option<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("postgres://app:hunter2@{}/openslot", listener.local_addr().unwrap());
        let fields = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0\0");
        let server = async {
            let (mut client, _) = listener.accept().await.unwrap();
            assert_ne!(client.read(&mut [0; 1024]).await.unwrap(), 0);
            client.write_u8(b'E').await.unwrap();
            client.write_u32(u32::try_from(fields.len() + 4).unwrap()).await.unwrap();
            client.write_all(fields.as_bytes()).await.unwrap();
        };
        tokio::join!(refusal(&url), server).0
    }

    #[tokio::test]
    async fn server_is_quoted_when_it_refuses_the_login_for_good() {
        for (code, message, is_refused) in [
            ("28P01", "password authentication failed for user \"app\"", true),
            ("28000", "role \"app\" is not permitted to log in", true),
            ("3D000", "database \"openslot\" does not exist", true),
            ("57P03", "the database system is starting up", false),
            ("53300", "sorry, too many clients already", false),
        ] {
            assert_eq!(refusing(code, message).await, is_refused.then(|| message.to_owned()), "{code}");
        }
    }

    #[tokio::test]
    async fn what_is_wrong_without_a_servers_word_tells_nothing_of_the_url() {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert_eq!(refusal(&format!("postgres://app:hunter2@{gone}/openslot")).await, None);
        let unreadable = refusal("postgres://app:hunter2@db:port/openslot").await;
        assert_eq!(unreadable.as_deref(), Some("the URL cannot be parsed"));
    }
}
