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

/// Why the server refuses the login of a URL, in the server's words; never anything of the URL. `None` when it does not,
/// and when nobody can tell now: a server that is away or full may be back before a pool gives up.
///
/// A pool tries again until its time is up and keeps the reason to itself, hence this one attempt.
pub async fn refusal(url: &str) -> Option<String> {
    let target = match Target::of(url) {
        Ok(target) => target,
        Err(ConnectionError::InvalidConnectionUrl(why)) => return Some(why),
        Err(_) => return Some("the URL cannot be parsed".to_owned()),
    };
    let error = target.config.connect(target.tls.clone()).await.err()?;
    match error.as_db_error() {
        Some(said) if is_passing(said.code()) => None,
        Some(said) => Some(said.message().to_owned()),
        None if is_about_network(&error) => None,
        // Such as a password that the server asks for and the URL lacks.
        None => Some(error.to_string()),
    }
}

/// Classes 53, insufficient resources, and 57, operator intervention: the server starts, stops or is full.
fn is_passing(code: &tokio_postgres::error::SqlState) -> bool {
    ["53", "57"].iter().any(|class| code.code().starts_with(class))
}

fn is_about_network(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers whoever comes with one error, as PostgreSQL frames it.
    async fn refusing(code: &str, message: &str) -> Option<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("postgres://app:hunter2@{}/openslot?sslmode=disable", listener.local_addr().unwrap());
        let fields = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0\0");
        let server = async {
            let (mut client, _) = listener.accept().await.unwrap();
            assert_ne!(client.read(&mut [0; 1024]).await.unwrap(), 0);
            client.write_u8(b'E').await.unwrap();
            client.write_u32(u32::try_from(fields.len() + 4).unwrap()).await.unwrap();
            client.write_all(fields.as_bytes()).await.unwrap();
        };
        tokio::join!(refusal(&url), server).0
    }

    #[tokio::test]
    async fn server_is_quoted_when_it_refuses_the_login_for_good() {
        for (code, message, is_refused) in [
            ("28P01", "password authentication failed for user \"app\"", true),
            ("28000", "role \"app\" is not permitted to log in", true),
            ("3D000", "database \"openslot\" does not exist", true),
            ("57P03", "the database system is starting up", false),
            ("53300", "sorry, too many clients already", false),
        ] {
            assert_eq!(refusing(code, message).await, is_refused.then(|| message.to_owned()), "{code}");
        }
    }

    #[tokio::test]
    async fn what_is_wrong_without_a_servers_word_tells_nothing_of_the_url() {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert_eq!(refusal(&format!("postgres://app:hunter2@{gone}/openslot")).await, None);
        let unreadable = refusal("postgres://app:hunter2@db:port/openslot").await;
        assert_eq!(unreadable.as_deref(), Some("the URL cannot be parsed"));
    }
}
