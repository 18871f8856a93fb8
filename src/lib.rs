#![doc = include_str!("ARCHITECTURE.md")]

pub mod app;
pub mod cli;
pub mod config;
pub mod db;
pub mod domain;
pub mod graphql;
pub mod http;
pub mod kernel;
pub mod kv;
pub mod live;
pub mod outbound;
pub mod telemetry;
pub mod worker;
