//! Demo data, and data to measure with.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use std::sync::Arc;

use crate::config::Config;
use crate::db::pool::{Pool, PoolSettings};
use crate::db::{Db, connect, migrations};
use crate::domain::demo::large;
use crate::domain::demo::{self, Seeded};
use crate::kernel::time::Clock;
use crate::worker;

pub use crate::domain::demo::large::LargeSize;

use super::AppError;
use super::parts::{self, SharedBus};

/// Longest statement of a load; the last one makes all of it last.
const LOAD_STATEMENT: Duration = Duration::from_secs(120);

/// Makes the demo organization, or extends its horizon to eight weeks from now.
///
/// # Errors
/// What is missing or wrong, named.
pub async fn demo(config: &Config, clock: Clock, bus: Option<SharedBus>) -> Result<Seeded, AppError> {
    let url = config.database.app.as_ref().ok_or(AppError::Missing("DATABASE_URL"))?;
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let bus = bus.map_or_else(|| SharedBus::of(config, &tasks), Ok)?;
    let db = parts::open(config, url, "DATABASE_URL", tasks.clone(), bus.ring(&tasks, &stop)).await?;
    let services = parts::services(config, db, clock, None, Arc::new(|| {}))?;
    let seeded = demo::load(&services, &demo::plan(), &config.auth.issuer).await?;
    stop.cancel();
    if let Some(owner) = config.database.migration.as_ref().filter(|_| seeded.is_new) {
        migrations::analyze(owner.expose()).await?;
    }
    Ok(seeded)
}

/// Makes the large organization, once, as the owner: past the limits that requests have, yet behind every constraint.
///
/// # Errors
/// What is missing or wrong, named; `Load` where the organization is there already.
pub async fn large(config: &Config, clock: &Clock, size: LargeSize) -> Result<Seeded, AppError> {
    const VARIABLE: &str = "MIGRATION_DATABASE_URL";
    let url = config.database.migration.as_ref().ok_or(AppError::Missing(VARIABLE))?.expose();
    if let Some(reason) = connect::refusal(url).await {
        return Err(AppError::Refused(VARIABLE, reason));
    }
    let settings = PoolSettings {
        size: 1,
        wait: config.database.pool_wait,
        statement_timeout: LOAD_STATEMENT,
        application_name: "openslot seed",
        role: Some("openslot_owner"),
    };
    let pool = Pool::new(url, &settings).map_err(|_| AppError::Url(VARIABLE))?;
    let db = Db::new(pool, TaskTracker::new(), Arc::new(|| {}));
    match migrations::pending(&db).await.map_err(AppError::Database)? {
        0 => worker::make_partitions(&db).await.map_err(AppError::Database)?,
        pending => return Err(AppError::Pending(pending)),
    };
    let seeded = large::load(&db, size, clock.now(), &config.auth.issuer).await?;
    migrations::analyze(url).await?;
    Ok(seeded)
}
