//! Private PostgreSQL and Redis servers on this machine, for `openslot dev` and the integration tests.
//!
//! They run from the binaries installed here, on directories and ports of their own, and never outlive the program
//! that started them, even when that is killed. Nothing here is used by `serve` or `worker`.

mod error;
mod postgres;
mod process;
mod programs;
mod redis;

pub use error::LocalError;
pub use postgres::{Postgres, PostgresOptions, SUPERUSER};
pub use redis::Redis;
