//! One PostgreSQL and one Redis for the whole run, started by the first test that needs them.

use std::sync::OnceLock;
use std::sync::mpsc;

use openslot::cli::local::{Postgres, PostgresOptions, Redis, SUPERUSER};

use super::database;

/// The servers of this run. They end with the process, however it ends.
pub struct Servers {
    pub postgres: Postgres,
    pub redis: Redis,
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
    SERVERS.get_or_init(|| {
        // A thread and a runtime of their own: those of the first test end with it.
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
            let runtime = runtime.expect("a runtime");
            send.send(runtime.block_on(start())).expect("somebody waits for the servers");
            runtime.block_on(std::future::pending::<()>());
        });
        receive.recv().expect("the servers start")
    })
}

async fn start() -> Servers {
    let postgres = Postgres::start(PostgresOptions::throw_away()).await.expect("PostgreSQL starts");
    let redis = Redis::start().await.expect("Redis starts");
    let servers = Servers { postgres, redis };
    database::make_template(&servers).await;
    servers
}
