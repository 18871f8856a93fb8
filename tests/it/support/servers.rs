//! One PostgreSQL and one Redis for the whole run, started by the first test that needs them; and a PostgreSQL with TLS.

use std::sync::OnceLock;
use std::sync::mpsc;

use openslot::cli::local::{Postgres, PostgresOptions, Redis, SUPERUSER};

use super::database;
use super::tls::Authority;

/// The servers of this run. They end with the process, however it ends.
pub struct Servers {
    pub postgres: Postgres,
    pub redis: Redis,
    /// Who signed the certificate of PostgreSQL, for 127.0.0.1, where it takes encrypted connections only.
    pub authority: Option<Authority>,
}

impl Servers {
    /// As the superuser, over the socket.
    pub fn admin_url(&self, database: &str) -> String {
        self.postgres.url(SUPERUSER, database)
    }
}

/// The servers, with the template database made.
pub fn servers() -> &'static Servers {
    static SERVERS: OnceLock<Servers> = OnceLock::new();
    SERVERS.get_or_init(|| run(|| start(None)))
}

/// The same, but what comes to PostgreSQL over TCP without TLS is refused.
pub fn encrypting_servers() -> &'static Servers {
    static SERVERS: OnceLock<Servers> = OnceLock::new();
    SERVERS.get_or_init(|| run(|| start(Some(Authority::new()))))
}

/// Starts them on a thread and a runtime of their own: those of the first test end with it.
fn run<F: Future<Output = Servers>>(start: impl FnOnce() -> F + Send + 'static) -> Servers {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        send.send(runtime.block_on(start())).expect("somebody waits for the servers");
        runtime.block_on(std::future::pending::<()>());
    });
    receive.recv().expect("the servers start")
}

async fn start(authority: Option<Authority>) -> Servers {
    let mut options = PostgresOptions::throw_away();
    if let Some(authority) = &authority {
        options.settings = encrypting(authority);
    }
    let postgres = Postgres::start(options).await.expect("PostgreSQL starts");
    let redis = Redis::start().await.expect("Redis starts");
    let servers = Servers { postgres, redis, authority };
    database::make_template(&servers).await;
    servers
}

/// TLS with a certificate for 127.0.0.1, and nobody over TCP without it.
fn encrypting(authority: &Authority) -> Vec<(String, String)> {
    let issued = authority.issue(&["127.0.0.1"]);
    let rules = authority.file("pg_hba.conf", "local all all trust\nhostssl all all 127.0.0.1/32 trust\n");
    [("ssl", "on".into()), ("ssl_cert_file", issued.certificate), ("ssl_key_file", issued.key), ("hba_file", rules)]
        .map(|(name, value)| (name.to_owned(), value.display().to_string()))
        .to_vec()
}
