//! How a committed change reaches a subscriber: change log, doorbell, relay, bus, hub, member's queue.
//!
//! The change log in the database is the truth; the bus only makes it fast. The relay (one leader, in `worker`) reads
//! the log and publishes chained batches: each names the place where the one before it ended. The hub (one a replica)
//! follows the chains, sees every hole, fills it from the log, and puts each change into the queues of those whom it
//! concerns. A member therefore sees every change exactly once and in order, or is told to start anew.
//!
//! Nothing here knows GraphQL, sockets or the schema of the database.

pub mod batch;
pub mod chain;
pub mod database;
pub mod doorbell;
pub mod hub;
pub mod log;
pub mod queue;
pub mod relay;
#[cfg(test)]
mod testing;

pub use database::DatabaseLog;
pub use doorbell::Doorbell;
pub use hub::{Hub, HubSettings, Interest, JoinError, Member};
pub use log::{ChangeLog, ChangeRow, LogError};
pub use queue::{Delivery, Next, Resync, ResyncReason};
pub use relay::{Relay, RelaySettings};
