//! The doorbell: after a commit, word to the relay that there is something to read. It carries nothing and may be lost,
//! since the relay looks by itself soon after; rings that come while one is on its way become one.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::kv::{Bus, BusEvent, Message};

/// Name of the doorbell's channel, after the installation's prefix.
const CHANNEL: &str = "doorbell";

/// A doorbell; clones are the same bell. One waits for it, anybody rings.
#[derive(Clone, Debug, Default)]
pub struct Doorbell {
    bell: Arc<Notify>,
}

impl Doorbell {
    /// A bell within the process, for a relay that runs where the writes are.
    #[must_use]
    pub fn in_process() -> Self {
        Self::default()
    }

    /// A bell whose rings go out on the bus, for a process that only writes.
    #[must_use]
    pub fn to_bus(bus: Arc<dyn Bus>, tracker: &TaskTracker, shutdown: CancellationToken) -> Self {
        let bell = Self::default();
        let rung = bell.clone();
        tracker.spawn(async move {
            while shutdown.run_until_cancelled(rung.rung()).await.is_some() {
                let ring = Message { channel: CHANNEL.to_owned(), payload: Bytes::new() };
                if let Err(error) = bus.publish(vec![ring]).await {
                    tracing::debug!(error = %error, "doorbell not rung; the relay looks by itself");
                }
            }
        });
        bell
    }

    /// A bell that is also rung from the bus, for the process of the relay.
    #[must_use]
    pub fn from_bus(bus: &dyn Bus, tracker: &TaskTracker, shutdown: CancellationToken) -> Self {
        let bell = Self::default();
        let rings = bell.clone();
        let mut listener = bus.listen();
        tracker.spawn(async move {
            // Wanted from now on, whether or not the bus is up.
            let _ = listener.subscriptions.subscribe(CHANNEL).await;
            while let Some(Some(event)) = shutdown.run_until_cancelled(listener.events.recv()).await {
                if let BusEvent::Message(_) | BusEvent::Reconnected = event {
                    rings.ring();
                }
            }
        });
        bell
    }

    /// Rings; never waits.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    /// Waits for a ring since the last one waited for. Dropping the future loses none.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;
    use crate::kv::LocalBus;

    #[tokio::test(start_paused = true)]
    async fn ring_crosses_the_bus_and_many_become_one() {
        let (bus, tracker, shutdown) = (LocalBus::new(), TaskTracker::new(), CancellationToken::new());
        let heard = Doorbell::from_bus(&bus, &tracker, shutdown.clone());
        let bell = Doorbell::to_bus(Arc::new(bus), &tracker, shutdown.clone());
        // The line's own start rings once.
        assert!(timeout(Duration::from_secs(1), heard.rung()).await.is_ok());
        for _ in 0..100 {
            bell.ring();
        }
        // One is on its way already when the others come, and they become one.
        let mut heard_so_often = 0;
        while timeout(Duration::from_secs(1), heard.rung()).await.is_ok() {
            heard_so_often += 1;
        }
        assert!((1..=2).contains(&heard_so_often), "{heard_so_often}");
        shutdown.cancel();
        tracker.close();
        assert!(timeout(Duration::from_secs(1), tracker.wait()).await.is_ok());
    }
}
