//! Integration tests.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that fails shall say so, in its helpers too"
)]

mod architecture;
mod bookings;
mod directory;
mod docs;
mod identity;
mod live;
mod local;
mod migrations;
mod operations;
mod policy;
mod schema;
mod sql_text;
mod storage;
mod support;
