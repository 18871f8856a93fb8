//! What tests share: servers of their own, a program per test, clients, builders.

pub mod app;
pub mod client;
pub mod clinic;
pub mod database;
pub mod issuer;
pub mod practice;
pub mod proxy;
pub mod servers;
pub mod socket;
pub mod sources;
pub mod tls;

pub use app::{Live, TestApp};
pub use client::{Answer, Client};
pub use clinic::{Clinic, Practice, ServiceSpec, User};
pub use database::TestDb;
pub use socket::Subscription;

use chrono::{DateTime, Utc};

/// The instant at which every test begins: a Monday, 09:00 in Berlin.
pub fn monday() -> DateTime<Utc> {
    at("2027-03-01T08:00:00Z")
}

/// An instant from its RFC 3339 form.
pub fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("an instant").to_utc()
}
