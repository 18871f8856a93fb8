//! What the program asks of others over the network. Knows no database and no rule.

pub mod jwks;

pub use jwks::{JwksFile, JwksUrl};
