//! Words everyone shares: ids, context, errors, time, pages. Pure; knows no other layer and no framework, except for
//! the diesel derives on the id types, which live here so that every layer can name an id.

pub mod actor;
pub mod ctx;
pub mod error;
pub mod ids;
pub mod keys;
pub mod page;
pub mod position;
pub mod text;
pub mod time;
pub mod tls;
