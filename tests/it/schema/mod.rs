//! The schema that clients are generated from, and the form of every answer.

mod current;
mod described;
mod federation;
mod response;
