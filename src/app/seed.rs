//! Demo data.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use std::sync::Arc;

use crate::config::Config;
use crate::db::migrations;
use crate::domain::demo::{self, Seeded};
use crate::kernel::time::Clock;

use super::AppError;
use super::parts::{self, SharedBus};

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
