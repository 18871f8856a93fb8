//! What the business does. Every public operation: authorise → validate → act → record.
//!
//! Inside, the order is identity → directory → availability → bookings; later may use earlier, never back.

pub mod audit;
pub mod availability;
pub mod bookings;
pub mod demo;
pub mod directory;
pub mod idempotency;
pub mod identity;

use std::sync::Arc;

use crate::db::Db;
use crate::kernel::time::Clock;
use identity::guest_token::GuestTokens;
use identity::session::Sessions;

/// What operations need: made once by the program, from plain settings.
pub struct Services {
    /// The way to the database.
    pub db: Db,
    /// The clock for reads and messages.
    pub clock: Clock,
    /// Who is who.
    pub sessions: Sessions,
    /// What guests get when they book.
    pub guest_tokens: GuestTokens,
    /// Rung after somebody's rights changed: replicas that hear it need not wait until they look. It must not wait.
    pub access_bell: Arc<dyn Fn() + Send + Sync>,
}
