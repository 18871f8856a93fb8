//! Who asks, members and API keys.

pub mod api_keys;
pub mod members;
pub mod mutations;
pub mod payloads;
pub mod queries;
pub mod types;
