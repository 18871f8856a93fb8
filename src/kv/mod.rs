//! Redis or Valkey: the pool for commands, the bus for messages, documents, and how much callers have used. The only place that speaks
//! Redis.
//!
//! Nothing here is needed for correctness. Messages are at most once, so whoever listens must be able to find out what
//! it missed; and nothing waits for Redis at start.

pub mod bus;
pub mod documents;
pub mod line;
pub mod local;
pub mod rate_limit;
pub mod redis;

pub use bus::{Bus, BusError, BusEvent, Listener, Message, Subscriptions};
pub use documents::DocumentStore;
pub use line::Line;
pub use local::LocalBus;
pub use rate_limit::{Quota, RateLimit, Verdict};
pub use redis::{RedisBus, RedisSettings};
