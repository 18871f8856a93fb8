//! One connection to Redis that all requests share: their commands travel together, each in one round trip. For what a
//! request can do without: the wait is short, and a server that does not answer is left alone for a while.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, IntoConnectionInfo as _, RedisError};
use tokio::time::timeout;

use crate::kernel::tls::install_provider;

use super::redis::RedisSettings;

/// Longest wait: a request must not be slow because Redis is.
const DEADLINE: Duration = Duration::from_millis(100);
/// For so long Redis is not asked again after it did not answer, in milliseconds.
const LEFT_ALONE: u64 = 1_000;

/// The connection.
pub struct Line {
    connection: ConnectionManager,
    prefix: String,
    /// Until when Redis is left alone, in milliseconds of the callers' clock.
    away_until: AtomicU64,
}

impl Line {
    /// Makes it without waiting for the server. Must be called within a runtime.
    ///
    /// # Errors
    /// For a URL that is none.
    pub fn new(redis: &RedisSettings) -> Result<Self, RedisError> {
        install_provider();
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(DEADLINE))
            .set_response_timeout(Some(DEADLINE))
            .set_number_of_retries(0);
        let client = Client::open(redis.url.as_str().into_connection_info()?)?;
        let connection = ConnectionManager::new_lazy_with_config(client, config)?;
        Ok(Self { connection, prefix: redis.prefix.clone(), away_until: AtomicU64::new(0) })
    }

    /// The name of a key.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// What Redis answers; `None` when it does not, or did not a moment ago. `now` is milliseconds since 1970.
    pub(super) async fn ask<T>(
        &self,
        now: u64,
        command: impl AsyncFnOnce(ConnectionManager) -> Result<T, RedisError>,
    ) -> Option<T> {
        if now < self.away_until.load(Ordering::Relaxed) {
            return None;
        }
        let answered = timeout(DEADLINE, command(self.connection.clone())).await;
        if let Ok(Ok(answer)) = answered {
            return Some(answer);
        }
        self.away_until.store(now.saturating_add(LEFT_ALONE), Ordering::Relaxed);
        match answered {
            Ok(Err(error)) => tracing::warn!(error = &error as &dyn std::error::Error, "Redis is done without"),
            _ => tracing::warn!("Redis is done without: it does not answer"),
        }
        None
    }
}
