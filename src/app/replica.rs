//! One process that serves requests and sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::http::protocol::transport_ws::Limits;
use crate::http::socket::GatewaySockets;
use crate::http::state::HttpState;
use crate::http::ws::{SocketSettings, Sockets};
use crate::http::{router, server, tls};
use crate::kernel::time::Clock;
use crate::live::{DatabaseLog, Hub, HubSettings};

use super::access::{self, AccessBell};
use super::checks::LiveChecks;
use super::gateway::gateway;
use super::parts::{self, SharedBus};
use super::{AppError, worker};

/// How long what should have ended may take beyond its time.
const GRACE: Duration = Duration::from_secs(1);

/// A running replica.
pub struct Replica {
    /// Where it listens.
    pub addr: SocketAddr,
    drain: CancellationToken,
    stop: CancellationToken,
    draining: Arc<AtomicBool>,
    /// The listener, sockets and operations.
    serving: TaskTracker,
    /// What those need to their end: the hub, the bus, commits.
    tasks: TaskTracker,
    within: Duration,
}

impl Replica {
    /// Starts serving; ready when it returns.
    ///
    /// # Errors
    /// What is missing or wrong, named.
    pub async fn start(config: &Config, clock: Clock, bus: Option<SharedBus>) -> Result<Self, AppError> {
        let tls = config.http.tls.as_ref().map(tls::acceptor).transpose()?;
        let url = config.database.app.as_ref().ok_or(AppError::Missing("DATABASE_URL"))?;
        let (serving, tasks) = (TaskTracker::new(), TaskTracker::new());
        let (drain, stop) = (CancellationToken::new(), CancellationToken::new());
        let bus = bus.map_or_else(|| SharedBus::of(config, &tasks), Ok)?;
        let ring = bus.ring(&tasks, &stop);
        let db = parts::open(config, url, "DATABASE_URL", tasks.clone(), ring).await?;
        tasks.spawn(worker::partitions(db.clone(), stop.clone()));
        let keys = parts::published_keys(&config.auth)?;
        let access = AccessBell::start(bus.bus.clone(), &tasks, stop.clone());
        let services = parts::services(config, db.clone(), clock, keys.clone(), access.ring())?;
        // What changed before anybody was believed concerns nobody; what changes from here on is noticed.
        services.sessions.look_for_changes().await?;
        let (following, ending) = (access::follow(services.clone(), bus.bus.clone(), access), stop.clone());
        tasks.spawn(async move { ending.run_until_cancelled(following).await });
        if let Some(keys) = keys {
            let stop = stop.clone();
            tasks.spawn(async move { stop.run_until_cancelled(keys.keep_fresh()).await });
        }
        let hub = Hub::start(DatabaseLog::new(db.clone()), &*bus.bus, hub_settings(config), &tasks, stop.clone());
        let gateway = gateway(config, services, hub, bus.line.as_ref(), serving.clone())?;
        let sockets =
            Sockets::new(GatewaySockets(gateway.clone()), socket_settings(config), drain.clone(), serving.clone());
        let draining = Arc::new(AtomicBool::new(false));
        let state = HttpState {
            gateway,
            sockets,
            checks: Arc::new(LiveChecks::new(db, bus.redis)),
            started: Arc::new(AtomicBool::new(true)),
            draining: draining.clone(),
            settings: config.http.clone(),
        };
        let (listener, addr) =
            server::bind(config.http.addr).await.map_err(|error| AppError::Address(config.http.addr, error))?;
        let settings = server::ServerSettings {
            connections: config.http.max_connections,
            headers: config.http.header_timeout,
            drain: config.http.drain,
        };
        serving.spawn(server::serve(listener, tls, router(state), settings, drain.clone()));
        tracing::info!(http.addr = %addr, "serving");
        Ok(Self { addr, drain, stop, draining, serving, tasks, within: config.http.drain })
    }

    /// Takes no new work, lets what is in flight finish, then ends. It takes no longer than the drain time and a little.
    pub async fn stop(self) {
        self.draining.store(true, Ordering::Release);
        self.drain.cancel();
        tracing::info!("draining");
        self.serving.close();
        let served = timeout(self.within + GRACE, self.serving.wait()).await;
        // Only now: a stream that is being sent, or a booking being committed, still needs what ends here.
        self.stop.cancel();
        self.tasks.close();
        let ended = timeout(GRACE, self.tasks.wait()).await;
        if served.and(ended).is_ok() {
            tracing::info!("stopped");
        } else {
            let tasks = self.serving.len() + self.tasks.len();
            tracing::warn!(tasks, "stopped with work in flight");
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
