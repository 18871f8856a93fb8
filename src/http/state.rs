//! What handlers may reach.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use serde::Serialize;

use crate::config::Http;
use crate::graphql::Gateway;

use super::socket::GatewaySockets;
use super::ws::Sockets;

/// State of one thing that the program needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// It answers.
    Up,
    /// It does not answer; what needs it fails, or is slower.
    Down,
    /// It is not configured.
    Off,
}

/// What the program needs, at this moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Report {
    /// PostgreSQL. Without it nothing can be served.
    pub database: Condition,
    /// Whether the schema is as new as the program. Without it nothing can be served.
    pub migrations: Condition,
    /// Redis. Without it live updates go on by reading the change log, slower.
    pub redis: Condition,
}

impl Report {
    /// Whether requests can be served.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.database == Condition::Up && self.migrations == Condition::Up
    }
}

/// Looks at what the program needs; ends within a few seconds.
pub trait Checks: Send + Sync + 'static {
    /// A fresh report.
    fn report(&self) -> BoxFuture<'_, Report>;
}

/// Shared by all handlers; cheap to clone.
#[derive(Clone)]
pub struct HttpState {
    /// Runs operations.
    pub gateway: Gateway,
    /// Takes sockets over.
    pub sockets: Sockets<GatewaySockets>,
    /// What readiness asks.
    pub checks: Arc<dyn Checks>,
    /// Set once everything that a start does is done.
    pub started: Arc<AtomicBool>,
    /// Set when no new work is wanted.
    pub draining: Arc<AtomicBool>,
    /// Sizes and times.
    pub settings: Http,
}

impl HttpState {
    pub(super) fn is_started(&self) -> bool {
        self.started.load(Ordering::Acquire)
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }
}
