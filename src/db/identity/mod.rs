//! Users, what they may be, and the keys of programs.

pub mod access;
pub mod api_keys;
pub mod members;
pub mod patients;
pub mod resolve;
pub mod users;
