//! One process that serves requests and sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::graphql::Gateway;
use crate::http::protocol::transport_ws::Limits;
use crate::http::socket::GatewaySockets;
use crate::http::state::HttpState;
use crate::http::ws::{SocketSettings, Sockets};
use crate::http::{router, server};
use crate::kernel::time::Clock;
use crate::live::{DatabaseLog, Hub, HubSettings};

use super::checks::LiveChecks;
use super::parts::{self, SharedBus};
use super::{AppError, worker};

/// A running replica.
pub struct Replica {
    /// Where it listens.
    pub addr: SocketAddr,
    drain: CancellationToken,
    stop: CancellationToken,
    draining: Arc<AtomicBool>,
    tasks: TaskTracker,
    within: std::time::Duration,
}

impl Replica {
    /// Starts serving; ready when it returns.
    ///
    /// # Errors
    /// What is missing or wrong, named.
    pub async fn start(config: &Config, clock: Clock, bus: Option<SharedBus>) -> Result<Self, AppError> {
        let url = config.database.app.as_ref().ok_or(AppError::Missing("DATABASE_URL"))?;
        let (tasks, drain, stop) = (TaskTracker::new(), CancellationToken::new(), CancellationToken::new());
        let bus = bus.map_or_else(|| SharedBus::of(config, &tasks), Ok)?;
        let ring = bus.ring(&tasks, &stop);
        let db = parts::open(config, url, "DATABASE_URL", tasks.clone(), ring).await?;
        tasks.spawn(worker::partitions(db.clone(), stop.clone()));
        let services = parts::services(config, db.clone(), clock)?;
        let hub = Hub::start(DatabaseLog::new(db.clone()), &*bus.bus, hub_settings(config), &tasks, stop.clone());
        let gateway = Gateway::new(services, hub, config.limits, tasks.clone(), config.http.request_timeout)?;
        let sockets =
            Sockets::new(GatewaySockets(gateway.clone()), socket_settings(config), drain.clone(), tasks.clone());
        let draining = Arc::new(AtomicBool::new(false));
        let state = HttpState {
            gateway,
            sockets,
            checks: Arc::new(LiveChecks { db, redis: bus.redis }),
            started: Arc::new(AtomicBool::new(true)),
            draining: draining.clone(),
            settings: config.http.clone(),
        };
        let (listener, addr) =
            server::bind(config.http.addr).await.map_err(|error| AppError::Address(config.http.addr, error))?;
        let serving = server::serve(listener, router(state), drain.clone(), config.http.drain);
        tasks.spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(error = &error as &dyn std::error::Error, "the listener ended");
            }
        });
        tracing::info!(http.addr = %addr, "serving");
        Ok(Self { addr, drain, stop, draining, tasks, within: config.http.drain })
    }

    /// Takes no new work, lets what is in flight finish, then ends. It takes no longer than the drain time and a little.
    pub async fn stop(self) {
        self.draining.store(true, Ordering::Release);
        self.drain.cancel();
        tracing::info!("draining");
        self.tasks.close();
        // The hub and the bus end last: a stream that is being sent still needs them.
        let grace = self.within + std::time::Duration::from_secs(1);
        let stop = self.stop.clone();
        let last = async {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            stop.cancel();
        };
        let (_, ended) = tokio::join!(last, tokio::time::timeout(grace, self.tasks.wait()));
        match ended {
            Ok(()) => tracing::info!("stopped"),
            Err(_) => tracing::warn!(tasks = self.tasks.len(), "stopped with work in flight"),
        }
    }
}

fn hub_settings(config: &Config) -> HubSettings {
    HubSettings { queue: config.live.queue_items, catch_up_limit: config.live.catch_up_limit, ..HubSettings::default() }
}

fn socket_settings(config: &Config) -> SocketSettings {
    let limits = Limits {
        message_bytes: config.http.max_body_bytes,
        operations: config.limits.subscriptions,
        ..Limits::default()
    };
    SocketSettings {
        limits,
        init_timeout: config.live.init_timeout,
        keepalive: config.live.ping,
        drain_timeout: config.http.drain,
        ..SocketSettings::default()
    }
}
