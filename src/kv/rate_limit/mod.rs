//! How much somebody may ask, counted in Redis for all replicas together in one round trip. While Redis is away each replica
//! counts by itself, so that a caller has up to the quota at each of them; nobody is refused for it, nor let in unlimited.

mod local;
#[cfg(test)]
mod tests;
mod window;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, IntoConnectionInfo as _, RedisError, Script};
use tokio::time::timeout;

use crate::kernel::tls::install_provider;

use self::local::LocalCounts;
pub use self::window::{Quota, Used, Verdict};
use super::redis::RedisSettings;

/// Longest wait for the count: a request must not be slow because Redis is.
const DEADLINE: Duration = Duration::from_millis(100);
/// For so long Redis is not asked again after it did not answer, in milliseconds.
const LEFT_ALONE: u64 = 1_000;

/// Counts points; clones count together.
#[derive(Clone)]
pub struct RateLimit {
    quota: Quota,
    local: Arc<LocalCounts>,
    shared: Option<Arc<Shared>>,
}

/// One connection that all requests share; commands of many of them travel together.
struct Shared {
    connection: ConnectionManager,
    script: Script,
    prefix: String,
    /// Until when Redis is left alone, in milliseconds of the caller's clock.
    away_until: AtomicU64,
}

impl RateLimit {
    /// Counts in this process only.
    #[must_use]
    pub fn local(quota: Quota) -> Self {
        Self { quota, local: Arc::new(LocalCounts::new(quota.window)), shared: None }
    }

    /// Counts in Redis. It never waits for the server here. Must be called within a runtime.
    ///
    /// # Errors
    /// For a URL that is none.
    pub fn shared(quota: Quota, redis: &RedisSettings) -> Result<Self, RedisError> {
        install_provider();
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(DEADLINE))
            .set_response_timeout(Some(DEADLINE))
            .set_number_of_retries(0);
        let client = Client::open(redis.url.as_str().into_connection_info()?)?;
        let shared = Shared {
            connection: ConnectionManager::new_lazy_with_config(client, config)?,
            script: Script::new(include_str!("take.lua")),
            prefix: format!("{}rate:", redis.prefix),
            away_until: AtomicU64::new(0),
        };
        Ok(Self { shared: Some(Arc::new(shared)), ..Self::local(quota) })
    }

    /// Takes points of somebody, if there are enough; `now` is milliseconds since 1970, about the same for all replicas.
    pub async fn take(&self, who: &str, points: u64, now: u64) -> Verdict {
        let points = points.min(self.quota.points);
        if let Some(shared) = &self.shared
            && let Some(verdict) = shared.take(&self.quota, who, points, now).await
        {
            return verdict;
        }
        self.local.take(&self.quota, who, points, now)
    }
}

impl Shared {
    /// `None` when Redis does not answer.
    async fn take(&self, quota: &Quota, who: &str, points: u64, now: u64) -> Option<Verdict> {
        if now < self.away_until.load(Ordering::Relaxed) {
            return None;
        }
        let length = quota.millis();
        let mut call = self.script.key(format!("{}{who}", self.prefix));
        call.arg(now).arg(length).arg(quota.points).arg(points);
        let mut connection = self.connection.clone();
        let called = timeout(DEADLINE, call.invoke_async::<(u8, u64, u64, u64)>(&mut connection));
        match called.await {
            Ok(Ok((is_allowed, index, current, previous))) => {
                let into = if index > now / length { 0 } else { now % length };
                let used = Used { index, current, previous };
                Some(quota.verdict(&used, points, into, is_allowed == 1))
            }
            Ok(Err(error)) => {
                self.leave_alone(now);
                tracing::warn!(error = &error as &dyn std::error::Error, "rate limits are counted by each replica");
                None
            }
            Err(_) => {
                self.leave_alone(now);
                tracing::warn!("rate limits are counted by each replica: Redis does not answer");
                None
            }
        }
    }

    fn leave_alone(&self, now: u64) {
        self.away_until.store(now.saturating_add(LEFT_ALONE), Ordering::Relaxed);
    }
}
