//! The hub of one replica: who is interested in which change, and the chains that bring the changes.
//!
//! One task does all the bookkeeping, so there is nothing to lock: it follows the bus, reads the log where the bus left
//! a hole, and puts changes into the members' queues. It never waits for the bus, the log or a member.

mod actor;
mod audience;
mod interest;
mod member;
#[cfg(test)]
mod outages;
mod read;
#[cfg(test)]
mod replicas;
mod station;
#[cfg(test)]
mod storm;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use interest::Interest;
pub use member::Member;

use super::log::ChangeLog;
use crate::kv::Bus;

/// Joins that may wait for the hub; more wait in line.
const COMMANDS: usize = 256;

/// Times and bounds of the hub.
#[derive(Clone, Debug)]
pub struct HubSettings {
    /// A channel that says nothing for so long is read from the log instead. Above the relay's heartbeat.
    pub silence: Duration,
    /// Longest pause between two reads while a chain is not closed.
    pub poll: Duration,
    /// How long a channel that nobody needs stays subscribed.
    pub linger: Duration,
    /// Longest wait for one read of the log.
    pub read_deadline: Duration,
    /// Longest wait for a join.
    pub join_deadline: Duration,
    /// Rows read from the log at once.
    pub page: usize,
    /// Rows of one organization that are replayed after a hole; when there are more, its members start anew.
    pub catch_up_limit: usize,
    /// Changes that may wait in one member's queue.
    pub queue: usize,
}

impl Default for HubSettings {
    fn default() -> Self {
        Self {
            silence: Duration::from_millis(1500),
            poll: Duration::from_millis(500),
            linger: Duration::from_secs(30),
            read_deadline: Duration::from_secs(5),
            join_deadline: Duration::from_secs(10),
            page: 500,
            catch_up_limit: 10_000,
            queue: 1024,
        }
    }
}

/// Why a join failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum JoinError {
    /// The replica shuts down.
    #[error("live updates have ended")]
    Closed,
    /// The log could not be read in time: try again.
    #[error("live updates are not available")]
    Unavailable,
}

/// The way to the hub; cheap to clone.
#[derive(Clone, Debug)]
pub struct Hub {
    commands: mpsc::Sender<Join>,
    join_deadline: Duration,
}

#[derive(Debug)]
struct Join {
    interest: Interest,
    reply: oneshot::Sender<Member>,
}

impl Hub {
    /// Starts the hub's task on the tracker. It ends with `shutdown`, and then so do its members.
    #[must_use]
    pub fn start(
        log: Arc<dyn ChangeLog>,
        bus: &dyn Bus,
        settings: HubSettings,
        tracker: &TaskTracker,
        shutdown: CancellationToken,
    ) -> Self {
        let (commands, joins) = mpsc::channel(COMMANDS);
        let join_deadline = settings.join_deadline;
        let actor = actor::Actor::new(log, bus.listen(), settings);
        tracker.spawn(actor.run(joins, shutdown));
        Self { commands, join_deadline }
    }

    /// Becomes a member and waits until it is live: every matching change from [`Member::live_from`] on will be
    /// delivered. Dropping the future, or the member, leaves.
    pub async fn join(&self, interest: Interest) -> Result<Member, JoinError> {
        let joined = timeout(self.join_deadline, async {
            let (reply, answer) = oneshot::channel();
            self.commands.send(Join { interest, reply }).await.map_err(|_| JoinError::Closed)?;
            answer.await.map_err(|_| JoinError::Closed)
        });
        joined.await.unwrap_or(Err(JoinError::Unavailable))
    }
}
