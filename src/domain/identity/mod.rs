//! Who may do what: tokens, sessions, and the one permission table.

pub mod authorize;
mod cache;
pub mod changes;
pub mod error;
pub mod guest_token;
pub mod keys;
pub mod members;
pub mod patients;
pub mod policy;
pub mod revoke_sessions;
pub mod secret;
pub mod session;
pub mod token;

pub use authorize::Authorize;
pub use policy::Action;
