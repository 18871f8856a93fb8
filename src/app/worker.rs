//! One process that does what happens on time or later.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::live::Doorbell;
use crate::worker;

use super::AppError;
use super::parts::{self, SharedBus};

pub(super) use crate::worker::partitions;

/// A running worker.
pub struct Worker {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Worker {
    /// Starts working.
    ///
    /// # Errors
    /// What is missing or wrong, named.
    pub async fn start(config: &Config, bus: Option<SharedBus>) -> Result<Self, AppError> {
        let url = config.database.worker.as_ref().ok_or(AppError::Missing("WORKER_DATABASE_URL"))?;
        let leader_url = config.database.direct.as_ref().unwrap_or(url).expose().to_owned();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let bus = bus.map_or_else(|| SharedBus::of(config, &tasks), Ok)?;
        let doorbell = match &bus.doorbell {
            Some(bell) => bell.clone(),
            None => Doorbell::from_bus(&*bus.bus, &tasks, stop.clone()),
        };
        let ring = bus.ring(&tasks, &stop);
        let db = parts::open(config, url, "WORKER_DATABASE_URL", tasks.clone(), ring).await?;
        tasks.spawn(partitions(db.clone(), stop.clone()));
        tasks.spawn(worker::tidy(db.clone(), stop.clone()));
        tasks.spawn(worker::relay(db, bus.bus, doorbell, leader_url, stop.clone()));
        tracing::info!("working");
        Ok(Self { stop, tasks })
    }

    /// Ends after the turn that is under way.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(std::time::Duration::from_secs(10), self.tasks.wait()).await.is_err() {
            tracing::warn!(tasks = self.tasks.len(), "stopped with work in flight");
        }
    }
}
