//! The shape of the API: types, arguments, mapping. No rules, no SQL.

pub mod availability;
pub mod batch;
pub mod bookings;
pub mod connection;
pub mod context;
pub mod cost;
pub mod directory;
pub mod documents;
pub mod error;
pub mod executor;
pub mod federation;
pub mod identity;
pub mod inputs;
pub mod limits;
pub mod loaders;
pub mod mutation;
pub mod node;
pub mod response;
pub mod scalars;
pub mod schema;
pub mod user_error;
mod words;

pub use executor::Gateway;
pub use schema::ApiSchema;
