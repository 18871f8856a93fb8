//! Who asks.

pub mod queries;
pub mod types;
