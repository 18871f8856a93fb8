//! Pages for people: the landing page and GraphiQL. Static bytes from the binary; no page reads a request's body,
//! knows a caller or loads anything from another origin.

mod assets;
mod graphiql;
mod landing;
mod security;
#[cfg(test)]
mod testing;

pub use graphiql::graphiql_routes;
pub use landing::{Graphiql, landing_routes};
