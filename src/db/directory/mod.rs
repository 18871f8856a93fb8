//! Who and what can be booked, and where.

pub mod locations;
pub mod organizations;
pub mod providers;
pub mod schedules;
pub mod services;
pub mod traits;
