//! The one way in which connections to PostgreSQL are opened: encrypted as their URL says, and quick to notice silence.

use std::time::Duration;

use diesel::ConnectionError;
use diesel_async::AsyncPgConnection;
use tokio_postgres::CancelToken;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::{Encryption, PostgresUrl};
use crate::kernel::tls;

/// A server, a login and a database, and how they are reached.
#[derive(Clone)]
pub(super) struct Target {
    config: tokio_postgres::Config,
    tls: MakeRustlsConnect,
}

impl Target {
    /// What the URL names; nothing is connected.
    pub(super) fn of(url: &str) -> Result<Self, ConnectionError> {
        let mut config = driver_config(url)?;
        let url = parsed(url)?;
        notice_silence(&mut config);
        let is_local = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        config.ssl_mode(match url.encryption() {
            // Nobody listens on a socket of this machine, and servers offer no TLS there.
            _ if is_local && config.get_hostaddrs().is_empty() => SslMode::Disable,
            Encryption::Off => SslMode::Disable,
            Encryption::IfOffered => SslMode::Prefer,
            Encryption::Required => SslMode::Require,
        });
        let mut client = tls::client(url.trust()).map_err(|error| refused(error.to_string()))?;
        // Servers since PostgreSQL 17 ask for it where the client begins with TLS at once.
        client.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(Self { config, tls: MakeRustlsConnect::new(client) })
    }

    /// Opens a connection.
    pub(super) async fn connect(&self) -> Result<AsyncPgConnection, ConnectionError> {
        let connected = self.config.connect(self.tls.clone()).await;
        let (client, connection) = connected.map_err(|error| ConnectionError::BadConnection(chain(&error)))?;
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    }

    /// Ends connections to it the way they were opened.
    pub(super) fn canceller(&self) -> Canceller {
        Canceller(self.tls.clone())
    }
}

/// Cancels statements over connections that are as encrypted as those which the statements came by.
#[derive(Clone)]
pub(super) struct Canceller(MakeRustlsConnect);

impl Canceller {
    /// Asks the server to end what the connection of this token is at; whether it did is not told.
    pub(super) async fn cancel(self, token: CancelToken) -> Result<(), tokio_postgres::Error> {
        token.cancel_query(self.0).await
    }
}

/// What the driver knows of a URL: user, password, hosts, but not how to encrypt.
pub(super) fn driver_config(url: &str) -> Result<tokio_postgres::Config, ConnectionError> {
    // Never with what the parser says: it may quote a password.
    parsed(url)?.driver_url().parse().map_err(|_| refused("the URL cannot be parsed".to_owned()))
}

fn parsed(url: &str) -> Result<PostgresUrl, ConnectionError> {
    url.parse().map_err(|error| refused(format!("the URL must {error}")))
}

fn refused(why: String) -> ConnectionError {
    ConnectionError::InvalidConnectionUrl(why)
}

/// Opens one connection.
pub(super) async fn connect(url: &str) -> Result<AsyncPgConnection, ConnectionError> {
    Target::of(url)?.connect().await
}

/// The driver says only that TLS failed; why is in the sources.
fn chain(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// A server that vanishes without a word, as in a failover, is noticed within seconds instead of a quarter of an hour.
fn notice_silence(config: &mut tokio_postgres::Config) {
    config
        .connect_timeout(Duration::from_secs(5))
        .keepalives_idle(Duration::from_secs(10))
        .keepalives_interval(Duration::from_secs(5))
        .keepalives_retries(3)
        .tcp_user_timeout(Duration::from_secs(15));
}
