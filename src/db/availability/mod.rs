//! Slots and the rules they come from.

pub mod rules;
pub mod slots;
