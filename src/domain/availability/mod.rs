//! When a schedule is open, which cells that makes, and finding the free ones.
//!
//! Three pure steps, without a clock and without I/O: rules say which local times are open (`rule`), the zone turns
//! them into instants (`expand`), the grid cuts those into cells (`slots`). `materialise` stores them as rows, `search`
//! reads those, `view` shows them to one caller, `log` tells where the change log stands.

pub mod expand;
pub mod log;
pub mod materialise;
pub mod rule;
pub mod search;
pub mod slots;
mod stretches;
pub mod view;

#[cfg(test)]
mod reference;

pub use crate::db::availability::slots::{SlotKey, SlotQuery};
pub use crate::db::types::SlotStatus;
pub use view::{Slot, seen_status};
