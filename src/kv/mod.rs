//! Redis or Valkey: the pool for commands and the bus for messages. The only place that speaks Redis.
//!
//! Nothing here is needed for correctness. Messages are at most once, so whoever listens must be able to find out what
//! it missed; and nothing waits for Redis at start.

pub mod bus;
pub mod local;
pub mod redis;

pub use bus::{Bus, BusError, BusEvent, Listener, Message, Subscriptions};
pub use local::LocalBus;
pub use redis::{RedisBus, RedisSettings};
