//! What readiness asks.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};

use crate::db::{Db, migrations};
use crate::http::state::{Checks, Condition, Report};
use crate::kv::RedisBus;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the database and Redis.
pub(super) struct LiveChecks {
    pub(super) db: Db,
    pub(super) redis: Option<RedisBus>,
}

impl Checks for LiveChecks {
    fn report(&self) -> BoxFuture<'_, Report> {
        async move {
            let migrations = tokio::time::timeout(PATIENCE, migrations::pending(&self.db));
            let (database, migrations, redis) =
                tokio::join!(self.db.is_alive(PATIENCE), migrations, redis(self.redis.as_ref()));
            Report { database: up(database), migrations: up(matches!(migrations, Ok(Ok(0)))), redis }
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
