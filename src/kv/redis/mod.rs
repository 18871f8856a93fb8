//! The bus over Redis or Valkey: commands through a pool, one line of its own for each listener.

mod line;
#[cfg(test)]
pub(crate) mod server;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bb8_redis::RedisConnectionManager;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use redis::{Client, IntoConnectionInfo as _, Pipeline, ProtocolVersion, RedisError};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::kernel::tls::install_provider;

use super::bus::{Bus, BusError, Listener, Message};

/// How Redis is reached.
#[derive(Clone)]
pub struct RedisSettings {
    /// `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS with the roots of the machine, where the
    /// certificate must be for the host. It may hold a password: never logged.
    pub url: String,
    /// Put in front of every key and channel.
    pub prefix: String,
    /// Longest wait for one command, connecting included.
    pub deadline: Duration,
    /// Connections for commands; each listener has one more.
    pub connections: u32,
}

impl RedisSettings {
    /// Settings with the usual deadline (500 ms) and pool (8).
    #[must_use]
    pub fn new(url: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self { url: url.into(), prefix: prefix.into(), deadline: Duration::from_millis(500), connections: 8 }
    }
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSettings").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// The bus; clones share the pool.
#[derive(Clone)]
pub struct RedisBus {
    pool: bb8::Pool<RedisConnectionManager>,
    line: Arc<Client>,
    prefix: Arc<str>,
    deadline: Duration,
    tracker: TaskTracker,
}

impl RedisBus {
    /// Makes the bus without waiting for the server: nothing is connected before it is needed. Fails when the URL is
    /// none. Lines of listeners run on `tracker` and end with their listener.
    pub fn new(settings: &RedisSettings, tracker: &TaskTracker) -> Result<Self, RedisError> {
        // The library asks for the provider of the process.
        install_provider();
        let info = settings.url.as_str().into_connection_info()?;
        let resp3 = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let pool = bb8::Pool::builder()
            .max_size(settings.connections.max(1))
            .connection_timeout(settings.deadline)
            // Dead connections are found out only by asking them, since the manager never calls one broken.
            .test_on_check_out(true)
            .build_unchecked(RedisConnectionManager::new(info.clone())?);
        Ok(Self {
            pool,
            line: Arc::new(Client::open(info.set_redis_settings(resp3))?),
            prefix: settings.prefix.as_str().into(),
            deadline: settings.deadline,
            tracker: tracker.clone(),
        })
    }

    /// Whether the server answers within the deadline.
    pub async fn ping(&self) -> Result<(), BusError> {
        self.run(redis::pipe().cmd("PING").ignore()).await
    }

    async fn run<T: redis::FromRedisValue>(&self, commands: &Pipeline) -> Result<T, BusError> {
        let answered = timeout(self.deadline, async {
            let mut connection = self.pool.get().await.map_err(|error| match error {
                bb8::RunError::User(error) => refused(error),
                bb8::RunError::TimedOut => BusError::Away,
            })?;
            commands.query_async(&mut *connection).await.map_err(refused)
        });
        answered.await.unwrap_or(Err(BusError::Late))
    }
}

impl Bus for RedisBus {
    fn publish(&self, messages: Vec<Message>) -> BoxFuture<'_, Result<(), BusError>> {
        async move {
            if messages.is_empty() {
                return Ok(());
            }
            let mut commands = Pipeline::with_capacity(messages.len());
            for message in &messages {
                let channel = format!("{}{}", self.prefix, message.channel);
                commands.cmd("PUBLISH").arg(channel).arg(message.payload.as_ref()).ignore();
            }
            self.run(&commands).await
        }
        .boxed()
    }

    fn subscribed_channels<'a>(&'a self, beginning: &'a str) -> BoxFuture<'a, Result<Vec<String>, BusError>> {
        async move {
            let pattern = format!("{}*", literal(&format!("{}{beginning}", self.prefix)));
            let mut commands = Pipeline::new();
            commands.cmd("PUBSUB").arg("CHANNELS").arg(pattern);
            let (channels,): (Vec<String>,) = self.run(&commands).await?;
            Ok(channels.iter().filter_map(|name| name.strip_prefix(&*self.prefix)).map(str::to_owned).collect())
        }
        .boxed()
    }

    fn listen(&self) -> Listener {
        line::open(self)
    }
}

/// Text that matches only itself in a pattern of the server.
fn literal(text: &str) -> String {
    let special = |c: char| matches!(c, '*' | '?' | '[' | ']' | '^' | '\\');
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

fn refused(error: RedisError) -> BusError {
    if error.is_timeout() {
        BusError::Late
    } else if error.is_io_error() {
        BusError::Away
    } else {
        BusError::Refused(Arc::new(error))
    }
}
