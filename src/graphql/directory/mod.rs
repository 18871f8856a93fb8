//! Providers, locations and services.

pub mod inputs;
pub mod mutations;
pub mod queries;
pub mod types;
