//! Booking and cancelling. Nobody is double-booked: the database refuses it by constraint; what is checked here only
//! makes the answer friendly.

pub mod book;
pub mod cancel;
pub mod error;
pub mod guests;
pub mod view;

pub use crate::db::bookings::rows::BookingRow as Booking;
pub use crate::db::types::{BookingStatus, CancellationReason};
pub use error::{Refusal, Refused};
