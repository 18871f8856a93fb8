//! Logs: one line an event, constant messages, values as fields, never protected health information.

use std::io::IsTerminal as _;

use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogFormat, Logging};

/// Starts logging to standard error. A second call, as in tests, changes nothing.
pub fn start(settings: &Logging) {
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let mut builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if !std::io::stderr().is_terminal() {
        builder = builder.with_ansi(false);
    }
    let started = match settings.format {
        LogFormat::Json => builder.json().flatten_event(true).finish().with(filter_fn(is_ours_or_coarse)).try_init(),
        LogFormat::Text => builder.finish().with(filter_fn(is_ours_or_coarse)).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}

/// Below INFO libraries log what passes through them, and no setting may ask for that: the PostgreSQL driver the values
/// of statements, with ids of patients and passwords of logins, and the WebSocket library whole messages with tokens.
fn is_ours_or_coarse(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO || metadata.target().split("::").next() == Some("openslot")
}
