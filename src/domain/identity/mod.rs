//! Who may do what: tokens, sessions, and the one permission table.

pub mod authorize;
mod cache;
pub mod patients;
pub mod policy;
pub mod session;
pub mod token;

pub use authorize::Authorize;
pub use policy::Action;
