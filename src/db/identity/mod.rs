//! Users and what they may be.

pub mod members;
pub mod resolve;
