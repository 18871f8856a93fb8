//! How much somebody may ask, counted in Redis for all replicas together in one round trip. While Redis is away each replica
//! counts by itself, so that a caller has up to the quota at each of them; nobody is refused for it, nor let in unlimited.

mod local;
#[cfg(test)]
mod tests;
mod window;

use std::sync::Arc;

use redis::Script;

use self::local::LocalCounts;
pub use self::window::{Quota, Used, Verdict};
use super::line::Line;

/// Counts points; clones count together.
#[derive(Clone)]
pub struct RateLimit {
    quota: Quota,
    local: Arc<LocalCounts>,
    shared: Option<Shared>,
}

#[derive(Clone)]
struct Shared {
    line: Arc<Line>,
    script: Arc<Script>,
}

impl RateLimit {
    /// Counts in this process only.
    #[must_use]
    pub fn local(quota: Quota) -> Self {
        Self { quota, local: Arc::new(LocalCounts::new(quota.window)), shared: None }
    }

    /// Counts in Redis.
    #[must_use]
    pub fn shared(quota: Quota, line: Arc<Line>) -> Self {
        let script = Arc::new(Script::new(include_str!("take.lua")));
        Self { shared: Some(Shared { line, script }), ..Self::local(quota) }
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
        let length = quota.millis();
        let mut call = self.script.key(self.line.key(&format!("rate:{who}")));
        call.arg(now).arg(length).arg(quota.points).arg(points);
        let called =
            self.line.ask(now, async |mut connection| call.invoke_async::<(u8, u64, u64, u64)>(&mut connection).await);
        let (is_allowed, index, current, previous) = called.await?;
        let into = if index > now / length { 0 } else { now % length };
        Some(quota.verdict(&Used { index, current, previous }, points, into, is_allowed == 1))
    }
}
