//! Counts of this process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;

use super::window::{Quota, Used, Verdict};

/// Callers that are counted at most; beyond it those who come least are forgotten.
const MOST: u64 = 100_000;

/// What each caller has used.
pub(super) struct LocalCounts {
    used: Cache<String, Arc<Mutex<Used>>>,
}

impl LocalCounts {
    /// Forgets who has not come for two windows.
    pub(super) fn new(window: Duration) -> Self {
        Self { used: Cache::builder().max_capacity(MOST).time_to_idle(window * 2).build() }
    }

    pub(super) fn take(&self, quota: &Quota, who: &str, points: u64, now: u64) -> Verdict {
        let used = self.used.get_with_by_ref(who, Arc::default);
        let mut used = used.lock().unwrap_or_else(PoisonError::into_inner);
        quota.take(&mut used, points, now)
    }
}
