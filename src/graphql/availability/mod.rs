//! Slots: lists, one by id, and the stream of their changes.

pub mod inputs;
pub mod queries;
mod replay;
pub mod stream_types;
pub mod subscriptions;
pub mod types;
