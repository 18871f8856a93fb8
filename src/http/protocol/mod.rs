//! Subscription protocols as pure state machines: frame in, actions out. No I/O, no clock, no runtime; every close code
//! lives here.

pub mod transport_ws;
