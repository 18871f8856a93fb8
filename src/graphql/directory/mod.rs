//! Providers, locations and services.

pub mod inputs;
pub mod queries;
pub mod types;
