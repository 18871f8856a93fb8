//! What readiness asks.

use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt};
use tokio::sync::Mutex;

use crate::db::{Db, migrations};
use crate::http::state::{Checks, Condition, Report};
use crate::kv::RedisBus;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// For so long a report is good: however many ask, few statements are run for it.
const GOOD_FOR: Duration = Duration::from_millis(500);

/// Asks the database and Redis.
pub(super) struct LiveChecks {
    db: Db,
    redis: Option<RedisBus>,
    last: Mutex<Option<(Instant, Report)>>,
}

impl LiveChecks {
    pub(super) fn new(db: Db, redis: Option<RedisBus>) -> Self {
        Self { db, redis, last: Mutex::default() }
    }

    async fn fresh(&self) -> Report {
        let migrations = tokio::time::timeout(PATIENCE, migrations::pending(&self.db));
        let (database, migrations, redis) =
            tokio::join!(self.db.is_alive(PATIENCE), migrations, redis(self.redis.as_ref()));
        Report { database: up(database), migrations: up(matches!(migrations, Ok(Ok(0)))), redis }
    }
}

impl Checks for LiveChecks {
    fn report(&self) -> BoxFuture<'_, Report> {
        async move {
            // Whoever comes meanwhile waits for the same report.
            let mut last = self.last.lock().await;
            match *last {
                Some((at, report)) if at.elapsed() < GOOD_FOR => report,
                _ => {
                    let report = self.fresh().await;
                    *last = Some((Instant::now(), report));
                    report
                }
            }
        }
        .boxed()
    }
}

async fn redis(bus: Option<&RedisBus>) -> Condition {
    match bus {
        None => Condition::Off,
        Some(bus) => up(bus.ping().await.is_ok()),
    }
}

fn up(is_up: bool) -> Condition {
    if is_up { Condition::Up } else { Condition::Down }
}
