//! Logs: one line an event, constant messages, values as fields, never protected health information.

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Logging};

/// Starts logging to standard error. A second call, as in tests, changes nothing.
pub fn start(settings: &Logging) {
    let mut filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    // At debug the driver logs the values it sends: ids of patients, search texts, passwords of new logins.
    for target in ["tokio_postgres=info", "redis=info"] {
        if let Ok(directive) = target.parse() {
            filter = filter.add_directive(directive);
        }
    }
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match settings.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}
