//! Changes of rights between replicas: the database has them, the bus says when to look.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::Services;
use crate::kv::{Bus, BusEvent, Message};

/// The channel on which a replica tells the others to look.
const CHANNEL: &str = "access";
/// How often a replica looks when nobody tells it to.
const EVERY: Duration = Duration::from_millis(1_500);

/// Told after a change of rights was committed: this replica looks at once, and so do those that the bus reaches.
#[derive(Clone, Default)]
pub(super) struct AccessBell {
    here: Arc<Notify>,
    elsewhere: Arc<Notify>,
}

impl AccessBell {
    /// Sends what is rung here to `bus`, until `stop`.
    pub(super) fn start(bus: Arc<dyn Bus>, tasks: &TaskTracker, stop: CancellationToken) -> Self {
        let bell = Self::default();
        let rung = bell.elsewhere.clone();
        tasks.spawn(async move {
            while stop.run_until_cancelled(rung.notified()).await.is_some() {
                let message = Message { channel: CHANNEL.to_owned(), payload: Bytes::from_static(b"1") };
                if let Err(error) = bus.publish(vec![message]).await {
                    tracing::warn!(error = &error as &dyn std::error::Error, "others look for changed rights later");
                }
            }
        });
        bell
    }

    pub(super) fn ring(&self) -> Arc<dyn Fn() + Send + Sync> {
        let bell = self.clone();
        Arc::new(move || {
            bell.here.notify_one();
            bell.elsewhere.notify_one();
        })
    }
}

/// Looks for changes of rights whenever the bell or the bus says so, and from time to time; never ends.
pub(super) async fn follow(services: Arc<Services>, bus: Arc<dyn Bus>, bell: AccessBell) {
    let mut listener = bus.listen();
    if let Err(error) = listener.subscriptions.subscribe(CHANNEL).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "changed rights are looked for only from time to time"
        );
    }
    let mut due = tokio::time::interval(EVERY);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let is_told = tokio::select! {
            _ = due.tick() => true,
            () = bell.here.notified() => true,
            event = listener.events.recv() => match event {
                Some(BusEvent::Message(_) | BusEvent::Reconnected) => true,
                Some(BusEvent::Disconnected) => false,
                // The bus is gone for good: only the clock is left.
                None => { due.tick().await; true }
            },
        };
        if is_told && let Err(error) = services.sessions.look_for_changes().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "changed rights could not be looked for");
        }
    }
}
