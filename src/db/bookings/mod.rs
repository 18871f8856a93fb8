//! Bookings: the hot statements that make and end them, and their rows.

pub mod explain;
pub mod rows;
pub mod write;
